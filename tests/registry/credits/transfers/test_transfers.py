"""Two-phase transfers: offered and held, then accepted, rejected, withdrawn or expired."""

import json
from itertools import product
from typing import Any

import pytest

from registry.credits.transfers import service
from registry.transparency.format.statement import section_digest
from tests.registry.credits import steps
from tests.registry.credits.steps import SMALL_KILN, SMALL_KILN_KG
from tests.worlds import World

FOREST_KG, KILN_KG = 6_396_000, 3_619_000
CODE = "SC-CDCER-0002-2024-01"


async def holdings(world: World, word: str) -> dict[str, int]:
    """Kilograms of one party by state."""
    party = world.party(word)
    found: dict[str, int] = {}
    for each in (await world.get(f"/v1/accounts/{party.account_id}/holdings", by=party.key)).json()["items"]:
        found[each["state"]] = found.get(each["state"], 0) + each["quantity_kg"]
    return found


async def statements(world: World) -> list[dict[str, Any]]:
    """The bodies of all transfer statements."""
    texts = await steps.rows(world, "select note_text from registry.statement where type = 'transfer/v1' order by id")
    return [json.loads(text[0].split("\n")[1]) for text in texts]


async def test_an_offer_is_held_until_it_is_accepted(issued: World):
    """Any kilogram; held with the sender, then active with the receiver, and only then in the log."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    made = await steps.offer(issued, kiln, solar, 47)
    assert ("proposed", 47, [f"{CODE}:1-47kg"]) == (made["state"], made["quantity_kg"], made["serials"])
    assert {"active": KILN_KG - 47, "held": 47} == await holdings(issued, "kiln")
    assert [] == await statements(issued)
    accepted = await issued.ok(f"/v1/transfers/{made['id']}/accept", by=solar.key)
    assert {**made, "state": "accepted", "closed_at": accepted["closed_at"], "awaits": None} == accepted
    assert {"active": KILN_KG - 47} == await holdings(issued, "kiln")
    assert {"active": 47} == await holdings(issued, "solar")


@pytest.mark.parametrize(("verb", "by", "state"), [("reject", "solar", "rejected"), ("withdraw", "kiln", "withdrawn")])
async def test_what_is_not_accepted_goes_back(issued: World, verb: str, by: str, state: str):
    """The sender has every kilogram again, and the log has heard nothing."""
    made = await steps.offer(issued, issued.party("kiln"), issued.party("solar"), 1_000)
    closed = await issued.ok(f"/v1/transfers/{made['id']}/{verb}", by=issued.party(by).key)
    assert state == closed["state"]
    assert {"active": KILN_KG} == await holdings(issued, "kiln")
    assert {} == await holdings(issued, "solar")
    assert [] == await statements(issued)


async def test_an_offer_expires_when_business_time_says_so(issued: World):
    """At its end it cannot be closed by hand any more; housekeeping gives the kilograms back."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    made = await steps.offer(issued, kiln, solar, 1_000)
    assert "2025-01-13T01:00:00Z" == made["expires_at"]
    await steps.at(issued, "2025-01-13T00:59:59Z")
    assert 0 == await service.expire_due(db=issued.db)
    await steps.at(issued, "2025-01-13T01:00:00Z")
    for verb, key in (("accept", solar.key), ("reject", solar.key), ("withdraw", kiln.key)):
        answer = await issued.post(f"/v1/transfers/{made['id']}/{verb}", by=key)
        assert (409, "transfer-expired") == steps.refusal(answer)
    assert 1 == await service.expire_due(db=issued.db)
    assert 0 == await service.expire_due(db=issued.db)
    assert {"active": KILN_KG} == await holdings(issued, "kiln")
    shown = (await issued.get(f"/v1/transfers/{made['id']}", by=kiln.key)).json()
    assert ("expired", "2025-01-13T01:00:00Z") == (shown["state"], shown["closed_at"])
    answer = await issued.post(f"/v1/transfers/{made['id']}/accept", by=solar.key)
    assert (409, "transfer-expired") == steps.refusal(answer)


async def test_an_offer_cannot_end_in_the_past(issued: World):
    """The season stands at 2025-01-06; nothing is held for a refused offer."""
    body = steps.offer_body(issued.party("kiln"), issued.party("solar"), 5, expires_at="2025-01-06T01:00:00Z")
    answer = await issued.post("/v1/transfers", body, by=issued.party("kiln").key)
    assert (409, "transfer-expired") == steps.refusal(answer)
    assert {"active": KILN_KG} == await holdings(issued, "kiln")


async def test_an_offer_is_closed_once(issued: World):
    """Any two of the decisions: the second is refused with what the first one was."""
    by = {"accept": "solar", "reject": "solar", "withdraw": "kiln"}
    for first, second in product(by, by):
        made = await steps.offer(issued, issued.party("kiln"), issued.party("solar"), 10)
        closed = await issued.ok(f"/v1/transfers/{made['id']}/{first}", by=issued.party(by[first]).key)
        answer = await issued.post(f"/v1/transfers/{made['id']}/{second}", by=issued.party(by[second]).key)
        assert (first, second, 409, "transfer-closed") == (first, second, *steps.refusal(answer))
        assert closed["state"] == answer.json()["state"]
    assert {"active": 30} == await holdings(issued, "solar")


