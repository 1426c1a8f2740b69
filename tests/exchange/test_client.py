"""The client for programs: what it sends again, what it raises, and that connections that break lose nothing."""

from typing import Any

import httpx
import msgspec
import pytest

from deploy.client import Client, ServiceProblem, Unanswered, until_answered
from deploy.sockets import SocketClosed
from deploy.streams import OrderStream, watch
from schemas.market_data import MarketChange, MarketSnapshot
from schemas.orders import AmendOrder, CancelInBatch, NewOrder, PlaceInBatch
from tests.exchange.marketplace import KILN, Market
from tests.exchange.sockets import MSGPACK, Socket


class Wired:
    """A WebSocket to the test's application that can be made to break, in the form of a `Line`."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self.breaks_after: int | None = None

    async def say(self, message: object) -> None:
        """Send one message."""
        await self._socket.say(msgspec.to_builtins(message))

    async def hear(self, kind: Any = Any) -> Any:
        """The next one, unless the connection is to break here."""
        if self.breaks_after == 0:
            raise SocketClosed(1006, "the connection broke")
        if self.breaks_after is not None:
            self.breaks_after -= 1
        found = await self._socket.hear()
        if found is None:
            raise SocketClosed(self._socket.code or 0, self._socket.reason)
        return msgspec.convert(found, kind)

    async def close(self) -> None:
        """Go away."""
        await self._socket.leave()


class Dialled:
    """Opens connections to the application; the first one breaks after *breaks_after* messages."""

    def __init__(self, market: Market, breaks_after: int | None = None) -> None:
        self._market = market
        self._breaks_after = breaks_after
        self.lines: list[Wired] = []

    async def __call__(self, path: str) -> Wired:
        """Open one."""
        line = Wired(await Socket(self._market.world, path, protocols=(MSGPACK,)).__aenter__())
        if not self.lines:
            line.breaks_after = self._breaks_after
        self.lines.append(line)
        return line


def client(market: Market, dial: Dialled | None = None, who: str = "solar") -> Client:
    """A client of one party."""
    return Client(market.world.http, dial or Dialled(market), key=market.party(who).key, patience_s=5.0)


async def order(of: Client, account_id: int, **said: Any) -> NewOrder:
    """A bid with the next number."""
    terms = {"instrument": KILN, "side": "buy", "quantity_t": 2, "price_fen": 11_00}
    return NewOrder(account_id=account_id, client_order_id=await of.next_number(account_id), **{**terms, **said})


async def test_an_order_from_its_placing_to_its_cancel(market: Market):
    """Placed, amended, listed and cancelled as structs; the numbers rise from where the account was."""
    await market.pay_in("solar", 100_00)
    mine, account = client(market), market.party("solar").account_id
    assert [KILN] == [each.code for each in await mine.instruments() if each.code == KILN]
    placed = await mine.place(await order(mine, account))
    assert ("open", 2) == (placed.state, placed.open_t)
    to = AmendOrder(account_id=account, client_order_id=await mine.next_number(account), price_fen=10_50, quantity_t=3)
    amended = await mine.amend(placed.id, to)
    assert (10_50, 3) == (amended.price_fen, amended.open_t)
    assert [amended] == await mine.orders(account)
    assert [(10_50, 3)] == [(each.price_fen, each.quantity_t) for each in (await mine.book(KILN)).bids]
    assert "closed" == (await mine.cancel(placed.id, account)).state
    assert 0 == (await mine.cancel_all(account)).cancelled
    assert placed.client_order_id < (await mine.balances(account)).last_client_order_id


async def test_a_refusal_is_raised_with_its_numbers(market: Market):
    """As a problem: status, slug, text and members."""
    await market.pay_in("solar", 1_00)
    mine, account = client(market), market.party("solar").account_id
    with pytest.raises(ServiceProblem, match="CNY") as refused:
        await mine.place(await order(mine, account))
    assert (409, "not-enough-cash") == (refused.value.status, refused.value.slug)
    assert 22_00 == refused.value.members["wanted"]
    with pytest.raises(ServiceProblem) as unknown:
        await mine.book("SC-CDCER-9999-2024")
    assert 404 == unknown.value.status


async def test_what_is_busy_is_sent_again_and_nothing_else():
    """After 429, 503 and a broken connection, as late as Retry-After says; a proxy's page is a problem as well."""
    answers: list[Any] = [
        httpx.ConnectError("refused"),
        httpx.Response(503, text="<html>", headers={"Retry-After": "0"}),
        httpx.Response(429, json={}, headers={"Retry-After": "0"}),
        httpx.Response(409, json={"type": "urn:kilnwood:problem:request-in-flight"}),
        httpx.Response(502, text="<html>"),
    ]

    async def send(*_: Any, **__: Any) -> httpx.Response:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    problem = ServiceProblem.of(await until_answered(send, "GET", "/"))
    assert (502, "HTTP 502 Bad Gateway", []) == (problem.status, str(problem), answers)
    answers.append(httpx.Response(503, text="busy", headers={"Retry-After": "60"}))
    with pytest.raises(Unanswered, match="GET / had no answer within 1 s: busy"):
        await until_answered(send, "GET", "/", patience_s=1)


async def test_an_order_session_that_breaks_carries_everything_out_once(market: Market):
    """The first connection is lost before its answers; on the second, every command is answered in its order."""
    await market.pay_in("solar", 100_00)
    dial = Dialled(market, breaks_after=1)
    mine, account = client(market, dial), market.party("solar").account_id
    async with OrderStream(mine, account) as session:
        orders = [
            PlaceInBatch(
                instrument=KILN,
                side="buy",
                price_fen=11_00,
                quantity_t=tonnes,
                client_order_id=await mine.next_number(account),
            )
            for tonnes in (1, 2, 1_000)
        ]
        answers = await session.carry_out(orders)
        assert [each.client_order_id for each in orders] == [each.client_order_id for each in answers]
        assert [1, 2, None] == [each.order.open_t if each.order else None for each in answers]
        first = answers[0].order
        assert first is not None
        (cancelled,) = await session.carry_out([CancelInBatch(order_id=first.id)])
        assert cancelled.order is not None
        assert "closed" == cancelled.order.state
    assert 2 == len(dial.lines)
    assert ([(11_00, 2, 1)], []) == await market.levels()
    with pytest.raises(ServiceProblem) as strange:
        async with OrderStream(mine, market.party("kiln").account_id):
            pass
    assert "not-yours" == strange.value.slug


async def test_market_data_go_on_after_a_lost_connection(market: Market):
    """With a new snapshot, so the copy is the book again; what is not there is a problem."""
    await market.pay_in("solar", 100_00)
    dial = Dialled(market, breaks_after=2)
    mine = client(market, dial)
    events = watch(mine, KILN)
    copy, first = await anext(events)
    assert isinstance(first, MarketSnapshot)
    await market.buys("solar", 1, 11_00)
    _, second = await anext(events)
    assert isinstance(second, MarketChange)
    await market.buys("solar", 2, 11_50)
    _, third = await anext(events)
    while not isinstance(third, MarketSnapshot):
        _, third = await anext(events)
    assert [(11_50, 2), (11_00, 1)] == [(each.price_fen, each.quantity_t) for each in copy.side("buy")]
    await events.aclose()
    with pytest.raises(ServiceProblem) as unknown:
        await anext(watch(mine, "SC-CDCER-9999-2024"))
    assert "not-found" == unknown.value.slug
