"""A person's way in, in a real browser with a virtual authenticator: invitation, passkey, out, and in again."""

import re

from playwright.async_api import Browser, Page, expect

from deploy.scenarios.client import Api
from tests.site import authority
from tests.site.browser import DESK, PHONE, Site, needs_chromium, person

pytestmark = needs_chromium


async def invitation(site: Site, api: Api, name: str, *, maker: int = 0) -> str:
    """The link that a regulator's program gives somebody new."""
    by = site.season.regulators[maker]
    made = await api.post("/v1/people", {"name": name}, by=by)
    first = await api.post(f"/v1/people/{made['id']}/keys", by=by)
    return f"{site.url}/invitation#{first['secret']}"


async def come_in(page: Page, link: str) -> None:
    """Open an invitation and make the passkey."""
    await page.goto(link)
    await page.get_by_role("button", name="Make my passkey").click()
    await page.wait_for_url("**/desk")


async def test_invitation_passkey_out_and_in_again(site: Site, chromium: Browser):
    """The link makes a passkey and signs in; signing out ends the session; the passkey alone opens the next one."""
    async with site.api() as api, person(chromium, size=PHONE, refusals=True) as page:
        await come_in(page, await invitation(site, api, "Wang 堃"))
        await page.goto(f"{site.url}/account")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Wang 堃")
        await expect(page.locator("#passkeys ~ .table").first).to_contain_text("(this session)")
        before = {each["name"]: each for each in await page.context.cookies()}["__Host-kilnwood"]
        assert (True, True, "Lax", "/") == tuple(before[name] for name in ("httpOnly", "secure", "sameSite", "path"))
        assert [] == await page.evaluate("document.cookie.match(/kilnwood/) ?? []")
        await page.get_by_role("banner").get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        assert "__Host-kilnwood" not in {each["name"] for each in await page.context.cookies()}

        await page.goto(f"{site.url}/account")
        assert page.url.endswith("/sign-in?then=%2Faccount")
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await page.wait_for_url("**/account")
        after = {each["name"]: each for each in await page.context.cookies()}["__Host-kilnwood"]
        assert before["value"] != after["value"]
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


async def test_two_people_give_a_lost_way_in_back(site: Site, chromium: Browser):
    """
    One regulator proposes it, the other gets the link; with it a second passkey, which ends the lost one's session.

    The link is made by whoever made the first one: by the other, it would join the only two regulators.
    """
    async with (
        person(chromium) as one,
        person(chromium) as other,
        person(chromium, size=PHONE, refusals=True) as lost,
        person(chromium) as found,
    ):
        for page, key in zip((one, other), site.season.regulators, strict=True):
            await authority.enter(page, site, key)
        person_id, link = await authority.taken_in(one, site, "Lost 玥")
        await authority.role_given(one, other, f"{site.url}/people/{person_id}?organisation_id=1", "auditor")
        await come_in(lost, link)

        await other.goto(f"{site.url}/people/{person_id}")
        await other.get_by_text("They lost access").click()
        await other.get_by_label("How you verified who they are").fill("They called, and I know their voice")
        await other.get_by_role("button", name="Propose a new key").click()
        await authority.carried_out(other, one)
        again = await authority.link_shown(one, site)
        assert again != link
        await come_in(found, again)
        await _ends_the_other_session(found, site)
        await lost.goto(f"{site.url}/account")
        assert lost.url.endswith("/sign-in?then=%2Faccount")


async def _ends_the_other_session(page: Page, site: Site) -> None:
    """Both sessions stand there with browser and last use; the button of the other one ends that one only."""
    page.on("dialog", lambda asked: asked.accept())
    await page.goto(f"{site.url}/account")
    rows = page.get_by_role("region", name="Sessions").locator("tbody tr")
    await expect(rows).to_have_count(2)
    own, others = rows.filter(has_text="(this one)"), rows.filter(has_not_text="(this one)")
    for row in (own, others):
        await expect(row.get_by_role("cell").nth(0)).to_contain_text("Chrome, Linux")
    await expect(own.get_by_role("cell").nth(2)).to_have_text("now")
    await expect(others.get_by_role("cell").nth(2)).to_have_text(re.compile(r"\d\d:\d\d|just now, or never"))
    await others.get_by_role("button", name="End").click()
    await expect(page.get_by_role("status")).to_contain_text("It has ended")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("(this one)")


