"""Rules of statements: what only the registry would know is refused before it is appended, and by every verifier."""

import pytest

from registry.transparency import rules
from registry.transparency.format.statement_rules import (
    ClaimTerms,
    check_allocated,
    check_later,
    check_origin,
    check_retirement,
    check_statement,
    claim_terms,
)
from registry.transparency.format.text import Malformed
from registry.transparency.rules import StatementContradicts, require_sense
from schemas.identifiers import Identifier
from schemas.statements import (
    AnnulmentStatement,
    CategoryMass,
    ClaimPower,
    ClaimVerifier,
    CorrectedWords,
    CorrectionStatement,
    EventKey,
    IssuanceStatement,
    OrganisationYear,
    Period,
    ProductBatch,
    RecoveryStatement,
    ReducedFirst,
    ScenePeriod,
)
from tests.registry.receipts.verifier.world import CLAIM, FILLER, ORIGIN, RETIREMENT, changed, receipt, verify

ISSUANCE = IssuanceStatement(
    registry=CLAIM.registry,
    executed_at="2026-05-01T00:00:00Z",
    issuance="SC-CDCER-0007-2024-01",
    project="SC-0007",
    methodology="kiln-electrification/1",
    vintage=2024,
    kind="monitored",
    serials="SC-CDCER-0007-2024-01:1-3619000kg",
    quantity_kg=3_619_000,
    buffer_ranges=((3_000_001, 3_619_000),),
    approvers=("person-1", "person-2"),
    verification_report="ab" * 32,
)
WORKS = Identifier(scheme="uscc", value="11510100MB0000000U")
SHARE = changed(CLAIM, attendee=7, about=EventKey(place="Hall A"), organiser=(), exclusive=False)
WORDS = CorrectedWords(field="subject", was="Lanch", now="Launch")
CORRECTION = CorrectionStatement(
    registry=CLAIM.registry,
    executed_at="2026-05-21T00:00:00Z",
    correction="K-1",
    corrects="ab" * 32,
    number=1,
    reason="Misspelt",
    wording=(WORDS,),
)
RECOVERY = RecoveryStatement(
    registry=CLAIM.registry,
    executed_at="2026-05-21T00:00:00Z",
    recovery="V-1",
    act="new-key",
    persons=("person-7",),
    reason="Lost",
)
MASSES = (151, 327, 74, 90, 399, 161)
"""The event of 1,199.03 kg: each category is rounded up by itself, so they come to 1,202 and the footprint to 1,200."""


def footprint(*masses):
    """Categories c0, c1, …, one for each mass."""
    return tuple(CategoryMass(category=f"c{at}", mass_kg=mass) for at, mass in enumerate(masses))


def period(begins, ends):
    """From one moment to another."""
    return Period(begins=begins, ends=ends)


SENSIBLE = [
    CLAIM, RETIREMENT, FILLER, ISSUANCE, SHARE, CORRECTION, RECOVERY,
    changed(CORRECTION, wording=(), sections={"beneficiary": "cd" * 32}),
    changed(RECOVERY, act="lift-suspension", persons=("person-7", "person-10")),
    changed(CLAIM, footprint=footprint(*MASSES)),
    changed(CLAIM, footprint=footprint(1200)),
    changed(CLAIM, deadline=None),
    changed(CLAIM, deadline="2032-05-02T23:59:59Z", new_forest=True),
    changed(CLAIM, type="contribution", required_kg=0, footprint_kg=0, deadline=None),
    changed(CLAIM, period=period("2024-02-29T00:00:00Z", "2026-05-01T00:00:00Z")),
    changed(CLAIM, period=period("2026-05-01T00:00:00Z", "2026-05-01T00:00:00Z")),
]  # fmt: skip


@pytest.mark.parametrize("statement", SENSIBLE)
def test_what_a_registry_says_is_sensible(statement):
    """Statements of every kind, also those that earlier versions wrote without categories or new forest."""
    check_statement(statement)


