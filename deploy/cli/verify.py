"""
`kilnwood verify`: check receipts on a machine that has never heard of the registry.

Dispatched before click is imported; imports msgspec, cryptography and the standard library only, and little of that,
for the whole process should be over within a quarter of a second.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from registry.receipts.verifier.trust import LoadedTrust, load_trust
from registry.receipts.verifier.verify import verify_bundle
from registry.transparency.format.strict_json import DOCUMENT_LIMIT_BYTES, encode
from registry.transparency.format.text import Malformed
from schemas.receipts import VerifyReport

USAGE_ERROR = 2
_WORST_FIRST = (2, 1, 4, 5, 3, 0)
_MARKS = {"ok": "ok    ", "note": "note  ", "failed": "FAILED"}
_EPILOG = """\
trust.json says which keys count: the registry's origin, its issuer and log keys, and the witnesses. It must reach you
by another way than the receipt does: from the registry's printed notice, an auditor, or a copy that you kept. The demo
writes one beside its data (see README). A receipt that brought its own trust would prove nothing.

examples:
  kilnwood verify 47kg.receipt.json --trust trust.json
  kilnwood verify *.receipt.json --trust trust.json --json

exit codes (the worst of several files):
  0 valid   1 invalid   2 usage   3 valid but unwitnessed   4 superseded   5 shortfall
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
        return _usage(parser, f"trust file {options.trust}: {error}")
    codes = [_verify_file(path, trust, as_json=options.json) for path in options.files]
    return min(codes, key=_WORST_FIRST.index)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kilnwood verify",
        description="Check receipts offline: who said it, is it in the public log, which kilograms, for which claim.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a bundle, *.receipt.json")
    parser.add_argument("--trust", type=Path, metavar="T", help="the trust.json that you were given (required)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each file, nothing else")
    return parser


def _usage(parser: argparse.ArgumentParser, what: str) -> int:
    print(f"{parser.format_usage()}kilnwood verify: {what}\n\n{_EPILOG}", file=sys.stderr, end="")
    return USAGE_ERROR


def _verify_file(path: Path, trust: LoadedTrust, *, as_json: bool) -> int:
    try:
        raw = _read(path)
    except OSError as error:
        print(f"kilnwood verify: {path}: {error.strerror or error}", file=sys.stderr)
        return USAGE_ERROR
    report = verify_bundle(raw, trust, file=str(path))
    words = encode(report).decode() if as_json else _in_words(report)
    sys.stdout.buffer.write(f"{words}\n".encode(errors="backslashreplace"))  # UTF-8 whatever the locale says
    sys.stdout.flush()
    return report.exit_code


def _in_words(report: VerifyReport) -> str:
    wide = max(len(check.name) for check in report.checks)
    lines = [report.file, *(f"  {_MARKS[c.outcome]} {c.name:<{wide}}  {c.detail}" for c in report.checks)]
    lines.append(f"{'SIMULATED, ' * report.simulated}{report.verdict.upper()}: {report.summary}")
    if report.size is not None:
        valid = "valid " * (report.verdict in ("valid", "unwitnessed"))
        witnessed = f"witnessed at {report.witnessed_at}" if report.witnessed_at else "not witnessed"
        lines.append(f"{valid}as of size {report.size}, {witnessed}")
    return "\n".join(map(_printable, lines))


def _printable(text: str) -> str:
    """What a file says must not steer the terminal: control and invisible characters are written as escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(DOCUMENT_LIMIT_BYTES + 1)
