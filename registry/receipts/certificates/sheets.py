"""
What stands on a certificate, in Chinese and English: pure, from what the registry says publicly.

A sheet says what it proves and, in a box of its own, what it does not: a contribution is no neutrality, one person's
share is not the event, an issuance offsets nothing, and a claim for which nothing was retired says so.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from registry.receipts.certificates.typeset import drawable, qr_svg
from schemas.claims import Claim
from schemas.corrections import Correction
from schemas.credits import Issuance, Retirement
from schemas.parties import RegionProfile
from schemas.projects import Project

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
WORDS_LIMIT: Final = 300
"""Characters of one text of a sheet; the attached receipt has it in full."""
SERIALS_SHOWN: Final = 3
CORRECTIONS_SHOWN: Final = 3


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


class Corrected(Struct, frozen=True):
    """One correction, which stands above everything else."""

    at: str
    reason: str
    wording: tuple[Reworded, ...]


class Sheet(Struct, frozen=True, kw_only=True):
    """Everything that `certificate.typ` prints."""

    registry: str
    origin: str
    simulated: bool
    code: str
    code_zh: str
    code_en: str
    title_zh: str
    title_en: str
    name: str = ""
    sentence_zh: str
    sentence_en: str
    kg: str
    facts: tuple[Fact, ...]
    not_zh: str
    not_en: str
    caution: bool
    corrections: tuple[Corrected, ...] = ()
    qr: str
    link: str
    leaf: str
    log: str


class Place(Struct, frozen=True):
    """Where the statement is in the log, and the address behind the code on the paper."""

    leaf: str
    leaf_index: int
    size: int
    link: str


def of_retirement(
    region: RegionProfile,
    retirement: Retirement,
    claim: Claim,
    project: Project,
    *,
    vintage: int,
    place: Place,
    corrections: Sequence[Correction],
    name: str = "",
) -> Sheet:
    """A retirement; where its claim is one person's share, that person's e-certificate, under the *name* they chose."""
    kg, subject, claimant = number(retirement.quantity_kg), short(claim.subject), short(claim.claimant)
    share = claim.attendee is not None or claim.type == "person"
    if share:
        title = ("个人份额抵销证书", "Certificate of One Person's Share")
        own = f"第 {claim.attendee} 号参与者" if claim.attendee else claimant
        whose = f"attendee {claim.attendee}" if claim.attendee else claimant
        said = (
            f"{own}就本人在“{subject}”中的份额，永久注销了 {kg} 千克减排量。",
            f"{kg} kg of reductions were retired for good for the own share of {whose} of: {subject}.",
        )
    elif claim.type == "contribution":
        title = ("减排贡献证书", "Certificate of Contribution")
        said = (
            f"{claimant}永久注销了 {kg} 千克减排量，作为贡献用于：{subject}。",
            f"{claimant} retired {kg} kg of reductions for good, as a contribution to: {subject}.",
        )
    else:
        title = ("减排量注销证书", "Certificate of Retirement")
        said = (
            f"{claimant}永久注销了 {kg} 千克减排量，用于：{subject}。",
            f"{claimant} retired {kg} kg of reductions for good, for: {subject}.",
        )
    limits = _limits_of_retirement(claim, share=share)
    return Sheet(
        **_head(region, retirement.receipt_id, "凭证", "Receipt", place),
        title_zh=title[0],
        title_en=title[1],
        name=short(name),
        sentence_zh=said[0],
        sentence_en=said[1],
        kg=kg,
        facts=facts(
            ("声明方", "Claimant", claimant),
            ("声明", "Claim", f"{subject} · {day(claim.begins)} – {day(claim.ends)}"),
            ("项目", "Project", f"{short(project.name)} · {project.code} · {vintage}"),
            ("方法学", "Methodology", project.methodology),
            ("序列号", "Serials", serials(retirement.serials)),
            ("注销时间", "Retired at", moment(retirement.at)),
        ),
        not_zh=limits[0],
        not_en=limits[1],
        caution=claim.type == "contribution" or bool(claim.missing_kg) or share,
        corrections=corrected(corrections),
    )


def of_claim(
    region: RegionProfile, claim: Claim, *, receipts: int, place: Place, corrections: Sequence[Correction]
) -> Sheet:
    """A claim as it is covered now: neutral, or not yet, or a contribution, or nothing at all."""
    kg, subject, claimant = number(claim.allocated_kg), short(claim.subject), short(claim.claimant)
    title, said = _claimed(claim, claimant, subject, kg, number(claim.required_kg))
    limits = _limits_of_claim(claim)
    return Sheet(
        **_head(region, f"{claim.id}", "声明编号", "Claim", place),
        title_zh=title[0],
        title_en=title[1],
        sentence_zh=said[0],
        sentence_en=said[1],
        kg=kg,
        facts=facts(
            ("声明方", "Claimant", claimant),
            ("声明对象", "Subject", subject),
            ("期间", "Period", f"{day(claim.begins)} – {day(claim.ends)}"),
            ("依据", "Standard", short(claim.standard)),
            ("核算边界", "Boundary", short(claim.boundary)),
            ("未计入", "Not counted", short(claim.exclusions)),
            ("排放量", "Footprint", f"{number(claim.required_kg)} kg" if claim.required_kg else ""),
            ("先行减排", "Reduced first", f"{number(claim.reductions_kg)} kg" if claim.reductions_kg else ""),
            ("已注销 / 应注销", "Retired / required", f"{kg} / {number(claim.required_kg)} kg" * bool(claim.required_kg)),
            ("所附凭证", "Receipts attached", f"{receipts}" if receipts else ""),
        ),
        not_zh=limits[0],
        not_en=limits[1],
        caution=not claim.neutral,
        corrections=corrected(corrections),
    )


def of_issuance(
    region: RegionProfile, issuance: Issuance, project: Project, *, place: Place, corrections: Sequence[Correction]
) -> Sheet:
    """Credits as they came into being."""
    kg, name = number(issuance.quantity_kg), short(project.name)
    return Sheet(
        **_head(region, issuance.code, "签发编号", "Issuance", place),
        title_zh="减排量签发证书",
        title_en="Certificate of Issuance",
        sentence_zh=f"就{name}在 {issuance.vintage} 年的减排，经核查并由两人批准，签发减排量 {kg} 千克。",
        sentence_en=f"{kg} kg of credits were issued for reductions of {name} in {issuance.vintage}, verified, "
        "and approved by two people.",
        kg=kg,
        facts=facts(
            ("项目", "Project", f"{name} · {project.code}"),
            ("开发方", "Developer", short(project.developer)),
            ("方法学", "Methodology", issuance.methodology),
            ("减排年份", "Vintage", str(issuance.vintage)),
            ("序列号", "Serials", issuance.serials),
            ("缓冲", "Buffer", f"{number(issuance.buffer_kg)} kg" if issuance.buffer_kg else ""),
            ("签发时间", "Issued at", moment(issuance.issued_at)),
        ),
        not_zh="签发不是注销：仅凭本证书不能抵销任何排放，也不证明减排量现归谁持有。",
        not_en="Issued is not retired: this sheet offsets no emission, and does not say who holds the credits now.",
        caution=True,
        corrections=corrected(corrections),
    )


def _claimed(
    claim: Claim, claimant: str, subject: str, kg: str, required: str
) -> tuple[tuple[str, str], tuple[str, str]]:
    if claim.type == "contribution":
        return ("减排贡献证书", "Certificate of Contribution"), (
            f"{claimant}为“{subject}”注销减排量 {kg} 千克，作为贡献。",
            f"{claimant} had {kg} kg of reductions retired as a contribution to: {subject}.",
        )
    if claim.neutral:
        event = claim.type == "event" and claim.attendee is None
        return (
            ("活动碳中和证书", "Certificate of a Carbon-Neutral Event")
            if event
            else ("碳中和证书", "Certificate of Carbon Neutrality")
        ), (
            f"“{subject}”的排放 {required} 千克已由注销的减排量全部覆盖，{claimant}可以声明其碳中和。",
            f"All {required} kg of emissions of {subject} are covered by retired reductions: "
            f"{claimant} may call it carbon-neutral.",
        )
    if not claim.allocated_kg:
        return ("声明登记证明（尚未注销）", "Record of a Claim: Nothing Retired Yet"), (
            f"{claimant}就“{subject}”登记了声明，应注销 {required} 千克，目前尚未注销任何减排量。",
            f"{claimant} registered a claim about {subject}. It requires {required} kg; nothing is retired for it yet.",
        )
    if claim.missing_kg:
        return ("声明覆盖进度证明（尚未碳中和）", "Record of a Claim Covered in Part"), (
            f"{claimant}就“{subject}”应注销 {required} 千克，已注销 {kg} 千克，还差 {number(claim.missing_kg)} 千克。",
            f"{claimant} retired {kg} of the {required} kg that its claim requires: {subject}. "
            f"{number(claim.missing_kg)} kg are missing.",
        )
    return ("声明已全部覆盖证明（期间未结束）", "Record of a Claim Covered in Full"), (
        f"“{subject}”应注销的 {required} 千克已全部注销；期间于 {day(claim.ends)} 结束之后方可称为碳中和。",
        f"All {required} kg of {subject} are retired. It may be called neutral once its period is over, {day(claim.ends)}.",
    )


def _limits_of_retirement(claim: Claim, *, share: bool) -> tuple[str, str]:
    if claim.type == "contribution":
        return (
            "这是贡献，不构成碳中和：它不抵销任何人的排放，任何人不得据此声称碳中和。",
            "A contribution is no neutrality: it offsets nobody's emissions, and nobody may call anything neutral by it.",
        )
    if share:
        return (
            "仅涉及本人的份额，不表示活动整体实现碳中和，也不减少主办方应承担的部分。",
            "It is about one person's own share: it does not make the event neutral, nor lessen what its organiser owes.",
        )
    if claim.missing_kg:
        return (
            f"该声明应注销 {number(claim.required_kg)} 千克，还差 {number(claim.missing_kg)} 千克：补足之前不能称为碳中和。",
            f"The claim requires {number(claim.required_kg)} kg, of which {number(claim.missing_kg)} kg are missing: "
            "until then it is not neutral.",
        )
    return (
        "本证书证明上述减排量已永久注销，不能再出售、转让或注销；不证明减排量之外的任何事项。",
        "It proves that these kilograms are retired and can never be sold, moved or retired again; it proves nothing else.",
    )


def _limits_of_claim(claim: Claim) -> tuple[str, str]:
    if claim.type == "contribution":
        return _limits_of_retirement(claim, share=False)
    if not claim.allocated_kg:
        return (
            "尚未注销任何减排量：这不是碳中和证书，也不是注销凭证。",
            "Nothing was retired: this is neither a certificate of neutrality nor a proof of any retirement.",
        )
    if not claim.neutral:
        return (
            "这不是碳中和证书：在全部注销且期间结束之前，不能称为碳中和。",
            "This is no certificate of neutrality: it is not neutral before all is retired and its period is over.",
        )
    if claim.verifier is None:
        return (
            "排放量由声明方自行核算，未经独立核查；仅就所述边界和期间而言。",
            "The footprint is the claimant's own, not verified by others; it holds for the boundary and period named.",
        )
    return (
        "仅就所述边界和期间而言，不涉及声明方的其他排放。",
        "It holds for the boundary and period named, and says nothing about the claimant's other emissions.",
    )


def _head(region: RegionProfile, code: str, zh: str, en: str, place: Place) -> dict[str, object]:
    return {
        "registry": short(region.name),
        "origin": region.log_origin,
        "simulated": region.simulated,
        "code": code,
        "code_zh": zh,
        "code_en": en,
        "qr": qr_svg(place.link),
        "link": place.link,
        "leaf": place.leaf,
        "log": f"日志第 {place.leaf_index} 叶，截至规模 {place.size}  Leaf {place.leaf_index} of the log, as of size {place.size}",
    }


_FIELDS: Final = {
    "subject": ("声明对象", "Subject"),
    "standard": ("依据", "Standard"),
    "boundary": ("核算边界", "Boundary"),
    "exclusions": ("未计入", "Not counted"),
}


def corrected(corrections: Sequence[Correction]) -> tuple[Corrected, ...]:
    """The newest corrections, the last one first; one without words is of a sealed section."""
    return tuple(
        Corrected(
            day(each.at),
            short(each.reason),
            tuple(
                Reworded(*_FIELDS.get(words.field, (words.field, words.field)), short(words.was), short(words.now))
                for words in each.wording
            )
            or (Reworded("受益人（已封存）", "Beneficiary (sealed)", "…", "…"),),
        )
        for each in list(reversed(corrections))[:CORRECTIONS_SHOWN]
    )


def facts(*lines: tuple[str, str, str]) -> tuple[Fact, ...]:
    """The lines that have a value."""
    return tuple(Fact(*each) for each in lines if each[2])


def serials(parts: Sequence[str]) -> str:
    """The first serials, and how many more there are."""
    more = len(parts) - SERIALS_SHOWN
    return ", ".join(parts[:SERIALS_SHOWN]) + (f" … 另 {more} 段 and {more} more" if more > 0 else "")


def short(text: str) -> str:
    """One line that fits on the sheet."""
    line = drawable(text)
    return line if len(line) <= WORDS_LIMIT else f"{line[: WORDS_LIMIT - 1]}…"


def number(kg: int) -> str:
    """Thousands by thin spaces."""
    return f"{kg:,}".replace(",", "\u2009")


def day(at: datetime) -> str:
    """The date in Shanghai."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d}"


def moment(at: datetime) -> str:
    """The time in Shanghai."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} (UTC+8)"
