"""
The first season of a simulated region: what its people do, in order, over HTTP only.

Each step is a coroutine that takes the season, sends requests and answers the lines of its story. Everything that later
steps need is kept in `Season`; everything that is computed is computed by the service.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deploy.demo.api import Api, Unexpected
from schemas.identifiers import uscc_check_character
from schemas.serials import KG_PER_T

BEGINS = "2023-11-20T01:00:00Z"
NOTICE_OPENS = "2023-12-01T01:00:00Z"
NOTICE_LAST_EVENING = "2023-12-12T15:00:00Z"
NOTICE_IS_OVER = "2023-12-12T16:00:00Z"
SEASON_OPENS = "2025-01-06T01:00:00Z"

"""Kilograms in a tonne."""


class Cast(NamedTuple):
    """One organisation of the season, the person who acts for it, and as what."""

    name: str
    person: str
    roles: tuple[str, ...]


CAST = {
    "forest": Cast("Longquan Hills Forestry 龙泉山林业", "Lin Mu", ("developer",)),
    "kiln": Cast("Qingbaijiang Pharmaceutical Glass 青白江药玻", "Yao Bo", ("developer",)),
    "vvb": Cast("Tianfu Verification 天府核查", "He Cha", ("verifier",)),
    "scenic": Cast("Scenic Area Administration 景区管理局", "Jing Qu", ("enterprise", "organiser")),
    "solar": Cast("Tongwei Road Solar 光伏制造", "Guang Fu", ("enterprise",)),
    "car": Cast("Longquanyi Cars 汽车制造", "Qi Che", ("enterprise",)),
    "bank": Cast("Bank of the Two Rivers 两江银行", "Yin Hang", ("enterprise",)),
    "exchange": Cast("Rivers Environment Exchange 两江环境交易所", "Jiao Yi", ("operator",)),
}
BUYERS = ("scenic", "solar", "car", "bank")
FOREST_ACTIVITY = {
    "methodology": "forest-sink/1",
    "area_ha": 1267,
    "growth_project_m3_ha_yr": "5.23",
    "species": "chinese-fir",
}
KILN_ACTIVITY = {
    "methodology": "kiln-electrification/1",
    "gas_10k_nm3": 244,
    "efficiency_ratio": "0.5",
    "grid_region": "CN-510000",
    "grid_year": 2021,
}
EVENT = (
    {"kind": "electricity", "electricity_kwh": 1200, "grid_region": "CN-510000", "grid_year": 2021},
    {"kind": "travel", "mode": "car", "persons": 60, "distance_km": 20},
    {"kind": "travel", "mode": "metro", "persons": 60, "distance_km": 20},
    {"kind": "travel", "mode": "taxi", "persons": 30, "distance_km": 20},
    {"kind": "travel", "mode": "flight", "persons": 1, "distance_km": 3120},
    {"kind": "accommodation", "room_nights": 3},
)


@dataclass
class Party:
    """An organisation with the person who acts for it."""

    organisation_id: int
    person_id: int = 0
    key: str = ""
    account_id: int = 0
    orders: int = 0

    def next_order(self) -> dict[str, int]:
        """What each command of this account begins with: the account, and a number larger than all before."""
        self.orders += 1
        return {"account_id": self.account_id, "client_order_id": self.orders}


@dataclass
class Season:
    """What the steps have learnt so far."""

    api: Api
    regulators: tuple[str, str]
    seed: int = 1
    regulator_ids: list[int] = field(default_factory=list)
    parties: dict[str, Party] = field(default_factory=dict)
    projects: dict[str, int] = field(default_factory=dict)
    reports: dict[str, int] = field(default_factory=dict)
    issuances: dict[str, str] = field(default_factory=dict)
    claims: dict[str, int] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    instruments: dict[str, str] = field(default_factory=dict)
    listings: dict[str, int] = field(default_factory=dict)
    totals: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def set_clock(self, at: str) -> None:
        """Move the region's business time."""
        await self.api.post("/v1/clock", {"at": at}, by=self.regulators[0])

    async def decide(self, path: str, body: dict[str, Any], reason: str) -> Any:  # noqa: ANN401 - JSON
        """What takes two people: the first proposes, the second carries the exact body out."""
        first, second = self.regulators
        proposed = await self.api.post("/v1/approvals", {"body": body, "reason": reason}, by=first)
        return await self.api.post(path, {"approval_id": proposed["id"], "body": body}, by=second)

    async def document(self, text: str, *, by: str) -> str:
        """Upload a document; answers its SHA-256."""
        stored = await self.api.upload("/v1/documents", text.encode(), "text/plain", by=by)
        return str(stored["sha256"])


