"""Who takes part in the first season, its dates and figures, and what its steps have learnt so far."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deploy.scenarios.client import Api, Unexpected

BEGINS = "2023-11-20T01:00:00Z"
NOTICE_OPENS = "2023-12-01T01:00:00Z"
NOTICE_LAST_EVENING = "2023-12-12T15:00:00Z"
NOTICE_IS_OVER = "2023-12-12T16:00:00Z"
SEASON_OPENS = "2025-01-06T01:00:00Z"
CAMPAIGN_CLOSES = "2025-01-06T02:00:00Z"
EVENT_IS_OVER = "2025-01-06T10:00:00Z"


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
DESIGNS: dict[str, dict[str, Any]] = {
    "forest": {"site": {"area_ha": 1267}, "design": {"annual_t": 7_100}},
    "kiln": {
        "site": {"number": "Kiln 3"},
        "design": {"annual_t": 3_600, "grid_region": "CN-510000", "grid_year": 2021},
    },
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
    """What the steps have learnt so far. *reached* are the milestones of those that were played, in order."""

    api: Api
    regulators: tuple[str, str]
    seed: int = 1
    reached: list[str] = field(default_factory=list)
    regulator_ids: list[int] = field(default_factory=list)
    parties: dict[str, Party] = field(default_factory=dict)
    projects: dict[str, int] = field(default_factory=dict)
    reports: dict[str, int] = field(default_factory=dict)
    issuances: dict[str, str] = field(default_factory=dict)
    claims: dict[str, int] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    instruments: dict[str, str] = field(default_factory=dict)
    listings: dict[str, int] = field(default_factory=dict)
    campaigns: dict[str, int] = field(default_factory=dict)
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
        """Upload a document; returns its SHA-256."""
        stored = await self.api.upload("/v1/documents", text.encode(), "text/plain", by=by)
        return str(stored["sha256"])


Story = list[str]
"""What a step tells about itself, line by line."""


def expect(what: str, expected: object, actual: object) -> None:
    """The published figure, or the season stops."""
    if expected != actual:
        raise Unexpected(f"{what}: the season says {expected}, the service {actual}")
