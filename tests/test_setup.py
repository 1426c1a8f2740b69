"""One command on a fresh machine: the locks are whole and name no place, and what is missing is said in one line."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-test.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def locked(lock: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes by name."""
    text = (ROOT / "deploy" / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.replace("\\\n", "").strip())
    return {
        found[1]: (found[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)))
        for entry in entries
        if (found := re.match(r"([a-z0-9-]+)==(\S+)", entry))
    }


def names(requirements: list[str]) -> set[str]:
    """Names of requirements without their versions and markers."""
    return {re.split(r"[^A-Za-z0-9-]", requirement, maxsplit=1)[0] for requirement in requirements}


def make(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run make as a person would, with our environment's own make flags out of the way."""
    env = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARGS"}
    }
    return subprocess.run(["make", *words], cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def fresh(tmp_path) -> Path:
    """A folder with the Makefile and without an environment."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=lambda _, found: {n for n in found if n not in LOCKS})
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def program(folder: Path, name: str, text: str) -> str:
    """A shell script that stands for an interpreter."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_and_hashes_everything(lock):
    """No address, no path, no option: versions, markers and hashes only."""
    text = (ROOT / "deploy" / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|\bfile:|^\s*-(?!-hash=)|(?<!\S)[./]\S*/|#", text, re.MULTILINE)
    assert len(locked(lock)) == len(re.findall(r"^\S", text, re.MULTILINE)), "each entry was understood"
    assert {} == {name: entry for name, entry in locked(lock).items() if not entry[1]}


def test_the_locks_agree_with_the_project():
    """Every declared dependency is locked, and the tests run on exactly what will serve."""
    extras = PROJECT["optional-dependencies"]
    served = names(PROJECT["dependencies"]) | names(extras["server"]) | names(extras["build"])
    assert set() == served - locked(LOCKS[0]).keys()
    assert set() == (served | names(extras["test"])) - locked(LOCKS[1]).keys()
    assert locked(LOCKS[0]).items() <= locked(LOCKS[1]).items()


def test_verifying_needs_two_packages():
    """The holder of a receipt installs msgspec and cryptography, and nothing of the server."""
    assert {"msgspec", "cryptography"} == names(PROJECT["dependencies"])


def test_make_alone_prints_help():
    """The default goal lists the commands of the README."""
    done = make(cwd=ROOT)
    assert 0 == done.returncode
    for goal in ("demo", "test", "serve", "lint", "bench"):
        assert f"make {goal} " in done.stdout


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("echo 3.9", "Python 3.11 or newer is needed"),
        ("echo 2.7", "Python 3.11 or newer is needed"),
        ("exit 1", "does not run; install Python 3.11 or newer"),
    ],
)
def test_a_python_that_will_not_do_is_one_line(fresh, script, line):
    """Too old, or not a Python at all: said by name, before anything is made."""
    done = make("demo", f"PYTHON={program(fresh, 'python-fake', script)}", cwd=fresh)
    assert done.returncode
    said = [text for text in done.stderr.splitlines() if text.startswith("kilnwood:")]
    assert 1 == len(said)
    assert line in said[0]
    assert not (fresh / ".venv").exists()


def test_a_missing_venv_module_is_one_line(fresh):
    """Debian splits venv off: its package is named."""
    # A PATH without uv, which would need no venv module.
    tools = fresh / "tools"
    tools.mkdir()
    for name in ("sh", "make"):
        (tools / name).symlink_to(shutil.which(name) or name)
    fake = program(fresh, "python-fake", 'case "$2" in *ensurepip*) exit 1;; esac; echo 3.11')
    done = make("test", f"PYTHON={fake}", f"PATH={tools}", cwd=fresh)
    assert done.returncode
    assert "apt install python3-venv" in done.stderr
    assert not (fresh / ".venv").exists()


def test_a_second_run_installs_nothing(fresh):
    """Stamps newer than the locks: make has no work before the command itself."""
    (fresh / ".venv" / "bin").mkdir(parents=True)
    program(fresh / ".venv" / "bin", "python", 'echo "ran $*"')
    for stamp in (".run", ".test"):
        (fresh / ".venv" / stamp).touch()
    assert "ran -m deploy demo --serve\n" == make("demo", "ARGS=--serve", cwd=fresh).stdout
    assert "ran -m pytest -n 3 -q\n" == make("test", cwd=fresh).stdout.replace("-q \n", "-q\n")


def test_what_is_started_once_is_shared_by_files_that_exist():
    """A file that is renamed would have its region started in every worker again."""
    shared = tomllib.loads((ROOT / "tests" / "shared_starts.toml").read_text("utf-8"))
    named = [path for paths in shared.values() for path in paths]
    assert sorted(set(named)) == sorted(named)
    assert [] == [path for path in named if not (ROOT / path).is_file()]
    starts = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests" / "site").rglob("test_*.py")
        if re.search(r"\bserved\(", path.read_text("utf-8"))
    }
    assert set() == starts - set(named)
