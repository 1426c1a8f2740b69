"""What `kilnwood verify` prints for people. Nothing that a file says may steer the terminal."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from registry.receipts.verifier.leaf import moment
from schemas.verdicts import Fork, NamedParty, Particulars, Summary, VerifyReport

if TYPE_CHECKING:  # it would bring the witness's keys and files into every start of `kilnwood verify`
    from registry.transparency.witness.conflicts import Conflict

_MARKS = {"ok": "ok    ", "note": "note  ", "failed": "FAILED"}
_SERIALS_SHOWN = 5
_BOTH = "The log signed both of these, which no append-only log can:"


def report_in_words(report: VerifyReport) -> str:
    """Each check, the verdict, as of which log it holds, and about whom and what it speaks."""
    wide = max(len(check.name) for check in report.checks)
    lines = [report.file, *(f"  {_MARKS[c.outcome]} {c.name:<{wide}}  {c.detail}" for c in report.checks)]
    if report.about is not None and report.verdict != "invalid":
        rows = list(_about(report, report.about))
        wide = max(len(name) for name, _ in rows)
        lines += (f"  {name:<{wide}}  {value}" for name, value in rows)
    lines.append(f"{'SIMULATED, ' * report.simulated}{report.verdict.upper()}: {report.summary}")
    if report.size is not None:
        valid = "valid " * (report.verdict in ("valid", "unwitnessed"))
        witnessed = f"witnessed at {report.witnessed_at}" if report.witnessed_at else "not witnessed"
        lines.append(f"{valid}as of size {report.size}, {witnessed}")
    return _printable(lines)


def _about(report: VerifyReport, found: Particulars) -> Iterator[tuple[str, str]]:
    yield "registry", found.registry
    if report.receipt is not None:
        yield "receipt", f"{report.receipt}, retired {found.retired_at}"
    if report.quantity_kg is not None:
        gives = f", {report.allocates_kg} kg of it to the claim" if report.allocates_kg is not None else ""
        yield "kilograms", f"{report.quantity_kg} kg{gives}"
    if "beneficiary" in found.sealed:
        yield "beneficiary", "sealed: this file does not open it"
    elif report.receipt is not None:
        yield "beneficiary", _party(found.beneficiary) if found.beneficiary else "not stated"
    yield from _said_later(found)
    if found.project is not None:
        yield "project", f"{found.project}, vintage {found.vintage}, {found.methodology}"
    if found.serials:
        more = f" and {len(found.serials) - _SERIALS_SHOWN} more" * (len(found.serials) > _SERIALS_SHOWN)
        yield "serials", ", ".join(found.serials[:_SERIALS_SHOWN]) + more
    if found.claim is not None:
        yield "claim", f"{found.claim}, {found.claim_type}, {found.standard}, made {found.claimed_at}"
        yield "claimant", ", ".join(found.claimant) or "not stated"
        yield "subject", found.subject or ""
        yield "period", f"{found.period_begins} to {found.period_ends}"
        yield "required", f"{report.required_kg} kg" + (f" by {found.deadline}" if found.deadline else "")


def _said_later(found: Particulars) -> Iterator[tuple[str, str]]:
    """What was corrected, with the old words, and what was annulled."""
    for each in found.corrected:
        was, now = ("not opened" if text is None else repr(text) for text in (each.was, each.now))
        yield "corrected", f"{each.field}: now {now}, first {was} ({each.at}, {each.reason!r})"
    for gone in found.annulled:
        yield "annulled", f"the {gone.of}, {gone.at}: {gone.reason!r}"


def _party(party: NamedParty) -> str:
    return ", ".join([party.name or "", *party.identifiers])


def fork_in_words(fork: Fork) -> str:
    """Both signed notes, verbatim: together they are the proof, for anybody who knows the log's key."""
    sides = [
        (view.file + (f", leaf {view.leaf}" if view.leaf else ""), view.note) for view in (fork.first, fork.second)
    ]
    return _both(f"FORK: {fork.what}. {_BOTH}", sides)


def conflict_in_words(conflict: "Conflict") -> str:
    """Both signed notes that a witness kept; a fork proves itself, the other kind only asks for a look at the log."""
    seen = moment(conflict.seen_at)
    origin, shown = conflict.checkpoint.origin, conflict.checkpoint.size
    said = f"FORK: two roots of size {shown} of {origin}, seen {seen}. {_BOTH}"
    if conflict.kind == "unproven":
        said = (
            f"UNPROVEN: a checkpoint of size {shown} of {origin} came with a proof that does not join it to the "
            f"cosigned one, seen {seen}. Ask the log for a proof; an honest log has it:"
        )
    lost = "" if "\n\n" in conflict.cosigned else ", by a version that kept no signatures: without the log's, no proof"
    return _both(said, [(f"cosigned by this witness{lost}", conflict.cosigned), ("shown to it", conflict.shown)])


def _both(said: str, sides: Sequence[tuple[str, str]]) -> str:
    lines = [said]
    for title, note in sides:
        lines += [f"--- {title}", *note.rstrip("\n").split("\n")]
    return _printable([*lines, "---"])


def summary_in_words(summary: Summary) -> str:
    """What all files give to each claim together."""
    lines = ["Together:"]
    lines += (f"  {each.claim}, {each.subject}: {each.summary}" for each in summary.claims)
    return _printable(lines)


def _printable(lines: list[str]) -> str:
    """Control and invisible characters are written as escapes."""
    return "\n".join("".join(map(_shown, line)) for line in lines)


def _shown(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()