SENSELESS = [
    (changed(FILLER, executed_at="2026-02-31T00:00:00Z"), "executed_at 2026-02-31T00:00:00Z is no moment of the"),
    (changed(FILLER, executed_at="2025-02-29T00:00:00Z"), "is no moment"),
    (changed(FILLER, executed_at="2026-05-19T24:00:00Z"), "is no moment"),
    (changed(FILLER, executed_at="2026-05-19T23:59:60Z"), "is no moment"),
    (changed(FILLER, executed_at="0000-01-01T00:00:00Z"), "is no moment"),
    (changed(CLAIM, deadline="2027-13-01T00:00:00Z"), "deadline 2027-13-01T00:00:00Z is no moment"),
    (changed(CLAIM, period=period("2026-04-31T00:00:00Z", "2026-05-02T00:00:00Z")), "period.begins 2026-04-31"),
    (changed(CLAIM, period=period("2026-05-03T00:00:00Z", "2026-05-02T00:00:00Z")), "before it begins"),
    (changed(CLAIM, required_kg=1), "1 kg required for a footprint of 1200 kg"),
    (changed(CLAIM, required_kg=1, footprint_kg=1_200_000), "1 kg required for a footprint of 1200000 kg"),
    (changed(CLAIM, footprint=footprint(600, 599)), "the categories come to 1199 kg, the footprint is 1200 kg"),
    (changed(CLAIM, footprint=footprint(600, 602)), "the categories come to 1202 kg"),
    (changed(CLAIM, footprint=(*footprint(600), *footprint(600))), "a category stands twice in the footprint"),
    (changed(CLAIM, type="contribution"), "a contribution requires nothing, this one 1200 kg"),
    (changed(CLAIM, type="contribution", required_kg=0), "a contribution has no deadline, this one 2027-05-02T23:"),
    (changed(CLAIM, deadline="2026-05-02T00:00:00Z", executed_at="2026-05-01T00:00:00Z"), "before the subject"),
    (changed(CLAIM, executed_at="2027-05-03T00:00:00Z"), "had passed when the claim was made"),
    (changed(CLAIM, deadline="2033-05-02T23:59:59Z"), "a deadline 7 years after the subject"),
    (changed(RETIREMENT, allocates_kg=1201), "1201 kg allocated of 1200 kg retired"),
    (changed(RETIREMENT, quantity_kg=1201), "the ranges hold 1200 kg, the statement says 1201 kg"),
    (changed(FILLER, ranges=((2, 1),), quantity_kg=1), "not in order"),
    (changed(FILLER, ranges=((1, 2), (2, 3)), quantity_kg=4), "in two of them"),
    (changed(ISSUANCE, serials="SC-CDCER-0007-2024-01:1-3619001kg"), "the quantity gives SC-CDCER"),
    (changed(ISSUANCE, buffer_ranges=((1, 3_619_001),)), "the buffer ends at 3619001"),
    (changed(ISSUANCE, buffer_ranges=((5, 9), (1, 2))), "not in order"),
    (changed(ISSUANCE, approvers=("person-1", "person-1")), "one approver twice: person-1, person-1"),
    (changed(SHARE, organiser=(WORKS,)), "attendee 7 is called the organiser"),
    (changed(SHARE, exclusive=True), "the share of attendee 7 is called exclusive"),
    (changed(SHARE, about=None), "a share of attendee 7, and not of an event"),
    (changed(SHARE, about=ProductBatch(product="Glass", batch="1")), "a share of attendee 7, and not of an event"),
    (changed(CORRECTION, wording=()), "a correction that corrects nothing"),
    (changed(CORRECTION, wording=(WORDS, WORDS)), "a field is corrected twice: subject, subject"),
    (changed(CORRECTION, wording=(changed(WORDS, field="required_kg"),)), "this one is of required_kg"),
    (changed(CORRECTION, sections={"evidence": "cd" * 32}), "this one is of evidence"),
    (changed(CORRECTION, wording=(changed(WORDS, was="Launch"),)), "leaves subject as it was"),
    (changed(RECOVERY, persons=("person-7", "person-8")), "new-key of 2 people; it is about 1 at most"),
    (changed(RECOVERY, act="lift-suspension", persons=("person-7", "person-7")), "one person twice"),
    (changed(RECOVERY, persons=("Wang",)), "Wang is not person-<number>"),
    (changed(RECOVERY, persons=("person-07",)), "person-07 is not person-<number>"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "words"), SENSELESS)
def test_a_contradiction_is_refused_with_what_contradicts_what(statement, words):
    """By the rule, and before it is appended as a refusal that says so."""
    with pytest.raises(Malformed, match=words):
        check_statement(statement)
    with pytest.raises(StatementContradicts, match=words):
        rules.prepare(ORIGIN, statement)


