"""Instruments in PostgreSQL."""

from datetime import date, datetime, time
from typing import NamedTuple

import asyncpg
import msgspec

from exchange.engine.commands import DELISTED, HALTED_BY_FREEZE, HALTED_BY_OPERATOR, HALTED_BY_REGULATOR
from exchange.instruments.rules import OpeningRules
from exchange.journal.audit import Bounds
from registry.kit import sql
from registry.kit.database import Tx, affected, constraint, convert
from registry.kit.pages import Window
from registry.kit.problems import DomainError
from schemas.baskets import BasketRule, NewBasket
from schemas.custody import Vintage
from schemas.delistings import DelistingNotice
from schemas.instruments import Instrument, InstrumentState, NewInstrument
from schemas.pages import Page
from schemas.venues import VenueSessions

_sql = sql.load(__package__)


class Halted(NamedTuple):
    """An open instrument and the causes that halt it."""

    id: int
    project_id: int | None
    vintage: int | None
    causes: int


class RuledBasket(NamedTuple):
    """A basket and its rule; *known* is what is or was among its assets."""

    id: int
    known: frozenset[int]
    name: str
    code: str
    preset: str | None
    rule: BasketRule


class Eligible(NamedTuple):
    """An instrument that a basket may have."""

    id: int
    code: str
    project_id: int
    vintage: int


async def insert(tx: Tx, body: NewInstrument, rules: OpeningRules, vintage: Vintage, refusal: DomainError) -> int:
    """Store an instrument; *refusal* is raised where this project and vintage has one."""
    of = (vintage.code, body.project_id, body.vintage, vintage.project_name, vintage.methodology)
    with constraint("instrument_once", refusal), constraint("instrument_code_key", refusal):
        return await _insert(tx, of, body, rules)


async def insert_basket(tx: Tx, body: NewBasket, rules: OpeningRules, refusal: DomainError) -> int:
    """Store a basket; *refusal* is raised where an instrument has its code."""
    with constraint("instrument_code_key", refusal):
        number = await _insert(tx, (body.code, None, None, body.name, body.methodology or ""), body, rules)
    rule = (body.methodology, body.vintage_from, body.vintage_to, body.types, sorted(body.co_benefits))
    await tx.execute(_sql.insert_basket, number, *rule, sorted(body.labels))
    return number


async def _insert(tx: Tx, of: tuple[object, ...], body: NewInstrument | NewBasket, rules: OpeningRules) -> int:
    venue = msgspec.json.encode(rules.venue).decode() if rules.venue is not None else None
    band = (rules.tick_fen, rules.lot_t, rules.low_fen, rules.high_fen)
    return int(await tx.fetchval(_sql.insert, *of, *band, body.fee_bps, body.fee_account_id, body.preset, venue))


async def candidates(tx: Tx, rule: BasketRule) -> list[Eligible]:
    """What the rule of a basket lets in as far as methodology and vintage go, the oldest vintage first."""
    rows = await tx.fetch(_sql.candidates, rule.methodology, rule.vintage_from, rule.vintage_to)
    return [Eligible(*row.values()) for row in rows]


async def basket_rules(tx: Tx, code: str | None = None) -> list[RuledBasket]:
    """Baskets with their rules: those that trade, or the one with a code."""
    return [
        RuledBasket(
            row["id"], frozenset(row["known"]), row["name"], row["code"], row["preset"], convert(row, BasketRule)
        )
        for row in await tx.fetch(_sql.rules, code)
    ]


async def assets(tx: Tx, basket_id: int) -> list[asyncpg.Record]:
    """What is or was delivered in a basket, in the order of its list."""
    return list(await tx.fetch(_sql.assets, basket_id))


async def baskets_with(tx: Tx, asset_id: int) -> list[int]:
    """The baskets that deliver an instrument."""
    return [row["instrument_id"] for row in await tx.fetch(_sql.baskets_with, asset_id)]


def notice(row: asyncpg.Record) -> DelistingNotice | None:
    """What was announced of an instrument, or of an asset of a basket."""
    if row["day"] is None:
        return None
    return DelistingNotice(day=row["day"], reason=row["reason"], announced_at=row["announced_at"])


