"""Where every kilogram and every fen is at the end of the season."""

from deploy.scenarios.cast import BUYERS, Season, Story, expect
from deploy.scenarios.market import DEPOSITS, LEFT, PROCEEDS, SUPPLY
from deploy.scenarios.standing import BUYER, MONTHLY_T, PRICE_FEN
from exchange.journal.refusals import yuan


async def count_everything(season: Season) -> Story:
    """Where every kilogram is, and that nothing is missing."""
    expected = {
        "forest": {"issued": 7_107_000, "active": 5_975_800, "held": 109_000, "buffer": 711_000, "retired": 311_200},
        "kiln": {"issued": 3_619_000, "active": 3_619_000, "held": 0, "buffer": 0, "retired": 0},
    }
    for word, code in season.issuances.items():
        found = await season.api.get(f"/v1/issuances/{code}/conservation")
        expect(f"{word} kilograms", expected[word], {state: found[f"{state}_kg"] for state in expected[word]})
        expect(f"{word} conserved", True, found["conserved"])  # noqa: FBT003 - the expected value
        season.totals[word] = found
    seller = season.parties["forest"]
    holdings = await season.api.get(f"/v1/accounts/{seller.account_id}/holdings", by=seller.key)
    active = sum(each["quantity_kg"] for each in holdings["items"] if each["state"] == "active")
    expect("forest kilograms with the seller", 1_996_000, active)
    region = await season.api.get("/v1/conservation")
    expect("region conserved", True, region["conserved"])  # noqa: FBT003 - the expected value
    season.totals["region"] = region
    left = {word: await _cash_of(season, word) for word in (*SUPPLY, *BUYERS)}
    standing_fen = MONTHLY_T * PRICE_FEN  # its seller has not withdrawn it yet
    expected_fen = {"kiln": 0, **LEFT, "forest": standing_fen, BUYER: LEFT[BUYER] - standing_fen}
    expect("fen on the exchange", expected_fen, left)
    paid, proceeds, rest = (yuan(sum(each.values())) for each in (DEPOSITS, PROCEEDS, left))
    return [
        "Every kilogram that was ever issued is in exactly one place.",
        f"Of {paid} CNY paid in, {proceeds} went to the sellers' banks; {rest} are on the exchange.",
    ]


async def _cash_of(season: Season, word: str) -> int:
    party = season.parties[word]
    balances = await season.api.get(f"/v1/accounts/{party.account_id}/balances", by=party.key)
    return sum(int(fen) for fen in balances["cash"].values())