@pytest.mark.parametrize(
    ("retirement", "claim", "words"),
    [
        ({"registry": "Another registry"}, {}, "the retirement is of 'Another registry', its claim of 'Sichuan"),
        ({"executed_at": "2026-05-20T08:59:59Z"}, {}, "before the claim of 2026-05-20T09:00:00Z"),
        ({"purpose": "contribution"}, {}, "the purpose 'contribution' against a claim of type 'event', not 'claim'"),
        ({"purpose": "compliance"}, {}, "the purpose 'compliance' against"),
        ({}, {"type": "contribution", "required_kg": 0, "deadline": None}, "type 'contribution', not 'contribution'"),
        ({}, {"type": "compliance"}, "type 'compliance', not 'compliance'"),
        ({}, {"required_kg": 1199, "footprint_kg": 1199}, "1200 kg allocated to a claim that requires 1199 kg"),
        ({}, {"new_forest": True}, "new forest only, these are of kiln-electrification/1"),
    ],
)
def test_a_retirement_agrees_with_its_claim(retirement, claim, words):
    """Each contradiction by itself, in the rule and in the verdict on a signed, witnessed receipt."""
    retired, claimed = changed(RETIREMENT, **retirement), changed(CLAIM, **claim)
    with pytest.raises(Malformed, match=words):
        check_retirement(retired, claim_terms(claimed))
    report = verify(receipt(retirement=retired, claim=claimed))
    assert ("invalid", "claim") == (report.verdict, report.checks[-1].name)
    assert report.checks[-1].detail in report.summary


def test_1201_of_1200_is_invalid():
    """More than the claim requires, in one receipt that adds up by itself."""
    more = changed(RETIREMENT, ranges=((1, 1201),), quantity_kg=1201, allocates_kg=1201)
    assert "claim: 1201 kg allocated to a claim that requires 1200 kg" == verify(receipt(retirement=more)).summary


def test_forest_credits_serve_a_claim_of_new_forest():
    """And its statement says that it is one: the word is absent where it is not."""
    claim = changed(CLAIM, new_forest=True, deadline="2032-05-02T23:59:59Z")
    forest = changed(RETIREMENT, methodology="forest-sink/1", executed_at="2031-01-01T00:00:00Z")
    assert "valid" == verify(receipt(retirement=forest, claim=claim)).verdict
    assert [False, True] == [
        '"new_forest":true' in rules.note_text(ORIGIN, each) for each in (changed(claim, new_forest=False), claim)
    ]


def test_contradictions_inside_the_claim_are_found_by_the_verifier():
    """The claim of a receipt is judged like any statement."""
    report = verify(receipt(claim=changed(CLAIM, required_kg=1), retirement=changed(RETIREMENT, allocates_kg=1)))
    assert ("invalid", "claim: rules") == (report.verdict, report.checks[-1].name)


def test_a_contribution_takes_any_amount():
    """Nothing is required, so nothing is too much; without a known time the order is the clock's business."""
    check_allocated(ClaimTerms("r", "contribution", 0, new_forest=False, executed_at=None), 10**12)
    early = changed(RETIREMENT, executed_at="2020-01-01T00:00:00Z")
    check_retirement(early, claim_terms(CLAIM)._replace(executed_at=None))


def test_the_origin_of_kilograms():
    """A buffer statement names no project; what it names must be the issuance's."""
    check_origin(RETIREMENT, ISSUANCE)
    check_origin(FILLER, ISSUANCE)
    with pytest.raises(Malformed, match="methodology other/1, but SC-CDCER-0007-2024-01 has kiln-electrification/1"):
        check_origin(changed(RETIREMENT, methodology="other/1"), ISSUANCE)


def test_a_refusal_before_appending_is_a_plain_problem():
    """422 with the statement's type and the contradiction."""
    with pytest.raises(StatementContradicts, match=r"^The retirement/v1 statement would not be valid: "):
        require_sense(lambda: check_retirement(RETIREMENT, claim_terms(changed(CLAIM, registry="Another"))), RETIREMENT)


VERIFIER = ClaimVerifier(name="Assessors", level="limited", identifier=WORKS)
POWER = ClaimPower(used_kwh=1_000, green_kwh=400, location_based_kg=140, market_based_kg=84)
FIRST = ReducedFirst(before_kg=1_500, green_power_kg=200, cap_permille=900, plan="cd" * 32, plan_verifier=VERIFIER)
INN = ScenePeriod(scene="hotel", place="Riverside inn")
SCENE = changed(
    CLAIM,
    type="scene",
    about=INN,
    organiser=(),
    footprint=(),
    footprint_kg=1_200,
    required_kg=1_200,
    reductions_kg=100,
    power=POWER,
    reduce_first=FIRST,
)
PERSON = changed(
    SCENE,
    type="person",
    about=None,
    sections={"responsible_person": "ef" * 32},
    reduce_first=changed(FIRST, plan=None, plan_verifier=None),
)


