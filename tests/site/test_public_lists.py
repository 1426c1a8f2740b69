"""Lists of the API from either end, by what people look for, and as CSV."""

import pytest

from tests.registry.credits import steps
from tests.worlds import World

LISTS = (
    *("/v1/projects", "/v1/organisations", "/v1/issuances", "/v1/retirements", "/v1/claims", "/v1/cancellations"),
    *("/v1/projects/1/history", "/v1/projects/1/reports", "/v1/projects/1/objections", "/v1/projects/1/comments"),
    "/v1/reports/1/versions",
)


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_is_read_from_either_end(delivered: World, path: str):
    """One item a page, from the newest back: the oldest first, turned round."""
    await steps.retire(delivered, delivered.party("bank"), await delivered.contribution("bank"), 47)
    forward = (await delivered.get(f"{path}?order=oldest")).json()["items"]
    back, cursor = [], ""
    while True:
        page = (await delivered.get(f"{path}?order=newest&limit=1{cursor}")).json()
        back += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert forward[::-1] == back
    assert forward == (await delivered.get(path)).json()["items"]
    assert (400, "invalid-request") == steps.refusal(await delivered.get(f"{path}?order=oldest&cursor=YmVmb3JlOjE"))
    assert 400 == (await delivered.get(f"{path}?order=sideways")).status_code


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("projects?methodology=forest-sink", [1]),
        ("projects?methodology=forest-sink&state=rejected", []),
        ("projects?organisation_id=5", [2]),
        ("issuances?methodology=kiln-electrification", [2]),
        ("issuances?vintage=2024", [1, 2]),
        ("issuances?vintage=2023", []),
        ("issuances?organisation_id=4", [1]),
        ("issuances?to=2024-12-31", []),
        ("issuances?from=2025-01-01", [1, 2]),
        ("claims?type=event", [2]),
        ("claims?covered=true", [1]),
        ("claims?covered=false", [2]),
        ("claims?organisation_id=4", []),
        ("claims?to=2024-12-31", []),
    ],
)
async def test_a_filter_leaves_what_fits(delivered: World, query: str, wanted: list[int]):
    """Everything that is asked for must fit."""
    await delivered.contribution("bank")
    await delivered.event_claim()
    assert wanted == [each["id"] for each in (await delivered.get(f"/v1/{query}")).json()["items"]]


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 1), ("?project_id=2", 0), ("?vintage=2024", 1), ("?vintage=2023", 0), ("?methodology=forest-sink", 1)],
)
async def test_retirements_by_what_was_retired(delivered: World, query: str, count: int):
    """By project, vintage and methodology of the credits."""
    await steps.retire(delivered, delivered.party("bank"), await delivered.contribution("bank"), 47)
    assert count == len((await delivered.get(f"/v1/retirements{query}")).json()["items"])


@pytest.mark.parametrize("path", [*LISTS[:-1], "/v1/methodologies", "/v1/factors", "/v1/search?q=long"])
async def test_a_public_list_is_csv_too(delivered: World, path: str):
    """With its header line, by its path."""
    head, mark, query = path.partition("?")
    answer = await delivered.get(f"{head}.csv{mark}{query}")
    assert (200, "text/csv; header=present; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert answer.text.startswith(("id,", "sha256", "receipt_id,", "order_id,", "key,", "kind,"))


async def test_a_claim_says_no_more_than_the_log(delivered: World):
    """Anybody reads a claim; its plan to reduce is the claimant's and the overseers' to read."""
    claim = await delivered.event_claim()
    scenic = delivered.party("scenic").key
    for key, seen in (
        ("", False),
        (delivered.party("bank").key, False),
        (scenic, True),
        (delivered.regulators[0], True),
    ):
        shown = (await delivered.get(f"/v1/claims/{claim}", by=key)).json()
        assert seen == (shown["reduction_plan"] is not None)
        assert ["energy", "travel", "accommodation"] == [each["category"] for each in shown["footprint"]]
        assert ("chengdu-event/1", 6) == (shown["method"], len(shown["factors"]))
