"""What a certificate says in Chinese and English, and in a box of its own what it does not say. Pure."""

from msgspec import Struct

from registry.receipts.certificates.lines import day, number, short
from schemas.claims import OTHER_GUESTS, Claim
from schemas.credits import Issuance, Retirement
from schemas.projects import Project


class Both(Struct, frozen=True):
    """The same in both languages."""

    zh: str
    en: str


class Said(Struct, frozen=True):
    """A title, one sentence, and what it is not; *caution* if somebody might take it for more than it is."""

    title: Both
    sentence: Both
    limits: Both
    caution: bool = True


RETIREMENT = Both("减排量注销证书", "Certificate of Retirement")
SHARE = Both("个人份额抵销证书", "Certificate of One Person's Share")
CONTRIBUTION = Both("减排贡献证书", "Certificate of Contribution")
NEUTRAL_EVENT = Both("活动碳中和证书", "Certificate of a Carbon-Neutral Event")
NEUTRAL = Both("碳中和证书", "Certificate of Carbon Neutrality")
NOTHING = Both("声明登记证明（尚未注销）", "Record of a Claim: Nothing Retired Yet")
IN_PART = Both("声明覆盖进度证明（尚未碳中和）", "Record of a Claim Covered in Part")
NOT_OVER = Both("声明已全部覆盖证明（期间未结束）", "Record of a Claim Covered in Full")
COVERED_OTHERS = Both("参与者行程代为抵销证书", "Certificate of Attendees' Trips Covered by the Organiser")
ANNULLED_RETIREMENT = Both("已撤销的注销记录（非证书）", "Record of an Annulled Retirement")
ANNULLED_CLAIM = Both("已撤销的声明记录（非证书）", "Record of an Annulled Claim")
ISSUANCE = Both("减排量签发证书", "Certificate of Issuance")

NO_NEUTRALITY = Both(
    "这是贡献，不构成碳中和：它不抵销任何人的排放，任何人不得据此声称碳中和。",
    "A contribution is no neutrality: it offsets nobody's emissions and makes nothing neutral.",
)
ONE_SHARE = Both(
    "仅涉及本人的份额，不表示活动整体实现碳中和，也不减少主办方应承担的部分。",
    "It is about one person's own share. It does not make the event neutral, nor lessen the organiser's part.",
)
OTHERS = Both(
    "仅涉及没有自行抵销的参与者的行程，不表示活动整体实现碳中和，也不减少主办方自身应承担的部分。",
    "It is about trips of attendees without a share of their own. It does not make the event neutral.",
)
ONLY_RETIRED = Both(
    "本证书证明上述减排量已永久注销，不能再出售、转让或注销；不证明减排量之外的任何事项。",
    "These kilograms are retired and can never be sold, moved or retired again. It proves nothing else.",
)
NOTHING_RETIRED = Both(
    "尚未注销任何减排量：这不是碳中和证书，也不是注销凭证。",
    "Nothing was retired: this is neither a certificate of neutrality nor a proof of any retirement.",
)
NOT_NEUTRAL = Both(
    "这不是碳中和证书：在全部注销且期间结束之前，不能称为碳中和。",
    "This is no certificate of neutrality: it is not neutral before all is retired and its period is over.",
)
UNVERIFIED = Both(
    "排放量由声明方自行核算，未经独立核查；仅就所述边界和期间而言。",
    "The footprint is the claimant's own, not verified by others; it holds for the boundary and period named.",
)
WITHIN_BOUNDARY = Both(
    "仅就所述边界和期间而言，不涉及声明方的其他排放。",
    "It holds for the boundary and period named, and says nothing about the claimant's other emissions.",
)
COUNTS_FOR_NOTHING = Both(
    "已被主管部门两人撤销：这不是碳中和证书，不能据此声称碳中和；已注销的减排量不恢复，也不再计入任何声明。",
    "Two regulators annulled it: this is no certificate of neutrality, and what was retired counts for nothing.",
)
NOT_RETIRED = Both(
    "签发不是注销：仅凭本证书不能抵销任何排放，也不证明减排量现归谁持有。",
    "Issued is not retired: this sheet offsets no emission, and does not say who holds the credits now.",
)


def of_retirement(retirement: Retirement, claim: Claim) -> Said:
    """Somebody's retirement, a contribution, or one person's share; annulled, it is a record and no certificate."""
    said = _retired(retirement, claim)
    if retirement.annulled or retirement.claim_annulled:
        return Said(ANNULLED_RETIREMENT, said.sentence, COUNTS_FOR_NOTHING)
    return said


