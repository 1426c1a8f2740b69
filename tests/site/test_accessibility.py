"""Every public page before axe-core in Chromium: no violation, in both languages, light and dark, narrow and wide."""

import asyncio
import base64
import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Error, Page

from deploy.scenarios.desks import lay_on_the_desks
from deploy.scenarios.guests import open_the_door
from deploy.screenshots.samples import SAMPLES, Sample
from deploy.screenshots.take import known_of, members
from tests.site.browser import Site, needs_chromium, person, served

pytestmark = needs_chromium
AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
TAGS = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
RULES = f"axe.run(document, {{runOnly: {TAGS}, resultTypes: ['violations']}})"
EVERY = os.environ.get("KILNWOOD_EVERY_VIEW")
SCRIPT_BYTES = 150_000
"""The most that a page may load, charts and all."""
LEAST_BYTES = 1_000
"""What every page loads: else the count sees nothing."""
PAIRS = (("en-GB", "light", 1280), ("zh-CN", "dark", 320))
"""Every language, scheme and width once."""
LOOKS = 10
"""How often a page may go on by itself before it must stand still."""
VIEWS = tuple(product(("en-GB", "zh-CN"), ("light", "dark"), (320, 1280))) if EVERY else PAIRS[:1]
"""Pages are looked at in the other view when every template is; `KILNWOOD_EVERY_VIEW=1` looks at all eight views."""
PAGES = (
    *("/", "/search", "/search?q=longquan", "/search?q=nothing-has-this", "/projects", "/projects/1", "/reports/1"),
    *("/issuances", "/issuances/SC-CDCER-0001-2024-01", "/retirements", "/cancellations", "/claims", "/claims/1"),
    *("/organisations", "/organisations/4", "/methodologies", "/factors", "/calendar", "/log", "/log/statements"),
    *("/events", "/pools", "/campaigns", "/auctions", "/annulments"),
    *("/status", "/projects/999", "/instruments", "/instruments/SC-CDCER-0001-2024", "/sign-in", "/r"),
)


@pytest.fixture(scope="module")
def whole_site() -> Iterator[Site]:
    """A region after its whole season: with claims and retirements."""
    with served("counted") as running:
        yield running


async def violations(page: Page) -> list[str]:
    """What axe finds on the page: rule, and the first element. It runs outside the page's own policy."""
    await page.evaluate(AXE)
    found: Any = await page.evaluate(f"{RULES}.then(found => found.violations)")
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found]


