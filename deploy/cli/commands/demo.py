"""`kilnwood demo`: play the first season."""

from pathlib import Path

import rich_click as click

from deploy.cli.environment import fail


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("kilnwood-demo"),
    show_default=True,
    help="Folder for receipts, trust.json and the demo's own database.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=1,
    show_default=True,
    help="Another seed, other identifiers; the same figures.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Where the service answers; 0: any free.",
)
@click.option("--serve", "keep", is_flag=True, help="Keep the service up afterwards, until Ctrl-C.")
@click.option(
    "--simulate",
    "asks",
    is_flag=True,
    help="Play no season: answer one question with the simulator, without a port or a browser.",
)
def demo(out: Path, seed: int, port: int, *, keep: bool, asks: bool) -> None:
    """Play a simulated region's first season over HTTP and verify its receipts with no network.

    \b
    Examples:
      kilnwood demo
      kilnwood demo --serve --port 8800
      kilnwood demo --out /tmp/season --seed 7
      kilnwood demo --simulate
    """
    from rich.console import Console

    from deploy.demo.play import DemoFailed, play
    from deploy.demo.question import answer

    if asks and (keep or port):
        fail("--simulate plays no season and opens no port: leave --serve and --port out.", 2)
    try:
        if asks:
            answer(out, Console())
            return
        play(out, seed=seed, port=port, serve=keep, console=Console())
    except DemoFailed as error:
        fail(str(error))
