"""`kilnwood calendar add`: a year that the installed data file does not have."""

import asyncio
from pathlib import Path

from tests.deploy import services
from tests.probes import as_owner, refused
from tests.registry.projects.life import life_of
from tests.worlds import World

YEAR = """
[[years]]
year = 2027
source = "A notice"
makeup = []
holidays = [{ name = "元旦", first = 2027-01-01, last = 2027-01-03 }]
"""


async def kilnwood(world: World, *words: str) -> tuple[int, str]:
    """Run the command line on the world's database; returns its exit code and what it said."""
    done = await asyncio.to_thread(services.kilnwood, *words, DATABASE_URL=world.dsn)
    return done.returncode, done.stdout + done.stderr


async def test_an_operator_adds_a_year(delivered: World, tmp_path: Path):
    """A real region's notice of 2027 is refused before and counted after; the warning goes away."""
    life = await life_of(delivered)
    project_id = await life.project("validated")
    await delivered.ok("/v1/clock", {"at": "2026-12-30T01:00:00Z"}, by=life.regulator)
    await as_owner(delivered, "update registry.region set simulated = false")
    refused(await life.step(project_id, "notice"), 422, "calendar-not-covered", "2027", "kilnwood calendar add")
    before = (await delivered.get("/v1/calendar")).json()
    assert ("2026-12-31", 1) == (before["last_day"], before["days_left"])
    assert "Add 2027" in before["warning"]
    file = tmp_path / "calendar-2027.toml"
    file.write_text(YEAR, encoding="utf-8")
    code, said = await kilnwood(delivered, "calendar", "add", str(file))
    assert (0, "Added 2027.") == (code, said.strip().splitlines()[-1]), said
    after = (await delivered.get("/v1/calendar")).json()
    assert ("2027-12-31", None, "A notice") == (after["last_day"], after["warning"], after["years"][-1]["source"])
    assert "2027-01-11" == (await life.took(project_id, "notice"))["notice_ends"]


async def test_a_folder_without_a_region_stays_empty(delivered: World, tmp_path: Path):
    """Nothing is made where KILNWOOD_DATA_DIR is wrong; a file in another encoding is named."""
    file = tmp_path / "calendar-2027.toml"
    file.write_text(YEAR, encoding="utf-8")
    folder = str(tmp_path / "nothing")
    done = await asyncio.to_thread(services.kilnwood, "calendar", "add", str(file), KILNWOOD_DATA_DIR=folder)
    assert (1, "") == (done.returncode, done.stdout)
    assert "There is no registry in" in done.stderr
    assert not (tmp_path / "nothing").exists()
    file.write_bytes(YEAR.encode("gb18030"))
    assert (1, f"kilnwood: {file} is not UTF-8.\n") == await kilnwood(delivered, "calendar", "add", str(file))


async def test_a_file_that_is_none(delivered: World, tmp_path: Path):
    """Exit code 1, one line with what is wrong, and nothing is added."""
    file = tmp_path / "wrong.toml"
    file.write_text(YEAR.replace("2027-01-03", "2027-01-03T"), encoding="utf-8")
    code, said = await kilnwood(delivered, "calendar", "add", str(file))
    assert (1, True) == (code, "The file is no calendar" in said), said
    assert 0 == await as_owner(delivered, "select count(*) from registry.calendar_year")
