"""What an account did on the exchange, by time and as CSV: orders, fills, deposits, withdrawals, statements."""

import csv
import io

import pytest

from tests.worlds import World

LISTS = ("orders", "fills", "deposits", "withdrawals", "statements")


@pytest.mark.parametrize("name", LISTS)
async def test_the_lists_of_the_market_are_csv_by_time(delivered: World, name: str):
    """Each has the lines that it has in JSON; a period before the market has none, the day of each line has it."""
    for word in ("scenic", "kiln", "solar"):
        party = delivered.party(word)
        path = f"/v1/accounts/{party.account_id}/{name}"
        plain = (await delivered.get(path, by=party.key)).json()["items"]
        table = await delivered.get(f"{path}.csv", by=party.key)
        lines = list(csv.DictReader(io.StringIO(table.content.decode(), newline="")))
        assert [each["at"] for each in plain] == [each["at"] for each in lines]
        for each in plain[:1]:
            inside = f"from={each['at'][:10]}T00:00:00Z&to={each['at'][:10]}T23:59:59.999999Z"
            there = (await delivered.get(f"{path}?{inside}", by=party.key)).json()["items"]
            assert each in there
        before = (await delivered.get(f"{path}?to=2020-01-01", by=party.key)).json()["items"]
        assert [] == before


async def test_money_and_tonnes_are_whole_numbers_with_their_units_in_the_header(delivered: World):
    """A statement's amounts are fen, to the last; its lines are JSON in their field."""
    party = delivered.party("kiln")
    path = f"/v1/accounts/{party.account_id}/statements"
    plain = (await delivered.get(path, by=party.key)).json()["items"]
    table = await delivered.get(f"{path}.csv", by=party.key)
    lines = list(csv.DictReader(io.StringIO(table.content.decode(), newline="")))
    assert plain
    for one, two in zip(plain, lines, strict=True):
        names = ("quantity_t", "gross_fen", "fee_fen", "net_fen", "delivery_id")
        assert [str(one[each]) for each in names] == [two[each] for each in names]
    newest = await delivered.get(f"/v1/accounts/{party.account_id}/fills.csv?newest_first=true", by=party.key)
    ids = [int(each["trade_id"]) for each in csv.DictReader(io.StringIO(newest.text, newline=""))]
    assert sorted(ids, reverse=True) == ids
