"""A region with something on every public page, some of it hostile; and pages as a visitor's browser reads them."""

import html.parser
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from tests.registry.credits import steps
from tests.registry.projects.life import FOREST, Life, life_of
from tests.registry.transparency.logs import Log
from tests.worlds import World

HOSTILE = "<script>alert(1)</script>\"><img src=x onerror=alert(2)> javascript:alert(3) {{ 7*7 }} '-alert(4)-'"
"""Goes into every field that takes a text."""
CONTACT = "villager-secret-contact@example.org"
BENEFICIARY = "Sealed Beneficiary of the Launch"
REASON = "Sealed reason of a retirement"
PLAN = "Sealed plan to reduce"
DRAFT = "Secret draft of a project"
PERSON = "Sealed Responsible Person"
ELSEWHERE = ("/r/", "/docs", "/health/", "/assets/")
"""What other parts of the site answer, each with tests of its own; assets are looked at by their hashes."""


async def crowd(world: World, log: Log, text: str = "A plain text") -> dict[str, Any]:
    """Fill the played season: every kind of object, with *text* in every field, and a checkpoint over all of it."""
    regulator, solar, bank = world.regulators[0], world.party("solar"), world.party("bank")
    life = await life_of(world)
    developer = await world.newcomer("developer", name=text[:200])
    notice = await _noticed(life, text)
    await life.project("rejected", name=text[:190] + " 2", location=text[:190])
    draft = await life.project("draft", name=DRAFT)
    claim = await _claimed(world, text)
    taken = await world.ok(
        "/v1/retirements",
        {
            "account_id": world.party("scenic").account_id,
            "claim_id": claim,
            "quantity_kg": 700,
            "reason": REASON,
            "beneficiary": BENEFICIARY,
        },
        by=world.party("scenic").key,
    )
    gift = await world.ok("/v1/claims", _contribution(world, text), by=bank.key)
    await steps.retire(world, bank, gift["id"], 47)
    cancelled = await world.ok(
        "/v1/cancellations", {"account_id": solar.account_id, "quantity_kg": 5, "reason": text}, by=solar.key
    )
    wording = {"reason": text, "subject": text + " as corrected", "exclusions": text}
    await world.ok(f"/v1/claims/{claim}/corrections", wording, by=world.party("scenic").key)
    receipt = taken["retirements"][0]["receipt_id"]
    beneficiary = {"reason": text, "beneficiary": BENEFICIARY + " rightly"}
    await world.ok(f"/v1/retirements/{receipt}/corrections", beneficiary, by=world.party("scenic").key)
    annulled = await _annulled(world, text)
    reported = await _reported(life, text)
    await world.sequence()
    await log.publish(world.dsn)
    return {
        "notice": notice,
        "draft": draft,
        "claim": claim,
        "receipt": receipt,
        "cancellation": cancelled["order_id"],
        "report": reported,
        "annulled": annulled,
        "developer": developer.organisation_id,
        "regulator": regulator,
    }


async def _noticed(life: Life, text: str) -> int:
    project = await life.project("public_notice", name=text[:200], location=text[:200] + ".", description=text)
    for number in range(2):
        objection = {"name": text[:190] + str(number), "contact": CONTACT, "text": text}
        assert 201 == (await life.world.post(f"/v1/projects/{project}/objections", objection)).status_code
    first = (await life.world.get(f"/v1/projects/{project}/objections")).json()["items"][0]["id"]
    answer = {"text": text, "objections": [first]}
    await life.world.ok(f"/v1/projects/{project}/answers", answer, by=life.regulator)
    await life.world.ok(f"/v1/projects/{project}/comments", {"text": text}, by=life.developer)
    return project


