"""Certificates of made-up facts: both extremes of names, and every kind."""

from datetime import UTC, datetime
from typing import Any

from registry.receipts.certificates import sheets
from registry.receipts.certificates.sheets import CertificateSheet, ProvedAt
from registry.receipts.certificates.typeset import typeset
from registry.receipts.verifier.attachment import Attached
from schemas.annulments import Annulled
from schemas.claims import Claim
from schemas.corrections import Correction
from schemas.credits import Issuance, Retirement
from schemas.parties import RegionProfile
from schemas.projects import Project
from schemas.statements import CorrectedWords

AT = datetime(2025, 1, 6, 9, tzinfo=UTC)
REGION = RegionProfile(
    id="CN-510100",
    name="Chengdu carbon inclusion registry 成都碳惠登记处",
    serial_region="SC",
    programme="CDCER",
    simulated=True,
    log_origin="kilnwood.example/sim/CN-510100",
)
PLACE = ProvedAt("ab" * 32, 14, 35, "HTTPS://KILNWOOD.EXAMPLE/R/ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
NAMES = "喆玥堃祎昇镕 Łódź Ściółka, Ăță, Søren, Dvořák, Őrség, Şişli, Gößnitz, Nguyễn"
MARKUP = '#let x = 1 $a^2$ *bold* _it_ `raw` \\ <label> @ref [x] // no /* no */ = head - item #eval("1")'
LONG = "很长的名称，" * 200
ANNULLED = Annulled(annulment_id=1, at=AT, reason="The event never took place 活动未举办", statement_hash="56" * 32)
RECEIPT = Attached("R-1.receipt.json", b'{"format":"kilnwood-receipt/v2"}')


def claim(**values) -> Claim:
    """A claim, neutral by default."""
    facts: dict[str, Any] = {
        "id": 7,
        "claimant_id": 3,
        "claimant": "Scenic Area 景区管理局",
        "type": "event",
        "subject": "Launch event 启动活动",
        "standard": "Chengdu carbon-neutral events 2023",
        "begins": AT,
        "ends": AT,
        "boundary": "Power, travel, accommodation",
        "exclusions": "",
        "reductions_kg": 0,
        "reduction_plan": None,
        "plan": None,
        "measures": None,
        "power": None,
        "reduce_first": None,
        "new_forest": False,
        "about": None,
        "attendee": None,
        "exclusive": True,
        "implausible": False,
        "verifier": None,
        "footprint_id": 1,
        "footprint": (),
        "method": "event-footprint/1",
        "factors": (),
        "required_kg": 1200,
        "allocated_kg": 1200,
        "missing_kg": 0,
        "neutral": True,
        "deadline": None,
        "statement_hash": "cd" * 32,
        "corrected": False,
        "created_at": AT,
    }
    return Claim(**facts | values)


def retirement(**values) -> Retirement:
    """A retirement of 1,200 kg."""
    facts: dict[str, Any] = {
        "receipt_id": "R-GNUOKWXKT4LFG6EOEEEDRPGS3U",
        "order_id": "O-1",
        "claim_id": 7,
        "issuance": "SC-CDCER-0001-2024-01",
        "serials": ("SC-CDCER-0001-2024-01:1-1200kg",),
        "quantity_kg": 1200,
        "statement_hash": "ef" * 32,
        "at": AT,
    }
    return Retirement(**facts | values)


def project(**values) -> Project:
    """A forest."""
    facts: dict[str, Any] = dict.fromkeys(Project.__struct_fields__) | {
        "id": 1,
        "code": "SC-CDCER-0001",
        "developer": "Forestry 林业",
        "name": "Longquan hills 龙泉山",
        "methodology": "forest-sink",
    }
    return Project(**facts | values)


def issuance() -> Issuance:
    """What the forest reduced in 2024."""
    return Issuance(
        id=1,
        code="SC-CDCER-0001-2024-01",
        serials="SC-CDCER-0001-2024-01:1-7107000kg",
        project_id=1,
        report_id=1,
        methodology="forest-sink/1",
        vintage=2024,
        kind="monitored",
        quantity_kg=7_107_000,
        buffer_kg=711_000,
        statement_hash="12" * 32,
        issued_at=AT,
    )


def correction(field: str = "subject", was: str = "Lauch", now: str = "Launch", reason: str = "Spelling") -> Correction:
    """A claim's words put right."""
    words = (CorrectedWords(field=field, was=was, now=now),)
    return Correction(
        id=1,
        corrects="cd" * 32,
        number=1,
        reason=reason,
        wording=words,
        opened={},
        organisation_id=3,
        statement_hash="34" * 32,
        at=AT,
    )


def of_retirement(found: Claim, *, corrections=(), name: str = "", done: Retirement | None = None) -> CertificateSheet:
    """The sheet of a retirement for a claim."""
    return sheets.of_retirement(
        REGION, done or retirement(), found, project(), vintage=2024, place=PLACE, corrections=corrections, name=name
    )


def of_claim(found: Claim, *, corrections=()) -> CertificateSheet:
    """The sheet of a claim."""
    return sheets.of_claim(REGION, found, receipts=1, place=PLACE, corrections=corrections)


def longest() -> CertificateSheet:
    """As much as a sheet may have to say: every text too long, three corrections."""
    words = claim(
        claimant=LONG[:200],
        subject=LONG,
        standard=LONG[:200],
        boundary=LONG,
        exclusions=LONG,
        missing_kg=1,
        neutral=False,
    )
    return of_claim(words, corrections=[correction(was=LONG, now=LONG, reason=LONG)] * 5)


LONGEST = Annulled(annulment_id=1, at=AT, reason=LONG, statement_hash="56" * 32)
EVERY = {
    "retirement": lambda: of_retirement(claim()),
    "part": lambda: of_retirement(claim(missing_kg=600, allocated_kg=600, neutral=False)),
    "contribution": lambda: of_retirement(claim(type="contribution", required_kg=0, neutral=False)),
    "guest": lambda: of_retirement(claim(attendee=17, exclusive=False), name=NAMES),
    "neutral": lambda: of_claim(claim(), corrections=[correction()]),
    "nothing": lambda: of_claim(claim(allocated_kg=0, missing_kg=1200, neutral=False)),
    "not-over": lambda: of_claim(claim(neutral=False)),
    "issuance": lambda: sheets.of_issuance(REGION, issuance(), project(), place=PLACE, corrections=()),
    "annulled": lambda: of_retirement(
        claim(annulled=ANNULLED, neutral=False), done=retirement(annulled=ANNULLED, claim_annulled=ANNULLED)
    ),
    "annulled-claim": lambda: of_claim(claim(annulled=ANNULLED, neutral=False), corrections=[correction()]),
    "longest-annulled": lambda: of_retirement(
        claim(claimant=LONG[:200], subject=LONG, annulled=LONGEST, missing_kg=1, neutral=False),
        corrections=[correction(was=LONG, now=LONG, reason=LONG)] * 5,
        done=retirement(annulled=LONGEST, claim_annulled=LONGEST),
    ),
    "longest": longest,
    "longest-guest": lambda: of_retirement(
        claim(attendee=17, claimant=LONG[:200], subject=LONG, missing_kg=1, neutral=False),
        name=LONG,
        corrections=[correction(was=LONG, now=LONG, reason=LONG)] * 5,
        done=retirement(serials=tuple(f"SC-CDCER-0001-2024-01:{n}000000001-{n}000000002kg" for n in range(1, 200))),
    ),
}


def pdf(sheet: CertificateSheet) -> bytes:
    """The sheet as PDF, with a receipt in it."""
    return typeset(sheet, [RECEIPT], at=AT)
