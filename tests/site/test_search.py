"""One search box: a code leads to its page, words find what anybody may see."""

import json

import asyncpg
import pytest

from registry.search.rules import code_of, words_of
from tests.registry.credits import steps
from tests.worlds import World

SERIAL = "SC-CDCER-0001-2024-01:1-1200kg"


@pytest.mark.parametrize(
    ("typed", "kind", "text"),
    [
        (SERIAL, "serial", SERIAL),
        (" sc-cdcer-0001-2024-01:1-1200KG ", "serial", SERIAL),
        ("sc-cdcer-0001-2024-01:5kg", "serial", "SC-CDCER-0001-2024-01:5-5kg"),
        ("sc-cdcer-0001-2024", "instrument", "SC-CDCER-0001-2024"),
        ("c-" + "a" * 26, "claim", "C-" + "A" * 26),
        ("SC-CDCER-0001-2024-01", "issuance", "SC-CDCER-0001-2024-01"),
        ("sc-cdcer-0001", "project", "SC-CDCER-0001"),
        ("r-" + "a" * 26, "retirement", "R-" + "A" * 26),
        ("X-" + "A" * 26, "cancellation", "X-" + "A" * 26),
        ("AB" * 32, "statement", "ab" * 32),
        ("mzxw6ytb" * 4, "receipt", "MZXW6YTB" * 4),
        ("MZXW6YTB " * 4, "receipt", "MZXW6YTB" * 4),
        ("#7", "number", "7"),
        ("7", "number", "7"),
    ],
)
def test_a_code_is_known_by_its_form(typed, kind, text):
    """In capital or small letters, with spaces around it."""
    found = code_of(words_of(typed))
    assert (kind, text) == found


@pytest.mark.parametrize("typed", ["", "Longquan", "O-" + "A" * 26, "SC-CDCER-0001-2024-01:5-1kg", "0", "-1", "R-1"])
def test_other_texts_are_words(typed):
    """Also what only looks like a code."""
    assert code_of(words_of(typed)) is None


async def test_an_exact_code_leads_to_its_page(delivered: World):
    """A serial with its place, an issuance, a receipt, a project, an organisation's identifier."""
    claim = await delivered.contribution("bank")
    retired = await steps.retire(delivered, delivered.party("bank"), claim, 47)
    receipt = retired["retirements"][0]["receipt_id"]
    owner = await asyncpg.connect(delivered.dsn)
    text = await owner.fetchval("select note_text from registry.statement where type like 'claim/%' order by id")
    await owner.close()
    code = json.loads(text.split("\n")[1])["claim"]
    uscc = (await delivered.get("/v1/organisations/4")).json()["identifiers"][0]["value"]
    for typed, address in {
        SERIAL: "/issuances/SC-CDCER-0001-2024-01?serial=SC-CDCER-0001-2024-01%3A1-1200kg",
        "SC-CDCER-0001-2024-01": "/issuances/SC-CDCER-0001-2024-01",
        receipt.lower(): f"/retirements/{receipt}",
        "SC-CDCER-0002": "/projects/2",
        "sc-cdcer-0001-2024": "/instruments/SC-CDCER-0001-2024",
        "SC-CDCER-0001-2024-01:5kg": "/issuances/SC-CDCER-0001-2024-01?serial=SC-CDCER-0001-2024-01%3A5-5kg",
        code.lower(): f"/claims/{claim}",
        uscc: "/organisations/4",
        retired["retirements"][0]["statement_hash"]: f"/log/statements/{retired['retirements'][0]['statement_hash']}",
    }.items():
        answer = await delivered.http.get("/search", params={"q": typed})
        assert (303, address) == (answer.status_code, answer.headers["location"]), typed


@pytest.mark.parametrize(
    ("typed", "kinds"),
    [
        ("longquan", {"project", "organisation"}),
        ("龙泉山", {"project", "organisation"}),
        ("两江银行", {"organisation"}),
        ("contribution", {"claim"}),
        ("hall 1", {"claim"}),
        ("1", {"project", "organisation", "claim"}),
        ("100%", set()),
        ("_", set()),
        ("SC-CDCER-0001-2024-01:1-99999999kg", set()),
        ("SC-CDCER-0999-2024-01", set()),
        ("SC-CDCER-0999-2024", set()),
        ("C-" + "A" * 26, set()),
        ("R-" + "A" * 26, set()),
    ],
)
async def test_words_find_by_name(delivered: World, typed: str, kinds: set[str]):
    """Parts of names, in any case and script; a pattern's own characters mean themselves."""
    await delivered.contribution("bank")
    await delivered.event_claim()
    found = (await delivered.http.get("/v1/search", params={"q": typed})).json()["items"]
    assert kinds <= {each["kind"] for each in found}
    assert bool(kinds) == bool(found)
    page = await delivered.http.get("/search", params={"q": typed})
    assert 200 == page.status_code


async def test_nothing_typed_says_what_can_be_found(delivered: World):
    """The page teaches; the API refuses an empty search."""
    assert 200 == (await delivered.http.get("/search")).status_code
    assert 200 == (await delivered.http.get("/search?q=")).status_code
    for address in ("/", "/search", "/projects"):
        assert 1 == (await delivered.http.get(address)).text.count('role="search"'), address
    assert 400 == (await delivered.get("/v1/search?q=")).status_code
    assert 400 == (await delivered.get("/v1/search")).status_code
