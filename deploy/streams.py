"""
The exchange's WebSockets for programs: market data that go on after a gap, and an order session that loses no answer.

Both connect again by themselves. See exchange/README.md, "For programs".
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from types import TracebackType
from typing import Final, Self

import msgspec

from deploy.client import BUSY, RETRY_S, Client, Line, ServiceProblem, Unanswered
from deploy.sockets import SocketClosed
from exchange.market_data.replica import MarketGap, MarketReplica
from schemas.market_data import (
    MarketChange,
    MarketEnded,
    MarketMessage,
    MarketRefused,
    MarketSnapshot,
    PingMarket,
    WatchMarket,
)
from schemas.order_session import (
    AskStill,
    FrameRefused,
    OpenOrderSession,
    OrderSessionOpened,
    SessionAnswers,
    SessionCommand,
    SessionEnded,
    SessionMessage,
)
from schemas.orders import BATCH_LIMIT, CommandAnswer

PING_S: Final = 20.0
"""The exchange lets go of whoever says nothing for a minute."""
MarketEvent = MarketSnapshot | MarketChange


async def watch(
    client: Client, instrument: str, *, orders: bool = False
) -> AsyncGenerator[tuple[MarketReplica, MarketEvent], None]:
    """
    Follow an instrument: its copy, and the message that was just applied to it, without end.

    After a gap, a lost connection or the service's restart it goes on with a new snapshot. Raises `ServiceProblem` for
    what is refused, `Unanswered` if the service stays away.
    """
    asked, copy = WatchMarket(instrument=instrument, orders=orders), MarketReplica()
    heard = asyncio.get_running_loop().time()
    while True:
        try:
            async with _kept_open(await client.dial("/v1/market/session"), PingMarket()) as line:
                await line.say(asked)
                async for message in _market(line, copy, asked):
                    heard = asyncio.get_running_loop().time()
                    yield copy, message
        except (OSError, SocketClosed) as error:
            if asyncio.get_running_loop().time() - heard > client.patience_s:
                raise Unanswered(f"the market data of {instrument} stay away: {error}") from error
        await asyncio.sleep(RETRY_S)


async def _market(line: Line, copy: MarketReplica, asked: WatchMarket) -> AsyncIterator[MarketEvent]:
    """What comes on one connection, until it is said to end."""
    while True:
        message = await line.hear(MarketMessage)
        if isinstance(message, MarketSnapshot | MarketChange):
            try:
                copy.apply(message)
            except MarketGap:
                await line.say(asked)
            else:
                yield message
        elif isinstance(message, MarketRefused):
            raise ServiceProblem(0, {"type": message.type, "detail": message.detail})
        elif isinstance(message, MarketEnded):
            return


class OrderStream:
    """
    One account's order session. Commands are numbered by the caller (`Client.next_number`); a cancel may have none.

    `carry_out` returns when all its commands are answered. If the connection is lost meanwhile, those without an
    answer are sent again under their numbers; one that was carried out is not carried out again.
    """

    def __init__(self, client: Client, account_id: int, *, cancel_on_disconnect: bool = False) -> None:
        self._client = client
        self._opening = OpenOrderSession(
            account_id=account_id, key=client.key or None, cancel_on_disconnect=cancel_on_disconnect
        )
        self._line: Line | None = None
        self._stack = contextlib.AsyncExitStack()
        self._window = BATCH_LIMIT
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._connected()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def carry_out(self, commands: Sequence[SessionCommand]) -> list[CommandAnswer]:
        """
        Send *commands* and return their answers, in their order; each is accepted or refused for itself.

        Raises `ServiceProblem` where the session itself is refused, `Unanswered` if the service stays away.
        """
        numbered = [await self._numbered(each) for each in commands]
        found: dict[int, CommandAnswer] = {}
        loop = asyncio.get_running_loop()
        async with self._turn:
            heard = loop.time()
            while left := [each for each in numbered if _number(each) not in found]:
                before = len(found)
                try:
                    await self._round(left[: self._window], found)
                except (OSError, SocketClosed) as error:
                    if loop.time() - heard > self._client.patience_s:
                        raise Unanswered(f"{len(left)} commands have no answer: {error}") from error
                    await self._hang_up()
                if len(found) > before:
                    heard = loop.time()
                else:
                    await asyncio.sleep(RETRY_S)
        return [found[_number(each)] for each in numbered]

    async def _numbered(self, command: SessionCommand) -> SessionCommand:
        if command.client_order_id is not None:
            return command
        number = await self._client.next_number(self._opening.account_id)
        return msgspec.structs.replace(command, client_order_id=number)

    async def _connected(self) -> Line:
        """The session's connection, opened where there is none. Raises `SocketClosed`, `OSError`, `ServiceProblem`."""
        if self._line is None:
            line = await self._client.dial("/v1/orders/session")
            await line.say(self._opening)
            opened = await line.hear(SessionMessage)
            if not isinstance(opened, OrderSessionOpened):
                await line.close()
                raise _ended(opened)
            self._window = opened.window
            self._line = await self._stack.enter_async_context(_kept_open(line, AskStill()))
        return self._line

    async def _hang_up(self) -> None:
        self._line = None
        with contextlib.suppress(OSError, SocketClosed):
            await self._stack.aclose()

    async def _round(self, commands: Sequence[SessionCommand], found: dict[int, CommandAnswer]) -> None:
        """Send a window of commands and hear their answers. Raises `SocketClosed`."""
        line = await self._connected()
        for at in range(0, len(commands), BATCH_LIMIT):
            await line.say(commands[at : at + BATCH_LIMIT])
        waiting = {_number(each) for each in commands}
        while waiting:
            said = await line.hear(SessionMessage)
            if isinstance(said, SessionAnswers):
                answers = said.answers
            elif isinstance(said, FrameRefused):
                answers = tuple(
                    CommandAnswer(client_order_id=each, order=None, refusal=said.refusal)
                    for each in said.client_order_ids
                )
            elif isinstance(said, SessionEnded):
                raise _ended(said)
            else:
                continue
            for each in answers:
                number = each.client_order_id or 0
                if number in waiting and not (each.refusal and each.refusal.status in BUSY):
                    found[number] = each
                waiting.discard(number)


def _number(command: SessionCommand) -> int:
    return command.client_order_id or 0


def _ended(said: object) -> Exception:
    """Why a session is over: for a while, or for good."""
    if not isinstance(said, SessionEnded):
        return SocketClosed(1002, f"the session began with {type(said).__name__}")
    if said.because == "refused" and said.refusal.status not in BUSY:
        return ServiceProblem.refused(said.refusal)
    return SocketClosed(1001, said.refusal.detail)


@contextlib.asynccontextmanager
async def _kept_open(line: Line, question: object) -> AsyncIterator[Line]:
    """Ask now and then whether the other end is there, and close at the end."""

    async def ask() -> None:
        while True:
            await asyncio.sleep(PING_S)
            await line.say(question)

    asking = asyncio.create_task(ask())
    try:
        yield line
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        with contextlib.suppress(OSError):
            await line.close()
