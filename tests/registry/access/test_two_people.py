"""Two people stay two: crossed keys, regulators that left, the last two, and proposals taken back."""

from typing import Any

from tests.probes import refused
from tests.worlds import World


def grant_body(person_id: int, role: str = "regulator") -> dict[str, Any]:
    """A role at the authority."""
    return {"operation": "grant_role", "person_id": person_id, "organisation_id": 1, "role": role}


async def third_regulator(world: World) -> tuple[int, str]:
    """A person whose first key the first regulator issued, and whom both made a regulator."""
    person, key = await world.person("Third")
    await world.decide("/v1/grants", grant_body(person))
    return person, key


async def propose(world: World, body: dict[str, Any], by: str) -> dict[str, Any]:
    """The first half; answers what the second has to send."""
    proposed = await world.ok("/v1/approvals", {"body": body, "reason": "test"}, by=by)
    return {"approval_id": proposed["id"], "body": body}


async def test_whoever_issued_a_key_of_the_other_is_no_second_person(empty: World):
    """The first regulator saw the third one's key and could act as both; with the second it is fine."""
    person, key = await third_regulator(empty)
    body = grant_body(person, "auditor")
    crossed = await propose(empty, body, empty.regulators[0])
    refused(await empty.post("/v1/grants", crossed, by=key), 403, "same-person", person)
    backwards = await propose(empty, body, key)
    refused(await empty.post("/v1/grants", backwards, by=empty.regulators[0]), 403, "same-person", person)
    await empty.ok("/v1/grants", backwards, by=empty.regulators[1])


async def test_a_proposal_of_somebody_who_left_is_void(empty: World):
    """The proposer's role ended before the second half."""
    person, key = await third_regulator(empty)
    order = await propose(empty, grant_body(person, "auditor"), key)
    grants = (await empty.get("/v1/grants", by=empty.regulators[0])).json()["items"]
    own = next(each["id"] for each in grants if each["person_id"] == person)
    await empty.ok(f"/v1/grants/{own}/end", by=empty.regulators[0])
    refused(await empty.post("/v1/grants", order, by=empty.regulators[1]), 409, "approval-closed", person)


async def test_a_withdrawn_proposal_cannot_be_carried_out(empty: World):
    """Withdrawn once, by either regulator; then it is closed."""
    order = await propose(empty, grant_body(2, "auditor"), empty.regulators[0])
    path = f"/v1/approvals/{order['approval_id']}/withdraw"
    assert "withdrawn" == (await empty.ok(path, by=empty.regulators[1]))["state"]
    refused(await empty.post("/v1/grants", order, by=empty.regulators[1]), 409, "approval-closed")
    refused(await empty.post(path, by=empty.regulators[0]), 409, "approval-closed", order["approval_id"])


async def test_the_last_two_regulators_stay_able_to_decide(empty: World):
    """With two, neither a key nor a role of one can be taken; with a third it can, once that one counts as another."""
    first, second = empty.regulators
    me, victim = [(await empty.get("/v1/me", by=key)).json() for key in (first, second)]
    grants = (await empty.get("/v1/grants", by=first)).json()["items"]
    grant = next(each["id"] for each in grants if each["person_id"] == victim["person_id"])
    refused(await empty.post(f"/v1/keys/{victim['key_id']}/revoke", by=first), 409, "last-regulators", 1)
    refused(await empty.post(f"/v1/grants/{grant}/end", by=first), 409, "last-regulators", 1)
    person, key = await third_regulator(empty)
    answer = await empty.post(f"/v1/grants/{grant}/end", by=first)
    refused(answer, 409, "last-regulators", f"Persons {me['person_id']} and {person} would remain")
    assert 201 == (await empty.confirm(key, by=second)).status_code
    await empty.ok(f"/v1/grants/{grant}/end", by=first)


async def test_a_stolen_key_can_be_found_and_replaced(empty: World):
    """The owner lists every key, makes another one, and revokes the stolen ones with it."""
    stolen = empty.regulators[1]
    child = await empty.ok("/v1/me/keys", by=stolen)
    listed = (await empty.get("/v1/me/keys", by=stolen)).json()["items"]
    assert [None, None, None] == [each["secret"] for each in listed]
    assert [True, False, False] == [each["first"] for each in listed]
    fresh = (await empty.ok("/v1/me/keys", by=stolen))["secret"]
    for key_id in (listed[1]["id"], child["id"]):
        await empty.ok(f"/v1/keys/{key_id}/revoke", by=fresh)
    refused(await empty.get("/v1/me", by=stolen), 401, "unauthenticated")
    assert 200 == (await empty.get("/v1/me", by=fresh)).status_code
    person = (await empty.get("/v1/me", by=fresh)).json()["person_id"]
    seen = (await empty.get(f"/v1/people/{person}/keys", by=empty.regulators[0])).json()["items"]
    assert 4 == len(seen)
