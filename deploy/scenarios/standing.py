"""A standing subscription: it buys in the book each month, and retires what was delivered, by itself."""

import asyncio
import time
from typing import Any, Final

from deploy.scenarios.cast import CAST, SEASON_OPENS, Season, Story, expect
from deploy.scenarios.client import Unexpected
from exchange.journal.refusals import yuan
from schemas.serials import KG_PER_T

BUYER: Final = "scenic"
MONTHLY_T: Final = 10
PRICE_FEN: Final = 36_50
RETIRED_WITHIN_S: Final = 20.0
_POLL_S: Final = 0.05


async def subscribe_for_good(season: Season) -> Story:
    """The scenic area contributes so many tonnes a month; the first ones are bought and retired without anybody."""
    buyer = season.parties[BUYER]
    claim = await season.api.post("/v1/claims", _contribution(season), by=buyer.key)
    season.claims["standing"] = claim["id"]
    terms = {
        "side": "buy",
        "quantity_t": MONTHLY_T,
        "every": "month",
        "price_fen": PRICE_FEN,
        "begins": SEASON_OPENS,
        "instrument": season.instruments["forest"],
        "prefer": ["listing", "book"],
        "retire_for": claim["id"],
    }
    standing = await season.api.post(
        "/v1/subscriptions", {"account_id": buyer.account_id, "terms": terms}, by=buyer.key
    )
    run = await _retired(season, standing["id"])
    (order,) = run["orders"]
    buyer.orders = max(buyer.orders, order["client_order_id"])
    expect("the first month", ("book", MONTHLY_T), (order["source"], order["traded_t"]))
    expect("the first month costs", MONTHLY_T * PRICE_FEN, order["amount_fen"])
    retirements = await season.api.get(f"/v1/retirements?claim_id={claim['id']}")
    (retirement,) = retirements["items"]
    expect("retired by itself", MONTHLY_T * KG_PER_T, retirement["quantity_kg"])
    season.receipts["standing"] = retirement["receipt_id"]
    found = await season.api.get(f"/v1/subscriptions/{standing['id']}", by=buyer.key)
    return [
        (
            f"{CAST[BUYER].name} subscribes to {MONTHLY_T} t a month at {yuan(PRICE_FEN)} CNY/t at most, retired as a "
            "contribution."
        ),
        (
            f"At once the first month's are bought for {yuan(order['amount_fen'])} CNY, delivered, withdrawn and "
            f"retired: {retirement['serials'][0]}."
        ),
        f"The next period begins at {found['next_at']}.",
    ]


def _contribution(season: Season) -> dict[str, Any]:
    return {
        "organisation_id": season.parties[BUYER].organisation_id,
        "type": "contribution",
        "subject": "A monthly contribution of the scenic area 景区每月一捐",
        "begins": "2024-12-31T16:00:00Z",  # the year of Asia/Shanghai
        "ends": "2025-12-31T15:59:59Z",
        "boundary": "None: this claim offsets nothing 无：本声明不抵消任何排放",
        "exclusive": False,
    }


async def _retired(season: Season, standing_id: int) -> Any:  # noqa: ANN401 - JSON
    """The first run, once its tonnes are retired. Raises `Unexpected`."""
    key, until = season.parties[BUYER].key, time.monotonic() + RETIRED_WITHIN_S
    while True:
        runs = (await season.api.get(f"/v1/subscriptions/{standing_id}/runs", by=key))["items"]
        if runs and [each["state"] for each in runs[0]["withdrawals"]] == ["retired"]:
            return runs[0]
        if time.monotonic() > until:
            raise Unexpected(f"the standing subscription retired nothing within {RETIRED_WITHIN_S:.0f} s: {runs}")
        await asyncio.sleep(_POLL_S)
