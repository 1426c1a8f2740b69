"""Cancellation: the end of a kilogram without a claim."""

from tests.registry.credits import steps
from tests.registry.credits.steps import SMALL_KILN
from tests.worlds import World

CODE, NEXT_CODE = "SC-CDCER-0002-2024-01", "SC-CDCER-0002-2025-01"


def body(world: World, word: str, quantity_kg: int, **more: object) -> dict[str, object]:
    """A cancellation from one party's account."""
    return {
        "account_id": world.party(word).account_id,
        "quantity_kg": quantity_kg,
        "reason": "Voluntary, for the air 自愿",
        **more,
    }


async def test_cancelled_kilograms_are_gone_and_public(issued: World):
    """The reason is published; the totals still add up."""
    kiln = issued.party("kiln")
    made = await issued.ok("/v1/cancellations", body(issued, "kiln", 47), by=kiln.key)
    assert (47, [f"{CODE}:1-47kg"]) == (made["quantity_kg"], made["serials"])
    assert made == (await issued.get(f"/v1/cancellations/{made['order_id']}", by=kiln.key)).json()
    found = (await issued.get(f"/v1/issuances/{CODE}/conservation")).json()
    assert (47, 3_618_953, True) == (found["cancelled_kg"], found["outstanding_kg"], found["conserved"])
    (text,) = await steps.rows(issued, "select note_text from registry.statement where type = 'cancellation/v1'")
    assert "Voluntary, for the air 自愿" in text[0]


async def test_over_two_issuances_each_has_its_statement(issued: World):
    """One order, two statements, by serial order of issue."""
    await steps.issue(issued, "kiln", SMALL_KILN, 2025)
    quantity_kg = 3_619_000 + 1
    kiln = issued.party("kiln")
    made = await issued.ok("/v1/cancellations", body(issued, "kiln", quantity_kg), by=kiln.key)
    assert [f"{CODE}:1-3619000kg", f"{NEXT_CODE}:1-1kg"] == made["serials"]
    found = await steps.rows(issued, "select id from registry.statement where type = 'cancellation/v1'")
    assert 2 == len(found)


async def test_what_cannot_be_cancelled(delivered: World):
    """Other people's, held and cancelled kilograms, the buffer's, and those of a frozen account."""
    forest, bank = delivered.party("forest"), delivered.party("bank")
    answer = await delivered.post("/v1/cancellations", body(delivered, "forest", 5), by=bank.key)
    assert (403, "not-yours") == steps.refusal(answer)
    offer = await steps.offer(delivered, forest, bank, 119_000)
    held = body(delivered, "forest", 119_000, serial=offer["serials"][0])
    assert (409, "serial-unavailable") == steps.refusal(await delivered.post("/v1/cancellations", held, by=forest.key))
    buffered = body(delivered, "forest", 1, serial="SC-CDCER-0001-2024-01:7107000-7107000kg")
    answer = await delivered.post("/v1/cancellations", buffered, by=forest.key)
    assert (409, "serial-unavailable") == steps.refusal(answer)
    too_much = body(delivered, "bank", 981_001)
    answer = await delivered.post("/v1/cancellations", too_much, by=bank.key)
    assert (409, "insufficient-credits", 981_000) == (*steps.refusal(answer), answer.json()["held_kg"])
    await steps.freeze(delivered, "account", bank.account_id)
    answer = await delivered.post("/v1/cancellations", body(delivered, "bank", 5), by=bank.key)
    assert (409, "frozen") == steps.refusal(answer)


async def test_whose_a_cancellation_was_is_its_owners_to_see(delivered: World):
    """Anybody sees what was cancelled and why, as in the log; the account its owner and overseers; unknown is 404."""
    bank = delivered.party("bank")
    made = await delivered.ok("/v1/cancellations", body(delivered, "bank", 5), by=bank.key)
    path = f"/v1/cancellations/{made['order_id']}"
    readers = {"": None, delivered.party("solar").key: None, bank.key: bank.account_id}
    readers[delivered.regulators[0]] = bank.account_id
    for key, account_id in readers.items():
        assert {**made, "account_id": account_id} == (await delivered.get(path, by=key)).json()
        listed = (await delivered.get("/v1/cancellations?order=newest", by=key)).json()["items"]
        assert [{**made, "account_id": account_id}] == listed
    assert [] == (await delivered.get("/v1/cancellations?to=2024-01-01")).json()["items"]
    assert (404, "not-found") == steps.refusal(await delivered.get("/v1/cancellations/X-NONE", by=bank.key))
