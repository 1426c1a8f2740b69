"""
What several files say together: one log or a fork, kilograms that were used twice, and which claims are covered.

A registry that shows one tree to one reader and another to another is caught by anybody who holds both files, so all
files that were given are compared in one pass. Whatever contradicts another file is INVALID in both: nobody can tell
which of the two is the lie. So no comparison takes a file out of the next one: each looks at every file that is valid
by itself, and that for a fork at every checkpoint that the log signed, in whatever file.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from msgspec import structs

from registry.receipts.verifier.evidence import LeafPlace, Shown
from registry.receipts.verifier.later import annulment_of, contradicts, in_words
from registry.receipts.verifier.leaf import Leaf
from registry.receipts.verifier.verify import Judged, is_late
from registry.transparency.format.note import format_note
from registry.transparency.format.statement_rules import check_allocated, check_origin, claim_terms
from registry.transparency.format.text import Malformed
from schemas.statements import (
    AnnulmentStatement,
    CancellationStatement,
    ClaimStatement,
    IssuanceStatement,
    RetirementStatement,
)
from schemas.verdicts import (
    EXIT_CODES,
    WORST_FIRST,
    Check,
    ClaimCover,
    Fork,
    FoundAnnulment,
    Summary,
    VerifyReport,
    View,
)


class Compared(NamedTuple):
    """The reports as they are after the comparison, in the order of the files, and what they say together."""

    reports: tuple[VerifyReport, ...]
    summary: Summary


class Seen(NamedTuple):
    """A leaf of a file that is valid by itself; *file* is that file's place in the list."""

    file: int
    leaf: Leaf


class SignedLeaf(NamedTuple):
    """What the log signed in one of the files, valid or not."""

    file: int
    shown: Shown


def compare(judged: Sequence[Judged]) -> Compared:
    """Compare the files, change the verdict on those that contradict others, and sum up by claim."""
    faults = _Faults([each.report for each in judged])
    signed = [SignedLeaf(at, shown) for at, each in enumerate(judged) for shown in each.shown]
    forks = (*_forked_sizes(signed, faults), *_forked_leaves(signed, faults))
    seen = [Seen(at, leaf) for at, each in enumerate(judged) if faults.is_sound_alone(at) for leaf in each.leaves]
    _check_serials(seen, faults)
    _check_origins(seen, faults)
    annulled = _annulled(seen, faults)
    _check_allocations(seen, annulled, faults)
    reports = faults.reports()
    codes = [each.exit_code for each in reports]
    summary = Summary(
        files=len(judged),
        exit_code=min(codes, key=WORST_FIRST.index, default=0),
        claims=tuple(_covers([each for each in seen if faults.counts(each.file)], annulled, _subjects(judged))),
        forks=forks,
    )
    return Compared(reports, summary)


class _Faults:
    """What the comparison found against single files, and by what later statement a file is superseded."""

    def __init__(self, reports: Sequence[VerifyReport]) -> None:
        self.alone = reports
        self.found: dict[int, dict[Check, None]] = defaultdict(dict)
        self.annulled: dict[int, dict[FoundAnnulment, None]] = defaultdict(dict)
        self.outdated: dict[int, str] = {}

    def add(self, files: Iterable[int], name: str, detail: str) -> None:
        for file in sorted(set(files)):
            self.found[file][Check(outcome="failed", name=name, detail=detail)] = None  # once, in order

    def is_sound_alone(self, file: int) -> bool:
        return self.alone[file].verdict != "invalid"

    def counts(self, file: int) -> bool:
        return file not in self.found and file not in self.outdated

    def reports(self) -> tuple[VerifyReport, ...]:
        return tuple(self._amended(at, report) for at, report in enumerate(self.alone))

    def _amended(self, at: int, report: VerifyReport) -> VerifyReport:
        if not self.is_sound_alone(at):
            return report  # its own failure is the last check, and reason enough
        report = self._superseded(at, report)
        if at not in self.found:
            return report
        first = next(iter(self.found[at]))
        return structs.replace(
            report,
            verdict="invalid",
            exit_code=EXIT_CODES["invalid"],
            summary=f"{first.name}: {first.detail}",
            checks=(*report.checks, *self.found[at]),
        )

    def _superseded(self, at: int, report: VerifyReport) -> VerifyReport:
        """The report with what other files say was annulled, and with what is older than they are."""
        known = report.about.annulled if report.about else ()
        news = [each for each in self.annulled[at] if each not in known]
        said = [("annulment", in_words(each)) for each in news]
        if at in self.outdated:
            said.append(("claim", self.outdated[at]))
        if not said:
            return report
        own = report.verdict == "superseded"
        return structs.replace(
            report,
            verdict="superseded",
            exit_code=EXIT_CODES["superseded"],
            summary=report.summary if own else said[0][1],
            checks=(*report.checks, *(Check(outcome="note", name=name, detail=detail) for name, detail in said)),
            about=report.about and structs.replace(report.about, annulled=(*known, *news)),
        )


