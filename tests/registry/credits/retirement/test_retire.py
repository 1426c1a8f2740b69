"""Retirement: the end of a kilogram, against a claim."""

import json
from typing import Any

import asyncpg
import pytest

from registry.credits.blocks import rules
from registry.transparency.format.statement import section_digest
from tests.probes import refused
from tests.registry.credits import steps
from tests.registry.credits.steps import SMALL_KILN
from tests.worlds import World

CODE, NEXT_CODE = "SC-CDCER-0002-2024-01", "SC-CDCER-0002-2025-01"
FOREST_CODE = "SC-CDCER-0001-2024-01"
FINAL = "select issuance_id, span, account_id, state from registry.block where state in ('retired', 'cancelled')"


async def statements(world: World) -> list[dict[str, Any]]:
    """The bodies of all retirement statements."""
    texts = await steps.rows(world, "select note_text from registry.statement where type = 'retirement/v1' order by id")
    return [json.loads(text[0].split("\n")[1]) for text in texts]


async def test_a_retirement_is_allocated_to_its_claim(delivered: World):
    """The reply names the receipt and the serials; the claim is covered to the kilogram."""
    scenic = delivered.party("scenic")
    claim = await delivered.event_claim()
    order = await steps.retire(delivered, scenic, claim, 1_200)
    assert 1_200 == order["quantity_kg"]
    assert 1_198_800 == await delivered.active_kg("scenic")
    shown = (await delivered.get(f"/v1/claims/{claim}", by=scenic.key)).json()
    assert (1_200, 0) == (shown["allocated_kg"], shown["missing_kg"])
    (retirement,) = order["retirements"]
    path = f"/v1/retirements/{retirement['receipt_id']}"
    assert retirement == (await delivered.get(path, by=scenic.key)).json()


async def test_fifo_over_two_issuances_is_one_order(issued: World):
    """Two issuances give two statements and two receipts with one order, all in one transaction."""
    solar = issued.party("solar")
    await steps.give(issued, issued.party("kiln"), solar, 30)
    await steps.issue(issued, "kiln", SMALL_KILN, 2025)
    await steps.give(issued, issued.party("kiln"), solar, 50, issuance=NEXT_CODE)
    claim = await issued.contribution("solar")
    order = await steps.retire(issued, solar, claim, 70)
    parts = [(each["issuance"], each["quantity_kg"]) for each in order["retirements"]]
    assert [(CODE, 30), (NEXT_CODE, 40)] == parts
    found = await statements(issued)
    assert parts == [(each["issuance"], each["allocates_kg"]) for each in found]
    assert {order["order_id"]} == {each["order"] for each in found}
    assert [each["receipt_id"] for each in order["retirements"]] == [each["receipt"] for each in found]
    xids = await steps.rows(issued, "select distinct xmin::text from registry.statement where type = 'retirement/v1'")
    assert 1 == len(xids), "one transaction, or a crash could leave half an order"
    assert 10 == await issued.active_kg("solar")


async def test_of_one_issuance_only_that_one_is_taken(delivered: World):
    """The scenic area holds both: the older stays as it is."""
    scenic, claim = delivered.party("scenic"), await delivered.event_claim()
    order = await steps.retire(delivered, scenic, claim, 700, issuance=CODE)
    assert [CODE] == [each["issuance"] for each in order["retirements"]]
    order = await steps.retire(delivered, scenic, claim, 500)
    assert [FOREST_CODE] == [each["issuance"] for each in order["retirements"]]


async def test_by_serial_exactly_those_kilograms_end(issued: World):
    """From the middle of a block; once retired they cannot be named again."""
    solar = issued.party("solar")
    await steps.give(issued, issued.party("kiln"), solar, 1_000)
    claim = await issued.contribution("solar")
    order = await steps.retire(issued, solar, claim, 100, serial=f"{CODE}:401-500kg")
    assert [f"{CODE}:401-500kg"] == order["retirements"][0]["serials"]
    body = steps.retire_body(solar, claim, 2, serial=f"{CODE}:500-501kg")
    answer = await issued.post("/v1/retirements", body, by=solar.key)
    assert (409, "serial-unavailable", 1) == (*steps.refusal(answer), answer.json()["held_kg"])
    rest = await steps.retire(issued, solar, claim, 450)
    assert [f"{CODE}:1-400kg", f"{CODE}:501-550kg"] == rest["retirements"][0]["serials"]


