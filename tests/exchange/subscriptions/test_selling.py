"""A seller's standing subscription: a share of what is issued, held, deposited and offered by itself, once."""

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from exchange.instruments.store import groups
from exchange.subscriptions import acting, store
from registry import port
from schemas.custody import LoggedIssuance
from tests.exchange.marketplace import KILN, Market, done, until
from tests.exchange.subscriptions.standings import at, by_hand, over, runs, set_up, shown, step
from tests.worlds import World

YEAR = "SC-CDCER-0002-2024"


@pytest.fixture(autouse=True)
def followed_by_hand() -> Iterator[None]:
    """Steps are the test's."""
    with by_hand():
        yield


async def sells(market: Market, **terms: Any) -> dict[str, Any]:
    """The kiln's owner sells a tenth of what is issued at 14.02 CNY or above, which is off the tick of 5 fen."""
    said = {
        "side": "sell",
        "project_id": market.world.season.projects["kiln"],
        "share_bps": 1_000,
        "price_fen": 14_02,
        "into": "book",
    }
    return await set_up(market, "kiln", **said | terms)


def of_log(market: Market, *leaves: tuple[int, str], quantity_kg: int = 105_999) -> Any:
    """The public log has issuances of 105 t of the kiln's at some leaves, or of another quantity."""
    project, owner = market.world.season.projects["kiln"], market.party("kiln").organisation_id
    logged = tuple(LoggedIssuance(leaf, code, project, 2024, owner, quantity_kg) for leaf, code in leaves)

    async def after(_: Any, leaf_index: int, limit: int) -> tuple[LoggedIssuance, ...]:
        return tuple(each for each in logged if each.leaf_index > leaf_index)[:limit]

    return mock.patch.object(port, "issued_after_in", after)


async def test_a_share_of_each_issuance_in_the_order_of_the_log(market: Market):
    """What was issued before is not sold; later ones are each, once, also where the older id came second."""
    standing = await sells(market)
    await step(market, 2)
    assert [] == await runs(market, "kiln", standing)
    with of_log(market, (1_000, f"{YEAR}-03")):
        (first,) = await over(market, "kiln", standing)
    with of_log(market, (1_000, f"{YEAR}-03"), (1_007, f"{YEAR}-02")):  # committed earlier, logged later
        found = await over(market, "kiln", standing, 2)
        await step(market, 3)
    assert [f"{YEAR}-03", f"{YEAR}-02"] == [each["cause"] for each in found]
    assert (10, 0, None) == (first["wanted_t"], first["missed_t"], first["why"])
    assert [("book", 14_05, 10, 10)] == [
        (each["source"], each["price_fen"], each["quantity_t"], each["open_t"]) for each in first["orders"]
    ]
    assert ([], [(14_05, 20, 2)]) == await market.levels()
    await market.pay_in("solar", 1_000_00)
    await market.buys("solar", 4, 14_05)
    await market.projected()
    (first, _) = await runs(market, "kiln", standing)
    assert (4, 56_20) == (first["filled_t"], first["orders"][0]["amount_fen"])
    assert 4 == (await shown(market, "kiln", standing))["filled_t"]


async def test_as_a_listing_and_killed_between_every_two_steps(market: Market):
    """The hold and its deposit come together; the listing is opened once."""
    standing = await sells(market, into="listing")
    with of_log(market, (1_000, f"{YEAR}-03")):
        with mock.patch.object(store, "deposited", side_effect=RuntimeError("killed")):
            await step(market, 2)
        assert () == await market.tonnes("kiln"), "neither hold nor deposit"
        with mock.patch.object(acting, "send", mock.AsyncMock()):
            for _ in range(40):
                await step(market)
                await market.settled()
        with mock.patch.object(store, "answer_order", side_effect=RuntimeError("killed")):
            await step(market, 2)
        (run,) = await over(market, "kiln", standing)
    assert [("listing", "placed", 10)] == [(each["source"], each["state"], each["open_t"]) for each in run["orders"]]
    assert [10] == [each["open_t"] for each in (await market.read(f"/v1/listings?instrument={KILN}"))["items"]]
    assert (0, 10, 0, 0) == await market.tonnes("kiln")
    async with (await market.world.trade()).db.reading() as tx:  # else a new owner of it would never be noticed
        assert market.party("kiln").account_id in await groups(tx)


async def test_what_cannot_be_sold_is_said(market: Market):
    """No instrument, and too few tonnes; it waits, and gives up after thirty days."""
    standing = await sells(market, share_bps=10_000)
    with of_log(market, (1_000, "SC-CDCER-0002-2023-01"), (1_001, f"{YEAR}-09")):
        await step(market, 2)
        for _ in range(3):
            await step(market)
        first, second = await runs(market, "kiln", standing)
        assert ("no-instrument", "open") == (first["why_slug"], first["state"])
        assert 105 == second["wanted_t"]
        await market.world.ok("/v1/clock", {"at": first["ends"]}, by=market.world.regulators[0])
        first, _ = await over(market, "kiln", standing)
    assert (0, 105, "done") == (first["filled_t"], first["missed_t"], first["state"])


