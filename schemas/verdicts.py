"""What the offline verifier says: of each file, and of all files together (registry/transparency/FORMAT.md)."""

from typing import Literal

from msgspec import Struct

from schemas.statements import Annullable

Outcome = Literal["ok", "note", "failed"]
Verdict = Literal["valid", "invalid", "unwitnessed", "superseded", "shortfall", "logged", "unexpected"]

EXIT_CODES: dict[Verdict, int] = {
    "valid": 0,
    "invalid": 1,
    "unwitnessed": 3,
    "superseded": 4,
    "shortfall": 5,
    "logged": 6,
    "unexpected": 8,
}
USAGE_ERROR = 2
UNFINISHED = 7
WORST_FIRST = (USAGE_ERROR, 1, UNFINISHED, 8, 4, 5, 6, 3, 0)
"""
Exit codes of `kilnwood verify`: 2 is a wrong command line or trust file, 7 a file that could not be read or an answer
that could not be written. What is INVALID stays so, whatever else went wrong.
"""


class Check(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One check that was made; *outcome* `note` is something to know that fails nothing by itself."""

    outcome: Outcome
    name: str
    detail: str


class NamedParty(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a section that was opened names: a name, and identifiers such as `uscc 91510100MA6CAAAA0X`."""

    name: str | None = None
    identifiers: tuple[str, ...] = ()


class Corrected(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Words that were corrected: as they were first, and as they are to be read.

    Either is None if the file does not open it. *of* is what the words are of.
    """

    of: Annullable
    field: str
    was: str | None
    now: str | None
    at: str
    reason: str


class FoundAnnulment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That the retirement or its claim was annulled, when and why: the receipt counts for nothing."""

    of: Annullable
    at: str
    reason: str


class Particulars(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    About whom and what a file speaks, from statements that were found in the log.

    *beneficiary* is None if the statement names none or the file does not open it; *sealed* lists what is not opened.
    *retired_at* and *claimed_at* are business times of the registry. Words are as they were corrected in this file;
    *corrected* has what they were. *annulled* is what any of the files says.
    """

    registry: str
    claim: str | None = None
    claim_type: str | None = None
    standard: str | None = None
    claimant: tuple[str, ...] = ()
    organiser: tuple[str, ...] = ()
    subject: str | None = None
    period_begins: str | None = None
    period_ends: str | None = None
    claimed_at: str | None = None
    deadline: str | None = None
    beneficiary: NamedParty | None = None
    project: str | None = None
    methodology: str | None = None
    vintage: int | None = None
    serials: tuple[str, ...] = ()
    retired_at: str | None = None
    sealed: tuple[str, ...] = ()
    corrected: tuple[Corrected, ...] = ()
    annulled: tuple[FoundAnnulment, ...] = ()


class VerifyReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What the verifier found in one file.

    Checks stand in the order in which they were made and end at the first failure; those that compare files come last.
    *size* and *witnessed_at* say as of which log: the verdict holds for that size, not for now. Fields that were not
    reached are None.
    """

    file: str
    verdict: Verdict
    exit_code: int
    summary: str
    simulated: bool
    checks: tuple[Check, ...]
    type: str | None = None
    statement_hash: str | None = None
    leaf_index: int | None = None
    size: int | None = None
    witnessed_at: str | None = None
    receipt: str | None = None
    quantity_kg: int | None = None
    allocates_kg: int | None = None
    required_kg: int | None = None
    about: Particulars | None = None


class View(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of a fork: the file, the signed checkpoint in it, and the leaf where the sides differ in a leaf."""

    file: str
    note: str
    leaf: str | None = None


class Fork(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two checkpoints, signed by one log, that cannot both be of an append-only tree: together they prove it."""

    what: str
    first: View
    second: View


class ClaimCover(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What the receipts among the files give to one claim together.

    Each retirement counts once, however many files hold it; one that is invalid or came after the deadline does not
    count, nor does one that was annulled, or any to a claim that was. *covered* is None for a contribution claim, which
    requires nothing.
    """

    claim: str
    statement_hash: str
    type: str
    subject: str
    required_kg: int
    allocated_kg: int
    missing_kg: int
    receipts: int
    covered: bool | None
    summary: str
    annulled_at: str | None = None


class Summary(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer about all files: the worst exit code, the claims in order of their leaves, and proofs of forks."""

    files: int
    exit_code: int
    claims: tuple[ClaimCover, ...] = ()
    forks: tuple[Fork, ...] = ()
