"""
SIGKILL of the real service in the phases of a book, in a basket, and with order sessions open.

Orders are on their way at each kill and sent again until they are answered; the calendar, the settlement and the
registry are stopped in the middle of theirs. Afterwards what was traded is settled once, kilograms and money add up,
the orders are those that were acknowledged, and the journal replayed from its first row gives what the engine has.
With KILNWOOD_LONG the service is killed twice as often, and the ten seconds of a session left behind are waited for.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from exchange.engine.events import Cause, Reduced
from exchange.engine.modes.sessions.messages import ClosingPriceSet, PhaseChanged, Uncrossed
from exchange.engine.session import CLOSED, CONTINUOUS, OPENING_CALL, PRE_OPEN
from tests.faults.killing import until
from tests.faults.leaving_client import opened, placed
from tests.faults.market_to_kill import MarketToKill, client, happened, talking

JOURNAL = "exchange.head in share mode"
DAY = {"pre_open": "09:00", "opening_call": "09:15", "continuous": "09:30", "closing_call": "14:50", "closed": "15:00"}
BASKET = "BASKET-KILLED"
OFTEN = bool(os.environ.get("KILNWOOD_LONG"))


@pytest.fixture
async def market(to_kill: MarketToKill) -> AsyncIterator[MarketToKill]:
    """The region, with a client of this test's own. Each test brings its tonnes and money, and looks at differences."""
    async with client(to_kill.region) as http:
        with talking(to_kill, http):
            yield to_kill


async def events_of(market: MarketToKill, *kinds: type) -> list[Any]:
    """What the journal has of some kinds of events."""
    owner = await asyncpg.connect(market.dsn)
    try:
        return [each for each in await happened(owner) if isinstance(each, kinds)]
    finally:
        await owner.close()


async def test_killed_in_every_phase_of_a_day(market: MarketToKill):
    """
    Pre-open, call, continuous, closed: each phase begins once, what the calls collect trades once and at one price.

    60 t are bid for at 14.00 and offered at 13.00 before the call, in any order of arrival: all of them trade, at the
    reference of 13.90. Then 30 t meet at 15.00 in continuous trading.
    """
    season = market.season
    code = season.instruments["kiln"]
    session = f"/v1/instruments/{code}/session"
    await market.bring("car", "kiln", 200)
    await market.pay_in("solar", 3_000_00)
    tonnes, paid, left = await market.balance("solar", code), await market.balance("car"), await market.balance("solar")
    rules = {"reference_fen": 13_90, "band_bps": 2_000, "reason": "test"}
    await season.api.post(f"{session}/rules", rules, by=season.regulators[0])
    operator = market.party("exchange").key
    await season.api.post(f"{session}/timetable", {**DAY, "reason": "test"}, by=operator)
    await market.killed_at(JOURNAL, lambda: season.set_clock("2025-01-08T01:00:00Z"), kill=OFTEN)
    await market.in_phase(session, "pre-open")

    bids = market.orders("solar", "buy", (10,) * 5, 14_00, code)
    asks = market.orders("car", "sell", (5,) * 10, 13_00, code)
    low = market.orders("solar", "buy", (7,), 12_00, code, time_in_force="DAY")
    await market.under_fire([*bids, *asks, *low], after=5)
    await season.set_clock("2025-01-08T01:15:00Z")
    await market.in_phase(session, "opening-call")
    assert (50, 0) == (await indicated(market, session))[1:]
    late = [*market.orders("solar", "buy", (10,), 14_00, code), *market.orders("car", "sell", (5, 5), 13_00, code)]
    await market.under_fire(late, after=1, kill=OFTEN)
    assert (13_90, 60, 0) == await indicated(market, session)
    assert {"bids": [(14_00, 60), (12_00, 7)], "asks": [(13_00, 60)]} == await market.levels(code)

    # The commit that uncrosses is held back, and never comes; the next start's calendar gives it again.
    await market.killed_at(JOURNAL, lambda: season.set_clock("2025-01-08T01:30:00Z"))
    await market.in_phase(session, "continuous")
    meeting = [
        *market.orders("car", "sell", (10, 10, 10), 15_00, code),
        *market.orders("solar", "buy", (6,) * 5, 15_00, code),
    ]
    await market.under_fire(meeting, after=3)
    await season.set_clock("2025-01-08T07:00:00Z")
    if OFTEN:
        await market.killed()
    await market.in_phase(session, "closed")
    await market.check()

    price = 60 * 13_90 + 30 * 15_00
    assert tonnes + 90 == await market.balance("solar", code)
    assert (paid + price, left - price) == (await market.balance("car"), await market.balance("solar"))
    number = await market.number_of(code)
    changes = [e for e in await events_of(market, PhaseChanged, Uncrossed, ClosingPriceSet) if e.instrument == number]
    phases = [each.phase for each in changes if isinstance(each, PhaseChanged)]
    assert [PRE_OPEN, OPENING_CALL, CONTINUOUS, CLOSED] == [each for each in phases if each in _DAY]
    assert [(13_90, 60)] == [(e.price, e.quantity) for e in changes if isinstance(e, Uncrossed) and e.quantity]
    assert 1 == len([each for each in changes if isinstance(each, ClosingPriceSet)])


