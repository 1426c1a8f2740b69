"""`kilnwood verify`: output, exit codes, and a cold start that imports next to nothing."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from deploy.cli.verify import main
from registry.receipts.bundle import bundle_file
from tests.registry.receipts.verifier.world import (
    CLAIM,
    GOLDEN,
    RETIREMENT,
    World,
    changed,
    first_version,
    receipt,
    spoiled,
)

ROOT = Path(__file__).parents[3]
TRUST = ["--trust", str(GOLDEN / "trust.json")]
RECEIPT = str(GOLDEN / "event.receipt.json")


@pytest.fixture
def files(tmp_path):
    """A receipt for each verdict."""
    log = World()
    named = [log.add(CLAIM), log.add(changed(CLAIM, claim="claim-2"))]
    log.add(changed(RETIREMENT, claim=named[0]))
    log.add(changed(RETIREMENT, claim=named[1], receipt="R-2", ranges=((3000, 3000),), quantity_kg=1, allocates_kg=1))
    seen, unseen = log.checkpoint(), log.checkpoint(witnesses=())
    made = {
        "valid": bundle_file(log.bundle(2, seen, claim=log.bundle(0, seen))),
        "unwitnessed": bundle_file(log.bundle(2, unseen, claim=log.bundle(0, unseen))),
        "shortfall": bundle_file(first_version(log.bundle(3, seen, claim=log.bundle(1, seen)), asserts_neutral=True)),
        "logged": bundle_file(log.bundle(0, seen)),
        "invalid": bundle_file(log.bundle(2, seen, claim=log.bundle(0, seen)))[:-1],
    }
    for name, raw in made.items():
        (tmp_path / name).write_bytes(raw)
    return {name: str(tmp_path / name) for name in made} | {"missing": str(tmp_path / "missing")}


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ("valid", 0), ("invalid", 1), ("missing", 7), ("unwitnessed", 3), ("shortfall", 5), ("valid unwitnessed", 3),
        ("unwitnessed shortfall", 5), ("shortfall invalid valid", 1), ("invalid missing", 1), ("valid valid", 0),
        ("logged", 6), ("logged valid", 6), ("logged shortfall", 5), ("missing shortfall", 7),
    ],
)  # fmt: skip
def test_exit_codes(files, names, code, capsysbinary):
    """One file, or the worst of several."""
    assert code == main([*(files[name] for name in names.split()), *TRUST])


def test_each_check_is_a_line_and_then_the_verdict(capsysbinary):
    """What a person reads: SIMULATED, the checks, and as of which log; never "valid now"."""
    assert 0 == main([RECEIPT, *TRUST])
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert lines[1].startswith("  note   SIMULATED")
    assert any(line.startswith("  ok     issuer signature ") for line in lines)
    assert lines[-2].startswith("SIMULATED, VALID: allocates 1200 of 1200 kg required")
    assert "valid as of size 5, witnessed at 2026-05-28T20:26:40Z" == lines[-1]
    assert all("now" not in line.split() for line in lines)


def test_a_failure_is_named(files, capsysbinary):
    """The failed check is the last one, and the verdict repeats it."""
    main([files["invalid"], *TRUST])
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert lines[-2].startswith("  FAILED file")
    assert lines[-1].startswith("SIMULATED, INVALID: file: ")


def test_json_is_one_object_a_line(files, capsysbinary):
    """For programs: the report's fields, one line for each file, and one for all."""
    assert 3 == main([files["valid"], files["unwitnessed"], "--json", *TRUST])
    *reports, together = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert (2, 3) == (together["files"], together["exit_code"])
    assert [("valid", 0), ("unwitnessed", 3)] == [(each["verdict"], each["exit_code"]) for each in reports]
    assert [files["valid"], files["unwitnessed"]] == [each["file"] for each in reports]


def test_without_trust_it_is_a_usage_error_that_says_where_trust_comes_from(capsys):
    """A receipt that brought its own trust would prove nothing."""
    assert 2 == main([RECEIPT])
    printed = capsys.readouterr().err
    assert "--trust is needed" in printed
    assert "by another way than the receipt" in " ".join(printed.split())


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        TRUST,
        [RECEIPT, "--nonsense", *TRUST],
        [RECEIPT, "--trust"],
        [RECEIPT, "--trust", RECEIPT],
        [RECEIPT, "--trust", "/nowhere"],
        [RECEIPT, "--trust", "/"],
    ],
)
def test_usage_errors(arguments, capsys):
    """A missing file, an unknown option, and a file that is not a trust file."""
    assert 2 == main(arguments)
    assert "usage: kilnwood verify" in capsys.readouterr().err


def test_help_has_examples(capsys):
    """--help is no error."""
    assert 0 == main(["--help"])
    assert "kilnwood verify 47kg.receipt.json --trust trust.json" in capsys.readouterr().out


def test_a_file_cannot_steer_the_terminal(tmp_path, capsysbinary):
    """Escapes in what a file says are written out."""
    evil = receipt()
    proof = evil.proof.replace("\n— ", "\n— evil\u009b2J\u202e AAAAAAAA\n— ", 1).replace("AAAAAAAA", "KQhvlv8=")
    (tmp_path / "evil").write_bytes(
        bundle_file(spoiled(evil, proof=proof, note=evil.note.replace("/retirement/", "/\u009b2J/")))
    )
    assert 1 == main([str(tmp_path / "evil"), *TRUST])
    out = capsysbinary.readouterr().out.decode()
    assert "9b2J" in out
    assert all(char.isprintable() or char == "\n" for char in out)


def test_a_cold_start_imports_little():
    """No server, no click, no event loop; how long it takes is measured by `kilnwood bench`."""
    program = (
        "import sys\n"
        "import deploy.cli.verify\n"
        "heavy = {'click', 'rich', 'rich_click', 'litestar', 'asyncpg', 'asyncio', 'httpx', 'granian', 'structlog'}\n"
        "print(*sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [] == done.stdout.split()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--version"], 0, f"kilnwood, version {version('kilnwood')}\n"),
        (["--help"], 0, "kilnwood verify FILE... --trust trust.json"),
        ([], 0, "Only the verifier is installed here"),
        (["serve"], 1, "this command needs the server extra (rich_click is missing)"),
    ],
)
def test_where_only_the_verifier_is_installed(arguments: list[str], code: int, words: str):
    """Without the server's packages, help and version are answered, and other commands say what is missing."""
    run = (
        "import sys; sys.modules['rich_click'] = None; from deploy.__main__ import main;"
        f"sys.argv = ['kilnwood', *{arguments}]; main()"
    )
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (code, True) == (done.returncode, words in done.stdout + done.stderr), done.stdout + done.stderr
