"""Rules of picking over HTTP."""

from tests.exchange.marketplace import KILN, Market, done
from tests.probes import refused

RULE = f"/v1/instruments/{KILN}/picking"


async def test_only_the_best_listing_may_be_picked_where_the_operator_says_so(market: Market):
    """The refusal names it; within the best five, it names the highest price; any again, and it is taken."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 2_000_00)
    assert {"instrument": KILN, "rule": "any"} == await market.read(RULE)
    listings = [await market.lists("kiln", 5, 13_00 + 10 * at) for at in range(7)]
    best, worst = listings[0]["id"], listings[6]["id"]
    operator = market.world.party("exchange").key
    refused(
        await market.world.post(RULE, {"rule": "best", "reason": "Mine"}, by=market.party("kiln").key), 403, "denied"
    )
    refused(
        await market.world.post(RULE, {"rule": "worst", "reason": "No"}, by=operator), 400, "invalid-request", "best"
    )
    said = {"rule": "best", "reason": "As in Guangzhou"}
    assert "best" == (await market.world.ok(RULE, said, by=operator))["rule"]
    late = await market.subscribe("solar", listings[1]["id"], 1)
    refused(late, 409, "not-the-best-listing", f"that is listing {best}", f"not listing {listings[1]['id']}")
    done(await market.subscribe("solar", best, 5))
    done(await market.subscribe("solar", listings[1]["id"], 5))
    await market.world.ok(RULE, {"rule": "best-five", "reason": "As on the national market"}, by=operator)
    assert "best-five" == (await market.read(RULE))["rule"]
    done(await market.subscribe("solar", worst, 1))
    await market.lists("kiln", 5, 12_00)
    problem = refused(await market.subscribe("solar", worst, 1), 409, "not-in-the-best-five", "13.50", "13.60")
    assert (13_60, 13_50) == (problem["wanted"], problem["limit"])
    await market.world.ok(RULE, {"rule": "any", "reason": "As before"}, by=operator)
    done(await market.subscribe("solar", worst, 1))
