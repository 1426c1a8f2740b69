"""`kilnwood documents`: the operator's clean-up."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import rich_click as click

from deploy.cli.environment import fail, read_environment

_DAYS = click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=0),
    default=30,
    show_default=True,
    help="Days since the upload, in real time.",
)


@click.group()
def documents() -> None:
    """Documents that nothing names: no project, report or claim, and no draft but a withdrawn one."""


@documents.command("list")
@_DAYS
def documents_list(days: int) -> None:
    """List them: SHA-256, bytes, organisation whose quota they use, upload. The service may be running."""
    from deploy.cli import documents as cleaning

    for each in (found := _done(cleaning.unnamed(read_environment(), older_than_days=days))):
        click.echo(f"{each.sha256} {each.size_bytes:>10} {each.organisation_id or '-':>6} {each.stored_at:%Y-%m-%d}")
    click.echo(_sum("are named by nothing", found), err=True)


@documents.command("remove")
@_DAYS
@click.option("--compact", is_flag=True, help="Rewrite the table, so that the disk gets back all of it.")
def documents_remove(days: int, *, compact: bool) -> None:
    """Remove them for good. The service may be running; what is named meanwhile stays.

    Room at the end of the table goes back to the disk at once, the rest is used for the next documents. With --compact
    all of it goes back: that needs as much room as the documents that stay, and they cannot be read meanwhile.

    \b
    Examples:
      kilnwood documents remove --older-than 90
      DATABASE_URL=postgresql://owner@db/kilnwood kilnwood documents remove --compact
    """
    from deploy.cli import documents as cleaning

    removed = _done(cleaning.remove(read_environment(), older_than_days=days, compact=compact))
    click.echo(_sum("were removed", removed))


def _done(work: Coroutine[Any, Any, Sequence[Any]]) -> Sequence[Any]:
    from deploy.cli.documents import CannotClean

    try:
        return asyncio.run(work)
    except CannotClean as error:
        fail(str(error))


def _sum(what: str, found: Sequence[Any]) -> str:
    return f"{len(found):,} documents of {sum(each.size_bytes for each in found):,} bytes {what}."