Story = list[str]


class Step(NamedTuple):
    """One step: a heading, and what happens."""

    title: str
    play: Callable[[Season], Awaitable[Story]]


async def meet_the_region(season: Season) -> Story:
    """A registry with two regulator people and nothing else."""
    region = await season.api.get("/v1/region")
    for key in season.regulators:
        me = await season.api.get("/v1/me", by=key)
        season.regulator_ids.append(me["person_id"])
    kind = "simulated" if region["simulated"] else "real"
    return [
        f"{region['name']}, a {kind} region; business time {region['business_time']}.",
        (
            f"Its first start made two regulators (persons {season.regulator_ids[0]} and {season.regulator_ids[1]}); "
            "every role from here on takes both."
        ),
    ]


async def register_organisations(season: Season) -> Story:
    """Two developers, a verifier, four enterprises and an exchange, each under its unified social credit code."""
    for number, (word, cast) in enumerate(CAST.items()):
        first = f"91510100MA{season.seed % 10_000:04d}{number:03d}"
        identifier = {"scheme": "uscc", "value": first + uscc_check_character(first)}
        made = await season.api.post(
            "/v1/organisations", {"name": cast.name, "identifiers": [identifier]}, by=season.regulators[0]
        )
        season.parties[word] = Party(organisation_id=made["id"])
    return [f"{len(CAST)} organisations, each under a unified social credit code whose check character holds."]


async def enrol_people(season: Season) -> Story:
    """A person for each organisation: a key, shown once, then roles that two regulators grant."""
    for word, cast in CAST.items():
        party = season.parties[word]
        person = await season.api.post("/v1/people", {"name": cast.person}, by=season.regulators[0])
        party.person_id = person["id"]
        party.key = await _first_key(season, party.person_id)
        for role in cast.roles:
            body = {
                "operation": "grant_role",
                "person_id": party.person_id,
                "organisation_id": party.organisation_id,
                "role": role,
            }
            await season.decide("/v1/grants", body, f"{role} at {cast.name}")
    return [f"{len(CAST)} people with an API key of 256 random bits each, shown once and stored as a keyed hash."]


async def _first_key(season: Season, person_id: int) -> str:
    """A key whose answer was lost on the way is revoked and replaced: the registry never shows one twice."""
    by = season.regulators[0]
    while True:
        key = await season.api.post(f"/v1/people/{person_id}/keys", by=by)
        if key["secret"]:
            return str(key["secret"])
        await season.api.post(f"/v1/keys/{key['id']}/revoke", by=by)


async def open_accounts(season: Season) -> Story:
    """A holding account for everybody who will own credits."""
    owners = [word for word in CAST if word != "vvb"]
    for word in owners:
        party = season.parties[word]
        body = {"owner_id": party.organisation_id, "name": f"{CAST[word].name} holdings"}
        account = await season.api.post("/v1/accounts", body, by=season.regulators[0])
        party.account_id = account["id"]
    return [f"{len(owners)} accounts."]


async def submit_projects(season: Season) -> Story:
    """Both developers draft a project, attach its design document and submit it."""
    drafts = {
        "forest": ("Longquan hills forest sink 龙泉山碳汇林", "forest-sink", "Longquan hills, 19,005 mu of fir"),
        "kiln": (
            "Pharmaceutical glass kiln, gas to electricity 药玻窑炉气改电",
            "kiln-electrification",
            "Qingbaijiang",
        ),
    }
    for word, (name, methodology, location) in drafts.items():
        party = season.parties[word]
        pdd = await season.document(f"Project design document: {name}", by=party.key)
        body = {
            "organisation_id": party.organisation_id,
            "name": name,
            "methodology": methodology,
            "location": location,
            "crediting_begins": "2024-01-01",
            "crediting_ends": "2033-12-31",
            "description": f"{name}. Design document {pdd[:12]}…",
            "documents": [pdd],
        }
        project = await season.api.post("/v1/projects", body, by=party.key)
        season.projects[word] = project["id"]
        await season.api.post(f"/v1/projects/{project['id']}/submit", {"why": "Ready for validation"}, by=party.key)
    return ["A forest of 1,267 ha and a glass kiln that changes from gas to electricity, drafted and submitted."]