async def test_what_the_preset_never_takes_is_not_deposited(issued: World):
    """A book where there are only listings, and more than one order may have; the tonnes stay in the registry."""
    market, operator = Market(issued), issued.party("exchange")
    body: dict[str, Any] = {
        "project_id": issued.season.projects["kiln"],
        "vintage": 2024,
        "fee_account_id": operator.account_id,
    }
    body |= {"preset": "national-listing", "reference_fen": 14_00}
    done(await issued.post("/v1/instruments", body, by=operator.key))
    standing = [await sells(market, into=into) for into in ("book", "listing")]
    with of_log(market, (1_000, f"{YEAR}-03"), quantity_kg=1_000_000_999):
        (first,) = await over(market, "kiln", standing[0])
        (second,) = await over(market, "kiln", standing[1])
    assert ("way-closed", 100_000, []) == (first["why_slug"], first["missed_t"], first["orders"])
    assert "national-listing" in first["why"]
    assert ("too-large-at-once", 100_000) == (second["why_slug"], second["missed_t"])
    assert "100,000 t" in second["why"]
    assert "99,999 t" in second["why"]
    assert () == await market.tonnes("kiln")
    await market.agree()


SOON = {"opens_at": "2025-02-01T00:00:00Z", "closes_at": "2025-02-10T00:00:00Z"}


async def announced(market: Market, price_fen: int, **said: Any) -> dict[str, Any]:
    """A campaign for 20 t of the kiln's, which opens soon."""
    terms = {"instrument": KILN, "price_fen": price_fen, "quantity_t": 20, "least_t": 2, "most_t": 8, **SOON}
    made: dict[str, Any] = done(await market.send("kiln", "/v1/campaigns", **terms | said))
    return made


async def test_beside_the_next_campaign_at_the_price_or_above(market: Market):
    """Not one that is cheaper or opened before; the tonnes stay in the registry until there is one; killed, once."""
    await market.bring("kiln", 100)
    standing = await sells(market, into="campaign")
    await announced(market, 14_00)
    past = {"opens_at": "2024-01-01T00:00:00Z", "closes_at": "2025-03-01T00:00:00Z"}
    await announced(market, 15_00, **past)
    with of_log(market, (1_000, f"{YEAR}-03")):
        await step(market, 3)
        (run,) = await runs(market, "kiln", standing)
        assert ("no-campaign", "open", 10) == (run["why_slug"], run["state"], run["wanted_t"])
        assert "14.02 CNY/t or more" in run["why"]
        assert (60, 40, 0, 0) == await market.tonnes("kiln"), "nothing was deposited for it"
        first = await announced(market, 14_50, allotment="by-time")
        await announced(market, 16_00)  # opens at the same moment, and was announced later
        with mock.patch.object(store, "deposited", side_effect=RuntimeError("killed")):
            await step(market, 2)
        assert (20, 80, 0, 0) == await market.tonnes("kiln"), "neither hold nor deposit"
        with mock.patch.object(acting, "send", mock.AsyncMock()):
            for _ in range(8):
                await step(market)
                await market.settled()
        with mock.patch.object(store, "answer_order", side_effect=RuntimeError("killed")):
            await step(market, 2)
        (run,) = await over(market, "kiln", standing)
    assert (None, 0) == (run["why"], run["missed_t"])
    (order,) = run["orders"]
    assert ("campaign", "placed", 14_50, 10) == tuple(order[x] for x in ("source", "state", "price_fen", "open_t"))
    found = (await market.read(f"/v1/campaigns?instrument={KILN}"))["items"]
    mine = [each for each in found if each["id"] == order["order_id"]]
    same = ("price_fen", "least_t", "most_t", "allotment", "opens_at", "closes_at")
    assert [[first[x] for x in same]] == [[each[x] for x in same] for each in mine]
    assert (5, 0) == (len(found), mine[0]["floor_t"])


async def test_what_is_pledged_for_beside_a_campaign_is_sold(market: Market):
    """It opens and closes with the other one, and what is allotted of it is filled."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    standing = await sells(market, into="campaign")
    await announced(market, 14_50)
    with of_log(market, (1_000, f"{YEAR}-03")):
        (run,) = await over(market, "kiln", standing)
    number = run["orders"][0]["order_id"]
    await at(market, SOON["opens_at"])

    async def taken() -> bool:
        return 201 == (await market.send("solar", f"/v1/campaigns/{number}/pledges", quantity_t=8)).status_code

    await until(taken, "it takes a pledge")
    await at(market, SOON["closes_at"])

    async def filled() -> bool:
        return bool(8 == (await runs(market, "kiln", standing))[0]["filled_t"])

    await until(filled, "it is allotted")
    (run,) = await runs(market, "kiln", standing)
    assert (8, 2, 8 * 14_50) == (run["filled_t"], run["missed_t"], run["orders"][0]["amount_fen"])


async def test_without_a_campaign_it_is_missed_after_a_year(market: Market):
    """Nothing was held for it; a preset without campaigns says so at once."""
    standing = await sells(market, into="campaign")
    with of_log(market, (1_000, f"{YEAR}-03")):
        await step(market, 2)
        (run,) = await runs(market, "kiln", standing)
        await at(market, run["ends"])
        (run,) = await over(market, "kiln", standing)
    assert (0, 10, "no-campaign") == (run["filled_t"], run["missed_t"], run["why_slug"])
    assert () == await market.tonnes("kiln")
