"""Numbers of others: a page shows nobody more than the API answers them; and texts of others in a spreadsheet."""

import csv
import io
import re
from typing import Any

import pytest

from deploy.screenshots.samples import page_paths
from tests.registry.transparency.logs import Log
from tests.site.crowded import crowd
from tests.site.test_public_pages import log
from tests.worlds import World

__all__ = ["log"]
PARTS = {
    "accounts": ("cancel", "retire", "trading", "transfer"),
    "claim-drafts": ("about", "activities", "finding", "green-power", "reductions"),
    "events": ("poster",),
    "projects": ("decision", "reports/new", "reports/new/data", "validation"),
    "reports": ("again", "again/data", "issuance", "verification"),
}
"""Pages that are a part of an object, by the kind of the object: those who see them see the object."""
WITHOUT_API = {
    **{f"/{kind}/{{}}/{each}": f"/v1/{kind}/{{}}" for kind, parts in PARTS.items() for each in parts},
    "/e/{}": "/v1/events/{}",
    "/people/{}": "/v1/people",
}
"""Pages whose own operation has another address: what they ask of the API."""
ELSEWHERE = {
    "/organisations/{}/webhooks/{}",  # tests/registry/notifications/webhooks: under its own organisation
    "/e/{}/{}",  # tests/registry/community: a secret, and only under its own event
    "/projects/{}/draft/{}",  # tests/deploy/site/test_work_pages.py
    "/r/{}",  # public by the code; tests/site/test_receipt_page.py
    *(f"/simulator/{{}}{each}" for each in ("", "/choose", "/result")),  # nobody's: tests/deploy/site/test_simulator.py
}
NUMBERS = 30


def operations(path: str) -> str:
    """The address of the resource whose page it is."""
    plain = re.sub(r"\{\w+:\w+\}", "{}", path)
    return WITHOUT_API.get(plain, f"/v1{plain}")


async def test_a_page_of_an_object_shows_nobody_more_than_the_api(delivered: World, log: Log):
    """Every page with a number or a code in its address, by every number there is, for everybody: generated."""
    made = await crowd(delivered, log)
    statements = (await delivered.get("/v1/log/statements")).json()["items"]
    codes = {
        "code": ["SC-CDCER-0001-2024-01", "SC-CDCER-0001-2024", "SC-CDCER-9999-2024"],
        "receipt_id": [made["receipt"], "R-" + "A" * 26],
        "order_id": [made["cancellation"], "X-" + "A" * 26],
        "statement_hash": [statements[0]["statement_hash"], "0" * 64],
    }
    people = {"": "", **{word: delivered.party(word).key for word in ("bank", "solar", "forest", "vvb", "exchange")}}
    looked = 0
    for path in sorted(page_paths()):
        found = re.findall(r"\{(\w+):(\w+)\}", path)
        if re.sub(r"\{\w+:\w+\}", "{}", path) in ELSEWHERE:
            continue
        if len(found) != 1:
            assert not found, f"{path}: say here how its numbers are chosen"
            continue
        name, kind = found[0]
        values: list[Any] = list(range(1, NUMBERS)) if kind == "int" else codes[name]
        for value in values:
            address = re.sub(r"\{\w+:\w+\}", str(value), path)
            for word, key in people.items():
                cookie = {"Cookie": f"__Host-kilnwood={key}", "Accept": "text/html"} if key else {}
                page = await delivered.http.get(address, headers=cookie)
                if page.status_code != 200:
                    continue
                api = await delivered.get(operations(path).format(value), by=key)
                assert api.status_code in (200, 202), (address, word, api.status_code)
                looked += 1
    assert looked > 100


async def test_a_page_of_ones_own_is_nobody_elses(delivered: World):
    """Pages without a number show what belongs to the visitor; nobody signed in is led to the door."""
    for address in ("/account", "/notifications", "/notifications/mail", "/notifications/confirm", "/keys/unconfirmed"):
        answer = await delivered.http.get(address)
        assert (303, True) == (answer.status_code, answer.headers["location"].startswith("/sign-in?then=")), address
    bank = {"Cookie": f"__Host-kilnwood={delivered.party('bank').key}"}
    assert 403 == (await delivered.http.get("/keys/unconfirmed", headers=bank)).status_code
    text = (await delivered.http.get("/account", headers=bank)).text
    for word in ("solar", "forest", "scenic"):
        assert delivered.party(word).key[:14] not in text


FORMULAS = ("=HYPERLINK(0)", "+1+1", "-1+1", "@SUM(1)")


@pytest.mark.parametrize("text", FORMULAS)
async def test_no_cell_of_an_export_is_a_formula(delivered: World, log: Log, text: str):
    """Of every CSV that a list of the site offers, for three kinds of people, with such texts in every field."""
    made = await crowd(delivered, log, text)
    cells = 0
    for path in sorted(each for each in page_paths() if "{" not in each and each not in ("/", "/outbox")):
        for key in ("", made["regulator"], delivered.party("scenic").key):
            answer = await delivered.get(f"{path}.csv", by=key)
            if answer.status_code != 200 or not answer.headers["content-type"].startswith("text/csv"):
                continue
            assert answer.headers["content-disposition"].startswith("attachment")
            for line in csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")):
                for cell in line:
                    assert not cell.startswith(("=", "+", "@", "\t", "\r")), (path, cell)
                    assert not cell.startswith("-") or re.fullmatch(r"-[0-9.]+", cell), (path, cell)
                    cells += "HYPERLINK" in cell or "1+1" in cell or "SUM" in cell
    assert cells > 5
