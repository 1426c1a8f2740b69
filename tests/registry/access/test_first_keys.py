"""A first key makes its holder's own key; its maker counts as its holder until somebody outside confirms that."""

import asyncio
from typing import Any

import asyncpg

from tests.probes import as_owner, refused, unchanged
from tests.registry.access.test_two_people import grant_body, propose
from tests.worlds import KEYRING, World


async def first_key(world: World, *, by: str) -> tuple[int, str]:
    """A new person and the first key that *by* made."""
    person = await world.ok("/v1/people", {"name": "Somebody"}, by=by)
    key = await world.ok(f"/v1/people/{person['id']}/keys", by=by)
    assert (True, None) == (key["first"], key["confirmed_by"])
    return int(person["id"]), str(key["secret"])


async def me(world: World, key: str) -> Any:
    """What the holder's screen shows."""
    return (await world.get("/v1/me", by=key)).json()


async def test_a_first_key_makes_an_own_key_once(empty: World):
    """It reads who it is, makes the own key, and is over; everything else is refused before."""
    _, first = await first_key(empty, by=empty.regulators[0])
    assert (await me(empty, first))["first_key"]
    refused(await empty.get("/v1/me/keys", by=first), 403, "first-key", "POST /v1/me/keys")
    own = await empty.ok("/v1/me/keys", by=first)
    assert (False, KEYRING.fingerprint(own["secret"])) == (own["first"], own["fingerprint"])
    refused(await empty.post("/v1/me/keys", by=first), 401, "unauthenticated", "tell a regulator at once")
    refused(await empty.get("/v1/me", by=first), 401, "unauthenticated", "works once")
    shown = await me(empty, own["secret"])
    assert (False, own["fingerprint"]) == (shown["first_key"], shown["key_fingerprint"])


