"""The WebSocket order session: what it takes, answers, refuses and leaves behind."""

import asyncio
from pathlib import Path
from typing import Any, Self
from unittest import mock

import pytest

from deploy.processes.engine import TABLES
from exchange.journal.forwarding import GatewayElsewhere, GatewayServer, Progress
from exchange.journal.recovery import Elsewhere
from exchange.orders.session import left_behind, rules, service
from exchange.orders.session.placed import PlacedHere
from exchange.projections.projector import Projector
from tests.exchange.marketplace import KILN, Market, until
from tests.exchange.sockets import JSON, MSGPACK, Socket
from tests.registry.credits import steps

PATH = "/v1/orders/session"


def place(number: int, side: str = "buy", tonnes: int = 1, price: int = 11_00, **said: Any) -> dict[str, Any]:
    """One order of a session."""
    terms = {"instrument": KILN, "side": side, "quantity_t": tonnes, "price_fen": price}
    return {"do": "place", "client_order_id": number, **terms, **said}


class Session(Socket):
    """A socket whose first message opens a session of one party."""

    def __init__(self, market: Market, who: str = "solar", **said: Any) -> None:
        headers = said.pop("headers", None)
        super().__init__(market.world, PATH, protocols=said.pop("protocols", (JSON,)), headers=headers)
        party = market.party(who)
        self.opening = {"do": "open", "account_id": party.account_id, "key": party.key, **said}

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.say(self.opening)
        return self

    async def opened(self) -> Any:
        """What the exchange says to the opening message."""
        found = await self.hear()
        assert "opened" == found["is"], found
        return found

    async def answers(self, wanted: int) -> list[Any]:
        """So many answers, of as many messages as they come in."""
        found: list[Any] = []
        while len(found) < wanted:
            said = await self.hear()
            assert "answers" == said["is"], said
            found += said["answers"]
        return found

    async def ended(self, code: int, slug: str, *named: object) -> Any:
        """The last words and the close; whatever was still answered before is passed over."""
        said = await self.hear()
        while said is not None and said["is"] != "ended":
            said = await self.hear()
        assert said is not None
        assert said["refusal"]["type"].endswith(f":{slug}"), said
        assert [] == [each for each in named if str(each) not in said["refusal"]["detail"]], said
        assert await self.hear() is None
        assert code == self.code
        return said


def slugs(answers: list[Any]) -> list[str]:
    """What each command came to."""
    return [
        each["refusal"]["type"].rpartition(":")[2] if each["refusal"] else each["order"]["state"] for each in answers
    ]


@pytest.mark.parametrize("protocol", [JSON, MSGPACK])
async def test_commands_are_answered_in_their_order(market: Market, protocol: str):
    """Single ones and arrays, in both subprotocols: each is accepted or refused for itself, as over HTTP."""
    await market.pay_in("solar", 100_00)
    async with Session(market, protocols=(protocol,)) as session:
        opened = await session.opened()
        assert (protocol, rules.WINDOW, 0) == (session.protocol, opened["window"], opened["last_client_order_id"])
        await session.say(place(1), [place(2, tonnes=3), place(3, tonnes=1_000), {"do": "cancel", "order_id": 999_999}])
        first = await session.answers(4)
        assert ["open", "open", "not-enough-cash", "not-found"] == slugs(first)
        assert [1, 2, 3, None] == [each["client_order_id"] for each in first]
        amend = {"do": "amend", "order_id": first[1]["order"]["id"], "price_fen": 11_00, "quantity_t": 2}
        await session.say({**amend, "client_order_id": 4}, {"do": "cancel", "order_id": first[0]["order"]["id"]})
        assert ["open", "closed"] == slugs(await session.answers(2))
    assert ([(11_00, 2, 1)], []) == await market.levels()


async def test_many_messages_go_out_before_the_first_answer(market: Market):
    """Each is answered once, in order, after the journal has it; no order is carried out twice."""
    await market.pay_in("solar", 9_000_00)
    async with Session(market) as session:
        await session.opened()
        await session.say(*(place(number) for number in range(1, 301)))
        answers = await session.answers(300)
        assert list(range(1, 301)) == [each["client_order_id"] for each in answers]
        await session.say({"do": "ping"})
        assert {"is": "pong", "waiting": 0} == await session.hear()
    assert ([(11_00, 300, 300)], []) == await market.levels()


