"""Other sites: they change nothing in a visitor's name, frame nothing, lead nowhere, and no Host makes an address."""

import re

import pytest
from playwright.async_api import Browser, Route

from deploy.screenshots.samples import SAMPLES
from tests.site.attacks.routes import application, writes
from tests.site.browser import Site, needs_chromium
from tests.site.crowded import read
from tests.worlds import World

EVIL = "evil.example"
FROM_ELSEWHERE: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site", "Origin": f"https://{EVIL}"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://other.registry.test"},
    {"Origin": f"https://{EVIL}"},
    {"Origin": "null"},
    {"Origin": "http://registry.test.evil.example"},
    {"Origin": "http://registry.test@evil.example"},
    {},
)
"""What a browser says when another site, a frame without a site, or nobody it knows, sends something."""
ADDRESSES = [
    sample.address.format(
        receipt="none", statement="none", cancellation="none", event="none", guest="none", campaign=1, auction=1
    )
    for found in SAMPLES.values()
    for sample in found
    if sample.address != "/outbox"
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=lambda each: " ".join(each.values()) or "nothing")
async def test_no_operation_is_carried_out_for_another_site(delivered: World, headers: dict[str, str]):
    """Every POST there is, with the cookie, as each kind of form and as JSON: refused before anything is looked at."""
    cookie = {"Cookie": f"__Host-kilnwood={delivered.party('bank').key}"}
    found = writes(application(delivered))
    assert len(found) > 60
    for write in found:
        for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json", "multipart/form-data"):
            sent = {**cookie, **headers, "Content-Type": kind, "Idempotency-Key": "k"}
            answer = await delivered.http.post(write.path, content=b"_then=/&a=b", headers=sent)
            assert (403, "urn:kilnwood:problem:other-site") == (answer.status_code, answer.json()["type"]), write
            assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_other_methods_are_not_for_another_site_either(delivered: World, method: str):
    """There are none; one that is added is guarded."""
    headers = {"Cookie": f"__Host-kilnwood={delivered.party('bank').key}", "Origin": f"https://{EVIL}"}
    assert 403 == (await delivered.http.request(method, "/v1/me/keys", headers=headers)).status_code


LEADS = (
    *(f"//{EVIL}", f"///{EVIL}", f"/\\{EVIL}", f"\\\\{EVIL}", f"\\/{EVIL}", f"https://{EVIL}", f"https:{EVIL}"),
    *("javascript:alert(1)", "data:text/html,x", f"/\t/{EVIL}", f"/\n/{EVIL}", f"/\r\nLocation: https://{EVIL}"),
    *(
        f"/{{nothing}}/{EVIL}",
        f"{{nothing}}//{EVIL}",
        f" //{EVIL}",
        f"/{{kinds}}/{EVIL}",
        f"/\u2028/{EVIL}",
        f"@{EVIL}",
    ),
)


@pytest.mark.parametrize("lead", LEADS)
async def test_a_form_leads_to_this_site_alone(delivered: World, lead: str):
    """Where it says that a success leads, and where it is shown again; also by members of the answer."""
    headers = {"Cookie": f"__Host-kilnwood={delivered.party('bank').key}", "Origin": "http://registry.test"}
    fields = {"language": "en", "_key": "k", "_page": lead, "_then": lead}
    answer = await delivered.http.post("/v1/notifications/mail", data=fields, headers=headers)
    assert 303 == answer.status_code
    assert re.fullmatch(r"/([^/\\].*)?", answer.headers["location"]), answer.headers["location"]
    assert EVIL not in answer.headers["location"].partition("/")[0]
    again = await delivered.http.post(
        "/v1/notifications/mail", data={**fields, "language": "xx", "_key": "l"}, headers=headers
    )
    assert again.status_code in (400, 404)
    assert not any(EVIL in each and each.startswith(("http", "//")) for each in read(again.text).links)


