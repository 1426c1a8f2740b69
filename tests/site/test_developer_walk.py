"""A developer's whole job in a real browser, with verifier and authority in others: from an invitation to income."""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from deploy.scenarios.client import Api
from tests.site import authority, market
from tests.site.authority import enter
from tests.site.browser import PHONE, Site, needs_chromium, person, served
from tests.site.test_accessibility import VIEWS, too_wide, violations
from tests.site.test_sign_in_walk import come_in

pytestmark = needs_chromium
YEAR = ("2024-01-01", "2024-12-31")
NOTICE_IS_OVER = "2025-01-16T00:00"
"""In Asia/Shanghai: seven working days after the region's day."""
GAS, TONNES = "244", 3_619


@pytest.fixture(scope="module")
def season_site() -> Iterator[Site]:
    """A region after its season's market, for these tests alone: they move its clock."""
    with served("withdrawn") as running:
        yield running


async def fit(page: Page) -> None:
    """Neither axe nor the window complains of the page as it is now."""
    assert [] == await violations(page), page.url
    assert not await too_wide(page), page.url


def pdf(text: str) -> Any:
    """A file as a person chooses it."""
    return {"name": f"{text}.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 " + text.encode()}


async def draft(page: Page, site: Site, name: str, *, script: bool) -> int:
    """Fill in the five steps and submit; returns the project's number."""
    await page.goto(f"{site.url}/projects/new")
    await page.get_by_label("Name of the project").fill(name)
    await page.get_by_label("Methodology").select_option("kiln-electrification")
    await page.get_by_label("Place, in words").fill(f"Qingbaijiang, works of {name}")
    await page.get_by_label("What is done").fill("A gas kiln becomes an electric one")
    await page.get_by_label("First day").fill(YEAR[0])
    await page.get_by_label("Last day").fill("2033-12-31")
    await page.get_by_role("button", name="Save and go on").click()
    await page.wait_for_url("**/draft/where?*")
    project_id = int(page.url.split("/projects/")[1].split("/")[0])
    await page.get_by_label("Number of the kiln").fill(name)
    await page.get_by_role("button", name="Save and go on").click()
    await page.wait_for_url("**/draft/estimate?*")
    await activity(page, script=script)
    await expect(page.get_by_role("spinbutton", name="Estimate")).to_have_value(str(TONNES))
    if script:
        await fit(page)
    await page.get_by_role("button", name="Save and go on").click()
    await page.wait_for_url("**/draft/documents?*")
    await upload(page, f"Design of {name}")
    await page.wait_for_url("**/draft/documents?done=added")
    await page.get_by_role("link", name="Go on to the last look").click()
    await page.wait_for_url("**/draft/check")
    await page.get_by_role("button", name="Submit to validation").click()
    await page.wait_for_url(f"**/projects/{project_id}?done=submit_project")
    await expect(page.locator("main")).to_contain_text("The developer has submitted it")
    return project_id


async def activity(page: Page, *, script: bool) -> None:
    """A year of the kiln; the arithmetic follows as one types, or by the button."""
    await page.get_by_label("Natural gas").fill(GAS)
    await page.get_by_label("Efficiency").fill("0.5")
    await page.get_by_label("Grid of the electricity").select_option("CN-510000")
    await page.get_by_label("Year of its factor").select_option("2021")
    if not script:
        await page.get_by_role("button", name="Calculate").click()
    await expect(page.get_by_role("region", name="Arithmetic").get_by_text("3619.978532")).to_be_visible()
    await expect(page.locator("main")).to_contain_text("grid-electricity/CN-510000/2021/average/1")


async def upload(page: Page, text: str) -> None:
    """Choose a file and send it."""
    await page.get_by_label("File", exact=True).set_input_files(pdf(text))
    await page.get_by_role("button", name="Upload").click()


async def confirm(page: Page, waits: str, label: str, text: str) -> None:
    """From the verifier's desk to their confirmation."""
    await page.get_by_role("link", name=waits).first.click()
    await expect(page.get_by_role("heading", name="What the developer states")).to_be_visible()
    await upload(page, text)
    await page.wait_for_url("**?report=*")
    await page.get_by_label("Why, in a sentence").fill("What is stated is what was found")
    await page.get_by_role("button", name=label).click()


