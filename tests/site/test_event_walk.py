"""An event from its organiser's three steps to a guest's certificate: poster, scan, answers, payment, thanks."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from deploy.cli import verify as command
from tests.pdf import written
from tests.site import qr
from tests.site.browser import DESK, PHONE, Site, needs_chromium, person
from tests.site.test_accessibility import too_wide, violations

pytestmark = needs_chromium
SMALL = (320, 640)


async def enter(page: Page, site: Site, word: str, then: str) -> None:
    """Sign in with the key of one of the season's people."""
    await page.goto(f"{site.url}/sign-in?then={then}")
    await page.get_by_label("API key").fill(site.season.parties[word].key)
    await page.get_by_role("button", name="Sign in with this key").click()
    await page.wait_for_url(f"**{then}")


async def looked_at(page: Page) -> None:
    """The page passes axe, and fits."""
    assert [] == await violations(page), page.url
    assert not await too_wide(page), page.url


async def open_pool(page: Page, site: Site) -> None:
    """The forest offers twenty tonnes by the kilogram."""
    await enter(page, site, "forest", "/pools/new")
    await looked_at(page)
    await page.get_by_role("main").get_by_role("link").filter(has_text="SC-CDCER").first.click()
    await page.get_by_label("Quantity").fill("20000")
    await page.get_by_label("Price").fill("36.00")
    await page.get_by_role("button", name="Open the pool").click()
    await page.wait_for_url(re.compile(r"/pools/\d+$"))
    await expect(page.get_by_role("main")).to_contain_text("36.00 CNY a tonne")
    await looked_at(page)


async def make_event(page: Page, site: Site, title: str) -> str:
    """The organiser's three steps; returns the address that the poster's code has."""
    await enter(page, site, "scenic", "/events/new")
    await looked_at(page)
    await page.get_by_label("Name").fill(title)
    await page.get_by_label("Where it is").fill("Century City")
    await page.get_by_label("It begins").fill("2025-03-01T09:00")
    await page.get_by_label("It ends").fill("2025-03-01T17:00")
    await page.get_by_role("button", name="Next").click()
    await page.get_by_label("Guests you expect").fill("60")
    await looked_at(page)
    await page.get_by_role("button", name="Next").click()
    await looked_at(page)
    await page.get_by_role("button", name="Make the page").click()
    await page.wait_for_url("**?done=made")
    await expect(page.get_by_role("status")).to_contain_text("Print the poster")
    await looked_at(page)
    await page.get_by_role("main").get_by_role("link", name="Poster").click()
    await page.wait_for_url("**/poster")
    await looked_at(page)
    return await qr.read(page.locator(".qr"))


@pytest.fixture
async def address(played_site: Site, chromium: Browser) -> str:
    """A pool and an event that people made in their browsers; what a phone reads from the poster."""
    async with person(chromium, size=DESK) as page:
        await open_pool(page, played_site)
    async with person(chromium, size=DESK) as page:
        return await make_event(page, played_site, "Open <b>day</b> 开放日")


async def answer(page: Page, address: str) -> None:
    """Open what the poster says; by metro, 20 km, two nights."""
    await page.goto(address)
    await page.get_by_text("Metro").click()
    await page.get_by_label("How far, one way?").fill("20")
    await page.get_by_label("Nights in a hotel").fill("2")
    await page.get_by_role("button", name="Show my kilograms").click()
    await expect(page.locator(".big")).to_contain_text("110")


async def opened_certificate(page: Page, site: Site, name: str, folder: Path) -> None:
    """Untouched, the page has the certificate in a while; the picked name is on it, and `kilnwood verify` takes it."""
    certificate = page.get_by_role("link", name="My certificate")
    await expect(certificate).to_be_visible(timeout=15_000)
    answer = await page.request.get(site.url + (await certificate.get_attribute("href") or ""))
    assert (200, "application/pdf") == (answer.status, answer.headers["content-type"])
    pdf = await answer.body()
    text = written(pdf, folder)
    assert text is None or name in text
    (folder / "trust.json").write_bytes(site.region.trust)
    (folder / "it.pdf").write_bytes(pdf)
    given = [str(folder / "it.pdf"), "--trust", str(folder / "trust.json"), "--expect-beneficiary", name]
    assert 0 == command.main(given)


