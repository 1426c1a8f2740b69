"""`kilnwood venue`: the rules of venues, by which an instrument may be opened."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import rich_click as click

from deploy.cli.environment import fail

if TYPE_CHECKING:
    from schemas.venues import VenueRules

_JSON = click.option("--json", "as_json", is_flag=True, help="For programs: one JSON document.")


@click.group()
def venue() -> None:
    """The rules of venues, by which an instrument may be opened.

    A venue's rules are a file: which ways to trade are open, prices, quantities, limits, the day. The presets lie in
    exchange/instruments/presets, each with its source.

    \b
    Examples:
      kilnwood venue list
      kilnwood venue check exchange/instruments/presets/guangzhou.toml
    """


@venue.command("list")
@_JSON
def venue_list(*, as_json: bool) -> None:
    """The presets: what each is, whether it was checked, and what it departs from its source in.

    \b
    Examples:
      kilnwood venue list
      kilnwood venue list --json
    """
    from exchange.instruments.presets.files import every_preset
    from exchange.instruments.presets.words import NOT_CHECKED

    found = every_preset()
    if as_json:
        click.echo(_json(found))
        return
    for each in found:
        click.echo(f"{each.preset:<17} {each.title} ({each.title_zh})")
        if not each.source.checked:
            click.echo(f"{'':<17} not checked: {NOT_CHECKED}")
        for departs in each.departs:
            click.echo(f"{'':<17} departs: {departs}")


@venue.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_JSON
def venue_check(file: Path, *, as_json: bool) -> None:
    """Say in plain words what FILE rules, or at which line it is wrong and why.

    \b
    Examples:
      kilnwood venue check exchange/instruments/presets/national-listing.toml
      kilnwood venue check mine.toml --json
    """
    from exchange.instruments.presets.files import WrongVenue, read_venue
    from exchange.instruments.presets.words import explained

    try:
        rules = read_venue(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        _wrong(file, 1, "it is not UTF-8.", as_json=as_json)
    except WrongVenue as error:
        _wrong(file, error.line, error.why, as_json=as_json)
    if as_json:
        click.echo(_json(rules))
        return
    click.echo(f"{rules.preset}: {rules.title} ({rules.title_zh})")
    for word, said in explained(rules):
        click.echo(f"  {word + ':':<20} {said}")


def _wrong(file: Path, line: int, why: str, *, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(_json({"file": str(file), "line": line, "why": why}))
        raise SystemExit(1)
    fail(f"{file}:{line}: {why}")


def _json(said: "VenueRules | tuple[VenueRules, ...] | dict[str, Any]") -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(said)).decode()