def _forked_sizes(signed: Sequence[SignedLeaf], faults: _Faults) -> Iterator[Fork]:
    """One size has one root."""
    sizes: dict[int, list[SignedLeaf]] = defaultdict(list)
    for each in signed:
        sizes[each.shown.checkpoint.size].append(each)
    for size, group in sorted(sizes.items()):
        first = group[0]
        other = next((each for each in group if each.shown.checkpoint.root != first.shown.checkpoint.root), None)
        if other:
            what = f"two roots of the tree of size {size}"
            faults.add((each.file for each in group), "one log", f"{what}, both signed by the log: a fork")
            yield Fork(what=what, first=_view(first, faults), second=_view(other, faults))


def _forked_leaves(signed: Sequence[SignedLeaf], faults: _Faults) -> Iterator[Fork]:
    """One index has one leaf, whatever the size. Under two roots of one size it is the fork that is said already."""
    places: dict[int, list[SignedLeaf]] = defaultdict(list)
    for each in signed:
        if each.shown.place:
            places[each.shown.place.leaf_index].append(each)
    for index, group in sorted(places.items()):
        if pair := _contradiction(group):
            what = f"two leaves at index {index}"
            faults.add((each.file for each in group), "one log", f"{what}, under checkpoints of the log: a fork")
            first, second = (_view(each, faults, leaf=True) for each in pair)
            yield Fork(what=what, first=first, second=second)


def _contradiction(group: Sequence[SignedLeaf]) -> tuple[SignedLeaf, SignedLeaf] | None:
    """Two of one index with different leaves and sizes. Where there are two, all of the group are part of a fork."""
    first = group[0]
    leaf = next((each for each in group if each.shown.place != first.shown.place), None)
    size = next((each for each in group if each.shown.checkpoint.size != first.shown.checkpoint.size), None)
    if leaf is None or size is None:
        return None
    if leaf.shown.checkpoint.size != first.shown.checkpoint.size:
        return first, leaf
    return (first, size) if size.shown.place != first.shown.place else (leaf, size)


def _view(signed: SignedLeaf, faults: _Faults, *, leaf: bool = False) -> View:
    place = signed.shown.place
    return View(
        file=faults.alone[signed.file].file,
        note=format_note(*signed.shown.note),
        leaf=place.sha256.hex() if leaf and place else None,
    )


def _by_place(seen: Iterable[Seen]) -> dict[LeafPlace, list[Seen]]:
    """One leaf in several files is one leaf, in order of index; after a fork one index has several."""
    places: dict[LeafPlace, list[Seen]] = defaultdict(list)
    for each in seen:
        places[LeafPlace(each.leaf.leaf_index, each.leaf.sha256)].append(each)
    return dict(sorted(places.items()))


class _Use(NamedTuple):
    """Kilograms that a leaf ended for good; sorts by where they begin."""

    first: int
    last: int
    place: LeafPlace


