"""
A hundred SIGKILLs at random moments of journal and projections, and after them a replay that gives the same state.

Each run is a process forked from the test: it recovers, sends the commands that were not acknowledged, and kills itself
with SIGKILL at a moment chosen from a seed. It writes each acknowledgement to a pipe first.
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
from tests.simulation import trading_stack
from tests.simulation.expected_tables import assert_tables_match, replayed_batches
from tests.simulation.trading_stack import OPENING, RandomCommands, TradingStack, journalled_commands, replayed_hash

KILLS = 100
SNAPSHOT_EVERY = 25
GROUPS = 6
"""Submissions per run, including those that the previous run did not acknowledge."""
MOMENTS = (
    "before the append",
    "during the append",
    "stored, not answered",
    "acknowledged",
    "in the projection",
    "projected",
)
Group = tuple[Command, ...]
Ack = tuple[int, int, list[list[Event]]]
"""Which group, its first sequence, and what its commands came to."""
_outcomes = list.__class_getitem__(list.__class_getitem__(any_of(event_types())))
_encoder, _decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(tuple.__class_getitem__((int, int, _outcomes)))


def kill_self() -> None:
    """Die at once, without any clean-up."""
    os.kill(os.getpid(), signal.SIGKILL)


def at_nth(nth: int, work: Callable[..., Awaitable[Any]], *, before: bool, after_s: float | None = None) -> Any:
    """Wrap *work* so that its *nth* call kills the process: before the call, after it, or *after_s* into it."""
    left = nth

    async def counted(*args: Any, **how: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and after_s is not None:
            asyncio.get_running_loop().call_later(after_s, kill_self)
        elif left == 0 and before:
            kill_self()
        done = await work(*args, **how)
        if left == 0 and after_s is None:
            kill_self()
        return done

    return counted


def arm_kill(moment: str, dice: Random, stack: TradingStack) -> None:
    """Arrange for this process to kill itself at *moment*."""
    nth = dice.choice((1, 1, 2, 3))
    if moment == "before the append":
        journal.append = at_nth(nth, journal.append, before=True)
    elif moment == "during the append":
        journal.append = at_nth(nth, journal.append, before=False, after_s=dice.random() * 0.002)
    elif moment == "stored, not answered":
        journal.append = at_nth(nth, journal.append, before=False)
    elif moment == "in the projection":
        projector.project_in = at_nth(nth, projector.project_in, before=dice.random() < 0.3)
    elif moment == "projected":
        stack.projector._step = at_nth(nth, stack.projector._step, before=False)  # type: ignore[method-assign]  # in a process that is about to die


async def run_until_killed(dsn: str, groups: Sequence[Group], moment: str, seed: int, said: int) -> None:
    """Send *groups* in order, write acknowledgements to the descriptor *said*, and die."""
    dice, answered = Random(seed), 0
    async with await connect_pool(dsn, size=2) as pool, contextlib.AsyncExitStack() as contexts:
        stack = TradingStack(dsn, pool)
        arm_kill(moment, dice, stack)
        stack.start()
        await asyncio.wait_for(stack.gateway.writing.wait(), 60)
        await contexts.enter_async_context(trading_stack.snapshot_follower(dsn, every=SNAPSHOT_EVERY))

        async def send(number: int, group: Group) -> None:
            nonlocal answered
            answers = list(await stack.gateway.submit_all(group))
            first, outcomes = answers[0].sequence, [each.events for each in answers]
            ack = _encoder.encode((number, first, outcomes))
            os.write(said, len(ack).to_bytes(4, "big") + ack)
            answered += 1
            if moment == "acknowledged" and answered == dice.randrange(1, GROUPS + 1):
                kill_self()

        sending = []
        for number, group in enumerate(groups):
            sending.append(asyncio.create_task(send(number, group)))
            await asyncio.sleep(dice.choice((0, 0, 0.001)))
        await asyncio.gather(*sending)
        await stack.projector.caught_up()
        kill_self()


def run_in_fork(dsn: str, groups: Sequence[Group], moment: str, seed: int) -> list[Ack]:
    """Run a forked process until it is killed; returns what it acknowledged."""
    heard, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(heard)
            asyncio.run(run_until_killed(dsn, groups, moment, seed, said))
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
def market_dsn(server, templates):
    """The DSN of a database with two instruments, for use outside an event loop."""
    with asyncio.Runner() as runner:
        opened = trading_stack.market_database(server, templates["empty"])
        yield runner.run(opened.__aenter__())
        runner.run(opened.__aexit__(None, None, None))


def test_a_hundred_kills_change_nothing(market_dsn):
    """
    Every acknowledged command is in the journal, once, with the outcome that was reported; the rest once resent.

    The state after all of it is that of a replay from the first command, that of a naive market, and what the tables
    show.
    """
    random_commands, dice = RandomCommands(7), Random(7)
    waiting: list[Group] = [OPENING]
    acknowledged: list[tuple[Group, Ack]] = []
    sent: set[tuple[int, int]] = set()
    for kill in range(KILLS):
        while len(waiting) < GROUPS:
            waiting.append(tuple(random_commands.next_command() for _ in range(dice.randrange(1, 4))))
        sent |= {key for group in waiting for each in group if (key := _key(each))}
        acks = run_in_fork(market_dsn, waiting, MOMENTS[kill % len(MOMENTS)], kill)
        for ack in acks:
            acknowledged.append((waiting[ack[0]], ack))
            for outcome in ack[2]:
                random_commands.learn_from(outcome)
        answered = {ack[0] for ack in acks}
        waiting = [group for number, group in enumerate(waiting) if number not in answered]
    assert SNAPSHOT_EVERY < asyncio.run(newest_snapshot(market_dsn)), "runs began from a snapshot"
    asyncio.run(finish(market_dsn, waiting, acknowledged, sent))


async def newest_snapshot(dsn: str) -> int:
    """The sequence from which the next run would begin."""
    async with connected(dsn) as owner:
        return int(await owner.fetchval("select coalesce(max(sequence), 0) from exchange.snapshot"))


def _key(command: Command) -> tuple[int, int] | None:
    """Account and client_order_id."""
    if isinstance(command, account_command_types()):
        return command.account, command.client_order_id
    return None


async def finish(
    dsn: str, waiting: list[Group], acknowledged: list[tuple[Group, Ack]], sent: set[tuple[int, int]]
) -> None:
    """Send what is left, and compare everything with everything."""
    async with trading_stack.started(dsn, opening=()) as stack:
        for group in waiting:
            await stack.gateway.submit_all(group)
        await stack.projector.caught_up()
        live_hash = state_hash(stack.engine.market)
        await assert_tables_match(dsn, stack.engine)
    assert live_hash == await replayed_hash(dsn)
    commands = await journalled_commands(dsn)
    outcomes = [outcome for batch in await replayed_batches(dsn) for outcome in batch.outcomes]
    naive = NaiveMarket()
    assert outcomes == [naive.apply(each) for each in commands]
    for group, (_, first, answers) in acknowledged:
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
