"""Standing subscriptions and their runs in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from exchange.engine.commands import AccountCommand
from exchange.journal import codec
from exchange.subscriptions.records import (
    Chosen,
    FoundCampaign,
    OpenedInstrument,
    Retiring,
    StoredRun,
    StoredStanding,
    Tally,
)
from exchange.subscriptions.rules import Offered, Why
from registry.kit import sql
from registry.kit.database import Tx, fetch_one
from registry.kit.pages import Window
from schemas.pages import Page
from schemas.subscriptions import (
    Run,
    RunOrder,
    RunWithdrawal,
    RunWithdrawalState,
    StandingState,
    StandingSubscription,
    Terms,
)
from schemas.webhooks import StandingPaused, StandingRan

_sql = sql.load(__package__)
_encode = msgspec.json.encode
_terms = msgspec.json.Decoder(Terms)


async def insert(
    tx: Tx, account_id: int, person_id: int, side: str, terms: Terms, *, next_at: datetime | None, leaf: int | None
) -> int:
    """A new subscription; returns its number."""
    return int(await tx.fetchval(_sql.insert, account_id, person_id, side, _encode(terms), next_at, leaf))


async def account_of(tx: Tx, number: int) -> int | None:
    """Whose account it is for."""
    row = await tx.fetchrow(_sql.standing, number)
    return row["account_id"] if row else None


async def count(tx: Tx, account_id: int) -> int:
    """How many of an account have not ended."""
    return int(await tx.fetchval(_sql.count, account_id))


async def lock(tx: Tx, number: int) -> StoredStanding:
    """A subscription that exists, under its lock."""
    return _stored(await fetch_one(tx, _sql.lock, number))


async def standing(tx: Tx, number: int) -> StandingSubscription | None:
    """One subscription as its owner sees it."""
    row = await tx.fetchrow(_sql.standing, number)
    return await _shown(tx, row) if row else None


async def standings(tx: Tx, window: Window, account_id: int) -> Page[StandingSubscription]:
    """The subscriptions of an account."""
    rows = await tx.fetch(window.of(_sql.standings), *window.args, account_id)
    return window.page([(row["id"], await _shown(tx, row)) for row in rows])


async def change(tx: Tx, number: int, terms: Terms, person_id: int) -> None:
    """Other terms from the next period on, by somebody in whose roles it acts from now on."""
    await tx.execute(_sql.change, number, _encode(terms), person_id)


async def set_state(tx: Tx, number: int, state: StandingState, why: Why | None) -> None:
    """Pause, resume or end it."""
    await tx.execute(_sql.set_state, number, state, *(why or (None, None)))


async def begin_period(tx: Tx, number: int, terms: Terms, next_at: datetime) -> None:
    """Its period has begun, with these terms; the next one begins at *next_at*."""
    await tx.execute(_sql.begin_period, number, _encode(terms), next_at)


async def see(tx: Tx, number: int, leaf: int, terms: Terms) -> None:
    """An issuance was seen, with these terms."""
    await tx.execute(_sql.see, number, leaf, _encode(terms))


async def see_all(tx: Tx, numbers: Collection[int], leaf: int) -> None:
    """Everything up to a leaf was seen."""
    await tx.execute(_sql.see_all, list(numbers), leaf)


async def due(tx: Tx, limit: int) -> list[int]:
    """Buyers whose next period has begun."""
    return [row["id"] for row in await tx.fetch(_sql.due, limit)]


async def sellers(tx: Tx) -> list[tuple[int, int, Any]]:
    """Active sellers: number, the leaf that they have seen, and their terms from now on."""
    return [
        (row["id"], row["seen_leaf"], _terms.decode(row["next_terms"] or row["terms"]))
        for row in await tx.fetch(_sql.sellers)
    ]


async def insert_run(
    tx: Tx,
    number: int,
    cause: str,
    *,
    begins: datetime,
    ends: datetime,
    terms: Terms,
    wanted_t: int,
    why: Why | None = None,
) -> None:
    """A run, once for each cause; with *why* it is over before it began."""
    state = "done" if why else "open"
    await tx.fetchval(
        _sql.insert_run, number, cause, begins, ends, _encode(terms), wanted_t, state, *(why or (None, None))
    )


async def due_runs(tx: Tx, limit: int) -> list[int]:
    """Runs for which there is something to do."""
    return [row["id"] for row in await tx.fetch(_sql.due_runs, limit)]


async def run(tx: Tx, number: int, *, lock: bool = False) -> StoredRun:
    """A run that exists."""
    row = await fetch_one(tx, _sql.lock_run if lock else _sql.run, number)
    return StoredRun(
        **{name: row[name] for name in StoredRun._fields if name != "terms"}, terms=_terms.decode(row["terms"])
    )


async def tried(tx: Tx, number: int, again_at: datetime, why: Why | None, *, busy: bool) -> None:
    """A run looked, and looks again at *again_at*; *why* it has not all."""
    await tx.execute(_sql.tried, number, again_at, *(why or (None, None)), busy)


async def set_busy(tx: Tx, number: int, *, busy: bool) -> None:
    """Whether something that was sent has not come to its end."""
    await tx.execute(_sql.set_busy, number, busy)


async def end_run(tx: Tx, number: int, *, filled: bool) -> None:
    """A run is over."""
    await tx.execute(_sql.end_run, number, filled)


async def deposited(tx: Tx, number: int, deposit_id: int, instrument_id: int) -> None:
    """A seller's run has instructed its deposit; in the same transaction."""
    await tx.execute(_sql.deposited, number, deposit_id, instrument_id)


