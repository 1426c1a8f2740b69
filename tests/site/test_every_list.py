"""Every list page of the router: its order, its filter, its other forms, its permalink, and columns that sort."""

import re

import httpx

from deploy.site.frame import FOLDERS, site_router
from tests.site.test_office_pages import signed_in
from tests.worlds import World

WINDOWS = {"latest", "ordered", "window"}
"""A page that takes one of these shows a list page by page."""
NO_LISTS = {
    "/exports": "links to every list, and says whether each issuance adds up",
    "/auctions/new": "a form, with the instruments to choose from",
    "/auctions/{auction_id:int}": "one auction: its bids are a part, with a CSV of their own",
    "/campaigns/new": "a form, with the instruments to choose from",
    "/campaigns/{campaign_id:int}": "one campaign: its pledges are a part, with a CSV of their own",
    "/issuances/{code:str}": "one issuance: its kilograms are looked for by serial",
    "/organisations/{organisation_id:int}/webhooks/{webhook_id:int}": "one webhook: what was sent to it is a part",
    "/subscriptions/{standing_id:int}": "one standing subscription: its schedule is a part, with a CSV of its own",
    "/people/{person_id:int}": "one person: their keys are a part of it",
}
"""Pages about something else that show a part of a list."""
WITHOUT = {
    "/accounts/{account_id:int}/blocks": ({"order", "filter"}, "those that wait for an answer first, then the newest"),
    "/accounts/{account_id:int}/quote-requests": ({"order", "filter"}, "those that can be answered, then the newest"),
    "/accounts/{account_id:int}/subscriptions": ({"order", "filter"}, "the few of one account"),
    "/keys/unconfirmed": (
        {"order", "filter"},
        "cards of the few who wait, each with what is to be compared",
    ),
    "/organisations/{organisation_id:int}/colleagues": ({"order", "filter"}, "the few people of one organisation"),
    "/organisations/{organisation_id:int}/webhooks": ({"order", "filter"}, "at most ten"),
}
"""What a list lacks on purpose, and why."""
NUMBERS = {"organisation_id:int": "4", "account_id:int": "1"}


def lists() -> list[str]:
    """The addresses of the router's list pages."""
    return sorted(
        route.path
        for route in site_router().routes
        for handler in getattr(route, "route_handlers", ())
        if WINDOWS & set(handler.parsed_fn_signature.parameters) and route.path not in NO_LISTS
    )


def lacks(text: str, turned: str, path: str) -> set[str]:
    """What a list page does not have; *turned* is the same page in the other order."""
    table = re.search(r"<main.*?<table([^>]*)>", text, re.DOTALL)
    form = re.search(rf'<form class="filter" action="{path}">(.*?)</form>', text, re.DOTALL)
    ordered = 'name="order"' in text
    found = {
        "filter": bool(form and form[1].replace('name="order"', "").count("name=")),
        "order": ordered,
        "csv": bool(re.search(r'href="[^"]+\.csv', text)),
        "json": bool(re.search(r'href="[^"]+\.json', text)),
        "permalink": not ordered or bool(re.search(r'<option value="(oldest|newest)" selected>', turned)),
        "sorting": not table or "data-sort" in table[1],
    }
    return {name for name, has in found.items() if not has}


async def test_every_list_page_sorts_filters_and_has_its_other_forms(delivered: World):
    """Nobody makes a new list page without them; an exception stands above with its reason."""
    lacking: dict[str, set[str]] = {}
    broken: list[str] = []
    for path in lists():
        address = re.sub(r"\{([^}]+)\}", lambda found: NUMBERS[found[1]], path)
        shown = await _get(delivered, address)
        other = "oldest" if '<option value="oldest"' in shown.text else "newest"
        turned = await _get(delivered, f"{address}?order={other}") if 'name="order"' in shown.text else shown
        if missing := lacks(shown.text, turned.text, address):
            lacking[path] = missing
        for link in re.findall(r'href="(/[^"]+\.(?:csv|json)[^"]*)"', shown.text + turned.text):
            answer = await _get(delivered, link.replace("&amp;", "&"))
            broken += [f"{link}: {answer.status_code}"] if answer.status_code != 200 else []
        broken += [f"{each.url}: {each.status_code}" for each in (shown, turned) if each.status_code != 200]
    assert [] == broken
    assert {path: missing for path, (missing, _) in WITHOUT.items()} == lacking


def test_the_tables_of_a_list_sort_by_their_columns():
    """Also of a list that is empty in the test above: a page with a filter has no table without."""
    for template in (each for folder in FOLDERS.values() for each in folder.glob("*.html")):
        text = template.read_text(encoding="utf-8")
        if "parts.filter(" in text:
            assert set() == {each for each in re.findall(r"<table[^>]*>", text) if "data-sort" not in each}, template


async def _get(world: World, address: str) -> httpx.Response:
    return await world.http.get(address, headers=signed_in(world.regulators[0]))
