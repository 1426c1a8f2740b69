"""What a start finds and what it makes: keys, pepper and roles. Nothing that was lost is silently made again."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from deploy.processes import first_start
from deploy.settings import Settings, read_settings
from registry.receipts.verifier.trust import load_trust
from schemas.parties import Region
from tests.database import LOGIN, as_login
from tests.deploy.services import Service, kilnwood
from tests.faults.killing import until
from tests.registry.receipts.verifier.world import WITNESS
from tests.worlds import database_dsn

KEY_FILES = ["head.json", "issuer.key", "log-ed25519.key", "log-ml-dsa-44.key"]


@pytest.fixture
async def dsn(server) -> AsyncIterator[str]:
    """A new, empty database."""
    admin = await asyncpg.connect(server)
    await admin.execute("create database first_start")
    try:
        yield database_dsn(server, "first_start")
    finally:
        await admin.execute("drop database first_start with (force)")
        await admin.close()


def test_keys_show_makes_keys_once_and_says_so(tmp_path):
    """On standard error, so that a pipe gets the keys alone; a folder that lost one gets no other."""
    folder = str(tmp_path / "data")
    first, again = (kilnwood("keys", "show", KILNWOOD_DATA_DIR=folder) for _ in range(2))
    assert (0, 0, first.stdout) == (first.returncode, again.returncode, again.stdout)
    assert 3 == len(first.stdout.splitlines())
    assert "had no keys; made new ones for kilnwood.example/CN-510100." in first.stderr
    assert "" == again.stderr
    assert KEY_FILES == sorted(file.name for file in (tmp_path / "data" / "log-keys").iterdir())
    (tmp_path / "data" / "log-keys" / "issuer.key").unlink()
    for words in (("keys", "show"), ("keys", "trust")):
        refused = kilnwood(*words, KILNWOOD_DATA_DIR=folder)
        assert (1, "") == (refused.returncode, refused.stdout)
        assert "issuer.key does not exist; restore it from its copy" in refused.stderr


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, None),
        ({"id": "CN-510700"}, "This database is of region CN-510700 with log"),
        ({"log_origin": "other.example/CN-510100"}, "with log other.example/CN-510100; the settings say"),
        ({"name": "Mianyang registry"}, "called 'Mianyang registry' for ever, .* settings say 'Chengdu carbon"),
    ],
)
def test_settings_of_another_region_or_name_are_refused(values, words):
    """A trust.json made with another name would refuse every statement of this registry."""
    own = read_settings({})
    given = {"id": own.region, "name": own.region_name, "log_origin": own.log_origin} | values
    region = Region(
        **given, serial_region="SC", programme="CDCER", simulated=False, business_time=datetime(2026, 1, 1, tzinfo=UTC)
    )
    if words is None:
        first_start.require_ours(own, region)
        return
    with pytest.raises(first_start.CannotServe, match=words):
        first_start.require_ours(own, region)


def test_the_next_edition_of_trust_keeps_the_witnesses_before(tmp_path):
    """`--after` the edition before, from the leaf at which the witnesses were changed; without a change it refuses."""
    folder, before = str(tmp_path / "data"), tmp_path / "trust.json"
    before.write_text(kilnwood("keys", "trust", KILNWOOD_DATA_DIR=folder).stdout)
    witnesses = f"http://127.0.0.1:9 {WITNESS.key.text()}"
    words = ("keys", "trust", "--after", str(before), "--from-leaf", "7")
    made = kilnwood(*words, KILNWOOD_DATA_DIR=folder, KILNWOOD_WITNESSES=witnesses)
    assert (0, "") == (made.returncode, made.stderr)
    trust = load_trust(made.stdout.encode())
    assert (2, [(7, 0), (None, 1)]) == (trust.number, [(end, len(each.witnesses)) for end, each in trust.policies])
    assert load_trust(before.read_bytes()).registry == trust.registry == "Chengdu carbon inclusion registry"
    other = kilnwood(
        *words, KILNWOOD_DATA_DIR=folder, KILNWOOD_WITNESSES=witnesses, KILNWOOD_REGION_NAME="Mianyang registry"
    )
    assert (1, "") == (other.returncode, other.stdout)
    assert "the trust file is for 'Chengdu carbon inclusion registry', the settings are of 'Mianyang" in other.stderr
    same = kilnwood(*words, KILNWOOD_DATA_DIR=folder)
    assert (1, "") == (same.returncode, same.stdout)
    assert "there is nothing to change" in same.stderr
    assert "belong together" in kilnwood(*words[:4], KILNWOOD_DATA_DIR=folder).stderr


@pytest.mark.long
async def test_what_was_lost_is_not_made_again(open_folder, dsn):
    """Without the pepper nothing starts; without the log's keys, or with others, nothing is signed, and it says why."""
    service = Service(open_folder, {"DATABASE_URL": dsn})
    service.start()
    await until(lambda: known_keys(dsn), "the sequencer has started")
    service.child.stop()
    pepper = service.data / "secrets" / "api-key-pepper"
    kept = pepper.read_bytes()
    pepper.unlink()
    refused = service.run("serve")
    assert 1 == refused.returncode
    assert "api-key-pepper is missing, and the database has a region" in refused.stderr
    assert not pepper.exists()
    pepper.write_bytes(kept)
    pepper.chmod(0o640)
    assert f"Run: chmod 600 {pepper}." in service.run("serve").stderr
    pepper.chmod(0o600)

    keys = service.data / "log-keys"
    shutil.move(keys, open_folder / "kept")
    assert "issuer.key is missing, and the log of this database" in await refusal(service)
    assert not keys.exists()
    assert 0 == service.run("keys", "show").returncode
    assert "has another issuer key than the one in log-keys/" in await refusal(service)


