"""
Each race test fails in a copy of the product without the guard it tests, and for the reason named in `guards.toml`.

A race that passes whatever the product does would be worthless. The copy comes first on the path of a separate
process, which uses this worker's server with databases of its own.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.races.conftest import SERVER

ROOT = Path(__file__).parents[2]
GUARDS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("guards.toml").read_text("utf-8"))["guard"]
CHOSEN = GUARDS if os.environ.get("KILNWOOD_EVERY_GUARD") else GUARDS[::8]
"""A process for each takes three seconds: the normal run takes every eighth out, `KILNWOOD_EVERY_GUARD=1` each one."""
COPIED = ("deploy", "exchange", "registry", "schemas", "tests")
LIMIT_S = 240
"""Far beyond: it takes three seconds, and beside other work ten times that."""


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product and its tests, once for each worker: what is unchanged is compiled once."""
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("swagger-ui", "golden", ".hypothesis")
        )
    (folder / "deploy" / "static" / "swagger-ui").mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / "pyproject.toml", folder)
    return folder


@contextlib.contextmanager
def without(folder: Path, edit: dict[str, str]) -> Iterator[None]:
    """The copy without one guard, which must stand exactly where the file says; afterwards it is there again."""
    found = [path for path in sorted(folder.glob(edit["file"])) if edit["text"] in path.read_text("utf-8")]
    assert 1 == len(found), f"{edit['text']!r} is in {len(found)} files of {edit['file']}: correct guards.toml"
    text = found[0].read_text("utf-8")
    assert 1 == text.count(edit["text"]), f"{edit['text']!r} stands more than once in {found[0].name}"
    found[0].write_text(text.replace(edit["text"], edit["instead"]), "utf-8")
    try:
        yield
    finally:
        found[0].write_text(text, "utf-8")


def run_races(folder: Path, server: str, *chosen: str) -> subprocess.CompletedProcess[str]:
    """Run races of the copy against the copy."""
    tests = [f"tests/races/{each}" for each in chosen]
    own = {
        SERVER: server,
        "PYTHONPATH": str(folder),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # those that are installed cost a second
        "PYTHONDONTWRITEBYTECODE": "",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "pytest_asyncio.plugin", *tests],
        cwd=folder,
        env=kept | own,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_every_guard_stands_where_the_file_says(copied: Path):
    """Each text once: an entry whose guard was moved or reworded would prove nothing."""
    for guard in GUARDS:
        with contextlib.ExitStack() as stack:
            for edit in guard["edits"]:
                stack.enter_context(without(copied, edit))


@pytest.mark.parametrize("guard", CHOSEN, ids=[each["name"] for each in CHOSEN])
def test_without_its_guard_the_race_fails(guard: dict[str, Any], copied: Path, race_server: str):
    """The guard is taken out of a copy, and the race there sees the harm that the file names."""
    with contextlib.ExitStack() as stack:
        for edit in guard["edits"]:
            stack.enter_context(without(copied, edit))
        done = run_races(copied, race_server, guard["race"])
    assert 1 == done.returncode, done.stdout + done.stderr
    assert " failed" in done.stdout.splitlines()[-1], done.stdout
    assert guard["shows"] in done.stdout, done.stdout


def test_with_all_guards_races_pass_in_a_copy(copied: Path, race_server: str):
    """The same way of running them, nothing removed: so it is the guard that makes the difference."""
    done = run_races(copied, race_server, GUARDS[0]["race"], GUARDS[-1]["race"])
    assert 0 == done.returncode, done.stdout + done.stderr
