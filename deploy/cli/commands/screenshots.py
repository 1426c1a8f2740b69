"""`kilnwood screenshots`: a picture of every page."""

import contextlib
from pathlib import Path

import rich_click as click

from deploy.cli.environment import fail


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("kilnwood-screenshots"),
    show_default=True,
    help="Folder for the pictures and their index.html.",
)
@click.option("--url", default="", help="A demo --serve that runs already; without it one is started and ended.")
def screenshots(out: Path, url: str) -> None:
    """Take a picture of every page: in Chinese and English, on a phone and on a desktop, as a person who may see it.

    It needs Playwright for Python and Chromium, as the tests do.

    \b
    Examples:
      kilnwood screenshots --out /tmp/pages
      kilnwood screenshots --url http://localhost:8800
    """
    from rich.console import Console

    from deploy.screenshots.samples import NoSample
    from deploy.screenshots.take import CannotTake, demo, take

    console = Console(stderr=True)
    try:
        with console.status("Taking pictures…"), contextlib.nullcontext(url.rstrip("/")) if url else demo() as address:
            found = take(out, address)
    except (CannotTake, NoSample) as error:
        fail(str(error))
    broken = sorted({f"{each.view.address} ({each.status})" for each in found if each.status >= 500})  # noqa: PLR2004 - 5xx
    print(f"{len(found)} pictures: {out / 'index.html'}")
    if broken:
        fail(f"pages that failed: {', '.join(broken)}")
