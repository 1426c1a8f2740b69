"""API keys: shown once, ended at once, and never a way to act as somebody else."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from registry.access.authorisation import Unauthenticated
from registry.access.authority import Authority
from registry.access.keys import service as keys
from registry.access.keys.rules import KEYS_OF_A_PERSON
from registry.parties.service import dated_trader_in
from tests.probes import as_owner, refused, unchanged
from tests.registry.access.test_two_people import propose
from tests.worlds import KEYRING, World


async def newcomer(world: World) -> int:
    """A person without key and role."""
    return int((await world.ok("/v1/people", {"name": "Newcomer"}, by=world.regulators[0]))["id"])


async def test_a_key_is_shown_once(empty: World):
    """The secret is in the first answer, its prefix in every one; a resent request is answered without the secret."""
    person = await newcomer(empty)
    first = (await empty.post(f"/v1/people/{person}/keys", by=empty.regulators[0], key="once")).json()
    async with unchanged(empty):
        again = (await empty.post(f"/v1/people/{person}/keys", by=empty.regulators[0], key="once")).json()
    assert first["secret"].startswith(first["prefix"])
    assert {**first, "secret": None} == again


async def test_no_secret_is_in_the_database(empty: World):
    """The row has the keyed hash, the prefix, and nothing longer of the secret."""
    key = await empty.ok("/v1/me/keys", by=empty.regulators[0])
    stored = await as_owner(empty, "select hash from registry.api_key where id = $1", key["id"])
    assert KEYRING.hash(key["secret"]) == stored
    row = await as_owner(empty, "select k::text from registry.api_key k where id = $1", key["id"])
    assert key["prefix"] in row
    assert key["secret"][: len(key["prefix"]) + 1] not in row


async def test_a_revoked_key_is_refused_at_once(empty: World):
    """The next request with it is 401 and says when it ended; the other key of the person still works."""
    spare = await empty.ok("/v1/me/keys", by=empty.regulators[0])
    await empty.ok(f"/v1/keys/{spare['id']}/revoke", by=spare["secret"])
    refused(await empty.get("/v1/me", by=spare["secret"]), 401, "unauthenticated", "revoked")
    assert 200 == (await empty.get("/v1/me", by=empty.regulators[0])).status_code


async def test_a_401_says_how_to_authenticate(empty: World):
    """It has the header that HTTP requires."""
    assert "Bearer" == (await empty.get("/v1/me")).headers["www-authenticate"]


async def test_revoking_twice_changes_nothing(empty: World):
    """The time of the first revocation stays."""
    spare = await empty.ok("/v1/me/keys", by=empty.regulators[0])
    first = await empty.ok(f"/v1/keys/{spare['id']}/revoke", by=empty.regulators[0])
    again = await empty.ok(f"/v1/keys/{spare['id']}/revoke", by=empty.regulators[0])
    assert first == again


async def test_nobody_revokes_a_strangers_key(issued: World):
    """A developer cannot end the verifier's key; a regulator can."""
    vvb, forest = issued.party("vvb"), issued.party("forest")
    key = await as_owner(issued, "select max(id) from registry.api_key where person_id = $1", vvb.person_id)
    async with unchanged(issued):
        refused(await issued.post(f"/v1/keys/{key}/revoke", by=forest.key), 403, "not-yours", vvb.person_id)
    await issued.ok(f"/v1/keys/{key}/revoke", by=issued.regulators[0])
    refused(await issued.get("/v1/me", by=vvb.key), 401, "unauthenticated")


async def test_a_key_for_a_person_with_roles_takes_two_people(issued: World):
    """One regulator alone cannot make a key with which to act as somebody else, even after revoking theirs."""
    vvb = issued.party("vvb").person_id
    key = await as_owner(issued, "select max(id) from registry.api_key where person_id = $1", vvb)
    await issued.ok(f"/v1/keys/{key}/revoke", by=issued.regulators[0])
    async with unchanged(issued):
        answer = await issued.post(f"/v1/people/{vvb}/keys", by=issued.regulators[0])
    refused(answer, 409, "key-needs-approval", vvb)


async def test_a_person_whose_roles_have_ended_still_needs_two(issued: World):
    """Roles that once were are enough: they may begin again."""
    grant = await issued.newcomer("member")
    grants = (await issued.get("/v1/grants", by=issued.regulators[0])).json()["items"]
    mine = next(each for each in grants if each["person_id"] == grant.person_id)
    await issued.ok(f"/v1/grants/{mine['id']}/end", by=issued.regulators[0])
    key = (await issued.get("/v1/me", by=grant.key)).json()
    assert [] == key["roles"]
    answer = await issued.post(f"/v1/people/{grant.person_id}/keys", by=issued.regulators[0])
    refused(answer, 409, "key-needs-approval")


async def test_a_second_first_key_is_refused(empty: World):
    """While the first one works, one regulator makes no other."""
    person = await newcomer(empty)
    await empty.ok(f"/v1/people/{person}/keys", by=empty.regulators[0])
    async with unchanged(empty):
        answer = await empty.post(f"/v1/people/{person}/keys", by=empty.regulators[1])
    refused(answer, 409, "key-needs-approval", person)


