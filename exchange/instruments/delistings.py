"""
Delistings: announced by the operator with notice, withdrawn while they may be, carried out on their day.

An instrument that is delisted takes nothing any more and everything open in it is closed; what was traded is delivered,
and what is held can be withdrawn. An asset that is delisted from a basket trades on elsewhere.
"""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from exchange.engine.commands import Command, DelistInstrument
from exchange.engine.events import Reason
from exchange.engine.modes.auctions.messages import CallOffAuction
from exchange.engine.modes.baskets.messages import DelistAsset
from exchange.engine.modes.campaigns.messages import CallOffCampaign
from exchange.instructions import service as instructions
from exchange.instruments import baskets, notices, rules, store
from exchange.instruments import service as instruments
from exchange.parts import Exchange
from exchange.projections.store import Tradable
from registry import port
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import DomainError, Kind
from schemas.access import Call
from schemas.baskets import Basket
from schemas.delistings import (
    AssetDelisting,
    AssetWithdrawal,
    Delisting,
    DelistingState,
    DelistingWithdrawal,
    NewDelisting,
)
from schemas.instruments import Instrument
from schemas.pages import Page

_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


class DelistingAnnounced(DomainError):
    """It is announced already, and stands."""

    kind, slug, title = Kind.CONFLICT, "delisting-announced", "Announced already"


class NoDelisting(DomainError):
    """Nothing that could be withdrawn is announced."""

    kind, slug, title = Kind.CONFLICT, "no-delisting", "No delisting is announced"


async def delistings(
    window: Window, code: str | None, state: DelistingState | None, *, exchange: Exchange
) -> Page[Delisting]:
    """What was announced: of everything, or what concerns an instrument or a basket, or is in a state."""
    async with exchange.db.reading() as tx:
        return await notices.delistings(tx, window, code, state)


async def announce(code: str, body: NewDelisting, *, call: Call, exchange: Exchange) -> Instrument:
    """
    Say that an instrument or a basket trades no more from the beginning of a day on.

    Raises `NoWorkingDay`, `NoticeTooShort`, `DelistingAnnounced`, `TradingRefused`, `OwnOrganisation`.
    """
    found = await exchange.instruments.by_code(code)
    if (await instruments.instrument(code, exchange=exchange)).state == "delisted":
        raise exchange.refusals.of(Reason.DELISTED)
    await _announce(found, None, body, call=call, exchange=exchange)
    return await instruments.instrument(code, exchange=exchange)


async def announce_asset(code: str, body: AssetDelisting, *, call: Call, exchange: Exchange) -> Basket:
    """
    Say that an asset is delivered in a basket no more from the beginning of a day on.

    Raises `NotABasket`, `NotAnAsset`, `NoWorkingDay`, `NoticeTooShort`, `DelistingAnnounced`, `OwnOrganisation`.
    """
    asset = await _asset(code, body.asset, exchange)
    basket = await exchange.instruments.by_code(code)
    await _announce(asset, basket, body, call=call, exchange=exchange)
    return await baskets.basket(code, exchange=exchange)


async def withdraw(code: str, body: DelistingWithdrawal, *, call: Call, exchange: Exchange) -> Instrument:
    """Say that an announced delisting does not happen. Raises `NoDelisting`, `OwnOrganisation`."""
    found = await exchange.instruments.by_code(code)
    await _withdraw(found, None, body.reason, call, exchange)
    return await instruments.instrument(code, exchange=exchange)


async def withdraw_asset(code: str, body: AssetWithdrawal, *, call: Call, exchange: Exchange) -> Basket:
    """Say that an asset stays in a basket. Raises `NotABasket`, `NotAnAsset`, `NoDelisting`, `OwnOrganisation`."""
    asset = await _asset(code, body.asset, exchange)
    await _withdraw(asset, (await exchange.instruments.by_code(code)).id, body.reason, call, exchange)
    return await baskets.basket(code, exchange=exchange)


async def _asset(code: str, asset: str, exchange: Exchange) -> Tradable:
    basket = await baskets.basket(code, exchange=exchange)
    if asset not in {each.code for each in basket.assets if each.listed}:
        raise rules.NotInBasket(f"{asset} is not delivered in {code}. See its assets at /v1/baskets/{code}.")
    return await exchange.instruments.by_code(asset)


async def _announce(
    found: Tradable, basket: Tradable | None, body: NewDelisting, *, call: Call, exchange: Exchange
) -> None:
    """The notice that is asked for is that of the venue by whose rules the basket, or else the instrument, trades."""
    venue = (basket or found).venue

    async def work(tx: Tx) -> Written[int]:
        await _refuse_own_in(tx, found, call)
        today = _day(await clock.now_in(tx))
        rules.check_notice(venue, today, body.day, await port.working_days_in(tx))
        refusal = DelistingAnnounced(
            f"That {found.code} is delisted is announced already. To say another day, withdraw that first."
        )
        number = await notices.announce(tx, (found.id, basket and basket.id), body, call.by.person_id, refusal)
        return Written(number, number)

    await once(exchange.db, call, work, _again)


async def _withdraw(found: Tradable, basket_id: int | None, why: str, call: Call, exchange: Exchange) -> None:
    async def work(tx: Tx) -> Written[int]:
        await _refuse_own_in(tx, found, call)
        number = await notices.withdraw(tx, found.id, basket_id, call.by.person_id, why)
        if number is None:
            raise NoDelisting(f"No delisting of {found.code} is announced that could be withdrawn.")
        return Written(number, number)

    await once(exchange.db, call, work, _again)


async def _again(_: Tx, number: str) -> int:
    return int(number)


async def _refuse_own_in(tx: Tx, found: Tradable, call: Call) -> None:
    if found.project_id is not None and found.vintage is not None:
        vintage = await port.vintage_in(tx, found.project_id, found.vintage)
        await port.refuse_own_in(tx, [call.by.person_id], vintage.developer_id, "trading in its credits")


async def follow_delistings(*, exchange: Exchange) -> int:
    """
    Delist what was announced for today, by business time, or for a day before; returns how many instructions that took.

    The engine's process runs it twice a second. They are stored together with that it was carried out, so a crash
    leaves them to be told.
    """
    if not exchange.gateway.writing.is_set():
        return 0
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        if not await notices.is_due(tx, _day(await clock.now_in(tx))):
            return 0

    async def work(tx: Tx) -> list[int]:
        numbers: list[int] = []
        for due in await notices.carry_out(tx, _day(await clock.now_in(tx))):
            commands = await _commands_in(tx, due)
            numbers += [await instructions.store_in(tx, each, by=None, remark=due.reason) for each in commands]
        return numbers

    numbers = await exchange.db.transaction(work)
    if numbers:
        await exchange.teller.carried_out(max(numbers))
    return len(numbers)


async def _commands_in(tx: Tx, due: notices.Due) -> list[Command]:
    """Campaigns and auctions are called off first: what is halted for good could never close them."""
    asset = due.instrument_id
    if due.basket_id is not None:
        return [DelistAsset(0, due.basket_id, asset)]
    return [
        *[CallOffCampaign(0, each) for each in await notices.campaigns(tx, asset)],
        *[CallOffAuction(0, each) for each in await notices.auctions(tx, asset)],
        *[DelistAsset(0, each, asset) for each in await store.baskets_with(tx, asset)],
        DelistInstrument(0, asset),
    ]


def _day(at: datetime) -> date:
    """The day that a moment of business time is in."""
    return at.astimezone(_SHANGHAI).date()
