"""What waits, for whom, since when and until when: on the thing itself, and in the inbox of who can act."""

from collections import Counter
from typing import Any

from deploy.scenarios.cast import Party
from tests.probes import as_owner
from tests.registry.access.test_own_organisation import insider
from tests.registry.access.test_two_people import propose
from tests.registry.credits import steps
from tests.registry.projects.life import FIRST_DAY, NOTICE_IS_OVER, Life, life_of
from tests.worlds import World

TRADERS = ["developer", "enterprise", "organiser"]


async def inbox(world: World, who: Party | str, kind: str) -> list[int]:
    """Ids of what waits for somebody."""
    key = who if isinstance(who, str) else who.key
    found = (await world.get("/v1/inbox?limit=200", by=key)).json()["items"]
    return [each["id"] for each in found if each["kind"] == kind]


async def awaited(world: World, path: str, by: str) -> Any:
    """What a thing waits for."""
    return (await world.get(path, by=by)).json()["awaits"]


def next_step(found: Any) -> tuple[str, list[str], int | None]:
    """Action, roles, organisation."""
    return found["action"], found["roles"], found["organisation_id"]


async def test_a_project_waits_for_one_role_after_the_other(delivered: World):
    """Each step names the next; it is in the inbox of those who take it, and in nobody else's."""
    life = await life_of(delivered)
    vvb, regulator = delivered.party("vvb"), delivered.regulators[0]
    project = await life.project("draft")
    path, home = f"/v1/projects/{project}", life.organisation_id
    expected = {
        "draft": ("submit_project", ["developer"], home),
        "submit": ("validate_project", ["verifier"], None),
        "validate": ("open_public_notice", ["regulator"], None),
        "notice": ("comment_on_notice", [], None),
    }
    waits_for = {"draft": life.developer, "submit": vvb.key, "validate": regulator, "notice": None}
    for step, wanted in expected.items():
        if step != "draft":
            assert wanted == next_step((await life.took(project, step))["awaits"]), "the reply says it too"
        assert wanted == next_step(await awaited(delivered, path, life.developer))
        for key in (life.developer, vvb.key, regulator):
            assert (project in await inbox(delivered, key, "project")) == (key == waits_for[step]), step
    await life.notice_over(project)
    found = await awaited(delivered, path, life.developer)
    assert ("register_project", ["regulator"], None) == next_step(found)
    assert (NOTICE_IS_OVER, None) == (found["since"], found["until"])
    assert project in await inbox(delivered, regulator, "project")
    assert (await life.took(project, "register"))["awaits"] is None
    assert project not in await inbox(delivered, regulator, "project")


async def test_a_notice_says_until_when_it_runs(delivered: World):
    """From its opening to midnight in Shanghai after its last day."""
    life = await life_of(delivered)
    project = await life.project("public_notice")
    found = await awaited(delivered, f"/v1/projects/{project}", "")
    assert (True, NOTICE_IS_OVER) == (found["since"].startswith(FIRST_DAY), found["until"])


async def test_a_rejected_project_waits_for_its_developer_again(delivered: World):
    """Since it was sent back; the verifier has it no more."""
    life = await life_of(delivered)
    project = await life.project("rejected")
    wanted = ("submit_project", ["developer"], life.organisation_id)
    assert wanted == next_step(await awaited(delivered, f"/v1/projects/{project}", ""))
    assert project in await inbox(delivered, life.developer, "project")
    assert project not in await inbox(delivered, delivered.party("kiln"), "project"), "another developer"


async def test_a_verifier_is_not_asked_about_its_own(delivered: World):
    """What it may not judge does not wait for it."""
    both = await delivered.newcomer("developer")
    grant = {"operation": "grant_role", "person_id": both.person_id, "organisation_id": both.organisation_id}
    await delivered.decide("/v1/grants", {**grant, "role": "verifier"})
    project = await Life(delivered, both.organisation_id, both.key).project("submitted")
    assert project in await inbox(delivered, delivered.party("vvb"), "project")
    assert project not in await inbox(delivered, both, "project")


