"""Somebody reads what they were told, and has it sent to an address of theirs: in a real browser, both languages."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.site.browser import PHONE, Site, needs_chromium, person, served
from tests.site.test_accessibility import VIEWS, too_wide, violations

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def told_site() -> Iterator[Site]:
    """A demo's region after its market: everybody was told of their trades."""
    with served("withdrawn", {"KILNWOOD_DEMO_OUTBOX": "yes"}) as running:
        yield running


async def sign_in(page: Page, site: Site, word: str) -> None:
    """With the key of somebody of the season."""
    await page.goto(f"{site.url}/sign-in?then=/notifications")
    await page.locator('input[name="key"]').fill(site.season.parties[word].key)
    await page.locator('input[name="key"]').press("Enter")
    await page.wait_for_url("**/notifications")


async def test_from_a_trade_to_a_confirmed_address(told_site: Site, chromium: Browser):
    """The count in the head, all marked as read, an address, the link out of the outbox, and the choice kept."""
    async with person(chromium, size=PHONE, refusals=True) as page:
        await sign_in(page, told_site, "bank")
        link = page.get_by_role("banner").get_by_role("link", name="Notifications")
        for _ in range(20):  # the service looks every few seconds
            if await page.locator(".told li").count():
                break
            await page.wait_for_timeout(1000)
            await page.reload()
        await expect(page.locator(".told li.unread").first).to_contain_text("SC-CDCER-0001-2024")
        await expect(link.locator(".count")).to_be_visible()
        await page.get_by_role("button", name="Mark all as read").click()
        await expect(page.locator(".told li.unread")).to_have_count(0)
        await expect(link.locator(".count")).to_have_count(0)
        await page.get_by_label("Kind").select_option("refused")
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator(".empty")).to_have_text("Nothing of this kind.")

        await page.goto(f"{told_site.url}/notifications/mail")
        await page.get_by_label("Your address").fill("not-an-address@x")
        await page.get_by_role("button", name="Send the link").click()
        await expect(page.locator(".fault")).to_be_visible()
        await page.get_by_label("Your address").fill("bank@example.org")
        await page.get_by_role("button", name="Send the link").click()
        await expect(page.locator(".awaits")).to_contain_text("bank@example.org")
        await page.goto(f"{told_site.url}/outbox")
        body = await page.locator("article", has_text="bank@example.org").locator("pre").inner_text()
        found = re.search(r"http://\S+/notifications/confirm\?code=\S+", body)
        assert found
        await page.goto(found[0])
        await page.get_by_role("button", name="Confirm").click()
        await expect(page.get_by_role("status")).to_have_text("The address is confirmed.")
        await page.get_by_label("my organisation bought or sold").uncheck()
        await page.get_by_role("button", name="Keep").click()
        await expect(page.get_by_role("status")).to_have_text("Your choice is kept.")
        await expect(page.get_by_label("my organisation bought or sold")).not_to_be_checked()
        await page.goto(found[0])
        await expect(page.get_by_text("There is no address to confirm")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize(("language", "width"), sorted({(language, width) for language, _, width in VIEWS}))
async def test_these_pages_have_no_violation(told_site: Site, chromium: Browser, language: str, width: int):
    """Axe finds nothing, and nothing is wider than the window."""
    wrong: dict[str, object] = {}
    scheme = "dark" if width == 320 else "light"
    async with person(chromium, size=(width, 800), language=language, color_scheme=scheme) as page:
        await sign_in(page, told_site, "solar")
        for address in ("/notifications", "/notifications/mail", "/notifications/confirm", "/outbox", "/account"):
            await page.goto(f"{told_site.url}{address}")
            if found := await violations(page):
                wrong[address] = found
            if await too_wide(page):
                wrong[f"{address} is too wide"] = width
    assert {} == wrong
