"""The region in which requests race, and the gate that holds them back until all of them wait."""

import asyncio
import contextlib
import copy
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
import msgspec

from deploy.migrations import every_migration
from deploy.scenarios.cast import Party, Season
from deploy.scenarios.registration import take_office
from registry.kit.migrate import migrate
from registry.methodologies import catalogue
from registry.parties import service as parties
from schemas.identifiers import Identifier
from schemas.methodologies import KilnElectrificationActivity
from schemas.parties import Region
from tests import worlds
from tests.worlds import PROFILE, World

BEGINS = "2025-01-06T01:00:00Z"
ISSUED_KG = 14_000
"""The quantity issued for one report of `ACTIVITY`."""
ACTIVITY = KilnElectrificationActivity(gas_10k_nm3=1, efficiency_ratio="0.5", grid_region="CN-510000", grid_year=2021)
REPORTS = 3
WAIT_S = 30.0


@dataclass(frozen=True)
class RegionTemplate:
    """A database with regulators, a maker of credits, two buyers, an exchange operator and reports; one is issued."""

    database: str
    season: Season
    maker: Party
    buyers: tuple[Party, Party]
    operator: Party
    third_regulator: str
    reports: tuple[int, ...]


@dataclass
class RaceRegion:
    """One test's copy of the template."""

    world: World
    maker: Party
    buyers: tuple[Party, Party]
    operator: Party
    third_regulator: str
    reports: tuple[int, ...]
    """The first one is issued, to the maker."""
    watcher: asyncpg.Connection = field(repr=False)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Poll until *condition* holds; fails after `WAIT_S`."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not await condition():
                    pass  # each question goes to the database and back
        except TimeoutError:
            raise AssertionError("the requests never waited") from None

    async def waiting_sessions(self) -> int:
        """The number of sessions of this database that wait for a lock."""
        return int(
            await self.watcher.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
        )

    @contextlib.asynccontextmanager
    async def gate(self, *held: str, until_waiting: int) -> AsyncIterator[None]:
        """
        Hold the locks that the *held* statements take; at exit, release them once *until_waiting* sessions wait.

        If a guard is a single lock, the gate also holds the rows behind it: without the guard the requests then wait
        one step later, after a read that is stale by the time they continue, and the test sees the damage.
        """
        holder = await asyncpg.connect(self.world.dsn)
        try:
            async with holder.transaction():
                for statement in held:
                    await holder.execute(statement)
                yield

                async def all_there() -> bool:
                    return await self.waiting_sessions() >= until_waiting

                await self.until(all_there)
        finally:
            await holder.close()


def fresh_name() -> str:
    """A database name that no other process uses."""
    return f"race_{uuid.uuid4().hex}"


async def build_template(server: str, activity: KilnElectrificationActivity = ACTIVITY) -> RegionTemplate:
    """Migrate, create the region and enrol its people over HTTP; the project and reports are inserted with SQL."""
    name = fresh_name()
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"create database {name}")
    finally:
        await admin.close()
    dsn = worlds.database_dsn(server, name)
    owner = await asyncpg.connect(dsn)
    try:
        await migrate(owner, every_migration())
        secrets = await _begin(dsn)
        async with worlds.application(dsn, None) as world:
            world.season.regulators = secrets
            await take_office(world.season)
            maker = await world.newcomer("developer", name="Maker")
            buyers = (await world.newcomer("enterprise", name="One"), await world.newcomer("enterprise", name="Two"))
            operator = await world.newcomer("operator", name="Exchange")
            # Who can approve what the first proposes, but not what the second does, who made this key.
            _, third = await world.member(by=world.regulators[1], confirmed=False)
            reports = await _verified_reports(owner, maker, activity)
            body = {"operation": "issue_credits", "report_id": reports[0], "account_id": maker.account_id}
            await world.decide("/v1/issuances", body)
            season = copy.copy(world.season)
        return RegionTemplate(name, season, maker, buyers, operator, third, reports)
    finally:
        await owner.close()


async def _begin(dsn: str) -> tuple[str, str]:
    secrets: list[str] = []

    def keep(_: int, fresh: str) -> str:
        secrets.append(fresh)
        return fresh

    first = parties.FirstStart(
        region=Region(**msgspec.structs.asdict(PROFILE), business_time=datetime.fromisoformat(BEGINS)),
        authority="Bureau",
        authority_id=Identifier(scheme="uscc", value="11510100MB0000000U"),
        regulators=("First", "Second"),
    )
    async with worlds.application(dsn, None) as world:
        await parties.create_region_once(first, db=world.db, keyring=worlds.KEYRING, keep=keep)
    return secrets[0], secrets[1]


async def _verified_reports(
    owner: asyncpg.Connection, maker: Party, activity: KilnElectrificationActivity
) -> tuple[int, ...]:
    sha256 = bytes(32)
    await owner.execute(
        "insert into registry.document values ($1, 'text/plain', 'verified', $2, registry.business_now())",
        sha256,
        maker.person_id,
    )
    project = await owner.fetchval(
        "insert into registry.project (code, region_id, developer_id, name, methodology, location, crediting_begins,"
        " crediting_ends, description, documents, state, created_at)"
        " select 'SC-CDCER-0001', id, $1, 'Kiln', 'kiln-electrification', 'Here', '2015-01-01', '2025-01-01', 'Kiln',"
        " '{}', 'registered', registry.business_now() from registry.region returning id",
        maker.organisation_id,
    )
    reduction = catalogue.compute(activity)
    input_, computed = (msgspec.json.encode(each).decode() for each in (activity, reduction))
    reports = [
        await owner.fetchval(
            "insert into registry.monitoring_report (project_id, vintage, begins, ends, activity, reduction,"
            " reduction_kg, issuable_t, documents, verification_report, state, created_at)"
            " values ($1, $2, make_date($2, 1, 1), make_date($2, 12, 31), $3, $4, $5, $6, '{}', $7, 'verified',"
            " registry.business_now()) returning id",
            project,
            2020 + number,
            input_,
            computed,
            reduction.reduction_kg,
            reduction.issuable_t,
            sha256,
        )
        for number in range(REPORTS)
    ]
    return tuple(reports)


@contextlib.asynccontextmanager
async def copied_database(server: str, template: RegionTemplate) -> AsyncIterator[str]:
    """Copy the template database; yields the DSN and drops the copy at exit."""
    name = fresh_name()
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"create database {name} template {template.database}")
        yield worlds.database_dsn(server, name)
    finally:
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.close()


@contextlib.asynccontextmanager
async def opened(dsn: str, template: RegionTemplate) -> AsyncIterator[RaceRegion]:
    """The application on a copy of the template."""
    watcher = await asyncpg.connect(dsn)
    try:
        async with worlds.application(dsn, template.season) as world:
            people = (template.maker, template.buyers, template.operator, template.third_regulator)
            yield RaceRegion(world, *people, template.reports, watcher)
    finally:
        await watcher.close()
