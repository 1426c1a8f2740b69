"""Two at once, at what two people decide: approvals, issuances, freezes, and the same request sent twice."""

import asyncio

import pytest

from tests.races.race_region import ISSUED_KG, RaceRegion
from tests.races.test_ledger_races import ACCOUNTS, BLOCKS, Contender, are_waiting, offer, outcome, race
from tests.registry.credits import steps

APPROVALS = "select from registry.approval for update"


async def proposed(region: RaceRegion, body: dict[str, object]) -> dict[str, object]:
    """Propose as the first regulator; returns the body that a second one sends."""
    made = await region.world.ok("/v1/approvals", {"body": body, "reason": "test"}, by=region.world.regulators[0])
    return {"approval_id": made["id"], "body": body}


def grant(region: RaceRegion) -> dict[str, object]:
    """A further role for the maker's person."""
    return {
        "operation": "grant_role",
        "person_id": region.maker.person_id,
        "organisation_id": region.maker.organisation_id,
        "role": "member",
    }


async def test_an_approval_is_used_by_one_of_two_second_people(region: RaceRegion):
    """Both are entitled, both have checked: one grant."""
    order = await proposed(region, grant(region))
    seconds = (region.world.regulators[1], region.third_regulator)
    answers = await race(region, [region.world.post("/v1/grants", order, by=each) for each in seconds], APPROVALS)
    assert [(201, ""), (409, "approval-closed")] == outcome(answers)


async def test_an_approval_is_used_once_under_two_keys(region: RaceRegion):
    """The same person, two idempotency keys: two requests, and one grant."""
    order = await proposed(region, grant(region))
    contenders = [region.world.post("/v1/grants", order, by=region.world.regulators[1]) for _ in range(2)]
    assert [(201, ""), (409, "approval-closed")] == outcome(await race(region, contenders, APPROVALS))


async def test_a_report_is_issued_by_one_of_two_approvals(region: RaceRegion):
    """Two approvals for one report, carried out at once by two people."""
    body = steps.issue_body(region.reports[1], region.maker.account_id)
    orders = [await proposed(region, body) for _ in range(2)]
    seconds = (region.world.regulators[1], region.third_regulator)
    contenders = [
        region.world.post("/v1/issuances", order, by=each) for order, each in zip(orders, seconds, strict=True)
    ]
    answers = await race(region, contenders, "select from registry.monitoring_report for update")
    assert [(201, ""), (409, "wrong-state")] == outcome(answers)
    assert 2 * ISSUED_KG == await region.world.active_kg(region.maker)


async def test_two_issuances_follow_each_other_on_the_line(region: RaceRegion):
    """Two reports at once: both are issued, neither takes the other's numbers nor its sequence."""
    body = {"owner_id": region.maker.organisation_id, "name": "Second account"}
    other = await region.world.ok("/v1/accounts", body, by=region.world.regulators[0])
    accounts = (region.maker.account_id, other["id"])  # or the lock of the account would make them follow each other
    orders = [
        await proposed(region, steps.issue_body(report, account))
        for report, account in zip(region.reports[1:], accounts, strict=True)
    ]
    contenders = [region.world.post("/v1/issuances", each, by=region.world.regulators[1]) for each in orders]
    answers = await race(region, contenders, "select from registry.number_line for update")
    assert [(201, ""), (201, "")] == outcome(answers)
    assert 2 * ISSUED_KG == await region.world.active_kg(region.maker)


@pytest.mark.parametrize("path", ["/v1/transfers", "/v1/cancellations"])
async def test_the_same_request_in_flight_is_refused_at_once(region: RaceRegion, path: str):
    """
    The first waits for a lock; the second does not queue behind it, and resent later it replays the answer.

    An offer remembers its key last, a cancellation first: two ways through `once`.
    """
    body = steps.offer_body(region.maker, region.buyers[0], 10)
    if path == "/v1/cancellations":
        del body["receiver_id"]

    def sent() -> Contender:
        return region.world.post(path, body, by=region.maker.key, key="the-same")

    async with region.gate(ACCOUNTS, until_waiting=1):
        first = asyncio.create_task(sent())
        await region.until(lambda: are_waiting(region, 1))
        second = asyncio.create_task(sent())

        async def it_waits_or_is_answered() -> bool:
            return second.done() or await region.waiting_sessions() == 2

        await region.until(it_waits_or_is_answered)
    answered = await first
    assert [(201, ""), (409, "request-in-flight")] == outcome([answered, await second])
    again = await sent()
    assert (201, answered.content) == (again.status_code, again.content)
    assert ISSUED_KG - 10 == await region.world.active_kg(region.maker)


@pytest.mark.parametrize("scope", ["account", "project", "issuance"])
async def test_a_freeze_waits_for_work_under_way(region: RaceRegion, scope: str):
    """An offer has passed the check and is about to move: the freeze is not answered before it has."""
    target = region.maker.account_id if scope == "account" else 1
    body = {"scope": scope, "target_id": target, "reason": "test"}
    async with region.gate(BLOCKS, until_waiting=1):
        offering = asyncio.create_task(offer(region, 10))
        await region.until(lambda: are_waiting(region, 1))
        freezing = asyncio.create_task(region.world.post("/v1/restrictions", body, by=region.world.regulators[0]))

        async def it_waits_or_is_answered() -> bool:
            return freezing.done() or await region.waiting_sessions() == 2

        await region.until(it_waits_or_is_answered)
        answered_early = freezing.done()
    assert [(201, ""), (201, "")] == outcome([await offering, await freezing])
    assert not answered_early, "the freeze was answered, and then the kilograms moved"


async def test_what_waited_for_a_freeze_sees_it(region: RaceRegion):
    """The freeze is first in the queue: the offer behind it reads it, because it looks after its locks."""
    body = {"scope": "account", "target_id": region.maker.account_id, "reason": "test"}
    shared = "select pg_advisory_xact_lock_shared(hashtextextended('restriction', 0))"
    async with region.gate(shared, until_waiting=2):
        freezing = asyncio.create_task(region.world.post("/v1/restrictions", body, by=region.world.regulators[0]))
        await region.until(lambda: are_waiting(region, 1))
        offering = asyncio.create_task(offer(region, 10))
    assert [(201, ""), (409, "frozen")] == outcome([await freezing, await offering])
