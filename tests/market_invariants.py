"""
What holds of the exchange after every test: recomputed from stored rows with plain SQL and naive arithmetic.

The journal replays from nothing to the hash at its head. The tables that follow it say what the replayed engine says,
and what their own deposits, trades and open orders add up to. Registry and exchange agree to the kilogram, and so does
the money. Every delivery is its trades, its movements and its statements, and the statements' openings open.
"""

import hashlib
import json
from collections import Counter, defaultdict
from typing import NamedTuple

import asyncpg
import msgspec

from exchange.engine.core import Engine, any_of, command_types
from exchange.engine.market import Market
from exchange.engine.state import dump
from schemas.serials import KG_PER_T

CASH = 0
Rows = list[asyncpg.Record]
Parts = dict[tuple[int, int], list[int]]
"""Settled, locked, incoming and outgoing by account and instrument, money under `CASH`; nothing where all are 0."""


class Shown(NamedTuple):
    """What tables and engine both know."""

    positions: Parts
    open: dict[int, tuple[int, int, int]]
    """Price, open tonnes and account of every order and listing."""
    unsettled: set[int]
    parts: dict[int, dict[int, int]]
    """Tonnes by asset that a sell order in a basket has locked, which stands in no table."""


async def check(owner: asyncpg.Connection) -> None:
    """Assert every invariant of the exchange; there is nothing to do where nothing was ever journalled."""
    if not await owner.fetchval("select sequence from exchange.head"):
        return
    trades = await owner.fetch("select * from exchange.trade order by id")
    placed = await owner.fetch("select * from exchange.placed")
    instructions = await owner.fetch("select * from exchange.instruction order by id")
    deliveries = await owner.fetch("select * from exchange.delivery order by id")
    positions = {
        (row["account_id"], row["instrument_id"]): [row[name] for name in ("settled", "locked", "incoming", "outgoing")]
        for row in await owner.fetch("select * from exchange.position")
    }
    shown = await _replayed(owner)
    assert shown == Shown(
        _some(positions),
        {row["id"]: (row["price_fen"], row["open_t"], row["account_id"]) for row in placed if row["open_t"]},
        {row["id"] for row in trades if row["state"] == "traded"},
        shown.parts,
    ), "the tables are not what the engine has"
    assert _added_up(instructions, trades, placed, shown.parts) == _some(positions), (
        "deposits, trades and orders add up otherwise"
    )
    _check_sides(positions)
    await _check_holds(owner, positions, instructions, deliveries)
    _check_netting(trades, deliveries)
    await _check_deliveries(owner, deliveries)


async def _replayed(owner: asyncpg.Connection) -> Shown:
    """Replay the journal, recompute its chain up to the head; returns what the engine had where the tables are."""
    projected = await owner.fetchval("select sequence from exchange.projection")
    snapshots = {row["sequence"]: row["state"] for row in await owner.fetch("select * from exchange.snapshot")}
    decoder, encoder = (
        msgspec.msgpack.Decoder(tuple.__class_getitem__((any_of(command_types()), ...))),
        msgspec.msgpack.Encoder(),
    )
    engine, at, chained, epoch = Engine(), 0, bytes(32), 0
    shown = {at: _shown(engine.market)}
    for batch in await owner.fetch("select * from exchange.journal order by first"):
        assert at + 1 == batch["first"], "the journal has a gap"
        assert epoch <= batch["epoch"], "an older writer wrote after a newer one"
        commands = decoder.decode(batch["commands"])
        outcomes = [engine.apply(each) for each in commands]
        events = hashlib.sha256(encoder.encode(outcomes)).digest()
        assert events == batch["events_hash"], f"the batch at {batch['first']} led to other events"
        chained = hashlib.sha256(chained + batch["commands"] + events).digest()
        at, epoch = at + len(commands), batch["epoch"]
        assert (at, chained) == (batch["last"], batch["hash"]), f"the batch at {batch['first']} replays otherwise"
        if at == projected:
            shown[at] = _shown(engine.market)
        if at in snapshots:
            assert snapshots[at] == dump(engine.market), f"the snapshot at {at} is of another state"
    head = await owner.fetchrow("select sequence, hash, epoch from exchange.head")
    assert head is not None
    assert (at, chained) == (head["sequence"], head["hash"]), "the head is not the journal's end"
    assert epoch <= head["epoch"], "somebody wrote without taking over"
    return shown[projected]


