"""Requests that decide about others: delistings with notice, attributes of projects, kinds of organisations."""

from typing import Any

from tests.registry.access.one_request import Request, read, write
from tests.registry.access.organisations_of_each_role import HOME

OVER = "2020-01-02"
"""A day that cannot be announced: whoever may announce one is refused for the day alone."""


def regulated(ids: dict[str, Any]) -> dict[str, Request]:
    """Their part of the table."""
    delist = f"/v1/instruments/{ids['instrument']}/delist"
    attributes = f"/v1/projects/{ids['project_elsewhere']}/attributes"
    asset = {"asset": ids["instrument"], "reason": "test"}
    announced = {"day": OVER, "reason": "test"}
    return {
        "list_delistings": read("/v1/delistings"),
        "announce_delisting": Request("POST", delist, announced, 422),
        "withdraw_delisting": Request("POST", f"{delist}/withdraw", {"reason": "test"}, 409),  # nothing is announced
        "delist_asset": Request("POST", "/v1/baskets/BASKET-X/delist", {**asset, "day": OVER}, 422),
        "withdraw_asset_delisting": Request("POST", "/v1/baskets/BASKET-X/delist/withdraw", asset, 409),
        "record_project_attributes": write(attributes, {"co_benefits": [15], "source": "A list", "why": "test"}),
        "list_project_attributes": read(attributes),
        "set_organisation_kind": write(f"/v1/organisations/{ids[HOME]}/kind", {"kind": "institution", "why": "A fund"}),
    }
