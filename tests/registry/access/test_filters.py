"""What each filter of a list returns: those that fit among all there are, neither fewer nor more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.registry.access.organisations_of_each_role import EachRole
from tests.worlds import World

GOLDEN = Path(__file__).parents[2] / "golden" / "openapi.json"
WINDOW = {"cursor", "limit", "order", "newest_first", "from", "to"}
"""Of every list, tested by test_public_lists.py and, for times, tests/registry/kit/test_period.py."""


class Filter(NamedTuple):
    """A filter, the value of an item that it compares, and a value that no item has, if there may be one."""

    name: str
    of: Callable[[Any], Any]
    nobody: str = ""


def field(name: str, nobody: str = "", *, item: str = "") -> Filter:
    """A filter on the field of its name, or on *item* of each."""
    return Filter(name, lambda each: each[item or name], nobody)


def family(each: Any) -> str:
    """A methodology without its version."""
    return str(each["methodology"]).partition("/")[0]


NOWHERE = "SC-CDCER-0099-2024"
FILTERS: dict[str, tuple[Filter, ...]] = {
    "/v1/accounts": (field("owner_id", "9999"),),
    "/v1/annulments": (field("of"), field("claim_id", "9999")),
    "/v1/approvals": (field("operation"), field("state")),
    "/v1/auctions": (field("instrument", NOWHERE), field("state")),
    "/v1/campaigns": (field("instrument", NOWHERE), field("state")),
    "/v1/claims": (
        field("type"),
        field("organisation_id", "9999", item="claimant_id"),
        Filter("annulled", lambda each: each["annulled"] is not None),
    ),
    "/v1/delistings": (field("instrument", NOWHERE), field("state")),
    "/v1/events": (field("organisation_id", "9999"), field("kind"), field("closed")),
    "/v1/grants": (
        field("role"),
        field("organisation_id", "9999"),
        Filter("in_effect", lambda each: each["ends"] is None),
    ),
    "/v1/instruments": (Filter("methodology", family), field("vintage", "2001"), field("state")),
    "/v1/issuances": (field("project_id", "9999"), field("vintage", "2001"), Filter("methodology", family)),
    "/v1/listings": (field("instrument", NOWHERE), Filter("open_only", lambda each: each["open_t"] > 0)),
    "/v1/pools": (field("owner_id", "9999"), field("state")),
    "/v1/projects": (
        field("state"),
        Filter("methodology", family),
        field("organisation_id", "9999", item="developer_id"),
    ),
    "/v1/restrictions": (
        field("scope"),
        field("target_id", "9999"),
        Filter("in_effect", lambda each: each["ends"] is None),
    ),
    "/v1/retirements": (field("claim_id", "9999"),),
    "/v1/suspensions": (field("person_id", "9999"),),
}
ELSEWHERE = {
    "/v1/accounts/{account_id}/orders": {"open_only", "instrument"},
    "/v1/accounts/{account_id}/quote-requests": {"open_only"},
    "/v1/claims": {"covered"},
    "/v1/issuances": {"organisation_id"},
    "/v1/log/statements": {"type"},
    "/v1/notifications": {"kind", "unread"},
    "/v1/organisations": {"name"},
    "/v1/organisations/{organisation_id}/webhooks/{webhook_id}/deliveries": {"state"},
    "/v1/retirements": {"organisation_id", "serial", "beneficiary", "project_id", "vintage", "methodology"},
    "/v1/serials": {"serial"},
    "/v1/suspensions": {"state"},
}
"""Filters whose items do not show what is compared, or that have tests of their own."""
ONLY = {"open_only"}
"""It leaves everything where it is false."""


def test_every_filter_of_a_list_is_in_a_table():
    """One that is added later is tested too."""
    paths: dict[str, Any] = msgspec.json.decode(GOLDEN.read_bytes())["paths"]
    found = {}
    for path, methods in paths.items():
        names = {each["name"] for each in methods.get("get", {}).get("parameters", ()) if each["in"] == "query"}
        if "limit" in names and names - WINDOW:
            found[path] = names - WINDOW
    tested = {path: {each.name for each in filters} for path, filters in FILTERS.items()}
    assert found == {path: tested.get(path, set()) | ELSEWHERE.get(path, set()) for path in tested | ELSEWHERE}


async def test_a_filter_leaves_what_fits(populated: World, each_role: EachRole):
    """By each value there is, and by one that nothing has."""
    key = populated.regulators[0]

    async def items(path: str, query: str = "") -> list[Any]:
        answer = await populated.get(f"{path}?limit=200{query}", by=key)
        assert 200 == answer.status_code, (path, query, answer.text)
        return list(answer.json()["items"])

    for path, filters in FILTERS.items():
        everything = await items(path)
        assert everything, f"there is something to leave out of {path}"
        for each in filters:
            for value in {each.of(item) for item in everything} - {"", None}:  # of a basket
                said = str(value).lower() if isinstance(value, bool) else value
                wanted = [item for item in everything if each.of(item) == value or (each.name in ONLY and not value)]
                assert wanted == await items(path, f"&{each.name}={said}"), (path, each.name, value)
            if each.nobody:
                assert [] == await items(path, f"&{each.name}={each.nobody}"), (path, each.name)
