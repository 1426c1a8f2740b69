"""The steps of a project's life, one request each, and a way to any of its states."""

from datetime import date
from typing import Any

import httpx

from tests.worlds import World

FIRST_DAY = "2025-01-06"
NOTICE_ENDS = "2025-01-15"
NOTICE_IS_OVER = "2025-01-15T16:00:00Z"
"""A notice opened on the world's first day: seven working days counted from Tuesday, to the end of Wednesday week."""
PROJECT_STATES = ("draft", "submitted", "validated", "public_notice", "registered", "rejected")
REPORT_STATES = ("submitted", "verified", "rejected", "issued")
FOREST = {
    "methodology": "forest-sink/1",
    "area_ha": 10,
    "growth_project_m3_ha_yr": "5.23",
    "species": "chinese-fir",
}


def project_body(organisation_id: int, **changed: Any) -> dict[str, Any]:
    """A draft of a forest project."""
    return {
        "organisation_id": organisation_id,
        "name": "A small forest",
        "methodology": "forest-sink",
        "location": "Longquan",
        "crediting_begins": "2024-01-01",
        "crediting_ends": "2033-12-31",
        "description": "Ten hectares of fir",
        **changed,
    }


def report_body(begins: str = "2024-01-01", ends: str = "2024-03-31", **changed: Any) -> dict[str, Any]:
    """A monitoring report of that forest; it grew for as long as the period is."""
    days = (date.fromisoformat(ends) - date.fromisoformat(begins)).days + 1
    activity = {**FOREST, "years": f"{max(1, days * 1000 // 365) / 1000}"}
    return {"begins": begins, "ends": ends, "activity": activity, "documents": [], **changed}


async def upload(world: World, content: bytes, *, by: str, key: str | None = None) -> httpx.Response:
    """Send a file as the raw body."""
    headers = {
        "Authorization": f"Bearer {by}",
        "Idempotency-Key": key or world.next_key(),
        "Content-Type": "text/plain",
    }
    return await world.http.post("/v1/documents", content=content, headers=headers)


class Life:
    """One developer's projects, judged by the season's verifier and its first regulator."""

    def __init__(self, world: World, organisation_id: int, developer: str) -> None:
        self.world = world
        self.organisation_id = organisation_id
        self.developer = developer
        self.verifier = world.party("vvb").key
        self.regulator = world.regulators[0]
        self._report_sha256 = ""

    async def finding(self, why: str = "Confirmed") -> dict[str, str]:
        """A verifier's decision with a report, which is uploaded the first time."""
        if not self._report_sha256:
            answer = await upload(self.world, b"A verifier's report", by=self.verifier)
            self._report_sha256 = answer.json()["sha256"]
        return {"why": why, "report_sha256": self._report_sha256}

    async def step(self, project_id: int, step: str, *, why: str = "Because", by: str = "") -> httpx.Response:
        """Send one step of a project, as the role whose turn it usually is."""
        bodies: dict[str, Any] = {
            "update": {key: value for key, value in project_body(0).items() if key != "organisation_id"},
            "comments": {"text": why},
            "reports": report_body(),
        }
        if step == "validate":
            bodies[step] = await self.finding(why)
        usual = {"validate": self.verifier, "notice": self.regulator, "register": self.regulator}
        sender = by or usual.get(step, self.developer)
        return await self.world.post(f"/v1/projects/{project_id}/{step}", bodies.get(step, {"why": why}), by=sender)

    async def took(self, project_id: int, step: str, *, why: str = "Because", by: str = "") -> Any:
        """Send one step and insist on success."""
        answer = await self.step(project_id, step, why=why, by=by)
        assert 201 == answer.status_code, answer.text
        return answer.json()

    async def project(self, state: str) -> int:
        """Make a new project in *state* and return its id. A registered one moves the clock past its notice."""
        body = project_body(self.organisation_id)
        project_id = int((await self.world.ok("/v1/projects", body, by=self.developer))["id"])
        path = {
            "draft": (),
            "submitted": ("submit",),
            "rejected": ("submit", "reject"),
            "validated": ("submit", "validate"),
            "public_notice": ("submit", "validate", "notice"),
            "registered": ("submit", "validate", "notice", "register"),
        }
        for step in path[state]:
            if step == "register":
                await self.notice_over(project_id)
            await self.took(project_id, step, by=self.verifier if step == "reject" else "")
        return project_id

    async def notice_over(self, project_id: int) -> None:
        """Move the clock past the world's first notice, unless it is past it already."""
        region = (await self.world.get("/v1/region")).json()
        if region["business_time"] < NOTICE_IS_OVER:
            await self.world.ok("/v1/clock", {"at": NOTICE_IS_OVER}, by=self.regulator)

    async def report(self, project_id: int, body: dict[str, Any] | None = None) -> int:
        """File a new report of a registered project and return its id."""
        made = await self.world.ok(f"/v1/projects/{project_id}/reports", body or report_body(), by=self.developer)
        return int(made["id"])

    async def report_step(self, report_id: int, step: str, *, why: str = "Because", by: str = "") -> httpx.Response:
        """Send one step of a report."""
        bodies: dict[str, Any] = {"resubmit": report_body()}
        if step == "verify":
            bodies[step] = await self.finding(why)
        usual = {"resubmit": self.developer}
        sender = by or usual.get(step, self.verifier)
        return await self.world.post(f"/v1/reports/{report_id}/{step}", bodies.get(step, {"why": why}), by=sender)


async def life_of(world: World, word: str = "forest") -> Life:
    """The life of one season developer's projects."""
    party = world.party(word)
    return Life(world, party.organisation_id, party.key)
