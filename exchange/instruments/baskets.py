"""
Baskets: opened by the operator under a rule, from which assets are delisted and to which new ones come by themselves.

What the rule lets in is looked up when a basket is opened, among the instruments that are there. An instrument that is
opened later comes to the baskets whose rule it meets by an instruction of its own.
"""

from exchange.engine.modes.baskets import messages as m
from exchange.instructions import service as instructions
from exchange.instruments import store
from exchange.instruments.store import Eligible
from exchange.parts import Exchange, trader_in
from exchange.projections.instruments import no_instrument
from registry import port
from registry.kit.database import Tx
from registry.kit.idempotency import Written, once
from registry.kit.problems import DomainError, Kind
from schemas.access import Call
from schemas.baskets import Basket, Delisting, NewBasket


class BasketExists(DomainError):
    """An instrument has this code."""

    kind, slug, title = Kind.CONFLICT, "basket-exists", "There is such a basket"


class NothingEligible(DomainError):
    """No instrument meets the rule of a basket."""

    kind, slug, title = Kind.CONFLICT, "nothing-eligible", "Nothing meets the rule"


class NotABasket(DomainError):
    """An instrument is no basket."""

    kind, slug, title = Kind.CONFLICT, "not-a-basket", "Not a basket"


async def open_basket(body: NewBasket, *, call: Call, exchange: Exchange) -> Basket:
    """
    Begin to trade a basket of all instruments that its rule lets in, the oldest vintage first.

    Raises `BasketExists`, `NothingEligible`, `NotYours`, `OwnOrganisation`, `TradingRefused`.
    """

    async def work(tx: Tx) -> Written[int]:
        fees = await trader_in(tx, body.fee_account_id, call)
        await instructions.turn_in(tx)  # so that no instrument is opened between the look and the instruction
        found = await store.eligible(tx, body)
        if not found:
            raise NothingEligible(
                f"No instrument of {body.methodology or 'any methodology'} has a vintage from {body.vintage_from} to "
                f"{body.vintage_to}. Open one first (POST /v1/instruments), or widen the rule."
            )
        for each in found:
            await _refuse_own_in(tx, each, call)
        refusal = BasketExists(f"{body.code} is traded already: see /v1/baskets/{body.code}.")
        number = await store.insert_basket(tx, body, refusal)
        rules = (body.tick_fen, body.lot_t, body.low_fen, body.high_fen, body.fee_bps)
        assets = tuple(each.id for each in found)
        opening = m.OpenBasket(0, number, *rules, fees.id, fees.group_id, assets)
        stored = await instructions.store_in(tx, opening, by=call)
        return Written(stored, stored)

    await _carried_out(await once(exchange.db, call, work, _again), exchange=exchange)
    return await basket(body.code, exchange=exchange)


async def _again(_: Tx, number: str) -> int:
    return int(number)


async def _carried_out(number: int, *, exchange: Exchange) -> None:
    await exchange.teller.carried_out(number)
    async with exchange.db.reading() as tx:
        await instructions.refuse_in(tx, number, exchange.refusals)


async def _refuse_own_in(tx: Tx, asset: Eligible, call: Call) -> None:
    """Whoever decides over the trade in credits does not belong to their developer."""
    vintage = await port.vintage_in(tx, asset.project_id, asset.vintage)
    await port.refuse_own_in(tx, [call.by.person_id], vintage.developer_id, "trading in its credits")


async def delist(code: str, body: Delisting, *, call: Call, exchange: Exchange) -> Basket:
    """
    Let an asset be delivered in a basket no more. Sell orders that would deliver it are closed, each with that cause.

    Raises `NotABasket`, `OwnOrganisation`, `TradingRefused`.
    """
    found = await exchange.instruments.by_code(code)
    asset = await exchange.instruments.by_code(body.asset)

    async def work(tx: Tx) -> Written[int]:
        if asset.project_id is not None and asset.vintage is not None:
            await _refuse_own_in(tx, Eligible(asset.id, asset.project_id, asset.vintage), call)
        command = m.DelistAsset(0, found.id, asset.id)
        number = await instructions.store_in(tx, command, by=call, remark=body.reason)
        return Written(number, number)

    await _carried_out(await once(exchange.db, call, work, _again), exchange=exchange)
    return await basket(code, exchange=exchange)


async def join_in(tx: Tx, instrument_id: int) -> int:
    """Let an instrument that is being opened come to the baskets whose rule it meets; returns the last instruction."""
    number = 0
    for each in await store.baskets_for(tx, instrument_id):
        number = await instructions.store_in(tx, m.AddAsset(0, each, instrument_id), by=None)
    return number


async def basket(code: str, *, exchange: Exchange) -> Basket:
    """The rule of a basket and its assets. Raises `NotABasket`."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        if found := await store.basket(tx, code):
            return found
        if await store.instrument(tx, code) is None:
            raise no_instrument(code)
    raise NotABasket(f"{code} is one project and vintage, and no basket: see /v1/instruments/{code}.")
