"""The desk: what waits comes first, with the page where it is done; what each role can do; what is theirs."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from deploy.site.desk import urgency, waiting
from schemas.access import Awaits, InboxItem, Role
from tests.registry.projects.life import life_of
from tests.worlds import World

NOW = datetime(2025, 1, 6, tzinfo=UTC)
TRADING = ("/holdings", "/instruments", "/listings", "/campaigns", "/auctions", "/pools")
OVERSIGHT = ("/approvals", "/exports", "/grants", "/suspensions", "/status")
OFFERED = {
    "developer": ("/projects/new", "/income", *TRADING),
    "verifier": ("/projects?state=submitted",),
    "regulator": (
        *OVERSIGHT,
        *("/keys/unconfirmed", "/projects?state=validated", "/restrictions", "/onboarding", "/clock", "/operations"),
    ),
    "operator": ("/instruments", "/approvals", "/operations"),
    "enterprise": (*TRADING, "/claims/new", "/events"),
    "organiser": (*TRADING, "/claims/new", "/events"),
    "auditor": (*OVERSIGHT, "/log"),
    "member": ("/account", "/log", "/notifications"),
}


def links(page: str) -> set[str]:
    """Where the main part of a page leads."""
    return set(re.findall(r'<a href="([^"#]+)"', page.partition("<main")[2]))


@pytest.mark.parametrize("role", OFFERED)
async def test_each_role_finds_what_it_can_do(delivered: World, role: str):
    """What is offered is what the roles may; every link answers."""
    party = await delivered.newcomer(role, name=f"Works of a {role}")
    page = (await delivered.get("/desk", by=party.key)).text
    assert set(OFFERED[role]) <= links(page)
    others = {each for addresses in OFFERED.values() for each in addresses} - set(OFFERED[role])
    assert set() == links(page) & (others - {"/log", "/account", "/status", "/notifications"})
    for address in links(page):
        assert 200 == (await delivered.get(address, by=party.key)).status_code, address


async def test_nobody_signed_in_is_led_to_the_door(delivered: World):
    """And back to the desk afterwards."""
    answer = await delivered.get("/desk")
    assert (303, "/sign-in?then=%2Fdesk") == (answer.status_code, answer.headers["location"])


async def test_what_waits_comes_first_and_leads_to_its_page(delivered: World):
    """A draft for its developer, a submission for the verifier, a validation for the regulator; then it is gone."""
    life = await life_of(delivered)
    draft, submitted = await life.project("draft", name="A draft of ours"), await life.project("submitted")
    validated = await life.project("validated")
    cases = {
        (life.developer, f"/projects/{draft}/draft"): "Complete the project and submit it",
        (life.verifier, f"/projects/{submitted}/validation"): "Validate the project",
        (life.regulator, f"/projects/{validated}"): "Put the project on public notice",
    }
    for (key, address), sentence in cases.items():
        page = (await delivered.get("/desk", by=key)).text
        assert page.index(sentence) < page.index("What I can do"), sentence
        assert address in links(page)
    await life.took(draft, "withdraw")
    assert "Complete the project" not in (await delivered.get("/desk", by=life.developer)).text


async def test_an_empty_inbox_teaches(delivered: World):
    """It says what would stand there."""
    party = await delivered.newcomer("developer")
    assert "When a project, a report, a transfer" in (await delivered.get("/desk", by=party.key)).text


async def test_a_second_person_is_asked_in_words(delivered: World):
    """What somebody proposed waits for the other regulator, by what it is."""
    member_id, _ = await delivered.person("Somebody")
    body = {"operation": "grant_role", "person_id": member_id, "organisation_id": 1, "role": "auditor"}
    made = await delivered.ok("/v1/approvals", {"body": body, "reason": "New"}, by=delivered.regulators[0])
    page = (await delivered.get("/desk", by=delivered.regulators[1])).text
    assert re.search(r"Decide as the second person:\s+Grant a role", page)
    assert f"/approvals/{made['id']}" in links(page)


async def test_what_is_ours_is_shown_and_what_is_others_is_not(delivered: World):
    """Own projects with their state, accounts in tonnes, claims with what is missing."""
    await delivered.event_claim()
    scenic = (await delivered.get("/desk", by=delivered.party("scenic").key)).text
    assert "1\u202f200</span> kg missing" in scenic.replace("</span> kg <", "</span> kg <")
    assert f"/accounts/{delivered.party('scenic').account_id}" in links(scenic)
    kiln = (await delivered.get("/desk", by=delivered.party("kiln").key)).text
    assert "/projects/2" in links(kiln)
    assert "/projects/1" not in links(kiln)


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (None, ""),
        (NOW + timedelta(days=3, seconds=1), ""),
        (NOW + timedelta(days=3), "soon"),
        (NOW + timedelta(seconds=1), "soon"),
        (NOW, "overdue"),
        (NOW - timedelta(days=9), "overdue"),
    ],
)
def test_how_urgent_something_is(until: datetime | None, expected: str):
    """Overdue from the instant on, soon for three days before it."""
    awaits = Awaits(action="retire_credits", roles=(Role.ENTERPRISE,), organisation_id=1, since=NOW, until=until)
    assert expected == urgency(awaits, NOW)


def test_a_step_without_a_page_of_its_own_leads_to_its_thing():
    """So that nothing that waits is without a link."""
    awaits = Awaits(action="something_new", roles=(), organisation_id=None, since=NOW, until=None)
    item = InboxItem(kind="claim", id=7, about="Something", awaits=awaits)
    assert "/claims/7" == waiting(item, NOW).address
