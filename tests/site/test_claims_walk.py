"""An organisation's claim from a CSV to its cover, the gate refusing first; and a person's, on a phone. In Chromium."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from deploy.scenarios.cast import Party
from deploy.scenarios.client import Api
from tests.site.browser import DESK, PHONE, Site, needs_chromium, person
from tests.site.test_accessibility import too_wide, violations

pytestmark = needs_chromium
HEADER = "activity,quantity,unit,persons,region,year,number\n"
WRONG = HEADER + "electricity,1.200.000,kWh,,CN-510000,2022,\nsteam,5,GJ,,,,\n"
RIGHT = HEADER + "electricity,1200000,kWh,,CN-510000,2022,\ngreen-power,500000,kWh,,,,GP-W-1\ndiesel,10000,kg,,,,\n"


async def enter(page: Page, site: Site, party: Party, then: str) -> None:
    """Sign in with a key of the party's."""
    async with site.api() as api:
        own = await api.post("/v1/me/keys", by=party.key)
    await page.goto(f"{site.url}/sign-in?then={then}")
    await page.get_by_label("API key").fill(own["secret"])
    await page.get_by_role("button", name="Sign in with this key").click()
    await page.wait_for_url(f"**{then}")


async def looked_at(page: Page) -> None:
    """The page has no violation that axe sees, and fits its window."""
    assert [] == await violations(page), page.url
    assert not await too_wide(page), page.url


async def by_the_verifier(site: Site, api: Api, content: str) -> tuple[str, str]:
    """The verifier's USCC, and the SHA-256 of what it uploaded."""
    vvb = site.season.parties["vvb"]
    shown = await api.get(f"/v1/organisations/{vvb.organisation_id}")
    stored = await api.upload("/v1/documents", content.encode(), "text/plain", by=vvb.key)
    return shown["identifiers"][0]["value"], stored["sha256"]


async def named(page: Page, uscc: str, sha256: str, level: str, button: str) -> None:
    """Fill in who verified a document."""
    await page.get_by_label("Identifier of the verifying organisation").fill(uscc)
    await page.get_by_label("How thoroughly?").select_option(level)
    await page.get_by_label("SHA-256 of the").fill(sha256)
    await page.get_by_role("button", name=button).click()


async def begun(page: Page, kind: str, subject: str) -> None:
    """Choose a kind and say what it is about."""
    await page.get_by_role("link", name=kind).click()
    await page.get_by_label("What is it called?").fill(subject)
    await page.get_by_label("What is counted, and what is not?").fill("All that happened in the year")


async def counted(page: Page, draft: str, folder: Path) -> None:
    """A file with wrong rows, each named; then the right one, and its arithmetic."""
    for name, text in (("wrong.csv", WRONG), ("right.csv", RIGHT)):
        (folder / name).write_text(text)
    await page.goto(f"{draft}/activities")
    await page.get_by_label("Activity file (CSV)").set_input_files(folder / "wrong.csv")
    await page.get_by_role("button", name="Upload and count").click()
    faults = page.locator("table.faults tbody tr")
    await expect(faults).to_have_count(2)
    await expect(faults.first).to_contain_text("quantity")
    await expect(faults.first).to_contain_text("1.200.000")
    await expect(faults.last).to_contain_text("steam")
    await looked_at(page)
    await page.get_by_label("Activity file (CSV)").set_input_files(folder / "right.csv")
    await page.get_by_role("button", name="Upload and count").click()
    await expect(page.get_by_text("(1200000 - 500000 green) kWh * 0.1404")).to_be_visible()
    await looked_at(page)


async def registered(page: Page, draft: str) -> None:
    """The contract of green power that the file names."""
    await page.goto(f"{draft}/green-power")
    await page.get_by_label("Number").fill("GP-W-1")
    await page.get_by_label("Supplier").fill("Hydro of the Min")
    await page.get_by_label("Kilowatt-hours in all").fill("500000")
    await page.get_by_role("button", name="Register").click()
    await expect(page.get_by_role("cell", name="GP-W-1")).to_be_visible()
    await looked_at(page)


async def measured(page: Page, draft: str, what: str, reduction_kg: str, kind: str) -> None:
    """The first measure."""
    await page.goto(f"{draft}/reductions")
    await page.locator("[name='measures[0].what']").fill(what)
    await page.locator("[name='measures[0].reduction_kg:int']").fill(reduction_kg)
    await page.locator("[name='measures[0].kind']").select_option(kind)
    await page.get_by_role("button", name="Save the measures").click()