async def scattered(world: World, pieces: int) -> None:
    """Solar has so many pieces of one kilogram each: every other kilogram of a span is the bank's."""
    kiln, solar, bank = world.party("kiln"), world.party("solar"), world.party("bank")
    await steps.give(world, kiln, solar, 2 * pieces)
    spans = await steps.rows(world, "select lower(span) base from registry.issuance where code = $1", CODE)
    owner_moves = (
        "with gone as (delete from registry.block where account_id = $1 returning issuance_id)"
        " insert into registry.block (span, issuance_id, account_id, state)"
        " select int8range($3 + n, $3 + n + 1), issuance_id, case when n % 2 = 0 then $1 else $2 end, 'active'"
        " from gone, generate_series(0, $4::bigint - 1) n"
    )
    await steps.rows(world, owner_moves, solar.account_id, bank.account_id, spans[0]["base"], 2 * pieces)
    await steps.rows(
        world,
        "insert into registry.movement (at, cause, issuance_id, span, from_account_id, from_state, to_account_id,"
        " to_state) select registry.business_now(), 'test', issuance_id, span, $1, 'active', $2, 'active'"
        " from registry.block where account_id = $2",
        solar.account_id,
        bank.account_id,
    )


async def test_scattered_kilograms_are_split_into_statements_of_200_ranges(issued: World):
    """Every second kilogram is somebody else's; 202 of one issuance take two statements."""
    await scattered(issued, 202)
    order = await steps.retire(issued, issued.party("solar"), await issued.contribution("solar"), 202)
    assert [200, 2] == [each["quantity_kg"] for each in order["retirements"]]
    assert [200, 2] == [len(each["ranges"]) for each in await statements(issued)]
    assert 2 == len({each["receipt_id"] for each in order["retirements"]})


async def test_one_request_retires_whatever_lies_in_pieces(issued: World):
    """Three tonnes, each kilogram apart: one order of 15 statements, in one transaction, and nothing is left."""
    await scattered(issued, 3_000)
    solar, claim = issued.party("solar"), await issued.contribution("solar")
    order = await steps.retire(issued, solar, claim, 3_000)
    assert [200] * 15 == [each["quantity_kg"] for each in order["retirements"]]
    found = await steps.rows(issued, "select count(distinct xmin::text) n from registry.retirement")
    assert 1 == found[0]["n"]
    assert 0 == await issued.active_kg("solar")
    shown = (await issued.get(f"/v1/claims/{claim}", by=solar.key)).json()
    assert 3_000 == shown["allocated_kg"]


async def test_a_retirement_of_too_many_pieces_says_how_many_may_come(issued: World, monkeypatch: pytest.MonkeyPatch):
    """There is a limit, so that one request keeps nobody waiting for long."""
    monkeypatch.setattr(rules, "GROUPED_BLOCK_LIMIT", 10)
    monkeypatch.setattr(rules, "RETIRED_BLOCK_LIMIT", 30)
    await scattered(issued, 40)
    solar, claim = issued.party("solar"), await issued.contribution("solar")
    answer = await issued.post("/v1/retirements", steps.retire_body(solar, claim, 40), by=solar.key)
    problem = refused(answer, 409, "too-fragmented", "The oldest 30 pieces", "Ask for at most 30 kg at once.")
    assert (40, 30) == (problem["wanted_kg"], problem["held_kg"])
    assert 30 == (await steps.retire(issued, solar, claim, 30))["quantity_kg"]


async def test_natural_persons_enter_the_log_as_digests_only(delivered: World):
    """Beneficiary and evidence: salted digests in the statement, the text in an opening that can be erased."""
    scenic, claim = delivered.party("scenic"), await delivered.event_claim()
    evidence = "ab" * 32
    await steps.retire(delivered, scenic, claim, 100, beneficiary="Zhang Wei 张伟", evidence=evidence)
    await steps.retire(delivered, scenic, claim, 100, beneficiary="Zhang Wei 张伟", evidence=evidence)
    texts = "".join(row[0] for row in await steps.rows(delivered, "select note_text from registry.statement"))
    assert [False, False, False] == [each in texts for each in ("Zhang", "张伟", evidence)]
    opened = await steps.rows(
        delivered,
        "select o.* from registry.opening o join registry.statement s on s.id = o.statement_id"
        " where s.type = 'retirement/v1' order by s.id, o.label",
    )
    assert ['{"name":"Zhang Wei 张伟"}', f'{{"sha256":"{evidence}"}}'] * 2 == [row["text"] for row in opened]
    digests = [section_digest(row["label"], row["salt"], row["text"]) for row in opened]
    sections = [each["sections"] for each in await statements(delivered)]
    assert digests == [each[label] for each in sections for label in ("beneficiary", "evidence")]
    assert 4 == len(set(digests)), "the same text twice gives other digests"


