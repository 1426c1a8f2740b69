"""A run as files: the scenario, its figures, one journal, the report, and ``bundle.json`` with the hash of each."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from exchange.engine.commands import Command
from exchange.engine.core import Engine
from exchange.engine.market import dissolve
from exchange.journal import codec
from exchange.simulation import MODEL_VERSION
from exchange.simulation.charts.frame import Language
from exchange.simulation.files import read
from exchange.simulation.provenance import data_hashes, python_version
from exchange.simulation.published import JournalRow
from exchange.simulation.report import report
from exchange.simulation.results import RunResult
from exchange.simulation.runs import Done, FailedRun, PlannedRun, planned_runs
from exchange.simulation.shards import BundleWrong, Finished, clear, plan_of, play_into, write_whole
from exchange.simulation.statistics import summaries
from exchange.simulation.tables import days_csv, kilograms_csv, runs_csv
from exchange.simulation.venue import ENGINE
from exchange.simulation.world import World

JOURNAL: Final = "journal.msgpack"


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What stands in ``bundle.json``.

    *plan* is the hash of all that decides the figures; *outputs* has the SHA-256 of every other file, *data* those of
    the program's data files. *journal_hash* is the head of the journal of the first run, *runs* are the heads of all.
    *python* decides nothing; it says with what the run was made. *plain*: the report has no script. *opens*: the
    language that it opens in, None for the browser's.
    """

    format: Literal[1]
    model: int
    engine: int
    codec: int
    plan: str
    scenario: str
    changes: dict[str, int]
    seed: int
    replications: int
    plain: bool = False
    opens: Language | None = None
    runs: tuple[str, ...]
    failed: tuple[FailedRun, ...]
    journal_hash: str
    outputs: dict[str, str]
    data: dict[str, str] = {}
    python: str = ""


def write(
    folder: Path,
    text: str,
    changes: Mapping[str, int] | None = None,
    *,
    replications: int | None = None,
    executor: Executor | None = None,
    finished: Finished = lambda _done, _all: None,
    plain: bool = False,
    opens: Language | None = None,
) -> Manifest:
    """
    Run a scenario and write everything into *folder*, with *plain* a report that has no script.

    The report opens in the language *opens*, or in the browser's.

    Raises `ScenarioWrong`, `BundleWrong`.
    """
    jobs = planned_runs(text, changes, replications)
    plan = plan_of(jobs)
    manifest = _write_outputs(folder, jobs, plan, play_into(folder, plan, jobs, executor, finished), (plain, opens))
    clear(folder)
    return manifest


