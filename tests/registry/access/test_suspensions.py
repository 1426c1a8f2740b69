"""An emergency suspension stops two regulators at once; a pair settles it, or it lapses."""

from typing import Any

from tests.probes import as_owner, refused, unchanged
from tests.registry.access.test_two_people import grant_body, propose
from tests.worlds import World


async def person_of(world: World, key: str) -> int:
    """Who holds the key."""
    return int((await world.get("/v1/me", by=key)).json()["person_id"])


async def suspend(world: World, person_id: int, by: str) -> Any:
    """Suspend and insist on it."""
    return await world.ok("/v1/suspensions", {"person_id": person_id, "reason": "A stolen key"}, by=by)


async def settled(world: World, suspension_id: int, outcome: str, pair: tuple[str, str]) -> Any:
    """Two regulators confirm or lift it."""
    body = {"operation": "settle_suspension", "suspension_id": suspension_id, "outcome": outcome}
    order = await propose(world, body, pair[0])
    return await world.post("/v1/suspensions/settle", order, by=pair[1])


async def can_propose(world: World, key: str) -> bool:
    """Whether the person decides."""
    answer = await world.post("/v1/approvals", {"body": grant_body(2, "auditor"), "reason": "test"}, by=key)
    assert answer.status_code in (201, 403), answer.text
    return answer.status_code == 201


async def test_both_stop_deciding_at_once(empty: World):
    """Below a pair as well: of two regulators none is left; both still read, and look after their own keys."""
    first, second = empty.regulators
    pending = await propose(empty, grant_body(2, "auditor"), first)
    made = await suspend(empty, await person_of(empty, second), first)
    assert ("open", None) == (made["state"], made["approval_id"])
    async with unchanged(empty):
        for key in (first, second):
            answer = await empty.post("/v1/approvals", {"body": grant_body(2), "reason": "x"}, by=key)
            refused(answer, 403, "suspended", f"Suspension {made['id']}")
            refused(await empty.post("/v1/grants/1/end", by=key), 403, "suspended")
            refused(await empty.post("/v1/people", {"name": "New"}, by=key), 403, "suspended")
            again = await empty.post("/v1/suspensions", {"person_id": 2, "reason": "x"}, by=key)
            refused(again, 403, "suspended")
        refused(await empty.post("/v1/grants", pending, by=second), 403, "suspended")
    for key in (first, second):
        assert [made] == (await empty.get("/v1/suspensions", by=key)).json()["items"]
        await empty.ok("/v1/me/keys", by=key)


async def test_a_suspended_regulator_ends_no_key_of_others(empty: World):
    """Their own they may: that takes no role."""
    third, key = await empty.member()
    await suspend(empty, third, empty.regulators[0])
    victim = (await empty.get("/v1/me", by=empty.regulators[1])).json()["key_id"]
    async with unchanged(empty):
        refused(await empty.post(f"/v1/keys/{victim}/revoke", by=key), 403, "not-yours")


async def test_a_proposal_of_somebody_suspended_is_void(empty: World):
    """Until it is lifted."""
    third, key = await empty.member()
    order = await propose(empty, grant_body(2, "auditor"), key)
    made = await suspend(empty, third, empty.regulators[0])
    async with unchanged(empty):
        refused(await empty.post("/v1/grants", order, by=empty.regulators[1]), 409, "approval-closed", "is suspended")
    assert made["person_id"] == third


async def test_an_untouched_pair_confirms(empty: World):
    """The suspender decides again, the other one does not, until a pair lifts it."""
    (third, key3), (_, key4) = await empty.member(), await empty.member()
    first, second = empty.regulators
    made = await suspend(empty, third, first)
    answer = await settled(empty, made["id"], "confirm", (second, key4))
    assert (201, "confirmed") == (answer.status_code, answer.json()["state"])
    assert [True, False] == [await can_propose(empty, key) for key in (first, key3)]
    await as_owner(empty, "update registry.suspension set lapses_at = now() - interval '1 hour'")
    assert not await can_propose(empty, key3)
    refused(await settled(empty, made["id"], "lift", (first, second)), 403, "touched-by-suspension", "kilnwood recover")
    again = await settled(empty, made["id"], "confirm", (second, key4))
    refused(again, 409, "already-ended", "is confirmed")
    lifted = await settled(empty, made["id"], "lift", (key4, second))
    assert "lifted" == lifted.json()["state"]
    assert await can_propose(empty, key3)
    refused(await settled(empty, made["id"], "lift", (key4, second)), 409, "already-ended", "is lifted")


async def test_it_lapses_after_seven_days(empty: World):
    """Of real time: business time, which a regulator of a simulated region moves, changes nothing."""
    first, second = empty.regulators
    made = await suspend(empty, await person_of(empty, second), first)
    days = "select extract(epoch from lapses_at - placed_at)::bigint / 86400 from registry.suspension where id = $1"
    assert 7 == await as_owner(empty, days, made["id"])
    await as_owner(empty, "update registry.business_clock set at = at + interval '8 days'")
    assert not await can_propose(empty, first)
    await as_owner(empty, "update registry.suspension set lapses_at = now() where id = $1", made["id"])
    assert [True, True] == [await can_propose(empty, key) for key in (first, second)]
    assert "lapsed" == (await empty.get("/v1/suspensions", by=first)).json()["items"][0]["state"]
    refused(await settled(empty, made["id"], "lift", (first, second)), 403, "touched-by-suspension")


async def test_who_can_be_suspended(empty: World):
    """Another person who is a regulator now."""
    first = empty.regulators[0]
    person, _ = await empty.person("Somebody")
    async with unchanged(empty):
        for target, words in ((person, "not a regulator"), (await person_of(empty, first), "yourself"), (999, "999")):
            answer = await empty.post("/v1/suspensions", {"person_id": target, "reason": "x"}, by=first)
            refused(answer, 422, "no-suspension", words)


async def test_the_suspended_do_not_count_as_a_pair(empty: World):
    """An ordinary act that would leave only suspended ones is refused, although they hold the role."""
    third, _ = await empty.member()
    _, key4 = await empty.member()
    first, second = empty.regulators
    await suspend(empty, third, first)
    grants, person = (await empty.get("/v1/grants", by=second)).json()["items"], await person_of(empty, second)
    own = next(each["id"] for each in grants if each["person_id"] == person)
    async with unchanged(empty):
        answer = await empty.post(f"/v1/grants/{own}/end", by=key4)
    refused(answer, 409, "last-regulators", await person_of(empty, key4))