async def test_two_people_reissue_a_lost_key(issued: World):
    """The new key acts with the person's roles; the old one works until it is revoked."""
    vvb = issued.party("vvb")
    order = await propose(issued, {"operation": "reissue_key", "person_id": vvb.person_id}, issued.regulators[1])
    # By the maker of the last one: the other regulator would be joined to that one by it.
    given = await issued.ok("/v1/keys/reissue", order, by=issued.regulators[0])
    new = await issued.ok("/v1/me/keys", by=given["secret"])
    old_me, new_me = [(await issued.get("/v1/me", by=key)).json() for key in (vvb.key, new["secret"])]
    assert (vvb.person_id, old_me["roles"]) == (new_me["person_id"], new_me["roles"])


async def test_a_reissued_key_is_not_shown_again(issued: World):
    """A replay of the second half has no secret either."""
    body = {"operation": "reissue_key", "person_id": issued.party("vvb").person_id}
    first, second = issued.regulators
    order = await propose(issued, body, second)
    shown, replayed = [
        (await issued.post("/v1/keys/reissue", order, by=first, key="once")).json()["secret"] for _ in range(2)
    ]
    assert shown is not None
    assert replayed is None


async def test_keys_of_unknown_people(empty: World):
    """There is nobody to make a key for; organisations have none."""
    async with unchanged(empty):
        refused(await empty.post("/v1/people/999/keys", by=empty.regulators[0]), 404, "not-found", 999)
        refused(await empty.post("/v1/people/1/keys", by=empty.regulators[0]), 404, "not-found", 1)
        refused(await empty.post("/v1/keys/999/revoke", by=empty.regulators[0]), 404, "not-found", 999)


async def test_a_key_expires_after_a_year_of_real_time(empty: World):
    """It is said beforehand in the list; afterwards the key is 401, and the others go on."""
    spare = await empty.ok("/v1/me/keys", by=empty.regulators[0])
    lasts = datetime.fromisoformat(spare["expires_at"]) - datetime.fromisoformat(spare["created_at"])
    assert timedelta(days=365) <= lasts <= timedelta(days=366)
    now = [datetime.fromisoformat(spare["expires_at"]) - timedelta(seconds=1)]
    authority = Authority(empty.db, KEYRING, dated_trader_in, now=lambda: now[0])
    assert spare["id"] == (await authority.authenticate(spare["secret"])).key_id
    now[0] += timedelta(seconds=1)
    with pytest.raises(Unauthenticated, match=r"expired at .* Make a new one with another key of yours"):
        await authority.authenticate(spare["secret"])
    await as_owner(empty, "update registry.api_key set expires_at = now() where id = $1", spare["id"])
    refused(await empty.get("/v1/me", by=spare["secret"]), 401, "unauthenticated", "expired")
    assert 200 == (await empty.get("/v1/me", by=empty.regulators[0])).status_code


async def test_a_person_has_at_most_20_keys_that_work(empty: World):
    """The twenty-first is refused with the numbers; one that is revoked or has expired makes room."""
    by = empty.regulators[0]
    made = [await empty.ok("/v1/me/keys", by=by) for _ in range(KEYS_OF_A_PERSON - 1)]
    async with unchanged(empty):
        problem = refused(await empty.post("/v1/me/keys", by=by), 409, "too-many-keys", "has 20 keys that work")
    assert (20, 20) == (problem["working"], problem["limit"])
    await empty.ok(f"/v1/keys/{made[0]['id']}/revoke", by=by)
    await empty.ok("/v1/me/keys", by=by)
    refused(await empty.post("/v1/me/keys", by=by), 409, "too-many-keys")
    await as_owner(empty, "update registry.api_key set expires_at = now() where id = $1", made[1]["id"])
    await empty.ok("/v1/me/keys", by=by)


async def test_two_requests_at_once_do_not_make_a_twenty_first_key(empty: World):
    """The person is locked: of ten at once, as many are made as there was room for."""
    by = empty.regulators[0]
    for _ in range(KEYS_OF_A_PERSON - 3):
        await empty.ok("/v1/me/keys", by=by)
    answers = await asyncio.gather(*(empty.post("/v1/me/keys", by=by) for _ in range(6)))
    assert [201, 201, 409, 409, 409, 409] == sorted(each.status_code for each in answers)


async def test_the_last_use_of_a_key_is_shown(empty: World):
    """Absent until it is used; then the time, which never goes back."""
    spare = await empty.ok("/v1/me/keys", by=empty.regulators[0])

    async def shown() -> str | None:
        listed = (await empty.get("/v1/me/keys", by=empty.regulators[0])).json()["items"]
        (found,) = [each for each in listed if each["id"] == spare["id"]]
        return found.get("last_used_at")

    assert None is await shown()
    authority = Authority(empty.db, KEYRING, dated_trader_in)
    await authority.authenticate(spare["secret"])
    used = authority.take_uses()
    assert ([spare["id"]], {}) == (list(used), authority.take_uses())
    await keys.note_uses(used, db=empty.db)
    first = await shown()
    assert first is not None
    await keys.note_uses({spare["id"]: datetime(2020, 1, 1, tzinfo=UTC)}, db=empty.db)
    assert first == await shown()