async def test_a_serial_from_the_middle_leaves_two_remainders(issued: World):
    """Exactly those kilograms move; before and after them stay two blocks of the sender."""
    made = await steps.give(issued, issued.party("kiln"), issued.party("solar"), 100, serial=f"{CODE}:501-600kg")
    assert [f"{CODE}:501-600kg"] == made["serials"]
    blocks = await steps.rows(
        issued,
        "select b.account_id, lower(b.span) - lower(i.span) + 1 as first, upper(b.span) - lower(i.span) as last"
        " from registry.block b join registry.issuance i on i.id = b.issuance_id where i.code = $1 order by 2",
        CODE,
    )
    kiln, solar = issued.party("kiln").account_id, issued.party("solar").account_id
    assert [(kiln, 1, 500), (solar, 501, 600), (kiln, 601, KILN_KG)] == [tuple(row) for row in blocks]


IMPOSSIBLE: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"serial": f"{CODE}:501-600kg"}, (422, "wrong-quantity")),
    ({"serial": f"{CODE}:3619000-3619001kg"}, (404, "not-found")),
    ({"serial": "SC-CDCER-0009-2024-01:1-2kg"}, (404, "not-found")),
    ({"issuance": "SC-CDCER-0009-2024-01"}, (404, "not-found")),
    ({"serial": "SC-CDCER-0001-2024-01:1-2kg"}, (409, "serial-unavailable")),
    ({"issuance": "SC-CDCER-0001-2024-01"}, (409, "insufficient-credits")),
    ({"serial": f"{CODE}:1-2kg", "issuance": CODE}, (400, "invalid-request")),
    ({"serial": f"{CODE}:01-02kg"}, (400, "invalid-request")),
    ({"serial": f"{CODE}:2-1kg"}, (400, "invalid-request")),
    ({"quantity_kg": KILN_KG + 1}, (409, "insufficient-credits")),
    ({"quantity_kg": 0}, (400, "invalid-request")),
    ({"quantity_kg": -1}, (400, "invalid-request")),
    ({"quantity_kg": 2**63}, (400, "invalid-request")),
    ({"quantity_kg": "two"}, (400, "invalid-request")),
    ({"quantity_kg": 2.5}, (400, "invalid-request")),
    ({"receiver_id": 999}, (404, "not-found")),
    ({"account_id": 999}, (404, "not-found")),
    ({"receiver_id": 1}, (409, "account-closed")),
    ({"more": 1}, (400, "invalid-request")),
    ({"reason": ""}, (400, "invalid-request")),
]
"""What is changed in an offer of 2 kg from the kiln, and the refusal. Account 1 is the buffer."""


async def test_offers_that_cannot_be(issued: World):
    """Wrong serials, quantities and accounts are distinguished, and nothing is held."""
    body = steps.offer_body(issued.party("kiln"), issued.party("solar"), 2)
    for change, expected in IMPOSSIBLE:
        answer = await issued.post("/v1/transfers", {**body, **change}, by=issued.party("kiln").key)
        assert (change, expected) == (change, steps.refusal(answer))
    assert {"active": KILN_KG} == await holdings(issued, "kiln")


async def test_an_account_is_not_on_both_sides(issued: World):
    """To oneself is no transfer."""
    kiln = issued.party("kiln")
    answer = await issued.post("/v1/transfers", steps.offer_body(kiln, kiln, 2), by=kiln.key)
    assert (422, "wrong-account") == steps.refusal(answer)


async def test_held_kilograms_are_not_offered_twice(delivered: World):
    """What an open offer holds is not active; its serials name it as unavailable."""
    forest, bank = delivered.party("forest"), delivered.party("bank")
    offer = await steps.offer(delivered, forest, bank, 5_000)
    active_kg = await delivered.active_kg("forest")
    answer = await delivered.post("/v1/transfers", steps.offer_body(forest, bank, active_kg + 1), by=forest.key)
    assert (409, "insufficient-credits") == steps.refusal(answer)
    assert (active_kg, active_kg + 1) == (answer.json()["held_kg"], answer.json()["wanted_kg"])
    body = steps.offer_body(forest, bank, 5_000, serial=offer["serials"][0])
    answer = await delivered.post("/v1/transfers", body, by=forest.key)
    assert (409, "serial-unavailable", 0) == (*steps.refusal(answer), answer.json()["held_kg"])


