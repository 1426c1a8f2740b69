"""`kilnwood reconcile` as an auditor or a cron job runs it, and what a service whose books disagree says."""

import asyncio
import json
import re
import uuid
from pathlib import Path

import httpx
import pytest

from deploy.cli.reconcile import CannotCompare, compare
from deploy.postgres.programs import PostgresUnavailable
from deploy.settings import read_settings
from tests.database import LOGIN, as_login, connected
from tests.deploy.services import Service, kilnwood
from tests.exchange.marketplace import until
from tests.probes import as_owner
from tests.worlds import database_dsn

FEN_MORE = "update exchange.position set settled = settled + {} where (account_id, instrument_id) = (7, 0)"


async def run(*words: str, **settings: str) -> tuple[int, str, str]:
    """Exit code, output and errors of one command, beside the loop of the test."""
    done = await asyncio.to_thread(kilnwood, *words, **settings)
    return done.returncode, done.stdout, done.stderr


async def test_books_that_agree(delivered):
    """Four lines and a verdict, exit code 0; the same as one document for programs."""
    code, said, errors = await run("reconcile", DATABASE_URL=delivered.dsn)
    assert (0, "") == (code, errors)
    lines = said.splitlines()
    assert ["journal", "tonnes", "money", "under"] == [line.split()[0] for line in lines[:-1]]
    assert re.search(r"\d+ commands replayed from 1 on: every hash, snapshot, balance and order as stored", lines[0])
    assert "The books agree." == lines[-1]
    code, said, errors = await run("reconcile", "--json", DATABASE_URL=delivered.dsn)
    found = json.loads(said)
    assert (0, "", True, []) == (code, errors, found["agree"], found["differences"])
    assert (1, None) == (found["replayed_from"], found["journal_error"])
    assert found["held_kg"] == found["owed_kg"] == 119_000
    assert found["deposited_fen"] - found["withdrawn_fen"] == found["owed_fen"]


async def test_books_that_differ_by_a_fen(delivered):
    """Exit code 1, and each difference with what was expected and found."""
    await as_owner(delivered, FEN_MORE.format(1))
    code, said, _ = await run("reconcile", DATABASE_URL=delivered.dsn)
    owed = [line for line in said.splitlines() if line.startswith("DIFFERENT")]
    assert (1, "The books DISAGREE.") == (code, said.splitlines()[-1])
    assert 2 == len(owed), said
    assert re.fullmatch(r"DIFFERENT  fen that all accounts have: [\d,]+ expected, [\d,]+ found", owed[0])
    assert "settled fen, replayed and in the tables (account 7): 44,350 expected, 44,351 found" in owed[1]
    code, said, _ = await run("reconcile", "--json", DATABASE_URL=delivered.dsn)
    assert (1, False, 2) == (code, json.loads(said)["agree"], len(json.loads(said)["differences"]))
    await as_owner(delivered, FEN_MORE.format(-1))


@pytest.mark.long
async def test_books_that_cannot_be_compared(server, delivered, tmp_path):
    """Exit code 2 and one line that says what to do; an alarm can tell it from books that differ."""
    reader = f"reader_{uuid.uuid4().hex}"
    as_reader = as_login(delivered.dsn, reader)
    cases = {
        "has no tables of the exchange": server,
        f"login {reader} may not read the tables": as_reader,
        "cannot be reached: [Errno": "postgresql://nobody@127.0.0.1:1/nowhere",
        "cannot be reached: invalid literal": "postgresql://nobody@127.0.0.1:notaport/nowhere",
        "cannot be reached: `sslmode`": "postgresql://nobody@127.0.0.1/nowhere?sslmode=bogus",
    }
    async with connected(server) as admin:
        await admin.execute(f"create role {reader} {LOGIN}")
        for says, dsn in cases.items():
            code, said, errors = await run("reconcile", DATABASE_URL=dsn)
            assert (2, "", 1) == (code, said, len(errors.splitlines())), errors
            assert says in errors
        assert f"GRANT kilnwood_api TO {reader};" in (await run("reconcile", DATABASE_URL=as_reader))[2]
        await admin.execute(f"grant kilnwood_api to {reader}")
        assert 0 == (await run("reconcile", DATABASE_URL=as_reader))[0]
        await admin.execute(f"drop role {reader}")
    code, _, errors = await run("reconcile", KILNWOOD_DATA_DIR=str(tmp_path / "none"))
    assert (2, True) == (code, "There is no registry in" in errors)


async def test_an_embedded_database_that_cannot_be_started(tmp_path, monkeypatch):
    """The error of the server is reported as it is."""
    (tmp_path / "postgres").mkdir()

    def refuses(folder: Path, *, create: bool) -> None:
        assert (tmp_path / "postgres", False) == (folder, create)
        raise PostgresUnavailable("it is of another version")

    monkeypatch.setattr("deploy.postgres.server.start", refuses)
    with pytest.raises(CannotCompare, match="it is of another version"):
        await compare(read_settings({"KILNWOOD_DATA_DIR": str(tmp_path)}))


async def test_a_start_compares_the_books(server, open_folder):
    """A service that finds a fen too much serves, says so in its log and in its readiness, and names the command."""
    name = f"books_{uuid.uuid4().hex}"
    async with connected(server) as admin:
        await admin.execute(f"create database {name}")
    dsn = database_dsn(server, name)
    service = Service(open_folder, {"DATABASE_URL": dsn})
    try:
        await asyncio.to_thread(service.start)
        await asyncio.to_thread(service.child.stop)
        async with connected(dsn) as owner:
            await owner.execute("insert into exchange.position values (1, 0, 5, 0, 0, 0)")
        await asyncio.to_thread(service.child.start)
        async with service.client() as http:

            async def says() -> bool:
                try:
                    answer = await service.inner("/health/ready")
                except httpx.TransportError:
                    return False
                return "degraded" == answer.json()["status"] and "run kilnwood reconcile" in answer.text

            await until(says, "the comparison of the books")
            gauges = (await service.inner("/metrics")).text
            assert "kilnwood_exchange_committed 0.0" in gauges
            assert "kilnwood_exchange_projected 0.0" in gauges
            assert 200 == (await http.get("/v1/instruments")).status_code
        lines = [json.loads(line) for line in service.log.read_text().splitlines() if "books_disagree" in line]
        assert [("fen that all accounts have", 0, 5)] == [
            (line["what"], line["expected"], line["found"]) for line in lines
        ]
    finally:
        await asyncio.to_thread(service.child.stop)
        async with connected(server) as admin:
            await admin.execute(f"drop database if exists {name} with (force)")
