"""
Scripts in whatever people write, before a real browser: none runs, on no page, for nobody.

Chromium asks the application itself: each request is answered in the test, with the headers that the application gives,
so that its policy is the one that counts.
"""

from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Route

from tests.registry.transparency.logs import Log
from tests.site.browser import needs_chromium, person
from tests.site.crowded import crawl, crowd
from tests.site.test_accessibility import EVERY
from tests.site.test_public_pages import log
from tests.worlds import World

pytestmark = needs_chromium
__all__ = ["log"]
PAYLOADS = (
    (
        """"><script>xss()</script><img src=x onerror=xss()>'-xss()-'</textarea></title></script>"""
        """<script>xss()</script><details open ontoggle=xss()>{{xss()}}"""
    ),
    (
        """javascript:xss()//<iframe srcdoc='<script>parent.xss()</script>'><svg/onload=xss()>"""
        """<a href=javascript:xss() autofocus onfocus=xss()>&lt;img src=x onerror=xss()&gt;"""
    ),
)
"""Each fits a name of 200 characters with what is put after it."""
HOST = "http://localhost:8000"


@pytest.mark.parametrize("payload", PAYLOADS if EVERY else PAYLOADS[:1])
async def test_no_script_of_a_text_runs(delivered: World, log: Log, chromium: Browser, payload: str):
    """On every page that a visitor reaches, and every one that is another for a regulator."""
    made = await crowd(delivered, log, payload)
    ran: list[str] = []
    seen: dict[str, str] = {}
    for by in ("", made["regulator"]):
        found = {
            address: answer.text
            for address, answer in (await crawl(delivered, "en", by)).items()
            if answer.headers.get("content-type", "").startswith("text/html")
        }
        assert len(found) > 30
        addresses = [
            each for each, text in found.items() if "xss(" in text and _main(text) != _main(seen.get(each, ""))
        ]
        assert len(addresses) > 5
        seen |= found
        async with person(chromium, refusals=True) as page:

            async def answer(route: Route, by: str = by) -> None:
                await _answered(delivered, route, by)

            await page.route("**/*", answer)
            await page.expose_binding("xss", lambda source: ran.append(source["page"].url))
            page.on("dialog", lambda dialog: ran.append(dialog.message))
            for address in sorted(addresses):
                await page.goto(HOST + address)
                frames = [each for each in page.frames if each != page.main_frame]
                assert [] == frames, address
    assert [] == ran


def _main(page: str) -> str:
    """What a page says by itself; the frame around it is on every page."""
    return page.partition("<main")[2]


async def _answered(world: World, route: Route, by: str) -> None:
    """One request of the browser, answered by the application."""
    asked = route.request
    if not asked.url.startswith(HOST):
        await route.abort()
        return
    headers: dict[str, Any] = {**asked.headers, "host": "localhost:8000"}
    if by:
        headers["cookie"] = f"__Host-kilnwood={by}"
    if "/stream" in asked.url:
        await route.fulfill(status=204)
        return
    found = await world.http.request(asked.method, asked.url.removeprefix(HOST), headers=headers, follow_redirects=True)
    passed = {name: value for name, value in found.headers.items() if name not in ("content-length", "set-cookie")}
    await route.fulfill(status=found.status_code, headers=passed, body=found.content)


async def test_the_browser_would_run_one(chromium: Browser):
    """The test bites: without the application's escaping and policy the same payload runs."""
    ran: list[str] = []
    page = await chromium.new_page()
    await page.expose_binding("xss", lambda _: ran.append("ran"))

    async def answer(route: Route) -> None:
        await route.fulfill(status=200, content_type="text/html", body=f"<p>{PAYLOADS[0]}</p>")

    await page.route("**/*", answer)
    await page.goto(HOST)
    assert ran


async def test_a_document_is_never_shown_in_a_page(delivered: World):
    """HTML and SVG are not taken; other files are a download of no type that runs, boxed in, to their owner too."""
    bank = delivered.party("bank")
    body = b"<!doctype html><script>alert(1)</script>"

    async def upload(kind: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {bank.key}", "Idempotency-Key": kind, "Content-Type": kind}
        return await delivered.http.post("/v1/documents", content=body, headers=headers)

    for kind in ("text/html", "image/svg+xml", "application/xhtml+xml"):
        assert 422 == (await upload(kind)).status_code
    made = await upload("text/plain")
    assert 201 == made.status_code
    found = await delivered.get(f"/v1/documents/{made.json()['sha256']}", by=bank.key)
    assert body == found.content
    assert "application/octet-stream" == found.headers["content-type"]
    assert found.headers["content-disposition"].startswith("attachment")
    assert found.headers["content-security-policy"].startswith("sandbox")
    assert "nosniff" == found.headers["x-content-type-options"]