async def sold(page: Page, operator: Page, api: Api, site: Site, project_id: int) -> None:
    """
    The operator opens the instrument, the developer brings tonnes and lists them; the page grows its chart.

    The bank, whose own walk is another's, pays in and takes ten tonnes by the API.
    """
    season = site.season
    kiln, bank, exchange = (season.parties[word] for word in ("kiln", "bank", "exchange"))
    code = await authority.instrument_opened(operator, site, project_id, ("10", "20"), 50)
    await page.goto(f"{site.url}/accounts/{kiln.account_id}/trading")
    bring = page.get_by_role("listitem").filter(has_text="Bring tonnes to sell")
    await bring.get_by_label("Instrument").select_option(code)
    await bring.get_by_label("Quantity").fill("100")
    await bring.get_by_role("button", name="Deposit tonnes").click()
    await expect(page.get_by_role("status")).to_contain_text("The tonnes are on the exchange.")
    await page.goto(f"{site.url}/instruments")
    await page.get_by_role("link", name=code).click()
    await market.offered_at(page, 100, "13.90", "1\u202f383.05")
    await fit(page)
    await market.live(page)
    await expect(page.locator("main")).to_contain_text("The chart begins with the first trade.")
    (listing,) = (await api.get(f"/v1/listings?instrument={code}"))["items"]
    money = {"account_id": bank.account_id, "amount_fen": 1_000_00, "reference": "Of the walk"}
    await api.post("/v1/deposits/cash", money, by=exchange.key)
    taken = {**bank.next_order(), "quantity_t": 10}
    await api.post(f"/v1/listings/{listing['id']}/subscribe", taken, by=bank.key)
    await expect(page.locator("#last")).to_have_text("13.90")
    await market.charted(page)


@contextlib.asynccontextmanager
async def office(site: Site, chromium: Browser) -> AsyncIterator[tuple[Page, Page, Page]]:
    """Two regulators and an operator, each signed in, in windows of their own."""
    keys = (*site.season.regulators, site.season.parties["exchange"].key)
    async with person(chromium) as one, person(chromium) as other, person(chromium) as operator:
        for page, key in zip((one, other, operator), keys, strict=True):
            await enter(page, site, key)
        yield one, other, operator


async def invited(one: Page, other: Page, developer: Page, site: Site) -> None:
    """Regulators take somebody new in, who makes a passkey by the link and arrives at the developer's desk."""
    person_id, link = await authority.taken_in(one, site, "Yao 喆")
    kiln = site.season.parties["kiln"].organisation_id
    await authority.role_given(one, other, f"{site.url}/people/{person_id}?organisation_id={kiln}", "developer")
    await come_in(developer, link)
    await expect(developer.locator("main")).to_contain_text("Nothing waits for you")


async def test_from_an_invitation_to_income(season_site: Site, chromium: Browser):
    """Passkey, wizard, validation by somebody else, registration, report, verification, issuance, sale, money."""
    site, vvb = season_site, season_site.season.parties["vvb"]
    async with (
        site.api() as api,
        office(site, chromium) as (one, other, operator),
        person(chromium) as developer,
        person(chromium, size=PHONE) as verifier,
    ):
        await invited(one, other, developer, site)
        await enter(verifier, site, vvb.key)
        project_id = await draft(developer, site, "Kiln 7", script=True)

        await verifier.goto(f"{site.url}/desk")
        await confirm(verifier, "Validate the project", "Confirm the project", "Validation of kiln 7")
        await verifier.wait_for_url(f"**/projects/{project_id}")
        await authority.registered(one, site, project_id, notice_is_over=NOTICE_IS_OVER)

        await developer.goto(f"{site.url}/projects/{project_id}")
        await developer.get_by_role("link", name="File a monitoring report").click()
        await upload(developer, "Meter readings of kiln 7")
        await developer.get_by_role("link", name="Go on to the data").click()
        await developer.get_by_label("First day").fill(YEAR[0])
        await developer.get_by_label("Last day").fill(YEAR[1])
        await activity(developer, script=True)
        await fit(developer)
        await developer.get_by_role("button", name="File the report").click()
        await expect(developer.get_by_role("status").first).to_contain_text("The report is filed")
        report_id = int(developer.url.split("/reports/")[1].split("?")[0])

        await verifier.goto(f"{site.url}/desk")
        await verifier.get_by_role("link", name="Verify the monitoring report").click()
        await expect(verifier.locator("main")).to_contain_text("the same to the kilogram")
        await fit(verifier)
        await verifier.goto(f"{site.url}/desk")
        await confirm(verifier, "Verify the monitoring report", "Confirm the report", "Verification of kiln 7")
        await verifier.wait_for_url(f"**/reports/{report_id}")
        await expect(verifier.locator("main")).to_contain_text("A verifier has confirmed it")

        await authority.issued(one, other, site, report_id)
        await developer.goto(f"{site.url}/reports/{report_id}")
        await expect(developer.locator("main")).to_contain_text("its credits are issued")
        await sold(developer, operator, api, site, project_id)
        await expect_income(developer, site, "50 442.41")
        await fit(developer)