def _shown(market: Market) -> Shown:
    holdings = {(account.id, CASH): account.cash for account in market.accounts.values()}
    for account in market.accounts.values():
        holdings |= {(account.id, instrument): each for instrument, each in account.tonnes.items()}
    return Shown(
        _some({key: [each.settled, each.locked, each.incoming, each.outgoing] for key, each in holdings.items()}),
        {order.id: (order.price, order.open, order.account.id) for order in market.open_orders()},
        set(market.unsettled),
        {order.id: dict(order.parts) for order in market.open_orders() if order.parts},
    )


def _some(positions: Parts) -> Parts:
    return {key: parts for key, parts in positions.items() if any(parts)}


def _added_up(instructions: Rows, trades: Rows, placed: Rows, baskets: dict[int, dict[int, int]]) -> Parts:
    """Positions from what came in, went out, was traded, and is open."""
    found: Parts = defaultdict(lambda: [0, 0, 0, 0])
    for row in instructions:
        sign = {"credit": 1, "debit": -1}.get(row["kind"].split("_")[0], 0)
        if row["state"] == "done" or (row["state"] == "released" and sign < 0):
            found[row["account_id"], row["instrument_id"] or CASH][0] += sign * (row["amount"] or 0)
    for row in trades:
        _add_trade(found, row)
    for row in placed:
        selling = row["side"] == "sell"
        everything = {row["instrument_id"] if selling else CASH: row["open_t"] * (1 if selling else row["price_fen"])}
        for what, locked in baskets.get(row["id"], everything).items():
            parts = found[row["account_id"], what]
            parts[0] -= locked
            parts[1] += locked
    return _some(found)


def _add_trade(found: Parts, row: asyncpg.Record) -> None:
    if row["state"] == "refunded":
        return
    instrument, tonnes, fee = row["asset_id"] or row["instrument_id"], row["quantity_t"], row["fee_fen"]
    amount = row["price_fen"] * tonnes
    goes = [(row["buyer_id"], CASH, amount), (row["seller_id"], instrument, tonnes)]
    comes = [
        (row["buyer_id"], instrument, tonnes),
        (row["seller_id"], CASH, amount - fee),
        (row["fee_account_id"], CASH, fee),
    ]
    under_way = row["state"] == "traded"
    for account, what, quantity in goes:
        found[account, what][0] -= quantity
        found[account, what][3] += quantity if under_way else 0
    for account, what, quantity in comes:
        found[account, what][2 if under_way else 0] += quantity


def _check_sides(positions: Parts) -> None:
    """What waits to come in to somebody waits to go out from somebody, of everything."""
    waiting: Counter[int] = Counter()
    for (_, what), (_, _, incoming, outgoing) in positions.items():
        waiting[what] += incoming - outgoing
    assert not any(waiting.values()), waiting


async def _check_holds(owner: asyncpg.Connection, positions: Parts, instructions: Rows, deliveries: Rows) -> None:
    """The registry holds what the exchange owes, but for what one of the two has not heard yet; so for the money."""
    owed: Counter[tuple[int, int]] = Counter()
    for (account, what), (settled, locked, _, outgoing) in positions.items():
        owed[account, what] += settled + locked + outgoing
    money = sum(amount for (_, what), amount in owed.items() if what == CASH)
    moved = {("credit_cash", "done"): 1, ("debit_cash", "done"): -1}
    assert money == sum(moved.get((row["kind"], row["state"]), 0) * (row["amount"] or 0) for row in instructions)
    for row in instructions:
        waits = (row["kind"], row["state"]) in {
            ("credit_tonnes", "stored"),
            ("credit_tonnes", "refused"),
            ("debit_tonnes", "done"),
        }
        owed[row["account_id"], row["instrument_id"]] += row["amount"] if waits else 0
    for row in deliveries:
        if row["state"] == "delivered":
            owed[row["buyer_id"], row["instrument_id"]] += row["quantity_t"]
            owed[row["seller_id"], row["instrument_id"]] -= row["quantity_t"]
    held = await owner.fetch(
        "select h.account_id, n.id, h.quantity_kg from registry.hold h"
        " left join exchange.instrument n using (project_id, vintage) where h.kind = 'exchange'"
    )
    assert {key: tonnes * KG_PER_T for key, tonnes in owed.items() if key[1] != CASH and tonnes} == {
        (row["account_id"], row["id"]): row["quantity_kg"] for row in held if row["quantity_kg"]
    }, "registry and exchange disagree"
    asked = await owner.fetch("select reference, kind, quantity_kg from registry.exchange_request")
    released = {f"release-{row['id']}": row["amount"] * KG_PER_T for row in instructions if row["state"] == "released"}
    assert released == {row["reference"]: row["quantity_kg"] for row in asked if row["kind"] == "release"}
    deposited = Counter(row["amount"] * KG_PER_T for row in instructions if row["kind"] == "credit_tonnes")
    assert deposited == Counter(row["quantity_kg"] for row in asked if row["kind"] == "hold")