async def test_a_full_window_says_so_with_its_numbers(market: Market, monkeypatch: pytest.MonkeyPatch):
    """What does not fit is refused whole, and taken when some were answered."""
    monkeypatch.setattr(rules, "WINDOW", 5)
    await market.pay_in("solar", 100_00)
    exchange = await market.world.trade()
    held, submit = asyncio.Event(), exchange.gateway.submit_all

    async def late(commands: Any) -> Any:
        await held.wait()
        return await submit(commands)

    async with Session(market) as session:
        await session.opened()
        with mock.patch.object(exchange.gateway, "submit_all", late):
            await session.say([place(number) for number in range(1, 5)], [place(5), place(6)])
            refused = await session.hear()
            assert ("refused", 3, [5, 6]) == (refused["is"], refused["message"], refused["client_order_ids"])
            assert (6, 5) == (refused["refusal"]["wanted"], refused["refusal"]["limit"])
            assert "4 commands of this session wait" in refused["refusal"]["detail"]
            held.set()
            await session.answers(4)
        await session.say([place(5), place(6)])
        assert ["open", "open"] == slugs(await session.answers(2))


async def test_what_cannot_be_read_is_refused_and_the_session_goes_on(market: Market):
    """Not JSON, a field too many, the wrong kind of message, a second opening: nothing of it is carried out."""
    async with Session(market) as session:
        await session.opened()
        for wrong, named in (
            ("{", "cannot be read"),
            ({**place(1), "colour": "red"}, "colour"),
            ({**place(1), "quantity_t": -1}, ">= 1"),
            ([], "length >= 1"),
            (b"\x80", "text messages"),
            (session.opening, "open already"),
        ):
            await session.say(wrong)
            refused = await session.hear()
            assert "refused" == refused["is"]
            assert named in refused["refusal"]["detail"], refused
        await session.say("x" * 1_000_001)
        refused = (await session.hear())["refusal"]
        assert (1_000_001, 1_000_000) == (refused["wanted"], refused["limit"])
        await session.say({"do": "ping"})
        assert "pong" == (await session.hear())["is"]


async def test_sessions_that_do_not_open(market: Market, monkeypatch: pytest.MonkeyPatch):
    """Another first message, no key, a wrong key, two keys, somebody else's account, a role that does not trade."""
    world = market.world
    solar, kiln = market.party("solar"), market.party("kiln")
    async with Socket(world, PATH) as early:
        await early.say(place(1))
        assert "socket-misused" in (await early.hear())["refusal"]["type"]
    for said, code, slug in (
        ({"key": None}, 4401, "unauthenticated"),
        ({"key": "kw_nobody"}, 4401, "unauthenticated"),
        ({"account_id": kiln.account_id}, 4403, "not-yours"),
        ({"account_id": 999_999}, 4404, "not-found"),
        ({"key": world.regulators[0]}, 4403, "denied"),
        ({"headers": {"Authorization": f"Bearer {solar.key}"}}, 4401, "unauthenticated"),
    ):
        async with Session(market, **said) as session:
            await session.ended(code, slug)
    async with Session(market, key=None, headers={"Authorization": f"Bearer {solar.key}"}) as by_header:
        await by_header.opened()
        monkeypatch.setattr(rules, "SESSIONS", 1)
        async with Session(market) as second:
            await second.ended(4429, "too-many-sessions", "has 1 order sessions open", "may have 1")
    async with Session(market) as alone:
        await alone.opened()


async def test_other_protocols_and_other_sites(market: Market):
    """A subprotocol that nobody knows is closed with those that there are; a page of another site gets nothing."""
    async with Socket(market.world, PATH, protocols=("soap",)) as strange:
        assert await strange.hear() is None
        assert (4400, "The subprotocols are kilnwood.v1.json and kilnwood.v1.msgpack.") == (
            strange.code,
            strange.reason,
        )
    async with Socket(market.world, PATH, headers={"Origin": "https://elsewhere.test"}) as foreign:
        assert (None, 4403) == (foreign.protocol, foreign.code)
    async with Session(market, headers={"Origin": "https://registry.test"}) as own:
        await own.opened()


