"""`kilnwood bench`: every figure with its limit, and a pgbench script that is what the service sends. No timings."""

import json
import subprocess
import sys

import asyncpg
import httpx

from deploy.app import Parts, create_app
from deploy.bench import pgbench
from registry.kit.database import Database
from tests.worlds import KEYRING, PROFILE, World

FIGURES = ["retirements-1", "retirements-32", "issuance", "sequencing", "verification", "cold-verify"]
WITH_TARGET = {"retirements-32", "issuance", "verification", "cold-verify"}


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "deploy", "bench", *words], capture_output=True, text=True, timeout=200, check=False
    )


def test_every_figure_comes_with_its_limit():
    """The smallest run, as JSON: the machine, and each figure beside what it is measured against."""
    done = bench("--seconds", "0.2", "--json")
    assert 0 == done.returncode, done.stderr
    results = json.loads(done.stdout)
    assert FIGURES == [each["name"] for each in results["figures"]]
    for each in results["figures"]:
        assert each["value"] > 0
        assert each["limit"] > 0
        assert each["limit_what"]
        assert each["share"] > 0
    told = {each["name"]: each["target"]["verdict"] for each in results["figures"] if each["target"]}
    assert WITH_TARGET == told.keys()
    assert set(told.values()) <= {"reached", "missed"}
    assert {"processor", "cores", "load", "system", "python", "postgresql"} == results["machine"].keys()


def test_a_figure_that_there_is_not():
    """A wrong name is told before anything starts."""
    done = bench("--only", "nonsense")
    assert (2, "") == (done.returncode, done.stdout)
    assert "no figure is named nonsense; there are retirements-1," in done.stderr


async def test_pgbench_sends_what_the_service_sends(delivered: World):
    """The statements of one real retirement, recorded, are those of the script, in its order."""
    scenic = delivered.party("scenic")
    body = {
        "account_id": scenic.account_id,
        "claim_id": await delivered.contribution("scenic"),
        "quantity_kg": 1,
        "reason": "recorded",
    }
    sent: list[str] = []

    async def listen(connection: asyncpg.Connection) -> None:
        connection.add_query_logger(lambda record: sent.append(record.query))

    settings = {"role": "kilnwood_api"}
    async with asyncpg.create_pool(delivered.dsn, min_size=1, server_settings=settings, init=listen) as pool:
        app = create_app(Parts(db=Database(pool), keyring=KEYRING, region=PROFILE))
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # litestar's own ASGI types
        async with httpx.AsyncClient(transport=transport, base_url="http://registry.test") as http:
            headers = {"Authorization": f"Bearer {scenic.key}", "Idempotency-Key": "recorded"}
            answer = await http.post("/v1/retirements", json=body, headers=headers)
    assert 201 == answer.status_code, answer.text
    statements = [query for query in sent if query.rstrip(";").lower() not in ("begin", "commit") and _is_ours(query)]
    assert [text for _, text in pgbench.named()] == statements
    assert ["begin;", "commit;"] == [line for line in pgbench.template().splitlines() if line in ("begin;", "commit;")]


def _is_ours(query: str) -> bool:
    return "registry." in query