async def validate_projects(season: Season) -> Story:
    """An independent verifier validates both."""
    vvb = season.parties["vvb"]
    for word, project_id in season.projects.items():
        report = await season.document(f"Validation report of the {word} project", by=vvb.key)
        body = {"why": "Meets its methodology", "report_sha256": report}
        await season.api.post(f"/v1/projects/{project_id}/validate", body, by=vvb.key)
    return ["Tianfu Verification validates both; it shares no owner and no person with either developer."]


async def run_public_notice(season: Season) -> Story:
    """Seven working days in public; registering on the last evening is refused."""
    await season.set_clock(NOTICE_OPENS)
    ends = ""
    for project_id in season.projects.values():
        opened = await season.api.post(
            f"/v1/projects/{project_id}/notice", {"why": "Validated"}, by=season.regulators[0]
        )
        ends = opened["notice_ends"]
    await season.api.post(
        f"/v1/projects/{season.projects['forest']}/comments",
        {"text": "Which plots are planted before 2000? 2000年以前的林班怎么算？"},
        by=season.parties["scenic"].key,
    )
    await season.set_clock(NOTICE_LAST_EVENING)
    early = await season.api.post(
        f"/v1/projects/{season.projects['forest']}/register",
        {"why": "Notice seems over"},
        by=season.regulators[0],
        status=409,
    )
    expect("last day of the notice", "2023-12-12", ends)
    return [
        f"Opened on Friday 2023-12-01, counted from the 4th, seven working days: to the end of {ends} in Shanghai.",
        f"Refused on the last evening: {early['detail']}",
    ]


async def register_projects(season: Season) -> Story:
    """The notice is over, and the regulator registers both."""
    await season.set_clock(NOTICE_IS_OVER)
    for project_id in season.projects.values():
        await season.api.post(
            f"/v1/projects/{project_id}/register", {"why": "No objection in the notice"}, by=season.regulators[1]
        )
    return ["Both projects are registered. 登记完成。"]


async def file_reports(season: Season) -> Story:
    """A year later the developers report; the kiln is first tried with the national grid factor."""
    await season.set_clock(SEASON_OPENS)
    national = {**KILN_ACTIVITY, "grid_region": "CN"}
    refused = await season.api.post(
        f"/v1/projects/{season.projects['kiln']}/reports",
        _report(national),
        by=season.parties["kiln"].key,
        status=422,
    )
    sentence = refused["detail"].partition(". ")[0]  # what follows it are the terms, which stand below
    story = [f"Kiln under the national grid factor, refused: {sentence}."]
    story += [f"   {term}" for term in refused["terms"]]
    expected = {"forest": 7_107, "kiln": 3_619}
    for word, activity in (("forest", FOREST_ACTIVITY), ("kiln", KILN_ACTIVITY)):
        report = await season.api.post(
            f"/v1/projects/{season.projects[word]}/reports", _report(activity), by=season.parties[word].key
        )
        season.reports[word] = report["id"]
        reduction = report["reduction"]
        expect(f"{word} tonnes", expected[word], reduction["issuable_t"])
        story.append(
            f"{word.capitalize()}: {reduction['unrounded_t'][:12]} t, so {reduction['issuable_t']:,} t can be issued; "
            f"{reduction['lapses_kg']} kg lapse."
        )
    return story


def _report(activity: dict[str, Any]) -> dict[str, Any]:
    return {"begins": "2024-01-01", "ends": "2024-12-31", "activity": activity, "documents": []}


async def verify_reports(season: Season) -> Story:
    """The verifier confirms both monitoring reports."""
    vvb = season.parties["vvb"]
    for word, report_id in season.reports.items():
        sha256 = await season.document(f"Verification report of the {word} project, 2024", by=vvb.key)
        body = {"why": "Data and arithmetic confirmed", "report_sha256": sha256}
        await season.api.post(f"/v1/reports/{report_id}/verify", body, by=vvb.key)
    return ["Both monitoring reports are verified."]


async def issue_credits(season: Season) -> Story:
    """One regulator proposes, the other issues; the proposer alone cannot."""
    story = []
    for word, report_id in season.reports.items():
        body = {
            "operation": "issue_credits",
            "report_id": report_id,
            "account_id": season.parties[word].account_id,
        }
        first, second = season.regulators
        proposed = await season.api.post("/v1/approvals", {"body": body, "reason": "Verified report"}, by=first)
        order = {"approval_id": proposed["id"], "body": body}
        if word == "forest":
            alone = await season.api.post("/v1/issuances", order, by=first, status=403)
            story.append(f"The proposer alone is refused: {alone['detail']}")
        issued = await season.api.post("/v1/issuances", order, by=second)
        season.issuances[word] = issued["code"]
        buffer_t = issued["buffer_kg"] // KG_PER_T
        story.append(f"{issued['serials']}" + (f", of which {buffer_t} t go to the buffer." if buffer_t else "."))
    return story


