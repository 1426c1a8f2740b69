"""What regulators and operators do on their pages, each in a window of their own, for the walks that need it."""

from playwright.async_api import Page, expect

from tests.site.browser import Site

WHY = "In order"


async def enter(page: Page, site: Site, key: str) -> None:
    """Sign in with a key; one arrives at the desk. Questions of the site are answered with yes."""
    page.on("dialog", lambda asked: asked.accept())
    await page.goto(f"{site.url}/sign-in")
    await page.get_by_label("API key").fill(key)
    await page.get_by_role("button", name="Sign in with this key").click()
    await page.wait_for_url("**/desk")


async def taken_in(page: Page, site: Site, name: str) -> tuple[int, str]:
    """A regulator enters somebody new and makes their invitation: the person's number, and the link."""
    await page.goto(f"{site.url}/onboarding")
    await page.get_by_label("Full name").fill(name)
    await page.get_by_role("button", name="Enter them").click()
    await page.wait_for_url("**/people/*")
    person_id = int(page.url.rpartition("/")[2])
    await page.get_by_role("button", name="Make the invitation").click()
    return person_id, await link_shown(page, site)


async def link_shown(page: Page, site: Site) -> str:
    """The invitation on the page, with the address of this test's server."""
    link = str(await page.get_by_role("status").locator("[data-copy]").get_attribute("data-copy"))
    return f"{site.url}/invitation#{link.partition('#')[2]}"


async def role_given(one: Page, other: Page, at: str, role: str) -> None:
    """One regulator proposes a role on the person's page, *at* which the organisation is named; the other agrees."""
    await one.goto(at)
    await one.get_by_label("Role", exact=True).select_option(role)
    await one.get_by_label("What the second person should look at").fill(WHY)
    await one.get_by_role("button", name="Propose the role").click()
    await carried_out(one, other)


async def carried_out(one: Page, other: Page) -> None:
    """What *one* has just proposed is carried out by the *other*, who is sent its address."""
    await one.wait_for_url("**/approvals/*?done=proposed")
    await other.goto(one.url.partition("?")[0])
    await other.get_by_role("button", name="Carry it out").click()
    await expect(other.get_by_role("button", name="Carry it out")).to_have_count(0)


async def registered(page: Page, site: Site, project_id: int, *, notice_is_over: str) -> None:
    """A regulator opens the public notice, lets its days pass, and registers the project. *notice_is_over*: local."""
    address = f"{site.url}/projects/{project_id}/decision"
    await page.goto(address)
    await _decided(page, "Open it")
    await page.goto(f"{site.url}/clock")
    await page.get_by_label("To", exact=True).fill(notice_is_over)
    await page.get_by_role("button", name="Move it").click()
    await expect(page.locator("main")).to_contain_text("16 Jan 2025")
    await page.goto(address)
    await _decided(page, "Register")
    await expect(page.locator("main")).to_contain_text("It is registered")


async def _decided(page: Page, button: str) -> None:
    form = page.locator("form.do").filter(has=page.get_by_role("button", name=button, exact=True))
    await form.get_by_label("Why").fill(WHY)
    await form.get_by_role("button", name=button, exact=True).click()


async def issued(one: Page, other: Page, site: Site, report_id: int) -> None:
    """One regulator proposes what the page foresees, and the other carries it out."""
    await one.goto(f"{site.url}/reports/{report_id}/issuance")
    await one.get_by_label("What the second person should look at").fill(WHY)
    await one.get_by_role("button", name="Propose").click()
    await carried_out(one, other)


async def instrument_opened(page: Page, site: Site, project_id: int, band: tuple[str, str], fee_bps: int) -> str:
    """An operator opens an instrument of the vintage 2024; returns its code."""
    await page.goto(f"{site.url}/operations")
    opening = page.locator("details").filter(has=page.get_by_text("Open an instrument", exact=True))
    await opening.locator("summary").click()
    await opening.get_by_label("Project").select_option(str(project_id))
    await opening.get_by_label("Vintage").fill("2024")
    for label, price in zip(("Lowest price", "Highest price"), band, strict=True):
        await opening.get_by_label(label).fill(price)
    await opening.get_by_label("Fee of the seller").fill(str(fee_bps))
    await opening.get_by_label("Account for the fees").select_option(index=1)
    await opening.get_by_role("button", name="Open it").click()
    await page.wait_for_url("**/operations?done=opened#instruments")
    card = page.locator("ul.cards > li").filter(has_text="Kiln 7")
    return str(await card.get_attribute("id"))
