"""The season's market: two listings, an order book, delivery against money, and the way home."""

import asyncio
import time
from typing import Any, NamedTuple

from deploy.scenarios.cast import BUYERS, CAST, Season, Story, expect
from deploy.scenarios.client import Unexpected
from exchange.journal.refusals import yuan
from schemas.serials import KG_PER_T

SETTLED_WITHIN_S = 20.0
_POLL_S = 0.03


class Supply(NamedTuple):
    """What a seller brings: tonnes in all, those of the listing, its price, and the band the instrument opens with."""

    tonnes: int
    listed: int
    price_fen: int
    low_fen: int
    high_fen: int


SUPPLY = {
    "kiln": Supply(3_619, 3_619, 13_90, 10_00, 20_00),
    "forest": Supply(4_400, 3_000, 36_00, 30_00, 45_00),
}
SUBSCRIPTIONS = (
    ("scenic", "kiln", 200),
    ("solar", "kiln", 1_600),
    ("car", "kiln", 1_819),
    ("scenic", "forest", 1_000),
    ("car", "forest", 1_500),
    ("bank", "forest", 500),
)
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
    """Both developers deposit tonnes, which the registry holds for the exchange, and open a listing."""
    story = []
    for word, supply in SUPPLY.items():
        seller = season.parties[word]
        body = {
            "account_id": seller.account_id,
            "instrument": season.instruments[word],
            "quantity_t": supply.tonnes,
        }
        deposit = await season.api.post("/v1/deposits/credits", body, by=seller.key)
        expect("deposit", "done", deposit["state"])
        listing = await season.api.post(
            "/v1/listings",
            {
                **seller.next_order(),
                "instrument": season.instruments[word],
                "price_fen": supply.price_fen,
                "quantity_t": supply.listed,
            },
            by=seller.key,
        )
        season.listings[word] = listing["id"]
        story.append(
            f"{CAST[word].name} deposits {supply.tonnes:,} t and lists {supply.listed:,} t at "
            f"{yuan(supply.price_fen)} CNY/t."
        )
    return story


async def pay_in(season: Season) -> Story:
    """The operator's bank books what the buyers sent; nobody can order more than that pays for."""
    for word, amount in DEPOSITS.items():
        body = {"account_id": season.parties[word].account_id, "amount_fen": amount, "reference": f"Bank slip {word}"}
        await season.api.post("/v1/deposits/cash", body, by=season.parties["exchange"].key)
    return [f"{CAST[word].name}: {yuan(amount)} CNY" for word, amount in DEPOSITS.items()]


async def subscribe(season: Season) -> Story:
    """Buyers take parts of the two listings at their price."""
    story = []
    for buyer, word, tonnes in SUBSCRIPTIONS:
        taken = await _subscribe(season, buyer, word, tonnes)
        expect("subscribed", (tonnes, "filled"), (taken["traded_t"], taken["state"]))
        story.append(f"{CAST[buyer].name}: {tonnes:,} t of {season.instruments[word]} at {yuan(taken['price_fen'])}")
    late = await _subscribe(season, "bank", "forest", 1, status=409)
    return [*story, f"Both listings are sold out; one tonne more is refused: {late['detail']}"]


async def _subscribe(season: Season, buyer: str, word: str, tonnes: int, *, status: int = 201) -> Any:  # noqa: ANN401 - JSON
    party = season.parties[buyer]
    path = f"/v1/listings/{season.listings[word]}/subscribe"
    return await season.api.post(path, {**party.next_order(), "quantity_t": tonnes}, by=party.key, status=status)


async def trade_in_the_book(season: Season) -> Story:
    """The forest's owner asks in the book; two buyers take the best prices; 119 t keep waiting."""
    code = season.instruments["forest"]
    for tonnes, price in ASKS:
        await _order(season, "forest", "sell", tonnes, price)
    poor = await _order(season, "bank", "buy", 600, 36_50, status=409)
    for buyer, tonnes, price in BIDS:
        bought = await _order(season, buyer, "buy", tonnes, price)
        expect("bought", (tonnes, "filled"), (bought["traded_t"], bought["state"]))
    book = await season.api.get(f"/v1/instruments/{code}/book")
    expect("the book", ([(36_50, 119)], []), ([(a["price_fen"], a["quantity_t"]) for a in book["asks"]], book["bids"]))
    return [
        f"Refused before it rests: {poor['detail']}",
        *(f"{CAST[buyer].name} buys {tonnes:,} t at {yuan(price)} CNY/t." for buyer, tonnes, price in BIDS),
        "119 t keep resting at 36.50 CNY/t.",
    ]


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