async def expect_income(page: Page, site: Site, total: str) -> None:
    """The income page has the total once the delivery is settled, which takes a moment."""

    async def shown() -> bool:
        await page.goto(f"{site.url}/income")
        return total in (await page.locator("dl.figures").inner_text()).replace("\u202f", " ")

    for _ in range(100):
        if await shown():
            return
    assert await shown()


@pytest.mark.long
async def test_the_forms_work_without_a_script(season_site: Site, chromium: Browser):
    """On the narrowest phone, with JavaScript off: a developer's draft, and a verifier's report and confirmation."""
    site, season = season_site, season_site.season
    narrow: dict[str, Any] = {"size": (320, 640), "java_script_enabled": False}
    async with person(chromium, **narrow) as developer, person(chromium, **narrow) as verifier:
        await enter(developer, site, season.parties["kiln"].key)
        project_id = await draft(developer, site, "Kiln 8", script=False)
        await enter(verifier, site, season.parties["vvb"].key)
        await confirm(verifier, "Validate the project", "Confirm the project", "Validation of kiln 8")
        await verifier.wait_for_url(f"**/projects/{project_id}")
        await expect(verifier.locator("main")).to_contain_text("A verifier has validated it")


async def test_an_upload_shows_its_digest_and_its_refusal(season_site: Site, chromium: Browser):
    """The SHA-256 stands there before the file is sent; a file that is not taken says why, on the same page."""
    site = season_site
    async with site.api() as api, person(chromium, refusals=True) as page:
        project_id = await drafted(api, site, "Kiln 9")
        await enter(page, site, site.season.parties["kiln"].key)
        await page.goto(f"{site.url}/projects/{project_id}/draft/documents")
        chosen = pdf("A plan of kiln 9")
        await page.get_by_label("File", exact=True).set_input_files(chosen)
        sha256 = hashlib.sha256(chosen["buffer"]).hexdigest()
        await expect(page.locator(".digest")).to_contain_text(sha256)
        await page.get_by_role("button", name="Upload").click()
        await expect(page.get_by_role("region", name="Documents")).to_contain_text(sha256)
        program: Any = {"name": "run.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"}
        await page.get_by_label("File", exact=True).set_input_files(program)
        await page.get_by_role("button", name="Upload").click()
        await expect(page.get_by_role("alert")).to_contain_text("are not taken")
        await page.get_by_role("button", name="Remove").click()
        await expect(page.locator("main")).to_contain_text("No document yet")


async def drafted(api: Api, site: Site, name: str) -> int:
    """A draft of the kiln's owner, made by the API."""
    kiln = site.season.parties["kiln"]
    body = {
        "organisation_id": kiln.organisation_id,
        "name": name,
        "methodology": "kiln-electrification",
        "location": f"Works of {name}",
        "crediting_begins": YEAR[0],
        "crediting_ends": "2033-12-31",
        "description": "A gas kiln becomes an electric one",
        "site": {"number": name},
    }
    return int((await api.post("/v1/projects", body, by=kiln.key))["id"])


@pytest.mark.long
@pytest.mark.parametrize(("language", "scheme", "width"), VIEWS)
async def test_no_page_of_the_work_has_a_violation(
    season_site: Site, chromium: Browser, language: str, scheme: Any, width: int
):
    """WCAG 2.2 AA as far as a program sees it, in both languages, light and dark, narrow and wide."""
    site = season_site
    size = (width, 900)
    async with site.api() as api, person(chromium, size=size, language=language, color_scheme=scheme) as page:
        kiln, vvb = site.season.parties["kiln"], site.season.parties["vvb"]
        name = f"Kiln {language} {scheme}"
        draft_id = await drafted(api, site, name)
        submitted_id = await drafted(api, site, f"{name} too")
        stored = await api.upload("/v1/documents", f"Design of {name}".encode(), "text/plain", by=kiln.key)
        await api.post(f"/v1/projects/{submitted_id}/update", {"documents": [stored["sha256"]]}, by=kiln.key)
        await api.post(f"/v1/projects/{submitted_id}/submit", {"why": "Ready"}, by=kiln.key)
        steps = ("what", "where", "estimate", "documents", "check")
        own = ["/desk", "/income", "/projects/new", "/projects/2/reports/new", "/projects/2/reports/new/data"]
        pages = {
            kiln.key: [*own, *(f"/projects/{draft_id}/draft/{each}" for each in steps)],
            vvb.key: ["/desk", f"/projects/{submitted_id}/validation"],
        }
        for key, addresses in pages.items():
            await page.context.clear_cookies()
            await page.goto(f"{site.url}/sign-in")
            await page.locator("input[name=key]").fill(key)
            await page.locator("form:has(input[name=key]) button").click()
            await page.wait_for_url("**/desk")
            for address in addresses:
                await page.goto(f"{site.url}{address}")
                await fit(page)