async def test_a_regulator_is_not_asked_about_its_own(delivered: World):
    """A member of the developer's: notice, registration and issuance wait for other regulators."""
    life = await life_of(delivered)
    _, key = await insider(delivered, life.organisation_id)
    project = await life.project("validated")
    report = await life.report(await life.project("registered"))
    assert 201 == (await life.report_step(report, "verify")).status_code
    for kind, thing in (("project", project), ("report", report)):
        assert thing in await inbox(delivered, delivered.regulators[0], kind)
        assert thing not in await inbox(delivered, key, kind)


async def test_objections_are_answered_before_it_is_registered(delivered: World):
    """After the notice, what waits is the answer, and then the registration."""
    life = await life_of(delivered)
    project = await life.project("public_notice")
    path = f"/v1/projects/{project}"
    objection = {"name": "A villager", "contact": "+86 28 0000", "text": "Is the spring fenced in?"}
    assert 201 == (await delivered.http.post(f"{path}/objections", json=objection)).status_code
    await delivered.ok("/v1/clock", {"at": NOTICE_IS_OVER}, by=life.regulator)
    assert ("answer_objections", ["regulator"], None) == next_step(await awaited(delivered, path, ""))
    await delivered.ok(f"{path}/answers", {"text": "It stays open."}, by=life.regulator)
    assert ("register_project", ["regulator"], None) == next_step(await awaited(delivered, path, ""))


async def test_a_report_waits_for_verifier_regulator_or_developer(delivered: World):
    """Filed, sent back, filed again, verified, issued."""
    life = await life_of(delivered)
    project = await life.project("registered")
    report = await life.report(project)
    path, vvb, regulator = f"/v1/reports/{report}", delivered.party("vvb"), delivered.regulators[0]
    for step, wanted, waits_for in (
        ("", ("verify_report", ["verifier"], None), vvb.key),
        ("reject", ("resubmit_report", ["developer"], life.organisation_id), life.developer),
        ("resubmit", ("verify_report", ["verifier"], None), vvb.key),
        ("verify", ("issue_credits", ["regulator"], None), regulator),
    ):
        if step:
            assert 201 == (await life.report_step(report, step)).status_code
        assert wanted == next_step(await awaited(delivered, path, ""))
        for key in (life.developer, vvb.key, regulator):
            assert (report in await inbox(delivered, key, "report")) == (key == waits_for), step
    account = delivered.party("forest").account_id
    await delivered.decide("/v1/issuances", steps.issue_body(report, account))
    assert await awaited(delivered, path, "") is None


async def test_a_transfer_waits_for_its_receiver(issued: World):
    """Until it expires; afterwards for nobody, also before anybody has cleared it away."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    offer = await steps.offer(issued, kiln, solar, 47)
    wanted = ("accept_transfer", TRADERS, solar.organisation_id)
    found = await awaited(issued, f"/v1/transfers/{offer['id']}", kiln.key)
    assert (wanted, offer["proposed_at"], offer["expires_at"]) == (next_step(found), found["since"], found["until"])
    assert found == offer["awaits"]
    assert [[offer["id"]], [], []] == [
        await inbox(issued, each, "transfer") for each in (solar, kiln, issued.regulators[0])
    ]
    (item,) = (await issued.get("/v1/inbox", by=solar.key)).json()["items"]
    assert f"47 kg from account {kiln.account_id}" == item["about"]
    await steps.at(issued, offer["expires_at"])
    assert await awaited(issued, f"/v1/transfers/{offer['id']}", kiln.key) is None
    assert [] == await inbox(issued, solar, "transfer")


async def test_a_claim_waits_for_what_covers_it(delivered: World):
    """An event's until it is covered or its deadline is over; a contribution waits for nothing."""
    scenic = delivered.party("scenic")
    claim, gift = await delivered.event_claim(), await delivered.contribution("scenic")
    found = (await delivered.get(f"/v1/claims/{claim}", by=scenic.key)).json()
    assert ("retire_credits", TRADERS, scenic.organisation_id) == next_step(found["awaits"])
    assert (found["created_at"], found["deadline"]) == (found["awaits"]["since"], found["awaits"]["until"])
    assert [claim] == await inbox(delivered, scenic, "claim")
    assert await awaited(delivered, f"/v1/claims/{gift}", scenic.key) is None
    await steps.retire(delivered, scenic, claim, 1_200)
    assert await awaited(delivered, f"/v1/claims/{claim}", scenic.key) is None
    other = await delivered.event_claim()
    deadline = (await delivered.get(f"/v1/claims/{other}", by=scenic.key)).json()["deadline"]
    await steps.at(delivered, f"{int(deadline[:4]) + 1}{deadline[4:]}")
    assert [] == await inbox(delivered, scenic, "claim")


