"""
What holds of retail pools after every test, by plain SQL and naive arithmetic.

A pool has what lies under its hold, and promises what its payments wait for; every payment's money is where its state
says, to the fen, and the books balance; each guest has one claim that is covered by exactly what was paid for.
"""

from collections import defaultdict

import asyncpg

WHERE = {"held": (0, 0, 0), "lapsed": (0, 0, 0), "paid": (1, 1, 0), "retired": (1, 0, 1), "refunded": (0, 0, 0)}
"""Of a payment's amount in each state: in the bank, owed to guests, owed to the pool's owner."""


async def check(owner: asyncpg.Connection) -> None:
    """Assert all of it."""
    pools = await owner.fetch("select * from registry.retail_pool")
    payments = await owner.fetch("select * from registry.retail_payment")
    postings = await owner.fetch("select * from registry.retail_posting")
    for pool in pools:
        mine = [each for each in payments if each["pool_id"] == pool["id"]]
        await _check_kilograms(owner, pool, mine)
        _check_money(mine, [each for each in postings if each["pool_id"] == pool["id"]])
    await _check_guests(owner)


async def _check_kilograms(owner: asyncpg.Connection, pool: asyncpg.Record, payments: list[asyncpg.Record]) -> None:
    under = await owner.fetchval(
        "select coalesce(sum(upper(span) - lower(span)), 0) from registry.block"
        " where hold_id = $1 and state = 'held' and account_id = $2 and issuance_id = $3",
        *(pool[name] for name in ("hold_id", "account_id", "issuance_id")),
    )
    by_state: dict[str, int] = defaultdict(int)
    for each in payments:
        by_state[each["state"]] += each["quantity_kg"]
        assert each["amount_fen"] == -(-each["quantity_kg"] * pool["price_fen"] // 1000)
    assert pool["held_kg"] == under, "the pool counts what is not under its hold"
    assert pool["reserved_kg"] == by_state["held"] + by_state["paid"], "a promise without a payment"
    assert pool["retired_kg"] == by_state["retired"]
    assert pool["reserved_kg"] <= pool["held_kg"], "more is promised than there is"
    assert pool["state"] != "withdrawn" or pool["held_kg"] == pool["reserved_kg"]


def _check_money(payments: list[asyncpg.Record], postings: list[asyncpg.Record]) -> None:
    balance: dict[str, int] = defaultdict(int)
    paid_out = 0
    for each in postings:
        balance[each["debit"]] += each["amount_fen"]
        balance[each["credit"]] -= each["amount_fen"]
        paid_out += each["amount_fen"] if each["cause"] == "payout" else 0
    assert sum(balance.values()) == 0, "the books do not balance"
    bank, guests, owner = (
        sum(each["amount_fen"] * WHERE[each["state"]][column] for each in payments) for column in range(3)
    )
    assert (bank - paid_out, -guests, -(owner - paid_out)) == tuple(
        balance[name] for name in ("bank", "guests", "owner")
    )
    assert paid_out <= owner, "more was paid out than earned"


async def _check_guests(owner: asyncpg.Connection) -> None:
    guests = await owner.fetch(
        "select g.footprint_kg, p.state, p.quantity_kg, c.required_kg, c.attendee, g.number, c.allocated_kg +"
        " (select coalesce(sum(n.released_kg), 0) from registry.annulment n where n.claim_id = c.id) as allocated_kg,"
        " (select sum(r.quantity_kg) from registry.retirement r where r.order_id = p.order_id) as retired_kg,"
        " (select count(distinct r.order_id) from registry.retirement r where r.claim_id = g.claim_id) as orders"
        " from registry.event_guest g join registry.retail_payment p on p.id = g.payment_id"
        " left join registry.claim c on c.id = g.claim_id"
    )
    for each in guests:
        assert each["footprint_kg"] == each["quantity_kg"]
        if each["state"] != "retired":
            assert (each["required_kg"], each["retired_kg"]) == (None, None)
            continue
        amounts = {each[name] for name in ("footprint_kg", "required_kg", "allocated_kg", "retired_kg")}
        assert amounts == {each["quantity_kg"]}, "a share is not covered by what was paid for"
        assert (each["attendee"], each["orders"]) == (each["number"], 1), "a share was retired twice"