async def test_a_guest_from_the_poster_to_the_certificate(
    played_site: Site, chromium: Browser, address: str, tmp_path: Path
):
    """On a phone: the code is read from the screen, and leads through three pages to thanks and the guest's own PDF."""
    assert address.startswith(f"{played_site.url}/e/")
    hostile = "<img src=x onerror=alert(1)> 喆"
    async with person(chromium, size=PHONE) as page:
        await page.goto(address)
        await looked_at(page)
        await answer(page, address)
        await expect(page.locator(".big")).to_contain_text("3.96")
        await looked_at(page)
        await page.get_by_label("A name for the certificate").fill(hostile)
        await page.get_by_label("Show this name").check()
        await page.get_by_role("button", name="Go on to pay").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Pay for your kilograms")
        link = page.url
        await looked_at(page)
        await page.get_by_role("button", name="Pay with the simulated bank").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(f"Thank you, {hostile}.", timeout=15_000)
        await opened_certificate(page, played_site, hostile, tmp_path)
        await looked_at(page)
        assert link == page.url
        await page.get_by_role("link", name="Open <b>day</b> 开放日").click()
        await expect(page.locator("tbody")).to_contain_text(hostile)
        await looked_at(page)
    await hidden_by_the_organiser(played_site, chromium, address.rpartition("/")[2], hostile)


async def hidden_by_the_organiser(site: Site, chromium: Browser, code: str, name: str) -> None:
    """The organiser sees the guest, and takes the name out of the ranking."""
    async with person(chromium, size=DESK) as page:
        await enter(page, site, "scenic", f"/events/{code}")
        await expect(page.locator(".figures")).to_contain_text("110")
        await page.get_by_role("row", name=name).get_by_role("button", name="Hide").click()
        await expect(page.get_by_role("main")).not_to_contain_text(name)
        await page.get_by_label("Electricity").fill("1200")
        await page.get_by_label("Purchased heat").fill("1")
        await page.get_by_label("What was reduced first").fill("Daylight")
        await page.get_by_role("button", name="Claim our own share").click()
        await expect(page.get_by_role("status")).to_contain_text("Retire credits")
        await expect(page.locator(".figures")).to_contain_text("279")  # 1,200 x .1404, and 1 GJ of heat
        page.on("dialog", lambda dialog: dialog.accept())
        await page.get_by_role("button", name="Take no more guests").click()
        await page.get_by_label("Guests who came").fill("3")
        await page.get_by_label("Room-nights").fill("2")
        await page.get_by_label("What was reduced first").fill("Shared rooms")
        await looked_at(page)
        await page.get_by_role("button", name="Cover the other guests").click()
        await expect(page.get_by_role("status")).to_contain_text("The other guests are claimed for")
        await expect(page.get_by_role("main")).to_contain_text("107 of 107 kg are still to be retired")


async def test_without_scripts_in_chinese_and_refused_once(played_site: Site, chromium: Browser, address: str):
    """A narrow phone without JavaScript: a missing distance is said; a name that is missing for the ranking too."""
    async with person(chromium, size=SMALL, language="zh-CN", java_script_enabled=False, refusals=True) as page:
        await page.goto(address)
        await page.get_by_text("飞机").click()
        await page.get_by_role("button", name="看看是多少千克").click()
        await expect(page.get_by_role("alert")).to_contain_text("请填写距离")
        await page.get_by_label("或者从哪里来？").select_option("beijing")
        await page.get_by_role("button", name="看看是多少千克").click()
        await expect(page.locator(".big")).to_contain_text("389")
        await page.get_by_label("在活动页上显示").check()
        await page.get_by_role("button", name="去付款").click()
        await expect(page.get_by_role("alert")).to_contain_text("请为排行榜取一个名字")
        await page.get_by_label("证书上的名字").fill("王堃")
        await page.get_by_role("button", name="去付款").click()
        await page.get_by_role("button", name="用模拟银行付款").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("谢谢您，王堃。", timeout=15_000)
        await expect(page.get_by_role("link", name="我的证书")).to_be_visible(timeout=15_000)


@pytest.mark.long
async def test_a_form_that_is_sent_twice_is_one_guest(played_site: Site, chromium: Browser, address: str):
    """Going back and pressing the button again leads to the same share: a bad network costs nobody twice."""
    async with person(chromium, size=PHONE) as page:
        await answer(page, address)
        form = page.locator("form.do")
        body = await form.evaluate("form => new URLSearchParams(new FormData(form)).toString()")
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": played_site.url}
        action = played_site.url + (await form.get_attribute("action") or "")
        links = set()
        for _ in range(2):
            sent = await page.request.post(action, data=body, headers=headers, max_redirects=0)
            assert 303 == sent.status
            links.add(sent.headers["location"])
        assert 1 == len(links)
    async with played_site.api() as api:
        progress = f"/v1/events/{address.rpartition('/')[2]}/progress"
        assert 1 == (await api.get(progress, by=played_site.season.parties["scenic"].key))["waiting"]
