"""Nobody decides for an organisation they belong to, and region-wide roles are the authority's."""

from typing import Any

import pytest

from tests.probes import refused, unchanged
from tests.registry.access.test_two_people import grant_body, propose
from tests.registry.projects.life import NOTICE_IS_OVER, Life, life_of
from tests.registry.projects.test_conflicts import act_for, organisation
from tests.worlds import AUTHORITY, World


async def insider(world: World, organisation_id: int) -> tuple[int, str]:
    """A regulator who counts as another than both others, and is a member of an organisation."""
    person_id, key = await world.member()
    body = {**grant_body(person_id, "member"), "organisation_id": organisation_id}
    await world.decide("/v1/grants", body)
    return person_id, key


@pytest.mark.parametrize("where", ["developer", "owner", "owner's owner"])
async def test_a_regulator_takes_no_step_of_its_own_project(delivered: World, where: str):
    """Notice, answers, registration, sending back: somebody else has to, also for what their organisation owns."""
    owners = {"developer": 0, "owner": 1, "owner's owner": 2}[where]
    above = [await organisation(delivered, 11)]
    for number in range(owners):
        above.append(await organisation(delivered, 12 + number, above[-1]))
    life = Life(delivered, above[-1], await act_for(delivered, above[-1], "developer"))
    person_id, key = await insider(delivered, above[0])
    validated = await life.project("validated")
    noticed = await life.project("public_notice")
    objection = {"name": "Villagers", "contact": "village@example.org", "text": "Ours"}
    assert 201 == (await delivered.http.post(f"/v1/projects/{noticed}/objections", json=objection)).status_code
    await delivered.ok("/v1/clock", {"at": NOTICE_IS_OVER}, by=life.regulator)
    answer = {"text": "It is fine"}
    steps = ((validated, "notice"), (noticed, "answers"), (noticed, "register"), (noticed, "reject"))
    assert noticed not in [
        each["id"] for each in (await delivered.get("/v1/inbox", by=key)).json()["items"] if each["kind"] == "project"
    ]
    for project_id, step in steps:
        async with unchanged(delivered):
            taken = await life.step(project_id, step, by=key, body=answer if step == "answers" else None)
        refused(taken, 403, "own-organisation", f"Person {person_id} belongs to organisation {life.organisation_id}")
    await delivered.ok(f"/v1/projects/{noticed}/answers", answer, by=life.regulator)
    await life.took(noticed, "register")


async def test_the_authority_decides_for_what_it_owns(delivered: World):
    """Its people are the only ones who could: they do not count as people of what the authority owns."""
    owned = await organisation(delivered, 11, AUTHORITY)
    life = Life(delivered, owned, await act_for(delivered, owned, "developer"))
    await life.took(await life.project("validated"), "notice")


@pytest.mark.parametrize("half", ["proposes", "carries out"])
async def test_neither_half_of_an_issuance_is_of_the_developer(delivered: World, half: str):
    """The regulator who proposed issuance of its own project, and the one who would carry it out."""
    life = await life_of(delivered)
    report = await life.report(await life.project("registered"))
    assert 201 == (await life.report_step(report, "verify")).status_code
    account = await delivered.ok(
        "/v1/accounts", {"owner_id": life.organisation_id, "name": "Own"}, by=delivered.regulators[0]
    )
    _, key = await insider(delivered, life.organisation_id)
    pair = (key, delivered.regulators[1]) if half == "proposes" else (delivered.regulators[1], key)
    body = {"operation": "issue_credits", "report_id": report, "account_id": account["id"]}
    order = await propose(delivered, body, pair[0])
    async with unchanged(delivered):
        answer = await delivered.post("/v1/issuances", order, by=pair[1])
    refused(answer, 403, "own-organisation", "issuing its credits")
    await delivered.decide("/v1/issuances", body)


