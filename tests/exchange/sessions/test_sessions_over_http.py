"""Sessions over HTTP: a day by its timetable, a book moved by hand, orders that end, closing prices."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from exchange.engine.modes.sessions.messages import SetPhase
from exchange.engine.session import CLOSED, CLOSING_CALL, CONTINUOUS, OPENING_CALL, PRE_OPEN
from exchange.instructions import service as instructions
from exchange.sessions.rules import Timed, due, indication
from exchange.sessions.service import follow_timetables
from schemas.sessions import Indication
from tests.database import connected
from tests.exchange.marketplace import KILN, Market, until
from tests.probes import refused

SESSION = f"/v1/instruments/{KILN}/session"
DAY = {"pre_open": "09:00", "opening_call": "09:15", "continuous": "09:30", "closing_call": "14:50", "closed": "15:00"}
WHY = {"reason": "test"}


async def instruct(market: Market, what: str, by: str = "exchange", **said: Any) -> Any:
    """Set a phase, rules or a timetable."""
    key = market.world.regulators[0] if by == "regulator" else market.world.party(by).key
    return await market.world.ok(f"{SESSION}/{what}", WHY | said, by=key)


async def at(market: Market, moment: str, phase: str) -> dict[str, Any]:
    """Move business time, and wait until the calendar has moved the book."""
    await market.world.ok("/v1/clock", {"at": moment}, by=market.world.regulators[0])
    found: dict[str, Any] = {}

    async def is_so() -> bool:
        found.update(await market.read(SESSION))
        return bool(found["phase"] == phase)

    await until(is_so, f"the book is in {phase}")
    return found


async def test_a_day_by_its_timetable(market: Market):
    """
    Collected, indicated, uncrossed at one price, traded, closed; then the day's orders are over.

    Bids of 30 t at 14.00 and 20 t at 13.50, an ask of 40 t at 13.00: 40 t up to 13.50, with 10 t too many wanted. At
    13.55 to 14.00 only 30 t trade, so 13.50 is the highest of the best; nearest the reference of 13.90.
    """
    await market.bring("kiln", 100)
    await market.pay_in("solar", 2_000_00)
    solar = market.party("solar").key
    rules = await instruct(market, "rules", "regulator", reference_fen=13_90, band_bps=2_000)
    assert (13_90, 2_000, None, None) == tuple(
        rules[name] for name in ("reference_fen", "band_bps", "since", "indication")
    )
    # 20 % around 13.90 in steps of 0.05: 11.12 to 16.68.
    bounds = await market.read(f"/v1/instruments/{KILN}")
    assert (11_15, 16_65) == (bounds["low_fen"], bounds["high_fen"])
    assert DAY["closed"] == (await instruct(market, "timetable", **DAY))["timetable"]["closed"]
    await at(market, "2025-01-08T00:59:00Z", "closed")
    refused(await market.order("solar", "buy", 1, 13_90), 409, "instrument-closed")
    await at(market, "2025-01-08T01:00:00Z", "pre-open")
    first = await market.buys("solar", 30, 14_00, time_in_force="DAY")
    await market.buys("solar", 20, 13_50, time_in_force="DAY")
    await market.sells("kiln", 40, 13_00)
    refused(await market.order("solar", "buy", 1, 13_90, time_in_force="IOC"), 409, "not-collected")
    called = await at(market, "2025-01-08T01:15:00Z", "opening-call")
    assert {"price_fen": 13_50, "quantity_t": 40, "surplus_t": 10} == called["indication"]
    assert "2025-01-08T01:15:00Z" == called["since"]
    await at(market, "2025-01-08T01:30:00Z", "continuous")
    trades = (await market.read(f"/v1/instruments/{KILN}/trades"))["items"]
    assert [(13_50, 30), (13_50, 10)] == [(each["price_fen"], each["quantity_t"]) for each in trades]
    assert "filled" == (await market.read(f"/v1/orders/{first['id']}", solar))["state"]
    await at(market, "2025-01-08T07:00:00Z", "closed")
    _, closing = (await market.read(f"/v1/instruments/{KILN}/closing-prices"))["items"]
    assert (13_50, "average", 40, 54_000) == tuple(
        closing[name] for name in ("price_fen", "rule", "quantity_t", "amount_fen")
    )
    orders = (await market.read(f"/v1/accounts/{market.party('solar').account_id}/orders", solar))["items"]
    assert [("filled", None), ("closed", "day-over")] == [(each["state"], each["closed_because"]) for each in orders]


async def test_an_order_until_a_moment_is_closed_then(market: Market):
    """By the calendar, and it shows until when; one that is over already is refused."""
    await market.pay_in("solar", 2_000_00)
    solar = market.party("solar").key
    good = {"time_in_force": "GTD", "until": "2025-01-09T00:00:00Z"}
    made = await market.buys("solar", 10, 13_00, **good)
    assert ("GTD", "2025-01-09T00:00:00Z", "open") == (made["time_in_force"], made["until"], made["state"])
    stored = await market.read(f"/v1/orders/{made['id']}", solar)
    assert made == stored
    past = good | {"until": "2020-01-01T00:00:00Z"}
    refused(await market.order("solar", "buy", 10, 13_00, **past), 422, "until-passed")
    refused(await market.order("solar", "buy", 10, 13_00, time_in_force="DAY"), 409, "never-closed")
    refused(await market.order("solar", "buy", 10, 13_00, time_in_force="GTD"), 400, "invalid-request")
    await market.world.ok("/v1/clock", {"at": "2025-01-09T00:00:00Z"}, by=market.world.regulators[0])

    async def is_closed() -> bool:
        return bool("expired" == (await market.read(f"/v1/orders/{made['id']}", solar))["closed_because"])

    await until(is_closed, "the order is closed")


async def test_the_operator_moves_a_book_by_hand(market: Market):
    """Each phase once; the regulator alone moves the band."""
    assert "closed" == (await instruct(market, "phase", phase="closed"))["phase"]
    key = market.world.party("exchange").key
    again = await market.world.post(f"{SESSION}/phase", WHY | {"phase": "closed"}, by=key)
    refused(again, 409, "same-phase")
    rules = await market.world.post(f"{SESSION}/rules", WHY | {"reference_fen": 13_90}, by=key)
    refused(rules, 403, "denied")
    wrong = WHY | DAY | {"closed": "09:30"}
    assert 400 == (await market.world.post(f"{SESSION}/timetable", wrong, by=key)).status_code
    assert "continuous" == (await instruct(market, "phase", phase="continuous"))["phase"]


def test_an_indication_is_worked_out_from_what_rests():
    """As the engine does: 10 t at any price between, and the reference is one of them."""
    assert Indication(price_fen=210, quantity_t=10, surplus_t=-5) == indication(
        [("buy", 220, 10), ("sell", 200, 15), ("sell", 230, 9)], 10, 210
    )
    assert Indication(price_fen=None, quantity_t=0, surplus_t=0) == indication([("buy", 200, 10)], 10, 0)


TIMES = tuple(
    zip(
        (PRE_OPEN, OPENING_CALL, CONTINUOUS, CLOSING_CALL, CLOSED),
        (time(9), time(9, 15), time(9, 30), time(14, 50), time(15)),
        strict=True,
    )
)


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of January 2025, of which 8 and 9 are working days and the 11th a Saturday."""
    return datetime(2025, 1, day, hour - 8, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("phase", "since", "now", "expected"),
    [
        (CONTINUOUS, None, shanghai(8, 9, 20), [OPENING_CALL]),  # a new timetable: the phase of the moment
        (CONTINUOUS, None, shanghai(8, 8, 30), [CLOSED]),
        (CONTINUOUS, None, shanghai(8, 10), []),
        (PRE_OPEN, shanghai(8, 9), shanghai(8, 9, 14), []),
        (PRE_OPEN, shanghai(8, 9), shanghai(8, 9, 15), [OPENING_CALL]),
        # A clock that jumps skips no phase: the day is closed, and the next one begins.
        (
            CONTINUOUS,
            shanghai(8, 9, 30),
            shanghai(9, 9, 31),
            [CLOSING_CALL, CLOSED, PRE_OPEN, OPENING_CALL, CONTINUOUS],
        ),
        # Moved by hand at 10:00, it stays until the timetable goes on at 14:50.
        (PRE_OPEN, shanghai(8, 10), shanghai(8, 14, 49), []),
        (PRE_OPEN, shanghai(8, 10), shanghai(8, 14, 50), [CLOSING_CALL]),
        (CLOSED, shanghai(10, 15), shanghai(11, 12), []),  # a Saturday
        (CLOSED, shanghai(10, 15), shanghai(13, 9), [PRE_OPEN]),
    ],
)
def test_what_is_due_by_a_timetable(phase, since, now, expected):
    """Each at its own moment, on working days."""
    timed = Timed(7, phase, since, halted=False, every_day=False, begins=TIMES)
    commands = list(due(timed, now, lambda day: day.weekday() < 5))
    assert expected == [each.phase for each in commands]
    assert [each.at for each in commands] == sorted(each.at for each in commands)