def _write_outputs(
    folder: Path, jobs: tuple[PlannedRun, ...], plan: str, done: list[Done], shown: tuple[bool, Language | None]
) -> Manifest:
    """Write what the runs came to; the manifest comes last, so that a folder that has one is whole."""
    plain, opens = shown
    first, runs = jobs[0], tuple(each for each in done if isinstance(each, RunResult))
    failed = tuple(each for each in done if isinstance(each, FailedRun))
    scenario = read(first.text, dict(first.changes))
    head, journal = _journal_of(first) if done[0] in runs else ("", b"")
    heads = tuple(each.journal_hash if isinstance(each, RunResult) else "" for each in done)
    summed = summaries(runs)
    files = {
        "scenario.toml": first.text.encode(),
        JOURNAL: journal,
        "runs.csv": runs_csv(scenario, runs).encode(),
        "days.csv": days_csv(scenario, runs).encode(),
        "kilograms.csv": kilograms_csv(scenario, runs).encode(),
        "summary.json": msgspec.json.format(msgspec.json.encode(summed), indent=1) + b"\n",
    }
    foot = {
        "plan": plan,
        "model": str(MODEL_VERSION),
        "engine": str(ENGINE),
        "seed": str(scenario.seed),
        "journal": head,
    }
    files["report.html"] = report(
        scenario, dict(first.changes), runs, summed=summed, failed=failed, foot=foot, plain=plain, opens=opens
    ).encode()
    for name, data in files.items():
        write_whole(folder / name, data)
    manifest = Manifest(
        format=1,
        model=MODEL_VERSION,
        engine=ENGINE,
        codec=codec.CODEC,
        plan=plan,
        scenario=scenario.name,
        changes=dict(first.changes),
        seed=scenario.seed,
        replications=1 + max(each.replication for each in jobs),
        plain=plain,
        opens=opens,
        runs=heads,
        failed=failed,
        journal_hash=head,
        outputs={name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        data=dict(data_hashes()),
        python=python_version(),
    )
    write_whole(folder / "bundle.json", msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    return manifest


def _journal_of(job: PlannedRun) -> tuple[str, bytes]:
    """Play the first run once more and keep its journal, which the others throw away."""
    world = World(job.scenario(), job.replication)
    result = world.play()
    return result.journal_hash, msgspec.msgpack.encode((1, ENGINE, codec.CODEC, world.venue.rows))


def replay(journal: bytes) -> str:
    """
    Carry a journal out on a new engine, and return its head.

    Raises `BundleWrong` where a row leads to other events than it says, or the chain is broken.
    """
    engine, head = Engine(), codec.GENESIS
    try:
        for row in _rows(journal):
            outcomes = [engine.apply(command) for command in codec.decode_commands(row.commands)]
            head = codec.chain(head, row.commands, codec.hash_events(outcomes))
            if head != row.hash:
                place = f"the journal's row from {row.first} to {row.last}"
                raise BundleWrong(f"{place} leads to other events than it says.")
    finally:
        dissolve(engine.market)
    return head.hex()


def commands_of(journal: bytes) -> list[Command]:
    """Return every command of a journal in its order. Raises `BundleWrong`."""
    return [command for row in _rows(journal) for command in codec.decode_commands(row.commands)]


def _rows(journal: bytes) -> list[JournalRow]:
    try:
        found = msgspec.msgpack.decode(journal, type=tuple[int, int, int, list[JournalRow]])
    except msgspec.MsgspecError as error:
        raise BundleWrong(f"{JOURNAL} is no journal: {error}") from error
    version, engine_version, row_codec, rows = found
    if (version, engine_version, row_codec) != (1, ENGINE, codec.CODEC):
        raise BundleWrong(f"{JOURNAL} is of engine {engine_version}; this is engine {ENGINE}.")
    return rows


def read_manifest(folder: Path) -> Manifest:
    """Read ``bundle.json``. Raises `BundleWrong`."""
    try:
        return msgspec.json.decode((folder / "bundle.json").read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise BundleWrong(f"{folder} has no bundle that can be read: {error}") from error


def verify(folder: Path, again: Path, *, executor: Executor | None = None) -> Manifest:
    """
    Check the files of a bundle, replay its journal, and run its scenario again into *again*, to the same bytes.

    Raises `BundleWrong` with the first difference.
    """
    manifest = read_manifest(folder)
    if (manifest.model, manifest.engine, manifest.codec) != (MODEL_VERSION, ENGINE, codec.CODEC):
        made, here = (manifest.model, manifest.engine), (MODEL_VERSION, ENGINE)
        raise BundleWrong(
            f"the bundle is of model and engine {made}; this is {here}. Verify it with the program of its time."
        )
    if others := sorted({name for name, _ in manifest.data.items() ^ dict(data_hashes()).items()}):
        raise BundleWrong(f"the bundle was made with another {', '.join(others)}: the program's data have changed.")
    for name, digest in manifest.outputs.items():
        path = folder / name
        if "/" in name or not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise BundleWrong(f"{name} is not the file that the bundle was made with.")
    journal = (folder / JOURNAL).read_bytes()
    if journal and replay(journal) != manifest.journal_hash:
        raise BundleWrong(f"{JOURNAL} ends elsewhere than the bundle says.")
    text = (folder / "scenario.toml").read_text("utf-8")
    repeated = write(
        again,
        text,
        manifest.changes,
        replications=manifest.replications,
        executor=executor,
        plain=manifest.plain,
        opens=manifest.opens,
    )
    if replace(repeated, python=manifest.python) != manifest:
        names = [name for name, digest in repeated.outputs.items() if manifest.outputs.get(name) != digest]
        raise BundleWrong(f"run again, it gives another {', '.join(names) or 'bundle.json'}.")
    return manifest
