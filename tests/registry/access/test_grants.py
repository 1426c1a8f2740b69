"""Roles hold for an interval of business time, for one organisation; auditors see everything, members their own."""

from typing import Any

import pytest

from deploy.scenarios.cast import Party
from tests.probes import refused, unchanged
from tests.registry.credits import steps
from tests.worlds import World


async def granted(world: World, person_id: int, organisation_id: int, role: str, **more: Any) -> Any:
    """Two regulators grant a role."""
    body = {"operation": "grant_role", "person_id": person_id, "organisation_id": organisation_id, "role": role, **more}
    return await world.decide("/v1/grants", body)


async def roleless(world: World) -> tuple[int, str]:
    """A person with a key and no role."""
    return await world.person("Somebody")


async def roles(world: World, key: str) -> list[str]:
    """The roles in effect now."""
    return [each["role"] for each in (await world.get("/v1/me", by=key)).json()["roles"]]


async def test_a_role_ends_with_its_interval(issued: World):
    """Business time reaches `until`: the role is gone, and what it allowed is 403."""
    person, key = await roleless(issued)
    await granted(issued, person, 1, "member", until="2025-02-01T00:00:00Z")
    await issued.ok("/v1/clock", {"at": "2025-01-31T23:59:59Z"}, by=issued.regulators[0])
    assert 200 == (await issued.get("/v1/accounts", by=key)).status_code
    await issued.ok("/v1/clock", {"at": "2025-02-01T00:00:00Z"}, by=issued.regulators[0])
    refused(await issued.get("/v1/accounts", by=key), 403, "denied", "none")
    assert [] == await roles(issued, key)


async def test_a_verifiers_role_ends_with_its_interval(issued: World):
    """The same for a role that decides: a month later the season's verifier may not verify."""
    person, key = await roleless(issued)
    await granted(issued, person, issued.party("vvb").organisation_id, "verifier", until="2025-02-01T00:00:00Z")
    await issued.ok("/v1/clock", {"at": "2025-02-02T00:00:00Z"}, by=issued.regulators[0])
    body = {"why": "late", "report_sha256": "0" * 64}
    async with unchanged(issued):
        refused(await issued.post("/v1/projects/1/validate", body, by=key), 403, "denied", "verifier")


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00Z", "2025-01-06T01:00:00Z"])
async def test_an_interval_that_is_over_is_refused(issued: World, until: str):
    """A role cannot end before it begins, nor when it begins."""
    person, _ = await roleless(issued)
    body = {"operation": "grant_role", "person_id": person, "organisation_id": 1, "role": "member", "until": until}
    first, second = issued.regulators
    proposed = await issued.ok("/v1/approvals", {"body": body, "reason": "test"}, by=first)
    async with unchanged(issued):
        answer = await issued.post("/v1/grants", {"approval_id": proposed["id"], "body": body}, by=second)
    refused(answer, 422, "role-is-over", until[:10])


async def test_a_regulator_ends_a_role_now(issued: World):
    """It takes one person, because it only takes power away; the next request is refused."""
    person, key = await roleless(issued)
    grant = await granted(issued, person, 1, "member")
    assert ["member"] == await roles(issued, key)
    await issued.ok(f"/v1/grants/{grant['id']}/end", by=issued.regulators[0])
    assert 403 == (await issued.get("/v1/accounts", by=key)).status_code


async def test_a_role_ends_once(issued: World):
    """The second time it has ended already."""
    person, _ = await roleless(issued)
    grant = await granted(issued, person, 1, "member")
    await issued.ok(f"/v1/grants/{grant['id']}/end", by=issued.regulators[0])
    async with unchanged(issued):
        answer = await issued.post(f"/v1/grants/{grant['id']}/end", by=issued.regulators[1])
    refused(answer, 409, "already-ended", grant["id"])


async def test_a_role_is_held_at_one_organisation(issued: World):
    """A developer of one organisation has no rights at another."""
    person, key = await roleless(issued)
    await granted(issued, person, issued.party("kiln").organisation_id, "developer")
    body = {"account_id": issued.party("forest").account_id, "receiver_id": issued.party("bank").account_id}
    async with unchanged(issued):
        answer = await issued.post("/v1/transfers", {**body, "quantity_kg": 1, "reason": "x"}, by=key)
    refused(answer, 403, "not-yours")


OWN = ("/v1/accounts/{account}", "/v1/accounts/{account}/holdings", "/v1/accounts/{account}/movements")
OWN_TOO = ("/v1/accounts/{account}/transfers", "/v1/transfers/{transfer}")
MARKET = ("balances", "orders", "fills", "deposits", "withdrawals", "statements")
OWN_ON_THE_EXCHANGE = tuple(f"/v1/accounts/{{account}}/{what}" for what in MARKET)


async def objects(world: World) -> dict[str, int]:
    """An account and a transfer of the bank."""
    bank = world.party("bank")
    offered = await steps.offer(world, bank, world.party("solar"), 10)
    return {"account": bank.account_id, "transfer": offered["id"]}


async def test_a_member_reads_its_own_only(delivered: World):
    """At the owner 200, at a party that has nothing to do with it 403, for an auditor from anywhere 200."""
    ids = await objects(delivered)
    readers: list[Party] = [await delivered.newcomer(role) for role in ("member", "auditor")]
    person, member = await roleless(delivered)
    await granted(delivered, person, delivered.party("bank").organisation_id, "member")
    keys = (member, readers[0].key, readers[1].key)
    for path in (*OWN, *OWN_TOO, *OWN_ON_THE_EXCHANGE):
        answers = [await delivered.get(path.format(**ids), by=key) for key in keys]
        assert [200, 403, 200] == [answer.status_code for answer in answers], path


async def test_lists_show_ones_own(delivered: World):
    """A member's list has the accounts that its organisation owns; an auditor's has everything."""
    auditor = await delivered.newcomer("auditor")
    bank = delivered.party("bank")
    mine, everything = [
        (await delivered.get("/v1/accounts", by=key)).json()["items"] for key in (bank.key, auditor.key)
    ]
    assert {bank.organisation_id} == {each["owner_id"] for each in mine}
    assert len(mine) < len(everything)


async def test_an_auditor_changes_nothing(delivered: World):
    """What anybody with a role may write is closed to auditors: see also the denials."""
    auditor = await delivered.newcomer("auditor")
    headers = {"Authorization": f"Bearer {auditor.key}", "Idempotency-Key": "upload"}
    async with unchanged(delivered):
        answer = await delivered.http.post("/v1/documents", content=b"x", headers=headers)
    refused(answer, 403, "denied", "auditor")
