"""`kilnwood venue`: the rules of venues, by which an instrument may be opened."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import rich_click as click

from deploy.cli.commands.order import CNY
from deploy.cli.environment import fail
from deploy.cli.trading import run, show, with_service

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
      kilnwood venue basket --help
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


@venue.command("basket")
@click.argument("code")
@click.argument("name")
@click.option("--preset", help="A venue with an order book only, such as cbl-basket; without one, a plain book.")
@click.option("--vintages", nargs=2, type=click.IntRange(2000, 2100), required=True, help="The first and the last.")
@click.option("--methodology", help="With or without a version; any if left out.")
@click.option("--type", "types", multiple=True, help="Of project, such as forestry; any of those that are said.")
@click.option("--co-benefit", "co_benefits", type=click.IntRange(1, 17), multiple=True, help="All that are said.")
@click.option("--label", "labels", multiple=True, help="Such as CCP-ELIGIBLE; all that are said.")
@click.option("--band", nargs=2, type=CNY, required=True, help="The lowest and the highest price, CNY a tonne.")
@click.option("--fee-account", "fee_account_id", type=click.IntRange(min=1), required=True, help="Of the operator.")
@with_service
def venue_basket(
    url: str,
    key_file: Path | None,
    *,
    band: tuple[int, int],
    vintages: tuple[int, int],
    as_json: bool,
    **said: Any,  # noqa: ANN401 - as the options say
) -> None:
    """Open the basket CODE, called NAME, of everything that its rule lets in.

    \b
    Examples:
      kilnwood venue basket BASKET-C-GEO "CCP-eligible credits" --preset cbl-basket --vintages 2021 2025 \\
        --label CCP-ELIGIBLE --band 10.00 90.00 --fee-account 1
      kilnwood venue basket BASKET-FORESTS Forests --vintages 2020 2025 --type forestry --co-benefit 15 \\
        --band 10.00 90.00 --fee-account 1
    """
    import msgspec

    from deploy.client import Client
    from schemas.baskets import NewBasket

    (low_fen, high_fen), (vintage_from, vintage_to) = band, vintages
    bounds = {"low_fen": low_fen, "high_fen": high_fen, "vintage_from": vintage_from, "vintage_to": vintage_to}
    try:
        basket = msgspec.convert(said | bounds, NewBasket)
    except msgspec.ValidationError as error:
        fail(f"{error}", 2)

    async def work(client: Client) -> None:
        opened = await client.open_basket(basket)
        show([opened] if as_json else opened.assets, ("code", "project_name", "vintage", "listed"), as_json=as_json)

    run(url, key_file, work)


def _wrong(file: Path, line: int, why: str, *, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(_json({"file": str(file), "line": line, "why": why}))
        raise SystemExit(1)
    fail(f"{file}:{line}: {why}")


def _json(said: "VenueRules | tuple[VenueRules, ...] | dict[str, Any]") -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(said)).decode()
