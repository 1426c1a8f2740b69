"""`kilnwood demo`: what it shows, what it leaves, and that it touches nothing else and ends whatever it began."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from deploy.cli.verify import main as verify
from deploy.postgres import server as postgres
from deploy.scenarios.season import SEASON

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60.0
LEFT_BEHIND = ("event.receipt.json", "contribution.receipt.json", "standing.receipt.json")


class Shown(NamedTuple):
    """What a run of the demo gave: its working folder, exit code and words."""

    folder: Path
    code: int
    out: str
    err: str


def environment() -> dict[str, str]:
    """A user's environment with a real registry in it, which the demo must leave alone."""
    settings = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x", "KILNWOOD_PORT": "1", "KILNWOOD_DATA_DIR": "mine"}
    return {**os.environ, **settings, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}


def begin(folder: Path, *words: str) -> "subprocess.Popen[str]":
    """Start the demo in a working folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "deploy", "demo", *words],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, *words: str) -> Shown:
    """Run the demo to its end."""
    with begin(folder, *words) as demo:
        out, err = demo.communicate(timeout=TIMEOUT_S)
    return Shown(folder, demo.returncode, out, err)


@pytest.fixture(scope="module")
def shown() -> Iterator[Shown]:
    """One run as a stranger does it: no options, the default folder."""
    folder = Path(tempfile.mkdtemp(prefix="kw-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield run(folder)
    clean_up(folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty working folder."""
    made = Path(tempfile.mkdtemp(prefix="kw-test-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    clean_up(made)


def clean_up(folder: Path) -> None:
    """Remove a working folder and whatever database is in it."""
    for lock in list(folder.rglob("start.lock")):
        postgres.remove(lock.parent)
    shutil.rmtree(folder, ignore_errors=True)


def processes(folder: Path) -> dict[int, str]:
    """Every process that has to do with *folder*: by its arguments, settings or working folder."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes()
                about = words + (entry / "environ").read_bytes() + os.fsencode((entry / "cwd").readlink())
            except OSError:
                continue
            if os.fsencode(folder) in about:
                found[int(entry.name)] = words.replace(b"\0", b" ").decode(errors="replace")
    return found


def gone(folder: Path) -> dict[int, str]:
    """What is still there after a moment in which children may be reaped."""
    until = time.monotonic() + 20
    while (left := processes(folder)) and time.monotonic() < until:
        time.sleep(0.02)
    return left


def test_it_ends_well_and_leaves_no_process(shown):
    """Exit 0 under thirty seconds by its own clock, every step printed, nothing on standard error."""
    assert (0, "") == (shown.code, shown.err), shown.out
    assert {} == gone(shown.folder)
    numbers = [int(number) for number in re.findall(r"^ ?(\d+) [A-Z]", shown.out, re.MULTILINE)]
    assert list(range(1, len(SEASON) + 1)) == numbers
    took = re.search(r"Done in ([\d.]+) s\. Try next:", shown.out)
    assert took is not None


def test_its_table_is_the_season(shown):
    """Issued, active, held, buffer, retired, cancelled, to the kilogram; and the sum."""
    rows = dict(re.findall(r"^ +(forest|kiln|region) +([\d, ]+?) *$", shown.out, re.MULTILINE))
    assert {
        "forest": [7_107_000, 5_975_800, 109_000, 711_000, 311_200, 0],
        "kiln": [3_619_000, 3_619_000, 0, 0, 0, 0],
        "region": [10_726_000, 9_594_800, 109_000, 711_000, 311_200, 0],
    } == {word: [int(each.replace(",", "")) for each in row.split()] for word, row in rows.items()}
    sum_line = "outstanding 9,703,800 + buffer 711,000 + retired 311,200 + cancelled 0 = issued 10,726,000 kg"
    assert sum_line in shown.out


def test_every_verdict_is_valid_but_that_of_the_altered_one(shown):
    """All receipts with the service stopped and no network, then the altered one."""
    verdicts = re.findall(r"^SIMULATED, ([A-Z]+): ", shown.out, re.MULTILINE)
    assert [*["VALID"] * len(LEFT_BEHIND), "INVALID"] == verdicts
    assert len(LEFT_BEHIND) == len(re.findall(r"\((?:unshare -n: no network at all|every socket raises)\)", shown.out))
    assert 1 == shown.out.count("Kiln under the national grid factor, refused: ")


def test_the_readme_shows_what_it_prints(shown):
    """Every line of the excerpt, as it stands; into how many deliveries trades are netted is a matter of moments."""
    readme = (ROOT / "README.md").read_text("utf-8")
    excerpt = readme.partition("Some of what it prints:\n\n```text\n")[2].partition("```")[0].splitlines()
    assert len(excerpt) > 20

    def settled(lines: list[str]) -> list[str]:
        return [re.sub(r"by \d statements", "by N statements", line.strip()) for line in lines]

    printed = set(settled(shown.out.splitlines()))
    assert [] == [line for line in settled(excerpt) if line not in {"…", "", *printed}]


def test_a_port_that_is_taken_is_reported(folder):
    """Also by another Kilnwood, which would answer that it is ready: one line, exit 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(folder, "--port", str(port))
    line = (
        f"kilnwood: Port {port} is taken by another service. End it, or choose another with --port (0: any that is "
        "free).\n"
    )
    assert (1, line) == (done.code, done.err)
    assert {} == gone(folder)


def test_what_it_leaves_verifies_again(shown, capsysbinary):
    """Receipts and trust.json are the user's to keep; the altered copy stays invalid."""
    out = shown.folder / "kilnwood-demo"
    trust = ["--trust", str(out / "trust.json")]
    assert {0} == {verify([str(out / name), *trust]) for name in LEFT_BEHIND}
    assert 1 == verify([str(out / "altered" / LEFT_BEHIND[0]), *trust])


def test_it_stays_away_from_everything_else(shown):
    """Neither ./.kilnwood nor what the environment names is touched or made."""
    assert ["kilnwood-demo"] == sorted(path.name for path in shown.folder.iterdir())


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_folder_of_somebody_elses_is_refused(folder, what):
    """One line, exit 1, nothing changed."""
    target = folder / "precious"
    kept = target if what == "file" else target / "letter.txt"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine")
    done = run(folder, "--out", str(target))
    line = f"kilnwood: {target} holds something that no demo made. Choose another folder with --out.\n"
    assert (1, "", line) == (done.code, done.out, done.err)
    assert ("mine", [kept]) == (kept.read_text(), [path for path in folder.rglob("*") if path.is_file()])


def test_a_second_run_starts_clean_and_serves(shown):
    """Another seed, other identifiers, the same figures; it stays up until Ctrl-C, and keeps another demo out."""
    out = shown.folder / "kilnwood-demo"
    before = {name: (out / name).read_bytes() for name in LEFT_BEHIND}
    (out / "stray.receipt.json").write_text("of the first run")
    with begin(shown.folder, "--seed", "7", "--serve") as demo:
        try:
            words = read_until(demo, "Ctrl-C ends it")
            assert 1 == words.count(" 9,594,800 ")
            url = re.search(r"Open\s+(http://localhost:\d+)/ in a browser", words)
            assert url is not None
            key = out / "keys" / "bank.key"
            assert 0o600 == stat.S_IMODE(key.stat().st_mode)
            asked = {"Authorization": f"Bearer {key.read_text().strip()}"}
            assert 200 == httpx.get(f"{url[1]}/v1/me", headers=asked, trust_env=False).status_code
            region = httpx.get(f"{url[1]}/v1/region", trust_env=False).json()
            entered = httpx.post(f"{url[1]}/enter/bank", headers={"Origin": url[1]}, trust_env=False)
            assert (303, True) == (entered.status_code, "__Host-kilnwood=kw_sim_" in entered.headers["set-cookie"])
            assert f"stands still at {region['business_time']}" in words
            link = re.search(r"/e/[2-9A-Z]{8}/G-[A-Z2-7]{26}", words)
            assert re.search(r"^  Something waits on the desks", words, re.MULTILINE), "on a line of its own"
            assert link is not None, "a guest of an event, beyond the season's figures"
            assert "47" in httpx.get(f"{url[1]}{link[0]}", trust_env=False).text
            other = run(shown.folder)
            line = f"kilnwood: Another demo runs in {out.name}. End it, or choose another folder with --out.\n"
            assert (1, line) == (other.code, other.err)
        finally:
            demo.send_signal(signal.SIGINT)
        assert 0 == demo.wait(TIMEOUT_S)
    assert {} == gone(shown.folder)
    assert not (out / "stray.receipt.json").exists()
    assert all(before[name] != (out / name).read_bytes() for name in LEFT_BEHIND)


@pytest.mark.long
def test_a_service_that_dies_is_reported_with_what_to_do(shown):
    """What was answered is kept: the text has the command that goes on with it, and warns of the one that does not."""
    with begin(shown.folder, "--serve") as demo:
        read_until(demo, "Ctrl-C ends it")
        (service,) = [number for number, words in processes(shown.folder).items() if "-m deploy serve" in words]
        os.kill(service, signal.SIGKILL)
        _, err = demo.communicate(timeout=TIMEOUT_S)
    assert 1 == demo.returncode
    assert "The service was killed (SIGKILL). What it answered is stored in kilnwood-demo/data" in err
    assert re.search(
        r"KILNWOOD_DATA_DIR=kilnwood-demo/data KILNWOOD_SIMULATED=yes KILNWOOD_PORT=\d+ .*kilnwood serve", err
    )
    assert "empties the folder" in err
    assert {} == gone(shown.folder)


def read_until(demo: "subprocess.Popen[str]", words: str) -> str:
    """What the demo prints up to the line with *words*."""
    assert demo.stdout is not None
    read = ""
    while words not in read:
        line = demo.stdout.readline()
        assert line, f"it ended before {words!r}: {read}"
        read += line
    return read


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "Organisations register"),
        (signal.SIGTERM, "The launch event becomes neutral"),
        (signal.SIGTERM, ""),
    ],
    ids=["ctrl-c", "terminated", "terminated-at-the-start"],
)
def test_interrupted_it_ends_what_it_began(folder, number, moment):
    """In the middle, near the end, and while the database is being made: nothing runs on, and no trace is printed."""
    with begin(folder) as demo:
        if moment:
            read_until(demo, moment)
        else:
            log = folder / "kilnwood-demo" / "service.log"
            until = time.monotonic() + TIMEOUT_S
            while not log.exists() and time.monotonic() < until:
                time.sleep(0.01)
        demo.send_signal(number)
        _, err = demo.communicate(timeout=TIMEOUT_S)
    assert (1, "Aborted.") == (demo.returncode, err.strip())
    assert {} == gone(folder)
