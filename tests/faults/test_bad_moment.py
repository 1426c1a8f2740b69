"""Requests that are well-formed and cannot be carried out now, or not by this person: refused with the numbers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from tests.probes import refused, unchanged
from tests.worlds import World


def serial(world: World, word: str, first: int, last: int) -> str:
    """The serial of kilograms *first* to *last* of an issuance of the season."""
    return f"{world.season.issuances[word]}:{first}-{last}kg"


def some(world: World, who: str, quantity_kg: int = 1, **more: Any) -> dict[str, Any]:
    """So many kilograms of one party's account."""
    return {"account_id": world.party(who).account_id, "quantity_kg": quantity_kg, "reason": "test", **more}


async def cancel(world: World, who: str, **body: Any) -> httpx.Response:
    """Cancel as one party."""
    return await world.post("/v1/cancellations", body, by=world.party(who).key)


FOREIGN = ("/v1/cancellations", "/v1/transfers", "/v1/retirements")


@pytest.mark.parametrize("path", FOREIGN)
async def test_a_foreign_account(delivered: World, path: str):
    """Nobody disposes of what another organisation holds: the refusal reveals neither its owner nor its balance."""
    claim = await delivered.contribution("bank")
    more: dict[str, Any] = {"/v1/transfers": {"receiver_id": delivered.party("bank").account_id}}.get(path, {})
    more = {"claim_id": claim} if path == "/v1/retirements" else more
    async with unchanged(delivered):
        answer = await delivered.post(path, some(delivered, "car", **more), by=delivered.party("bank").key)
    refused(answer, 403, "not-yours", "another organisation")


async def test_a_foreign_claim(delivered: World):
    """Nobody covers another organisation's claim in its name."""
    claim = await delivered.contribution("car")
    async with unchanged(delivered):
        answer = await delivered.post(
            "/v1/retirements", some(delivered, "bank", claim_id=claim), by=delivered.party("bank").key
        )
    refused(answer, 403, "not-yours", "another organisation")


async def test_a_foreign_footprint(delivered: World):
    """A claim is made on one's own footprint."""
    claim = await delivered.event_claim()
    shown = (await delivered.get(f"/v1/claims/{claim}", by=delivered.party("scenic").key)).json()
    bank = delivered.party("bank")
    body = {"organisation_id": bank.organisation_id, "type": "event", "footprint_id": shown["footprint_id"]}
    period = {"begins": "2025-01-01T00:00:00Z", "ends": "2025-01-02T00:00:00Z", "boundary": "hall", "exclusive": True}
    async with unchanged(delivered):
        answer = await delivered.post(
            "/v1/claims", {**body, **period, "subject": "Theirs", "reduction_plan": "None"}, by=bank.key
        )
    refused(answer, 403, "not-yours", "another organisation")


async def test_kilograms_of_somebody_else(delivered: World):
    """A serial that is active in another account is not available in one's own."""
    bank_holds_none_of_the_kiln = serial(delivered, "kiln", 1, 100)
    async with unchanged(delivered):
        answer = await cancel(delivered, "bank", **some(delivered, "bank", 100, serial=bank_holds_none_of_the_kiln))
    refused(answer, 409, "serial-unavailable", "100 kg", "0 kg are active")


async def test_retired_kilograms(issued: World):
    """What was retired is retired: the overlap is counted."""
    forest = issued.party("forest")
    await issued.ok(
        "/v1/grants", await _enterprise(issued, forest.person_id, forest.organisation_id), by=issued.regulators[1]
    )
    claim = await issued.contribution(forest)
    named = serial(issued, "forest", 1, 50)
    await issued.ok("/v1/retirements", some(issued, "forest", 50, claim_id=claim, serial=named), by=forest.key)
    async with unchanged(issued):
        again = some(issued, "forest", 60, serial=serial(issued, "forest", 1, 60))
        refused(await cancel(issued, "forest", **again), 409, "serial-unavailable", "60 kg", "10 kg are active")
        retired = some(issued, "forest", 50, claim_id=claim, serial=named)
        answer = await issued.post("/v1/retirements", retired, by=forest.key)
    refused(answer, 409, "serial-unavailable", "50 kg", "0 kg are active")


async def _enterprise(world: World, person_id: int, organisation_id: int) -> dict[str, Any]:
    body = {"operation": "grant_role", "person_id": person_id, "organisation_id": organisation_id, "role": "enterprise"}
    proposed = await world.ok("/v1/approvals", {"body": body, "reason": "test"}, by=world.regulators[0])
    return {"approval_id": proposed["id"], "body": body}