_DAY = (PRE_OPEN, OPENING_CALL, CONTINUOUS, CLOSED)


async def indicated(market: MarketToKill, session: str) -> tuple[int, int, int]:
    """What a call would come to now."""
    found = (await market.season.api.get(session))["indication"]
    return found["price_fen"], found["quantity_t"], found["surplus_t"]


async def test_killed_while_a_basket_is_delivered_and_retired(market: MarketToKill):
    """
    Orders, deliveries of two assets, a withdrawal and a retirement are on their way: each is carried out, once.

    The bank buys 60 t of what two sellers offer; then it withdraws, retires and sells on at the same time.
    """
    season, bank = market.season, market.party("bank")
    kiln, forest = season.instruments["kiln"], season.instruments["forest"]
    await open_basket(market)
    await market.bring("solar", "kiln", 40)
    await market.bring("forest", "forest", 40)
    await market.pay_in("bank", 9_000_00)
    await market.pay_in("car", 9_000_00)
    before = await home(market)
    sells = [each for who in ("solar", "forest") for each in market.orders(who, "sell", (15, 15), 35_00, BASKET)]
    buys = market.orders("bank", "buy", (12,) * 5, 35_00, BASKET)
    await market.under_fire([*sells, *buys], after=4, kill=OFTEN)
    bought = await home(market)
    assert [30, 30] == [bought["bank", each] - before["bank", each] for each in (kiln, forest)]
    assert {"bids": [], "asks": []} == await market.levels(BASKET)

    claim = await contribution(market)
    await withdraw(market, kiln, 10)  # so that there is something to retire
    claimed = {"account_id": bank.account_id, "claim_id": claim, "quantity_kg": 7_000, "reason": "test"}
    await market.under_fire(
        [
            lambda: withdraw(market, forest, 5),
            lambda: season.api.post("/v1/retirements", claimed, by=bank.key),
            *market.orders("bank", "sell", (10, 10), 35_00, BASKET),
            *market.orders("car", "buy", (4,) * 5, 35_00, BASKET),
        ],
        after=2,
    )
    # A delivery is stored, and the service dies before the registry has moved its kilograms.
    await market.killed_at(
        "registry.movement in share mode",
        lambda: asyncio.gather(*(each() for each in last_trade(market))),
    )
    await market.check()
    moved = Counter(await home(market))
    moved.subtract(before)
    assert 60 - 10 - 5 - 21 == moved["bank", kiln] + moved["bank", forest]
    assert 21 == moved["car", kiln] + moved["car", forest]
    assert (-60 * 35_00 + 21 * 35_00, -21 * 35_00) == (moved["bank", ""], moved["car", ""])
    assert (15_000 - 7_000, 7_000) == (moved["bank", "active"], moved["bank", "retired"])