async def next_campaign(
    tx: Tx, instrument_id: int, *, price_fen: int, since: datetime, now: datetime
) -> FoundCampaign | None:
    """The first campaign of an instrument that opens at a price or above, not before *since*, and is not over."""
    row = await tx.fetchrow(_sql.next_campaign, instrument_id, price_fen, since, now)
    return FoundCampaign(*row.values()) if row else None


async def await_campaign(tx: Tx, number: int, instrument_id: int) -> None:
    """A run waits for a campaign that is newer than all that there are."""
    await tx.execute(_sql.await_campaign, number, instrument_id)


async def woken(tx: Tx) -> list[int]:
    """Runs that wait for a campaign, and there is a newer one."""
    return [row["id"] for row in await tx.fetch(_sql.woken)]


async def wake(tx: Tx, numbers: Collection[int]) -> None:
    """Let these runs look now."""
    await tx.execute(_sql.wake, list(numbers))


async def insert_order(
    tx: Tx, run_id: int, source: str, instrument_id: int, *, price_fen: int, quantity_t: int, command: AccountCommand
) -> None:
    """A command with its number, before it is sent."""
    stored = codec.encode_commands((command,))
    said = (run_id, source, instrument_id, price_fen, quantity_t, command.account, command.client_order_id, stored)
    await tx.execute(_sql.insert_order, *said)


async def highest_chosen(tx: Tx, account_id: int) -> int:
    """The highest number that was chosen for an account and not sent yet, or 0."""
    return int(await tx.fetchval(_sql.highest_chosen, account_id))


async def chosen(tx: Tx, run_id: int) -> list[Chosen]:
    """Orders of a run that were chosen and not answered yet."""
    found = []
    for row in await tx.fetch(_sql.chosen, run_id):
        (command,) = codec.decode_commands(row["command"])
        plain = {name: row[name] for name in Chosen._fields if name != "command"}
        found.append(Chosen(**plain, command=command))
    return found


async def answer_order(
    tx: Tx, number: int, state: str, *, order_id: int | None = None, refusal: Why | None = None
) -> bool:
    """What a chosen order came to; False if another step has said so before."""
    done = await tx.execute(_sql.answer_order, number, state, order_id, *(refusal or (None, None)))
    return bool(done == "UPDATE 1")


async def tallies(tx: Tx, run_id: int) -> list[Tally]:
    """What the orders of a run came to so far."""
    return [Tally(*(row[name] for name in Tally._fields)) for row in await tx.fetch(_sql.orders, [run_id])]


async def spent(tx: Tx, number: int) -> int:
    """Money that a subscription has spent, or has in pledges."""
    row = await fetch_one(tx, _sql.totals, number)
    return int(row["spent_fen"]) + int(await tx.fetchval(_sql.reserved, number))


async def instruments(tx: Tx) -> list[OpenedInstrument]:
    """Every instrument."""
    return [OpenedInstrument(*row.values()) for row in await tx.fetch(_sql.instruments)]


async def offers(tx: Tx, instruments: Collection[int], account_id: int, price_fen: int) -> list[Offered]:
    """What others offer of some instruments; of a book that is dearer than *price_fen*, its best price."""
    return [Offered(*row.values()) for row in await tx.fetch(_sql.offers, list(instruments), account_id, price_fen)]


async def settled_cash(tx: Tx, account_id: int) -> int:
    """Money of an account that is free."""
    return int(await tx.fetchval(_sql.settled_cash, account_id) or 0)


async def instruction_state(tx: Tx, number: int) -> str:
    """How far an instruction is."""
    return str(await tx.fetchval(_sql.instruction, number))


async def insert_withdrawal(
    tx: Tx, number: int, run_id: int, *, claim_id: int, instrument_id: int, quantity_t: int
) -> None:
    """What the instruction *number* withdraws of a run's orders, to be retired; in the same transaction."""
    await tx.execute(_sql.insert_withdrawal, number, run_id, claim_id, instrument_id, quantity_t)
    await tx.execute(_sql.withdraw_orders, run_id, instrument_id, number)


async def withdrawals(tx: Tx, run_id: int) -> list[tuple[int, RunWithdrawalState, str | None]]:
    """The withdrawals of a run: number, state, and why it was refused or kept."""
    return [(row["id"], row["state"], row["refusal"]) for row in await tx.fetch(_sql.withdrawals, [run_id])]


