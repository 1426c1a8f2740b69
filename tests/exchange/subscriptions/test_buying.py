"""A buyer's standing subscription, by the business clock: bought, delivered, retired; or why not."""

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from exchange.subscriptions import acting, store
from registry.receipts.verifier.verify import verify_bundle
from schemas.verdicts import NamedParty
from tests.database import connected
from tests.exchange.marketplace import KILN, Market, done, until
from tests.exchange.subscriptions.standings import at, by_hand, over, runs, set_up, shown, step
from tests.probes import as_owner, refused
from tests.registry.credits import steps
from tests.registry.transparency.logs import new_log


@pytest.fixture(autouse=True)
def followed_by_hand() -> Iterator[None]:
    """Steps are the test's."""
    with by_hand():
        yield


async def test_listing_then_book_and_retired_by_itself(market: Market):
    """10 t a day: 6 of the listing, 4 of the book; retired against the claim; so again the next day."""
    world = market.world
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    claim = await world.contribution("solar")
    await market.lists("kiln", 6, 13_50)
    await market.sells("kiln", 20, 13_00)
    standing = await set_up(market, "solar", retire_for=claim, budget_fen=300_00)
    dry = await market.read(f"/v1/subscriptions/{standing['id']}/dry-run", by=market.party("solar").key)
    assert [("listing", 13_50, 6), ("book", 13_00, 4)] == [
        (each["source"], each["price_fen"], each["quantity_t"]) for each in dry["takes"]
    ]
    assert (10, 10, None) == (dry["wanted_t"], dry["filled_t"], dry["why"])
    (run,) = await over(market, "solar", standing)
    assert (10, 10, 0, None) == (run["wanted_t"], run["filled_t"], run["missed_t"], run["why"])
    assert [("listing", 6, 81_00), ("book", 4, 52_00)] == [
        (each["source"], each["traded_t"], each["amount_fen"]) for each in run["orders"]
    ]
    (withdrawal,) = run["withdrawals"]
    assert ("retired", 10, claim) == (withdrawal["state"], withdrawal["quantity_t"], withdrawal["claim_id"])
    retired = (await market.read(f"/v1/retirements?claim_id={claim}"))["items"]
    assert [10_000] == [each["quantity_kg"] for each in retired]
    assert withdrawal["retirement_order"] == retired[0]["order_id"]
    assert (0, 0, 0, 0) == await market.tonnes("solar")
    assert 0 == await world.active_kg("solar")
    await step(market, 3)
    assert 1 == len(await runs(market, "solar", standing)), "one run in each period"
    await at(market, (await shown(market, "solar", standing))["next_at"])
    _, second = await over(market, "solar", standing, 2)
    assert (10, 10) == (second["wanted_t"], second["filled_t"])
    found = await shown(market, "solar", standing)
    assert (133_00 + 130_00, 20) == (found["spent_fen"], found["filled_t"])
    await at(market, (await shown(market, "solar", standing))["next_at"])
    await step(market, 3)
    third = (await runs(market, "solar", standing))[-1]
    assert (2, "budget-exhausted") == (third["filled_t"], third["why_slug"])
    assert "37.00 CNY of the budget were left" in third["why"]
    assert KILN == third["orders"][0]["instrument"]


