"""`kilnwood bench`: measure this machine."""

import rich_click as click

from deploy.cli.environment import fail
from registry.kit import logging


@click.command()
@click.argument("what", type=click.Choice(["registry", "exchange", "pages", "simulation"]), default="registry")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 60),
    default=2.0,
    show_default=True,
    help="Length of one measurement; each is repeated, and medians are shown.",
)
@click.option("--only", "names", multiple=True, metavar="NAME", help="One figure by its name in the JSON; repeatable.")
def bench(what: str, names: tuple[str, ...], seconds: float, *, as_json: bool) -> None:
    """Measure this machine: each figure beside its limit in the same run. A missed target is shown and is not an error.

    WHAT is the registry's service (the default), the exchange's engine beside other order books in Python if they are
    installed, pages beside a bare render of their templates, or the simulator beside the engine alone.

    \b
    registry   retirements-1, retirements-32, issuance, sequencing,
               verification, cold-verify, certificates, browser-verify
    exchange   book, core, call-latency, cancel, memory, sparse-range, fok,
               freeze, campaign, auction, call, durable-100, durable-1000,
               projected, replay, book-day, deliveries, winners, orders-http,
               orders-rush, websocket, websocket-minute, readers
    pages      page-home, page-project, page-market,
               paint-home, paint-project, paint-market
    simulation agents, year-300, year-300-memory, year-1000, morris-900, sobol-5120

    \b
    Examples:
      kilnwood bench
      kilnwood bench --only retirements-32 --seconds 5
      kilnwood bench exchange
      kilnwood bench exchange --only book --json > book.json
    """
    import msgspec
    from rich.console import Console

    from deploy.bench.run import FIGURES, TROUBLE, measured, show

    if unknown := set(names).difference(FIGURES[what]):
        fail(f"no figure of the {what} is named {', '.join(sorted(unknown))}; there are {', '.join(FIGURES[what])}", 2)
    logging.configure(json=True, level="error")  # standard output is for the results
    progress = Console(stderr=True)
    try:
        with progress.status("") as status:
            results = measured(what, names, seconds=seconds, tell=status.update)
    except TROUBLE as error:
        fail(f"the bench could not be run: {error}")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(results), indent=2).decode())
    else:
        show(results, Console())
