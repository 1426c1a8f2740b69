"""
A real browser on the real service: Debian's Chromium, driven by Playwright, with a virtual authenticator for passkeys.

`served` starts a region of its own in child processes; `person` opens a window of somebody's own, with its own cookies.
Every complaint of a page (an error of a script, a request to another host) fails the test that looks at it::

    async def test_somebody_signs_in(site, chromium):
        async with person(chromium, size=PHONE, language="zh-CN") as page:
            await page.goto(site.url)
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from deploy.local.region import LocalRegion, new_region
from deploy.scenarios.cast import Season
from deploy.scenarios.client import Api
from deploy.scenarios.registration import take_office
from deploy.scenarios.season import play_until

CHROMIUM = Path(os.environ.get("KILNWOOD_TEST_CHROMIUM", "/usr/bin/chromium"))
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}: apt-get install chromium, or set KILNWOOD_TEST_CHROMIUM"
)
"""For a module of tests: ``pytestmark = needs_chromium``."""
PHONE, DESK = (390, 844), (1280, 900)
"""Sizes of windows."""
expect.set_options(timeout=30_000)  # as long as actions may take: five seconds are short beside other work


@dataclass
class Site:
    """A region that is served: its address as people open it, and what the season knows."""

    region: LocalRegion
    season: Season

    @property
    def url(self) -> str:
        """`localhost`, which browsers take for a safe place, never 127.0.0.1: passkeys belong to a name."""
        return self.region.url.replace("127.0.0.1", "localhost")

    @contextlib.asynccontextmanager
    async def api(self) -> AsyncIterator[Api]:
        """The API as programs use it, on the loop of the test."""
        async with httpx.AsyncClient(base_url=self.region.url, trust_env=False, timeout=30) as http:
            yield Api(http, seed=os.urandom(4).hex())


@contextlib.contextmanager
def served(until: str | None = None, extra: dict[str, str] | None = None) -> Iterator[Site]:
    """
    A region in child processes, ended and deleted afterwards.

    The season is played to the milestone *until*; without one, there are two regulators in office and nobody else.
    """
    folder = Path(tempfile.mkdtemp(prefix="kw-site-"))
    folder.chmod(0o755)  # as root, the database runs as another user and must reach its folder
    region = new_region(folder / "region", extra={"KILNWOOD_LOG_LEVEL": "error", **(extra or {})})
    try:
        region.start()
        yield Site(region, asyncio.run(_played(region, until)))
    finally:
        region.stop()
        region.remove()
        shutil.rmtree(folder, ignore_errors=True)


async def _played(region: LocalRegion, until: str | None) -> Season:
    async with httpx.AsyncClient(base_url=region.url, trust_env=False, timeout=30) as http:
        season = Season(Api(http, seed="site"), region.regulators)
        await (take_office(season) if until is None else play_until(season, until))
        return season


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """One Chromium with an empty profile."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Complaints:
    """What a page complained of, and what it asked of other hosts than its own."""

    found: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listen to *page* from now on."""
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("console", lambda said: self.found.append(f"console: {said.text}") if said.type == "error" else None)
        page.on("request", lambda sent: self._note(page, sent.url))

    def _note(self, page: Page, url: str) -> None:
        asked, here = urlsplit(url), urlsplit(page.url)
        if asked.scheme in ("http", "https") and here.scheme in ("http", "https") and asked.netloc != here.netloc:
            self.found.append(f"another host: {url}")


@contextlib.asynccontextmanager
async def person(
    browser: Browser,
    *,
    size: tuple[int, int] = DESK,
    language: str = "en-GB",
    refusals: bool = False,
    **context: Any,
) -> AsyncIterator[Page]:
    """
    A window of one person, with cookies and a passkey device of their own; afterwards its pages have not complained.

    *refusals*: the person is refused something on purpose, which Chromium notes as an error of the console.
    """
    width, height = size
    own = await browser.new_context(
        viewport={"width": width, "height": height}, locale=language, timezone_id="Asia/Shanghai", **context
    )
    complaints = Complaints()
    own.on("page", complaints.watch)
    try:
        page = await own.new_page()
        await with_authenticator(page)
        yield page
    finally:
        await own.close()
    wrong = [each for each in complaints.found if not (refusals and "Failed to load resource" in each)]
    assert [] == wrong, wrong


async def with_authenticator(page: Page) -> str:
    """Give the window a device that keeps passkeys and knows its owner's finger; returns its id."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    added = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return str(added["authenticatorId"])