async def test_a_session_ends_with_its_key(market: Market, monkeypatch: pytest.MonkeyPatch):
    """A revoked key ends it though nothing is sent; orders that rest stay, for nobody asked to cancel them."""
    monkeypatch.setattr(service, "LOOK_S", 0.02)
    await market.pay_in("solar", 100_00)
    solar = market.party("solar")
    made = await market.world.ok("/v1/me/keys", {"label": "robot"}, by=solar.key)
    async with Session(market, key=made["secret"]) as session:
        await session.opened()
        await session.say(place(1))
        await session.answers(1)
        await market.world.ok(f"/v1/keys/{made['id']}/revoke", {"reason": "Lost"}, by=solar.key)
        assert 1 == (await session.ended(4401, "unauthenticated", "was revoked"))["answered_to"]
    assert ([(11_00, 1, 1)], []) == await market.levels()


async def test_a_session_ends_with_a_freeze(market: Market, monkeypatch: pytest.MonkeyPatch):
    """Of its account; none is opened while it stands."""
    monkeypatch.setattr(service, "LOOK_S", 0.02)
    async with Session(market) as session:
        await session.opened()
        placed = await steps.freeze(market.world, "account", market.party("solar").account_id)
        await session.ended(4409, "frozen")
    async with Session(market) as again:
        await again.ended(4409, "frozen")
    await steps.lift(market.world, placed["id"])


async def sessions(market: Market) -> int:
    """How many are stored that cancel on disconnect."""
    async with market.world.db.reading() as tx:
        return int(await tx.fetchval("select count(*) from exchange.order_session"))


async def test_orders_are_cancelled_when_their_session_ends(market: Market):
    """Those that were placed in it, and no others of the account."""
    await market.pay_in("solar", 100_00)
    await market.buys("solar", 1, 10_00)
    async with Session(market, cancel_on_disconnect=True) as session:
        assert (await session.opened())["cancel_on_disconnect"]
        assert 1 == await sessions(market)
        await session.say([place(10), place(11, tonnes=2), place(12, time_in_force="IOC")])
        assert ["open", "open", "closed"] == slugs(await session.answers(3))
        await session.say(place(13))
        await session.leave()  # the last one is not answered any more
        await session.say()

    async def alone() -> bool:
        return ([(10_00, 1, 1)], []) == await market.levels()

    await until(alone, "the cancels")
    assert 0 == await sessions(market)


async def test_orders_of_a_process_that_is_gone_are_cancelled(market: Market, monkeypatch: pytest.MonkeyPatch):
    """By the engine's, since the session was opened, and once; a process that comes back too late ends its session."""
    monkeypatch.setattr(service, "LOOK_S", 0.02)
    await market.pay_in("solar", 100_00)
    await market.buys("solar", 1, 10_00)
    exchange = await market.world.trade()
    async with Session(market, cancel_on_disconnect=True) as session:
        await session.opened()
        await session.say([place(10), place(11, tonnes=2)])
        await session.answers(2)
        assert 0 == await left_behind.cancel_left_behind(exchange=exchange)  # it is seen
        assert ([(11_00, 3, 2), (10_00, 1, 1)], []) == await market.levels()
        with mock.patch.object(PlacedHere, "still_here", mock.AsyncMock(return_value=True)):
            async with market.world.db.reading() as tx:
                await tx.execute("update exchange.order_session set seen_at = seen_at - interval '11 s'")
            assert 1 == await left_behind.cancel_left_behind(exchange=exchange)
        await market.projected()
        assert ([(10_00, 1, 1)], []) == await market.levels()
        assert 0 == await left_behind.cancel_left_behind(exchange=exchange)
        await session.ended(4503, "unavailable", "cut off for too long")


async def test_missed_answers_are_sent_again(market: Market):
    """What was carried out above the last number that was answered, refusals too; and nothing if nothing is asked."""
    await market.pay_in("solar", 30_00)
    async with Session(market) as session:
        await session.opened()
        await session.say(place(1), place(2), place(3, tonnes=50))
        first = await session.answers(3)
    async with Session(market, answered_to=1) as again:
        await again.opened()
        said = await again.hear()
        assert said["again"]
        assert [2, 3] == [each["client_order_id"] for each in said["answers"]]
        assert first[1]["order"] == said["answers"][0]["order"]
        assert first[2]["refusal"]["type"] == said["answers"][1]["refusal"]["type"]
        await again.say(place(2), place(4, tonnes=50))
        assert ["open", "not-enough-cash"] == slugs(await again.answers(2))
    with mock.patch.object(rules, "WINDOW", 2):
        async with Session(market, answered_to=0) as late:
            await late.ended(4422, "too-much-missed", "More than 2 commands", "above client_order_id 0")


