"""Whole jobs in a real browser: two regulators issue, an operator books and halts, an enterprise buys and retires."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.cli import verify
from deploy.scenarios.client import Api
from tests.site import market
from tests.site.browser import DESK, PHONE, Site, needs_chromium, person, served
from tests.site.test_accessibility import too_wide, violations

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def verified_site() -> Iterator[Site]:
    """A region whose reports are verified and not issued."""
    with served("verified") as running:
        yield running


async def enter(page: Page, site: Site, key: str, then: str) -> None:
    """Sign in with a key and come to a page; questions of the site are answered with yes."""
    page.on("dialog", lambda asked: asked.accept())
    await page.goto(f"{site.url}/sign-in?then={then}")
    await page.get_by_label("API key").fill(key)
    await page.get_by_role("button", name="Sign in with this key").click()
    await page.wait_for_url(f"**{then.partition('#')[0]}")


async def test_two_people_issue_credits(verified_site: Site, chromium: Browser):
    """The first proposes what the page foresees, and may not be the second; the other sees it and carries it out."""
    first, second = verified_site.season.regulators
    report = verified_site.season.reports["forest"]
    async with person(chromium) as one, person(chromium, size=PHONE) as other:
        await enter(one, verified_site, first, f"/reports/{report}/issuance")
        await expect(one.get_by_role("main")).to_contain_text("SC-CDCER-0001-2024-01:1-")
        await one.get_by_label("What the second person should look at").fill("Report and verification of 2024")
        await one.get_by_role("button", name="Propose").click()
        await one.wait_for_url("**/approvals/*")
        await expect(one.get_by_role("status")).to_contain_text("Proposed")
        await expect(one.get_by_role("main")).to_contain_text("you proposed this yourself")
        await expect(one.get_by_role("button", name="Carry it out")).to_have_count(0)

        await enter(other, verified_site, second, "/approvals")
        await other.get_by_role("link", name=re.compile("issue credits")).first.click()
        agreed = other.get_by_role("region", name="What exactly is agreed")
        await expect(agreed).to_contain_text("SC-CDCER-0001-2024-01")
        await expect(other.locator("#proposer")).to_contain_text("First regulator")
        await other.get_by_role("button", name="Carry it out").click()
        await expect(other.get_by_role("status")).to_contain_text("Carried out")
        await expect(other.locator("#second")).to_contain_text("Second regulator")
        await agreed.get_by_role("link", name="SC-CDCER-0001-2024-01").click()
        await other.wait_for_url("**/issuances/SC-CDCER-0001-2024-01")
        assert await other.evaluate("document.documentElement.scrollWidth") <= PHONE[0]

        await one.goto(f"{verified_site.url}/reports/{report}/issuance")
        for name in ("First regulator", "Second regulator"):
            await expect(one.get_by_role("main")).to_contain_text(name)


async def test_an_operator_books_money_and_halts(played_site: Site, chromium: Browser):
    """Without scripts: whose account it is, then the payment; a halt with its reason, and trading again."""
    season = played_site.season
    account = season.parties["solar"].account_id
    async with person(chromium, java_script_enabled=False) as page:
        await enter(page, played_site, season.parties["exchange"].key, "/operations")
        await page.get_by_label("For the account").fill(str(account))
        await page.get_by_label("Amount").fill("5000")
        await page.get_by_label("Reference of the bank").fill("Slip 4711")
        await page.get_by_role("button", name="Show whose account it is").click()
        await expect(page.get_by_role("main")).to_contain_text("Tongwei Road Solar")
        await page.get_by_role("button", name="Book it").click()
        await expect(page.get_by_role("status").first).to_contain_text("Booked under number")

        card = page.locator(f"#{season.instruments['kiln']}")
        await card.get_by_text("Halt", exact=True).click()
        await card.get_by_label("Why it stops").fill("A rumour")
        await card.get_by_role("button", name="Halt now").click()
        await expect(card).to_contain_text("halted by")
        await card.get_by_label("Why it goes on").fill("It was one")
        await card.get_by_role("button", name="Resume").click()
        await expect(card).to_contain_text("trading")


async def offered(api: Api, site: Site) -> int:
    """A listing of forest tonnes."""
    forest, code = site.season.parties["forest"], site.season.instruments["forest"]
    held = {"account_id": forest.account_id, "instrument": code, "quantity_t": 10}
    await api.post("/v1/deposits/credits", held, by=forest.key)
    order = {"instrument": code, "price_fen": 3600, "quantity_t": 10, **forest.next_order()}
    return int((await api.post("/v1/listings", order, by=forest.key))["id"])


async def test_an_enterprise_goes_from_money_to_certificate(played_site: Site, chromium: Browser, tmp_path: Path):
    """On a phone: with money, tonnes are bought at a shown cost, taken home and retired; their certificate is true."""
    season = played_site.season
    solar, operator = season.parties["solar"], season.parties["exchange"]
    async with played_site.api() as api:
        listing = await offered(api, played_site)
        paid = {"account_id": solar.account_id, "amount_fen": 100_000, "reference": "Slip 4712"}
        await api.post("/v1/deposits/cash", paid, by=operator.key)
        claim = await contribution(api, played_site)
    async with person(chromium, size=PHONE) as page:
        await enter(page, played_site, solar.key, "/listings")
        await page.get_by_role("link", name=f"Listing {listing}").click()
        await page.get_by_label("Quantity").fill("3")
        await page.get_by_role("button", name="Show the cost").click()
        await expect(page.get_by_role("main")).to_contain_text("108.00 CNY")
        await page.get_by_role("button", name="Buy", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("Subscribed")

        await page.goto(f"{played_site.url}/accounts/{solar.account_id}/trading")
        await _delivered(page, season.instruments["forest"])
        take = page.get_by_role("listitem").filter(has_text="Take tonnes home")
        await take.get_by_label("Instrument").select_option(season.instruments["forest"])
        await take.get_by_label("Quantity").fill("3")
        await take.get_by_role("button", name="Withdraw tonnes").click()
        await expect(page.get_by_role("status")).to_contain_text("back in the account")

        await page.goto(f"{played_site.url}/accounts/{solar.account_id}/retire?claim_id={claim}")
        await page.get_by_label("How much").first.fill("47")
        await page.get_by_role("button", name="Show what would be retired").click()
        await expect(page.get_by_role("region", name="What would be retired")).to_contain_text("SC-CDCER-0001-2024-01:")
        await page.get_by_label("Purpose").fill("A gift")
        await page.get_by_label("For whom").fill("Chen 祎")
        await page.get_by_role("button", name="Retire for good").click()
        await page.wait_for_url("**/retirements/*")
        await expect(page.get_by_role("status")).to_contain_text("Retired")
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        await _certified(page, played_site, tmp_path)


async def _certified(page: Page, site: Site, folder: Path) -> None:
    """Once the receipt is witnessed, `kilnwood verify` takes the certificate that the page offers for valid."""
    receipt = page.url.rpartition("/")[2].partition("?")[0]
    async with site.api() as api, asyncio.timeout(60):
        while (await api.get_bytes(f"/v1/receipts/{receipt}"))[0] != httpx.codes.OK:
            await page.reload()
    link = await page.get_by_role("link", name="Certificate (PDF)").get_attribute("href")
    (folder / "it.pdf").write_bytes(await (await page.request.get(f"{site.url}{link}")).body())
    (folder / "trust.json").write_bytes(site.region.trust)
    expected = ("--expect-beneficiary", "Chen 祎", "--expect-kg", "47")
    assert 0 == verify.main([str(folder / "it.pdf"), "--trust", str(folder / "trust.json"), *expected])


async def _delivered(page: Page, instrument: str) -> None:
    """Look again until the tonnes are there to use."""
    row = page.get_by_role("region", name="Tonnes on the exchange").get_by_role("row").filter(has_text=instrument)
    for _ in range(40):
        await page.reload()
        if await row.count() and re.search(r"\t\s*3\s*\t\s*0\s*\t\s*0\s*\t", f"\t{await row.inner_text()}\t"):
            return
        await page.wait_for_load_state("networkidle")
    raise AssertionError(await row.inner_text())


async def contribution(api: Api, site: Site) -> int:
    """A claim that takes any amount."""
    solar = site.season.parties["solar"]
    body = {
        "organisation_id": solar.organisation_id,
        "type": "contribution",
        "subject": "A gift of solar",
        "begins": "2024-01-01T00:00:00Z",
        "ends": "2024-12-31T00:00:00Z",
        "boundary": "none",
        "exclusive": False,
    }
    return int((await api.post("/v1/claims", body, by=solar.key))["id"])


async def test_the_market_moves_before_ones_eyes(played_site: Site, chromium: Browser):
    """By a click: chart, stream, ticket, own orders marked; an update that is lost; another price; all taken back."""
    season = played_site.season
    code, car, bank = season.instruments["forest"], season.parties["car"], season.parties["bank"]
    async with played_site.api() as api, person(chromium) as page:
        for each in (car, bank):
            await market.funded(api, season.parties["exchange"], each, f"Market of {each.account_id}")
        brought = {"account_id": car.account_id, "instrument": code, "quantity_t": 30}
        await api.post("/v1/deposits/credits", brought, by=car.key)
        for fen in (36_20, 36_40):
            await market.ordered(api, car, code, "sell", fen=fen, tonnes=5)
        await page.add_init_script(market.DROPS)
        await enter(page, played_site, car.key, "/instruments")
        await page.get_by_role("link", name=code).click()
        await market.live(page)
        await market.charted(page)

        await market.placed_by_keyboard(page, "31.00", 3, "93.00 CNY")
        await market.live(page)
        await expect(market.level(page, "bid", 31_00)).to_contain_text("◆ 3")
        await market.ordered(api, car, code, "buy", fen=31_00, tonnes=2)
        await expect(market.level(page, "bid", 31_00)).to_contain_text("◆ 5")
        await expect(market.level(page, "bid", 31_00)).to_have_class("mine")
        await market.walked_by_keyboard(page, best="36.20", second="36.40")
        assert [] == await violations(page)

        await page.evaluate("window.toDrop = 1")
        await market.ordered(api, bank, code, "buy", fen=36_20, tonnes=4)
        await expect(page.locator("body")).to_have_attribute("data-dropped", "one")
        await expect(market.level(page, "ask", 36_20)).to_contain_text("◆ 5")
        await market.ordered(api, bank, code, "buy", fen=36_20, tonnes=1)
        await expect(page.locator(".market")).to_have_attribute("data-missed", "1")
        await expect(market.level(page, "ask", 36_20)).to_have_count(0)
        await expect(page.locator("#tape tbody tr").nth(0)).to_have_text(re.compile(r"▲ 36\.20\s*1$"))
        await expect(page.locator("#tape tbody tr").nth(1)).to_have_text(re.compile(r"▲ 36\.20\s*4$"))
        await _coloured_by_language(page)
        await _amended_and_taken_back(page, code)


async def _coloured_by_language(page: Page) -> None:
    """Up is green in English and red in Chinese, and always ▲."""
    in_english = await market.colour(page, "#tape .up")
    address = page.url
    await page.goto(f"{address.partition('?')[0]}?lang=zh")
    in_chinese = await market.colour(page, "#tape .up")
    assert ("rgb(20, 115, 58)", "rgb(179, 38, 30)") == (in_english, in_chinese)
    await expect(page.locator("#tape .up").first).to_contain_text("▲")
    await page.goto(f"{address.partition('?')[0]}?lang=en")


async def _amended_and_taken_back(page: Page, code: str) -> None:
    """On a phone: another price and less, marked where it rests then; and everything at once, after a question."""
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    (order,) = re.findall(r"(\d+): ", await page.locator("#own tr", has_text="36.40").inner_text())
    form = page.locator("#own details", has_text=f"Amend order {order}")
    await form.locator("summary").click()
    await form.get_by_label("Quantity in all").fill("4")
    await form.get_by_label("Price limit").fill("36.45")
    assert not await too_wide(page)
    await form.get_by_role("button", name="Amend the order").click()
    await expect(page.get_by_role("status").filter(has_text="The order is amended.")).to_be_visible()
    await expect(market.level(page, "ask", 36_45)).to_contain_text("◆ 4")
    assert [] == await violations(page)
    await page.get_by_role("button", name="Cancel all of mine here").click()
    await page.wait_for_url(f"**/instruments/{code}?**done=cancel_orders")
    await expect(page.locator("#own")).to_contain_text("No open orders here.")
    await expect(page.locator("#book .mine")).to_have_count(0)
    await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})


async def test_an_auditor_finds_conservation_and_exports(played_site: Site, chromium: Browser):
    """Every issuance is said to add up, with numbers; a list comes as CSV; nothing can be changed."""
    season = played_site.season
    async with played_site.api() as api:
        someone = await api.post("/v1/people", {"name": "Shen Ji"}, by=season.regulators[0])
        first = await api.post(f"/v1/people/{someone['id']}/keys", by=season.regulators[0])
        own = await api.post("/v1/me/keys", by=first["secret"])
        authority = (await api.get("/v1/grants", by=season.regulators[0]))["items"][0]["organisation_id"]
        role = {"operation": "grant_role", "person_id": someone["id"], "organisation_id": authority, "role": "auditor"}
        proposed = await api.post("/v1/approvals", {"body": role, "reason": "Audit"}, by=season.regulators[0])
        await api.post("/v1/grants", {"approval_id": proposed["id"], "body": role}, by=season.regulators[1])
    async with person(chromium) as page:
        await enter(page, played_site, own["secret"], "/exports")
        await expect(page.get_by_role("status")).to_contain_text("The region adds up.")
        rows = page.get_by_role("region", name="Does every issuance add up?").get_by_role("row")
        await expect(rows).to_have_count(3)
        await expect(rows.nth(1)).to_contain_text("yes")
        async with page.expect_download() as loading:
            await page.get_by_role("row", name="Retirements").get_by_role("link", name="CSV").click()
        assert (await loading.value).suggested_filename == "retirements.csv"
        await expect(page.get_by_role("main").get_by_role("button").filter(has_not_text=re.compile("."))).to_have_count(
            0
        )
        assert 0 == await page.locator('main form[method="post"]').count()
