"""A command that is sent again is answered as before; numbers that come too late say what to do."""

import asyncio
from pathlib import Path
from typing import Any

from exchange import migrations
from tests.exchange.marketplace import KILN, Market, done
from tests.probes import as_owner, refused
from tests.registry.credits import steps

MIGRATION = (Path(migrations.__file__).parent / "0005_numbers.sql").read_text(encoding="utf-8")
FREEING = MIGRATION.split(";")[1:-1]
"""Its statements behind the one that adds a column."""


async def test_the_same_command_again_is_carried_out_once(market: Market):
    """Orders, cancels, amendments, listings, subscriptions, cancels of everything: the answer is how it stands."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 10_000_00)
    terms = {"instrument": KILN, "price_fen": 14_00, "quantity_t": 10}
    sent: list[tuple[str, dict[str, Any], str, Any]] = []

    async def twice(who: str, path: str, **said: Any) -> Any:
        party = market.party(who)
        body = {**party.next_order(), **said}
        first = done(await market.world.post(path, body, by=party.key))
        assert first == done(await market.world.post(path, body, by=party.key)), path
        sent.append((path, body, party.key, first))
        return first

    ask = await twice("kiln", "/v1/orders", **terms, side="sell")
    await twice("kiln", f"/v1/orders/{ask['id']}/amend", price_fen=14_50, quantity_t=8)
    await twice("kiln", f"/v1/orders/{ask['id']}/cancel")
    listing = await twice("kiln", "/v1/listings", **terms)
    taken = await twice("solar", f"/v1/listings/{listing['id']}/subscribe", quantity_t=4)
    assert ("subscription", listing["id"], 4) == (taken["kind"], taken["listing_id"], taken["traded_t"])
    await twice("kiln", f"/v1/listings/{listing['id']}/close")
    bid = await twice("solar", "/v1/orders", **terms, side="buy")
    await twice("solar", "/v1/orders/cancel-all")
    for path, body, key, first in sent:
        now = done(await market.world.post(path, body, by=key))
        assert first.get("id") == now.get("id"), path
    path, body, key, _ = sent[0]
    now = done(await market.world.post(path, body, by=key))
    assert ("closed", 0, 14_50, 8) == tuple(now[each] for each in ("state", "open_t", "price_fen", "quantity_t"))
    assert "cancelled" == (await market.order_of("solar", bid["id"]))["closed_because"]
    await market.settled()
    assert (96, 0, 0, 0) == await market.tonnes("kiln")
    assert [2, 2] == [len((await market.own(who, "orders"))["items"]) for who in ("kiln", "solar")]


async def test_a_refused_command_again_is_refused_again(market: Market):
    """With the first numbers, although it could be carried out by now."""
    await market.bring("kiln", 10)
    body = {
        **market.party("kiln").next_order(),
        "instrument": KILN,
        "side": "sell",
        "price_fen": 14_00,
        "quantity_t": 11,
    }
    path, key = "/v1/orders", market.party("kiln").key
    first = refused(await market.world.post(path, body, by=key), 409, "not-enough-tonnes", "10 t are settled")
    await market.bring("kiln", 10)
    again = refused(await market.world.post(path, body, by=key), 409, "not-enough-tonnes", "10 t are settled")
    detail = (
        f"Refused when it was first sent, and not judged again: {first['detail']} To try again, send it with a new "
    )
    assert {**first, "detail": f"{detail}client_order_id."} == again
    done(await market.world.post(path, {**body, **market.party("kiln").next_order()}, by=key))
    cancel = {**market.party("kiln").next_order()}
    for _ in range(2):
        refused(await market.world.post("/v1/orders/999/cancel", cancel, by=key), 404, "not-found", "999")


async def test_a_cancel_that_came_before_its_order_says_nothing_of_it(market: Market):
    """It was refused; the order that has that number by now is open, and is not reported as closed."""
    await market.bring("kiln", 10)
    ask = await market.sells("kiln", 1, 14_00)
    early = {**market.party("kiln").next_order()}
    path, key = f"/v1/orders/{ask['id'] + 2}/cancel", market.party("kiln").key
    refused(await market.world.post(path, early, by=key), 404, "not-found")
    assert ask["id"] + 2 == (await market.sells("kiln", 1, 14_00))["id"]
    refused(await market.world.post(path, early, by=key), 409, "not-open", "nothing open under number")


async def test_a_number_is_for_one_command(market: Market):
    """Another command with it is refused, whatever differs; the first stays as it was."""
    await market.bring("kiln", 10)
    ask = await market.sells("kiln", 1, 14_00)
    said = {"instrument": KILN, "side": "sell", "quantity_t": 1, "price_fen": 14_00, "client_order_id": 1}
    for changed in ({"price_fen": 14_05}, {"quantity_t": 2}, {"side": "buy"}, {"post_only": True}):
        answer = await market.send("kiln", "/v1/orders", **{**said, **changed})
        refused(answer, 422, "client-order-id-reused", "client_order_id 1 ", "above 1,")
    for path in (f"/v1/orders/{ask['id']}/cancel", "/v1/orders/cancel-all"):
        refused(await market.send("kiln", path, client_order_id=1), 422, "client-order-id-reused")
    assert ask == await market.order_of("kiln", ask["id"])


async def test_a_number_that_comes_too_late(market: Market):
    """One from a gap is taken if it is among the last 1,024; another names the highest, and is no command."""
    await market.bring("kiln", 10)
    await market.sells("kiln", 1, 14_00, client_order_id=3_000)
    await market.sells("kiln", 1, 14_00, client_order_id=1_977)
    problem = refused(
        await market.order("kiln", "sell", 1, 14_00, client_order_id=1_976),
        409,
        "client-order-id-stale",
        "1976 ",
        "3000",
    )
    assert (1_976, 3_000) == (problem["wanted"], problem["limit"])
    refused(await market.send("kiln", "/v1/orders/1/cancel", client_order_id=7), 409, "client-order-id-stale", "3000")
    await market.pay_in("solar", 10_000_00)
    await market.buys("solar", 1, 12_00, client_order_id=999)
    refused(await market.order("kiln", "sell", 50, 14_00, client_order_id=3_001), 409, "not-enough-tonnes")
    answer = await market.order("kiln", "sell", 50, 14_00, client_order_id=3_000)
    refused(answer, 422, "client-order-id-reused", "3000", "above 3001, the highest that was used")
    refused(await market.send("kiln", "/v1/orders/1/cancel", client_order_id=7), 409, "client-order-id-stale", "3001")


async def test_a_number_behind_the_window_is_looked_up_and_never_carried_out(market: Market):
    """The very command is answered as it stands; another one is refused, whatever became of the first."""
    await market.bring("kiln", 10)
    first = await market.sells("kiln", 1, 14_00, client_order_id=5)
    await market.sells("kiln", 1, 14_00, client_order_id=5_000)
    assert first == await market.sells("kiln", 1, 14_00, client_order_id=5)
    answer = await market.order("kiln", "sell", 2, 14_00, client_order_id=5)
    refused(answer, 422, "client-order-id-reused", "above 5000")
    assert 2 == len((await market.own("kiln", "orders"))["items"])


async def test_a_number_too_far_ahead_locks_no_account(market: Market):
    """The largest of all is refused and named with the limit, first or later; the next is taken."""
    await market.bring("kiln", 10)
    for limit in (2**53 - 2**32, 2**32 + 7):
        answer = await market.order("kiln", "sell", 1, 14_00, client_order_id=2**53 - 1)
        problem = refused(answer, 422, "client-order-id-too-far", str(2**53 - 1), f"{limit} at most")
        assert (2**53 - 1, limit) == (problem["wanted"], problem["limit"])
        await market.sells("kiln", 1, 14_00, client_order_id=7 if limit > 2**40 else limit)
    refused(await market.order("kiln", "sell", 1, 14_00, client_order_id=2**53), 400, "invalid-request")


async def test_an_account_whose_numbers_are_used_up_is_freed(market: Market):
    """What the migration does: it goes on behind its last usual number; what it sent beyond that is still known."""
    await market.bring("kiln", 10)
    await market.sells("kiln", 1, 14_00, client_order_id=41)
    account, exchange = market.party("kiln").account_id, await market.world.trade()
    await market.projected()
    used_up = "insert into exchange.request values ($1, $2, 1, sha256('an order of before'), 1, null, null, null)"
    await as_owner(market.world, used_up, account, 2**53 - 1)
    for statement in FREEING:
        await as_owner(market.world, statement)
    await exchange.teller.carried_out(await as_owner(market.world, "select max(id) from exchange.instruction"))
    assert 41 == (await market.own("kiln", "balances"))["last_client_order_id"]
    answer = await market.order("kiln", "sell", 1, 14_00, client_order_id=2**53 - 1)
    refused(answer, 422, "client-order-id-reused", "sequence 1", f"up to {2**32 + 41}")
    assert "open" == (await market.sells("kiln", 1, 14_00, client_order_id=42))["state"]
    assert 42 == (await market.own("kiln", "balances"))["last_client_order_id"]


async def test_a_cancel_needs_no_number(market: Market):
    """One order, everything, and in a batch; again it finds nothing open, and the numbers stay as they were."""
    await market.bring("kiln", 10)
    kiln = market.party("kiln")
    asks = [await market.sells("kiln", 1, 14_00) for _ in range(5)]
    used = (await market.own("kiln", "balances"))["last_client_order_id"]
    mine = {"account_id": kiln.account_id}
    path = f"/v1/orders/{asks[0]['id']}/cancel"
    assert "cancelled" == done(await market.world.post(path, mine, by=kiln.key))["closed_because"]
    refused(await market.world.post(path, mine, by=kiln.key), 409, "not-open", "closed (cancelled)")
    batch = {**mine, "commands": [{"do": "cancel", "order_id": asks[1]["id"]}] * 2}
    first, again = done(await market.world.post("/v1/orders/batch", batch, by=kiln.key))["answers"]
    assert (None, "closed", None) == (first["client_order_id"], first["order"]["state"], first["refusal"])
    assert (None, None) == (again["client_order_id"], again["order"])
    assert "not-open" in again["refusal"]["type"]
    for closed in (3, 0):
        answer = done(await market.world.post("/v1/orders/cancel-all", mine, by=kiln.key))
        assert {**mine, "client_order_id": None, "cancelled": closed} == answer
    assert used == (await market.own("kiln", "balances"))["last_client_order_id"]


async def test_a_command_refused_at_the_door_keeps_its_number(market: Market):
    """An account that is unknown here, and what is wrong in itself, use up no number."""
    body = {
        **market.party("solar").next_order(),
        "instrument": KILN,
        "side": "buy",
        "price_fen": 14_00,
        "quantity_t": 1,
    }
    key = market.party("solar").key
    refused(await market.world.post("/v1/orders", body, by=key), 409, "nothing-deposited")
    refused(await market.world.post("/v1/orders", {**body, "quantity_t": 0}, by=key), 400, "invalid-request")
    await market.pay_in("solar", 14_00)
    assert "open" == done(await market.world.post("/v1/orders", body, by=key))["state"]


async def test_an_answer_that_was_lost_is_there_under_a_freeze(market: Market):
    """Who sends an order again that was taken before the freeze learns that it was, and what became of it."""
    await market.bring("kiln", 10)
    body = {
        **market.party("kiln").next_order(),
        "instrument": KILN,
        "side": "sell",
        "price_fen": 14_00,
        "quantity_t": 1,
    }
    key = market.party("kiln").key
    ask = done(await market.world.post("/v1/orders", body, by=key))
    await steps.freeze(market.world, "account", market.party("kiln").account_id)
    await market.follow_freezes()
    again = done(await market.world.post("/v1/orders", body, by=key))
    assert (ask["id"], "closed", "frozen") == (again["id"], again["state"], again["closed_because"])


async def test_the_same_command_from_many_hands_at_once(market: Market):
    """An impatient client sends it five times over: one order, five equal answers; so with a batch."""
    await market.bring("kiln", 100)
    kiln = market.party("kiln")
    terms = {"instrument": KILN, "side": "sell", "price_fen": 14_00, "quantity_t": 10}
    order = {**kiln.next_order(), **terms}
    commands = [{"do": "place", **terms, "client_order_id": number} for number in (10, 11)]
    batch = {"account_id": kiln.account_id, "commands": commands}
    for path, body in (("/v1/orders", order), ("/v1/orders/batch", batch)):
        answers = await asyncio.gather(*(market.world.post(path, body, by=kiln.key) for _ in range(5)))
        first = done(answers[0])
        assert [first] * 5 == [done(each) for each in answers]
    assert ([], [(14_00, 30, 3)]) == await market.levels()
    assert (70, 30, 0, 0) == await market.tonnes("kiln")
