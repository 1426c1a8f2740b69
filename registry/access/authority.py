"""
Who may do what, kept in memory by a process that never acts on what is out of date.

The database has one row, the epoch of authority, that changes with every transaction that changes keys, grants,
restrictions, accounts or ownership. For every request the row is read after the request arrived; requests that arrive
meanwhile share the next read. If the row has changed, everything kept is dropped. If it cannot be read, nothing kept is
used and the request is refused with `Unavailable`. What ends by the clock alone, such as a role given until a date, is
checked against the business time that came with the epoch.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from datetime import UTC, datetime
from typing import Final, Generic, NamedTuple, TypeVar

import asyncpg
import structlog

from registry.access.authorisation import Unauthenticated
from registry.access.keys.rules import Keyring
from registry.access.sessions import rules as sessions
from registry.kit import clock, sql
from registry.kit.database import Database, Tx, fetch_one
from registry.kit.problems import DomainError, Unavailable
from schemas.access import Actor, AuthorityReading, HeldRole, Role
from schemas.custody import Trader

log = structlog.get_logger()
_sql = sql.load(__package__, "authority.sql")

REUSED_FOR_S: Final = 1.0
"""
How long one request may use its reading.

Long enough for the steps of a request; bounded because a client may take minutes to send a body, and the request must
then not act on what held when it began.
"""
KEPT: Final = 10_000
"""How many keys, and how many accounts, are kept."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
ReadTrader = Callable[[Tx, int], Awaitable[tuple[Trader, datetime | None]]]
"""Reads an account and, if it may change by the clock alone, the business time of that change. Raises `Unknown`."""


def _real_now() -> datetime:
    return datetime.now(UTC)


class Authority:
    """
    Authenticates API keys and looks up accounts that trade. One for each process.

    Within one request, pass the reading that `current` returned on to the other methods. If it is omitted, or is too
    old, they read anew.
    """

    def __init__(
        self,
        db: Database,
        keyring: Keyring,
        read_trader: ReadTrader,
        *,
        kept: int = KEPT,
        now_s: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _real_now,
    ) -> None:
        self._db = db
        self._keyring = keyring
        self._read_trader = read_trader
        self._now_s = now_s
        self._now = now
        self._used: dict[int, datetime] = {}
        self._seen: _Bounded[int, datetime] = _Bounded(kept)
        self._keys: _Bounded[bytes, _Key] = _Bounded(kept)
        self._traders: _Bounded[int, _DatedTrader] = _Bounded(kept)
        self._version: _Version | None = None
        self._waiting: list[asyncio.Future[AuthorityReading]] = []
        self._reader: asyncio.Task[None] | None = None

    async def current(self) -> AuthorityReading:
        """Read the epoch and business time, not before this call. Raises `Unavailable`."""
        reading: asyncio.Future[AuthorityReading] = asyncio.get_running_loop().create_future()
        self._waiting.append(reading)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read_while_wanted())
        return await reading

    async def authenticate(self, secret: str, reading: AuthorityReading | None = None) -> Actor:
        """Return the person behind an API key, with the roles in effect now. Raises `Unauthenticated`."""
        reading = await self.fresh(reading)
        hashed, now = self._keyring.hash(secret), self._now()
        key = self._keys.get(hashed)
        if key is None or self._is_idle(key, now):  # another process may have seen it used
            key = await self._read_key(hashed)
        if key is None:
            raise Unauthenticated("This API key is not known here. Check that it was copied whole.")
        if key.spent_at is not None:
            raise Unauthenticated(
                f"This first key was used at {key.spent_at:%Y-%m-%d %H:%M:%S}Z to make its person's own key, and works "
                "once. If that was not you, tell a regulator at once."
            )
        if key.revoked_at is not None:
            raise Unauthenticated(f"This API key was revoked at {key.revoked_at:%Y-%m-%d %H:%M:%S}Z. Use another one.")
        if self._is_idle(key, now):
            raise Unauthenticated(
                f"This session was not used since {key.used_at:%Y-%m-%d %H:%M:%S}Z and is over. Sign in again."
            )
        if key.expires_at <= now:
            raise Unauthenticated(
                f"This API key expired at {key.expires_at:%Y-%m-%d %H:%M:%S}Z. Make a new one with another key of "
                "yours (POST /v1/me/keys), or ask a regulator for one."
            )
        self._used[key.key_id] = now
        if key.rotated_at is not None:
            self._seen.keep(key.key_id, now)
        return key.actor_at(reading.business_now)

    def _is_idle(self, key: "_Key", now: datetime) -> bool:
        """Whether it is a session that nobody has used for long, as far as this process knows."""
        if key.rotated_at is None:
            return False
        return sessions.is_idle(max(key.used_at, self._seen.get(key.key_id, key.used_at)), now)

    def forget_uses(self) -> None:
        """Know nothing of what was used: for a process that is pointed at another database, as tests are."""
        self._used, self._seen = {}, _Bounded(KEPT)

    def take_uses(self) -> dict[int, datetime]:
        """When each key was used last since this was called before, in real time."""
        used, self._used = self._used, {}
        return used

    async def trader(self, account_id: int, reading: AuthorityReading | None = None) -> Trader:
        """Return an account as the exchange sees it. Raises `Unknown`."""
        reading = await self.fresh(reading)
        kept = self._traders.get(account_id)
        if kept is not None and (kept.until is None or reading.business_now < kept.until):
            return kept.trader
        version = self._version
        async with self._db.reading() as tx:
            read = _DatedTrader(*await self._read_trader(tx, account_id))
        if version is self._version:
            self._traders.keep(account_id, read)
        return read.trader

    async def _read_key(self, hashed: bytes) -> "_Key | None":
        version = self._version
        async with self._db.reading() as tx:
            row = await tx.fetchrow(_sql.key_by_hash, hashed)
        if row is None:
            return None  # not kept: there are endlessly many keys that do not exist
        read = _key(row)
        if version is self._version:  # else what was read may be from before the change
            self._keys.keep(hashed, read)
        return read

    async def fresh(self, reading: AuthorityReading | None) -> AuthorityReading:
        """Return *reading*, or a new one if it is omitted or too old. Raises `Unavailable`."""
        if reading is not None and self._now_s() - reading.began_s < REUSED_FOR_S:
            return reading
        return await self.current()

    async def _read_while_wanted(self) -> None:
        """Read for all requests that wait, again for those that arrived meanwhile, until none waits."""
        try:
            while self._waiting:
                await self._read_once()
        finally:
            self._reader = None
            _refuse(self._waiting)  # only when this task was cancelled
            self._waiting = []

    async def _read_once(self) -> None:
        mine: list[asyncio.Future[AuthorityReading]] = []
        try:
            async with self._db.reading() as tx:
                mine, self._waiting = self._waiting, []  # requests that arrive from here on wait for the next read
                began_s = self._now_s()
                row = await fetch_one(tx, _sql.current)
            self._drop_unless(_Version(row["epoch"], row["moved_at"]))
            reading = AuthorityReading(epoch=row["epoch"], business_now=row["business_now"], began_s=began_s)
            for each in mine:
                if not each.done():  # its request may have been cancelled
                    each.set_result(reading)
        except BaseException as error:
            if not mine:
                mine, self._waiting = self._waiting, []
            _refuse(mine)
            if not isinstance(error, Exception):
                raise
            if not isinstance(error, DomainError):
                log.exception("authority_not_read")

    def _drop_unless(self, version: "_Version") -> None:
        """Drop everything if the epoch has changed. Reads follow one another, so that none comes after a newer one."""
        if version == self._version:
            return
        self._version = version
        self._keys.clear()
        self._traders.clear()


