"""Killing the service while one chosen request of the season is on its way, and what a client sees of it."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
import httpx

from deploy.scenarios.client import Api

TIMEOUT_S = 60.0
POLL_S = 0.005


class Victim(NamedTuple):
    """One request of a step and how the service dies at it: method, path, and its count among the step's like it."""

    method: str
    path: str
    number: int = 1
    way: str = "answered"
    table: str = "registry.idempotency in share mode"
    """What holds a request back in flight: a write stops at remembering its key, the last thing before its commit."""


Name = tuple[str, str, str | None]
"""Method, path and idempotency key: what a request shares with its resent forms."""
Send = Callable[[], Awaitable[httpx.Response]]
Strike = Callable[[Victim, Send], Awaitable[None]]


class Killer(Api):
    """Kills at the first sending of each victim and lets the client lose that answer; what follows is the client's."""

    def __init__(self, http: httpx.AsyncClient, *, seed: str, victims: Sequence[Victim], strike: Strike) -> None:
        super().__init__(http, seed=seed)
        self._victims = victims
        self._strike = strike
        self._seen: list[Name] = []
        self.answers: dict[Victim, list[httpx.Response]] = {}
        """Every answer to each victim, those from before the kill included."""

    async def send(self, method: str, path: str, headers: Mapping[str, str], **more: Any) -> httpx.Response:
        """Send once, and strike if this is a victim's first time."""
        name = (method, path, headers.get("Idempotency-Key"))
        victim = self._victim_of(name)
        if victim is None:
            return await super().send(method, path, headers, **more)
        if victim not in self.answers:
            self.answers[victim] = []
            await self._strike(victim, lambda: self._heard(victim, name, headers, more))
            raise httpx.ReadError("the service was killed")
        return await self._heard(victim, name, headers, more)

    def _victim_of(self, name: Name) -> Victim | None:
        if name not in self._seen or name[2] is None:
            self._seen.append(name)
        for each in self._victims:
            alike = [one for one in self._seen if one[0] == each.method and re.fullmatch(each.path, one[1])]
            if alike[each.number - 1 : each.number] == [name]:
                return each
        return None

    async def _heard(
        self, victim: Victim, name: Name, headers: Mapping[str, str], more: Mapping[str, Any]
    ) -> httpx.Response:
        answer = await super().send(name[0], name[1], headers, **more)
        self.answers[victim].append(answer)
        return answer


@contextlib.asynccontextmanager
async def gate(dsn: str, table: str) -> AsyncIterator[asyncpg.Connection]:
    """Hold a table back, with *table* in the words of LOCK TABLE."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(f"lock table {table}")
            yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def commits_held(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Every commit is stored, and then waits for a standby that does not exist: its answer is never given."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("alter system set synchronous_standby_names = 'nobody'")
        await connection.execute("select pg_reload_conf()")
        await until(lambda: _waits_for_standby(connection), "commits wait for the standby")
        yield connection
    finally:
        await connection.execute("set synchronous_commit = local")
        await connection.execute("alter system reset synchronous_standby_names")
        await connection.execute("select pg_reload_conf()")
        await connection.close()


async def _waits_for_standby(connection: asyncpg.Connection) -> bool:
    try:
        await connection.execute("select pg_logical_emit_message(true, 'test', 'test')", timeout=0.1)
    except TimeoutError:
        return True
    return False


async def backends(connection: asyncpg.Connection, condition: str) -> list[int]:
    """The service's database processes that meet *condition*, but not the sequencer's; also ones that are new."""
    await connection.execute("select pg_stat_clear_snapshot()")  # else a transaction sees those of its first look
    rows = await connection.fetch(
        f"select pid from pg_stat_activity where application_name = 'kilnwood' and ({condition})"
    )
    return [row["pid"] for row in rows]


async def until(condition: Callable[[], Any], what: str) -> Any:
    """Poll until the coroutine function returns something true, and return that."""
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        if found := await condition():
            return found
        await asyncio.sleep(POLL_S)
    raise AssertionError(f"not within {TIMEOUT_S:.0f} s: {what}")