async def test_only_the_sender_proposes_and_only_its_sides_see(issued: World):
    """A stranger can neither send what is not theirs nor read or close the offer, whatever its state."""
    kiln, solar, bank = issued.party("kiln"), issued.party("solar"), issued.party("bank")
    answer = await issued.post("/v1/transfers", steps.offer_body(kiln, solar, 5), by=solar.key)
    assert (403, "not-yours") == steps.refusal(answer)
    made = await steps.offer(issued, kiln, solar, 5)
    for state in ("proposed", "accepted"):
        for verb in ("accept", "reject", "withdraw"):
            answer = await issued.post(f"/v1/transfers/{made['id']}/{verb}", by=bank.key)
            assert (state, verb, 403, "not-yours") == (state, verb, *steps.refusal(answer))
        assert (403, "not-yours") == steps.refusal(await issued.get(f"/v1/transfers/{made['id']}", by=bank.key))
        if state == "proposed":
            for verb, key in (("accept", kiln.key), ("reject", kiln.key), ("withdraw", solar.key)):
                answer = await issued.post(f"/v1/transfers/{made['id']}/{verb}", by=key)
                assert (verb, 403, "not-yours") == (verb, *steps.refusal(answer))
            await issued.ok(f"/v1/transfers/{made['id']}/accept", by=solar.key)
    for party in (kiln, solar):
        assert 200 == (await issued.get(f"/v1/transfers/{made['id']}", by=party.key)).status_code
    assert (404, "not-found") == steps.refusal(await issued.post("/v1/transfers/999/accept", by=bank.key))


async def test_a_freeze_stops_offers_and_acceptance(issued: World):
    """On either side, the project or the issuance; other credits move on, and so do these once it is lifted."""
    kiln, solar, forest = issued.party("kiln"), issued.party("solar"), issued.party("forest")
    (issuance,) = await steps.rows(issued, "select id from registry.issuance where code = $1", CODE)
    targets = (
        ("account", kiln.account_id),
        ("account", solar.account_id),
        ("project", issued.season.projects["kiln"]),
        ("issuance", issuance["id"]),
    )
    for target in targets:
        made = await steps.offer(issued, kiln, solar, 5)
        placed = await steps.freeze(issued, *target)
        answer = await issued.post("/v1/transfers", steps.offer_body(kiln, solar, 5), by=kiln.key)
        assert (target, 409, "frozen", placed["id"]) == (
            target,
            *steps.refusal(answer),
            answer.json()["restriction_id"],
        )
        answer = await issued.post(f"/v1/transfers/{made['id']}/accept", by=solar.key)
        assert (target, 409, "frozen") == (target, *steps.refusal(answer))
        await steps.give(issued, forest, issued.party("bank"), 5)
        await steps.lift(issued, placed["id"])
        await issued.ok(f"/v1/transfers/{made['id']}/accept", by=solar.key)
    assert {"active": 20} == await holdings(issued, "solar")


async def test_an_offer_can_be_given_back_under_a_freeze(issued: World):
    """Rejecting and withdrawing move nothing away from the frozen account."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    offers = [await steps.offer(issued, kiln, solar, 5) for _ in range(2)]
    await steps.freeze(issued, "account", kiln.account_id)
    await issued.ok(f"/v1/transfers/{offers[0]['id']}/reject", by=solar.key)
    await issued.ok(f"/v1/transfers/{offers[1]['id']}/withdraw", by=kiln.key)
    assert {"active": KILN_KG} == await holdings(issued, "kiln")


async def test_each_issuance_has_its_statement_with_sealed_sides(issued: World):
    """Over two neighbouring issuances: two statements, whose commitments the stored openings match."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    await steps.issue(issued, "kiln", SMALL_KILN, 2025)
    made = await steps.give(issued, kiln, solar, KILN_KG + SMALL_KILN_KG)
    assert [f"{CODE}:1-{KILN_KG}kg", f"SC-CDCER-0002-2025-01:1-{SMALL_KILN_KG}kg"] == made["serials"]
    found = await statements(issued)
    assert [(f"T-{made['id']}", CODE, KILN_KG), (f"T-{made['id']}", "SC-CDCER-0002-2025-01", SMALL_KILN_KG)] == [
        (each["transfer"], each["issuance"], each["quantity_kg"]) for each in found
    ]
    opened = await steps.rows(
        issued,
        "select o.* from registry.opening o join registry.statement s on s.id = o.statement_id"
        " where s.type = 'transfer/v1' order by s.id, o.label desc",
    )
    owners = [f'{{"organisation":{each.organisation_id}}}' for each in (kiln, solar)]
    assert owners * 2 == [row["text"] for row in opened]
    digests = [section_digest(row["label"], row["salt"], row["text"]) for row in opened]
    assert [each[side] for each in found for side in ("sender", "receiver")] == digests
    assert 4 == len(set(digests)), "a fresh salt each time, so that two transfers of one owner cannot be linked"


async def test_fifo_takes_the_oldest_first(issued: World):
    """What came in first goes out first, whatever was taken before; each side lists its transfers in order."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    first = await steps.give(issued, kiln, solar, 30)
    second = await steps.give(issued, kiln, solar, 20)
    assert [[f"{CODE}:1-30kg"], [f"{CODE}:31-50kg"]] == [first["serials"], second["serials"]]
    back = await steps.give(issued, solar, kiln, 40)
    assert [f"{CODE}:1-40kg"] == back["serials"]
    listed = (await issued.get(f"/v1/accounts/{solar.account_id}/transfers", by=solar.key)).json()["items"]
    assert [first, second, back] == listed
