"""
A hundred SIGKILLs at random moments of journal and projections, and after them a replay that gives the same state.

Each life is a process of its own, forked from the test: it recovers, takes up the commands that were not acknowledged,
and kills itself with SIGKILL at a moment that a seed chose. What it acknowledged it had written to a pipe before.
"""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

import msgspec
import pytest

from deploy.pool import connect_pool
from exchange.engine.commands import Command
from exchange.engine.core import account_command_types, any_of, event_types
from exchange.engine.events import Event, Reason, Refused
from exchange.engine.state import state_hash
from exchange.journal import store as journal
from exchange.projections import projector
from tests.database import connected
from tests.oracle.market import NaiveMarket
from tests.simulation import floor as floors
from tests.simulation.floor import OPENING, Floor, Orders, journalled, replayed
from tests.simulation.tables import agrees, stored

KILLS = 100
SNAPSHOT_EVERY = 25
GROUPS = 6
"""Submissions that a life begins with, what was not acknowledged before included."""
MOMENTS = (
    "before the append",
    "during the append",
    "stored, not told",
    "acknowledged",
    "in the projection",
    "projected",
)
Group = tuple[Command, ...]
Ack = tuple[int, int, list[list[Event]]]
"""Which group, its first sequence, and what its commands came to."""
_outcomes = list.__class_getitem__(list.__class_getitem__(any_of(event_types())))
_encoder, _decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(tuple.__class_getitem__((int, int, _outcomes)))


def die() -> None:
    """At once, with nothing tidied."""
    os.kill(os.getpid(), signal.SIGKILL)


def at_nth(nth: int, work: Callable[..., Awaitable[Any]], *, before: bool, after_s: float | None = None) -> Any:
    """*work* as it is, until its *nth* call: dead before it, after it, or some time into it."""
    left = nth

    async def mortal(*args: Any, **how: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and after_s is not None:
            asyncio.get_running_loop().call_later(after_s, die)
        elif left == 0 and before:
            die()
        done = await work(*args, **how)
        if left == 0 and after_s is None:
            die()
        return done

    return mortal


def doom(moment: str, dice: Random, floor: Floor) -> None:
    """Choose the death of this process."""
    nth = dice.choice((1, 1, 2, 3))
    if moment == "before the append":
        journal.append = at_nth(nth, journal.append, before=True)
    elif moment == "during the append":
        journal.append = at_nth(nth, journal.append, before=False, after_s=dice.random() * 0.002)
    elif moment == "stored, not told":
        journal.append = at_nth(nth, journal.append, before=False)
    elif moment == "in the projection":
        projector.project_in = at_nth(nth, projector.project_in, before=dice.random() < 0.3)
    elif moment == "projected":
        floor.projector._step = at_nth(nth, floor.projector._step, before=False)  # type: ignore[method-assign]  # in a process that is about to die


async def live(dsn: str, groups: Sequence[Group], moment: str, seed: int, said: int) -> None:
    """One life: send *groups* in order, say on *said* which were acknowledged, and die."""
    dice, answered = Random(seed), 0
    async with await connect_pool(dsn, size=2) as pool, contextlib.AsyncExitStack() as stack:
        floor = Floor(dsn, pool)
        doom(moment, dice, floor)
        floor.start()
        await asyncio.wait_for(floor.gateway.writing.wait(), 20)
        await stack.enter_async_context(floors.snapshots(dsn, every=SNAPSHOT_EVERY))

        async def send(number: int, group: Group) -> None:
            nonlocal answered
            answers = await floor.gateway.submit_all(group)
            first, outcomes = answers[0].sequence, [each.events for each in answers]
            ack = _encoder.encode((number, first, outcomes))
            os.write(said, len(ack).to_bytes(4, "big") + ack)
            answered += 1
            if moment == "acknowledged" and answered == dice.randrange(1, GROUPS + 1):
                die()

        sending = []
        for number, group in enumerate(groups):
            sending.append(asyncio.create_task(send(number, group)))
            await asyncio.sleep(dice.choice((0, 0, 0.001)))
        await asyncio.gather(*sending)
        await floor.projector.caught_up()
        die()


def life(dsn: str, groups: Sequence[Group], moment: str, seed: int) -> list[Ack]:
    """Run one life in a forked process until it is killed; answers what it acknowledged."""
    heard, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(heard)
            asyncio.run(live(dsn, groups, moment, seed, said))
        finally:
            os._exit(3)
    os.close(said)
    with open(heard, "rb") as pipe:  # noqa: PTH123 - a descriptor
        rest = pipe.read()
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), f"it ended by itself with {status}"
    assert signal.SIGKILL == os.WTERMSIG(status)
    acks: list[Ack] = []
    while rest:
        end = 4 + int.from_bytes(rest[:4], "big")
        acks.append(_decoder.decode(rest[4:end]))
        rest = rest[end:]
    return acks


