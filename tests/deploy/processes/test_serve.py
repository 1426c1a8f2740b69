"""
`kilnwood serve` from outside: one real service, what it tells and what it keeps to itself.

It runs on another server than the embedded one, Debian's PostgreSQL 15 where that is installed, whose tables belong to
a role that is no superuser and whose serving role owns nothing.
"""

import asyncio
import json
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.children import free_port
from deploy.postgres import server as postgres
from deploy.processes import first_start
from deploy.settings import TABLE, read_settings
from tests.database import LOGIN, as_login
from tests.deploy.services import Service, kilnwood
from tests.faults.killing import until
from tests.worlds import database_dsn

DEBIAN = Path("/usr/lib/postgresql/15/bin")
NAME, PERSON = "Zhaohua Reservoir Cooperative 朝华水库合作社", "Zhu Zhe 朱喆"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service with a database of its own keeper: an owner for migrations, a serving role without tables."""
    folder = Path(tempfile.mkdtemp(prefix="kw-test-", dir="/tmp"))
    folder.chmod(0o755)
    bin_dir = DEBIAN if (DEBIAN / "postgres").exists() else None
    dsn = postgres.start(folder / "postgres", settings={"fsync": "off"}, bin_dir=bin_dir).dsn
    made = Service(folder, asyncio.run(prepare(dsn)))
    try:
        migrated = made.run("migrate")
        assert (0, "The database is up to date.\n") == (migrated.returncode, migrated.stdout)
        asyncio.run(admit(dsn))
        made.start()
        yield made
    finally:
        made.child.stop()
        postgres.remove(folder / "postgres", bin_dir=bin_dir)
        shutil.rmtree(folder, ignore_errors=True)


async def prepare(dsn: str) -> dict[str, str]:
    """Two login roles and a database that one of them owns; returns the settings that name them."""
    admin = await asyncpg.connect(dsn)
    await admin.execute(f"create role owner {LOGIN} createrole")
    await admin.execute(f"create role serving {LOGIN}")
    await admin.execute("create database kilnwood owner owner")
    await admin.close()
    owner, servant = (as_login(database_dsn(dsn, "kilnwood"), role) for role in ("owner", "serving"))
    return {"DATABASE_URL": servant, "DATABASE_OWNER_URL": owner}


async def admit(dsn: str) -> None:
    """What the keeper of a database does once after the first migration."""
    admin = await asyncpg.connect(dsn)
    await admin.execute("grant kilnwood_api, kilnwood_sequencer to serving")
    await admin.close()


async def test_health_metrics_and_the_first_page(service):
    """Live, ready, counted; and a page that says where things are."""
    async with service.client() as http:
        assert {"status": "live"} == (await http.get("/health/live")).json()
        assert {"status": "ready"} == (await http.get("/health/ready")).json()
        await http.get("/v1/projects")
        counted = (await service.inner("/metrics")).text
        assert re.search(r'kilnwood_requests_total\{operation="list_projects",status="200"\} [1-9]', counted)
        assert 'kilnwood_request_seconds_bucket{le="' in counted
        home = await http.get("/")
        assert "text/html; charset=utf-8" == home.headers["content-type"]
        for path in re.findall(r'(?:href|src)="(/(?:assets|docs|projects|[?])[^"]*)"', home.text):
            assert 200 == (await http.get(path)).status_code, path


async def test_the_inner_face_tells_of_each_part_and_the_outer_one_of_none(service):
    """Metrics and parts are on an address of their own; the public one says live or ready, and has no metrics."""
    said = await service.inner("/health/ready")
    parts = {each["part"]: each["status"] for each in said.json()["parts"]}
    of_processes = ("database", "sequencer", "housekeeping", "notifications", "snapshots")
    wanted = (*of_processes, "log", "clock", "exchange", "disk", "past-days")
    assert (200, "ready", dict.fromkeys(wanted, "ready")) == (said.status_code, said.json()["status"], parts)
    assert {"status": "live"} == (await service.inner("/health/live")).json()
    stray = await service.inner("/v1/region")
    assert (404, "The inner face has /metrics, /health/live and /health/ready.\n") == (stray.status_code, stray.text)
    async with service.client() as http:
        assert 404 == (await http.get("/metrics")).status_code


def test_a_taken_inner_port_is_one_line(service, tmp_path):
    """It names the setting to change; the public port of the settings is free."""
    other = {"KILNWOOD_DATA_DIR": str(tmp_path / "other"), "KILNWOOD_PORT": str(free_port())}
    line = the_line(refused(service, **other))
    assert (
        f"Cannot listen on 127.0.0.1:{service.inner_port}: Address already in use. "
        "Set KILNWOOD_INNER_PORT to a free port." == line
    )


def test_one_port_for_both_faces_is_refused(service, tmp_path):
    """A start that would end in silence, when the second one binds it."""
    port = str(free_port())
    other = {"KILNWOOD_DATA_DIR": str(tmp_path / "other"), "KILNWOOD_PORT": port, "KILNWOOD_INNER_PORT": port}
    assert f"KILNWOOD_PORT and KILNWOOD_INNER_PORT are both {port}." in the_line(refused(service, **other))


async def test_the_first_start_makes_two_regulators(service):
    """Two keys of different people, in files that only their owner reads, and the serving role has no table."""
    files = sorted((service.data / "secrets").iterdir())
    assert ["api-key-pepper", "regulator-1.key", "regulator-2.key"] == [file.name for file in files]
    assert [0o600] * 3 == [stat.S_IMODE(file.stat().st_mode) for file in files]
    async with service.client() as http:
        who = [
            (await http.get("/v1/me", headers={"Authorization": f"Bearer {await service.regulator(number)}"})).json()
            for number in (1, 2)
        ]
    assert 2 == len({each["person_id"] for each in who})
    assert [["regulator"]] * 2 == [[grant["role"] for grant in each["roles"]] for each in who]


async def test_one_line_a_request_and_nothing_personal(service):
    """Method, path, status, duration and identifiers; no body, key, name or query. Refusals and strays as well."""
    key, body = await service.regulator(), {"name": NAME, "identifiers": []}
    begun = service.log.stat().st_size
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "secretive-key-1"}
    async with service.client() as http:
        sent = [
            await http.post("/v1/organisations", json=body, headers=headers),
            await http.post("/v1/people", json={"name": PERSON}, headers=headers),
            await http.post("/v1/people", json={"name": PERSON}),
            await http.post("/v1/people", content=f'{{"name": "{PERSON}"', headers=headers),
            await http.post("/v1/accounts", json={"name": PERSON, "owner_id": PERSON}, headers=headers),
            await http.get("/nowhere?who=somebody"),
            await http.get("/v1/me", headers={"Authorization": "Bearer kw_sim_notakey"}),
        ]

    def logged() -> list[dict[str, Any]]:
        lines = service.log.read_bytes()[begun:].decode().splitlines(keepends=True)
        each = [json.loads(line) for line in lines if line.endswith("\n")]
        return [line for line in each if line["event"] == "http_request"]

    async def all_are_logged() -> bool:
        return len(logged()) >= len(sent)

    await until(all_are_logged, "a line is written after its answer")
    written, requests = service.log.read_bytes()[begun:].decode(), logged()
    assert [(each.request.method, each.request.url.path, each.status_code) for each in sent] == [
        (line["method"], line["path"], line["status"]) for line in requests
    ]
    assert [201, 401, 404] == [sent[1].status_code, sent[2].status_code, sent[5].status_code]
    known = {
        "method",
        "path",
        "status",
        "duration_ms",
        "event",
        "request_id",
        "level",
        "timestamp",
        "operation",
        "client",
    }
    assert set() == {name for line in requests for name in line} - known - {"person_id", "key_id", "problem"}
    assert {"127.0.0.1"} == {line["client"] for line in requests}
    keyed = [(line.get("person_id"), line.get("key_id")) for line in requests]
    async with service.client() as http:
        me = (await http.get("/v1/me", headers=headers)).json()
    mine = (me["person_id"], me["key_id"])
    assert [mine, mine, (None, None), mine, mine, (None, None), (None, None)] == keyed
    assert len(requests) == len({line["request_id"] for line in requests})
    for secret in (key, key[-20:], NAME, "Zhaohua", PERSON, "Zhu", "secretive-key", "somebody", "notakey"):
        assert secret not in written
        assert json.dumps(secret)[1:-1] not in written


class Links(HTMLParser):
    """What a page loads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element refers to."""
        self.loaded += [value for name, value in attrs if name in ("src", "href", "action") and value]


async def test_the_documentation_calls_nobody(service):
    """Scripts, styles, icon and document come from here, none of them inside the page; no outside validator."""
    async with service.client() as http:
        page = (await http.get("/docs")).text
        links = Links(page).loaded
        assert 5 == len(links)
        for link in links:
            assert link.startswith("/static/"), link
            assert 200 == (await http.get(link)).status_code
        start = (await http.get("/static/docs/start.js")).text
        document = (await http.get("/docs/openapi.json")).json()
        assert 404 == (await http.get("/docs/oauth2-redirect.html")).status_code
    assert not re.search(r"<script[^>]*>[^<]|<style|\son\w+=", page)
    assert 'url: "/docs/openapi.json"' in start
    assert "validatorUrl: null" in start
    assert "3.1" == document["openapi"][:3]
    assert "servers" not in document or [{"url": "/"}] == document["servers"]
    assert [] == re.findall(r"https?://[^'\"\s]+", page + start)


def refused(service: Service, **settings: str) -> str:
    """What `serve` says when it does not start: on standard error, without a trace."""
    done = service.run("serve", **settings)
    assert (1, "") == (done.returncode, done.stdout), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def free_ports() -> dict[str, str]:
    """Settings of a second service."""
    return {name: str(free_port()) for name in ("KILNWOOD_PORT", "KILNWOOD_INNER_PORT")}


def the_line(text: str) -> str:
    """The one line that the text is, after the name of the program."""
    *logged, line = text.splitlines()
    assert all(
        json.loads(each)["event"] in ("database_version", "migration_applied", "served_by_superuser") for each in logged
    ), text
    assert line.startswith("kilnwood: ")
    return line.removeprefix("kilnwood: ")


def test_a_taken_port_is_one_line(service, tmp_path):
    """It names the address and the setting to change."""
    line = the_line(refused(service, KILNWOOD_DATA_DIR=str(tmp_path / "other")))
    wanted = f"Cannot listen on 127.0.0.1:{service.port}: Address already in use. Set KILNWOOD_PORT to a free port."
    assert wanted == line


def test_a_data_folder_in_use_is_one_line(service):
    """It names the process that uses it, and how to stop that."""
    line = the_line(refused(service, KILNWOOD_PORT="1"))
    wanted = f"The data folder {service.data} is in use by process {service.process.pid}. Stop it with: kilnwood stop"
    assert wanted == line


def test_another_regions_database_is_one_line(service, tmp_path):
    """Serials and statements of two regions never mix."""
    other = {"KILNWOOD_DATA_DIR": str(tmp_path / "other"), **free_ports()}
    line = the_line(refused(service, KILNWOOD_REGION="CN-500000", **other))
    assert line.startswith(
        "This database is of region CN-510100 with log kilnwood.example/sim/CN-510100; the settings say"
    )


def test_an_unreachable_database_is_one_line(service, tmp_path):
    """Also with credentials in the address: they are not repeated."""
    address = "postgresql://somebody:hunter2@127.0.0.1:1/kilnwood"
    other = {"KILNWOOD_DATA_DIR": str(tmp_path / "other"), **free_ports()}
    line = the_line(refused(service, DATABASE_URL=address, DATABASE_OWNER_URL="", **other))
    assert line.startswith("The database cannot be reached: ")
    assert "hunter2" not in line


def test_a_role_that_may_not_migrate_is_one_line(service, tmp_path):
    """Without the owner's address the serving role meets tables that it cannot read."""
    other = {"KILNWOOD_DATA_DIR": str(tmp_path / "other"), **free_ports(), "DATABASE_OWNER_URL": ""}
    assert the_line(refused(service, **other)).startswith(
        "Migrations need the owner of the tables (DATABASE_OWNER_URL)"
    )


