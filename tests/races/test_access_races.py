"""Two at once, at who may decide and act as whom: suspensions, roles that end, keys that are made while others end."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.races.race_region import RaceRegion
from tests.races.test_decision_races import grant, proposed
from tests.races.test_ledger_races import are_waiting, outcome, race

REGULATORS = "select pg_advisory_xact_lock(hashtextextended('regulators', 0))"


async def me(region: RaceRegion, key: str) -> dict[str, Any]:
    """Whose key it is."""
    found: dict[str, Any] = (await region.world.get("/v1/me", by=key)).json()
    return found


def of_person(person_id: int) -> str:
    """What holds a person's row, as a change of their keys or roles does."""
    return f"select from registry.party where id = {person_id} for no key update"


async def test_a_thief_with_one_key_suspends_one_regulator(region: RaceRegion):
    """Three requests at once that have passed the guard: one suspension, and the thief is suspended as well."""
    _, thief = await region.world.member()
    others = [(await me(region, key))["person_id"] for key in (*region.world.regulators, region.third_regulator)]
    contenders = [
        region.world.post("/v1/suspensions", {"person_id": each, "reason": "test"}, by=thief) for each in others
    ]
    answers = await race(region, contenders, REGULATORS)
    assert [(201, ""), (403, "no-longer-regulator"), (403, "no-longer-regulator")] == outcome(answers)


async def taken_away(region: RaceRegion, what: str, key: str) -> None:
    """The third regulator takes the power of somebody who has passed the guard."""
    world, them = region.world, await me(region, key)
    if what == "suspended":
        body = {"person_id": them["person_id"], "reason": "test"}
        await world.ok("/v1/suspensions", body, by=region.third_regulator)
    elif what == "role ended":
        grants = (await world.get("/v1/grants?limit=200", by=region.third_regulator)).json()["items"]
        theirs = next(each["id"] for each in grants if each["person_id"] == them["person_id"])
        await world.ok(f"/v1/grants/{theirs}/end", by=region.third_regulator)
    else:
        await world.ok(f"/v1/keys/{them['key_id']}/revoke", by=region.third_regulator)


async def granted_while(region: RaceRegion, what: str, loses: str) -> list[tuple[int, str]]:
    """A role is granted by two, and one of them loses their power while the second one's request waits for a row."""
    await region.world.member()  # so that a pair is left in either case
    order = await proposed(region, grant(region))
    async with region.gate(of_person(region.maker.person_id), until_waiting=1):
        granting = asyncio.create_task(region.world.post("/v1/grants", order, by=region.world.regulators[1]))
        await region.until(lambda: are_waiting(region, 1))
        await taken_away(region, what, loses)
    return outcome([await granting])


@pytest.mark.parametrize("what", ["suspended", "role ended", "key revoked"])
async def test_whoever_is_suspended_meanwhile_decides_nothing(region: RaceRegion, what: str):
    """The second person of an approval, whose roles the guard read before."""
    assert [(403, "roles-changed")] == await granted_while(region, what, region.world.regulators[1])


@pytest.mark.parametrize("what", ["suspended", "role ended"])
async def test_a_proposer_who_is_suspended_meanwhile_decides_nothing(region: RaceRegion, what: str):
    """The first person of an approval, whose standing was read before the row was waited for."""
    assert [(403, "roles-changed")] == await granted_while(region, what, region.world.regulators[0])


async def test_of_two_who_end_each_other_one_does(region: RaceRegion):
    """Both have passed the guard as regulators; the second is one no longer."""
    await region.world.member()  # so that a pair is left in either case
    first, second = region.world.regulators
    grants = (await region.world.get("/v1/grants?limit=200", by=first)).json()["items"]

    async def end(of: str, by: str) -> Any:
        person = (await me(region, of))["person_id"]
        role = next(each["id"] for each in grants if each["person_id"] == person)
        return await region.world.post(f"/v1/grants/{role}/end", by=by)

    answers = await race(region, [end(second, first), end(first, second)], REGULATORS)
    assert [(201, ""), (403, "roles-changed")] == outcome(answers)


async def test_a_key_that_is_revoked_meanwhile_makes_no_other(region: RaceRegion):
    """The revocation is first in the queue: the new key would be one that the revoking person does not know of."""
    person, key = await region.world.person("Holder")
    mine = (await me(region, key))["key_id"]
    async with region.gate(of_person(person), until_waiting=2):
        ending = asyncio.create_task(region.world.post(f"/v1/keys/{mine}/revoke", by=region.world.regulators[0]))
        await region.until(lambda: are_waiting(region, 1))
        making = asyncio.create_task(region.world.post("/v1/me/keys", by=key))
    assert [(201, ""), (401, "unauthenticated")] == outcome([await ending, await making])


async def test_a_key_that_is_being_made_keeps_its_chain_from_being_confirmed(region: RaceRegion):
    """
    The maker of a first key uses it, and makes a further key while the holder revokes the one between and is confirmed.

    The revocation waits for the key that is being made, and then the confirmation finds that it works.
    """
    world = region.world
    person = await world.ok("/v1/people", {"name": "Holder"}, by=world.regulators[0])
    first = await world.ok(f"/v1/people/{person['id']}/keys", by=world.regulators[0])
    between = await world.ok("/v1/me/keys", by=first["secret"])
    holders = (await world.ok("/v1/me/keys", by=between["secret"]))["secret"]
    owner = await asyncpg.connect(world.dsn)
    await owner.execute(  # the insert waits at a gate behind every check
        "create function public.wait() returns trigger language plpgsql as"
        " $$ begin perform pg_advisory_xact_lock_shared(7); return new; end $$;"
        "create trigger wait before insert on registry.api_key for each row execute function public.wait()"
    )
    await owner.close()
    async with region.gate("select pg_advisory_xact_lock(7)", until_waiting=1):
        making = asyncio.create_task(world.post("/v1/me/keys", by=between["secret"]))
        await region.until(lambda: are_waiting(region, 1))
        ending = asyncio.create_task(world.post(f"/v1/keys/{between['id']}/revoke", by=holders))

        async def it_waits_or_is_answered() -> bool:
            return ending.done() or await region.waiting_sessions() == 2

        await region.until(it_waits_or_is_answered)
        assert not ending.done(), "the key was revoked while another was being made with it"
    assert [(201, ""), (201, "")] == outcome([await making, await ending])
    confirmed = await world.confirm(holders, by=world.regulators[1])
    assert [(409, "not-to-be-confirmed")] == outcome([confirmed])