async def test_what_is_not_offered_is_missed_and_said(market: Market):
    """Nothing, too dear, too few, no money; it looks again within the period, and the rest is missed at its end."""
    standing = await set_up(market, "solar")

    async def why(hour: int) -> tuple[str, str]:
        await at(market, f"2025-01-07T{hour:02}:00:00Z")
        await step(market)
        run = (await runs(market, "solar", standing))[-1]
        return run["why_slug"], run["why"]

    assert "nothing-offered" == (await why(1))[0]
    await market.bring("kiln", 100)
    dear = await market.sells("kiln", 20, 14_05)
    assert ("price-above", "The lowest price was 14.05 CNY/t; the subscription pays 14.00 at most.") == await why(3)
    await market.lists("kiln", 4, 14_00)
    slug, text = await why(5)
    assert ("not-enough-money", True) == (slug, "0.00 CNY of the account were free" in text)
    await market.pay_in("solar", 1_000_00)
    slug, text = await why(7)
    assert ("too-few-offered", "4 t were offered at 14.00") == (slug, text[:25])
    passed, run = await runs(market, "solar", standing)
    assert ("not-acting", 10, "done") == (passed["why_slug"], passed["missed_t"], passed["state"])
    assert (4, 0, "open") == (run["filled_t"], run["missed_t"], run["state"])
    await at(market, run["ends"])
    _, first, second = await over(market, "solar", standing, 2)
    assert (4, 6, "done", "too-few-offered") == tuple(first[x] for x in ("filled_t", "missed_t", "state", "why_slug"))
    assert ("price-above", "open") == (second["why_slug"], second["state"])
    await market.send("kiln", f"/v1/orders/{dear['id']}/cancel")
    await at(market, "2025-01-20T10:00:00Z")
    await step(market)
    _, _, _, passed, now = await runs(market, "solar", standing)
    assert ("not-acting", 10, "done") == (passed["why_slug"], passed["missed_t"], passed["state"])
    assert "2025-01-19T16:00:00Z" == now["begins"] == passed["ends"]


async def test_a_restart_sends_the_same_and_a_taken_number_another(market: Market):
    """Killed before and after its order, it is bought once; where a program took the number, it takes the next."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    await market.sells("kiln", 30, 13_00)
    standing = await set_up(market, "solar")
    with mock.patch.object(acting, "send", mock.AsyncMock()):  # killed before
        await step(market, 2)
    (run,) = await runs(market, "solar", standing)
    assert [("chosen", 1)] == [(each["state"], each["client_order_id"]) for each in run["orders"]]
    with mock.patch.object(store, "answer_order", side_effect=RuntimeError("killed after it")):
        await step(market)
    assert (0, 0) == (await market.tonnes("solar"))[:2], "it was bought"
    await over(market, "solar", standing)
    (run,) = await runs(market, "solar", standing)
    assert [("placed", 10)] == [(each["state"], each["traded_t"]) for each in run["orders"]]
    assert 1 == len((await market.own("solar", "orders"))["items"])
    await at(market, run["ends"])
    with mock.patch.object(acting, "send", mock.AsyncMock()):
        await step(market, 2)
    await market.buys("solar", 1, 11_00, client_order_id=2)  # a program of the owner's takes the very number
    await over(market, "solar", standing, 2)
    run = (await runs(market, "solar", standing))[-1]
    assert [("replaced", 0, 2), ("placed", 10, 3)] == [
        (each["state"], each["traded_t"], each["client_order_id"]) for each in run["orders"]
    ]
    await market.settled()
    assert (20, 0, 0, 0) == await market.tonnes("solar")


async def test_killed_before_its_withdrawal_and_its_retirement_it_retires_once(market: Market):
    """Every step rolls back whole, and is taken again: one withdrawal, one order of retirement."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    await market.sells("kiln", 30, 13_00)
    claim = await market.world.contribution("solar")
    standing = await set_up(market, "solar", retire_for=claim)
    with mock.patch.object(store, "insert_withdrawal", side_effect=RuntimeError("killed")):
        await step(market)
        await market.settled()
        await step(market, 3)
    assert (10, 0, 0, 0) == await market.tonnes("solar"), "delivered, and no instruction stands"
    with mock.patch.object(store, "end_withdrawal", side_effect=RuntimeError("killed")) as ended:
        await step(market, 2)

        async def was_killed() -> bool:
            return bool(ended.called)

        await until(was_killed, "the settler came to the end of a retirement")
        (run,) = await runs(market, "solar", standing)
        assert ["stored"] == [each["state"] for each in run["withdrawals"]]
        assert [] == (await market.read(f"/v1/retirements?claim_id={claim}"))["items"], "the retirement is undone"
        assert 0 == await market.world.active_kg("solar"), "and so is the release"
    (run,) = await over(market, "solar", standing)
    assert [("retired", 10)] == [(each["state"], each["quantity_t"]) for each in run["withdrawals"]]
    retired = (await market.read(f"/v1/retirements?claim_id={claim}"))["items"]
    assert [10_000] == [each["quantity_kg"] for each in retired]


