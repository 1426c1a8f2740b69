"""
One account's commands on a connection that stays open: taken in order, answered in order, many under way at a time.

A message is heard, counted like a request and put in line; what waits goes to the gateway in pieces, each checked like
a batch over HTTP (`exchange.orders.batches`), without waiting for the piece before. Answers are sent once the journal
has what they tell: all that one group of it brought, in one message.

A connection that breaks loses nothing but answers. What was not given to the gateway by then is not carried out; what
was is found by its client_order_id, as after any lost answer.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Awaitable, Iterator, Sequence
from typing import Final, NamedTuple

import structlog

from exchange.engine import commands as c
from exchange.journal.gateway import NotTrading
from exchange.journal.groups import Answer
from exchange.journal.refusals import frozen
from exchange.orders import batches
from exchange.orders.batches import TakenBatch
from exchange.orders.routes import ROUTES
from exchange.orders.service import UNNUMBERED
from exchange.orders.session import rules
from exchange.orders.session.placed import PlacedHere
from exchange.parts import AccountUnusable, Exchange, known_trader
from exchange.projections import store as projections
from registry.kit.problems import DomainError, Kind, Unavailable
from registry.kit.sockets import (
    FAILED,
    GOING_AWAY,
    MESSAGE_BYTES,
    SocketGone,
    SocketMisused,
    SocketSilent,
    Wire,
    close_code,
)
from registry.port import Authority, Speaker
from schemas.access import Call
from schemas.order_session import (
    AskStill,
    FrameRefused,
    OpenOrderSession,
    OrderSessionOpened,
    SessionAnswers,
    SessionCommand,
    SessionEnded,
    SessionFrame,
    Still,
)
from schemas.orders import CommandAnswer, OrderBatch

log = structlog.get_logger()
OPERATION: Final = "place_orders"
"""A session is a batch that does not end: the same roles, the same rate."""
OPENED_WITHIN_S: Final = 10.0
IDLE_S: Final = 60.0
"""A client that says nothing for so long is taken for gone."""
LOOK_S: Final = 1.0
"""How often it is looked whether key, roles and account still permit a session on which nothing happens."""
PIECE: Final = 250
"""Commands that go to the gateway at a time: others' come between them."""
AT_ONCE: Final = 2
"""Pieces that are under way before commands gather into a larger one: one is being stored, one grows behind it."""
DRAINED_WITHIN_S: Final = 5.0
_NOBODY: Final = 0
"""No order has this number: cancelling it does nothing, and is answered after all that was submitted before."""


class OrderSessions:
    """The sessions of one process, which end when *closing* is set."""

    def __init__(self, exchange: Exchange, authority: Authority, closing: asyncio.Event) -> None:
        self.exchange = exchange
        self.authority = authority
        self.closing = closing
        self._by_key: Counter[int] = Counter()

    @contextlib.contextmanager
    def counted(self, key_id: int) -> Iterator[None]:
        """One more session of a key. Raises `TooManySessions`."""
        rules.admit_session(self._by_key[key_id])
        self._by_key[key_id] += 1
        try:
            yield
        finally:
            self._by_key[key_id] -= 1
            if not self._by_key[key_id]:
                del self._by_key[key_id]


class _Piece(NamedTuple):
    """Commands under way: what the gateway will answer, or why they were not taken."""

    asked: Sequence[SessionCommand]
    taken: TakenBatch | None = None
    answer: "asyncio.Task[list[Answer]] | None" = None
    refusal: DomainError | None = None

    @property
    def is_answered(self) -> bool:
        """Whether its answers can be had without waiting."""
        return self.answer is None or self.answer.done()


