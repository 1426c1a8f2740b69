"""Single messages of an order session at a high rate."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

from exchange.orders.session import service
from tests.exchange.marketplace import Market, until
from tests.exchange.orders.test_order_session import Session, place


@contextlib.asynccontextmanager
async def two_held(market: Market) -> AsyncIterator[tuple[Session, list[int], asyncio.Event]]:
    """A session with two pieces of one command under way; the sizes that went to the gateway, and what lets them go."""
    await market.pay_in("solar", 1_000_00)
    exchange = await market.world.trade()
    held, submit, sizes = asyncio.Event(), exchange.gateway.submit_all, list[int]()

    async def late(commands: Any) -> Any:
        sizes.append(len(commands))
        await held.wait()
        return await submit(commands)

    async with Session(market) as session:
        await session.opened()
        with mock.patch.object(exchange.gateway, "submit_all", late):
            for number in (1, 2):
                await session.say(place(number))
                await until(functools.partial(given, sizes, number), "a piece")
            yield session, sizes, held


async def test_single_messages_gather_while_earlier_ones_are_stored(market: Market):
    """Two pieces are under way; what comes meanwhile goes as one, not each with a look at the key of its own."""
    async with two_held(market) as (session, sizes, held):
        await session.say(*(place(number) for number in range(3, 11)), {"do": "ping"})
        assert {"is": "pong", "waiting": 10} == await session.hear()
        assert [1, 1] == sizes
        held.set()
        answers = await session.answers(10)
    assert list(range(1, 11)) == [each["client_order_id"] for each in answers]
    assert [1, 1, 8] == sizes


async def test_a_whole_piece_does_not_gather_any_longer(market: Market):
    """Commands that are many go as before, though the pieces that are under way are not stored yet."""
    async with two_held(market) as (session, sizes, held):
        await session.say(*(place(number) for number in range(3, 103)))
        await session.say([place(number) for number in range(103, 603)])
        await until(functools.partial(given, sizes, 4), "two whole pieces")
        assert [1, 1, service.PIECE, service.PIECE] == sizes
        held.set()
        answers = await session.answers(602)
    assert list(range(1, 603)) == [each["client_order_id"] for each in answers]


async def given(sizes: list[int], count: int) -> bool:
    """Whether so many pieces went to the gateway."""
    return len(sizes) == count
