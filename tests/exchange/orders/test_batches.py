"""Batches: up to a thousand commands of one account, in order, each taken or refused for itself."""

from typing import Any
from unittest import mock

import pytest

from exchange.projections import store as projections
from schemas.orders import BATCH_LIMIT
from tests.exchange.marketplace import FOREST, KILN, Market, done
from tests.probes import refused, unchanged
from tests.registry.credits import steps


def place(number: int, side: str, tonnes: int, price: int, **said: Any) -> dict[str, Any]:
    """One order of a batch."""
    return {
        "do": "place",
        "client_order_id": number,
        "instrument": KILN,
        "side": side,
        "quantity_t": tonnes,
        "price_fen": price,
        **said,
    }


async def batch(market: Market, who: str, *commands: dict[str, Any]) -> Any:
    """Send a batch; the raw answer."""
    party = market.party(who)
    body = {"account_id": party.account_id, "commands": commands}
    return await market.world.post("/v1/orders/batch", body, by=party.key)


def slugs(answers: Any) -> list[str | None]:
    """Why each command was refused, or nothing."""
    return [each["refusal"] and each["refusal"]["type"].rpartition(":")[2] for each in answers["answers"]]


def forget_repetition(answers: Any) -> None:
    """Leave of a refusal that was repeated what it said the first time."""
    repeated = "Refused when it was first sent, and not judged again: "
    for each in answers["answers"]:
        if each["refusal"] and each["refusal"]["detail"].startswith(repeated):
            each["refusal"]["detail"] = each["refusal"]["detail"].removeprefix(repeated).partition(" To try again")[0]


async def test_each_command_is_taken_or_refused_for_itself(market: Market):
    """In their order: what one locks the next one lacks, what one places the next one cancels. Again, the same."""
    await market.bring("kiln", 30)
    ask = await market.sells("kiln", 10, 14_00, client_order_id=2_010)
    commands = (
        place(2_011, "sell", 15, 15_00),
        place(2_012, "sell", 10, 15_00),
        {"do": "cancel", "client_order_id": 2_013, "order_id": ask["id"]},
        place(2_014, "sell", 10, 15_05),
        {"do": "amend", "client_order_id": 2_015, "order_id": 999, "price_fen": 14_00, "quantity_t": 1},
        place(2_015, "sell", 1, 14_00),
        place(2_012, "sell", 10, 15_00),
        place(9, "sell", 1, 14_00),
        {"do": "cancel", "client_order_id": 2_016, "order_id": ask["id"]},
        place(2_017, "sell", 1, 20_05),
        place(2_018, "sell", 1, 14_01),
        place(2_019, "sell", 5, 14_00, instrument=FOREST),
        place(2_020, "sell", 1, 14_00, instrument="SC-CDCER-0009-2024"),
    )
    answers = done(await batch(market, "kiln", *commands))
    expected = [
        None,
        "not-enough-tonnes",
        None,
        None,
        "not-found",
        "client-order-id-reused",
        "not-enough-tonnes",
        "client-order-id-stale",
        "not-open",
        "price-outside-band",
        "price-off-tick",
        "price-outside-band",
        "not-found",
    ]
    assert expected == slugs(answers)
    assert [each["client_order_id"] for each in commands] == [each["client_order_id"] for each in answers["answers"]]
    orders = [each["order"] for each in answers["answers"]]
    assert [("open", 15), ("closed", 10), ("open", 10)] == [
        (each["state"], each["quantity_t"]) for each in orders if each
    ]
    assert all((each["order"] is None) != (each["refusal"] is None) for each in answers["answers"])
    short = answers["answers"][1]["refusal"]
    assert {"type", "title", "status", "detail", "wanted", "limit"} == short.keys()
    assert (409, 10, 5) == (short["status"], short["wanted"], short["limit"])
    assert "5 t are settled" in short["detail"]
    assert {"type", "title", "status", "detail"} == answers["answers"][4]["refusal"].keys()
    assert "There is no instrument SC-CDCER-0009-2024" in answers["answers"][12]["refusal"]["detail"]
    gone = f"Order {ask['id']} is closed (cancelled): 0 of 10 t were traded, and nothing of it is open."
    assert gone == answers["answers"][8]["refusal"]["detail"]
    again = done(await batch(market, "kiln", *commands))
    for number, word in ((7, "after {} was used"), (5, "above {}, the highest")):  # these two name it
        late = [each["answers"].pop(number)["refusal"]["detail"] for each in (answers, again)]
        assert [True, True] == [word.format(last) in each for last, each in zip((2_015, 2_020), late, strict=True)], (
            late
        )
    for each in (answers, again):  # one of them was sent twice in the batch itself
        forget_repetition(each)
    assert answers == again
    assert ([], [(15_00, 15, 1), (15_05, 10, 1)]) == await market.levels()