async def home(market: MarketToKill) -> dict[tuple[str, str], int]:
    """Tonnes and money of bank and car on the exchange, and the bank's kilograms in the registry by state."""
    instruments, bank = market.season.instruments, market.party("bank")
    found = {
        (who, each): await market.balance(who, each)
        for who in ("bank", "car")
        for each in ("", instruments["kiln"], instruments["forest"])
    }
    holdings = (await market.season.api.get(f"/v1/accounts/{bank.account_id}/holdings", by=bank.key))["items"]
    for state in ("active", "retired"):
        found["bank", state] = sum(each["quantity_kg"] for each in holdings if each["state"] == state)
    return found


def last_trade(market: MarketToKill) -> list[Any]:
    """One tonne more."""
    return [*market.orders("bank", "sell", (1,), 35_00, BASKET), *market.orders("car", "buy", (1,), 35_00, BASKET)]


async def open_basket(market: MarketToKill) -> None:
    """A basket of both instruments."""
    operator = market.party("exchange")
    body = {"code": BASKET, "name": "Whatever is killed", "vintage_from": 2024, "vintage_to": 2024}
    bounds = {"low_fen": 10_00, "high_fen": 50_00, "fee_account_id": operator.account_id}
    await market.season.api.post("/v1/baskets", {**body, **bounds}, by=operator.key)


async def contribution(market: MarketToKill) -> int:
    """A claim of the bank that takes any amount."""
    bank = market.party("bank")
    window = {"begins": "2024-01-01T00:00:00Z", "ends": "2024-12-31T00:00:00Z", "boundary": "none", "exclusive": False}
    body = {"organisation_id": bank.organisation_id, "type": "contribution", "subject": "A contribution", **window}
    return int((await market.season.api.post("/v1/claims", body, by=bank.key))["id"])


async def withdraw(market: MarketToKill, instrument: str, tonnes: int) -> Any:
    """The bank takes tonnes home."""
    bank = market.party("bank")
    body = {"account_id": bank.account_id, "instrument": instrument, "quantity_t": tonnes}
    return await market.season.api.post("/v1/withdrawals/credits", body, by=bank.key)


def bid(market: MarketToKill, who: str, price: int, tonnes: int = 1) -> dict[str, Any]:
    """A bid for the forest's, for a session."""
    number = market.party(who).next_order()["client_order_id"]
    terms = {"instrument": market.season.instruments["forest"], "side": "buy", "price_fen": price}
    return {"client_order_id": number, "quantity_t": tonnes, **terms}


def noted(market: MarketToKill, who: str, found: dict[int, int]) -> list[int]:
    """Note what a session acknowledged; returns its orders."""
    account = market.party(who).account_id
    market.acknowledged |= {(account, int(number)): order for number, order in found.items()}
    market.sent |= market.acknowledged.keys()
    return sorted(found.values())


async def closed_by_cancel(market: MarketToKill) -> list[int]:
    """Orders that were closed by a cancel, as often as they were."""
    reduced = await events_of(market, Reduced)
    return sorted(each.order for each in reduced if each.cause == Cause.OWNER)


