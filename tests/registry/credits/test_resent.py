"""The same request once more: the same answer byte for byte, and nothing happens twice."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from deploy.scenarios.cast import EVENT
from tests.registry.credits import steps
from tests.registry.credits.steps import SMALL_KILN
from tests.worlds import World

TABLES = (
    "issuance",
    "block",
    "hold",
    "movement",
    "transfer",
    "retirement",
    "cancellation",
    "footprint",
    "claim",
    "statement",
    "opening",
    "approval",
    "idempotency",
)


class Write(NamedTuple):
    """One write: where, what (and another body), and by whose key."""

    path: str
    body: Any
    other: Any
    by: str


async def issue(world: World) -> Write:
    """By the second regulator."""
    report = await steps.verified_report(world, "kiln", SMALL_KILN, 2025)
    body = steps.issue_body(report, world.party("kiln").account_id)
    made = await world.ok("/v1/approvals", {"body": body, "reason": "test"}, by=world.regulators[0])
    order = {"approval_id": made["id"], "body": body}
    return Write("/v1/issuances", order, {**order, "approval_id": made["id"] + 1}, world.regulators[1])


async def propose(world: World) -> Write:
    """An offer."""
    bank = world.party("bank")
    body = steps.offer_body(bank, world.party("solar"), 10)
    return Write("/v1/transfers", body, {**body, "quantity_kg": 11}, bank.key)


def close(verb: str) -> Callable[[World], Awaitable[Write]]:
    """One way to close an offer; its other body is the same path with any body at all."""

    async def closing(world: World) -> Write:
        bank, solar = world.party("bank"), world.party("solar")
        made = await steps.offer(world, bank, solar, 10)
        by = bank if verb == "withdraw" else solar
        return Write(f"/v1/transfers/{made['id']}/{verb}", None, {"more": 1}, by.key)

    return closing


async def cancel(world: World) -> Write:
    """A cancellation."""
    bank = world.party("bank")
    body = {"account_id": bank.account_id, "quantity_kg": 10, "reason": "test"}
    return Write("/v1/cancellations", body, {**body, "reason": "other"}, bank.key)


async def retire(world: World) -> Write:
    """A retirement over two issuances."""
    scenic = world.party("scenic")
    body = steps.retire_body(scenic, await world.contribution("scenic"), 1_000_100, beneficiary="Somebody")
    return Write("/v1/retirements", body, {**body, "beneficiary": "Somebody else"}, scenic.key)


async def footprint(world: World) -> Write:
    """A footprint."""
    scenic = world.party("scenic")
    body = {
        "organisation_id": scenic.organisation_id,
        "request": {"profile": "chengdu-event", "items": list(EVENT)},
    }
    other = {**body, "request": {"profile": "chengdu-event", "items": list(EVENT[1:])}}
    return Write("/v1/footprints", body, other, scenic.key)


async def claim(world: World) -> Write:
    """A contribution claim with a natural person, who is sealed with a fresh salt."""
    scenic = world.party("scenic")
    body = {
        "organisation_id": scenic.organisation_id,
        "type": "contribution",
        "subject": "A contribution",
        "begins": "2024-01-01T00:00:00Z",
        "ends": "2024-12-31T00:00:00Z",
        "boundary": "none",
        "responsible_person": "Somebody",
        "exclusive": False,
    }
    return Write("/v1/claims", body, {**body, "subject": "Another"}, scenic.key)


WRITES = {
    "issue_credits": issue,
    "propose_transfer": propose,
    "accept_transfer": close("accept"),
    "reject_transfer": close("reject"),
    "withdraw_transfer": close("withdraw"),
    "cancel_credits": cancel,
    "retire_credits": retire,
    "create_footprint": footprint,
    "create_claim": claim,
}


async def contents(world: World) -> dict[str, Any]:
    """Every row of the tables that a write could touch, as text."""
    return {
        table: [row[0] for row in await steps.rows(world, f"select t::text from registry.{table} t order by 1")]
        for table in TABLES
    }


@pytest.mark.parametrize("prepare", WRITES.values(), ids=WRITES)
async def test_a_resent_write_is_answered_again_and_not_done_again(
    delivered: World, prepare: Callable[[World], Awaitable[Write]]
):
    """The same key and body replay; the same key with another body is 422 and changes nothing."""
    write = await prepare(delivered)
    first = await delivered.post(write.path, write.body, by=write.by, key="once")
    assert 201 == first.status_code, first.text
    after = await contents(delivered)
    again = await delivered.post(write.path, write.body, by=write.by, key="once")
    assert (201, first.content) == (again.status_code, again.content)
    other = await delivered.post(write.path, write.other, by=write.by, key="once")
    assert (422, "idempotency-key-reused") == steps.refusal(other)
    assert after == await contents(delivered)


async def test_a_refused_request_can_be_sent_again(delivered: World):
    """Nothing is remembered of a refusal: the same key is free once it can be carried out."""
    bank, solar = delivered.party("bank"), delivered.party("solar")
    placed = await steps.freeze(delivered, "account", bank.account_id)
    body = steps.offer_body(bank, solar, 10)
    refused = await delivered.post("/v1/transfers", body, by=bank.key, key="once")
    assert (409, "frozen") == steps.refusal(refused)
    await steps.lift(delivered, placed["id"])
    assert 201 == (await delivered.post("/v1/transfers", body, by=bank.key, key="once")).status_code


async def test_a_key_belongs_to_its_person_and_operation(delivered: World):
    """Two people, or two operations, may choose the same key."""
    bank, solar = delivered.party("bank"), delivered.party("solar")
    for sender, receiver in ((bank, solar), (solar, bank)):
        made = await delivered.post("/v1/transfers", steps.offer_body(sender, receiver, 5), by=sender.key, key="k")
        assert 201 == made.status_code
    body = {"account_id": bank.account_id, "quantity_kg": 5, "reason": "test"}
    assert 201 == (await delivered.post("/v1/cancellations", body, by=bank.key, key="k")).status_code