async def test_an_approval_waits_for_a_second_regulator(empty: World):
    """For any but its proposer, until it expires; used or withdrawn, for nobody."""
    first, second = empty.regulators
    person = await empty.ok("/v1/people", {"name": "New"}, by=first)
    await empty.ok(f"/v1/people/{person['id']}/keys", by=first)
    me = (await empty.get("/v1/me", by=first)).json()
    body = {"operation": "reissue_key", "person_id": person["id"]}
    proposed = await empty.ok("/v1/approvals", {"body": body, "reason": "Lost"}, by=first)
    found = await awaited(empty, f"/v1/approvals/{proposed['id']}", second)
    assert ("reissue_key", ["regulator"], None) == next_step(found)
    assert (me["person_id"], proposed["expires_at"]) == (found["not_person_id"], found["until"])
    assert found == proposed["awaits"]
    assert [[], [proposed["id"]]] == [await inbox(empty, each, "approval") for each in (first, second)]
    await empty.ok(f"/v1/approvals/{proposed['id']}/withdraw", by=first)
    assert await awaited(empty, f"/v1/approvals/{proposed['id']}", second) is None
    assert [] == await inbox(empty, second, "approval")


async def test_an_inbox_has_pages_over_all_kinds(delivered: World):
    """One item a page, each once, whatever its kind."""
    first, second = delivered.regulators
    person = await delivered.ok("/v1/people", {"name": "New"}, by=first)
    for role in ("member", "enterprise"):
        body = {"operation": "grant_role", "person_id": person["id"], "organisation_id": 1, "role": role}
        await delivered.ok("/v1/approvals", {"body": body, "reason": role}, by=first)
    await (await life_of(delivered)).project("validated")
    whole = (await delivered.get("/v1/inbox", by=second)).json()["items"]
    assert {"approval": 2, "project": 1} == Counter(each["kind"] for each in whole)
    found: list[Any] = []
    path = "/v1/inbox?limit=1"
    while path:
        page = (await delivered.get(path, by=second)).json()
        found += page["items"]
        path = page["next"] and f"/v1/inbox?limit=1&cursor={page['next']}"
    assert whole == found


async def test_nothing_waits_for_who_has_no_role(delivered: World):
    """Nor for anybody without a key, who is refused."""
    await (await life_of(delivered)).project("public_notice")
    assert [] == (await delivered.get("/v1/inbox", by=await nobody(delivered))).json()["items"]
    assert (401, "unauthenticated") == steps.refusal(await delivered.get("/v1/inbox"))


async def nobody(world: World) -> str:
    """A person with a key and no role: nothing waits for them."""
    _, key = await world.person("Nobody")
    return key


async def test_a_suspended_regulator_is_asked_nothing(delivered: World):
    """What they could not do does not wait for them; what another role of theirs takes still does."""
    life = await life_of(delivered)
    project = await life.project("validated")
    person_id, key = await delivered.member()
    assert project in await inbox(delivered, key, "project")
    await delivered.ok("/v1/suspensions", {"person_id": person_id, "reason": "test"}, by=delivered.regulators[0])
    for suspended in (key, delivered.regulators[0]):
        assert [] == await inbox(delivered, suspended, "project")
    assert project in await inbox(delivered, delivered.regulators[1], "project")
    rejected = await life.project("draft")
    await as_owner(
        delivered,
        "insert into registry.role_grant (person_id, organisation_id, role, during)"
        " values ($1, $2, $3, tstzrange(registry.business_now(), null))",
        person_id,
        life.organisation_id,
        "developer",
    )
    assert [rejected] == await inbox(delivered, key, "project")


