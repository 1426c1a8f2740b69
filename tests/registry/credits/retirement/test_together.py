"""Retirements that arrive at the same moment: one transaction, and each as if it were alone."""

import asyncio
import time

import asyncpg
import httpx
import pytest

from deploy.scenarios.cast import Party
from tests.probes import refused
from tests.registry.credits import steps
from tests.worlds import World

RETIREMENTS = 24


@pytest.fixture
async def several(issued: World) -> list[tuple[Party, int, int]]:
    """Accounts of one enterprise with 1,000 kg each, and a claim for each."""
    solar, kiln = issued.party("solar"), issued.party("kiln")
    made = []
    for number in range(RETIREMENTS):
        body = {"owner_id": solar.organisation_id, "name": f"Account {number}"}
        account = (await issued.ok("/v1/accounts", body, by=issued.regulators[0]))["id"]
        await steps.give(issued, kiln, Party(solar.organisation_id, solar.person_id, solar.key, account), 1_000)
        made.append((solar, account, await issued.contribution(solar)))
    return made


async def retire(world: World, each: tuple[Party, int, int], kg: int = 1, key: str | None = None) -> httpx.Response:
    """Retire *kg* of an account against its claim."""
    party, account, claim = each
    body = {"account_id": account, "claim_id": claim, "quantity_kg": kg, "reason": "together"}
    return await world.post("/v1/retirements", body, by=party.key, key=key)


async def transactions(world: World) -> int:
    """How many transactions wrote the retirements."""
    ((count,),) = await steps.rows(world, "select count(distinct xmin::text) from registry.retirement")
    return int(count)


async def test_few_transactions_carry_out_many(issued: World, several):
    """Each has its own receipt, statement and claim, and the books are whole (the fixture's end checks them)."""
    answers = await asyncio.gather(*(retire(issued, each, kg) for kg, each in enumerate(several, 1)))
    assert {201} == {each.status_code for each in answers}
    assert list(range(1, RETIREMENTS + 1)) == [each.json()["quantity_kg"] for each in answers]
    assert await transactions(issued) < RETIREMENTS / 3
    for answer, (party, _, claim) in zip(answers, several, strict=True):
        (made,) = answer.json()["retirements"]
        assert claim == made["claim_id"]
        assert made == (await issued.get(f"/v1/retirements/{made['receipt_id']}", by=party.key)).json()


async def test_of_one_account_they_go_one_after_the_other(issued: World, several):
    """Every kilogram once, though all ask at the same moment; what is too much is refused with its numbers."""
    answers = await asyncio.gather(*(retire(issued, several[0], 300) for _ in range(5)))
    assert [201, 201, 201, 409, 409] == sorted(each.status_code for each in answers)
    for each in answers:
        if each.status_code == 409:
            refused(each, 409, "insufficient-credits", "The account has 100 kg active")
    serials = [serial for each in answers for part in each.json().get("retirements", ()) for serial in part["serials"]]
    assert len(set(serials)) == 3


async def test_a_refusal_concerns_nobody_else(issued: World, several):
    """One asks for too much, one for somebody else's claim, one for an account that does not exist."""
    scenic = await issued.contribution("scenic")
    party, account, claim = several[0]
    wrong = (
        retire(issued, several[1], 1_001),
        retire(issued, (party, account, scenic)),
        retire(issued, (party, 10**9, claim)),
    )
    right = [retire(issued, each) for each in several[2:]]
    too_much, not_yours, unknown, *answers = await asyncio.gather(*wrong, *right)
    refused(too_much, 409, "insufficient-credits", "1 kg are missing")
    refused(not_yours, 403, "not-yours", "")
    refused(unknown, 404, "not-found", f"There is no account {10**9}")
    assert {201} == {each.status_code for each in answers}
    assert 1_000 == sum(each["quantity_kg"] for each in await _active(issued, several[1]))


async def _active(world: World, each: tuple[Party, int, int]) -> list[dict[str, int]]:
    answer = await world.get(f"/v1/accounts/{each[1]}/holdings", by=each[0].key)
    return [one for one in answer.json()["items"] if one["state"] == "active"]


async def test_the_same_request_sent_twice_at_once_is_one_retirement(issued: World, several):
    """Each copy is answered alike or hears that it is in flight; those that went with them are carried out."""
    once, *others = several
    answers = await asyncio.gather(
        *(retire(issued, once, 7, key="twice") for _ in range(4)), *(retire(issued, each) for each in others)
    )
    copies, rest = answers[:4], answers[4:]
    assert {201} == {each.status_code for each in rest}
    for each in copies:
        if each.status_code != 201:
            refused(each, 409, "request-in-flight", "twice")
    again = await retire(issued, once, 7, key="twice")
    assert {again.content} == {each.content for each in copies if each.status_code == 201}
    assert 993 == sum(each["quantity_kg"] for each in await _active(issued, once))
    refused(await retire(issued, once, 8, key="twice"), 422, "idempotency-key-reused", "another body")


async def test_a_lock_keeps_only_those_waiting_who_want_it(issued: World, several):
    """Somebody holds one account: its retirement waits, the others are done within a second."""
    held, *others = several
    connection = await asyncpg.connect(issued.dsn)
    try:
        async with connection.transaction():
            await connection.execute("select from registry.account where id = $1 for update", held[1])
            waits = asyncio.create_task(retire(issued, held))
            begun = time.monotonic()
            answers = await asyncio.gather(*(retire(issued, each) for each in others))
            assert time.monotonic() - begun < 2
            assert {201} == {each.status_code for each in answers}
            assert not waits.done()
        assert 201 == (await waits).status_code
    finally:
        await connection.close()


async def test_a_group_whose_connection_is_lost_writes_all_or_nothing(issued: World, several):
    """Every connection is cut while they are under way: sent again, each is carried out once."""
    sent = [asyncio.create_task(retire(issued, each, key=f"cut-{number}")) for number, each in enumerate(several)]
    connection = await asyncpg.connect(issued.dsn)
    try:
        for _ in range(20):
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'kilnwood'"
            )
            await asyncio.sleep(0.001)
    finally:
        await connection.close()
    first = await asyncio.gather(*sent)
    assert {each.status_code for each in first} <= {201, 503}
    again = await asyncio.gather(*(retire(issued, each, key=f"cut-{number}") for number, each in enumerate(several)))
    assert {201} == {each.status_code for each in again}, [each.text for each in again if each.status_code != 201]
    assert all(one.content == other.content for one, other in zip(first, again, strict=True) if one.status_code == 201)
    for each in several:
        assert 999 == sum(one["quantity_kg"] for one in await _active(issued, each))
