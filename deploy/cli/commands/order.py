"""`kilnwood order` and `kilnwood subscribe`: a trader's own orders, and pledges for campaigns."""

from datetime import datetime
from pathlib import Path
from typing import Any

import rich_click as click

from deploy.cli.trading import ORDER_COLUMNS, run, show, show_order, ticket, with_service

_account = click.option("--account", "account_id", type=click.IntRange(min=1), required=True, help="Its number.")
_TICKET = ("side", "trades_t", "amount_fen", "rests_t", "locked_fen")
_CAMPAIGN = (
    "id", "instrument", "price_fen", "quantity_t", "least_t", "most_t", "pledged_t", "allotment", "closes_at", "state",
)  # fmt: skip


class Yuan(click.ParamType[int]):
    """CNY with at most two decimals, as fen."""

    name = "CNY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - click's
        """Read it without a float."""
        if isinstance(value, int):
            return value
        whole, point, cents = str(value).partition(".")
        if not (whole.isdecimal() and len(cents) <= 2 and (not point or cents.isdecimal())):  # noqa: PLR2004 - fen
            self.fail(f"{value!r} is no price: CNY with at most two decimals, such as 36.50", param, ctx)
        return int(whole) * 100 + int(cents.ljust(2, "0") or 0)


CNY = Yuan()


@click.group()
def order() -> None:
    """Place, amend, cancel and list orders of your account.

    The API key is in KILNWOOD_KEY, or in a file that --key-file or KILNWOOD_KEY_FILE names.
    """


@order.command("place")
@click.argument("side", type=click.Choice(["buy", "sell"]))
@click.argument("instrument")
@click.argument("tonnes", type=click.IntRange(min=1))
@click.argument("price", type=CNY)
@_account
@click.option(
    "--time-in-force", type=click.Choice(["GTC", "IOC", "FOK", "DAY", "GTD"]), default="GTC", show_default=True
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]),
    metavar="TIME",
    help="Of a GTD order: 2030-01-01T00:00:00Z.",
)
@click.option("--post-only", is_flag=True, help="Refuse the order rather than let it trade at once.")
@click.option("--preview", is_flag=True, help="Say what it would come to in the book as it is; nothing is sent.")
@with_service
def place(
    *,
    side: Any,  # noqa: ANN401 - one of two words
    instrument: str,
    tonnes: int,
    price: int,
    account_id: int,
    time_in_force: Any,  # noqa: ANN401 - one of five words
    until: datetime | None,
    url: str,
    key_file: Path | None,
    post_only: bool,
    preview: bool,
    as_json: bool,
) -> None:
    """Buy or sell TONNES at PRICE (CNY a tonne) or better.

    \b
    Examples:
      kilnwood order place buy SC-CDCER-0001-2024 4 36.50 --account 7 --preview
      kilnwood order place sell SC-CDCER-0001-2024 10 36.80 --account 2 --time-in-force DAY
    """
    from deploy.client import Client
    from schemas.orders import NewOrder

    async def work(client: Client) -> None:
        if preview:
            show([ticket(await client.book(instrument), side, price, tonnes)], _TICKET, as_json=as_json)
            return
        placed = await client.place(
            NewOrder(
                account_id=account_id,
                instrument=instrument,
                side=side,
                price_fen=price,
                quantity_t=tonnes,
                client_order_id=await client.next_number(account_id),
                time_in_force=time_in_force,
                until=until,
                post_only=post_only,
            )
        )
        show_order(placed, as_json=as_json)

    run(url, key_file, work)


@order.command("amend")
@click.argument("order_id", type=click.IntRange(min=1))
@click.argument("tonnes", type=click.IntRange(min=1))
@click.argument("price", type=CNY)
@_account
@with_service
def amend(
    order_id: int, tonnes: int, price: int, account_id: int, *, url: str, key_file: Path | None, as_json: bool
) -> None:
    """Give an order TONNES in all, what was traded included, and PRICE.

    \b
    Example:
      kilnwood order amend 81 3 36.40 --account 7
    """
    from deploy.client import Client
    from schemas.orders import AmendOrder

    async def work(client: Client) -> None:
        number = await client.next_number(account_id)
        to = AmendOrder(account_id=account_id, client_order_id=number, price_fen=price, quantity_t=tonnes)
        show_order(await client.amend(order_id, to), as_json=as_json)

    run(url, key_file, work)


