"""What the operator does on the server: regulators who cannot decide can again, and the public log says so."""

import stat
from pathlib import Path

import pytest

from deploy import secrets
from deploy.processes import recovery
from deploy.processes.recovery import CannotRecover
from deploy.settings import Settings, read_settings
from tests.deploy.services import kilnwood
from tests.probes import as_owner, refused
from tests.registry.access.test_suspensions import can_propose, person_of, suspend
from tests.registry.access.test_two_people import grant_body, propose
from tests.worlds import KEYRING, World

SAID = "select note_text from registry.statement order by id desc limit 1"


def settings(world: World, folder: Path) -> Settings:
    """Those of a machine that has the region's data folder; `world` has the database."""
    pepper = secrets.folder_of(folder) / secrets.PEPPER_FILE
    pepper.parent.mkdir(mode=0o700)
    pepper.write_text(KEYRING.pepper.hex(), "ascii")
    pepper.chmod(0o600)
    return read_settings(environment(world, folder))


def environment(world: World, folder: Path) -> dict[str, str]:
    """The same for a process."""
    return {"DATABASE_URL": world.dsn, "KILNWOOD_DATA_DIR": str(folder), "KILNWOOD_SIMULATED": "yes"}


async def own_key(world: World, done: recovery.HandedKey) -> str:
    """What the person makes with the first key from its file, which only its owner may read."""
    assert 0o600 == stat.S_IMODE(done.key_file.stat().st_mode)
    return str((await world.ok("/v1/me/keys", by=done.key_file.read_text("ascii").strip()))["secret"])


async def test_a_thief_with_one_key_is_overcome(empty: World, tmp_path: Path):
    """R2's key is stolen: R1 suspends both, the operator confirms and makes a regulator whom R1 confirms."""
    first, stolen = empty.regulators
    operator = settings(empty, tmp_path)
    made = await suspend(empty, await person_of(empty, stolen), first)
    statement = await recovery.settle_suspension(operator, made["id"], confirm=True, reason="Stolen")
    said = await as_owner(empty, SAID)
    assert '/recovery/v1\n{"act":"confirm-suspension"' in said.replace("kilnwood.example/sim/CN-510100", "")
    assert '"persons":["person-' in said
    assert statement == await as_owner(empty, "select encode(sha256, 'hex') from registry.statement order by id desc")
    assert [True, False] == [await can_propose(empty, key) for key in (first, stolen)]
    done = await recovery.new_regulator(operator, "Third regulator", reason="One regulator is left")
    third = await own_key(empty, done)
    order = await propose(empty, grant_body(done.person_id, "auditor"), first)
    await empty.ok("/v1/grants", order, by=third)  # the first one was confirmed, and is joined to nobody
    assert 201 == (await empty.confirm(third, by=first)).status_code
    assert 2 == await empty.sequence()
    assert 1 == await as_owner(empty, "select count(*) from registry.statement where note_text like '%new-regulator%'")


async def test_a_regulator_who_lost_every_key_gets_a_first_one(empty: World, tmp_path: Path):
    """The old keys end with it, also the last one of the last pair; the new one has to be confirmed again."""
    first, lost = empty.regulators
    person_id = await person_of(empty, lost)
    done = await recovery.new_key(settings(empty, tmp_path), person_id, reason="Lost")
    refused(await empty.get("/v1/me", by=lost), 401, "unauthenticated", "revoked")
    fresh = await own_key(empty, done)
    assert person_id == await person_of(empty, fresh)
    assert '"act":"new-key"' in await as_owner(empty, SAID)
    assert 201 == (await empty.confirm(fresh, by=first)).status_code


async def test_what_recovery_refuses(empty: World, tmp_path: Path):
    """Nobody, no suspension, or one that is over; and a machine without the data folder."""
    operator = settings(empty, tmp_path)
    with pytest.raises(CannotRecover, match="There is no person 999"):
        await recovery.new_key(operator, 999, reason="x")
    with pytest.raises(CannotRecover, match="There is no suspension 999"):
        await recovery.settle_suspension(operator, 999, confirm=True, reason="x")
    made = await suspend(empty, await person_of(empty, empty.regulators[1]), empty.regulators[0])
    await recovery.settle_suspension(operator, made["id"], confirm=False, reason="x")
    with pytest.raises(CannotRecover, match="is lifted; it cannot be confirmed"):
        await recovery.settle_suspension(operator, made["id"], confirm=True, reason="x")
    assert [] == list(secrets.folder_of(tmp_path).glob("recovery-*")), "no key is left that works nowhere"
    (secrets.folder_of(tmp_path) / secrets.PEPPER_FILE).unlink()
    with pytest.raises(CannotRecover, match="on the machine that has the data folder"):
        await recovery.new_regulator(operator, "Third", reason="x")


@pytest.mark.parametrize("words", ["", "  ", "x" * 4_001, "a\x00b"], ids=["none", "blank", "too-long", "nul"])
async def test_what_the_public_log_does_not_take(empty: World, tmp_path: Path, words: str):
    """A reason or a name that no verifier could read is refused before anything is written."""
    operator = settings(empty, tmp_path)
    statements = await as_owner(empty, "select count(*) from registry.statement")
    with pytest.raises(CannotRecover, match="The reason cannot be used"):
        await recovery.new_regulator(operator, "Third", reason=words)
    with pytest.raises(CannotRecover, match="The name cannot be used"):
        await recovery.new_regulator(operator, words, reason="A third")
    with pytest.raises(CannotRecover, match="The reason cannot be used"):
        await recovery.settle_suspension(operator, 1, confirm=True, reason=words)
    assert statements == await as_owner(empty, "select count(*) from registry.statement")
    assert [] == list(secrets.folder_of(tmp_path).glob("recovery-*"))


async def test_only_the_region_of_the_settings_is_recovered(empty: World, tmp_path: Path):
    """With KILNWOOD_SIMULATED forgotten the key would be one of a live region, and work nowhere."""
    settings(empty, tmp_path)
    live = read_settings({**environment(empty, tmp_path), "KILNWOOD_SIMULATED": "no"})
    with pytest.raises(CannotRecover, match="KILNWOOD_SIMULATED"):
        await recovery.new_regulator(live, "Third", reason="A third")
    nowhere = read_settings({"KILNWOOD_DATA_DIR": str(tmp_path / "nothing"), "KILNWOOD_SIMULATED": "yes"})
    with pytest.raises(CannotRecover, match="There is no registry in"):
        await recovery.new_regulator(nowhere, "Third", reason="A third")


async def test_the_commands(empty: World, tmp_path: Path):
    """As the operator types them, against a region that is served; the fingerprint is that on the holder's screen."""
    settings(empty, tmp_path)
    await suspend(empty, await person_of(empty, empty.regulators[1]), empty.regulators[0])
    words = ("recover", "suspension", "1", "--lift", "--reason", "A mistake")
    done = kilnwood(*words, **environment(empty, tmp_path))
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith("Suspension 1 is lifted; statement ")
    done = kilnwood("recover", "regulator", "Third", "--reason", "A third", **environment(empty, tmp_path))
    assert "Hand it over and delete the file" in done.stdout, done.stderr
    (file,) = secrets.folder_of(tmp_path).glob("recovery-*.key")
    shown = (await empty.get("/v1/me", by=file.read_text().strip())).json()["key_fingerprint"]
    assert shown == kilnwood("keys", "fingerprint", str(file)).stdout.strip()
    done = kilnwood("recover", "key", "999", "--reason", "x", **environment(empty, tmp_path))
    assert (1, "kilnwood: There is no person 999.\n") == (done.returncode, done.stderr)