def _check_serials(seen: Sequence[Seen], faults: _Faults) -> None:
    """A kilogram is retired or cancelled once."""
    places = _by_place(seen)
    uses: dict[str, list[_Use]] = defaultdict(list)
    for place, found in places.items():
        statement = found[0].leaf.statement
        if isinstance(statement, RetirementStatement | CancellationStatement):
            uses[statement.issuance] += (_Use(first, last, place) for first, last in statement.ranges)
    for issuance, ended in sorted(uses.items()):
        for one, two in _overlaps(sorted(ended)):
            files = [each.file for place in (one.place, two.place) for each in places[place]]
            twice = f"{issuance}:{two.first}-{min(one.last, two.last)}kg"
            leaves = f"{one.place.leaf_index} and {two.place.leaf_index}"
            names = " and ".join(dict.fromkeys(faults.alone[file].file for file in files))
            faults.add(files, "serials", f"{twice} is used twice, by leaves {leaves}: {names}")


def _overlaps(uses: Sequence[_Use]) -> Iterator[tuple[_Use, _Use]]:
    """Each use that begins before an earlier one has ended, with the one that ends last of those before it."""
    reach: _Use | None = None
    for use in uses:
        if reach is not None and use.first <= reach.last:
            yield reach, use
        if reach is None or use.last > reach.last:
            reach = use


def _check_origins(seen: Sequence[Seen], faults: _Faults) -> None:
    """Where an issuance is among the files, the other statements take only what it brought into being."""
    issuances: dict[str, list[list[Seen]]] = defaultdict(list)
    for found in _by_place(seen).values():
        statement = found[0].leaf.statement
        if isinstance(statement, IssuanceStatement):
            issuances[statement.issuance].append(found)
    for code, sources in sorted(issuances.items()):
        if len(sources) > 1:
            files = [each.file for source in sources for each in source]
            faults.add(files, "serials", f"{code} is issued by two statements")
    for each in seen:
        if not isinstance(each.leaf.statement, IssuanceStatement):
            for source in issuances.get(getattr(each.leaf.statement, "issuance", ""), ()):
                _check_origin(each, source, faults)


def _check_origin(taken: Seen, source: Sequence[Seen], faults: _Faults) -> None:
    issued = source[0].leaf.statement
    assert isinstance(issued, IssuanceStatement)
    try:
        check_origin(taken.leaf.statement, issued)
    except Malformed as error:
        faults.add([taken.file, *(each.file for each in source)], "serials", str(error))


AnnulledHashes: TypeAlias = dict[str, FoundAnnulment]
"""What was annulled, by statement hash."""


def _annulled(seen: Sequence[Seen], faults: _Faults) -> AnnulledHashes:
    """
    What any of the files says was annulled; every file about it is superseded.

    Two annulments of one statement are INVALID, and one that contradicts what it names is so in both.
    """
    targets: dict[str, list[Seen]] = defaultdict(list)
    for each in seen:
        targets[each.leaf.statement_hash].append(each)
    annulled: AnnulledHashes = {}
    files: dict[str, list[int]] = defaultdict(list)
    for found in _by_place(seen).values():
        statement = found[0].leaf.statement
        if not isinstance(statement, AnnulmentStatement):
            continue
        files[statement.annuls] += (each.file for each in found)
        if statement.annuls in annulled:
            faults.add(files[statement.annuls], "annulment", f"{statement.annuls} is annulled by two statements")
        annulled.setdefault(statement.annuls, annulment_of(statement))
        for target in targets[statement.annuls]:
            if wrong := contradicts(statement, found[0].leaf, target.leaf):
                faults.add([target.file, *files[statement.annuls]], "annulment", wrong)
            faults.annulled[target.file][annulled[statement.annuls]] = None
    return annulled


class _Given(NamedTuple):
    """A claim, and what retirements give to it in time; each retirement as every file has it."""

    claim: Leaf
    retirements: list[list[Seen]]

    @property
    def allocated_kg(self) -> int:
        return _allocated_kg(self.retirements)


def _allocated_kg(retirements: Iterable[Sequence[Seen]]) -> int:
    return sum(getattr(each[0].leaf.statement, "allocates_kg", 0) for each in retirements)