class OrderSession:
    """
    One connection. `run` is its life.

    Four tasks: one hears, one gives to the gateway, one answers, one looks whether all this is still permitted. The
    first that ends ends the session; what is under way then is answered before the client gets the reason.
    """

    def __init__(self, wire: Wire[SessionFrame], speaker: Speaker, sessions: OrderSessions) -> None:
        self._wire = wire
        self._speaker = speaker
        self._sessions = sessions
        self._exchange = sessions.exchange
        self._account_id = 0
        self._messages = 0
        self._waiting = 0
        self._answered_to = 0
        self._pending: deque[SessionCommand] = deque()
        self._arrived, self._whole = asyncio.Event(), asyncio.Event()
        self._under_way: deque[_Piece] = deque()
        self._submitted = asyncio.Event()
        self._placed: PlacedHere | None = None

    async def run(self) -> None:
        """Serve the client until either end has enough."""
        try:
            opening = await self._opening()
            self._speaker.named(opening.key)
            call = await self._permitted(opening.account_id)
            with self._sessions.counted(call.by.key_id):
                self._account_id = opening.account_id
                if opening.cancel_on_disconnect:
                    self._placed = PlacedHere(opening.account_id, self._exchange)
                try:
                    await self._open(opening)
                    await self._serve(call)
                finally:
                    if self._placed is not None:
                        await self._placed.cancel()
        except SocketGone:
            log.info("order_session_left", account_id=self._account_id, messages=self._messages)
        except DomainError as refusal:
            log.info("order_session_ended", account_id=self._account_id, messages=self._messages, problem=refusal.slug)
            await self._end(refusal)
        except Exception:  # a fault of ours
            log.exception("order_session_failed", account_id=self._account_id)
            await self._wire.close(FAILED, "This is our fault and has been logged.")

    async def _opening(self) -> OpenOrderSession:
        said = self._wire.read(await self._wire.receive(within_s=OPENED_WITHIN_S))
        self._messages += 1
        if not isinstance(said, OpenOrderSession):
            raise SocketMisused('The first message opens the session: {"do": "open", "account_id": …, "key": "kw_…"}.')
        return said

    async def _permitted(self, account_id: int) -> Call:
        """One look at key, roles, account and freezes, as they are now."""
        call = await self._speaker.call(OPERATION, ROUTES[OPERATION])
        trader = await known_trader(account_id, call, self._sessions.authority)
        if trader.restriction_id is not None:
            raise frozen()
        return call

    async def _open(self, opening: OpenOrderSession) -> None:
        missed: tuple[CommandAnswer, ...] = ()
        if opening.answered_to is not None:
            # What an earlier session left under way is in the journal before this is.
            await self._exchange.gateway.submit(c.Cancel(opening.account_id, _NOBODY, UNNUMBERED))
            missed = await batches.answered_before(
                opening.account_id, opening.answered_to, rules.WINDOW + 1, exchange=self._exchange
            )
            rules.admit_missed(len(missed), opening.answered_to)
        if self._placed is not None:
            await self._placed.begin(missed)
        async with self._exchange.db.reading() as tx:
            last = await projections.last_client_order_id(tx, opening.account_id)
        self._answered_to = opening.answered_to or last
        await self._wire.send(
            OrderSessionOpened(
                account_id=opening.account_id,
                window=rules.WINDOW,
                message_bytes=MESSAGE_BYTES,
                idle_s=int(IDLE_S),
                last_client_order_id=last,
                cancel_on_disconnect=opening.cancel_on_disconnect,
            )
        )
        if missed:
            await self._wire.send(SessionAnswers(answers=missed, again=True))
            await self._note(missed)

    async def _serve(self, call: Call) -> None:
        """Run until the first task ends, then answer what is under way. Raises why it ended."""
        answering = asyncio.create_task(self._answer())
        giving = asyncio.create_task(self._give(call))
        tasks = [asyncio.create_task(self._hear(call)), asyncio.create_task(self._look()), giving, answering]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await _cancelled(each for each in tasks if each is not answering)
            if answering not in done:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(DRAINED_WITHIN_S):
                        await self._drained(answering)
        finally:
            await _cancelled(tasks)
            for piece in self._under_way:  # not answered any more: what they did is found by their numbers
                self._is_uncertain(piece)
                if piece.answer is not None:
                    await asyncio.wait((piece.answer,))
                    piece.answer.exception()
        for each in tasks:
            if each in done:
                each.result()

    async def _drained(self, answering: "asyncio.Task[None]") -> None:
        while self._under_way and not answering.done():
            await asyncio.wait((answering, *(each.answer for each in self._under_way if each.answer)), timeout=0.01)

    async def _hear(self, call: Call) -> None:
        while True:
            message = await self._wire.receive(within_s=IDLE_S)
            self._messages += 1
            asked: list[SessionCommand] = []
            try:
                self._speaker.count_orders(call)
                said = self._wire.read(message)
                if isinstance(said, AskStill):
                    await self._wire.send(Still(waiting=self._waiting))
                    continue
                if isinstance(said, OpenOrderSession):
                    raise SocketMisused("This session is open already: one connection is for one account.")
                asked = said if isinstance(said, list) else [said]
                self._speaker.require_room(len(message), frees=rules.frees(list(asked)))
                rules.admit(self._waiting, len(asked))
            except DomainError as refusal:
                numbers = tuple(each.client_order_id for each in asked)
                await self._wire.send(
                    FrameRefused(message=self._messages, refusal=batches.shown(refusal), client_order_ids=numbers)
                )
                continue
            self._waiting += len(asked)
            self._pending.extend(asked)
            self._arrived.set()
            if len(self._pending) >= PIECE:
                self._whole.set()

    async def _give(self, call: Call) -> None:
        """Give what waits to the gateway, a piece at a time, in the order in which it came."""
        while True:
            if not self._pending:
                self._arrived.clear()
                await self._arrived.wait()
            await self._gathered()
            asked = [self._pending.popleft() for _ in range(min(PIECE, len(self._pending)))]
            body = OrderBatch(account_id=self._account_id, commands=asked)
            try:
                call = await self._speaker.call(OPERATION, ROUTES[OPERATION])
                taken = await batches.take_batch(
                    body, call=call, exchange=self._exchange, authority=self._sessions.authority
                )
            except DomainError as refusal:
                self._goes(_Piece(asked, refusal=refusal))
                if _is_final(refusal):
                    raise
            else:
                # Tasks begin in the order in which they are made, and so the gateway has the pieces in theirs.
                self._goes(_Piece(asked, taken, asyncio.create_task(self._submit(taken))))

    async def _gathered(self) -> None:
        """
        Let commands gather while `AT_ONCE` pieces are under way, unless they are a whole piece already.

        A piece costs a look at key, roles and account, and an answer of its own. Messages of one command would each be
        one, and cost the loop more than the commands do; gathered, they still go with the next group of the journal.
        """
        while len(self._pending) < PIECE:
            under_way = [each.answer for each in self._under_way if each.answer and not each.answer.done()]
            if len(under_way) < AT_ONCE:
                return
            self._whole.clear()
            whole = asyncio.create_task(self._whole.wait())
            await asyncio.wait((under_way[0], whole), return_when=asyncio.FIRST_COMPLETED)
            whole.cancel()

    async def _submit(self, taken: TakenBatch) -> list[Answer]:
        return list(await self._exchange.gateway.submit_all(taken.commands))

    def _goes(self, piece: _Piece) -> None:
        self._under_way.append(piece)
        self._submitted.set()

    async def _answer(self) -> None:
        """Answer pieces in order; those that one group of the journal has brought, in one message."""
        while True:
            if not self._under_way:
                self._submitted.clear()
                await self._submitted.wait()
            answers: list[CommandAnswer] = []
            pieces = 0
            while pieces < len(self._under_way) and (not pieces or self._under_way[pieces].is_answered):
                answers += await self._answers_of(self._under_way[pieces])
                pieces += 1
            await self._wire.send(SessionAnswers(answers=tuple(answers)))
            await self._note(answers)
            for _ in range(pieces):
                self._under_way.popleft()
            self._waiting -= len(answers)

    async def _answers_of(self, piece: _Piece) -> Sequence[CommandAnswer]:
        refusal = piece.refusal
        if piece.answer is not None and piece.taken is not None:
            try:
                return await batches.answers_to(piece.taken, await piece.answer, exchange=self._exchange)
            except NotTrading as error:  # carried out or not, which only the journal knows
                self._is_uncertain(piece)
                refusal = error
        assert refusal is not None, "a piece is under way, or was refused"
        said = batches.shown(refusal)
        return [CommandAnswer(client_order_id=each.client_order_id, order=None, refusal=said) for each in piece.asked]

    async def _note(self, answers: Sequence[CommandAnswer]) -> None:
        if self._placed is not None:
            await self._placed.note(answers)
        self._answered_to = max((self._answered_to, *(each.client_order_id or 0 for each in answers)))

    def _is_uncertain(self, piece: _Piece) -> None:
        if self._placed is not None:
            self._placed.is_uncertain(piece.asked)

    async def _look(self) -> None:
        """End the session when the service stops, or what it was opened with no longer holds."""
        closing = self._sessions.closing
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await closing.wait()
            if closing.is_set():
                raise Unavailable("The service stops. Connect again in a moment.", retry_after_s=1)
            try:
                await self._permitted(self._account_id)
                here = self._placed is None or await self._placed.still_here()
            except DomainError as refusal:
                if _is_final(refusal):
                    raise
                continue
            if not here:
                raise Unavailable("This process was cut off for too long, and the session's orders were cancelled.")

    async def _end(self, refusal: DomainError) -> None:
        """Tell the client why, and close."""
        stopping = self._sessions.closing.is_set()
        idle = isinstance(refusal, SocketSilent)
        with contextlib.suppress(SocketGone):
            await self._wire.send(
                SessionEnded(
                    because="stopping" if stopping else "idle" if idle else "refused",
                    refusal=batches.shown(refusal),
                    answered_to=self._answered_to,
                )
            )
        reason = f"answered_to {self._answered_to}: {refusal.title}"
        await self._wire.close(GOING_AWAY if stopping else close_code(refusal), reason)


def _is_final(refusal: DomainError) -> bool:
    """Whether nothing more will be taken on a connection that was refused so."""
    ends = refusal.kind in (Kind.UNAUTHENTICATED, Kind.DENIED) or refusal.slug == frozen().slug
    return ends or isinstance(refusal, AccountUnusable)


async def _cancelled(tasks: "Iterator[asyncio.Task[None]] | Sequence[asyncio.Task[None]]") -> None:
    ending: list[Awaitable[None]] = []
    for each in tasks:
        if not each.done():
            each.cancel()
            ending.append(each)
    await asyncio.gather(*ending, return_exceptions=True)