async def test_no_page_stands_in_a_frame(delivered: World):
    """Nor does an error, or a picture in which scripts could stand; each is what it says it is."""
    for address in (*ADDRESSES, "/nowhere", "/projects/x", "/docs", "/assets/icon.svg"):
        answer = await delivered.http.get(address, headers={"Accept": "text/html"})
        if answer.status_code == 303:
            continue
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, address
        assert "unsafe" not in policy, address
        assert "nosniff" == answer.headers["x-content-type-options"], address
    for asset in ("/assets/site.js", "/assets/site.css", "/assets/vendor/htmx/htmx.min.js"):
        assert "nosniff" == (await delivered.http.get(asset)).headers["x-content-type-options"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": EVIL},
        {"X-Forwarded-Host": EVIL},
        {"Forwarded": f"host={EVIL};proto=https"},
        {"X-Forwarded-Proto": EVIL},
        {"X-Original-URL": f"https://{EVIL}/"},
        {"Host": f"registry.test:80@{EVIL}"},
    ],
    ids=str,
)
async def test_no_host_header_makes_an_address(delivered: World, headers: dict[str, str]):
    """Neither a link, nor a form, nor a redirect leads to what a client called this service."""
    for address in ADDRESSES:
        answer = await delivered.http.get(address, headers=headers)
        assert EVIL not in answer.headers.get("location", ""), address
        page = read(answer.text)
        named = {str(value) for _, found in page.tags for value in found.values() if EVIL in str(value)}
        assert set() == named, address


PERSONAL = ("/account", "/notifications", "/notifications/mail", "/notifications/confirm", "/claims/1", "/")


@pytest.mark.parametrize("address", PERSONAL)
async def test_no_cache_keeps_what_somebody_sees(delivered: World, address: str):
    """Every page says that it is not to be kept; so is the way to sign in, and the JSON behind it."""
    for by in ("", delivered.party("bank").key):
        cookie = {"Cookie": f"__Host-kilnwood={by}"} if by else {}
        answer = await delivered.http.get(address, headers=cookie)
        assert "no-store" == answer.headers["cache-control"]
        assert answer.status_code == 303 or "Cookie" in answer.headers["vary"]


@pytest.mark.parametrize(
    "address",
    [
        "/search?q=SC-CDCER-0001-2024-01%3A1-5kg%0D%0ASet-Cookie:%20x=1",
        "/search?q=SC-CDCER-0001%0D%0ASet-Cookie:%20x=1",
        "/sign-in?then=/%0D%0ASet-Cookie:%20x=1",
        "/?lang=zh%0D%0ASet-Cookie:%20x=1",
        "/projects.csv?order=newest%0D%0ASet-Cookie:%20x=1",
        "/retirements/R-%0D%0ASet-Cookie:x=1",
        "/nowhere%0D%0ASet-Cookie:x=1",
    ],
)
async def test_no_address_splits_an_answer(delivered: World, address: str):
    """No header of an answer has a line end, or is one that the address brought."""
    for by in ("", delivered.party("bank").key):
        answer = await delivered.http.get(address, headers={"Cookie": f"__Host-kilnwood={by}"} if by else {})
        assert "x=1" not in answer.headers.get("set-cookie", "")
        assert not any("\r" in value or "\n" in value for value in answer.headers.values())


@needs_chromium
async def test_a_real_browser_sends_nothing_that_works(site: Site, chromium: Browser):
    """A page of another site posts every kind of form with the visitor's session: nobody is signed out, no key made."""
    regulator = site.season.regulators[0]
    page = await (await chromium.new_context(locale="en-GB")).new_page()
    async with site.api() as api:
        before = len((await api.get("/v1/me/keys", by=regulator))["items"])
        await page.goto(f"{site.url}/sign-in")
        await page.get_by_label("API key").fill(regulator)
        await page.get_by_role("button", name="Sign in with").last.click()
        await page.wait_for_url("**/desk")
        await page.route(f"https://{EVIL}/**", _attack(site.url))
        for number in range(len(_FORMS)):
            await page.goto(f"https://{EVIL}/{number}")
            await page.wait_for_url(f"{site.url}/**")
        await page.goto(f"{site.url}/account")
        assert page.url.endswith("/account"), "still signed in"
        sessions = 1
        assert before + sessions >= len((await api.get("/v1/me/keys", by=regulator))["items"])


_FORMS = (
    ("application/x-www-form-urlencoded", "/v1/sessions/end"),
    ("multipart/form-data", "/v1/me/keys"),
    ("text/plain", "/v1/sessions/end-all"),
)


def _attack(url: str):
    async def page(route: Route) -> None:
        kind, path = _FORMS[int(route.request.url.rpartition("/")[2])]
        form = f'<form method="post" enctype="{kind}" action="{url}{path}"><input name="_then" value="/"></form>'
        body = f"{form}<script>document.forms[0].submit()</script>"
        await route.fulfill(status=200, content_type="text/html", body=body)

    return page