async def test_an_organisation_from_csv_to_cover(played_site: Site, chromium: Browser, tmp_path: Path):
    """Kind, file with wrong rows, file, gate refusing, plan, contract, finding, declared, retired: covered."""
    site, solar = played_site, played_site.season.parties["solar"]
    async with site.api() as api:
        uscc, plan = await by_the_verifier(site, api, "The works' plan to reduce")
        _, report = await by_the_verifier(site, api, "The report on the works' footprint")
    async with person(chromium, size=DESK, refusals=True) as page:
        await enter(page, site, solar, "/claims/new")
        await looked_at(page)
        await begun(page, "An organisation's year", "The walk of the works, 2024")
        await looked_at(page)
        await page.get_by_role("button", name="Go on").click()
        await page.wait_for_url("**/claim-drafts/*")
        draft = page.url
        await expect(page.get_by_text("5 things are still missing")).to_be_visible()
        await page.get_by_role("button", name="Declare this claim").click()
        await expect(page.get_by_role("alert")).to_contain_text("A plan to reduce is missing")
        await looked_at(page)
        await counted(page, draft, tmp_path)
        await registered(page, draft)
        await page.goto(f"{draft}/reductions")
        await looked_at(page)
        await named(page, uscc, plan, "limited", "Save the plan")
        await page.wait_for_url("**/claim-drafts/*")
        await measured(page, draft, "Panels sold to others", "9000000", "avoided")
        await expect(page.get_by_text("they can never be used as reductions")).to_be_visible()
        await measured(page, draft, "Heat recovered", "6000", "own")
        await expect(page.get_by_text("One thing is still missing")).to_be_visible()
        await page.get_by_role("link", name="Next: An assessor's finding").click()
        await looked_at(page)
        await named(page, uscc, report, "reasonable", "Save the finding")
        await expect(page.get_by_text("you can declare it")).to_be_visible()
        await looked_at(page)
        await page.get_by_role("button", name="Declare this claim").click()
        await page.wait_for_url("**/claims/*")
        await expect(page.get_by_text(re.compile("129.239 kg are still missing"))).to_be_visible()
        await expect(page.get_by_text("Tianfu Verification 天府核查, limited assurance")).to_be_visible()
        await looked_at(page)
        page.on("dialog", lambda asked: asked.accept())
        await page.get_by_role("button", name="Retire for good").click()
        await expect(page.get_by_text("it may be called neutral")).to_be_visible()
        await looked_at(page)


@pytest.mark.long
async def test_a_person_on_a_phone(played_site: Site, chromium: Browser):
    """Own trips and power, typed and not uploaded; the name is on no page of the claim."""
    site, scenic = played_site, played_site.season.parties["scenic"]
    async with person(chromium, size=PHONE, refusals=True) as page:
        await enter(page, site, scenic, "/claims/new")
        await begun(page, "My own footprint", "A year at home")
        await page.get_by_label("Your name").fill("Wang 堃")
        await page.get_by_role("button", name="Go on").click()
        await page.wait_for_url("**/claim-drafts/*")
        await looked_at(page)
        await page.get_by_role("link", name="Next").click()
        rows = page.get_by_label("Activities, one a row")
        await rows.fill("activity,quantity,unit,region,year\ntrain,x,km,,\n")
        await page.get_by_role("button", name="Count", exact=True).click()
        await expect(page.locator("table.faults tbody tr")).to_contain_text("a number with a decimal point")
        await expect(rows).to_have_value("activity,quantity,unit,region,year\ntrain,x,km,,\n")
        await looked_at(page)
        await rows.fill("activity,quantity,unit,region,year\ntrain,3000,km,,\nelectricity,2400,kWh,CN-510000,2022\n")
        await page.get_by_role("button", name="Count", exact=True).click()
        await page.get_by_role("link", name="Back to the draft").click()
        await page.get_by_role("link", name="Next: A plan to reduce").click()
        await page.get_by_label("What was done to reduce first?").fill("No car, no flights")
        await page.get_by_role("button", name="Save the words").click()
        await page.get_by_role("button", name="Declare this claim").click()
        await page.wait_for_url("**/claims/*")
        await expect(page.get_by_role("heading", level=1)).to_have_text("A year at home")
        assert "堃" not in await page.content()
        await looked_at(page)


async def test_strangers_prepare_nothing(played_site: Site, chromium: Browser):
    """Without signing in the way leads there; a verifier reads that claims are not theirs to make."""
    async with person(chromium, refusals=True) as page:
        await page.goto(f"{played_site.url}/claims/new")
        assert "/sign-in" in page.url
        await enter(page, played_site, played_site.season.parties["vvb"], "/claims")
        assert 0 == await page.get_by_role("link", name="Prepare a claim").count()
        answer = await page.goto(f"{played_site.url}/claims/new")
        assert answer is not None
        assert 403 == answer.status
