"""Where every kilogram is, and where it was."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import structs

from registry.access import authorisation as access
from registry.credits.blocks.rules import parsed_serial
from registry.credits.blocks.service import authorise_account_in
from registry.credits.holdings import store
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import Invalid, Unknown
from registry.projects.service import projects
from schemas.access import Call
from schemas.credits import (
    Conservation,
    Holding,
    Holdings,
    Movement,
    ProjectTotals,
    SerialPart,
)
from schemas.pages import Page
from schemas.parties import Account
from schemas.scalars import check_years

K = TypeVar("K")
T = TypeVar("T")


class KeptTotals(Generic[T]):
    """
    A sum over many blocks, computed anew only when something was written since.

    Kept by the snapshot it was read in; the newest movement would not do, since what commits late has older ones. One
    computation at a time, and never more than a tenth of the time: an answer may be older by ten times what it cost.
    """

    REST = 10

    def __init__(self, read: Callable[[Tx], Awaitable[T]]) -> None:
        self._read = read
        self._lock = asyncio.Lock()
        self._seen = ""
        self._fresh_until = 0.0
        self._value: T | None = None

    async def get(self, *, db: Database) -> T:
        """The sum, as old as it may be. Raises what reading it raises."""
        async with self._lock:
            if self._value is None or time.monotonic() >= self._fresh_until:
                await self._look(db)
            assert self._value is not None
            return self._value

    async def _look(self, db: Database) -> None:
        begun = time.monotonic()
        async with db.snapshot() as tx:
            seen = await store.snapshot(tx)
            if self._value is None or seen != self._seen:
                self._value, self._seen = await self._read(tx), seen
        now = time.monotonic()
        self._fresh_until = now + self.REST * (now - begun)


class RegionTotals(KeptTotals[Conservation]):
    """Where all kilograms of the region are, and whether they add up."""

    def __init__(self) -> None:
        super().__init__(store.region_conservation)


class KeptByKey(Generic[K, T]):
    """Sums over the blocks of many things, kept for those that were asked for last."""

    KEPT = 1_000

    def __init__(self, read: Callable[[Tx, K], Awaitable[T]]) -> None:
        self._read = read
        self._kept: dict[K, KeptTotals[T]] = {}

    async def get(self, key: K, *, db: Database) -> T:
        """The sum of one of them, as old as it may be. Raises `Unknown`, and keeps nothing of what is unknown."""
        kept = self._kept.pop(key, None) or KeptTotals(lambda tx: self._read(tx, key))
        self._kept[key] = kept  # before it is read: callers meanwhile wait for the same computation
        if len(self._kept) > self.KEPT:
            del self._kept[next(iter(self._kept))]
        try:
            return await kept.get(db=db)
        except Unknown:
            self._kept.pop(key, None)
            raise


class IssuanceTotals(KeptByKey[str, Conservation]):
    """Where the kilograms of an issuance are, and whether they add up."""

    def __init__(self) -> None:
        super().__init__(_conservation_in)


class ProjectsTotals(KeptByKey[int, ProjectTotals]):
    """Where the kilograms of a project are, in all and by vintage."""

    def __init__(self) -> None:
        super().__init__(_totals_in)


async def _conservation_in(tx: Tx, code: str) -> Conservation:
    if found := await store.issuance_conservation(tx, code):
        return found
    raise Unknown(f"There is no issuance {code}.")


async def _totals_in(tx: Tx, project_id: int) -> ProjectTotals:
    if found := await store.project_totals(tx, project_id):
        return found
    raise Unknown(f"There is no project {project_id}.")


async def project_totals(project_id: int, *, asked: Call, kept: ProjectsTotals, db: Database) -> ProjectTotals:
    """Where the kilograms of one project are, in all and by vintage, for those who may see the project."""
    async with db.reading() as tx:
        await projects.visible_in(tx, project_id, asked)
    return await kept.get(project_id, db=db)


async def serial_parts(serial: str, window: Window, *, db: Database) -> Page[SerialPart]:
    """Where the kilograms of a serial are. Raises `Invalid` if it cannot exist, `Unknown` if it was never issued."""
    wanted = parsed_serial(serial)
    async with db.reading() as tx:
        found = await store.serial_parts(tx, window, wanted)
    if not found.items and window.is_first:
        raise Unknown(f"No kilogram of {wanted} was ever issued.")
    return found


async def holdings(account_id: int, as_of: datetime | None, *, asked: Call, db: Database) -> Holdings:
    """What an account of one's own organisation has, now or at an earlier instant of business time."""
    try:
        check_years("as_of", as_of)
    except ValueError as error:
        raise Invalid(f"{error}.") from error
    async with db.snapshot() as tx:
        await authorise_account_in(tx, account_id, asked)
        items = await store.holdings(tx, account_id, as_of)
        return Holdings(account_id=account_id, as_of=as_of or await clock.now_in(tx), items=items)


async def holdings_of(accounts: Collection[Account], *, asked: Call, db: Database) -> dict[int, tuple[Holding, ...]]:
    """What each of some accounts of one's own organisations has now. Raises `NotYours`."""
    for each in accounts:
        access.authorise_for(asked, each.owner_id)
    found: dict[int, tuple[Holding, ...]] = {each.id: () for each in accounts}
    async with db.reading() as tx:
        for account_id, held in await store.holdings_of(tx, found):
            found[account_id] = (*found[account_id], held)
    return found


async def movements(account_id: int, window: Window, period: Between, *, asked: Call, db: Database) -> Page[Movement]:
    """What entered or left an account of one's own organisation."""
    async with db.reading() as tx:
        await authorise_account_in(tx, account_id, asked)
        found = await store.movements(tx, window, period, account_id)
    if access.oversees(asked.by):
        return found
    return structs.replace(found, items=tuple(_without_counterparty(each, account_id) for each in found.items))


def _without_counterparty(movement: Movement, account_id: int) -> Movement:
    """On the exchange nobody has to know who sold or bought: the other side of a delivery is omitted."""
    if (movement.from_state, movement.to_state) != ("held", "held"):
        return movement
    if movement.to_account_id == account_id:
        return structs.replace(movement, from_account_id=None)
    return structs.replace(movement, to_account_id=None)