def test_continuous_trading_waits_for_a_halt_to_end():
    """Everything else is gone through."""
    timed = Timed(7, OPENING_CALL, shanghai(8, 9, 15), halted=True, every_day=False, begins=TIMES)
    assert [] == list(due(timed, shanghai(8, 9, 40), lambda _: True))
    assert [CLOSING_CALL] == [each.phase for each in due(timed, shanghai(8, 14, 55), lambda _: True)]


async def test_the_calendar_does_not_undo_what_is_set_by_hand_meanwhile(market: Market):
    """At 09:20 a call is due, and the operator closes the book: whichever comes first, it stays closed."""
    await instruct(market, "timetable", **DAY)
    await at(market, "2025-01-07T01:00:00Z", "pre-open")
    exchange = await market.world.trade()
    by_hand = SetPhase(0, (await exchange.instruments.by_code(KILN)).id, CLOSED, 1_736_212_800)
    async with connected(market.world.dsn) as watching, connected(market.world.dsn) as operator:
        async with operator.transaction():
            number = await instructions.store_in(operator, by_hand, by=None)
            await market.world.ok("/v1/clock", {"at": "2025-01-07T01:20:00Z"}, by=market.world.regulators[0])

            async def waits() -> bool:
                asked = "select count(*) from pg_stat_activity where wait_event = 'advisory'"
                return bool(await watching.fetchval(asked))

            await until(waits, "the calendar waits for its turn")
        await exchange.teller.carried_out(number)
        assert 0 == await follow_timetables(exchange=exchange)
        later = "select count(*) from exchange.instruction where id > $1"
        assert 0 == await watching.fetchval(later, number), "of the calendar"
    assert "closed" == (await market.read(SESSION))["phase"]