def _given(seen: Sequence[Seen], annulled: AnnulledHashes) -> list[_Given]:
    """The claims in the order of their leaves. What was annulled gives nothing, and is given nothing."""
    claims = {
        each.leaf.statement_hash: _Given(each.leaf, [])
        for found in _by_place(seen).values()
        for each in found
        if isinstance(each.leaf.statement, ClaimStatement)
    }
    for found in _by_place(seen).values():
        retirement = found[0].leaf.statement
        if not isinstance(retirement, RetirementStatement) or found[0].leaf.statement_hash in annulled:
            continue
        given = claims[retirement.claim]  # a sound receipt brings its claim
        assert isinstance(given.claim.statement, ClaimStatement)
        if retirement.claim not in annulled and not is_late(retirement, given.claim.statement):
            given.retirements.append(found)
    return list(claims.values())


def _check_allocations(seen: Sequence[Seen], annulled: AnnulledHashes, faults: _Faults) -> None:
    """
    The registry gives no claim more than it requires, so receipts that do are not of one honest registry.

    But where a file is older than the last of them, its retirement may have been annulled in between: then it is
    superseded, and only a newer copy tells.
    """
    for given in _given(seen, annulled):
        claim = given.claim.statement
        assert isinstance(claim, ClaimStatement)
        if not (error := _excess(claim, given.retirements)):
            continue
        last = max(each[0].leaf.leaf_index for each in given.retirements)
        known = [each for each in given.retirements if any(one.leaf.head.checkpoint.size > last for one in each)]
        if _excess(claim, known):
            files = [each.file for found in given.retirements for each in found]
            faults.add(files, "claim", f"{claim.claim}: {error}, by all files together")
            continue
        older = f"{claim.claim}: {error}, by all files together; this one is older than leaf {last}, and what it"
        for each in [one for found in given.retirements if found not in known for one in found]:
            faults.outdated[each.file] = f"{older} retired may have been annulled before that: ask for it anew"


def _excess(claim: ClaimStatement, retirements: Sequence[Sequence[Seen]]) -> str:
    """Why a claim cannot have been given so much, or nothing."""
    try:
        check_allocated(claim_terms(claim), _allocated_kg(retirements))
    except Malformed as error:
        return str(error)
    return ""


def _subjects(judged: Sequence[Judged]) -> dict[str, str]:
    """The subjects of claims as they are to be read, by the newest file, of these the one that carries most."""
    found: dict[str, tuple[int, int, str]] = {}
    for each in judged:
        about, size = each.report.about, each.report.size or 0
        for leaf in each.leaves[:2]:
            if about and about.subject is not None and isinstance(leaf.statement, ClaimStatement):
                newest = found.get(leaf.statement_hash, (0, 0, ""))
                found[leaf.statement_hash] = max(newest, (size, len(each.leaves), about.subject))
    return {claim: subject for claim, (_, _, subject) in found.items()}


def _covers(seen: Sequence[Seen], annulled: AnnulledHashes, subjects: Mapping[str, str]) -> Iterator[ClaimCover]:
    for given in _given(seen, annulled):
        claim = given.claim.statement
        assert isinstance(claim, ClaimStatement)
        missing_kg = max(0, claim.required_kg - given.allocated_kg)
        ended = annulled.get(given.claim.statement_hash)
        yield ClaimCover(
            claim=claim.claim,
            statement_hash=given.claim.statement_hash,
            type=claim.type,
            subject=subjects.get(given.claim.statement_hash, claim.subject),
            required_kg=claim.required_kg,
            allocated_kg=given.allocated_kg,
            missing_kg=missing_kg,
            receipts=len(given.retirements),
            covered=None if claim.type == "contribution" else not missing_kg,
            summary=f"annulled on {ended.at}: covered by nothing" if ended else _in_words(claim, given, missing_kg),
            annulled_at=ended.at if ended else None,
        )


def _in_words(claim: ClaimStatement, given: _Given, missing_kg: int) -> str:
    count = len(given.retirements)
    by = f"{count} receipt{'s' * (count != 1)}"
    if claim.type == "contribution":
        return f"{by}: {given.allocated_kg} kg contributed; this is no neutrality claim"
    if missing_kg:
        return f"{by}: {given.allocated_kg} of {claim.required_kg} kg, {missing_kg} kg are missing from these files"
    return f"{by}: {given.allocated_kg} of {claim.required_kg} kg, covered"