async def test_held_kilograms(issued: World):
    """What is offered to somebody cannot be offered, cancelled or retired meanwhile."""
    named = serial(issued, "forest", 101, 200)
    offer = some(issued, "forest", 100, serial=named, receiver_id=issued.party("bank").account_id)
    await issued.ok("/v1/transfers", offer, by=issued.party("forest").key)
    async with unchanged(issued):
        answer = await issued.post("/v1/transfers", offer, by=issued.party("forest").key)
        refused(answer, 409, "serial-unavailable", "100 kg", "0 kg are active")
        refused(await cancel(issued, "forest", **some(issued, "forest", 100, serial=named)), 409, "serial-unavailable")


async def test_buffer_kilograms(issued: World):
    """The last tenth of a forest's issuance is in the buffer, which nobody disposes of."""
    named = serial(issued, "forest", 7_107_000, 7_107_000)
    async with unchanged(issued):
        answer = await cancel(issued, "forest", **some(issued, "forest", serial=named))
    refused(answer, 409, "serial-unavailable", "0 kg are active")


@pytest.mark.parametrize(("first", "last", "quantity"), [(1, 10, 9), (1, 10, 11), (5, 5, 2)])
async def test_a_serial_of_another_size(issued: World, first: int, last: int, quantity: int):
    """Serial and quantity say the same, or nothing happens."""
    named = serial(issued, "forest", first, last)
    async with unchanged(issued):
        answer = await cancel(issued, "forest", **some(issued, "forest", quantity, serial=named))
    refused(answer, 422, "wrong-quantity", named, last - first + 1, quantity)


async def test_a_kilogram_that_was_never_issued(issued: World):
    """The issuance ends before it."""
    named = serial(issued, "forest", 7_107_001, 7_107_001)
    async with unchanged(issued):
        answer = await cancel(issued, "forest", **some(issued, "forest", serial=named))
    refused(answer, 404, "not-found", 7_107_000, 7_107_001)


async def test_more_than_is_held(delivered: World):
    """Both numbers and the difference."""
    async with unchanged(delivered):
        answer = await cancel(delivered, "bank", **some(delivered, "bank", 981_001))
    refused(answer, 409, "insufficient-credits", 981_000, 981_001, "1 kg are missing")


async def test_an_over_claim(delivered: World):
    """One kilogram more than the event owes is refused; what it owes is not, and then nothing more is."""
    claim = await delivered.event_claim()
    scenic = delivered.party("scenic")
    async with unchanged(delivered):
        body = some(delivered, "scenic", 1_201, claim_id=claim)
        answer = await delivered.post("/v1/retirements", body, by=scenic.key)
    refused(answer, 409, "over-claimed", 1_200, 1_201, "1 kg too much")
    await delivered.ok("/v1/retirements", some(delivered, "scenic", 1_200, claim_id=claim), by=scenic.key)
    async with unchanged(delivered):
        answer = await delivered.post("/v1/retirements", some(delivered, "scenic", 1, claim_id=claim), by=scenic.key)
    refused(answer, 409, "over-claimed", "has 1200 kg", "at most 0 kg")


@pytest.mark.parametrize("how", ["accept", "reject", "withdraw"])
async def test_an_expired_transfer(issued: World, how: str):
    """From its last instant on nobody closes it by hand, and the refusal says when that was."""
    forest, bank = issued.party("forest"), issued.party("bank")
    body = some(issued, "forest", receiver_id=bank.account_id, expires_at="2025-01-07T00:00:00Z")
    offer = await issued.ok("/v1/transfers", body, by=forest.key)
    await issued.ok("/v1/clock", {"at": "2025-01-07T00:00:00Z"}, by=issued.regulators[0])
    async with unchanged(issued):
        answer = await issued.post(f"/v1/transfers/{offer['id']}/{how}", by=(forest if how == "withdraw" else bank).key)
    refused(answer, 409, "transfer-expired", offer["id"], "2025-01-07 00:00Z")


async def test_a_transfer_is_closed_once(issued: World):
    """After a rejection there is nothing to accept."""
    forest, bank = issued.party("forest"), issued.party("bank")
    offer = await issued.ok("/v1/transfers", some(issued, "forest", receiver_id=bank.account_id), by=forest.key)
    await issued.ok(f"/v1/transfers/{offer['id']}/reject", by=bank.key)
    async with unchanged(issued):
        answer = await issued.post(f"/v1/transfers/{offer['id']}/accept", by=bank.key)
    refused(answer, 409, "transfer-closed", "rejected")