async def too_wide(page: Page) -> bool:
    """Whether the page itself has to be scrolled sideways."""
    return bool(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


async def faults(page: Page) -> dict[str, object]:
    """What is wrong with the page, by kind. A page that waits for something may go on meanwhile: look at the next."""
    for _ in range(LOOKS):
        try:
            found: dict[str, object] = {"has": await violations(page), "is too wide": await too_wide(page)}
            loaded = await script_bytes(page)
        except Error as error:
            if "Execution context was destroyed" not in str(error):
                raise
            await page.wait_for_load_state()
            continue
        found["loads"] = 0 if LEAST_BYTES < loaded <= SCRIPT_BYTES else loaded
        return {what: each for what, each in found.items() if each}
    raise AssertionError(f"{page.url} went on {LOOKS} times")


@pytest.mark.long
@pytest.mark.parametrize(("language", "scheme", "width"), VIEWS)
async def test_no_page_has_a_violation(whole_site: Site, chromium: Browser, language: str, scheme: Any, width: int):
    """WCAG 2.2 AA as far as a program can see it; nothing is cut off or wider than the window."""
    wrong: dict[str, object] = {}
    size = (width, 900)
    async with person(chromium, size=size, language=language, color_scheme=scheme, refusals=True) as page:
        for address in await _addresses(whole_site):
            await page.goto(f"{whole_site.url}{address}")
            wrong |= {f"{address} {what}": found for what, found in (await faults(page)).items()}
    assert {} == wrong


async def script_bytes(page: Page) -> int:
    """The scripts that the page loaded, unpacked."""
    loaded = "performance.getEntriesByType('resource').filter(each => /\\.js\\b|\\/r\\/script\\//.test(each.name))"
    return int(await page.evaluate(f"{loaded}.reduce((sum, each) => sum + each.decodedBodySize, 0)"))


async def _addresses(site: Site) -> list[str]:
    """The pages, with those whose addresses the season chose."""
    async with site.api() as api:
        (statement, *_) = (await api.get("/v1/log/statements"))["items"]
        found = [f"/log/statements/{statement['statement_hash']}"]
        for each in (await api.get("/v1/retirements"))["items"][:1]:
            found += [f"/retirements/{each['receipt_id']}", f"/r/{each['receipt_id']}"]
    return [*PAGES, *found]


async def test_columns_sort_in_the_browser(whole_site: Site, chromium: Browser):
    """By a real button in the heading, said in aria-sort, also after a link; not where a list has further pages."""
    async with person(chromium) as page:
        await page.goto(f"{whole_site.url}/issuances")
        codes = page.locator("tbody tr td:first-child")
        before = await codes.all_inner_texts()
        await page.get_by_role("button", name="Code").click()
        assert sorted(before) == await codes.all_inner_texts()
        assert "ascending" == await page.locator("th", has_text="Code").get_attribute("aria-sort")
        await page.get_by_role("button", name="Code").click()
        assert sorted(before, reverse=True) == await codes.all_inner_texts()
        await page.get_by_role("navigation", name="Main").get_by_role("link", name="Projects").click()
        await page.wait_for_url("**/projects")
        await page.get_by_role("button", name="Developer").wait_for()
        part = base64.urlsafe_b64encode(b"before:1000000").decode().rstrip("=")
        await page.goto(f"{whole_site.url}/issuances?order=newest&cursor={part}")
        assert sorted(before) == sorted(await codes.all_inner_texts())
        assert await page.get_by_role("link", name="First page").is_visible()
        assert 0 == await page.locator("th button").count(), "a part of a list is sorted by the server only"


async def test_a_list_is_printed_without_what_is_for_the_screen(whole_site: Site, chromium: Browser):
    """Chromium prints it to PDF: no navigation, filter or links to other forms; the table's head is on every sheet."""
    async with person(chromium) as page:
        await page.goto(f"{whole_site.url}/issuances")
        await page.emulate_media(media="print")
        for hidden in (".top", "footer", "form.filter", ".also"):
            assert 0 == await page.locator(f"{hidden}:visible").count(), hidden
        assert await page.locator("h1").is_visible()
        display = "document.querySelector('thead').computedStyleMap().get('display').value"
        assert "table-header-group" == await page.evaluate(display)
        assert (await page.pdf()).startswith(b"%PDF")


async def test_pages_are_read_without_scripts(whole_site: Site, chromium: Browser):
    """The lists, their filters and the search work without JavaScript."""
    async with person(chromium, java_script_enabled=False) as page:
        await page.goto(f"{whole_site.url}/projects")
        await page.get_by_label("Methodology").select_option("kiln-electrification")
        await page.get_by_role("button", name="Show").click()
        assert 1 == await page.locator("tbody tr").count()
        await page.get_by_label("Search", exact=True).fill("SC-CDCER-0001-2024-01:1-5kg")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/issuances/SC-CDCER-0001-2024-01?serial=*")


async def test_every_template_has_been_seen(whole_site: Site, chromium: Browser):
    """One address of each page of the router, as a permitted visitor: in Chinese, on a narrow phone, in the dark."""
    season = whole_site.season
    async with whole_site.api() as api:
        season.api = api
        await open_the_door(season)
        await lay_on_the_desks(season)
    known = members(await asyncio.to_thread(known_of, whole_site.url))
    keys = {word: party.key for word, party in season.parties.items()}
    keys |= {f"regulator-{number}": key for number, key in enumerate(season.regulators, start=1)}
    wrong: dict[str, object] = {}
    for by, samples in _by_person().items():
        signed = {"extra_http_headers": {"Authorization": f"Bearer {keys[by]}"}} if by else {}
        how: Any = {"size": (320, 900), "language": "zh-CN", "color_scheme": "dark", "refusals": True, **signed}
        async with person(chromium, **how) as page:
            for sample in samples:
                address = sample.address.format(**known)
                answer = await page.goto(f"{whole_site.url}{address}")
                assert answer
                if answer.status >= 500:
                    wrong[f"{address} as {by} fails"] = answer.status
                wrong |= {f"{address} as {by} {what}": found for what, found in (await faults(page)).items()}
    assert {} == wrong


def _by_person() -> dict[str, list[Sample]]:
    """The last sample of each page, which is mostly somebody's own, for who looks."""
    found: dict[str, list[Sample]] = {}
    for samples in filter(None, SAMPLES.values()):
        found.setdefault(samples[-1].by, []).append(samples[-1])
    return found