async def test_an_invitation_works_once_and_says_so(site: Site, chromium: Browser):
    """A second person with the same link reads that it was used; an address without a key says what is missing."""
    async with site.api() as api:
        link = await invitation(site, api, "Once")
    async with person(chromium, refusals=True) as page:
        await come_in(page, link)
    async with person(chromium, refusals=True) as page:
        await page.goto(link)
        await page.get_by_role("button", name="Make my passkey").click()
        await expect(page.get_by_role("alert")).to_contain_text("works once")
        await page.goto(f"{site.url}/invitation")
        await page.reload()
        await page.get_by_role("button", name="Make my passkey").click()
        await expect(page.get_by_role("alert")).to_contain_text("what follows the #")
        await page.goto(f"{site.url}/invitation?lang=zh#{link.partition('#')[2]}")
        await page.locator("[data-passkey] button").click()
        await expect(page.get_by_role("alert")).to_have_text(re.compile(r"^此首个密钥已于 20\d\d-.*，只能使用一次。"))
        await page.goto(f"{site.url}/sign-in")
        for name, told in (("SecurityError", "请通过 https 以域名打开本网站"), ("UnknownError", "没有给出应答")):
            await page.evaluate(
                f"() => {{ navigator.credentials.get = () => {{ throw new DOMException('', '{name}') }} }}"
            )
            await page.locator("[data-passkey] button").click()
            await expect(page.get_by_role("alert")).to_contain_text(told)


async def test_a_key_of_a_program_opens_a_session_and_a_passkey_follows(site: Site, chromium: Browser):
    """How the first two come in: a key file, the form, then a passkey; a further API key is shown once, on its page."""
    async with person(chromium, refusals=True) as page:
        await page.goto(f"{site.url}/sign-in?then=/account")
        await page.get_by_label("API key").fill("kw_sim_nothing")
        await page.get_by_role("button", name="Sign in with this key").click()
        await expect(page.get_by_role("alert").filter(has_text="not known here")).to_be_visible()
        await expect(page.get_by_label("API key")).to_have_value("")
        async with site.api() as api:
            own = await api.post("/v1/me/keys", by=site.season.regulators[0])
        await page.get_by_label("API key").fill(own["secret"])
        await page.get_by_role("button", name="Sign in with this key").click()
        await page.wait_for_url("**/account")
        await expect(page.locator(".fingerprint")).to_have_text(own["fingerprint"])
        await page.get_by_role("button", name="Make a passkey on this device").click()
        await expect(page.locator("#passkeys ~ .table").first).to_contain_text("Chrome, Linux")

        await page.get_by_role("button", name="Make an API key").click()
        secret = await page.locator(".secret").inner_text()
        assert re.fullmatch(r"kw_sim_[A-Za-z0-9_-]{43}", secret)
        assert secret not in page.url
        await page.goto(f"{site.url}/account")
        assert secret not in await page.content()


async def test_a_fingerprint_is_confirmed_on_two_screens(site: Site, chromium: Browser):
    """The newcomer's account shows what the regulator's page shows; one click, and it is theirs alone."""
    async with site.api() as api:
        link = await invitation(site, api, "Compared", maker=1)
        key = await api.post("/v1/me/keys", by=site.season.regulators[0])
    async with person(chromium, refusals=True) as theirs, person(chromium, size=DESK) as page:
        await come_in(theirs, link)
        await theirs.goto(f"{site.url}/account")
        shown = await theirs.locator(".fingerprint").inner_text()
        await page.goto(f"{site.url}/sign-in?then=/keys/unconfirmed")
        await page.get_by_label("API key").fill(key["secret"])
        await page.get_by_role("button", name="Sign in with this key").click()
        card = page.get_by_role("listitem").filter(has_text=shown)
        await expect(card).to_contain_text("Compared")
        await card.get_by_role("button", name="Their screen shows the same").click()
        await expect(page.get_by_role("status")).to_contain_text("Confirmed")
        await theirs.reload()
        await expect(theirs.locator("main")).to_contain_text("this is your key alone")
