"""What stands on a certificate: pure, from what the registry says publicly."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from registry.receipts.certificates import wording
from registry.receipts.certificates.lines import day, mass, moment, number, serials, short
from registry.receipts.certificates.qr import qr_svg
from registry.receipts.certificates.wording import Said
from schemas.annulments import Annulled
from schemas.claims import Claim
from schemas.corrections import Correction
from schemas.credits import Issuance, Retirement
from schemas.parties import RegionProfile
from schemas.projects import Project

CORRECTIONS_SHOWN: Final = 3
CORRECTED_LIMIT: Final = 60
"""Characters of one text of a correction."""
ANNULLED_LIMIT: Final = 90
"""Characters of the reason of an annulment."""
_FIELDS: Final = {
    "subject": ("声明对象", "Subject"),
    "standard": ("依据", "Standard"),
    "boundary": ("核算边界", "Boundary"),
    "exclusions": ("未计入", "Not counted"),
}
_SEALED: Final = ("受益人（已封存）", "Beneficiary (sealed)")


class Fact(Struct, frozen=True):
    """One line of the table: its label in both languages, and its value."""

    zh: str
    en: str
    value: str


class Reworded(Struct, frozen=True):
    """One field that was corrected."""

    zh: str
    en: str
    was: str
    now: str


class CorrectedText(Struct, frozen=True):
    """One correction, which stands above everything else."""

    at: str
    reason: str
    wording: tuple[Reworded, ...]


class AnnulledText(Struct, frozen=True):
    """That something was annulled, and why: above the title."""

    zh: str
    en: str
    at: str
    reason: str


class ProvedAt(Struct, frozen=True):
    """Where the statement is in the log, and the address behind the code on the paper."""

    leaf: str
    leaf_index: int
    size: int
    link: str


class Masthead(Struct, frozen=True):
    """Whose certificate of what it is, and where it is proved."""

    registry: str
    origin: str
    simulated: bool
    code: str
    code_zh: str
    code_en: str
    qr: str
    place: ProvedAt


class CertificateSheet(Struct, frozen=True, kw_only=True):
    """Everything that `certificate.typ` prints. *name* is a person's, as they chose it."""

    head: Masthead
    said: Said
    kg: str
    facts: tuple[Fact, ...]
    corrections: tuple[CorrectedText, ...]
    annulled: tuple[AnnulledText, ...] = ()
    name: str = ""


def head(region: RegionProfile, code: str, zh: str, en: str, place: ProvedAt) -> Masthead:
    """The same on every certificate."""
    qr = qr_svg(place.link)
    return Masthead(short(region.name), region.log_origin, region.simulated, code, zh, en, qr, place)


def of_retirement(
    region: RegionProfile,
    retirement: Retirement,
    claim: Claim,
    project: Project,
    *,
    vintage: int,
    place: ProvedAt,
    corrections: Sequence[Correction],
    name: str = "",
) -> CertificateSheet:
    """A retirement; where its claim is one person's share, that person's e-certificate."""
    return CertificateSheet(
        head=head(region, retirement.receipt_id, "凭证", "Receipt", place),
        said=wording.of_retirement(retirement, claim),
        name=short(name),
        kg=number(retirement.quantity_kg),
        facts=facts(
            ("声明方", "Claimant", short(claim.claimant)),
            ("声明", "Claim", f"{short(claim.subject)} · {day(claim.begins)} – {day(claim.ends)}"),
            ("项目", "Project", f"{short(project.name)} · {project.code} · {vintage}"),
            ("方法学", "Methodology", project.methodology),
            ("序列号", "Serials", serials(retirement.serials)),
            ("注销时间", "Retired at", moment(retirement.at)),
        ),
        corrections=corrected(corrections),
        annulled=annulled(retirement.annulled, retirement.claim_annulled),
    )


def of_claim(
    region: RegionProfile, claim: Claim, *, receipts: int, place: ProvedAt, corrections: Sequence[Correction]
) -> CertificateSheet:
    """A claim as it is covered now: neutral, or not yet, or a contribution, or nothing at all."""
    covered = f"{number(claim.allocated_kg)} / {number(claim.required_kg)} kg" if claim.required_kg else ""
    return CertificateSheet(
        head=head(region, f"{claim.id}", "声明编号", "Claim", place),
        said=wording.of_claim(claim),
        kg=number(claim.allocated_kg),
        facts=facts(
            ("声明方", "Claimant", short(claim.claimant)),
            ("声明对象", "Subject", short(claim.subject)),
            ("期间", "Period", f"{day(claim.begins)} – {day(claim.ends)}"),
            ("依据", "Standard", short(claim.standard)),
            ("核算边界", "Boundary", short(claim.boundary)),
            ("未计入", "Not counted", short(claim.exclusions)),
            ("先行减排", "Reduced first", mass(claim.reductions_kg)),
            ("已注销 / 应注销", "Retired / required", covered),
            ("所附凭证", "Receipts attached", str(receipts or "")),
        ),
        corrections=corrected(corrections),
        annulled=annulled(None, claim.annulled),
    )


def of_issuance(
    region: RegionProfile, issuance: Issuance, project: Project, *, place: ProvedAt, corrections: Sequence[Correction]
) -> CertificateSheet:
    """Credits as they came into being."""
    return CertificateSheet(
        head=head(region, issuance.code, "签发编号", "Issuance", place),
        said=wording.of_issuance(issuance, project),
        kg=number(issuance.quantity_kg),
        facts=facts(
            ("项目", "Project", f"{short(project.name)} · {project.code}"),
            ("开发方", "Developer", short(project.developer)),
            ("方法学", "Methodology", issuance.methodology),
            ("减排年份", "Vintage", str(issuance.vintage)),
            ("序列号", "Serials", issuance.serials),
            ("缓冲", "Buffer", mass(issuance.buffer_kg)),
            ("签发时间", "Issued at", moment(issuance.issued_at)),
        ),
        corrections=corrected(corrections),
    )


def annulled(retirement: Annulled | None, claim: Annulled | None) -> tuple[AnnulledText, ...]:
    """What was annulled, each with its reason."""
    found = (
        ("本笔注销已被撤销", "The retirement was annulled", retirement),
        ("声明已被撤销", "The claim was annulled", claim),
    )
    return tuple(
        AnnulledText(zh, en, day(each.at), short(each.reason, ANNULLED_LIMIT)) for zh, en, each in found if each
    )


def corrected(corrections: Sequence[Correction]) -> tuple[CorrectedText, ...]:
    """The newest corrections, the last one first, and how many more; one without words is of a sealed section."""
    newest = corrections[::-1][:CORRECTIONS_SHOWN]
    found = [CorrectedText(day(each.at), short(each.reason, CORRECTED_LIMIT), _reworded(each)) for each in newest]
    if earlier := len(corrections) - len(newest):
        found.append(CorrectedText(day(corrections[0].at), f"… 另有 {earlier} 次更早的更正 and {earlier} earlier", ()))
    return tuple(found)


def _reworded(correction: Correction) -> tuple[Reworded, ...]:
    found = tuple(
        Reworded(
            *_FIELDS.get(each.field, (each.field, each.field)),
            short(each.was, CORRECTED_LIMIT),
            short(each.now, CORRECTED_LIMIT),
        )
        for each in correction.wording
    )
    return found or (Reworded(*_SEALED, "…", "…"),)


def facts(*lines: tuple[str, str, str]) -> tuple[Fact, ...]:
    """The lines that have a value."""
    return tuple(Fact(*each) for each in lines if each[2])
