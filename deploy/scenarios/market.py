"""The season's market: a campaign, a listing, a book that opens with a call, delivery against money, the way home."""

import asyncio
import time
from typing import Any, NamedTuple

from deploy.scenarios.cast import BUYERS, CAMPAIGN_CLOSES, CAST, SEASON_OPENS, Season, Story, expect
from deploy.scenarios.client import Unexpected
from exchange.journal.refusals import yuan
from schemas.serials import KG_PER_T

SETTLED_WITHIN_S = 20.0
CALENDAR_WITHIN_S = 10.0
"""Until the exchange has done what is due at a time of business."""
_POLL_S = 0.03


class Supply(NamedTuple):
    """What a seller brings: tonnes in all, those offered at one price, that price, and the band of its instrument."""

    tonnes: int
    at_one_price: int
    price_fen: int
    low_fen: int
    high_fen: int


SUPPLY = {
    "kiln": Supply(3_619, 3_619, 13_90, 10_00, 20_00),
    "forest": Supply(4_400, 3_000, 36_00, 30_00, 45_00),
}
PLEDGES = (("scenic", 200), ("solar", 1_600), ("car", 1_819), ("bank", 100))
"""Of the kiln's campaign, in the order of their time: the last one comes when everything is taken."""
ALLOTTED = {"scenic": 200, "solar": 1_600, "car": 1_819, "bank": 0}
SUBSCRIPTIONS = (("scenic", 1_000), ("car", 1_500), ("bank", 500))
"""Of the forest's listing."""
ASKS = ((800, 36_20), (600, 36_50))
"""What the forest's owner asks in the book once its listing is sold out: tonnes and fen a tonne."""
BIDS = (("solar", 800, 36_20), ("bank", 481, 36_50))
DEPOSITS = {"scenic": 40_000_00, "solar": 52_000_00, "car": 80_000_00, "bank": 36_000_00}
RECEIVED = {"scenic": 1_200, "solar": 2_400, "car": 3_319, "bank": 981}
LEFT = {"scenic": 1_220_00, "solar": 800_00, "car": 715_90, "bank": 443_50}
PROCEEDS = {"kiln": 50_304_10, "forest": 154_516_50}


async def open_the_market(season: Season) -> Story:
    """The operator opens one instrument for each project and vintage, with a price band and no fee."""
    operator = season.parties["exchange"]
    story = []
    for word, supply in SUPPLY.items():
        opened = await season.api.post(
            "/v1/instruments",
            {
                "project_id": season.projects[word],
                "vintage": 2024,
                "low_fen": supply.low_fen,
                "high_fen": supply.high_fen,
                "fee_account_id": operator.account_id,
            },
            by=operator.key,
        )
        season.instruments[word] = opened["code"]
        expect("instrument", "open", opened["state"])
        story.append(
            f"{opened['code']} {opened['project_name']}: {yuan(supply.low_fen)} to {yuan(supply.high_fen)} CNY/t"
        )
    return story


async def list_tonnes(season: Season) -> Story:
    """Both developers deposit tonnes, which the registry holds for the exchange, and offer them at one price each."""
    for word, supply in SUPPLY.items():
        seller = season.parties[word]
        body = {"account_id": seller.account_id, "instrument": season.instruments[word], "quantity_t": supply.tonnes}
        deposit = await season.api.post("/v1/deposits/credits", body, by=seller.key)
        expect("deposit", "done", deposit["state"])
    window = {"opens_at": SEASON_OPENS, "closes_at": CAMPAIGN_CLOSES, "allotment": "by-time"}
    season.campaigns["kiln"] = (await _offer(season, "kiln", "/v1/campaigns", window))["id"]
    season.listings["forest"] = (await _offer(season, "forest", "/v1/listings", {}))["id"]
    kiln, forest = SUPPLY["kiln"], SUPPLY["forest"]
    return [
        (
            f"{CAST['kiln'].name} deposits {kiln.tonnes:,} t and opens a campaign over all of them at "
            f"{yuan(kiln.price_fen)} CNY/t, from 09:00 to 10:00; whoever pledges first is served first."
        ),
        (
            f"{CAST['forest'].name} deposits {forest.tonnes:,} t and lists {forest.at_one_price:,} t at "
            f"{yuan(forest.price_fen)} CNY/t."
        ),
    ]