async def test_the_claim_is_locked_before_the_account(market: Market):
    """As by every other retirement: while the settler waits for the claim, the account is anybody's to lock."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    await market.sells("kiln", 30, 13_00)
    claim = await market.world.contribution("solar")
    standing = await set_up(market, "solar", retire_for=claim)
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    async with (
        connected(market.world.dsn) as watching,
        connected(market.world.dsn) as holding,
        holding.transaction(),
    ):
        await holding.execute("select from registry.claim where id = $1 for no key update", claim)
        await step(market)
        await market.settled()
        await step(market, 2)

        async def waits() -> bool:
            return bool(await watching.fetchval(waiting))

        await until(waits, "the settler waits for the claim")
        account = market.party("solar").account_id
        await watching.execute("select from registry.account where id = $1 for update nowait", account)
    (run,) = await over(market, "solar", standing)
    assert ["retired"] == [each["state"] for each in run["withdrawals"]]


async def test_what_cannot_be_retired_stays_and_pauses_it(market: Market):
    """The claim is somebody else's: the tonnes come home and stay, and it buys no more until it is resumed."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    await market.sells("kiln", 30, 13_00)
    claim = await market.world.contribution("car")
    standing = await set_up(market, "solar", retire_for=claim)

    async def paused() -> bool:
        await step(market)
        return bool("paused" == (await shown(market, "solar", standing))["state"])

    await until(paused, "it is paused")
    (run,) = await runs(market, "solar", standing)
    assert ["kept"] == [each["state"] for each in run["withdrawals"]]
    assert "belongs to another organisation" in run["withdrawals"][0]["refusal"]
    assert "not-retired" == (await shown(market, "solar", standing))["why_slug"]
    assert 10_000 == await market.world.active_kg("solar")
    await at(market, run["ends"])
    await step(market, 2)
    assert 1 == len(await runs(market, "solar", standing))


async def test_a_frozen_account_buys_nothing_and_goes_on_when_it_is_free(market: Market):
    """It says so with the run; nothing is placed."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    await market.sells("kiln", 30, 13_00)
    standing = await set_up(market, "solar")
    frozen = await steps.freeze(market.world, "account", market.party("solar").account_id)
    await step(market, 2)
    (run,) = await runs(market, "solar", standing)
    assert ("frozen", [], "active") == (
        run["why_slug"],
        run["orders"],
        (await shown(market, "solar", standing))["state"],
    )
    body = {"operation": "lift_restriction", "restriction_id": frozen["id"], "reason": "test"}
    await market.world.decide("/v1/restrictions/lift", body)
    await at(market, run["next_try_at"])
    await market.follow_freezes()
    (run,) = await over(market, "solar", standing)
    assert 10 == run["filled_t"]


async def test_whoever_lost_the_role_buys_nothing_more(market: Market):
    """It pauses and says why, for those who still may read it."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    await market.sells("kiln", 30, 13_00)
    standing = await set_up(market, "solar")
    ended = (
        "update registry.role_grant set during = tstzrange(lower(during), registry.business_now()) where person_id = $1"
    )
    await as_owner(market.world, ended, standing["person_id"])
    await step(market, 2)
    overseer = market.world.regulators[0]
    found = await market.read(f"/v1/accounts/{standing['account_id']}/subscriptions", by=overseer)
    (now,) = found["items"]
    assert ("paused", "not-yours") == (now["state"], now["why_slug"])
    assert "open_standing takes one of the roles" in now["why"]
    (run,) = (await market.read(f"/v1/subscriptions/{standing['id']}/runs", by=overseer))["items"]
    assert ([], "not-yours") == (run["orders"], run["why_slug"])