def _retired(retirement: Retirement, claim: Claim) -> Said:
    kg, what, who = number(retirement.quantity_kg), short(claim.subject), short(claim.claimant)
    if claim.type == "contribution":
        sentence = Both(
            f"{who}永久注销了 {kg} 千克减排量，作为贡献用于：{what}。",
            f"{who} retired {kg} kg of reductions for good, as a contribution to: {what}.",
        )
        return Said(CONTRIBUTION, sentence, NO_NEUTRALITY)
    if claim.attendee == OTHER_GUESTS:
        sentence = Both(
            f"{who}为没有自行抵销的参与者永久注销了 {kg} 千克减排量：{what}。",
            f"{who} retired {kg} kg of reductions for good for attendees without a share of their own: {what}.",
        )
        return Said(RETIREMENT, sentence, OTHERS)
    if is_share(claim):
        own = f"第 {claim.attendee} 号参与者" if claim.attendee else who
        whose = f"attendee {claim.attendee}" if claim.attendee else who
        sentence = Both(
            f"{own}就本人在“{what}”中的份额，永久注销了 {kg} 千克减排量。",
            f"{kg} kg of reductions were retired for good for the own share of {whose} of: {what}.",
        )
        return Said(SHARE, sentence, ONE_SHARE)
    sentence = Both(
        f"{who}永久注销了 {kg} 千克减排量，用于：{what}。",
        f"{who} retired {kg} kg of reductions for good, for: {what}.",
    )
    if claim.missing_kg:
        needs, missing = number(claim.required_kg), number(claim.missing_kg)
        limits = Both(
            f"该声明应注销 {needs} 千克，还差 {missing} 千克：补足之前不能称为碳中和。",
            f"The claim requires {needs} kg, of which {missing} kg are missing: until then it is not neutral.",
        )
        return Said(RETIREMENT, sentence, limits)
    return Said(RETIREMENT, sentence, ONLY_RETIRED, caution=False)


def of_claim(claim: Claim) -> Said:
    """A claim as it is covered now; annulled, it is a record and no certificate."""
    if claim.annulled:
        who, what = short(claim.claimant), short(claim.subject)
        sentence = Both(f"{who}曾就“{what}”作出声明。", f"{who} had made a claim about: {what}.")
        return Said(ANNULLED_CLAIM, sentence, COUNTS_FOR_NOTHING)
    return _covered(claim)


def _covered(claim: Claim) -> Said:
    kg, needs = number(claim.allocated_kg), number(claim.required_kg)
    what, who = short(claim.subject), short(claim.claimant)
    if claim.type == "contribution":
        sentence = Both(
            f"{who}为“{what}”注销减排量 {kg} 千克，作为贡献。",
            f"{who} had {kg} kg of reductions retired as a contribution to: {what}.",
        )
        return Said(CONTRIBUTION, sentence, NO_NEUTRALITY if claim.allocated_kg else NOTHING_RETIRED)
    if claim.neutral or (is_share(claim) and not claim.missing_kg):  # a share waits for no end
        return _neutral(claim, what, who, needs)
    if not claim.allocated_kg:
        sentence = Both(
            f"{who}就“{what}”登记了声明，应注销 {needs} 千克，目前尚未注销任何减排量。",
            f"{who} registered a claim about {what}. It requires {needs} kg; nothing is retired for it yet.",
        )
        return Said(NOTHING, sentence, NOTHING_RETIRED)
    if claim.missing_kg:
        missing = number(claim.missing_kg)
        sentence = Both(
            f"{who}就“{what}”应注销 {needs} 千克，已注销 {kg} 千克，还差 {missing} 千克。",
            f"{who} retired {kg} of the {needs} kg that its claim requires: {what}. {missing} kg are missing.",
        )
        return Said(IN_PART, sentence, NOT_NEUTRAL)
    sentence = Both(
        f"“{what}”应注销的 {needs} 千克已全部注销；期间于 {day(claim.ends)} 结束之后方可称为碳中和。",
        f"All {needs} kg of {what} are retired. It may be called neutral once its period is over, {day(claim.ends)}.",
    )
    return Said(NOT_OVER, sentence, NOT_NEUTRAL)


def _neutral(claim: Claim, what: str, who: str, needs: str) -> Said:
    limits = WITHIN_BOUNDARY if claim.verifier else UNVERIFIED
    if claim.attendee == OTHER_GUESTS:
        sentence = Both(
            f"“{what}”的排放 {needs} 千克已由{who}注销的减排量全部覆盖。",
            f"All {needs} kg of {what} are covered by reductions that {who} retired.",
        )
        return Said(COVERED_OTHERS, sentence, OTHERS)
    if is_share(claim):
        sentence = Both(
            f"“{what}”中本人份额的排放 {needs} 千克已由注销的减排量全部覆盖。",
            f"All {needs} kg of one person's own share of {what} are covered by retired reductions.",
        )
        return Said(SHARE, sentence, ONE_SHARE)
    sentence = Both(
        f"“{what}”的排放 {needs} 千克已由注销的减排量全部覆盖，{who}可以声明其碳中和。",
        f"All {needs} kg of emissions of {what} are covered by retired reductions: {who} may call it carbon-neutral.",
    )
    return Said(NEUTRAL_EVENT if claim.type == "event" else NEUTRAL, sentence, limits, caution=False)


def of_issuance(issuance: Issuance, project: Project) -> Said:
    """Credits as they came into being."""
    kg, name = number(issuance.quantity_kg), short(project.name)
    sentence = Both(
        f"就{name}在 {issuance.vintage} 年的减排，经核查并由两人批准，签发减排量 {kg} 千克。",
        f"{kg} kg of credits were issued for what {name} reduced in {issuance.vintage}, verified and approved.",
    )
    return Said(ISSUANCE, sentence, NOT_RETIRED)


def is_share(claim: Claim) -> bool:
    """Whether a claim is one person's share."""
    return claim.attendee is not None or claim.type == "person"