REDUCED = [
    SCENE,
    PERSON,
    changed(SCENE, type="organisation", about=OrganisationYear(organisation=WORKS, year=2025)),
    changed(SCENE, reduce_first=changed(FIRST, cap_permille=800)),  # 1,200 of 1,500 kg are 800 thousandths
    changed(SCENE, power=changed(POWER, green_kwh=1_000)),
    changed(SCENE, power=changed(POWER, market_based_kg=1_200)),
    changed(SCENE, power=None, reduce_first=changed(FIRST, green_power_kg=0, before_kg=1_300, cap_permille=1000)),
    changed(CLAIM, type="organisation"),  # as earlier versions said it
    changed(CLAIM, type="person"),
]


@pytest.mark.parametrize("sensible", REDUCED)
def test_what_reduced_first_adds_up(sensible):
    """An organisation, a scene and a person; the cap reached to the kilogram; what was accepted before still is."""
    check_statement(sensible)


NOT_REDUCED = [
    (changed(SCENE, reduce_first=changed(FIRST, before_kg=1_501)), "1501 kg before reducing; .* give 1500"),
    (changed(SCENE, reductions_kg=99), "1500 kg before reducing; .* give 1499"),
    (changed(SCENE, reduce_first=changed(FIRST, cap_permille=799)), "1200 kg to offset of 1500 kg; the cap is 799"),
    (changed(SCENE, reduce_first=None), "does not say what came before"),
    (changed(SCENE, about=None), "does not say which scene"),
    (changed(SCENE, about=EventKey(place="Hall A")), "does not say which scene"),
    (changed(SCENE, reduce_first=changed(FIRST, plan=None)), "come together"),
    (changed(SCENE, reduce_first=changed(FIRST, plan_verifier=None)), "come together"),
    (changed(SCENE, reduce_first=PERSON.reduce_first), "without a verified reduction plan"),
    (changed(SCENE, power=None), "200 kg less by green power, and no kilowatt-hour"),
    (changed(SCENE, power=changed(POWER, green_kwh=0)), "200 kg less by green power, and no kilowatt-hour"),
    (changed(SCENE, power=changed(POWER, green_kwh=1_001)), "1001 kWh of green power of 1000 kWh"),
    (changed(SCENE, power=changed(POWER, market_based_kg=1_201)), "power of 1201 kg in a footprint of 1200 kg"),
    (changed(PERSON, sections={}), "in the section responsible_person"),
    (changed(PERSON, about=OrganisationYear(organisation=WORKS, year=2025)), "in the section responsible_person"),
    (changed(SCENE, type="event"), "reduce_first in a claim of type 'event'"),
    (changed(CLAIM, type="contribution", reduce_first=FIRST), "reduce_first in a claim of type 'contribution'"),
]


@pytest.mark.parametrize(("senseless", "why"), NOT_REDUCED)
def test_what_did_not_reduce_first_is_malformed(senseless, why):
    """Each rule, one step beyond it."""
    with pytest.raises(Malformed, match=why):
        check_statement(senseless)


ANNULMENT = AnnulmentStatement(
    registry=CLAIM.registry,
    executed_at="2026-06-03T00:00:00Z",
    annulment="N-1",
    annuls="ab" * 32,
    of="claim",
    reason="A mistake",
    approvers=("person-1", "person-2"),
)


def test_an_annulment_is_of_two_people():
    """Two numbers of persons, and not the same."""
    check_statement(ANNULMENT)
    for approvers, said in (
        (("person-1", "person-1"), "one person twice: person-1, person-1"),
        (("person-1", "person-02"), "person-02 is not person-<number>"),
    ):
        with pytest.raises(Malformed, match=said):
            check_statement(changed(ANNULMENT, approvers=approvers))


def test_an_annulment_and_what_it_names():
    """The kind that it says, the same registry, and not before it."""
    check_later(ANNULMENT, CLAIM)
    check_later(changed(ANNULMENT, of="retirement"), RETIREMENT)
    for annulment, named, said in (
        (ANNULMENT, RETIREMENT, "the annulment of a claim, and it names a retirement"),
        (changed(ANNULMENT, registry="Another"), CLAIM, "it is of 'Another'"),
        (changed(ANNULMENT, executed_at="2026-05-01T00:00:00Z"), CLAIM, "is before what it is about"),
    ):
        with pytest.raises(Malformed, match=said):
            check_later(annulment, named)