async def test_a_frozen_account(delivered: World):
    """409 with the freeze and its reason."""
    bank = delivered.party("bank")
    body = {"scope": "account", "target_id": bank.account_id, "reason": "under review"}
    await delivered.ok("/v1/restrictions", body, by=delivered.regulators[0])
    async with unchanged(delivered):
        refused(await cancel(delivered, "bank", **some(delivered, "bank")), 409, "frozen", bank.account_id, "review")


async def test_a_key_with_another_body(delivered: World):
    """A reused idempotency key is never answered with somebody else's result."""
    bank = delivered.party("bank")
    first = await delivered.post("/v1/cancellations", some(delivered, "bank", 5), by=bank.key, key="mine")
    async with unchanged(delivered):
        answer = await delivered.post("/v1/cancellations", some(delivered, "bank", 6), by=bank.key, key="mine")
    assert 201 == first.status_code
    refused(answer, 422, "idempotency-key-reused", "mine", "cancel_credits")


async def test_a_key_is_one_persons(delivered: World):
    """Two people may happen to choose the same key."""
    answers = [
        await delivered.post("/v1/cancellations", some(delivered, who), by=delivered.party(who).key, key="the-same")
        for who in ("bank", "car")
    ]
    assert [201, 201] == [answer.status_code for answer in answers]
    assert 2 == len({answer.json()["order_id"] for answer in answers})


@asynccontextmanager
async def account_held(world: World, who: str) -> AsyncIterator[asyncpg.Connection]:
    """The row of one account is locked by somebody else inside."""
    owner = await asyncpg.connect(world.dsn)
    try:
        async with owner.transaction():
            await owner.execute("select from registry.account where id = $1 for update", world.party(who).account_id)
            yield owner
    finally:
        await owner.close()


async def until_waiting(owner: asyncpg.Connection) -> None:
    """Return when one session of this database waits for a lock."""
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with asyncio.timeout(30):
        while not await owner.fetchval(waiting):
            await owner.execute("select pg_stat_clear_snapshot()")


async def test_the_same_key_in_flight(delivered: World):
    """While the first is under way the second is 409 at once; afterwards the same request has the first's answer."""
    bank, body = delivered.party("bank"), some(delivered, "bank", 7)
    async with account_held(delivered, "bank") as owner:
        first = asyncio.create_task(delivered.post("/v1/cancellations", body, by=bank.key, key="mine"))
        await until_waiting(owner)
        second = await delivered.post("/v1/cancellations", body, by=bank.key, key="mine")
    done = await first
    refused(second, 409, "request-in-flight", "mine")
    again = await delivered.post("/v1/cancellations", body, by=bank.key, key="mine")
    assert (201, 201, done.json()) == (done.status_code, again.status_code, again.json())
    assert 980_993 == await delivered.active_kg("bank")


UNKNOWN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/v1/cancellations", {"account_id": 999}),
    ("/v1/cancellations", {"issuance": "SC-CDCER-0999-2024-01"}),
    ("/v1/cancellations", {"serial": "SC-CDCER-0999-2024-01:1-1kg"}),
    ("/v1/transfers", {"receiver_id": 999}),
    ("/v1/retirements", {"claim_id": 999}),
    ("/v1/transfers/999/accept", {}),
    ("/v1/transfers/999/reject", {}),
    ("/v1/transfers/999/withdraw", {}),
)


@pytest.mark.parametrize(("path", "changed"), UNKNOWN)
async def test_what_a_body_names_and_is_not(delivered: World, path: str, changed: dict[str, Any]):
    """404, and which of the things named it is."""
    bank = delivered.party("bank")
    body = None if path.endswith(("accept", "reject", "withdraw")) else {**some(delivered, "bank"), **changed}
    async with unchanged(delivered):
        refused(await delivered.post(path, body, by=bank.key), 404, "not-found", "999")


REGULATED: tuple[tuple[str, Any], ...] = (
    ("/v1/accounts", {"owner_id": 999, "name": "x"}),
    ("/v1/grants/999/end", None),
    ("/v1/projects/999/notice", {"why": "x"}),
    ("/v1/projects/999/register", {"why": "x"}),
    ("/v1/projects/999/reject", {"why": "x"}),
    ("/v1/reports/999/reject", {"why": "x"}),
)


@pytest.mark.parametrize(("path", "body"), REGULATED)
async def test_what_a_regulator_names_and_is_not(empty: World, path: str, body: Any):
    """The same for what regulators decide."""
    async with unchanged(empty):
        refused(await empty.post(path, body, by=empty.regulators[0]), 404, "not-found", 999)