def _check_netting(trades: Rows, deliveries: Rows) -> None:
    """A trade is in one delivery at most, and says in which; a delivery is what its trades add up to."""
    by_id = {row["id"]: row for row in trades}
    assert {row["id"]: row["delivery_id"] for row in trades if row["delivery_id"]} == {
        number: row["id"] for row in deliveries for number in row["trades"]
    }
    assert len({*by_id} & {number for row in deliveries for number in row["trades"]}) == sum(
        len(row["trades"]) for row in deliveries
    ), "a trade is delivered twice"
    for row in deliveries:
        netted = [by_id[number] for number in row["trades"]]
        parties = {(each["seller_id"], each["buyer_id"], each["asset_id"] or each["instrument_id"]) for each in netted}
        assert {(row["seller_id"], row["buyer_id"], row["instrument_id"])} == parties
        assert (row["quantity_t"], row["gross_fen"], row["fee_fen"]) == (
            sum(each["quantity_t"] for each in netted),
            sum(each["quantity_t"] * each["price_fen"] for each in netted),
            sum(each["fee_fen"] for each in netted),
        )
        ended = row["state"] if row["state"] in ("settled", "refunded") else "traded"
        assert {ended} == {each["state"] for each in netted}


async def _check_deliveries(owner: asyncpg.Connection, deliveries: Rows) -> None:
    """What was delivered moved once, from the seller's hold to the buyer's, with statements that say so."""
    moves = await owner.fetch(
        "select cause, upper(span) - lower(span) kg, from_account_id, from_state, to_account_id, to_state"
        " from registry.movement where cause like 'delivery-%'"
    )
    moved: Counter[tuple[object, ...]] = Counter()
    for cause, kg, *way in (row.values() for row in moves):
        moved[cause, *way] += kg
    done = [row for row in deliveries if row["state"] in ("delivered", "settled")]
    assert moved == {
        (f"delivery-{row['id']}", row["seller_id"], "held", row["buyer_id"], "held"): row["quantity_t"] * KG_PER_T
        for row in done
    }
    stated = {
        row["id"]: json.loads(row["note_text"].splitlines()[1])
        for row in await owner.fetch("select id, note_text from registry.statement where type = 'delivery/v1'")
    }
    assert sorted(stated) == sorted(number for row in done for number in row["statement_ids"])
    opened = {
        (row["statement_id"], row["label"]): row
        for row in await owner.fetch("select * from registry.opening where statement_id = any($1)", list(stated))
    }
    owners = {row["id"]: row["owner_id"] for row in await owner.fetch("select id, owner_id from registry.account")}
    for row in done:
        parts = [stated[number] for number in row["statement_ids"]]
        assert {f"delivery-{row['id']}"} == {each["delivery"] for each in parts}
        assert row["quantity_t"] * KG_PER_T == sum(each["quantity_kg"] for each in parts)
        assert row["quantity_t"] * KG_PER_T == sum(last - first + 1 for each in parts for first, last in each["ranges"])
        for number, label in ((number, label) for number in row["statement_ids"] for label in _SEALED):
            opening = opened[number, label]
            section = label.encode() + b"\x00" + opening["salt"] + opening["text"].encode()
            assert hashlib.sha256(section).hexdigest() == stated[number][label], "an opening does not open"
            assert _sealed(label, row, owners) == json.loads(opening["text"])


_SEALED = ("sender", "receiver", "payment")


def _sealed(label: str, delivery: asyncpg.Record, owners: dict[int, int]) -> dict[str, object]:
    if label != "payment":
        return {"organisation": owners[delivery["seller_id" if label == "sender" else "buyer_id"]]}
    return {
        "delivery": f"delivery-{delivery['id']}",
        "tonnes": delivery["quantity_t"],
        "gross_fen": delivery["gross_fen"],
        "fee_fen": delivery["fee_fen"],
        "net_fen": delivery["gross_fen"] - delivery["fee_fen"],
    }
