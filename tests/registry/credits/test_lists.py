"""Lists by time and as CSV, totals of a project, and where the kilograms of a serial are."""

import csv
import io

import pytest

from tests.registry.credits import steps
from tests.worlds import World

CODE = "SC-CDCER-0002-2024-01"
"""The kiln's issuance: 3,619 t."""


def rows(answer):
    """What a program reads of a CSV."""
    assert "text/csv; header=present; charset=utf-8" == answer.headers["content-type"], answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


async def three_days(world: World) -> str:
    """Give on three days: before midnight in Shanghai, at midnight, and a day later; returns the path of movements."""
    kiln, solar = world.party("kiln"), world.party("solar")
    for instant, quantity_kg in (
        ("2025-03-01T15:59:59Z", 10),
        ("2025-03-01T16:00:00Z", 20),
        ("2025-03-02T16:00:00Z", 30),
    ):
        await steps.at(world, instant)
        await steps.give(world, kiln, solar, quantity_kg)
    return f"/v1/accounts/{solar.account_id}"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", [10, 20, 30]),
        ("from=2025-03-02", [20, 30]),
        ("to=2025-03-01", [10]),
        ("from=2025-03-02&to=2025-03-02", [20]),
        ("from=2025-03-01T15:59:59Z&to=2025-03-01T16:00:00Z", [10]),
        ("from=2025-03-02T00:00:00%2B08:00", [20, 30]),
        ("from=2025-04-01", []),
    ],
)
async def test_movements_and_transfers_of_some_days(issued: World, query: str, wanted: list[int]):
    """A day is whole in Shanghai, its midnight 16:00 UTC; an instant is itself; the end of a period is not in it."""
    path, key = await three_days(issued), issued.party("solar").key
    for name in ("movements", "transfers"):
        answer = await issued.get(f"{path}/{name}?{query}", by=key)
        assert wanted == [each["quantity_kg"] for each in answer.json()["items"]], name


async def test_a_list_is_csv_by_its_path_or_by_accept(issued: World):
    """The same lines as in JSON, page by page; the next page's address stands in a Link header."""
    path, key = await three_days(issued), issued.party("solar").key
    headers = {"Authorization": f"Bearer {key}", "Accept": "text/csv"}
    plain = (await issued.get(f"{path}/movements?from=2025-03-01", by=key)).json()["items"]
    accepted = await issued.http.get(f"{path}/movements?from=2025-03-01", headers=headers)
    assert [str(each["quantity_kg"]) for each in plain] == [each["quantity_kg"] for each in rows(accepted)]
    assert plain[0].keys() == rows(accepted)[0].keys()
    assert 'attachment; filename="movements.csv"' == accepted.headers["content-disposition"]
    found, address = [], f"{path}/movements.csv?from=2025-03-01&limit=1"
    while address:
        page = await issued.get(address, by=key)
        found += rows(page)
        link = page.headers.get("link", "")
        address = link.partition("<")[2].partition(">")[0]
        assert link in ("", f'<{address}>; rel="next"')
    assert rows(accepted) == found
    head = await issued.http.head(f"{path}/movements.csv", headers={"Authorization": f"Bearer {key}"})
    assert (200, b"") == (head.status_code, head.content)


async def test_what_is_no_list_has_no_csv(issued: World):
    """404 with words; a client that accepts anything has JSON."""
    answer = await issued.get("/v1/region.csv")
    assert "There is no CSV of /v1/region; ask for it without .csv." == answer.json()["detail"]
    path, key = f"/v1/accounts/{issued.party('kiln').account_id}/movements", issued.party("kiln").key
    both = {"Authorization": f"Bearer {key}", "Accept": "application/json, text/csv;q=0.5"}
    assert "application/json" == (await issued.http.get(path, headers=both)).headers["content-type"]
    assert (401, "unauthenticated") == steps.refusal(await issued.get(f"{path}.csv"))
    assert (403, "not-yours") == steps.refusal(await issued.get(f"{path}.csv", by=issued.party("bank").key))


async def test_a_wrong_period_is_refused(issued: World):
    """With the field's name and what would be right."""
    path, key = f"/v1/accounts/{issued.party('kiln').account_id}/movements", issued.party("kiln").key
    answer = await issued.get(f"{path}?from=2025-13-01", by=key)
    assert (400, "from: month must be in 1..12.") == (answer.status_code, answer.json()["detail"])


async def test_a_project_has_totals(issued: World):
    """By vintage and in all: what is held and retired moves between them, and they add up."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    project = issued.season.projects["kiln"]
    claim = await issued.contribution("solar")
    await steps.give(issued, kiln, solar, 5)
    await steps.offer(issued, kiln, solar, 10)
    retire = {"account_id": solar.account_id, "quantity_kg": 5, "claim_id": claim, "reason": "test"}
    await issued.ok("/v1/retirements", retire, by=solar.key)
    found = (await issued.get(f"/v1/projects/{project}/totals")).json()
    kg = {"issued_kg": 3_619_000, "active_kg": 3_618_985, "held_kg": 10, "buffer_kg": 0, "retired_kg": 5}
    [vintage] = found.pop("vintages")
    assert {"vintage": 2024, "cancelled_kg": 0, **kg} == vintage
    assert {"project_id": project, "cancelled_kg": 0, "outstanding_kg": 3_618_995, **kg} == found
    assert (404, "not-found") == steps.refusal(await issued.get("/v1/projects/999/totals"))


async def test_a_project_without_issuances_has_totals_of_zero(empty: World):
    """It is there, and has nothing yet."""
    developer = await empty.newcomer("developer")
    from tests.registry.projects.life import project_body

    draft = await empty.ok("/v1/projects", project_body(developer.organisation_id), by=developer.key)
    found = (await empty.get(f"/v1/projects/{draft['id']}/totals", by=developer.key)).json()
    assert (0, []) == (found["issued_kg"], found["vintages"])


async def test_a_serial_says_where_its_kilograms_are(issued: World):
    """Block by block, cut to what was asked for; retired ones have their receipts."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    claim = await issued.contribution("solar")
    await steps.give(issued, kiln, solar, 5)
    retire = {"account_id": solar.account_id, "quantity_kg": 5, "claim_id": claim, "reason": "test"}
    order = await issued.ok("/v1/retirements", retire, by=solar.key)
    await steps.offer(issued, kiln, solar, 10)
    found = (await issued.get(f"/v1/serials?serial={CODE}:3-20kg")).json()["items"]
    assert [
        (f"{CODE}:3-5kg", 3, "retired", [order["retirements"][0]["receipt_id"]]),
        (f"{CODE}:6-15kg", 10, "held", []),
        (f"{CODE}:16-20kg", 5, "active", []),
    ] == [(each["serial"], each["quantity_kg"], each["state"], each["receipts"]) for each in found]
    pages = await issued.get(f"/v1/serials.csv?serial={CODE}:3-20kg&limit=2")
    assert ["retired", "held"] == [each["state"] for each in rows(pages)]
    never = await issued.get(f"/v1/serials?serial={CODE}:3619001-3619002kg")
    assert f"No kilogram of {CODE}:3619001-3619002kg was ever issued." == never.json()["detail"]
    wrong = await issued.get(f"/v1/serials?serial={CODE}:9-3kg")
    assert "serial: the first kilogram 9 comes after the last 3." == wrong.json()["detail"]
    missing = await issued.get("/v1/serials")
    assert 400 == missing.status_code