async def instrument(tx: Tx, code: str) -> Instrument | None:
    """One instrument."""
    row = await tx.fetchrow(_sql.instruments.oldest, 0, 1, code, None, None, None)
    return _instrument(row) if row else None


async def instruments(
    tx: Tx, window: Window, methodology: str | None, vintage: int | None, state: InstrumentState | None
) -> Page[Instrument]:
    """Instruments: all, or those of a methodology, a vintage or a state."""
    rows = await tx.fetch(window.of(_sql.instruments), *window.args, None, methodology, vintage, state)
    return window.page([(row["id"], _instrument(row)) for row in rows])


def _instrument(row: asyncpg.Record) -> Instrument:
    causes = (
        ("operator", HALTED_BY_OPERATOR),
        ("regulator", HALTED_BY_REGULATOR),
        ("freeze", HALTED_BY_FREEZE),
    )
    return Instrument(
        code=row["code"],
        project_id=row["project_id"],
        vintage=row["vintage"],
        project_name=row["project_name"],
        methodology=row["methodology"],
        tick_fen=row["tick_fen"],
        lot_t=row["lot_t"],
        low_fen=row["low_fen"],
        high_fen=row["high_fen"],
        fee_bps=row["fee_bps"],
        state=_state(row["halted"], is_open=row["open"]),
        halted_by=tuple(word for word, cause in causes if row["halted"] & cause),  # type: ignore[misc]  # the three words
        opened_at=row["opened_at"],
        preset=row["preset"],
        delisting=notice(row),
    )


def _state(halted: int, *, is_open: bool) -> InstrumentState:
    if not is_open:
        return "opening"
    if halted & DELISTED:
        return "delisted"
    return "halted" if halted else "open"


async def bounds(tx: Tx) -> list[Bounds]:
    """What bounds every open instrument."""
    return [Bounds(*row.values()) for row in await tx.fetch(_sql.bounds)]


async def vintages(tx: Tx) -> list[Halted]:
    """Every open instrument with what halts it."""
    return [Halted(*row.values()) for row in await tx.fetch(_sql.vintages)]


async def begin_days(tx: Tx, instrument_id: int, day: date) -> None:
    """From this day on, what is bought of an instrument is released for sale as the next one begins."""
    await tx.execute(_sql.begin_days, instrument_id, day)


async def locking(tx: Tx, day: date) -> list[int]:
    """The instruments of which what was bought before *day* is still locked."""
    return [row["instrument_id"] for row in await tx.fetch(_sql.locking, day)]


async def last_trade(tx: Tx, before: datetime) -> int:
    """The number of the last trade before a moment of business time, 0 where there was none."""
    return int(await tx.fetchval(_sql.last_trade, before))


async def turn_days(tx: Tx, instrument_id: int, day: date) -> bool:
    """Note that *day* has begun for an instrument; False where somebody else has."""
    return affected(await tx.execute(_sql.turn_days, instrument_id, day)) == 1


async def begin_timetable(tx: Tx, instrument_id: int, day: VenueSessions, person_id: int, why: str) -> None:
    """Let an instrument's book follow the day of its preset."""
    times = [time.fromisoformat(each) if each is not None else None for each in day.times()]
    await tx.execute(_sql.begin_timetable, instrument_id, times, day.every_day, person_id, why)


async def know_group(tx: Tx, account_id: int, group_id: int) -> None:
    """Note whose an account is by its first credit; call it in that one's transaction."""
    await tx.execute(_sql.know_group, account_id, group_id)


async def groups(tx: Tx) -> dict[int, tuple[int, int]]:
    """Group and role of every account, as the engine knows them."""
    return {row["account_id"]: (row["group_id"], row["role"]) for row in await tx.fetch(_sql.groups)}


async def limits_roles(tx: Tx) -> bool:
    """Whether any instrument has limits by the role of a buyer."""
    return bool(await tx.fetchval(_sql.limits_roles))