async def neutralise_the_event(season: Season) -> Story:
    """The launch event works out its footprint and retires exactly what it owes."""
    scenic = season.parties["scenic"]
    footprint = await season.api.post(
        "/v1/footprints",
        {"organisation_id": scenic.organisation_id, "request": {"profile": "chengdu-event", "items": list(EVENT)}},
        by=scenic.key,
    )
    result = footprint["result"]
    expect("footprint", 1_200, result["footprint_kg"])
    claim = await season.api.post("/v1/claims", event_claim_body(scenic, footprint["id"]), by=scenic.key)
    season.claims["event"] = claim["id"]
    too_much = await _retire(season, "scenic", "event", 1_201, status=409)
    order = await _retire(season, "scenic", "event", 1_200)
    season.receipts["event"] = order["retirements"][0]["receipt_id"]
    covered = await season.api.get(f"/v1/claims/{claim['id']}", by=scenic.key)
    expect("neutral", (True, 0), (covered["neutral"], covered["missing_kg"]))
    terms = [each["term"] for each in result["items"]]
    return [
        *(f"   {each['label']}: {each['expression']} = {each['value']} {each['unit']}" for each in terms),
        f"Footprint {result['unrounded_kg'].rstrip('0')} kg, so {claim['required_kg']:,} kg must be retired.",
        f"Refused: {too_much['detail']}",
        f"Retired {order['quantity_kg']:,} kg: {order['retirements'][0]['serials'][0]}. The claim is covered: neutral.",
    ]


def event_claim_body(scenic: Party, footprint_id: int) -> dict[str, Any]:
    """The launch event's claim on a stored footprint."""
    return {
        "organisation_id": scenic.organisation_id,
        "type": "event",
        "subject": "Launch event of the first season 首季启动活动",
        "begins": "2025-01-06T01:00:00Z",
        "ends": "2025-01-06T10:00:00Z",
        "boundary": "Power of the hall, travel of all guests, accommodation of speakers",
        "footprint_id": footprint_id,
        "reduction_plan": "Metro first, no printed programme, tap water 地铁优先，无纸化",
        "responsible_person": CAST["scenic"].person,
        "exclusive": True,
    }


async def contribute(season: Season) -> Story:
    """The bank retires without claiming neutrality."""
    bank = season.parties["bank"]
    claim = await season.api.post(
        "/v1/claims",
        {
            "organisation_id": bank.organisation_id,
            "type": "contribution",
            "subject": "Contribution to the region's forests 对本地森林的贡献",
            "begins": "2024-01-01T00:00:00Z",
            "ends": "2024-12-31T23:59:59Z",
            "boundary": "None: this claim offsets nothing",
            "standard": "Contribution, no neutrality claim",
            "exclusive": False,
        },
        by=bank.key,
    )
    season.claims["contribution"] = claim["id"]
    order = await _retire(season, "bank", "contribution", 300 * KG_PER_T)
    season.receipts["contribution"] = order["retirements"][0]["receipt_id"]
    shown = await season.api.get(f"/v1/claims/{claim['id']}", by=bank.key)
    expect("contribution is never neutral", False, shown["neutral"])  # noqa: FBT003 - the expected value
    return ["The bank retires 300,000 kg as a contribution. It may not call anything neutral for it, and cannot."]


async def _retire(season: Season, who: str, claim: str, quantity_kg: int, *, status: int = 201) -> Any:  # noqa: ANN401 - JSON
    party = season.parties[who]
    body = {
        "account_id": party.account_id,
        "claim_id": season.claims[claim],
        "quantity_kg": quantity_kg,
        "issuance": season.issuances["forest"],
        "reason": "First season 首季",
        "beneficiary": CAST[who].name,
    }
    return await season.api.post("/v1/retirements", body, by=party.key, status=status)


def expect(what: str, expected: object, actual: object) -> None:
    """The published figure, or the season stops."""
    if expected != actual:
        raise Unexpected(f"{what}: the season says {expected}, the service {actual}")
