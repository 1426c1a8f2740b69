"""Turns by name: who waits for one keeps nobody of another name waiting, and a turn is never lost."""

import asyncio
import contextlib

import pytest

from registry.kit.turns import Turns


async def test_so_many_of_a_name_go_and_the_others_of_it_wait():
    """Two of one name at a time, first come first; another name and nobody at all go at once."""
    turns, free, order, most = Turns(), asyncio.Event(), [], 0

    async def take(number: int) -> None:
        nonlocal most
        async with turns.turn("account", lambda: 2):
            order.append(number)
            most = max(most, len(order) - order.count(-1) * 2)
            await free.wait()
            order.append(-1)

    tasks = [asyncio.create_task(take(number)) for number in range(5)]
    async with asyncio.timeout(20), turns.turn("other", lambda: 2), turns.turn(None, lambda: 0):
        await asyncio.sleep(0)
    assert ([0, 1], True, False) == (order, "account" in turns, "other" in turns)
    free.set()
    await asyncio.gather(*tasks)
    assert [0, 1, 2, 3, 4] == [each for each in order if each >= 0]
    assert "account" not in turns
    assert {} == turns._waiting


@pytest.mark.parametrize("woken_first", [False, True])
async def test_a_waiter_that_is_cancelled_passes_its_turn_on(woken_first):
    """Before it was woken, and in the moment after."""
    turns, free = Turns(), asyncio.Event()

    async def take() -> str:
        async with turns.turn("a", lambda: 1):
            await free.wait()
            return "went"

    first, leaving, last = (asyncio.create_task(take()) for _ in range(3))
    await asyncio.sleep(0)
    if woken_first:
        free.set()
        await first
    leaving.cancel()
    free.set()
    async with asyncio.timeout(20):
        assert "went" == await last
    with contextlib.suppress(asyncio.CancelledError):
        await leaving
    assert "a" not in turns


async def test_a_limit_that_grows_lets_all_go_that_fit():
    """One at a time while the limit is one; then the rest together."""
    turns, limit, running = Turns(), 1, asyncio.Barrier(3)

    async def take(together: bool) -> None:
        async with turns.turn("a", lambda: limit):
            if together:
                await running.wait()

    first = asyncio.create_task(take(together=False))
    rest = [asyncio.create_task(take(together=True)) for _ in range(3)]
    limit = 3
    async with asyncio.timeout(20):
        await asyncio.gather(first, *rest)
