"""The pages of enterprise, regulator, operator and auditor before axe-core: signed in, dark and light, narrow."""

from typing import Any

import pytest
from playwright.async_api import Browser

from tests.site.browser import Site, needs_chromium, person
from tests.site.test_accessibility import EVERY, too_wide, violations

pytestmark = needs_chromium
VIEWS = [("en-GB", "dark", 320), ("zh-CN", "light", 390)] if EVERY else [("en-GB", "dark", 320)]
REGULATOR = (
    *("/approvals", "/approvals/1", "/grants", "/restrictions", "/restrictions?scope=account&target_id=7"),
    *("/suspensions", "/people/15", "/onboarding", "/clock", "/projects/1/decision", "/reports/1/issuance", "/exports"),
    *("/operations", "/holdings", "/accounts/1"),
)


@pytest.mark.long
@pytest.mark.parametrize(("language", "scheme", "width"), VIEWS)
async def test_no_page_of_the_office_has_a_violation(
    played_site: Site, chromium: Browser, language: str, scheme: Any, width: int
):
    """As each role sees it; nothing is wider than the window, and no page is above 50 kB."""
    season = played_site.season
    scenic, operator = season.parties["scenic"], season.parties["exchange"]
    account = f"/accounts/{scenic.account_id}"
    pages = (
        (season.regulators[0], REGULATOR),
        (operator.key, (f"/operations?account_id={scenic.account_id}&amount=2000000&reference=B-9",)),
        (
            scenic.key,
            (
                *("/holdings", account, f"{account}/trading", f"{account}/retire", f"{account}/transfer", "/listings"),
                f"/organisations/{scenic.organisation_id}/usage",
            ),
        ),
    )
    wrong: dict[str, object] = {}
    for key, addresses in pages:
        signed = {"extra_http_headers": {"Authorization": f"Bearer {key}"}}
        async with person(
            chromium, size=(width, 900), language=language, color_scheme=scheme, refusals=True, **signed
        ) as page:
            for address in addresses:
                answer = await page.goto(f"{played_site.url}{address}")
                assert answer
                if answer.status != 200 or len(await answer.body()) > 50_000:
                    wrong[f"{address} is answered"] = (answer.status, len(await answer.body()))
                if found := await violations(page):
                    wrong[address] = found
                if await too_wide(page):
                    wrong[f"{address} is too wide"] = width
    assert {} == wrong