@order.command("cancel")
@click.argument("order_id", type=click.IntRange(min=1), required=False)
@click.option("--all", "everything", is_flag=True, help="Everything that the account has open.")
@_account
@with_service
def cancel(
    order_id: int | None, account_id: int, url: str, key_file: Path | None, *, everything: bool, as_json: bool
) -> None:
    """Take back what is open of an order, or of all.

    \b
    Examples:
      kilnwood order cancel 81 --account 7
      kilnwood order cancel --all --account 7
    """
    if everything == (order_id is not None):
        raise click.UsageError("say which order, or --all")
    _cancel(order_id, account_id, url, key_file, as_json=as_json)


@order.command("list")
@_account
@click.option("--all", "everything", is_flag=True, help="Also what is open no more.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first.")
@with_service
def list_orders(
    account_id: int, limit: int, url: str, key_file: Path | None, *, everything: bool, as_json: bool
) -> None:
    """List what the account has open: orders, listings, pledges, bids.

    \b
    Example:
      kilnwood order list --account 7 --all --limit 10
    """
    from deploy.client import Client

    async def work(client: Client) -> None:
        found = await client.orders(account_id, open_only=not everything, limit=limit)
        show(found, ORDER_COLUMNS, as_json=as_json)

    run(url, key_file, work)


@click.group()
def subscribe() -> None:
    """Pledge for tonnes of subscription campaigns (认购).

    The API key is in KILNWOOD_KEY, or in a file that --key-file or KILNWOOD_KEY_FILE names.
    """


@subscribe.command("show")
@click.argument("campaign_id", type=click.IntRange(min=1), required=False)
@with_service
def campaigns(campaign_id: int | None, url: str, key_file: Path | None, *, as_json: bool) -> None:
    """Show a campaign, or all of them.

    \b
    Example:
      kilnwood subscribe show
    """
    from deploy.client import Client

    async def work(client: Client) -> None:
        found = await client.campaigns() if campaign_id is None else [await client.campaign(campaign_id)]
        show(found, _CAMPAIGN, as_json=as_json)

    run(url, key_file, work)


@subscribe.command("pledge")
@click.argument("campaign_id", type=click.IntRange(min=1))
@click.argument("tonnes", type=click.IntRange(min=1))
@_account
@with_service
def pledge(campaign_id: int, tonnes: int, account_id: int, url: str, key_file: Path | None, *, as_json: bool) -> None:
    """Pledge for TONNES of a campaign at its price; the money is locked until it closes.

    \b
    Example:
      kilnwood subscribe pledge 105 2 --account 7
    """
    from deploy.client import Client
    from schemas.campaigns import NewPledge

    async def work(client: Client) -> None:
        number = await client.next_number(account_id)
        wanted = NewPledge(account_id=account_id, quantity_t=tonnes, client_order_id=number)
        show_order(await client.pledge(campaign_id, wanted), as_json=as_json)

    run(url, key_file, work)


@subscribe.command("withdraw")
@click.argument("pledge_id", type=click.IntRange(min=1))
@_account
@with_service
def withdraw(pledge_id: int, account_id: int, url: str, key_file: Path | None, *, as_json: bool) -> None:
    """Take a pledge back before its campaign closes.

    \b
    Example:
      kilnwood subscribe withdraw 106 --account 7
    """
    _cancel(pledge_id, account_id, url, key_file, as_json=as_json)


def _cancel(order_id: int | None, account_id: int, url: str, key_file: Path | None, *, as_json: bool) -> None:
    from deploy.client import Client

    async def work(client: Client) -> None:
        if order_id is None:
            show([await client.cancel_all(account_id)], ("account_id", "cancelled"), as_json=as_json)
        else:
            show_order(await client.cancel(order_id, account_id), as_json=as_json)

    run(url, key_file, work)
