"""`kilnwood verify`: about whom and what, what the reader expects, and files and outputs that fail."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli.verify import main
from registry.receipts.bundle import bundle_file
from registry.transparency.format.statement import section_digest
from schemas.identifiers import Identifier
from schemas.receipts import Opening
from tests.registry.receipts.verifier.world import CLAIM, GOLDEN, RETIREMENT, SALT, World, changed

ROOT = Path(__file__).parents[3]
TRUST = ["--trust", str(GOLDEN / "trust.json")]
USCC, LEI = "91510100MA6CAAAA0X", "5493001KJTIIGC8Y1R12"
BENEFICIARY = '{"identifiers":[{"scheme":"lei","value":"5493001KJTIIGC8Y1R12"}],"name":"张伟 and guests"}'
OPENED = Opening(label="beneficiary", salt=SALT.hex(), text=BENEFICIARY)


@pytest.fixture
def files(tmp_path):
    """Two halves of a claim, with their beneficiary and without; the claim; each under one checkpoint."""
    log = World()
    lei = Identifier(scheme="lei", value=LEI)
    named = log.add(changed(CLAIM, claimant=(lei,), organiser=(lei,)))
    sealed = {"beneficiary": section_digest("beneficiary", SALT, BENEFICIARY)}
    for at, (first, last) in enumerate(((1, 600), (601, 1200))):
        values = {"receipt": f"R-{at + 1}", "ranges": ((first, last),), "quantity_kg": 600, "allocates_kg": 600}
        log.add(changed(RETIREMENT, claim=named, sections=sealed, **values))
    head = log.checkpoint()
    claim = log.bundle(0, head)
    made = {
        "claim": claim,
        "first": log.bundle(1, head, claim=claim, openings=(OPENED,)),
        "second": log.bundle(2, head, claim=claim, openings=(OPENED,)),
        "sealed": log.bundle(1, head, claim=claim),
    }
    for name, bundle in made.items():
        (tmp_path / name).write_bytes(bundle_file(bundle))
    return {name: str(tmp_path / name) for name in made}


def said(arguments, capsysbinary):
    """Exit code and standard output."""
    code = main([*arguments, *TRUST])
    return code, capsysbinary.readouterr().out.decode()


def verify_process(*arguments, **options):
    """The command in a process of its own."""
    command = [sys.executable, "-m", "deploy", "verify", *arguments, *TRUST]
    return subprocess.run(command, cwd=ROOT, check=False, timeout=60, **{"capture_output": True} | options)


def test_the_verdict_says_about_whom_and_what(files, capsysbinary):
    """What a person needs in order to know that this is the receipt they were promised."""
    code, out = said([files["first"]], capsysbinary)
    assert 0 == code
    rows = dict(re.findall(r"^  ([a-z]+)  +(.*)$", out[out.index("\n  registry ") :], flags=re.MULTILINE))
    assert "600 kg, 600 kg of it to the claim" == rows["kilograms"]
    assert f"张伟 and guests, lei {LEI}" == rows["beneficiary"]
    assert "SC-0007, vintage 2024, kiln-electrification/1" == rows["project"]
    assert "SC-CDCER-0007-2024-01:1-600kg" == rows["serials"]
    assert f"lei {LEI}" == rows["claimant"]
    assert "中非论坛 side event" == rows["subject"]
    assert "2026-05-01T00:00:00Z to 2026-05-02T23:59:59Z" == rows["period"]
    assert "R-1, retired 2026-05-21T10:30:00Z" == rows["receipt"]
    assert "1200 kg by 2027-05-02T23:59:59Z" == rows["required"]
    assert "sealed: this file does not open it" in said([files["sealed"]], capsysbinary)[1]


def test_json_has_the_same(files, capsysbinary):
    """Structured, with dates, and null or absent lists where a file does not say."""
    _, out = said([files["first"], "--json"], capsysbinary)
    about = json.loads(out.splitlines()[0])["about"]
    assert {"name": "张伟 and guests", "identifiers": [f"lei {LEI}"]} == about["beneficiary"]
    assert ["SC-CDCER-0007-2024-01:1-600kg"] == about["serials"]
    assert ("SC-0007", 2024, "2026-05-21T10:30:00Z") == (about["project"], about["vintage"], about["retired_at"])
    assert ("2026-05-01T00:00:00Z", "2026-05-02T23:59:59Z") == (about["period_begins"], about["period_ends"])
    assert ("claim-1", [f"lei {LEI}"], "2026-05-20T09:00:00Z") == (
        about["claim"], about["claimant"], about["claimed_at"],
    )  # fmt: skip
    _, out = said([files["sealed"], "--json"], capsysbinary)
    about = json.loads(out.splitlines()[0])["about"]
    assert (None, True) == (about["beneficiary"], "beneficiary" in about["sealed"])


@pytest.mark.parametrize(
    ("name", "expected", "code", "words"),
    [
        ("first", ["--expect-beneficiary", "张伟 and guests"], 0, "it speaks of what you expect"),
        ("first", ["--expect-beneficiary", LEI], 0, "it speaks of what you expect"),
        ("first", ["--expect-beneficiary", f"lei {LEI}", "--expect-kg", "600"], 0, "it speaks of what you expect"),
        ("first", ["--expect-claimant", LEI, "--expect-claim", "claim-1", "--expect-vintage", "2024"], 0, "you expect"),
        ("first", ["--expect-project", "SC-0007", "--expect-subject", "中非论坛 side event"], 0, "you expect"),
        ("first", ["--expect-beneficiary", "李四"], 8, f"the beneficiary is 张伟 and guests lei {LEI} {LEI}, not 李四"),
        ("sealed", ["--expect-beneficiary", "张伟 and guests"], 8, "the beneficiary is sealed"),
        ("first", ["--expect-claimant", USCC], 8, f"the claimant is lei {LEI}, not {USCC}"),
        ("first", ["--expect-kg", "1200"], 8, "the allocation in kg is 600, not 1200"),
        ("first", ["--expect-project", "SC-0008"], 8, "the project is SC-0007, not SC-0008"),
        ("first", ["--expect-subject", "Launch"], 8, "not Launch"),
        ("first", ["--expect-vintage", "2023"], 8, "the vintage is 2024, not 2023"),
        ("claim", ["--expect-project", "SC-0007"], 8, "the project is not stated, not SC-0007"),
    ],
)
def test_what_the_reader_expects(files, capsysbinary, name, expected, code, words):  # noqa: PLR0917 - a table
    """A valid receipt for somebody else is no answer: exit code 8, and what it says instead."""
    found, out = said([files[name], *expected], capsysbinary)
    assert code == found
    assert words in out
    assert (code == 8) == ("UNEXPECTED: " in out)


def test_expect_covered_asks_all_files_together(files, capsysbinary):
    """One half is a shortfall of 600 kg, both halves cover the claim; the summary by claim says which."""
    assert 0 == said([files["first"]], capsysbinary)[0]
    code, out = said([files["first"], "--expect-covered"], capsysbinary)
    assert 5 == code
    assert "600 of 1200 kg, 600 kg are missing from these files" in out.splitlines()[-1]
    code, out = said([files["first"], files["second"], "--expect-covered"], capsysbinary)
    assert 0 == code
    assert "  claim-1, 中非论坛 side event: 2 receipts: 1200 of 1200 kg, covered" == out.splitlines()[-1]
    assert 6 == said([files["first"], files["second"], files["claim"], "--expect-covered"], capsysbinary)[0]


def test_the_edition_of_the_trust_file_is_said_and_can_be_demanded(files, capsysbinary):
    """An old edition may trust a key that a newer one has revoked."""
    code, out = said([files["first"], "--expect-edition", "1"], capsysbinary)
    assert (0, True) == (code, "edition 1 for registry.kilnwood.example/sim/sichuan" in out)
    assert 2 == main([files["first"], "--expect-edition", "2", *TRUST])
    assert b"the trust file is edition 1, older than 2" in capsysbinary.readouterr().err


@pytest.mark.parametrize("depth", [33, 1_000, 10_000, 100_000])
def test_deep_nesting_is_invalid_and_the_next_file_is_checked(files, tmp_path, capsysbinary, depth):
    """Claims in claims, lists in lists, as a bundle or as the trust file: a line, no traceback."""
    for number, (opening, closing) in enumerate((('{"claim":', "}"), ("[", "]"), ('{"a":[', "]}"))):
        deep = tmp_path / f"deep-{number}"
        deep.write_text(opening * depth + "1" + closing * depth)
        code, out = said([str(deep), files["first"]], capsysbinary)
        assert 1 == code
        assert "nested more than 32 deep" in out or depth > 10_000
        assert "\nSIMULATED, VALID: " in out
        assert 2 == main([files["first"], "--trust", str(deep)])


def test_a_name_that_is_not_utf_8(files, tmp_path, capsysbinary):
    """Shown with escapes, in words, in JSON and in the complaint about a file that is not there."""
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/r\xff.json")
    Path(odd).write_bytes(Path(files["first"]).read_bytes())
    assert 0 == main([odd, *TRUST])
    assert 0 == main([odd, "--json", *TRUST])
    words = capsysbinary.readouterr().out.decode()
    assert words.count("r\\xff.json") == 1
    assert words.count("r\\\\xff.json") == 1  # JSON escapes the backslash
    assert 7 == main([odd + "2", files["second"], *TRUST])
    shown = capsysbinary.readouterr()
    assert b"r\\xff.json2: No such file or directory" in shown.err
    assert b"VALID: " in shown.out


def test_a_folder_and_an_unreadable_file_do_not_stop_the_others(files, tmp_path):
    """Exit code 7, one line each; what is invalid is still said by 1."""
    done = verify_process(str(tmp_path), files["first"], str(tmp_path / "none"))
    assert 7 == done.returncode
    assert 2 == len(done.stderr.splitlines())
    assert b"Is a directory" in done.stderr
    assert b"VALID: " in done.stdout
    (tmp_path / "bad").write_bytes(b"{}")
    assert 1 == verify_process(str(tmp_path), str(tmp_path / "bad")).returncode


def test_a_full_disk_is_one_line_and_exit_code_7(files):
    """Nothing is lost silently: the code says that the answer is incomplete, unless a file was invalid."""
    with Path("/dev/full").open("wb") as full:
        done = verify_process(
            files["first"], files["second"], capture_output=False, stdout=full, stderr=subprocess.PIPE
        )
    assert 7 == done.returncode
    message = b"kilnwood verify: the answer could not be written in full: No space left on device\n"
    assert message == done.stderr


@pytest.mark.parametrize("json_or_not", [[], ["--json"]])
def test_a_closed_pipe_is_one_line_and_exit_code_7(files, json_or_not):
    """As `| head -0` makes one; no traceback, also not at the interpreter's end."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = verify_process(
            files["first"], *json_or_not, capture_output=False, stdout=writing, stderr=subprocess.PIPE
        )
    finally:
        os.close(writing)
    assert 7 == done.returncode
    assert b"kilnwood verify: the answer could not be written in full: Broken pipe\n" == done.stderr


def test_no_output_at_all(files, tmp_path):
    """Standard output or both closed by the shell: still an exit code of its own, and invalid stays 1."""
    (tmp_path / "bad").write_bytes(b"{}")
    for name, redirect, code in ((files["first"], ">&-", 7), (files["first"], ">&- 2>&-", 7), ("bad", ">&-", 1)):
        command = f'"{sys.executable}" -m deploy verify "$0" --trust "$1" {redirect}'
        path = str(tmp_path / name)
        done = subprocess.run(
            ["bash", "-c", command, path, TRUST[1]],
            cwd=ROOT, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert (code, False) == (done.returncode, b"Traceback" in done.stderr)
