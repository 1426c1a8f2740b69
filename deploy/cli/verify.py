"""
`kilnwood verify`: check receipts on a machine that has never heard of the registry.

Dispatched before click is imported; imports msgspec, cryptography and the standard library only, and little of that,
for the whole process should be over within a quarter of a second.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.cli.verdict_text import fork_in_words, report_in_words, summary_in_words
from registry.receipts.verifier.about import Expected, expecting
from registry.receipts.verifier.attachment import PDF_LIMIT_BYTES, is_pdf
from registry.receipts.verifier.together import compare
from registry.receipts.verifier.trust import LoadedTrust, load_trust
from registry.receipts.verifier.verify import Judged, judge_all
from registry.transparency.format.strict_json import DOCUMENT_LIMIT_BYTES, encode
from registry.transparency.format.text import Malformed
from schemas.verdicts import UNFINISHED, USAGE_ERROR, WORST_FIRST, Summary, VerifyReport

_EPILOG = """\
trust.json says which keys count: the registry's name and origin, its issuer and log keys, and the witnesses. It must
reach you by another way than the receipt does: from the registry's printed notice, an auditor, or a copy that you kept.
The demo writes one beside its data (see README). A receipt that brought its own trust would prove nothing.

All files are compared: one log, no kilogram twice, no claim given more than it requires. Give all receipts of a claim
together to learn whether it is covered.

A certificate (PDF) is checked by the receipts attached to it; what is printed on it is for you to compare.

examples:
  kilnwood verify R-1.certificate.pdf --trust trust.json
  kilnwood verify 47kg.receipt.json --trust trust.json
  kilnwood verify 47kg.receipt.json --trust trust.json --expect-beneficiary "Zhang Wei" --expect-kg 47
  kilnwood verify *.receipt.json --trust trust.json --expect-covered --json

exit codes (the worst of several files):
  0 valid   1 invalid   2 usage   3 valid but unwitnessed   4 superseded (annulled since)   5 shortfall
  6 in the log, but no receipt (a claim, an issuance)   7 a file not read, or the answer not written
  8 not what --expect-… expects
"""


def main(argv: Sequence[str]) -> int:
    """Check the files in *argv* (without the word `verify`), print each check, return the worst exit code."""
    parser = _parser()
    try:
        options = parser.parse_args(argv)
    except SystemExit as stop:  # argparse has printed; --help gives 0, an error 2
        return int(stop.code or 0)
    if options.trust is None:
        return _usage(parser, "--trust is needed: a receipt says nothing without keys that you trust beforehand")
    try:
        trust = load_trust(_read(options.trust))
    except (OSError, Malformed) as error:
        return _usage(parser, f"trust file {shown(options.trust)}: {error}")
    if options.expect_edition is not None and trust.number < options.expect_edition:
        return _usage(parser, f"the trust file is edition {trust.number}, older than {options.expect_edition}")
    said = _Output()
    unread, judged = _judge_all(options.files, trust)
    reports, summary = compare(judged)
    reports = tuple(expecting(each, _expected(options)) for each in reports)
    code = _worst([*unread, *(each.exit_code for each in reports), *_uncovered(summary, options)])
    _say_all(said, reports, summary, options)
    return _worst([code, *said.code])


def _expected(options: argparse.Namespace) -> Expected:
    return Expected(**{name: getattr(options, f"expect_{name}") for name in Expected._fields})


def _uncovered(summary: Summary, options: argparse.Namespace) -> list[int]:
    """With --expect-covered every claim must be covered by the files together, and there must be one."""
    if not options.expect_covered:
        return []
    return [] if summary.claims and all(each.covered for each in summary.claims) else [5]


def _worst(codes: Sequence[int]) -> int:
    return min(codes, key=WORST_FIRST.index, default=0)


def _judge_all(paths: Sequence[Path], trust: LoadedTrust) -> tuple[list[int], list[Judged]]:
    """Judge every file that can be read; the others are named on standard error and give an exit code each."""
    unread: list[int] = []
    judged: list[Judged] = []
    for path in paths:
        try:
            raw = _read(path)
        except OSError as error:
            _complain(f"{shown(path)}: {error.strerror or error}")
            unread.append(UNFINISHED)
        else:
            judged += judge_all(raw, trust, file=shown(path))
    return unread, judged


def _say_all(said: "_Output", reports: Sequence[VerifyReport], summary: Summary, options: argparse.Namespace) -> None:
    if options.json:
        for report in reports:
            said.line(encode(report).decode())
        said.line(encode(summary).decode())
        return
    for report in reports:
        said.line(report_in_words(report))
    for fork in summary.forks:
        said.line(fork_in_words(fork))
    if len(reports) > 1 or options.expect_covered:
        said.line(summary_in_words(summary))


class _Output:
    """Standard output, until it cannot be written: a closed pipe or a full disk is said once, with an exit code."""

    def __init__(self) -> None:
        self.code: list[int] = []

    def line(self, words: str) -> None:
        if self.code:
            return
        try:
            if sys.stdout is None:
                raise BrokenPipeError(0, "standard output is closed")
            sys.stdout.buffer.write(f"{words}\n".encode(errors="backslashreplace"))  # UTF-8 whatever the locale says
            sys.stdout.buffer.flush()
        except OSError as error:
            self.code.append(UNFINISHED)
            _complain(f"the answer could not be written in full: {error.strerror or error}")
            _forget_output()


def _forget_output() -> None:
    """What is still buffered would raise again when the interpreter ends; it goes nowhere instead."""
    if sys.stdout is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _complain(what: str) -> None:
    try:
        print(f"kilnwood verify: {what}", file=sys.stderr, flush=True)
    except OSError:
        sys.stderr = None  # nobody listens; the exit code still says it


def shown(path: Path) -> str:
    """A file's name as text; bytes that are not UTF-8 are written as escapes."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kilnwood verify",
        description="Check receipts offline: who said it, is it in the public log, which kilograms, for which claim.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a bundle, *.receipt.json, or a certificate, *.pdf"
    )
    parser.add_argument("--trust", type=Path, metavar="T", help="the trust.json that you were given (required)")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line for each file, then one for all; nothing else"
    )
    group = parser.add_argument_group("what you expect of every file (exit code 8 if it is not so)")
    group.add_argument("--expect-beneficiary", metavar="WHO", help="the beneficiary's name or identifier")
    group.add_argument("--expect-claimant", metavar="ID", help="an identifier of the claimant, USCC or LEI")
    group.add_argument("--expect-subject", metavar="TEXT", help="the subject of the claim")
    group.add_argument("--expect-claim", metavar="CODE", help="the claim's code")
    group.add_argument("--expect-project", metavar="CODE", help="the project's code")
    group.add_argument("--expect-vintage", metavar="YEAR", type=int, help="the year of the reduction")
    group.add_argument("--expect-kg", metavar="N", type=int, help="kilograms allocated to the claim")
    group.add_argument("--expect-covered", action="store_true", help="the files cover every claim (exit code 5 if not)")
    group.add_argument("--expect-edition", metavar="N", type=int, help="the trust file is edition N or newer")
    return parser


def _usage(parser: argparse.ArgumentParser, what: str) -> int:
    _complain(f"{what}\n\n{parser.format_usage()}\n{_EPILOG}".rstrip("\n"))
    return USAGE_ERROR


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        raw = file.read(DOCUMENT_LIMIT_BYTES + 1)
        return raw + file.read(PDF_LIMIT_BYTES + 1 - len(raw)) if is_pdf(raw) else raw