async def _offer(season: Season, word: str, path: str, more: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    seller, supply = season.parties[word], SUPPLY[word]
    body = {
        **seller.next_order(),
        "instrument": season.instruments[word],
        "price_fen": supply.price_fen,
        "quantity_t": supply.at_one_price,
        **more,
    }
    return await season.api.post(path, body, by=seller.key)


async def pay_in(season: Season) -> Story:
    """The operator's bank books what the buyers sent; nobody can order more than that pays for."""
    for word, amount in DEPOSITS.items():
        body = {"account_id": season.parties[word].account_id, "amount_fen": amount, "reference": f"Bank slip {word}"}
        await season.api.post("/v1/deposits/cash", body, by=season.parties["exchange"].key)
    return [f"{CAST[word].name}: {yuan(amount)} CNY" for word, amount in DEPOSITS.items()]


async def subscribe(season: Season) -> Story:
    """Buyers pledge in the campaign, which is allotted when it closes, and take parts of the listing at its price."""
    campaign = f"/v1/campaigns/{season.campaigns['kiln']}"
    await _in_state(season, campaign, "open")
    story = []
    for buyer, tonnes in PLEDGES:
        party = season.parties[buyer]
        body = {**party.next_order(), "quantity_t": tonnes}
        pledge = await season.api.post(f"{campaign}/pledges", body, by=party.key)
        expect("pledged", (tonnes, "open"), (pledge["open_t"], pledge["state"]))
    await season.set_clock(CAMPAIGN_CLOSES)
    ended = await _in_state(season, campaign, "allotted")
    pledged, sold = sum(tonnes for _, tonnes in PLEDGES), sum(ALLOTTED.values())
    expect("the campaign", (pledged, sold), (ended["pledged_t"], ended["allotted_t"]))
    pledges = (await season.api.get(f"{campaign}/pledges"))["items"]
    expect("allotted", list(ALLOTTED.values()), [each["allotted_t"] for each in pledges])
    for buyer, tonnes in PLEDGES:
        story.append(f"{CAST[buyer].name} pledges {tonnes:,} t of {season.instruments['kiln']}: {ALLOTTED[buyer]:,} t")
    story.append(f"At 10:00 {pledged:,} t were wanted and {sold:,} t sold; the money of the last pledge is free again.")
    for buyer, tonnes in SUBSCRIPTIONS:
        taken = await _subscribe(season, buyer, tonnes)
        expect("subscribed", (tonnes, "filled"), (taken["traded_t"], taken["state"]))
        story.append(
            f"{CAST[buyer].name}: {tonnes:,} t of {season.instruments['forest']} at {yuan(taken['price_fen'])}"
        )
    late = await _subscribe(season, "bank", 1, status=409)
    return [*story, f"The listing is sold out too; one tonne more is refused: {late['detail']}"]


async def _subscribe(season: Season, buyer: str, tonnes: int, *, status: int = 201) -> Any:  # noqa: ANN401 - JSON
    party = season.parties[buyer]
    path = f"/v1/listings/{season.listings['forest']}/subscribe"
    return await season.api.post(path, {**party.next_order(), "quantity_t": tonnes}, by=party.key, status=status)


async def _in_state(season: Season, path: str, state: str) -> Any:  # noqa: ANN401 - JSON
    """What is at *path*, once the exchange's calendar has moved it there. Raises `Unexpected`."""
    until = time.monotonic() + CALENDAR_WITHIN_S
    while (found := await season.api.get(path))["state"] != state:
        if time.monotonic() > until:
            raise Unexpected(f"{path} is {found['state']}, and not {state} after {CALENDAR_WITHIN_S:.0f} s")
        await asyncio.sleep(_POLL_S)
    return found


async def trade_in_the_book(season: Season) -> Story:
    """The book opens with a call, which trades what it collected at one price; then it trades on, and 119 t rest."""
    session = f"/v1/instruments/{season.instruments['forest']}/session"
    await _move_to(season, session, "opening-call")
    for tonnes, price in ASKS:
        await _order(season, "forest", "sell", tonnes, price)
    poor = await _order(season, "bank", "buy", 600, 36_50, status=409)
    (early, early_t, early_fen), (late, late_t, late_fen) = BIDS
    collected = await _order(season, early, "buy", early_t, early_fen)
    expect("collected", (0, "open"), (collected["traded_t"], collected["state"]))
    found = (await season.api.get(session))["indication"]
    expect("the call", (early_fen, early_t, 0), (found["price_fen"], found["quantity_t"], found["surplus_t"]))
    await _move_to(season, session, "continuous")
    bought = await season.api.get(f"/v1/orders/{collected['id']}", by=season.parties[early].key)
    expect("bought in the call", (early_t, "filled"), (bought["traded_t"], bought["state"]))
    bought = await _order(season, late, "buy", late_t, late_fen)
    expect("bought", (late_t, "filled"), (bought["traded_t"], bought["state"]))
    book = await season.api.get(f"/v1/instruments/{season.instruments['forest']}/book")
    expect("the book", ([(36_50, 119)], []), ([(a["price_fen"], a["quantity_t"]) for a in book["asks"]], book["bids"]))
    return [
        f"Refused before it rests: {poor['detail']}",
        (
            f"The opening call indicates {found['quantity_t']:,} t at {yuan(found['price_fen'])} CNY/t, and ends so: "
            f"{CAST[early].name} buys {early_t:,} t."
        ),
        f"Then {CAST[late].name} buys {late_t:,} t at {yuan(late_fen)} CNY/t; 119 t keep resting at that price.",
    ]


async def _move_to(season: Season, session: str, phase: str) -> None:
    body = {"phase": phase, "reason": "First day of the season"}
    await season.api.post(f"{session}/phase", body, by=season.parties["exchange"].key)


async def _order(season: Season, word: str, side: str, tonnes: int, price: int, *, status: int = 201) -> Any:  # noqa: ANN401 - JSON; as an order is said
    party = season.parties[word]
    body = {
        **party.next_order(),
        "instrument": season.instruments["forest"],
        "side": side,
        "price_fen": price,
        "quantity_t": tonnes,
    }
    return await season.api.post("/v1/orders", body, by=party.key, status=status)


async def settle(season: Season) -> Story:
    """Within a second the registry has moved every kilogram from hold to hold, and the money is the sellers'."""
    words = (*SUPPLY, *BUYERS)
    begun = time.monotonic()
    found = {word: await _settled(season, word, begun) for word in words}
    for word, expected in PROCEEDS.items():
        expect(f"proceeds of the {word}", expected, found[word]["cash"]["settled_fen"])
    for word, expected in RECEIVED.items():
        expect(f"tonnes of the {word}", expected, sum(each["settled_t"] for each in found[word]["tonnes"]))
        expect(f"money left of the {word}", LEFT[word], found[word]["cash"]["settled_fen"])
    story = []
    for word in SUPPLY:
        seller = season.parties[word]
        statements = await season.api.get(f"/v1/accounts/{seller.account_id}/statements", by=seller.key)
        gross = sum(each["gross_fen"] for each in statements["items"])
        fees = sum(each["fee_fen"] for each in statements["items"])
        expect(f"statements of the {word}", (PROCEEDS[word], 0), (gross, fees))
        story.append(
            f"{CAST[word].name} receives {yuan(gross)} CNY by {len(statements['items'])} statements, fees {yuan(fees)}."
        )
    paid = sum(DEPOSITS.values()) - sum(LEFT.values())
    return [*story, f"{sum(RECEIVED.values()):,} t were delivered against {yuan(paid)} CNY."]


async def _settled(season: Season, word: str, begun: float) -> Any:  # noqa: ANN401 - JSON
    party = season.parties[word]
    while True:
        found = await season.api.get(f"/v1/accounts/{party.account_id}/balances", by=party.key)
        parts = (found["cash"], *found["tonnes"])
        if not any(amount for part in parts for name, amount in part.items() if name.startswith(("incoming", "outgo"))):
            return found
        if time.monotonic() - begun > SETTLED_WITHIN_S:
            raise Unexpected(f"what the {word} traded was not settled within {SETTLED_WITHIN_S:.0f} s: {found}")
        await asyncio.sleep(_POLL_S)


async def go_home(season: Season) -> Story:
    """Buyers take their tonnes back into the registry, where they can be retired; sellers are paid out."""
    for word in BUYERS:
        party = season.parties[word]
        balances = await season.api.get(f"/v1/accounts/{party.account_id}/balances", by=party.key)
        for each in balances["tonnes"]:
            body = {
                "account_id": party.account_id,
                "instrument": each["instrument"],
                "quantity_t": each["settled_t"],
            }
            done = await season.api.post("/v1/withdrawals/credits", body, by=party.key)
            expect("withdrawal", "done", done["state"])
    for word, amount in PROCEEDS.items():
        party = season.parties[word]
        body = {"account_id": party.account_id, "amount_fen": amount, "reference": "First season 首季"}
        await season.api.post("/v1/withdrawals/cash", body, by=party.key)
    received = {}
    for word in BUYERS:
        party = season.parties[word]
        holdings = await season.api.get(f"/v1/accounts/{party.account_id}/holdings", by=party.key)
        received[word] = sum(each["quantity_kg"] for each in holdings["items"] if each["state"] == "active") // KG_PER_T
    expect("tonnes received", RECEIVED, received)
    return [
        *(f"{CAST[word].name}: {tonnes:,} t, and {yuan(LEFT[word])} CNY left" for word, tonnes in received.items()),
        f"{sum(received.values()):,} t in all; the sellers' banks have {yuan(sum(PROCEEDS.values()))} CNY.",
    ]
