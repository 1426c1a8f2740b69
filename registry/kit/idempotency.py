"""
Writes that are carried out once, however often they are sent.

A write is identified by (person, operation, Idempotency-Key). The row that remembers it commits together with what it
wrote, so a crash before the commit leaves neither, and after it the same request is answered from what is stored.

A person who decides for others is checked once more at the end: a suspension, a role that ended or a key that was
revoked while the write waited for its locks counts.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, TypeVar

from registry.kit import sql
from registry.kit.database import Database, Tx
from registry.kit.problems import DomainError, Kind
from schemas.access import Actor, Call, Role

T = TypeVar("T")
_sql = sql.load(__package__, "idempotency.sql")


class RequestInFlight(DomainError):
    """Another request with the same idempotency key is still being worked on."""

    kind, slug, title = Kind.CONFLICT, "request-in-flight", "The same request is in flight"


class KeyReused(DomainError):
    """An idempotency key was sent again with another body."""

    kind, slug, title = Kind.UNPROCESSABLE, "idempotency-key-reused", "Idempotency key reused"


class RolesChanged(DomainError):
    """The person who decides was suspended, or lost the role or the key, after the request arrived."""

    kind, slug, title = Kind.DENIED, "roles-changed", "No longer yours to decide"


DECIDING: Final = frozenset({Role.REGULATOR, Role.OPERATOR, Role.VERIFIER, Role.ADMINISTRATOR})
"""Roles that decide for others. What developers, traders and claimants do with their own is not looked at twice."""


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """What a write produced: the id under which it is found again, and the reply."""

    object_id: str | int
    reply: T


async def once(
    db: Database,
    call: Call,
    work: Callable[[Tx], Awaitable[Written[T]]],
    again: Callable[[Tx, str], Awaitable[T]],
    *,
    object_id: str | None = None,
    looks_itself: bool = False,
) -> T:
    """
    Run *work* at most once for the identity of *call*, and return the same reply each time.

    If the key was used before, the reply comes from *again*, which rebuilds it from the stored object id (never a
    secret). An advisory lock makes a second request in flight fail at once; the primary key stands behind it.

    If *work* creates the object under an id that is known beforehand, pass it as *object_id*: one statement then locks,
    looks up and remembers, in place of three.

    What *work* did is rolled back if the caller may no longer decide it. An operation that takes a role from its own
    caller *looks_itself*: it calls `still_in` under its locks.

    Raises `RequestInFlight`, `KeyReused`, `RolesChanged`.
    """

    async def decided(tx: Tx) -> Written[T]:
        written = await work(tx)
        if not looks_itself:
            await still_in(tx, call.by, call.permitted)
        return written

    async def attempt(tx: Tx) -> T:
        if object_id is not None and await _remembered_first(tx, call, object_id):
            written = await decided(tx)
            assert written.object_id == object_id, "what was remembered is what was made"
            return written.reply
        if not await tx.fetchval(_sql.lock_key, _lock_of(call)):
            raise RequestInFlight(
                f"A request with Idempotency-Key {call.key!r} is being worked on. Wait, then send it again."
            )
        if seen := await tx.fetchrow(_sql.seen, *call.identity):
            if seen["request_sha256"] != call.request_sha256:
                raise KeyReused(
                    f"Idempotency-Key {call.key!r} was used for {call.operation} with another body. "
                    "Use a new key for a new request."
                )
            return await again(tx, seen["object_id"])
        written = await decided(tx)
        await tx.execute(_sql.remember, *call.identity, call.request_sha256, str(written.object_id))
        return written.reply

    return await db.transaction(attempt, writer=call.by.person_id)


async def still_in(tx: Tx, by: Actor, permitted: Collection[Role]) -> None:
    """
    Raise `RolesChanged` unless *by* still has the key and those of the *permitted* roles with which they decide.

    Call it after the locks: it sees what was committed until now. Costs nothing for those who decide nothing.
    """
    held = [each for each in by.roles if each.role in permitted and each.role in DECIDING]
    roles, places = [each.role for each in held], [each.organisation_id for each in held]
    if held and not await tx.fetchval(_sql.still_acts, by.person_id, by.key_id, roles, places):
        raise RolesChanged(
            f"While this waited, person {by.person_id} or whoever proposed it was suspended, or lost a role "
            f"({', '.join(sorted(set(roles)))}) or the key that was sent. Nothing was done; GET /v1/me says what you "
            "may do now."
        )


async def remember_all(tx: Tx, writes: Sequence[tuple[Call, str]]) -> set[str]:
    """
    Remember writes by the ids of what they create; returns those of the writes that may be carried out.

    The others are in flight, were seen before, or are copies of one another.
    """
    rows = await tx.fetch(
        _sql.remember_all,
        [_lock_of(call) for call, _ in writes],
        [call.by.person_id for call, _ in writes],
        [call.operation for call, _ in writes],
        [call.key for call, _ in writes],
        [call.request_sha256 for call, _ in writes],
        [object_id for _, object_id in writes],
    )
    return {row["object_id"] for row in rows}


async def forget_all(tx: Tx, writes: Sequence[tuple[Call, str]]) -> None:
    """Forget writes that the same transaction has remembered and does not carry out."""
    await tx.execute(
        _sql.forget_all,
        [call.by.person_id for call, _ in writes],
        [call.operation for call, _ in writes],
        [call.key for call, _ in writes],
        [object_id for _, object_id in writes],
    )


async def was_carried_out(db: Database, person_id: int, operation: str, key: str) -> bool:
    """Whether a write is remembered: sent again it is answered from what is stored, and writes nothing."""
    async with db.reading() as tx:
        return await tx.fetchrow(_sql.seen, person_id, operation, key) is not None


async def forget_old(db: Database, *, after: timedelta, kept_for_ever: Collection[str]) -> None:
    """Forget the keys of writes older than *after*, except those of the operations in *kept_for_ever*."""
    async with db.reading() as tx:
        await tx.execute(_sql.forget_old, after, sorted(kept_for_ever))


async def _remembered_first(tx: Tx, call: Call, object_id: str) -> bool:
    """Remember a write before it is done; False if it is in flight or was seen before."""
    memory = (*call.identity, call.request_sha256, object_id)
    return await tx.fetchval(_sql.remember_first, _lock_of(call), *memory) is not None


def _lock_of(call: Call) -> int:
    return int.from_bytes(hashlib.sha256(repr(call.identity).encode()).digest()[:8], "big", signed=True)