async def test_racing_uses_of_a_first_key_make_one_key(empty: World):
    """Both were authenticated before either had spent it: one makes a key, the other is refused."""
    person_id, first = await first_key(empty, by=empty.regulators[0])
    gate = await asyncpg.connect(empty.dsn)
    async with gate.transaction():
        await gate.execute("select from registry.api_key where person_id = $1 for update", person_id)
        racing = [asyncio.create_task(empty.post("/v1/me/keys", by=first)) for _ in range(2)]
        waiting = (
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        async with asyncio.timeout(30):
            while await as_owner(empty, waiting) < len(racing):
                pass  # each question goes to the database and back
    await gate.close()
    won, lost = sorted(await asyncio.gather(*racing), key=lambda answer: answer.status_code)
    assert 201 == won.status_code
    refused(lost, 409, "first-key-spent", "works once")
    assert 2 == await as_owner(empty, "select count(*) from registry.api_key where person_id = $1", person_id)


async def test_keys_crossed_two_steps_deep_are_one_person(empty: World):
    """R1 makes P3's first key, P3 makes P4's: R1 and P4 are no pair, and neither R1 nor P3 may confirm."""
    first, second = empty.regulators
    person3, key3 = await empty.member(by=first, confirmed=False)
    person4, key4 = await empty.member(by=key3, confirmed=False)
    order = await propose(empty, grant_body(person3, "auditor"), first)
    refused(await empty.post("/v1/grants", order, by=key4), 403, "same-person", person4)
    async with unchanged(empty):
        for inside in (first, key3, key4):
            refused(await empty.confirm(key4, by=inside), 403, "not-outside", person4)
    await _confirmed(empty, key4, second)
    await empty.ok("/v1/grants", order, by=key4)
    order = await propose(empty, grant_body(person4, "auditor"), first)
    refused(await empty.post("/v1/grants", order, by=key3), 403, "same-person", person3)
    await _confirmed(empty, key3, second)
    await empty.ok("/v1/grants", order, by=key3)


async def _confirmed(world: World, holder: str, by: str) -> None:
    answer = await world.confirm(holder, by=by)
    assert 201 == answer.status_code, answer.text
    assert (await me(world, by))["person_id"] == answer.json()["confirmed_by"]


async def test_approvals_made_before_stay(empty: World):
    """What two people decided while they counted as two is not undone by keys that join them later."""
    order = await propose(empty, grant_body(2, "auditor"), empty.regulators[0])
    grant = await empty.ok("/v1/grants", order, by=empty.regulators[1])
    await as_owner(
        empty, "update registry.api_key set confirmed_key_id = null, confirmed_by = null, confirmed_at = null"
    )
    shown = (await empty.get(f"/v1/approvals/{order['approval_id']}", by=empty.regulators[0])).json()
    assert "used" == shown["state"]
    assert grant["id"] in [
        each["id"] for each in (await empty.get("/v1/grants", by=empty.regulators[1])).json()["items"]
    ]
    later = await propose(empty, grant_body(2, "auditor"), empty.regulators[0])
    refused(await empty.post("/v1/grants", later, by=empty.regulators[1]), 403, "same-person", "count as one")


async def test_another_fingerprint_is_not_confirmed(empty: World):
    """Somebody else holds the key then."""
    _, key = await empty.person("Somebody")
    shown = await me(empty, key)
    wrong = {"fingerprint": "-".join(["0000"] * 8)}
    async with unchanged(empty):
        answer = await empty.post(f"/v1/keys/{shown['key_id']}/confirm", wrong, by=empty.regulators[1])
    refused(answer, 409, "fingerprint-differs", "revoke it")
    answer = await empty.post("/v1/keys/999/confirm", wrong, by=empty.regulators[1])
    refused(answer, 404, "not-found", 999)


async def test_part_of_a_fingerprint_does_not_confirm(empty: World):
    """Six groups of eight are not what the holder's screen shows."""
    _, key = await empty.person("Somebody")
    shown = await me(empty, key)
    async with unchanged(empty):
        body = {"fingerprint": shown["key_fingerprint"][:29]}
        answer = await empty.post(f"/v1/keys/{shown['key_id']}/confirm", body, by=empty.regulators[1])
    refused(answer, 409, "fingerprint-differs")


async def test_a_key_of_an_earlier_version_is_confirmed(empty: World):
    """Six groups of its fingerprint are stored: those confirm it, and so do the eight that its holder works out now."""
    second = empty.regulators[1]
    for groups in (6, 8):
        _, key = await empty.person(f"Somebody {groups}")
        shown = await me(empty, key)
        await as_owner(
            empty, "update registry.api_key set fingerprint = left(fingerprint, 29) where id = $1", shown["key_id"]
        )
        body = {"fingerprint": "-".join(shown["key_fingerprint"].split("-")[:groups])}
        answer = await empty.post(f"/v1/keys/{shown['key_id']}/confirm", body, by=second)
        assert 201 == answer.status_code, answer.text


async def test_what_is_not_to_be_confirmed(empty: World):
    """A first key itself, a key that ended, one whose first key is confirmed, one made with an own key beside it."""
    second = empty.regulators[1]
    _, first = await first_key(empty, by=empty.regulators[0])
    refused(await empty.confirm(first, by=second), 409, "not-to-be-confirmed", "made by somebody else")
    own = (await empty.ok("/v1/me/keys", by=first))["secret"]
    spare = (await empty.ok("/v1/me/keys", by=own))["secret"]
    own_id = (await me(empty, own))["key_id"]
    refused(await empty.confirm(spare, by=second), 409, "not-to-be-confirmed", f"Key {own_id}")
    spare_me = await me(empty, spare)
    assert 201 == (await empty.confirm(own, by=second)).status_code
    refused(await empty.confirm(own, by=second), 409, "not-to-be-confirmed", "stems from no key")
    await empty.ok(f"/v1/keys/{spare_me['key_id']}/revoke", by=own)
    ended = {"fingerprint": spare_me["key_fingerprint"]}
    answer = await empty.post(f"/v1/keys/{spare_me['key_id']}/confirm", ended, by=second)
    refused(answer, 409, "not-to-be-confirmed", "has ended")


async def test_a_first_key_that_ended_unused_joins_nobody(empty: World):
    """Its maker could make nothing with it; the next one, of another maker, is what counts."""
    person_id, _ = await first_key(empty, by=empty.regulators[0])
    key = await as_owner(empty, "select id from registry.api_key where person_id = $1", person_id)
    await empty.ok(f"/v1/keys/{key}/revoke", by=empty.regulators[0])
    first = (await empty.ok(f"/v1/people/{person_id}/keys", by=empty.regulators[1]))["secret"]
    own = (await empty.ok("/v1/me/keys", by=first))["secret"]
    await empty.decide("/v1/grants", grant_body(person_id))
    order = await propose(empty, grant_body(person_id, "auditor"), empty.regulators[0])
    await empty.ok("/v1/grants", order, by=own)


async def test_a_key_that_would_join_the_last_pair_is_not_made(empty: World):
    """Both regulators would hang on one person whose keys nobody could then confirm."""
    person_id, key = await empty.person("Somebody", by=empty.regulators[0])
    await empty.decide("/v1/grants", grant_body(person_id, "auditor"))
    order = await propose(empty, {"operation": "reissue_key", "person_id": person_id}, empty.regulators[0])
    async with unchanged(empty):
        answer = await empty.post("/v1/keys/reissue", order, by=empty.regulators[1])
    refused(answer, 409, "last-regulators", "count as one")
    assert 201 == (await empty.confirm(key, by=empty.regulators[1])).status_code
    await empty.ok("/v1/keys/reissue", order, by=empty.regulators[1])


async def test_keys_from_before_the_graph_work_as_they_did(empty: World):
    """They act, and make own keys more than once; nobody is confirmed until all that their maker may have is over."""
    person_id, first = await first_key(empty, by=empty.regulators[0])
    await as_owner(
        empty, "update registry.api_key set first = false, fingerprint = null where person_id = $1", person_id
    )
    assert 200 == (await empty.get("/v1/me/keys", by=first)).status_code
    one, other = [(await empty.ok("/v1/me/keys", by=first)) for _ in range(2)]
    second = empty.regulators[1]
    given = (await me(empty, first))["key_id"]
    for key_id in (given, other["id"]):
        refused(await empty.confirm(one["secret"], by=second), 409, "not-to-be-confirmed", f"Key {key_id} of person")
        await empty.ok(f"/v1/keys/{key_id}/revoke", by=one["secret"])
    assert 201 == (await empty.confirm(one["secret"], by=second)).status_code