@pytest.mark.parametrize("scope", ["account", "project", "issuance"])
async def test_nobody_lifts_the_freeze_of_their_own(delivered: World, scope: str):
    """Of an account, a project or an issuance: the owner's people are refused."""
    forest = delivered.party("forest")
    target = {"account": forest.account_id, "project": delivered.season.projects["forest"], "issuance": 1}[scope]
    frozen = {"scope": scope, "target_id": target, "reason": "test"}
    restriction = (await delivered.ok("/v1/restrictions", frozen, by=delivered.regulators[0]))["id"]
    person_id, key = await insider(delivered, forest.organisation_id)
    body = {"operation": "lift_restriction", "restriction_id": restriction, "reason": "test"}
    order = await propose(delivered, body, key)
    async with unchanged(delivered):
        answer = await delivered.post("/v1/restrictions/lift", order, by=delivered.regulators[1])
    refused(answer, 403, "own-organisation", person_id)
    await delivered.decide("/v1/restrictions/lift", body)


async def test_nobody_gives_roles_at_their_own_organisation(issued: World):
    """Except at the authority, whose people are the only ones who could."""
    forest = issued.party("forest").organisation_id
    person_id, key = await insider(issued, forest)
    body: dict[str, Any] = {**grant_body(person_id, "developer"), "organisation_id": forest}
    order = await propose(issued, body, key)
    async with unchanged(issued):
        refused(await issued.post("/v1/grants", order, by=issued.regulators[1]), 403, "own-organisation", forest)
    await issued.decide("/v1/grants", body)


@pytest.mark.parametrize("role", ["regulator", "auditor"])
async def test_region_wide_roles_are_granted_at_the_authority_only(issued: World, role: str):
    """Anywhere else they would oversee the whole region on behalf of somebody else."""
    forest = issued.party("forest").organisation_id
    order = await propose(issued, {**grant_body(2, role), "organisation_id": forest}, issued.regulators[0])
    async with unchanged(issued):
        answer = await issued.post("/v1/grants", order, by=issued.regulators[1])
    refused(answer, 422, "region-wide-role", f"organisation {forest}")


async def test_an_operator_books_no_money_for_its_own(delivered: World):
    """The deposit of an account of an organisation at which the operator holds a role."""
    operator = delivered.party("exchange")
    money = {"account_id": operator.account_id, "amount_fen": 100}
    refused(await delivered.post("/v1/deposits/cash", money, by=operator.key), 403, "own-organisation", "booking money")


async def test_nobody_sets_a_band_for_their_own_credits(delivered: World):
    """Nor ends a halt of them; to halt only takes away."""
    _, key = await insider(delivered, delivered.party("forest").organisation_id)
    path = f"/v1/instruments/{delivered.season.instruments['forest']}"
    band = {"low_fen": 1_000, "high_fen": 9_000, "reason": "test"}
    refused(await delivered.post(f"{path}/band", band, by=key), 403, "own-organisation", "trading in its credits")
    await delivered.ok(f"{path}/halt", {"reason": "test"}, by=key)
    refused(await delivered.post(f"{path}/resume", {"reason": "test"}, by=key), 403, "own-organisation")
    await delivered.ok(f"{path}/resume", {"reason": "test"}, by=delivered.regulators[0])


async def test_nobody_opens_the_market_of_their_own_credits(delivered: World):
    """An operator who is also of the developer would choose its band and fee."""
    forest, operator = delivered.party("forest"), delivered.party("exchange")
    body = {**grant_body(operator.person_id, "member"), "organisation_id": forest.organisation_id}
    await delivered.decide("/v1/grants", body)
    opening = {
        "project_id": delivered.season.projects["forest"],
        "vintage": 2024,
        "tick_fen": 5,
        "lot_t": 1,
        "low_fen": 3_000,
        "high_fen": 4_500,
        "fee_bps": 0,
        "fee_account_id": operator.account_id,
    }
    refused(
        await delivered.post("/v1/instruments", opening, by=operator.key),
        403,
        "own-organisation",
        "trading in its credits",
    )