async def test_a_changed_migration_is_one_line(service, tmp_path, server, templates):
    """It names the file and what to do; nothing is applied."""
    admin = await asyncpg.connect(server)
    await admin.execute(f"create database changed template {templates['empty'].database}")
    dsn = database_dsn(server, "changed")
    owner = await asyncpg.connect(dsn)
    await owner.execute("update kilnwood_migration set sha256 = sha256('x') where name like 'registry.%/0002%'")
    await owner.close()
    try:
        other = {"KILNWOOD_DATA_DIR": str(tmp_path / "other"), **free_ports()}
        line = the_line(refused(service, DATABASE_URL=dsn, DATABASE_OWNER_URL="", **other))
    finally:
        await admin.execute("drop database changed with (force)")
        await admin.close()
    assert line.startswith("registry.migrations/0002_projects.sql was changed after it was applied (SHA-256 ")
    assert line.endswith("Restore the file and write a new migration instead.")


def test_settings_that_cannot_be_used_are_all_listed():
    """Each on its line, with its value and what is wanted; an unknown name is refused as well."""
    wrong = {
        "KILNWOOD_PORT": "0",
        "KILNWOOD_POOL": "many",
        "KILNWOOD_REGION": "chengdu",
        "KILNWOOD_AUTHORITY_USCC": "11510100MB0000000X",
        "KILNWOOD_WITNESSES": "http://w",
        "DATABASE_URL": "mysql://x",
        "KILNWOOD_PROT": "8000",
    }
    done = kilnwood("serve", **wrong)
    assert (2, "") == (done.returncode, done.stdout)
    first, *lines = done.stderr.splitlines()
    assert "kilnwood: these settings cannot be used:" == first
    assert "KILNWOOD_PROT: no such setting" == lines.pop()
    order = [setting.name for setting in TABLE if setting.name in wrong]
    assert order == [line.partition("=")[0] for line in lines]
    assert all(f"{name}={wrong[name]!r}: wanted " in line for name, line in zip(order, lines, strict=True))


@pytest.mark.parametrize("major", [9, 14])
async def test_an_old_server_is_refused(monkeypatch, major):
    """15 is the oldest whose range types and roles are tested."""

    class Old:
        """A connection to a server of an old version."""

        def get_server_version(self):
            """Its version."""
            return asyncpg.types.ServerVersion(major, 3, 0, "final", 0)

        async def close(self):
            """Nothing to close."""

    async def connect(*_, **__):
        return Old()

    monkeypatch.setattr(asyncpg, "connect", connect)
    with pytest.raises(first_start.CannotServe, match=f"PostgreSQL {major} is too old: version 15 is the oldest"):
        await first_start.prepare_database(read_settings({"DATABASE_URL": "postgresql://localhost"}))
