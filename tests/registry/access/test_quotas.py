"""Every quota refuses what would pass it, with its numbers; what is used is shown to those who may see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from registry.kit.quotas import MB, TABLE, Quotas, QuotaUsedUp
from tests import worlds
from tests.probes import as_owner, refused, unchanged
from tests.registry.access.organisations_of_each_role import HOME, EachRole
from tests.registry.access.requests_by_operation import requests_by_operation
from tests.registry.access.test_denials import permitted, send
from tests.registry.projects.life import project_body, some_file, upload
from tests.worlds import World

ADDS = {
    "documents": "upload_document",
    "document_mb": "upload_document",
    "region_document_mb": "upload_document",
    "drafts": "create_project",
    "projects": "create_project",
    "reports": "submit_report",
    "report_versions": "resubmit_report",
    "objections": "object_to_project",
    "comments": "comment_on_notice",
    "footprints": "create_footprint",
    "claims": "create_claim",
    "claim_drafts": "create_claim_draft",
    "green_power": "register_green_power",
    "events": "create_event",
    "guests_waiting": "join_event",
    "guests_waiting_kg": "join_event",
    "retail_pools": "open_pool",
    "pending_transfers": "propose_transfer",
    "accounts": "open_account",
    "webhooks": "add_webhook",
    "people": "invite_colleague",
    "invitations": "invite_colleague",
    "keys": "create_own_key",
    "keys_a_day": "create_own_key",
    "proposals": "propose_approval",
    "organisations": "create_organisation",
    "region_people": "create_person",
}
"""What adds to each quota."""
BY_NAME = {each.name: each for each in TABLE}


@asynccontextmanager
async def limited(world: World, **limits: int) -> AsyncIterator[World]:
    """Another application on the same database, with other limits; its keys are fresh."""
    async with worlds.application(world.dsn, world.season, quotas=Quotas(limits)) as entered:
        for _ in range(200):  # those that the first one may have used
            entered.next_key()
        yield entered


def test_every_quota_has_a_case():
    """A quota that is added later is refused in a test, too; names are used once."""
    assert sorted(ADDS) == sorted(each.name for each in TABLE)


@pytest.mark.parametrize("quota", sorted(ADDS))
async def test_what_would_pass_a_quota_is_refused(populated: World, each_role: EachRole, quota: str):
    """409 with what is used, the limit, the unit and what to do; nothing is added."""
    operation = ADDS[quota]
    request = requests_by_operation(each_role.ids)[operation]
    sender = (HOME, "developer") if operation == "create_own_key" else (request.senders or permitted(operation))[0]
    key = each_role.keys.get(sender, "")
    async with limited(populated, **{quota: 0}) as tight, unchanged(tight):
        answer = await send(tight, request, key)
    problem = refused(answer, 409, "quota-used-up", BY_NAME[quota].unit, BY_NAME[quota].remedy, "Nothing was added")
    assert (quota, 0, BY_NAME[quota].unit) == (problem["quota"], problem["limit"], problem["unit"])
    assert f"{problem['used']:,} of 0 " in problem["detail"]


async def test_an_organisation_uses_its_quota_up_and_frees_some(delivered: World):
    """Drafts up to the limit, then none; one that is withdrawn makes room for another. Others have their own."""
    forest, kiln = delivered.party("forest"), delivered.party("kiln")
    async with limited(delivered, drafts=2) as tight:
        made = [await tight.ok("/v1/projects", project_body(forest.organisation_id), by=forest.key) for _ in range(2)]
        third = project_body(forest.organisation_id)
        refused(await tight.post("/v1/projects", third, by=forest.key), 409, "quota-used-up", "2 of 2 projects")
        await tight.ok("/v1/projects", project_body(kiln.organisation_id), by=kiln.key)
        await tight.ok(f"/v1/projects/{made[0]['id']}/withdraw", {"why": "Not needed"}, by=forest.key)
        await tight.ok("/v1/projects", third, by=forest.key)


async def test_bytes_are_counted(delivered: World):
    """A file that fits no more is refused with its size; the same file again costs nothing."""
    forest = delivered.party("forest")
    async with limited(delivered, document_mb=1) as tight:
        content = some_file(800_000)
        assert 201 == (await upload(tight, content, by=forest.key)).status_code
        refused(await upload(tight, some_file(300_000), by=forest.key), 409, "quota-used-up", "1 of 1 MB", "adds 1")
        assert 201 == (await upload(tight, content, by=forest.key)).status_code


async def test_the_region_as_a_whole_has_a_quota(delivered: World):
    """Two organisations share it; it is full for both, each far from its own."""
    forest, kiln = delivered.party("forest"), delivered.party("kiln")
    async with limited(delivered, region_document_mb=1) as tight:
        assert 201 == (await upload(tight, some_file(800_000), by=forest.key)).status_code
        answer = await upload(tight, some_file(800_000), by=kiln.key)
        assert "region_document_mb" == refused(answer, 409, "quota-used-up", "of 1 MB")["quota"]


async def test_a_person_says_for_whom_they_upload(delivered: World):
    """Somebody with roles at two organisations; never at one where they have none."""
    forest, kiln = delivered.party("forest"), delivered.party("kiln")
    grant = {
        "operation": "grant_role",
        "person_id": forest.person_id,
        "organisation_id": kiln.organisation_id,
        "role": "developer",
    }
    await delivered.decide("/v1/grants", grant)

    async def sent(organisation_id: int, content: bytes):
        headers = {"Authorization": f"Bearer {forest.key}", "Idempotency-Key": delivered.next_key()}
        headers["Content-Type"] = "application/pdf" if content.startswith(b"%PDF-") else "text/plain"
        path = f"/v1/documents?organisation_id={organisation_id}"
        return await delivered.http.post(path, content=content, headers=headers)

    for party in (forest, kiln):
        before = await used(delivered, party.organisation_id, party.key)
        assert 201 == (await sent(party.organisation_id, some_file(10))).status_code
        assert before["documents"] + 1 == (await used(delivered, party.organisation_id, party.key))["documents"]
    stranger = delivered.party("bank").organisation_id
    refused(await sent(stranger, b"not mine"), 403, "not-yours", forest.organisation_id, kiln.organisation_id)


async def used(world: World, organisation_id: int, key: str) -> dict[str, int]:
    """What is used of each quota."""
    answer = (await world.get(f"/v1/organisations/{organisation_id}/usage", by=key)).json()
    return {each["quota"]: each["used"] for each in answer["quotas"]}


async def test_usage_is_shown_with_its_limits(populated: World, each_role: EachRole):
    """Whatever is counted by organisation or region is there, with the limit that applies; an auditor sees it too."""
    keys = each_role.keys[HOME, "developer"], each_role.keys[HOME, "auditor"]
    path = f"/v1/organisations/{each_role.ids[HOME]}/usage"
    async with limited(populated, drafts=7) as tight:
        own, overseen = [(await tight.get(path, by=key)).json() for key in keys]
    assert own == overseen
    wanted = {each.name: each.limit for each in TABLE if each.holder in ("organisation", "region")} | {"drafts": 7}
    assert wanted == {each["quota"]: each["limit"] for each in own["quotas"]}
    zero = {each["quota"] for each in own["quotas"] if not each["used"]}
    assert zero <= {"invitations", "green_power"}
    refused(await populated.get("/v1/organisations/999999/usage", by=keys[1]), 404, "not-found")


async def test_a_first_key_is_always_exchanged(populated: World, each_role: EachRole):
    """Who was invited makes their own key though no further one may be made: it takes the place of the first."""
    admin = each_role.keys[HOME, "administrator"]
    path = f"/v1/organisations/{each_role.ids[HOME]}/colleagues"
    made = await populated.ok(path, {"name": "New", "roles": ["member"]}, by=admin)
    async with limited(populated, keys=0, keys_a_day=0) as tight:
        own = await tight.ok("/v1/me/keys", by=made["key"]["secret"])
        refused(await tight.post("/v1/me/keys", by=own["secret"]), 409, "quota-used-up")


async def test_counted_documents_are_those_that_there_are(delivered: World):
    """The trigger counts what is inserted and what is deleted, by whomever."""
    forest = delivered.party("forest")
    answer = await upload(delivered, some_file(100), by=forest.key)
    await as_owner(delivered, "delete from registry.document where sha256 = decode($1, 'hex')", answer.json()["sha256"])
    differing = await as_owner(
        delivered,
        """select count(*) from registry.document_usage u full join (
          select coalesce(organisation_id, 0) as id, count(*) as documents, sum(octet_length(content)) as size_bytes
          from registry.document group by 1) d on d.id = u.organisation_id
        where coalesce(u.documents, 0) <> coalesce(d.documents, 0)
          or coalesce(u.size_bytes, 0) <> coalesce(d.size_bytes, 0)
        """,
    )
    assert 0 == differing


def test_the_limit_itself_may_be_reached():
    """In the unit that is counted: bytes where the limit is in MB; what is used is rounded up."""
    quotas = Quotas({"document_mb": 2, "drafts": 3})
    quotas.check("drafts", 2)
    with pytest.raises(QuotaUsedUp, match="3 of 3 projects"):
        quotas.check("drafts", 3)
    quotas.check("document_mb", MB + 1, adding=MB - 1)
    with pytest.raises(QuotaUsedUp, match=r"2 of 2 MB .* and this adds 1"):
        quotas.check("document_mb", MB + 1, adding=MB)
