"""What an account sold, added up."""

from tests.worlds import World


async def income(world: World, who: str, query: str = "", *, by: str = "") -> dict[str, int]:
    """The answer for one party."""
    party = world.party(who)
    answer = await world.get(f"/v1/accounts/{party.account_id}/income{query}", by=by or party.key)
    assert 200 == answer.status_code, answer.text
    found: dict[str, int] = answer.json()
    return found


async def test_the_season_s_sellers_have_their_proceeds(delivered: World):
    """3,619 t of the kiln for 50,304.10 CNY, and what was brought and paid out; by instrument and in all."""
    found = await income(delivered, "kiln")
    assert (3_619, 50_304_10, 0, 50_304_10) == tuple(
        found[name] for name in ("sold_t", "gross_fen", "fee_fen", "net_fen")
    )
    assert (3_619, 0, 0, 50_304_10, 0) == tuple(
        found[name] for name in ("deposited_t", "withdrawn_t", "paid_in_fen", "paid_out_fen", "under_way_fen")
    )
    assert [("SC-CDCER-0002-2024", 3, 3_619)] == [
        (each["instrument"], each["deliveries"], each["quantity_t"])
        for each in found["sales"]  # type: ignore[attr-defined]  # a list in a dict of numbers
    ]
    assert 154_516_50 == (await income(delivered, "forest"))["net_fen"]


async def test_what_was_bought_is_no_income(delivered: World):
    """A buyer sold nothing; what it paid in is there."""
    found = await income(delivered, "bank")
    assert (0, 0, 36_000_00) == (found["sold_t"], found["net_fen"], found["paid_in_fen"])
    assert 981 == found["withdrawn_t"]


async def test_another_time_has_another_income(delivered: World):
    """Before the season nothing was sold."""
    assert 0 == (await income(delivered, "kiln", "?to=2025-01-05"))["net_fen"]
    assert 50_304_10 == (await income(delivered, "kiln", "?from=2025-01-06"))["net_fen"]


async def test_others_do_not_see_it(delivered: World):
    """Another party is refused; overseers see it."""
    path = f"/v1/accounts/{delivered.party('kiln').account_id}/income"
    assert 403 == (await delivered.get(path, by=delivered.party("forest").key)).status_code
    assert 50_304_10 == (await income(delivered, "kiln", by=delivered.regulators[0]))["net_fen"]
