"""The steps of a project's life, one request each, and a way to any of its states."""

import itertools
import os
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


_numbers = itertools.count(1)


def project_body(organisation_id: int, **changed: Any) -> dict[str, Any]:
    """A draft of a forest project, on a site of its own."""
    number = next(_numbers)
    return {
        "organisation_id": organisation_id,
        "name": f"Small forest {number}",
        "methodology": "forest-sink",
        "location": f"Longquan, compartment {number}",
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


def some_file(size: int) -> bytes:
    """A file of so many bytes that nobody else has, of a type that is taken."""
    return b"%PDF-" + os.urandom(size - 5)


async def upload(
    world: World, content: bytes, *, by: str, key: str | None = None, media_type: str = ""
) -> httpx.Response:
    """Send a file as the raw body; unless a type is given, it is a PDF or text, as it begins."""
    headers = {
        "Authorization": f"Bearer {by}",
        "Idempotency-Key": key or world.next_key(),
        "Content-Type": media_type or ("application/pdf" if content.startswith(b"%PDF-") else "text/plain"),
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

    async def document(self, what: str = "Evidence", *, by: str = "") -> str:
        """The SHA-256 of a document that nobody else has."""
        answer = await upload(self.world, f"{what} {next(_numbers)}".encode(), by=by or self.developer)
        return str(answer.json()["sha256"])

    async def finding(self, why: str = "Confirmed") -> dict[str, str]:
        """A verifier's decision with a report of its own."""
        return {"why": why, "report_sha256": await self.document("Report", by=self.verifier)}

    async def report_body(self, begins: str = "2024-01-01", ends: str = "2024-03-31", **changed: Any) -> dict[str, Any]:
        """A monitoring report with its evidence."""
        return report_body(begins, ends, documents=[await self.document()], **changed)

    async def body(self, step: str, why: str = "Because") -> Any:
        """What a step takes; its documents are uploaded."""
        match step:
            case "update":
                return {key: value for key, value in project_body(0).items() if key != "organisation_id"}
            case "comments":
                return {"text": why}
            case "reports":
                return await self.report_body()
            case "validate":
                return await self.finding(why)
        return {"why": why}

    async def step(
        self, project_id: int, step: str, *, why: str = "Because", by: str = "", body: Any = None
    ) -> httpx.Response:
        """Send one step of a project, as the role whose turn it usually is."""
        usual = {"validate": self.verifier, "notice": self.regulator, "register": self.regulator}
        sender = by or usual.get(step, self.developer)
        sent = body or await self.body(step, why)
        return await self.world.post(f"/v1/projects/{project_id}/{step}", sent, by=sender)

    async def took(self, project_id: int, step: str, *, why: str = "Because", by: str = "") -> Any:
        """Send one step and insist on success."""
        answer = await self.step(project_id, step, why=why, by=by)
        assert 201 == answer.status_code, answer.text
        return answer.json()

    async def project(self, state: str, **changed: Any) -> int:
        """Make a new project in *state* and return its id. A registered one moves the clock past its notice."""
        body = project_body(self.organisation_id, **{"documents": [await self.document()], **changed})
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
        made = await self.world.ok(
            f"/v1/projects/{project_id}/reports", body or await self.report_body(), by=self.developer
        )
        return int(made["id"])

    async def report_step(self, report_id: int, step: str, *, why: str = "Because", by: str = "") -> httpx.Response:
        """Send one step of a report."""
        bodies: dict[str, Any] = {}
        if step == "resubmit":
            bodies[step] = await self.report_body()
        if step == "verify":
            bodies[step] = await self.finding(why)
        usual = {"resubmit": self.developer}
        sender = by or usual.get(step, self.verifier)
        return await self.world.post(f"/v1/reports/{report_id}/{step}", bodies.get(step, {"why": why}), by=sender)


async def life_of(world: World, word: str = "forest") -> Life:
    """The life of one season developer's projects."""
    party = world.party(word)
    return Life(world, party.organisation_id, party.key)
