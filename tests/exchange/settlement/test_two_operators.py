"""Money beyond what one operator books alone takes two, who count as two."""

from exchange.settlement.rules import ALONE_FEN
from tests.exchange.marketplace import Market
from tests.probes import as_owner, refused


async def test_beyond_the_limit_two_operators_book(market: Market):
    """In one sum or in several within a day: the last fen alone is refused with the numbers, and two may book it."""
    operator = market.party("exchange").key
    body = {"account_id": market.party("solar").account_id, "amount_fen": ALONE_FEN + 1, "reference": "Bank slip"}
    answer = await market.world.post("/v1/deposits/cash", body, by=operator)
    problem = refused(answer, 409, "money-takes-two", "1,000,000.01 CNY, after 0.00", "deposit_cash")
    assert (ALONE_FEN + 1, 0, ALONE_FEN) == tuple(problem[each] for each in ("amount_fen", "booked_fen", "limit_fen"))
    await market.pay_in("solar", ALONE_FEN)
    one_more = {**body, "amount_fen": 1}
    answer = await market.world.post("/v1/deposits/cash", one_more, by=operator)
    refused(answer, 409, "money-takes-two", "0.01 CNY, after 1,000,000.00 CNY")
    assert "done" == (await market.pay_in_by_two(one_more))["state"]
    assert (ALONE_FEN + 1, 0, 0, 0) == await market.cash("solar")
    assert "done" == (await market.pay_in("car", 1))["state"]
    await as_owner(market.world, "update registry.business_clock set at = at + interval '1 day'")
    assert "done" == (await market.pay_in("solar", 1))["state"]


async def test_operators_whose_first_keys_one_person_made_are_one(market: Market):
    """The regulator who made both could act as both, until another one confirms one of them."""
    body = {"account_id": market.party("solar").account_id, "amount_fen": ALONE_FEN + 1, "reference": ""}
    order = await market.proposed(body)
    second = await market.second_operator(confirmed=False)
    path = "/v1/deposits/cash/approved"
    refused(await market.world.post(path, order, by=second), 403, "same-person", "count as one")
    refused(await market.world.post(path, order, by=market.party("exchange").key), 403, "same-person", "yourself")
    assert 201 == (await market.world.confirm(second, by=market.world.regulators[1])).status_code
    assert "done" == (await market.world.ok(path, order, by=second))["state"]


async def test_nobody_books_for_their_own_and_regulators_book_nothing(market: Market):
    """Both halves are of other organisations; each role proposes what it decides."""
    own = {"account_id": market.party("exchange").account_id, "amount_fen": ALONE_FEN + 1, "reference": ""}
    order, second = await market.proposed(own), await market.second_operator()
    answer = await market.world.post("/v1/deposits/cash/approved", order, by=second)
    refused(answer, 403, "own-organisation", "booking money")
    proposal = {"body": order["body"], "reason": "x"}
    answer = await market.world.post("/v1/approvals", proposal, by=market.world.regulators[0])
    refused(answer, 403, "denied", "operator")
    grant = {"operation": "grant_role", "person_id": 2, "organisation_id": 1, "role": "member"}
    answer = await market.world.post("/v1/approvals", {"body": grant, "reason": "x"}, by=second)
    refused(answer, 403, "denied", "regulator")