async def test_changed_paused_resumed_and_ended(market: Market):
    """Changes come with the next period; an ended one stays ended; a buyer stays a buyer."""
    solar = market.party("solar")
    standing = await set_up(market, "solar")
    await step(market)
    path = f"/v1/subscriptions/{standing['id']}"
    terms = {**standing["terms"], "quantity_t": 7}
    changed = await market.world.ok(f"{path}/change", {"terms": terms}, by=solar.key)
    assert (10, 7) == (changed["terms"]["quantity_t"], changed["next_terms"]["quantity_t"])
    other = {"side": "sell", "project_id": 1, "share_bps": 1, "price_fen": 1, "into": "book"}
    refused(await market.world.post(f"{path}/change", {"terms": other}, by=solar.key), 422, "other-side")
    refused(await market.world.post(f"{path}/pause", {"reason": "x"}, by=market.party("car").key), 403, "not-yours")
    paused = await market.world.ok(f"{path}/pause", {"reason": "Too much"}, by=solar.key)
    assert ("paused", "Too much") == (paused["state"], paused["why"])
    await at(market, changed["next_at"])
    await step(market)
    assert [10] == [each["wanted_t"] for each in await runs(market, "solar", standing)]
    assert "active" == (await market.world.ok(f"{path}/resume", by=solar.key))["state"]
    await step(market)
    assert [10, 7] == [each["wanted_t"] for each in await runs(market, "solar", standing)]
    await market.world.ok(f"{path}/end", {"reason": "Enough"}, by=solar.key)
    text = f"Standing subscription {standing['id']} has ended"
    refused(await market.world.post(f"{path}/resume", by=solar.key), 409, "standing-over", text)


async def test_a_campaign_is_pledged_for(market: Market):
    """What is allotted when it closes is filled; the pledge is counted as taken meanwhile."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    window = {"opens_at": "2025-01-06T10:00:00Z", "closes_at": "2025-01-07T01:00:00Z"}
    terms = {"instrument": KILN, "price_fen": 13_00, "quantity_t": 8, "most_t": 8}
    made = await market.send("kiln", "/v1/campaigns", **terms, **window)
    campaign = done(made)
    await at(market, window["opens_at"])

    async def opened() -> bool:
        return bool("open" == (await market.read(f"/v1/campaigns/{campaign['id']}"))["state"])

    await until(opened, "it opens")
    standing = await set_up(market, "solar", every="month")
    await step(market, 3)
    (run,) = await runs(market, "solar", standing)
    assert [("campaign", 8, 0)] == [(each["source"], each["open_t"], each["traded_t"]) for each in run["orders"]]
    await at(market, window["closes_at"])

    async def allotted() -> bool:
        await step(market)
        return bool(8 == (await runs(market, "solar", standing))[0]["filled_t"])

    await until(allotted, "it is allotted")
    assert 1 == len((await runs(market, "solar", standing))[0]["orders"])


async def test_for_whom_it_is_retired(market: Market, tmp_path: Path):
    """The name passes into the statement, sealed, and so into receipt and certificate; only the holder's opens it."""
    world, solar = market.world, market.party("solar")
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    await market.sells("kiln", 30, 13_00)
    claim = await world.contribution("solar")
    standing = await set_up(market, "solar", retire_for=claim, beneficiary="Guests of 城固", locality="QINGBAI")
    await over(market, "solar", standing)
    (retired,) = (await market.read(f"/v1/retirements?claim_id={claim}"))["items"]
    asked = f"/v1/retirements?claim_id={claim}&beneficiary=Guests%20of%20城固"
    assert [retired["receipt_id"]] == [each["receipt_id"] for each in (await market.read(asked, by=solar.key))["items"]]
    with new_log(tmp_path) as log:
        await log.publish(world.dsn)
        bundle = (await world.get(f"/v1/receipts/{retired['receipt_id']}", by=solar.key)).content
        others = (await world.get(f"/v1/receipts/{retired['receipt_id']}")).content
        report, theirs = verify_bundle(bundle, log.trust), verify_bundle(others, log.trust)
    assert report.about is not None
    assert theirs.about is not None
    assert ("valid", NamedParty(name="Guests of 城固")) == (report.verdict, report.about.beneficiary)
    assert (True, None) == ("beneficiary" in theirs.about.sealed, theirs.about.beneficiary)