async def test_a_silent_session_ends(market: Market, monkeypatch: pytest.MonkeyPatch):
    """Also one that never opens."""
    monkeypatch.setattr(service, "IDLE_S", 0.05)
    monkeypatch.setattr(service, "OPENED_WITHIN_S", 0.05)
    async with Session(market) as session:
        await session.opened()
        assert "idle" == (await session.ended(4408, "socket-silent", "for 0.05 s"))["because"]
    async with Socket(market.world, PATH) as mute:
        assert "idle" == (await mute.hear())["because"]


async def test_too_fast_and_too_full(market: Market):
    """A message counts as one request of the orders' rate; while the disk is nearly full only cancels are taken."""
    from registry.access.rates import Rates, policies
    from registry.kit.room import Room

    state = market.world.http._transport.app._app  # type: ignore[attr-defined]  # down to the framework's application
    while not hasattr(state, "state"):
        state = state._app
    state = state.state
    async with Session(market) as session:
        await session.opened()
        slow = Rates(policies({"orders": 1}), now_s=lambda: 0.0)
        with mock.patch.dict(state._state, {"rates": slow}):
            await session.say(*[{"do": "ping"}] * 4)
            said = [await session.hear() for _ in range(4)]
        assert ["pong", "pong", "pong", "refused"] == [each["is"] for each in said]
        assert 1 == said[3]["refusal"]["retry_after_s"]
        full = Room(("/",), reserve_bytes=1_000_000, free=lambda _: 500_000)  # type: ignore[arg-type]  # any folder
        with mock.patch.dict(state._state, {"room": full}):
            await session.say(place(1), {"do": "cancel", "order_id": 1})
            first, second = await session.hear(), await session.hear()
        assert "storage-reserve" in first["refusal"]["type"]
        assert "answers" == second["is"]


async def test_a_service_that_stops_ends_its_sessions(market: Market):
    """With the number that was answered last, so that the next session begins there."""
    await market.pay_in("solar", 100_00)
    sessions: list[service.OrderSessions] = []
    counted = service.OrderSessions.counted

    def noted(each: service.OrderSessions, key_id: int) -> Any:
        sessions.append(each)
        return counted(each, key_id)

    with mock.patch.object(service.OrderSessions, "counted", noted):
        async with Session(market) as session:
            await session.opened()
            await session.say(place(7))
            await session.answers(1)
            try:
                sessions[0].closing.set()
                said = await session.ended(1001, "unavailable", "The service stops")
                assert ("stopping", 7) == (said["because"], said["answered_to"])
            finally:
                sessions[0].closing.clear()


async def test_a_session_whose_engine_runs_in_another_process(market: Market, tmp_path: Path):
    """Over the forwarding socket: the same answers, in order; while the engine is away, a refusal that says so."""
    await market.pay_in("solar", 100_00)
    await market.projected()
    exchange = await market.world.trade()
    here, tables = exchange.gateway, exchange.projector
    server = GatewayServer(
        tmp_path / "engine.sock",
        here,
        look=lambda: None,
        progress=lambda: Progress(tables.committed, tables.projected, writing=True, trouble=""),
    )
    await server.start()
    there = Projector(exchange.db, TABLES)
    elsewhere = GatewayElsewhere(
        tmp_path / "engine.sock",
        lambda seen: there.publish(Elsewhere(seen.committed, seen.projected, away=not seen.writing)),
    )
    running = asyncio.create_task(elsewhere.run())
    exchange.gateway, exchange.projector = elsewhere, there
    try:

        async def connected() -> bool:
            return elsewhere.taking

        await until(connected, "the connection")
        async with Session(market, answered_to=0) as session:
            await session.opened()
            await session.say(*(place(number) for number in range(1, 4)), place(4, tonnes=1_000))
            answers = await session.answers(4)
            assert ["open", "open", "open", "not-enough-cash"] == slugs(answers)
            await session.say({"do": "cancel", "order_id": answers[0]["order"]["id"]})
            assert ["closed"] == slugs(await session.answers(1))
            await server.stop()

            async def lost() -> bool:
                return not elsewhere.taking

            await until(lost, "the loss of the connection")
            await session.say(place(5))
            assert ["not-trading"] == slugs(await session.answers(1))
    finally:
        exchange.gateway, exchange.projector = here, tables
        elsewhere.stop()
        await running
        await server.stop()