async def test_a_statement_says_what_for_and_from_where(delivered: World):
    """Project, methodology, vintage and the claim's own statement; a contribution says that it is one."""
    claim = await delivered.contribution("bank")
    await steps.retire(delivered, delivered.party("bank"), claim, 5)
    (made,) = await statements(delivered)
    shown = (await delivered.get(f"/v1/claims/{claim}", by=delivered.party("bank").key)).json()
    assert ("contribution", shown["statement_hash"]) == (made["purpose"], made["claim"])
    assert ("SC-CDCER-0001", "forest-sink/1", 2024, "CN-510100", "none") == (
        made["project"],
        made["methodology"],
        made["vintage"],
        made["host"],
        made["adjustment"],
    )


async def test_only_with_ones_own_account_and_claim(delivered: World):
    """A stranger's account, or a stranger's claim: refused, and nothing is allocated."""
    scenic, bank = delivered.party("scenic"), delivered.party("bank")
    claim = await delivered.event_claim()
    for party, by in ((scenic, bank), (bank, bank), (bank, scenic)):
        answer = await delivered.post("/v1/retirements", steps.retire_body(party, claim, 5), by=by.key)
        assert (403, "not-yours") == steps.refusal(answer)
    answer = await delivered.post("/v1/retirements", steps.retire_body(scenic, 999, 5), by=scenic.key)
    assert (404, "not-found") == steps.refusal(answer)
    assert 0 == (await delivered.get(f"/v1/claims/{claim}", by=scenic.key)).json()["allocated_kg"]


async def test_held_and_retired_kilograms_are_not_retired(issued: World):
    """Only what is active; the refusal leaves the claim as it was."""
    solar = issued.party("solar")
    await steps.give(issued, issued.party("kiln"), solar, 100)
    claim = await issued.contribution("solar")
    await steps.offer(issued, solar, issued.party("bank"), 40)
    await steps.retire(issued, solar, claim, 20)
    answer = await issued.post("/v1/retirements", steps.retire_body(solar, claim, 41), by=solar.key)
    assert (409, "insufficient-credits", 40) == (*steps.refusal(answer), answer.json()["held_kg"])
    assert 20 == (await issued.get(f"/v1/claims/{claim}", by=solar.key)).json()["allocated_kg"]


async def test_a_frozen_account_does_not_retire(delivered: World):
    """Nor a frozen issuance; other credits of the account are free."""
    scenic, claim = delivered.party("scenic"), await delivered.event_claim()
    (forest,) = await steps.rows(delivered, "select id from registry.issuance where code = $1", FOREST_CODE)
    placed = await steps.freeze(delivered, "issuance", forest["id"])
    answer = await delivered.post("/v1/retirements", steps.retire_body(scenic, claim, 5), by=scenic.key)
    assert (409, "frozen", placed["id"]) == (*steps.refusal(answer), answer.json()["restriction_id"])
    await steps.retire(delivered, scenic, claim, 5, issuance=CODE)
    await steps.freeze(delivered, "account", scenic.account_id)
    body = steps.retire_body(scenic, claim, 5, issuance=CODE)
    assert (409, "frozen") == steps.refusal(await delivered.post("/v1/retirements", body, by=scenic.key))


async def test_what_is_final_stays(delivered: World):
    """Even the tables' owner cannot move a retired block: the trigger refuses."""
    scenic, claim = delivered.party("scenic"), await delivered.event_claim()
    await steps.retire(delivered, scenic, claim, 5)
    before = await steps.rows(delivered, FINAL)
    for change in ("update registry.block set state = 'active'", "delete from registry.block"):
        with pytest.raises(asyncpg.CheckViolationError, match="that is final"):
            await steps.rows(delivered, f"{change} where state = 'retired'")
    assert before == await steps.rows(delivered, FINAL)


async def test_retirements_are_public(delivered: World):
    """Anybody lists them, against one claim too, without the beneficiary and the reason."""
    scenic, bank = delivered.party("scenic"), delivered.party("bank")
    event, contribution = await delivered.event_claim(), await delivered.contribution("bank")
    one = await steps.retire(delivered, scenic, event, 5, beneficiary="Somebody")
    two = await steps.retire(delivered, bank, contribution, 6)
    listed = (await delivered.get("/v1/retirements")).json()["items"]
    first, second = ([{**each, "reason": None} for each in order["retirements"]] for order in (one, two))
    assert [*first, *second] == listed
    assert second == (await delivered.get(f"/v1/retirements?claim_id={contribution}")).json()["items"]
    assert (404, "not-found") == steps.refusal(await delivered.get("/v1/retirements/R-NONE"))
