"""The browser of the tests sees the real service."""

import pytest
from playwright.async_api import Browser

from tests.site.browser import PHONE, Site, needs_chromium, person

pytestmark = needs_chromium


@pytest.mark.long
async def test_a_phone_opens_the_first_page(site: Site, chromium: Browser):
    """It answers at localhost, fits the window, and asks nobody else for anything."""
    async with person(chromium, size=PHONE) as page:
        await page.goto(site.url)
        assert await page.get_by_role("heading", level=1).inner_text()
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
