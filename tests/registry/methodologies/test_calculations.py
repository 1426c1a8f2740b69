"""Arithmetic that is shown before anything is filed."""

import pytest

from tests.worlds import World

KILN = {
    "methodology": "kiln-electrification/1",
    "gas_10k_nm3": 244,
    "efficiency_ratio": "0.5",
    "grid_region": "CN-510000",
    "grid_year": 2021,
}


async def test_anybody_may_calculate(empty: World):
    """The published kiln, without a key: 3,619 t, with every term and factor."""
    answer = await empty.http.post("/v1/calculations", json=KILN)
    assert 200 == answer.status_code, answer.text
    found = answer.json()
    assert (3_619, 978, 3_619_978) == (found["issuable_t"], found["lapses_kg"], found["reduction_kg"])
    assert ["kWh", "tCO2"] == sorted({each["unit"] for each in found["terms"]})
    assert "grid-electricity" in {each["key"] for each in found["factors"]}


async def test_less_than_nothing_is_shown_too(empty: World):
    """With the national factor the same kiln emits more than before: −2,070 t, of which nothing can be issued."""
    answer = await empty.http.post("/v1/calculations", json=KILN | {"grid_region": "CN"})
    assert (200, 0) == (answer.status_code, answer.json()["issuable_t"])
    assert -2_071 == answer.json()["reduction_kg"] // 1000


@pytest.mark.parametrize(
    ("changed", "status"), [({"grid_year": 2019}, 422), ({"efficiency_ratio": 0.5}, 400), ({"gas": 1}, 400)]
)
async def test_what_cannot_be_computed_is_refused(empty: World, changed: dict[str, object], status: int):
    """An unknown factor, a number with a point, a field that there is not."""
    assert status == (await empty.http.post("/v1/calculations", json=KILN | changed)).status_code