async def known_keys(dsn: str) -> bool:
    """Whether the database knows the keys of its log."""
    owner = await asyncpg.connect(dsn)
    try:
        return bool(await owner.fetchval("select count(*) = 3 from registry.log_key"))
    finally:
        await owner.close()


async def refusal(service: Service) -> str:
    """Start, wait until the service says that nothing is signed, stop; returns what was logged."""
    begun = service.log.stat().st_size
    service.child.start()
    service.child.wait_until(f"{service.url}/health/ready", statuses=(200, 503))
    async with service.client() as http:

        async def it_says_so() -> bool:
            return "refuses to sign" in (await service.inner("/health/ready")).text

        await until(it_says_so, "the sequencer refuses")
        assert "kilnwood_log_unpublished_statements 0.0" in (await service.inner("/metrics")).text

        async def unready() -> bool:
            return (await http.get("/health/ready")).status_code == 503

        await until(unready, "what belongs into the log is refused")
        assert "unready" == (await service.inner("/health/ready")).json()["status"]
        assert 200 == (await http.get("/v1/conservation")).status_code, "reads go on"

        async def logged() -> bool:
            return b"signing_refused" in service.log.read_bytes()[begun:]

        await until(logged, "this start says so too: what is stored may be an earlier one's word")
    service.child.stop()
    return service.log.read_bytes()[begun:].decode()


@pytest.fixture
async def logins(server, templates, dsn) -> AsyncIterator[asyncpg.Connection]:
    """An owner who may create no roles and a login that owns nothing; the two roles are there (templates)."""
    admin = await asyncpg.connect(server)
    await admin.execute(f"create role first_owner {LOGIN} nocreaterole; create role first_serving {LOGIN}")
    await admin.execute("alter database first_start owner to first_owner")
    try:
        yield admin
    finally:
        owned = await asyncpg.connect(dsn)
        await owned.execute("drop owned by first_owner cascade")
        await owned.close()
        await admin.execute("alter database first_start owner to postgres")
        await admin.execute("drop role first_owner; drop role first_serving")
        await admin.close()


def settings(dsn: str, *, owner: str = "first_owner", serving: str) -> Settings:
    """Settings with two logins."""
    return read_settings({"DATABASE_URL": as_login(dsn, serving), "DATABASE_OWNER_URL": as_login(dsn, owner)})


@pytest.mark.parametrize("login", ["first_owner", "first_serving"])
async def test_roles_made_beforehand_are_enough(logins, dsn, login):
    """The owner migrates without creating or granting any; one error names the grants that are missing."""
    address = await first_start.prepare_database(settings(dsn, serving=login))
    wanted = f"The login {login} may not act as the roles of the service (permission denied to set role"
    with pytest.raises(first_start.CannotServe) as caught:
        await first_start.require_roles(address)
    line = str(caught.value)
    assert line.startswith(wanted)
    assert "\n" not in line
    grants = f"GRANT kilnwood_api TO {login}; GRANT kilnwood_sequencer TO {login};"
    assert line.endswith(f"Run as a superuser: {grants}")
    await logins.execute(grants.partition(";")[0])
    with pytest.raises(first_start.CannotServe, match='set role "kilnwood_sequencer"'):
        await first_start.require_roles(address)
    await logins.execute(grants)
    await first_start.require_roles(address)


async def test_roles_that_nobody_made_are_asked_for(logins, dsn, monkeypatch):
    """If the owner may not create them, the error says what a superuser runs; one creation stands for the migration."""

    async def migrate(owner: asyncpg.Connection, _: object) -> None:
        await owner.execute("create role first_other nologin")

    monkeypatch.setattr(first_start, "migrate", migrate)
    with pytest.raises(first_start.CannotServe) as caught:
        await first_start.prepare_database(settings(dsn, serving="first_serving"))
    line = str(caught.value)
    assert "permission denied to create role" in line
    assert line.endswith("CREATE ROLE kilnwood_api NOLOGIN; CREATE ROLE kilnwood_sequencer NOLOGIN;")
