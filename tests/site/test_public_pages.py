"""The public site, walked from its first page: every link answers, in both languages, showing what anybody may see."""

import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.site.frame import FOLDERS
from registry.kit.site.frame import TEMPLATES
from registry.kit.site.language import catalogue
from tests.registry.transparency.logs import Log, new_log
from tests.site import crowded
from tests.site.crowded import crawl, crowd, read
from tests.site.test_words import texts
from tests.worlds import World

LIMIT_BYTES = 50_000
LANGUAGES = ("en", "zh")
HERE = "http://localhost:8000/"
"""Where the site is reached: passkeys work there alone, so signing in may lead to it."""


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A log whose checkpoints are witnessed."""
    with new_log(tmp_path) as made:
        yield made


def pages(found: dict[str, httpx.Response]) -> dict[str, str]:
    """The HTML among what was crawled."""
    return {
        address: answer.text
        for address, answer in found.items()
        if answer.headers["content-type"].startswith("text/html")
    }


EXPECTED = (
    *("/", "/projects", "/issuances", "/retirements", "/claims", "/organisations", "/methodologies", "/factors"),
    *("/calendar", "/log", "/log/statements", "/status", "/cancellations", "/projects/1", "/reports/1", "/claims/1"),
    *("/organisations/4", "/issuances/SC-CDCER-0001-2024-01", "/instruments"),
)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_link_of_every_page_answers(delivered: World, log: Log, language: str):
    """From the first page on: 200 or a redirect, at most 50 kB of HTML, each id once, nothing untranslated."""
    made = await crowd(delivered, log)
    found = await crawl(delivered, language)
    wrong = {address: answer.status_code for address, answer in found.items() if answer.status_code != 200}
    assert {} == wrong
    assert set(EXPECTED) <= set(found)
    assert {f"/retirements/{made['receipt']}", f"/cancellations/{made['cancellation']}"} <= set(found)
    assert {f"/reports/{made['report']}", f"/projects/{made['notice']}"} <= set(found)
    assert {f"/claims/{made['annulled']}", "/annulments", "/annulments/1", "/annulments/2"} <= set(found)
    assert {} == {
        address: len(text.encode()) for address, text in pages(found).items() if len(text.encode()) > LIMIT_BYTES
    }
    for address, text in pages(found).items():
        doubled = [each for each, times in Counter(read(text).ids).items() if times > 1]
        assert [] == doubled, address
        assert f'<html lang="{language}">' in text, address
    if language == "zh":
        assert {} == {address: said for address, text in pages(found).items() if (said := untranslated(text))}


def untranslated(page: str) -> set[str]:
    """English texts of templates that stand on a Chinese page, outside of what says that it is English."""
    plain, patterns = _english()
    said = {text for language, text in read(page).texts if language != "en"}
    return {each for each in said if each in plain or any(pattern.fullmatch(each) for pattern in patterns)}


@functools.cache
def _english() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """What templates say in English and not in Chinese: as it stands, and with names in it."""
    chinese: dict[str, str] = {}
    for folder in (TEMPLATES, *FOLDERS.values()):
        chinese |= catalogue(folder / "zh.po")
    english = {each for folder in (TEMPLATES, *FOLDERS.values()) for each in texts(folder)} | set(chinese)
    same = {each for each in english if chinese.get(each) == each}
    plain = frozenset(each for each in english - same if "%(" not in each and re.search("[a-z]", each))
    named = [each for each in english - same if "%(" in each]
    return plain, tuple(re.compile(re.sub(r"%\\\((\w+)\\\)s", ".+", re.escape(each))) for each in named)


async def test_every_list_and_object_has_its_other_forms(delivered: World, log: Log):
    """JSON of every page with an API resource behind it, CSV of every list; both by a link of the page itself."""
    made = await crowd(delivered, log)
    lists = (
        "/projects",
        "/issuances",
        "/retirements",
        "/claims",
        "/organisations",
        "/cancellations",
        "/log/statements",
    )
    objects = (
        *("/projects/1", "/reports/1", "/claims/1", "/organisations/4", "/issuances/SC-CDCER-0001-2024-01", "/log"),
        *(f"/retirements/{made['receipt']}", f"/cancellations/{made['cancellation']}", "/calendar", "/status"),
    )
    tables = ("/methodologies", "/factors")
    for address in (*lists, *objects, *tables):
        links = read((await delivered.http.get(address)).text).links
        wanted = [f"{address}.json"] + ([f"{address}.csv"] if address not in objects else [])
        for form in wanted:
            query = "?order=newest" if address in lists else ""
            assert form + query in links
            answer = await delivered.http.get(form + query)
            assert 200 == answer.status_code, form
            kind = "application/json" if form.endswith(".json") else "text/csv"
            assert answer.headers["content-type"].startswith(kind), form


async def test_a_filter_left_empty_asks_for_nothing(delivered: World):
    """A form sends every field; what the page shows is what its links to other forms ask for."""
    plain = (await delivered.http.get("/projects")).text
    empty = await delivered.http.get("/projects?state=&methodology=&organisation_id=&order=")
    assert 200 == empty.status_code
    assert read(plain).links == read(empty.text).links
    some = (await delivered.http.get("/projects?methodology=kiln-electrification&state=registered")).text
    assert "/projects/2" in read(some).links
    assert "/projects/1" not in read(some).links
    assert "/projects.csv?methodology=kiln-electrification&state=registered&order=newest" in read(some).links
    assert 400 == (await delivered.http.get("/projects?state=nonsense")).status_code


async def test_pages_go_on_in_their_order(delivered: World):
    """The next page of the newest has the older ones, and a way back to the first."""
    first = read((await delivered.http.get("/organisations?limit=3")).text)
    (following,) = [each for each in first.links if "cursor=" in each and each.startswith("/organisations?")]
    second = read((await delivered.http.get(following)).text)
    numbers = [
        {int(each.rpartition("/")[2]) for each in page.links if re.fullmatch(r"/organisations/\d+", each)}
        for page in (first, second)
    ]
    assert min(numbers[0]) > max(numbers[1])
    assert "/organisations?limit=3" in second.links


async def test_a_hostile_text_is_a_text(delivered: World, log: Log):
    """In every field of every kind of object, on every public page, in both languages, for visitors and overseers."""
    made = await crowd(delivered, log, crowded.HOSTILE)
    escaped = 0
    for by in ("", made["regulator"]):
        found = pages(await crawl(delivered, "en", by))
        assert set(EXPECTED) <= set(found)
        for address, text in found.items():
            page = read(text)
            tags = [attributes for tag, attributes in page.tags if tag == "script"]
            scripts = [each for each in tags if each.get("type") != "application/json"]
            assert all(str(each.get("src", "")).startswith(("/assets/", "/r/script/")) for each in scripts), address
            assert {"x"} & {str(attributes.get("src")) for tag, attributes in page.tags if tag == "img"} == set(), (
                address
            )
            handlers = {name for _, attributes in page.tags for name in attributes if name.startswith("on")}
            assert set() == handlers, address
            assert set() == {each for each in page.links if not each.startswith(("/", "#", HERE))}, address
            assert "style" not in {name for _, attributes in page.tags for name in attributes}, address
            assert "49" not in [said for _, said in page.texts], address
            escaped += sum("<script>alert(1)</script>" in said for _, said in page.texts)
    assert escaped > 40


async def test_visitors_see_no_secret(delivered: World, log: Log):
    """Contacts, sealed sections, drafts, plans, reasons, persons and accounts are on no public page or other form."""
    made = await crowd(delivered, log)
    found = await crawl(delivered, "en")
    secrets = (
        *(crowded.CONTACT, crowded.BENEFICIARY, crowded.REASON, crowded.PLAN, crowded.DRAFT, crowded.PERSON),
        *("kw_sim_", '"account_id":7'),
    )
    assert {} == {
        address: secret for address, answer in found.items() for secret in secrets if secret.encode() in answer.content
    }
    assert 404 == (await delivered.http.get(f"/projects/{made['draft']}")).status_code
    for words in (crowded.BENEFICIARY, "Secret draft", crowded.CONTACT, str(made["draft"])):
        answer = (await delivered.get(f"/v1/search?q={words}")).json()["items"]
        assert [] == [each for each in answer if each["kind"] == "project" and each["id"] == str(made["draft"])]
        assert not any(crowded.BENEFICIARY in each["title"] for each in answer)


async def test_its_owner_sees_what_is_theirs(delivered: World, log: Log):
    """A page shows what the API would answer to the visitor: the plan and the reason to the claimant."""
    made = await crowd(delivered, log)
    headers = {"Cookie": f"__Host-kilnwood={delivered.party('scenic').key}"}
    assert crowded.PLAN in (await delivered.http.get(f"/claims/{made['claim']}", headers=headers)).text
    assert crowded.REASON in (await delivered.http.get(f"/retirements/{made['receipt']}", headers=headers)).text
    regulator = {"Cookie": f"__Host-kilnwood={made['regulator']}"}
    assert 200 == (await delivered.http.get(f"/projects/{made['draft']}", headers=regulator)).status_code


async def test_a_document_is_a_download(delivered: World):
    """Attachment, nosniff, and a policy that lets nothing run; evidence takes a key."""
    documents = (await delivered.get("/v1/projects/1/documents")).json()["items"]
    assert ["design", "validation", "evidence", "verification"] == [each["of"] for each in documents]
    for each in documents:
        answer = await delivered.get(f"/v1/projects/1/documents/{each['sha256']}")
        assert (200 if each["public"] else 404) == answer.status_code
        if each["public"]:
            assert answer.headers["content-disposition"].startswith("attachment")
            assert "nosniff" == answer.headers["x-content-type-options"]
            assert answer.headers["content-security-policy"].startswith("sandbox;")
            assert "application/octet-stream" == answer.headers["content-type"]
    assert [False] == [each["public"] for each in documents if each["of"] == "evidence"]


async def test_corrections_stand_first(delivered: World, log: Log):
    """Before anything else that the page says of a claim, a retirement, and a statement of the log."""
    made = await crowd(delivered, log)
    claim = (await delivered.get(f"/v1/claims/{made['claim']}")).json()
    for address in (
        f"/claims/{made['claim']}",
        f"/retirements/{made['receipt']}",
        f"/log/statements/{claim['statement_hash']}",
    ):
        text = (await delivered.http.get(address)).text
        assert text.index('<section class="corrected"') < text.index('<p class="lead"'), address


async def test_a_language_that_was_chosen_stays(empty: World):
    """By a cookie for the whole site, whatever page it was chosen on and whatever the browser prefers."""
    english = {"Accept-Language": "en"}
    chosen = await empty.http.get("/projects?lang=zh", headers=english)
    cookie, *flags = chosen.headers["set-cookie"].split("; ")
    assert "language=zh" == cookie
    assert {"Path=/", "SameSite=lax"} <= set(flags)
    later = await empty.http.get("/log/statements", headers={**english, "Cookie": cookie})
    assert "zh" == later.headers["content-language"]
    assert "set-cookie" not in later.headers
