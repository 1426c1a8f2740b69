"""`kilnwood reconcile`: compare the exchange's books with the registry's."""

import asyncio
import sys

import rich_click as click

from deploy.cli.environment import fail, read_environment


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
def reconcile(*, as_json: bool) -> None:
    """Compare the exchange's books with the registry's: the journal replayed, every tonne held, every fen owed.

    It only reads, also while the service runs. Exit codes: 0 the books agree, 1 they differ, 2 they could not be
    compared. A login of your own needs `GRANT kilnwood_api TO reader`.

    \b
    Examples:
      kilnwood reconcile
      DATABASE_URL=postgresql://reader@db/kilnwood kilnwood reconcile --json
    """
    from rich.console import Console

    from deploy.cli import reconcile as comparison

    try:
        found = asyncio.run(comparison.compare(read_environment()))
    except comparison.CannotCompare as error:
        fail(str(error), 2)
    if as_json:
        click.echo(comparison.as_json(found))
    else:
        comparison.show(found, Console())
    sys.exit(0 if found.clean else 1)