class _Version(NamedTuple):
    """What must not have changed since something was read. Each change makes a new object."""

    epoch: int
    moved_at: datetime


class _Grant(NamedTuple):
    held: HeldRole
    begins: datetime | None
    ends: datetime | None


class _Key(NamedTuple):
    person_id: int
    key_id: int
    revoked_at: datetime | None
    spent_at: datetime | None
    first: bool
    suspension: tuple[int, datetime | None] | None
    expires_at: datetime
    grants: tuple[_Grant, ...]
    name: str
    rotated_at: datetime | None
    used_at: datetime

    def actor_at(self, now: datetime) -> Actor:
        """The person with the roles that hold *now*."""
        return Actor(
            person_id=self.person_id,
            key_id=self.key_id,
            roles=_roles_at(self.grants, now),
            first_key=self.first,
            suspension_id=_suspended_by(self.suspension),
            session_at=self.rotated_at,
            name=self.name,
        )


def _roles_at(grants: Iterable[_Grant], now: datetime) -> tuple[HeldRole, ...]:
    return tuple(
        each.held
        for each in grants
        if (each.begins is None or each.begins <= now) and (each.ends is None or now < each.ends)
    )


def _suspended_by(suspension: tuple[int, datetime | None] | None) -> int | None:
    """The suspension in effect; it lapses in real time."""
    if suspension is None:
        return None
    suspension_id, until = suspension
    return suspension_id if until is None or datetime.now(UTC) < until else None


async def actor_in(tx: Tx, person_id: int) -> Actor:
    """A person with the roles in effect now, for something that they asked to be done by itself. They use no key."""
    row = await fetch_one(tx, _sql.person, person_id)
    now = await clock.now_in(tx)
    suspension = (row["suspension_id"], row["suspended_until"]) if row["suspension_id"] else None
    return Actor(
        person_id=person_id,
        roles=_roles_at(_grants(row), now),
        suspension_id=_suspended_by(suspension),
        name=row["name"],
    )


def _grants(row: asyncpg.Record) -> tuple[_Grant, ...]:
    names = ("roles", "organisations", "begins", "ends")
    grants = zip(*(row[name] or () for name in names), strict=True)
    return tuple(
        _Grant(HeldRole(Role(role), organisation_id), begins, ends) for role, organisation_id, begins, ends in grants
    )


def _key(row: asyncpg.Record) -> _Key:
    return _Key(
        row["person_id"],
        row["key_id"],
        row["revoked_at"],
        row["spent_at"],
        row["first"],
        (row["suspension_id"], row["suspended_until"]) if row["suspension_id"] else None,
        row["expires_at"],
        _grants(row),
        row["name"],
        row["rotated_at"],
        row["used_at"],
    )


class _DatedTrader(NamedTuple):
    trader: Trader
    until: datetime | None


class _Bounded(dict[K, V], Generic[K, V]):
    """A dictionary with at most *limit* entries; the oldest one is dropped to make room."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def keep(self, key: K, value: V) -> None:
        """Add or replace an entry."""
        if key not in self and len(self) >= self._limit:
            del self[next(iter(self))]
        self[key] = value


def _refuse(waiting: list["asyncio.Future[AuthorityReading]"]) -> None:
    for each in waiting:
        if not each.done():
            each.set_exception(
                Unavailable(
                    "The database cannot be reached; nothing was lost. Send the request again with the same "
                    "Idempotency-Key.",
                    retry_after_s=2,
                )
            )
