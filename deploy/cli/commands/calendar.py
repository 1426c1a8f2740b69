"""`kilnwood calendar`: the working days by which public notices are counted."""

import asyncio
from pathlib import Path

import rich_click as click

from deploy.cli.environment import fail, read_environment


@click.group()
def calendar() -> None:
    """The working days by which public notices are counted."""


@calendar.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def calendar_add(file: Path) -> None:
    """Add the years of FILE, each as a notice of the State Council arranges it. The service may be running.

    FILE is TOML, as registry/methodologies/data/calendar-cn.toml: one `years` table with year, source, holidays and
    makeup for each. A year that is known already counts as FILE has it from then on; open notices keep their last day.

    \b
    Examples:
      kilnwood calendar add calendar-2027.toml
      DATABASE_URL=postgresql://owner@db/kilnwood kilnwood calendar add calendar-2027.toml
    """
    from deploy.cli import calendar as years
    from registry.kit.problems import DomainError

    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        fail(f"{file} is not UTF-8.")
    try:
        added = asyncio.run(years.add(read_environment(), text))
    except (years.CannotAdd, DomainError) as error:
        fail(str(error))
    click.echo(f"Added {', '.join(map(str, added))}.")
