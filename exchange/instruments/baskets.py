"""
Baskets: opened by the operator under a rule, to which assets come by themselves, and from which they are delisted.

What the rule lets in is looked up when a basket is opened, among the instruments that are there. An instrument that is
opened later, or comes to meet the rule by what the registry records, comes to it by an instruction of its own. How
assets are delisted stands in `delistings`.
"""

from collections.abc import AsyncIterator

from exchange.engine.modes.baskets import messages as m
from exchange.engine.parts import ASSETS_LIMIT
from exchange.instructions import service as instructions
from exchange.instruments import rules, store
from exchange.instruments.presets.telling import instructions_for
from exchange.instruments.store import Eligible, RuledBasket
from exchange.parts import Exchange, trader_in
from exchange.projections.instruments import no_instrument
from registry import port
from registry.kit.database import Tx
from registry.kit.idempotency import Written, once
from registry.kit.problems import DomainError, Kind
from schemas.access import Call
from schemas.baskets import Basket, BasketAsset, BasketRule, NewBasket


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

    Raises `BasketExists`, `NothingEligible`, `PresetDecides`, `BandMissing`, `BandOffTick`, `NotYours`,
    `OwnOrganisation`, `TradingRefused`.
    """
    by = rules.opening_basket(body)

    async def work(tx: Tx) -> Written[int]:
        fees = await trader_in(tx, body.fee_account_id, call)
        await instructions.turn_in(tx)  # so that no instrument is opened between the look and the instruction
        found = await _eligible_in(tx, body)
        if not found:
            raise NothingEligible(
                f"No instrument that is traded meets the rule: {rules.described(body)}. Open one first (POST "
                "/v1/instruments), or widen the rule."
            )
        for each in found:
            vintage = await port.vintage_in(tx, each.project_id, each.vintage)
            await port.refuse_own_in(tx, [call.by.person_id], vintage.developer_id, "trading in its credits")
        refusal = BasketExists(f"{body.code} is traded already: see /v1/baskets/{body.code}.")
        number = await store.insert_basket(tx, body, by, refusal)
        terms = (by.tick_fen, by.lot_t, by.low_fen, by.high_fen, body.fee_bps)
        assets = tuple(each.id for each in found)
        opening = m.OpenBasket(0, number, *terms, fees.id, fees.group_id, assets)
        stored = await instructions.store_in(tx, opening, by=call)
        if by.venue is None:
            return Written(stored, stored)
        remark = f"Preset {body.preset}"
        if by.venue.sessions is not None:
            await store.begin_timetable(tx, number, by.venue.sessions, call.by.person_id, remark)
        for command in instructions_for(by.venue, number, by.reference_fen):
            stored = await instructions.store_in(tx, command, by=call, remark=remark)
        return Written(stored, stored)

    await _carried_out(await once(exchange.db, call, work, _again), exchange=exchange)
    return await basket(body.code, exchange=exchange)


async def _eligible_in(tx: Tx, rule: BasketRule) -> list[Eligible]:
    """What a rule lets in now, the oldest vintage first."""
    found = await store.candidates(tx, rule)
    traits = await port.traits_in(tx, {each.project_id for each in found})
    return [each for each in found if traits[each.project_id].meet(rule.types, rule.co_benefits, rule.labels)]


async def eligible(rule: BasketRule, *, exchange: Exchange) -> list[str]:
    """The codes of the instruments that a rule lets in now, for those who are about to open a basket by it."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return [each.code for each in await _eligible_in(tx, rule)]


async def _again(_: Tx, number: str) -> int:
    return int(number)


async def _carried_out(number: int, *, exchange: Exchange) -> None:
    await exchange.teller.carried_out(number)
    async with exchange.db.reading() as tx:
        await instructions.refuse_in(tx, number, exchange.refusals)


async def join_in(tx: Tx, instrument_id: int) -> int:
    """Let an instrument that is being opened come to the baskets whose rule it meets; returns the last instruction."""
    return max(await _join_in(tx, only=instrument_id), default=0)


async def follow_rules(*, exchange: Exchange) -> int:
    """
    Let baskets have what has come to meet their rule since; returns how many assets came.

    The engine's process looks every few seconds: what the registry has of a project is recorded there, and nobody tells
    the exchange. What was delisted from a basket does not come back to it.
    """
    if not exchange.gateway.writing.is_set():
        return 0

    async def work(tx: Tx) -> list[int]:
        await instructions.turn_in(tx)
        return await _join_in(tx)

    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        due = [each async for each in _joining_in(tx)]
    numbers = await exchange.db.transaction(work) if due else []
    if numbers:
        await exchange.teller.carried_out(max(numbers))
    return len(numbers)


async def _join_in(tx: Tx, *, only: int | None = None) -> list[int]:
    joining = [each async for each in _joining_in(tx) if only in {None, each[1]}]
    return [await instructions.store_in(tx, m.AddAsset(0, *each), by=None) for each in joining]


async def _joining_in(tx: Tx) -> AsyncIterator[tuple[int, int]]:
    """Basket and instrument of each that meets a rule and was never among the assets."""
    for basket in await store.basket_rules(tx):
        room = ASSETS_LIMIT - len(basket.known)
        found = [each.id for each in await _eligible_in(tx, basket.rule) if each.id not in basket.known]
        for each in found[: max(room, 0)]:
            yield basket.id, each


async def basket(code: str, *, exchange: Exchange) -> Basket:
    """The rule of a basket and its assets. Raises `NotABasket`."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        for found in await store.basket_rules(tx, code):
            return await _basket_in(tx, found)
        if await store.instrument(tx, code) is None:
            raise no_instrument(code)
    raise NotABasket(f"{code} is one project and vintage, and no basket: see /v1/instruments/{code}.")


async def _basket_in(tx: Tx, found: RuledBasket) -> Basket:
    rows = await store.assets(tx, found.id)
    traits = await port.traits_in(tx, {row["project_id"] for row in rows})
    said = {name: getattr(found.rule, name) for name in BasketRule.__struct_fields__}
    assets = tuple(
        BasketAsset(
            code=row["code"],
            project_id=row["project_id"],
            vintage=row["vintage"],
            project_name=row["project_name"],
            listed=row["listed"],
            since=row["since"],
            meets_rule=traits[row["project_id"]].meet(found.rule.types, found.rule.co_benefits, found.rule.labels),
            delisting=store.notice(row),
        )
        for row in rows
    )
    return Basket(**said, code=found.code, name=found.name, preset=found.preset, assets=assets)
