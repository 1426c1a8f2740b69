"""Retirements that arrive at the same moment: one transaction, and each as if it were alone."""

import asyncio
import json

import asyncpg
import httpx
import msgspec
import pytest

from deploy.scenarios.cast import Party
from registry.credits.retirement import service as retirement
from registry.transparency.format.statement import section_digest
from schemas.access import Actor, Call, HeldRole, Role
from schemas.credits import RetireRequest
from tests.probes import refused
from tests.registry.credits import steps
from tests.stopwatch import Stopwatch
from tests.worlds import PROFILE, World

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


async def test_of_one_account_each_is_decided_on_what_the_others_left(issued: World, several):
    """Every kilogram once, though all ask at the same moment; what is too much is refused with its numbers."""
    party, account, claim = several[0]
    answers = await asyncio.gather(*(retire(issued, (party, account, claim), 90) for _ in range(12)))
    assert [201] * 11 + [409] == sorted(each.status_code for each in answers)
    for each in answers:
        if each.status_code == 409:
            refused(each, 409, "insufficient-credits", "The account has 10 kg active")
    serials = [serial for each in answers for part in each.json().get("retirements", ()) for serial in part["serials"]]
    assert 11 == len(set(serials))
    assert await transactions(issued) < 11 / 2
    shown = (await issued.get(f"/v1/claims/{claim}", by=party.key)).json()
    assert 990 == shown["allocated_kg"]


async def test_of_one_claim_no_more_than_it_requires(issued: World, several):
    """1,200 kg are required: of many that ask at once, those that fit are taken, from whatever account."""
    claim = await issued.event_claim("solar")
    answers = await asyncio.gather(*(retire(issued, (party, account, claim), 110) for party, account, _ in several))
    assert 10 == [each.status_code for each in answers].count(201)
    for each in answers:
        if each.status_code != 201:
            refused(each, 409, "over-claimed", "The claim requires 1200 kg and has 1100 kg")


async def test_serials_out_of_the_middle_of_one_block(issued: World, several):
    """Each names a kilogram of the same block, some the same one: named once, it is gone for the others."""
    party, account, claim = several[0]
    rows = await steps.rows(
        issued,
        "select i.code, lower(b.span) - lower(i.span) + 1 as first from registry.block b"
        " join registry.issuance i on i.id = b.issuance_id where b.account_id = $1",
        account,
    )
    code, first = rows[0]["code"], rows[0]["first"]
    wanted = [500, 3, 999, 500, 4, 1, 1_000, 2, 500]

    async def named(position: int) -> httpx.Response:
        serial = f"{code}:{first + position - 1}-{first + position - 1}kg"
        body = {"account_id": account, "claim_id": claim, "quantity_kg": 1, "reason": "named", "serial": serial}
        return await issued.post("/v1/retirements", body, by=party.key)

    answers = await asyncio.gather(*(named(each) for each in wanted))
    for each, position in zip(answers, wanted, strict=True):
        if position != 500:
            assert 201 == each.status_code, each.text
    assert [201, 409, 409] == sorted(each.status_code for each, at in zip(answers, wanted, strict=True) if at == 500)
    assert 993 == sum(each["quantity_kg"] for each in await _active(issued, several[0]))


async def test_sections_stay_with_their_own_statement(issued: World, several):
    """Beneficiaries and evidence of many orders at once, some of two issuances: each digest is of its own section."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    await steps.issue(issued, "kiln", steps.SMALL_KILN, 2025)
    for party, account, _ in several[::3]:
        own = Party(party.organisation_id, party.person_id, party.key, account)
        await steps.give(issued, kiln, own, 5, issuance="SC-CDCER-0002-2025-01")

    async def for_somebody(number: int) -> httpx.Response:
        _, account, claim = several[number]
        body = {"account_id": account, "claim_id": claim, "quantity_kg": 1_003 if number % 3 == 0 else 7, "reason": "t"}
        sections = {"beneficiary": f"Person {number}", **({"evidence": f"{number:064x}"} if number % 2 else {})}
        return await issued.post("/v1/retirements", {**body, **sections}, by=solar.key)

    answers = await asyncio.gather(*(for_somebody(number) for number in range(RETIREMENTS)))
    assert {201} == {each.status_code for each in answers}
    for number, each in enumerate(answers):
        parts = each.json()["retirements"]
        assert (2 if number % 3 == 0 else 1) == len(parts)
        for part in parts:
            found = await steps.rows(
                issued,
                "select s.note_text, o.label, o.salt, o.text from registry.retirement r"
                " join registry.statement s on s.id = r.statement_id join registry.opening o on o.statement_id = s.id"
                " where r.receipt_id = $1",
                part["receipt_id"],
            )
            statement = json.loads(found[0]["note_text"].split("\n")[1])
            assert (part["receipt_id"], part["quantity_kg"]) == (statement["receipt"], statement["quantity_kg"])
            digests = {row["label"]: section_digest(row["label"], row["salt"], row["text"]) for row in found}
            assert digests == statement["sections"]
            texts = {row["label"]: json.loads(row["text"]) for row in found}
            assert f"Person {number}" == texts["beneficiary"]["name"]
            assert (number % 2 == 1) == ("evidence" in texts)


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
    assert await transactions(issued) < RETIREMENTS / 3
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
            watch = Stopwatch()
            answers = await asyncio.gather(*(retire(issued, each) for each in others))
            assert watch.took_s() < 2
            assert {201} == {each.status_code for each in answers}
            assert not waits.done()
            assert await transactions(issued) < RETIREMENTS / 3
        assert 201 == (await waits).status_code
    finally:
        await connection.close()


async def test_a_frozen_account_keeps_nobody_back(issued: World, several):
    """One of them is frozen: it is refused by name, the others are carried out."""
    placed = await steps.freeze(issued, "account", several[5][1])
    answers = await asyncio.gather(*(retire(issued, each) for each in several))
    refused(answers.pop(5), 409, "frozen", placed["id"])
    assert {201} == {each.status_code for each in answers}


async def test_groups_of_two_processes_meet(issued: World, several):
    """Two applications retire from the same accounts for the same claims at the same time: all are carried out."""
    party = several[0][0]
    own = HeldRole(Role.ENTERPRISE, party.organisation_id)
    call = Call(
        by=Actor(person_id=party.person_id, key_id=1, roles=(own,)),
        operation="retire_credits",
        permitted=frozenset({Role.ENTERPRISE}),
    )

    async def by(process: int, account: int, claim: int) -> int:
        request = RetireRequest(account_id=account, claim_id=claim, quantity_kg=2, reason="two")
        key = f"{process}-{account}"
        made = await retirement.retire(request, call=msgspec.structs.replace(call, key=key), retiring=two[process])
        return made.quantity_kg

    two = [retirement.retiring(issued.db, PROFILE) for _ in range(2)]
    asked = [(account, claim) for _, account, claim in several]
    made = await asyncio.gather(*(by(0, *each) for each in asked), *(by(1, *each) for each in reversed(asked)))
    assert [2] * (2 * RETIREMENTS) == made
    for each in several:
        assert 996 == sum(one["quantity_kg"] for one in await _active(issued, each))


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