async def test_parties_of_a_suspension_are_not_asked_to_settle_it(empty: World):
    """Two others settle it; once the suspender decides again, it does not wait for them either."""
    (third, key3), (_, key4) = await empty.member(), await empty.member()
    first, second = empty.regulators
    made = await empty.ok("/v1/suspensions", {"person_id": third, "reason": "test"}, by=first)
    body = {"operation": "settle_suspension", "suspension_id": made["id"], "outcome": "confirm"}
    await empty.ok("/v1/suspensions/settle", await propose(empty, body, second), by=key4)
    proposed = (await propose(empty, {**body, "outcome": "lift"}, second))["approval_id"]
    asked = [proposed in await inbox(empty, key, "approval") for key in (first, second, key3, key4)]
    assert [False, False, False, True] == asked


async def test_an_approval_says_whose_people_may_not_carry_it_out(delivered: World):
    """Of every operation that decides for an organisation; the inbox of those people leaves it out."""
    forest, life = delivered.party("forest"), await life_of(delivered)
    _, key = await insider(delivered, forest.organisation_id)
    frozen = {"scope": "project", "target_id": delivered.season.projects["forest"], "reason": "test"}
    restriction = (await delivered.ok("/v1/restrictions", frozen, by=delivered.regulators[0]))["id"]
    enterprise = {"person_id": forest.person_id, "organisation_id": forest.organisation_id, "role": "enterprise"}
    await delivered.decide("/v1/grants", {"operation": "grant_role", **enterprise})
    claim = await delivered.contribution(forest)
    bodies: dict[str, tuple[dict[str, Any], int | None]] = {
        "issue_credits": ({"report_id": 1, "account_id": forest.account_id}, forest.organisation_id),
        "lift_restriction": ({"restriction_id": restriction, "reason": "test"}, forest.organisation_id),
        "grant_role": (
            {"person_id": 2, "organisation_id": forest.organisation_id, "role": "member"},
            forest.organisation_id,
        ),
        "reissue_key": ({"person_id": 2}, None),
        "annul_statement": (
            {"claim_id": claim, "statement_hash": "0" * 64, "reason": "test"},
            forest.organisation_id,
        ),
    }
    for operation, (body, organisation_id) in bodies.items():
        order = await propose(delivered, {"operation": operation, **body}, delivered.regulators[0])
        path = f"/v1/approvals/{order['approval_id']}"
        found = await awaited(delivered, path, delivered.regulators[1])
        assert (operation, organisation_id) == (found["action"], found["not_organisation_id"])
        asked = [order["approval_id"] in await inbox(delivered, each, "approval") for each in (key, life.regulator)]
        assert [organisation_id is None, False] == asked, operation
    listed = (await delivered.get("/v1/approvals?limit=200", by=key)).json()["items"]
    assert {each["awaits"]["not_organisation_id"] for each in listed if each["awaits"]} == {
        forest.organisation_id,
        None,
    }


async def test_money_above_the_limit_waits_for_a_second_operator(delivered: World):
    """By the operation that carries it out; the owner's people may not, and both operators read and withdraw it."""
    operator, scenic = delivered.party("exchange"), delivered.party("scenic")
    body = {
        "operation": "deposit_cash",
        "account_id": scenic.account_id,
        "amount_fen": 10_000_000_000,
        "reference": "R1",
    }
    order = await propose(delivered, body, operator.key)
    path = f"/v1/approvals/{order['approval_id']}"
    _, other = await delivered.member("operator", operator.organisation_id)
    found = await awaited(delivered, path, other)
    assert ("deposit_cash_by_two", ["operator"], None) == next_step(found)
    assert scenic.organisation_id == found["not_organisation_id"]
    who = (operator.key, other, delivered.regulators[0])
    assert [False, True, False] == [order["approval_id"] in await inbox(delivered, key, "approval") for key in who]