async def _claimed(world: World, text: str) -> int:
    from deploy.scenarios.cast import EVENT
    from deploy.scenarios.claims import event_claim_body

    party = world.party("scenic")
    footprint = await world.ok(
        "/v1/footprints",
        {"organisation_id": party.organisation_id, "request": {"profile": "chengdu-event", "items": list(EVENT)}},
        by=party.key,
    )
    vvb = world.party("vvb")
    report = await world.season.document("Verified footprint", by=vvb.key)
    verifier = (await world.get(f"/v1/organisations/{vvb.organisation_id}")).json()["identifiers"][0]
    body = {
        **event_claim_body(party, footprint["id"]),
        "about": {"kind": "event", "place": text[:200], "event_id": text[:190]},
        "subject": text,
        "boundary": text,
        "exclusions": text,
        "standard": text[:200],
        "reduction_plan": PLAN,
        "responsible_person": PERSON,
        "verifier": {"identifier": verifier, "level": "limited", "report_sha256": report},
    }
    return int((await world.ok("/v1/claims", body, by=party.key))["id"])


def _contribution(world: World, text: str) -> dict[str, Any]:
    return {
        "organisation_id": world.party("bank").organisation_id,
        "type": "contribution",
        "subject": text,
        "begins": "2024-01-01T00:00:00Z",
        "ends": "2024-12-31T00:00:00Z",
        "boundary": text,
        "exclusive": False,
    }


async def _annulled(world: World, text: str) -> int:
    """A contribution that was annulled, with one retirement that was annulled before it; returns the claim."""
    bank = world.party("bank")
    claim = await world.ok("/v1/claims", _contribution(world, text), by=bank.key)
    taken = await steps.retire(world, bank, claim["id"], 5)
    (retirement,) = taken["retirements"]
    await steps.retire(world, bank, claim["id"], 5)
    for named in (
        {"receipt_id": retirement["receipt_id"], "statement_hash": retirement["statement_hash"]},
        {"claim_id": claim["id"], "statement_hash": claim["statement_hash"]},
    ):
        await world.decide("/v1/annulments", {"operation": "annul_statement", **named, "reason": text})
    return int(claim["id"])


async def _reported(life: Life, text: str) -> int:
    """A report that was sent back and filed again, so that it has a version before."""
    activity = {**FOREST, "area_ha": 1000, "years": "0.01"}
    body = await life.report_body("2025-01-01", "2025-01-04", activity=activity)
    report = await life.report(life.world.season.projects["forest"], body)
    await life.report_step(report, "reject", why=text)
    again = await life.report_body("2025-01-01", "2025-01-05", activity=activity)
    await life.world.ok(f"/v1/reports/{report}/resubmit", again, by=life.developer)
    return report


@dataclass
class Read(html.parser.HTMLParser):
    """A page as a parser sees it: what it links to, its elements, its texts with the language of each."""

    links: set[str] = field(default_factory=set)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    _open: list[tuple[str, str]] = field(default_factory=list)

    VOID = frozenset({"meta", "link", "input", "img", "br", "hr", "rect", "path"})

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, its links and its language."""
        found = dict(attrs)
        self.tags.append((tag, found))
        self.links |= {str(found[name]) for name in ("href", "src") if found.get(name) and tag != "script"}
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag not in self.VOID:
            before = self._open[-1][1] if self._open else ""
            self._open.append((tag, str(found.get("lang") or before)))

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if data.strip() and self._open and self._open[-1][0] not in ("script", "style"):
            self.texts.append((self._open[-1][1], data.strip()))


def read(text: str) -> Read:
    """Parse one page."""
    found = Read()
    found.feed(text)
    found.close()
    return found


async def crawl(world: World, language: str, by: str = "") -> dict[str, httpx.Response]:
    """Every page that can be reached from the first one, by its address; links to other parts are left out."""
    seen: dict[str, httpx.Response] = {}
    waiting = ["/"]
    headers = {"Accept-Language": language, "Accept": "text/html"}
    if by:
        headers["Cookie"] = f"__Host-kilnwood={by}"
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen[address] = answer = await world.http.get(address, headers=headers)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        for link in read(answer.text).links:
            whole = urlsplit(urljoin(f"http://registry.test{address}", link))
            target = whole.path + (f"?{whole.query}" if whole.query else "")
            here = whole.netloc == "registry.test" and not target.startswith(ELSEWHERE) and "lang=" not in target
            target = target.partition("?then=")[0]  # one page, whatever it leads back to
            if here and not target.endswith("/stream") and target not in seen:
                waiting.append(target)
    return seen
