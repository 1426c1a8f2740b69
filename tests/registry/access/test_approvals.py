"""What takes two people takes two people, and exactly what the first of them proposed."""

from types import SimpleNamespace
from typing import Any, get_args

import pytest

from registry.access.approvals import rules
from schemas.access import ApprovalBody, DepositCashBody
from tests.probes import as_owner, refused, unchanged
from tests.registry.access.test_two_people import grant_body as role_at_authority
from tests.registry.access.test_two_people import propose
from tests.worlds import World


async def person(world: World) -> int:
    """A person without key or role."""
    return int((await world.ok("/v1/people", {"name": "Somebody"}, by=world.regulators[0]))["id"])


async def grant_body(world: World, role: str = "member") -> dict[str, Any]:
    """A role for somebody at the first organisation, as it is proposed."""
    return {"operation": "grant_role", "person_id": await person(world), "organisation_id": 1, "role": role}


async def proposed(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """Propose as the first regulator; return what the second has to send."""
    made = await world.ok("/v1/approvals", {"body": body, "reason": "test"}, by=world.regulators[0])
    return {"approval_id": made["id"], "body": body}


async def test_two_people_grant_a_role(empty: World):
    """The approval is used up and names both; the grant names the approval."""
    order = await proposed(empty, await grant_body(empty))
    grant = await empty.ok("/v1/grants", order, by=empty.regulators[1])
    used = (await empty.get(f"/v1/approvals/{order['approval_id']}", by=empty.regulators[0])).json()
    first, second = [(await empty.get("/v1/me", by=key)).json()["person_id"] for key in empty.regulators]
    assert ("used", first, second) == (used["state"], used["proposer_id"], used["approver_id"])
    assert (order["approval_id"], "member", None) == (grant["approval_id"], grant["role"], grant["ends"])


async def test_one_person_cannot_be_both(empty: World):
    """The proposer is refused by name of the approval, and it stays open."""
    order = await proposed(empty, await grant_body(empty))
    async with unchanged(empty):
        answer = await empty.post("/v1/grants", order, by=empty.regulators[0])
    refused(answer, 403, "same-person", order["approval_id"])
    await empty.ok("/v1/grants", order, by=empty.regulators[1])


async def test_a_second_key_is_not_a_second_person(empty: World):
    """Persons are compared, never keys."""
    order = await proposed(empty, await grant_body(empty))
    other_key = (await empty.ok("/v1/me/keys", by=empty.regulators[0]))["secret"]
    async with unchanged(empty):
        refused(await empty.post("/v1/grants", order, by=other_key), 403, "same-person")


@pytest.mark.parametrize("change", [{"role": "regulator"}, {"until": "2030-01-01T00:00:00Z"}, {"person_id": 2}])
async def test_a_changed_body_is_refused(empty: World, change: dict[str, Any]):
    """One field that differs from what was proposed, and both hashes are named."""
    order = await proposed(empty, await grant_body(empty))
    order["body"] = {**order["body"], **change}
    async with unchanged(empty):
        problem = refused(await empty.post("/v1/grants", order, by=empty.regulators[1]), 409, "approval-body-changed")
    assert problem["approved_sha256"] in problem["detail"]


async def test_the_order_of_fields_is_not_the_body(empty: World):
    """The same values in another order, or with a default spelled out, are the same body."""
    order = await proposed(empty, await grant_body(empty))
    order["body"] = {"until": None, **dict(reversed(order["body"].items()))}
    await empty.ok("/v1/grants", order, by=empty.regulators[1])


async def test_another_operations_body_is_refused(empty: World):
    """An approval for a key carries no grant out: the route says which body it takes."""
    order = await proposed(empty, {"operation": "reissue_key", "person_id": await person(empty)})
    async with unchanged(empty):
        answer = await empty.post("/v1/grants", order, by=empty.regulators[1])
    refused(answer, 400, "invalid-request", "grant_role", "reissue_key")


async def test_an_approval_of_another_operation_is_refused(empty: World):
    """A body of the right kind under an approval of another kind is a changed body."""
    order = await proposed(empty, {"operation": "reissue_key", "person_id": await person(empty)})
    order["body"] = await grant_body(empty)
    async with unchanged(empty):
        refused(await empty.post("/v1/grants", order, by=empty.regulators[1]), 409, "approval-body-changed")


async def test_an_expired_approval_is_refused(empty: World):
    """Seven days after its proposal nobody can use it, and it says when it expired."""
    order = await proposed(empty, await grant_body(empty))
    expiry = "update registry.approval set expires_at = '2020-01-02 03:04:05Z' where id = $1"
    await as_owner(empty, expiry, order["approval_id"])
    async with unchanged(empty):
        answer = await empty.post("/v1/grants", order, by=empty.regulators[1])
    refused(answer, 409, "approval-closed", "2020-01-02 03:04:05Z")
    shown = (await empty.get(f"/v1/approvals/{order['approval_id']}", by=empty.regulators[1])).json()
    assert "expired" == shown["state"]


async def test_an_approval_is_used_once(empty: World):
    """A new request under a used approval is refused."""
    order = await proposed(empty, await grant_body(empty))
    await empty.ok("/v1/grants", order, by=empty.regulators[1])
    async with unchanged(empty):
        refused(await empty.post("/v1/grants", order, by=empty.regulators[1]), 409, "approval-closed", "was used")


async def test_a_resent_request_is_answered_again(empty: World):
    """The same idempotency key with the same body returns the first grant and grants nothing more."""
    order = await proposed(empty, await grant_body(empty))
    first = await empty.post("/v1/grants", order, by=empty.regulators[1], key="once")
    async with unchanged(empty):
        again = await empty.post("/v1/grants", order, by=empty.regulators[1], key="once")
    assert (201, first.json()) == (again.status_code, again.json())


async def test_a_resent_proposal_is_one_proposal(empty: World):
    """The same key returns the same approval."""
    body = {"body": await grant_body(empty), "reason": "test"}
    first = await empty.post("/v1/approvals", body, by=empty.regulators[0], key="once")
    again = await empty.post("/v1/approvals", body, by=empty.regulators[0], key="once")
    assert first.json() == again.json()


async def test_a_refused_second_half_does_not_use_it_up(empty: World):
    """If the body cannot be carried out, the approval stays open: nothing was committed."""
    order = await proposed(empty, {**await grant_body(empty), "organisation_id": 999})
    async with unchanged(empty):
        refused(await empty.post("/v1/grants", order, by=empty.regulators[1]), 404, "not-found", 999)
    shown = (await empty.get(f"/v1/approvals/{order['approval_id']}", by=empty.regulators[0])).json()
    assert "open" == shown["state"]


async def test_credits_take_two_people(issued: World):
    """A second issuance of an issued report is refused to everybody; the proposer is refused first."""
    report, account = issued.season.reports["kiln"], issued.party("kiln").account_id
    order = await proposed(issued, {"operation": "issue_credits", "report_id": report, "account_id": account})
    async with unchanged(issued):
        refused(await issued.post("/v1/issuances", order, by=issued.regulators[0]), 403, "same-person")
        refused(await issued.post("/v1/issuances", order, by=issued.regulators[1]), 409, "wrong-state", "issued")


@pytest.mark.parametrize("body", ["end_grant", "restrict", "create_person"])
async def test_only_what_takes_two_people_is_proposed(empty: World, body: str):
    """Other operations have no approval."""
    answer = await empty.post("/v1/approvals", {"body": {"operation": body}, "reason": "test"}, by=empty.regulators[0])
    refused(answer, 400, "invalid-request", body)


def money(world: World) -> dict[str, Any]:
    """Above what one operator books alone."""
    body = {"account_id": world.party("scenic").account_id, "amount_fen": 10_000_000_000, "reference": "R1"}
    return {"operation": "deposit_cash", **body}


async def test_two_operators_read_withdraw_and_carry_out_what_they_decide(delivered: World):
    """And nothing that regulators decide; regulators read what operators decide, and do not take it back."""
    first = delivered.party("exchange")
    _, second = await delivered.member("operator", first.organisation_id)
    regulator = delivered.regulators[0]
    proposals = [await propose(delivered, money(delivered), first.key) for _ in range(2)]
    grant = await propose(delivered, role_at_authority(2, "auditor"), regulator)
    paths = [f"/v1/approvals/{each['approval_id']}" for each in proposals]
    theirs = f"/v1/approvals/{grant['approval_id']}"
    for key in (first.key, second, regulator):
        assert 200 == (await delivered.get(paths[0], by=key)).status_code
        listed = (await delivered.get("/v1/approvals?limit=200", by=key)).json()["items"]
        operations = {each["operation"] for each in listed if each["awaits"]}
        assert operations == ({"deposit_cash", "grant_role"} if key == regulator else {"deposit_cash"})
    async with unchanged(delivered):
        refused(await delivered.get(theirs, by=second), 403, "denied", "grant_role", "regulator")
        refused(await delivered.post(f"{theirs}/withdraw", by=second), 403, "denied", "grant_role")
        refused(await delivered.post(f"{paths[0]}/withdraw", by=regulator), 403, "denied", "deposit_cash", "operator")
    await delivered.ok(f"{paths[1]}/withdraw", by=first.key)
    await delivered.ok("/v1/deposits/cash/approved", proposals[0], by=second)


async def test_a_suspended_regulator_stays_an_operator_as_first_and_as_second(delivered: World):
    """A suspension takes the role of regulator and no other, on both sides of an approval."""
    first = delivered.party("exchange")
    person, key = await delivered.member()
    body = {**role_at_authority(person, "operator"), "organisation_id": first.organisation_id}
    await delivered.decide("/v1/grants", body)
    await delivered.ok("/v1/suspensions", {"person_id": person, "reason": "test"}, by=delivered.regulators[0])
    for pair, reference in (((key, first.key), "R1"), ((first.key, key), "R2")):
        order = await propose(delivered, {**money(delivered), "reference": reference}, pair[0])
        await delivered.ok("/v1/deposits/cash/approved", order, by=pair[1])


async def test_the_database_knows_who_decides_what(empty: World):
    """One role for every body, the same in the rules and in the views of what waits."""
    money_body = DepositCashBody(account_id=1, amount_fen=1, reference="R1")
    for kind in get_args(ApprovalBody):
        operation = str(kind.__struct_config__.tag)
        body = money_body if kind is DepositCashBody else SimpleNamespace()
        role = await as_owner(empty, "select registry.role_deciding($1)", operation)
        assert rules.role_for(body) == role, operation  # type: ignore[arg-type]  # only its class is looked at