async def test_a_thousand_commands_and_none_between(market: Market):
    """They are journalled in their order, as one; sent again they are answered again, and nothing is placed twice."""
    await market.bring("kiln", BATCH_LIMIT)
    commands = [place(number, "sell", 1, 10_00 + 5 * (number % 100)) for number in range(1, BATCH_LIMIT + 1)]
    answers = done(await batch(market, "kiln", *commands))
    numbers = [each["order"]["id"] for each in answers["answers"]]
    assert list(range(numbers[0], numbers[0] + BATCH_LIMIT)) == numbers
    assert answers == done(await batch(market, "kiln", *commands))
    assert (0, BATCH_LIMIT, 0, 0) == await market.tonnes("kiln")
    _, asks = await market.levels()
    assert [(10_00 + 5 * each, 10, 10) for each in range(50)] == asks
    cancels = [{"do": "cancel", "client_order_id": 2_000 + each, "order_id": each} for each in numbers]
    gone = done(await batch(market, "kiln", *cancels))
    assert {("closed", "cancelled")} == {
        (o["state"], o["closed_because"]) for o in (e["order"] for e in gone["answers"])
    }
    assert ([], []) == await market.levels()


async def test_a_batch_sent_again_asks_the_database_once(market: Market, monkeypatch: pytest.MonkeyPatch):
    """What a thousand commands came to before is one query, however many they are."""
    await market.bring("kiln", 200)
    commands = [place(number, "sell", 1, 14_00) for number in range(1, 201)]
    first = done(await batch(market, "kiln", *commands))
    asked = mock.AsyncMock(side_effect=projections.requests)
    monkeypatch.setattr(projections, "requests", asked)
    assert first == done(await batch(market, "kiln", *commands))
    assert 1 == asked.await_count


async def test_a_batch_that_is_none(market: Market):
    """Empty, too long, too large, with an unknown verb or an invalid number: nothing of it is carried out."""
    await market.bring("kiln", 10)
    too_many = [place(number, "sell", 1, 14_00) for number in range(1, BATCH_LIMIT + 2)]
    good = place(1, "sell", 1, 14_00)
    async with unchanged(market.world):
        refused(await batch(market, "kiln"), 400, "invalid-request", "commands")
        refused(await batch(market, "kiln", *too_many), 400, "invalid-request", "commands", BATCH_LIMIT)
        for wrong, named in (
            ({**good, "do": "take"}, "take"),
            ({**good, "quantity_t": 2**63}, "quantity_t"),
            ({**good, "quantity_t": 1.5}, "quantity_t"),
            ({**good, "account_id": 1}, "account_id"),
            ({k: v for k, v in good.items() if k != "do"}, "do"),
            ({**good, "post_only": True, "time_in_force": "IOC"}, "post_only"),
        ):
            refused(await batch(market, "kiln", good, wrong), 400, "invalid-request", named)
        huge = {**good, "instrument": "x" * 1_100_000}
        refused(await batch(market, "kiln", huge), 413, "too-large")
    assert [] == (await market.own("kiln", "orders"))["items"]
    assert ["nothing-deposited"] == slugs(done(await batch(market, "car", good)))
    assert [None] == slugs(done(await batch(market, "kiln", good)))


async def test_a_frozen_account_may_cancel_in_a_batch(market: Market):
    """Cancels alone are carried out; with an order among them the whole is refused, unless it was sent before."""
    await market.bring("kiln", 20)
    commands = [place(1, "sell", 5, 14_00), place(2, "sell", 5, 14_00)]
    before = done(await batch(market, "kiln", *commands))
    with market.nobody_follows_freezes():
        await steps.freeze(market.world, "account", market.party("kiln").account_id)
        cancel = {"do": "cancel", "client_order_id": 3, "order_id": before["answers"][0]["order"]["id"]}
        assert before == done(await batch(market, "kiln", *commands))
        refused(await batch(market, "kiln", cancel, place(4, "sell", 1, 14_00)), 409, "frozen")
        refused(await batch(market, "kiln", place(4, "sell", 1, 14_00), *commands), 409, "frozen")
        gone = done(await batch(market, "kiln", cancel))
        assert "cancelled" == gone["answers"][0]["order"]["closed_because"]
    await market.follow_freezes()
    assert ([], []) == await market.levels()
    assert (20, 0, 0, 0) == await market.tonnes("kiln")