@pytest.fixture
def ground(server, templates):
    """The address of a database with two instruments, from outside any event loop."""
    with asyncio.Runner() as runner:
        opened = floors.ground(server, templates["empty"])
        yield runner.run(opened.__aenter__())
        runner.run(opened.__aexit__(None, None, None))


def test_a_hundred_kills_change_nothing(ground):
    """
    Every acknowledged command is in the journal, once, with the outcome that was told; the rest after it was resent.

    The state after all of it is that of a replay from the first command, that of a naive market, and what the tables
    show.
    """
    orders, dice = Orders(7), Random(7)
    waiting: list[Group] = [OPENING]
    told: list[tuple[Group, Ack]] = []
    sent: set[tuple[int, int]] = set()
    for kill in range(KILLS):
        while len(waiting) < GROUPS:
            waiting.append(tuple(orders.next() for _ in range(dice.randrange(1, 4))))
        sent |= {key for group in waiting for each in group if (key := _key(each))}
        acks = life(ground, waiting, MOMENTS[kill % len(MOMENTS)], kill)
        for ack in acks:
            told.append((waiting[ack[0]], ack))
            for outcome in ack[2]:
                orders.hear(outcome)
        answered = {ack[0] for ack in acks}
        waiting = [group for number, group in enumerate(waiting) if number not in answered]
    assert SNAPSHOT_EVERY < asyncio.run(newest_snapshot(ground)), "lives began from a snapshot"
    asyncio.run(finish(ground, waiting, told, sent))


async def newest_snapshot(dsn: str) -> int:
    """Behind which command the last life began, or would have."""
    async with connected(dsn) as owner:
        return int(await owner.fetchval("select coalesce(max(sequence), 0) from exchange.snapshot"))


def _key(command: Command) -> tuple[int, int] | None:
    """Account and client_order_id."""
    if isinstance(command, account_command_types()):
        return command.account, command.client_order_id
    return None


async def finish(dsn: str, waiting: list[Group], told: list[tuple[Group, Ack]], sent: set[tuple[int, int]]) -> None:
    """Send what is left, and compare everything with everything."""
    async with floors.trading(dsn, opening=()) as floor:
        for group in waiting:
            await floor.gateway.submit_all(group)
        await floor.projector.caught_up()
        live_hash = state_hash(floor.engine.market)
        await agrees(dsn, floor.engine)
    assert live_hash == await replayed(dsn)
    commands = await journalled(dsn)
    outcomes = [outcome for batch in await stored(dsn) for outcome in batch.outcomes]
    naive = NaiveMarket()
    assert outcomes == [naive.apply(each) for each in commands]
    for group, (_, first, answers) in told:
        assert list(group) == commands[first - 1 : first - 1 + len(group)]
        assert answers == outcomes[first - 1 : first - 1 + len(group)]
    carried_out = Counter(
        key
        for command, outcome in zip(commands, outcomes, strict=True)
        if (key := _key(command)) and not _stale(outcome[0])
    )
    assert sent == set(carried_out), "what was sent until it was acknowledged is there"
    assert {1} == set(carried_out.values()), "once"
    assert len(commands) > 2 * KILLS


def _stale(event: Event) -> bool:
    return isinstance(event, Refused) and event.reason == Reason.STALE_CLIENT_ORDER_ID