async def to_retire(tx: Tx, number: int) -> Retiring | None:
    """What is to be retired once the registry has released a withdrawal; None for one that is not a subscription's."""
    row = await tx.fetchrow(_sql.withdrawal, number)
    if row is None:
        return None
    plain = {name: row[name] for name in Retiring._fields if name != "terms"}
    return Retiring(**plain, terms=_terms.decode(row["terms"]))


async def end_withdrawal(
    tx: Tx, number: int, state: RunWithdrawalState, *, order: str | None = None, refusal: Why | None = None
) -> None:
    """What a withdrawal came to."""
    await tx.execute(_sql.end_withdrawal, number, state, order, *(refusal or (None, None)))


async def runs(tx: Tx, window: Window, number: int) -> Page[Run]:
    """The runs of a subscription with everything they placed and withdrew."""
    rows = await tx.fetch(window.of(_sql.runs), *window.args, number)
    ids = [row["id"] for row in rows]
    orders, withdrawals = await tx.fetch(_sql.orders, ids), await tx.fetch(_sql.withdrawals, ids)
    return window.page([(row["id"], _run(row, orders, withdrawals)) for row in rows])


async def take_ended_runs(tx: Tx, limit: int) -> list[StandingRan]:
    """Runs that are over and were not told of, and mark them as told."""
    rows = sorted(await tx.fetch(_sql.take_ended_runs, limit), key=lambda row: row["id"])
    ids = [row["id"] for row in rows]
    orders, withdrawals = await tx.fetch(_sql.orders, ids), await tx.fetch(_sql.withdrawals, ids)
    return [
        StandingRan(
            account_id=row["account_id"], subscription_id=row["standing_id"], run=_run(row, orders, withdrawals)
        )
        for row in rows
    ]


async def take_pauses(tx: Tx, limit: int) -> list[tuple[int, StandingPaused]]:
    """Subscriptions that are paused and it was not told, each with how many pauses it had; marks them as told."""
    return [
        (
            row["pauses"],
            StandingPaused(
                account_id=row["account_id"], subscription_id=row["id"], why_slug=row["why_slug"], why=row["why"]
            ),
        )
        for row in await tx.fetch(_sql.take_pauses, limit)
        if row["state"] == "paused"
    ]


def _run(row: asyncpg.Record, orders: Sequence[asyncpg.Record], withdrawals: Sequence[asyncpg.Record]) -> Run:
    mine = [each for each in orders if each["run_id"] == row["id"]]
    filled_t = sum(each["kept_t"] for each in mine)
    open_t = sum(each["open_t"] for each in mine)
    return Run(
        id=row["id"],
        cause=row["cause"],
        begins=row["begins"],
        ends=row["ends"],
        wanted_t=row["wanted_t"],
        filled_t=filled_t,
        missed_t=max(0, row["wanted_t"] - filled_t - open_t) if row["state"] == "done" else 0,
        state=row["state"],
        why_slug=row["why_slug"],
        why=row["why"],
        next_try_at=row["next_try_at"] if row["state"] == "open" else None,
        orders=tuple(_order(each) for each in mine),
        withdrawals=tuple(_withdrawal(each) for each in withdrawals if each["run_id"] == row["id"]),
    )


def _order(row: asyncpg.Record) -> RunOrder:
    same = (
        "source",
        "price_fen",
        "quantity_t",
        "client_order_id",
        "state",
        "order_id",
        "open_t",
        "amount_fen",
        "refusal",
    )
    return RunOrder(instrument=row["code"], traded_t=row["kept_t"], **{name: row[name] for name in same})


def _withdrawal(row: asyncpg.Record) -> RunWithdrawal:
    same = ("id", "claim_id", "quantity_t", "state", "retirement_order", "refusal")
    return RunWithdrawal(instrument=row["code"], **{name: row[name] for name in same})


def _stored(row: asyncpg.Record) -> StoredStanding:
    return StoredStanding(
        row["id"],
        row["account_id"],
        row["person_id"],
        _terms.decode(row["terms"]),
        _terms.decode(row["next_terms"]) if row["next_terms"] else None,
        row["state"],
        row["next_at"],
        row["seen_leaf"],
    )


async def _shown(tx: Tx, row: asyncpg.Record) -> StandingSubscription:
    totals = await fetch_one(tx, _sql.totals, row["id"])
    stored = _stored(row)
    return StandingSubscription(
        id=stored.id,
        account_id=stored.account_id,
        person_id=stored.person_id,
        terms=stored.terms,
        next_terms=stored.next_terms,
        state=stored.state,
        why_slug=row["why_slug"],
        why=row["why"],
        next_at=stored.next_at,
        spent_fen=totals["spent_fen"],
        filled_t=totals["filled_t"],
        at=row["at"],
    )