async def test_a_killed_service_cancels_what_its_sessions_left(market: MarketToKill):
    """
    All that the account placed in the book since the session was opened, once; nothing else of it, and of nobody else.

    What rested before stays, and so do orders of an account whose session did not ask for it. Ten seconds without the
    process have to pass; they are put into the table, and waited for with KILNWOOD_LONG.
    """
    code = market.season.instruments["forest"]
    await market.pay_in("scenic", 1_000_00)
    await market.pay_in("solar", 1_000_00)
    scenic, solar = market.party("scenic"), market.party("solar")
    before = await market.order("scenic", "buy", 1, 30_10, instrument=code)
    closed_before = await closed_by_cancel(market)
    careful = await opened(market.port, scenic.key, scenic.account_id, cancel=True)
    careless = await opened(market.port, solar.key, solar.account_id, cancel=False)
    left = noted(market, "scenic", await placed(careful, [bid(market, "scenic", price) for price in (30_20, 30_30)]))
    left.append((await market.order("scenic", "buy", 1, 30_40, instrument=code))["id"])
    kept = noted(market, "solar", await placed(careless, [bid(market, "solar", 30_50)]))
    assert [30_50, 30_40, 30_30, 30_20, 30_10] == [price for price, _ in (await market.levels(code))["bids"]]
    market.region.service.kill()
    await asyncio.gather(careful.close(), careless.close())
    await unseen(market)
    await asyncio.to_thread(market.region.start_service)

    async def alone() -> bool:
        return [30_50, 30_10] == [price for price, _ in (await market.levels(code))["bids"]]

    await until(alone, "what was left behind is cancelled")
    if OFTEN:
        await market.killed()  # and not once more
    await until(lambda: no_sessions(market), "the session is forgotten")
    assert sorted((*closed_before, *left)) == await closed_by_cancel(market)
    for order, state in ((before["id"], "open"), *((each, "closed") for each in left)):
        assert state == (await market.season.api.get(f"/v1/orders/{order}", by=scenic.key))["state"]
    await cancel(market, "scenic", before["id"])
    await cancel(market, "solar", *kept)
    await market.check()


async def unseen(market: MarketToKill) -> None:
    """The killed process was last seen ten seconds earlier than it was."""
    if OFTEN:
        return
    owner = await asyncpg.connect(market.dsn)
    try:
        await owner.execute("update exchange.order_session set seen_at = seen_at - interval '10 s'")
    finally:
        await owner.close()


async def no_sessions(market: MarketToKill) -> bool:
    """Whether no session is stored that would be cancelled for."""
    owner = await asyncpg.connect(market.dsn)
    try:
        return not await owner.fetchval("select exists (select from exchange.order_session)")
    finally:
        await owner.close()


async def cancel(market: MarketToKill, who: str, *orders: int) -> None:
    """Take orders back."""
    party = market.party(who)
    for each in orders:
        await market.season.api.post(f"/v1/orders/{each}/cancel", {"account_id": party.account_id}, by=party.key)


async def test_a_killed_client_leaves_nothing_of_its_session(market: MarketToKill):
    """The service goes on and cancels exactly what was placed on that connection; the rest of the account stays."""
    code, scenic = market.season.instruments["forest"], market.party("scenic")
    await market.pay_in("scenic", 1_000_00)
    closed_before = await closed_by_cancel(market)
    command = [
        sys.executable,
        "-m",
        "tests.faults.leaving_client",
        str(market.port),
        scenic.key,
        str(scenic.account_id),
    ]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: ASYNC220 - it is heard in a thread
    try:
        orders = [bid(market, "scenic", price) for price in (30_20, 30_30)]
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(json.dumps(orders).encode())
        client.stdin.close()
        left = noted(market, "scenic", json.loads(await asyncio.to_thread(client.stdout.readline)))
        own = await market.order("scenic", "buy", 1, 30_40, instrument=code)
        assert [30_40, 30_30, 30_20] == [price for price, _ in (await market.levels(code))["bids"]]
    finally:
        client.kill()
        client.wait()
        client.stdout.close()  # type: ignore[union-attr]  # it is a pipe

    async def alone() -> bool:
        return [(30_40, 1)] == (await market.levels(code))["bids"]

    await until(alone, "what the client left is cancelled")
    await until(lambda: no_sessions(market), "the session is forgotten")
    assert sorted((*closed_before, *left)) == await closed_by_cancel(market)
    await cancel(market, "scenic", own["id"])
    await market.check()
