"""Two at once, at what two people decide: approvals, issuances, freezes, and the same request sent twice."""

import asyncio

import pytest

from tests.races.ring import ISSUED_KG, Ring
from tests.races.test_ledger_races import ACCOUNTS, BLOCKS, Contender, offer, outcome, race, waits
from tests.registry.credits import steps

APPROVALS = "select from registry.approval for update"


async def proposed(ring: Ring, body: dict[str, object]) -> dict[str, object]:
    """The first regulator's half; answers what a second one sends."""
    made = await ring.world.ok("/v1/approvals", {"body": body, "reason": "test"}, by=ring.world.regulators[0])
    return {"approval_id": made["id"], "body": body}


def grant(ring: Ring) -> dict[str, object]:
    """A further role for the maker's person."""
    return {
        "operation": "grant_role",
        "person_id": ring.maker.person_id,
        "organisation_id": ring.maker.organisation_id,
        "role": "member",
    }


async def test_an_approval_is_used_by_one_of_two_second_people(races: Ring):
    """Both are entitled, both have checked: one grant."""
    order = await proposed(races, grant(races))
    seconds = (races.world.regulators[1], races.third_regulator)
    answers = await race(races, [races.world.post("/v1/grants", order, by=each) for each in seconds], APPROVALS)
    assert [(201, ""), (409, "approval-closed")] == outcome(answers)


async def test_an_approval_is_used_once_under_two_keys(races: Ring):
    """The same person, two idempotency keys: two requests, and one grant."""
    order = await proposed(races, grant(races))
    contenders = [races.world.post("/v1/grants", order, by=races.world.regulators[1]) for _ in range(2)]
    assert [(201, ""), (409, "approval-closed")] == outcome(await race(races, contenders, APPROVALS))


async def test_a_report_is_issued_by_one_of_two_approvals(races: Ring):
    """Two approvals for one report, carried out at once by two people."""
    body = steps.issue_body(races.reports[1], races.maker.account_id)
    orders = [await proposed(races, body) for _ in range(2)]
    seconds = (races.world.regulators[1], races.third_regulator)
    contenders = [
        races.world.post("/v1/issuances", order, by=each) for order, each in zip(orders, seconds, strict=True)
    ]
    answers = await race(races, contenders, "select from registry.monitoring_report for update")
    assert [(201, ""), (409, "wrong-state")] == outcome(answers)
    assert 2 * ISSUED_KG == await races.world.active_kg(races.maker)


async def test_two_issuances_follow_each_other_on_the_line(races: Ring):
    """Two reports at once: both are issued, neither takes the other's numbers nor its sequence."""
    body = {"owner_id": races.maker.organisation_id, "name": "Second account"}
    other = await races.world.ok("/v1/accounts", body, by=races.world.regulators[0])
    accounts = (races.maker.account_id, other["id"])  # or the lock of the account would make them follow each other
    orders = [
        await proposed(races, steps.issue_body(report, account))
        for report, account in zip(races.reports[1:], accounts, strict=True)
    ]
    contenders = [races.world.post("/v1/issuances", each, by=races.world.regulators[1]) for each in orders]
    answers = await race(races, contenders, "select from registry.number_line for update")
    assert [(201, ""), (201, "")] == outcome(answers)
    assert 2 * ISSUED_KG == await races.world.active_kg(races.maker)


@pytest.mark.parametrize("path", ["/v1/transfers", "/v1/cancellations"])
async def test_the_same_request_in_flight_is_refused_at_once(races: Ring, path: str):
    """
    The first waits for a lock; the second does not queue behind it, and resent later it replays the answer.

    An offer remembers its key last, a cancellation (as a retirement) first: two ways through `Database.once`.
    """
    body = steps.offer_body(races.maker, races.buyers[0], 10)
    if path == "/v1/cancellations":
        del body["receiver_id"]

    def sent() -> Contender:
        return races.world.post(path, body, by=races.maker.key, key="the-same")

    async with races.gate(ACCOUNTS, until_waiting=1):
        first = asyncio.create_task(sent())
        await races.until(lambda: waits(races, 1))
        second = asyncio.create_task(sent())

        async def it_waits_or_is_answered() -> bool:
            return second.done() or await races.waiting() == 2

        await races.until(it_waits_or_is_answered)
    answered = await first
    assert [(201, ""), (409, "request-in-flight")] == outcome([answered, await second])
    again = await sent()
    assert (201, answered.content) == (again.status_code, again.content)
    assert ISSUED_KG - 10 == await races.world.active_kg(races.maker)


@pytest.mark.parametrize("scope", ["account", "project", "issuance"])
async def test_a_freeze_waits_for_work_under_way(races: Ring, scope: str):
    """An offer has passed the check and is about to move: the freeze is not answered before it has."""
    target = races.maker.account_id if scope == "account" else 1
    body = {"scope": scope, "target_id": target, "reason": "test"}
    async with races.gate(BLOCKS, until_waiting=1):
        offering = asyncio.create_task(offer(races, 10))
        await races.until(lambda: waits(races, 1))
        freezing = asyncio.create_task(races.world.post("/v1/restrictions", body, by=races.world.regulators[0]))

        async def it_waits_or_is_answered() -> bool:
            return freezing.done() or await races.waiting() == 2

        await races.until(it_waits_or_is_answered)
        answered_early = freezing.done()
    assert [(201, ""), (201, "")] == outcome([await offering, await freezing])
    assert not answered_early, "the freeze was answered, and then the kilograms moved"


async def test_what_waited_for_a_freeze_sees_it(races: Ring):
    """The freeze is first in the queue: the offer behind it reads it, because it looks after its locks."""
    body = {"scope": "account", "target_id": races.maker.account_id, "reason": "test"}
    shared = "select pg_advisory_xact_lock_shared(hashtextextended('restriction', 0))"
    async with races.gate(shared, until_waiting=2):
        freezing = asyncio.create_task(races.world.post("/v1/restrictions", body, by=races.world.regulators[0]))
        await races.until(lambda: waits(races, 1))
        offering = asyncio.create_task(offer(races, 10))
    assert [(201, ""), (409, "frozen")] == outcome([await freezing, await offering])
