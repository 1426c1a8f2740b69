"""Takes the pictures, and puts them on one sheet."""

import contextlib
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from deploy.local.children import free_port
from deploy.screenshots.samples import Known, Sample, views

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Playwright

LANGUAGES: Final = {"zh": "zh-CN", "en": "en-GB"}
WIDTHS: Final = (390, 1280)
CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
START_TIMEOUT_S: Final = 300.0
_POLL_S: Final = 0.5


class CannotTake(Exception):
    """The pictures cannot be taken; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture on the sheet."""

    view: Sample
    language: str
    width: int
    file: str
    status: int


def take(out: Path, url: str) -> list[Picture]:
    """Take every page of the demo at *url*. Raises `CannotTake`, `NoSample`."""
    wanted = views()
    playwright = driver()
    out.mkdir(parents=True, exist_ok=True)
    known = known_of(url)
    found: list[Picture] = []
    with playwright as started:
        from playwright.sync_api import Error

        try:
            for language, width in product(LANGUAGES, WIDTHS):
                browser = open_browser(started)
                found += _all(browser, wanted, known, (out, url, language, width))
                browser.close()
        except Error as error:
            raise CannotTake(f"The browser failed after {len(found)} pictures: {error}") from error
        finally:
            (out / "index.html").write_text(_sheet(found), "utf-8")
    return found


def driver() -> "contextlib.AbstractContextManager[Playwright]":
    """Playwright is optional: this command, a figure of the bench and the tests take it. Raises `CannotTake`."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise CannotTake(
            "Playwright for Python is not installed. It comes with the tests' tools (pip install 'kilnwood[test]'). "
            "It takes Debian's chromium too (or KILNWOOD_TEST_CHROMIUM=/path/to/it)."
        ) from error
    return sync_playwright()


def open_browser(started: "Playwright") -> "Browser":
    """Chromium. Raises `CannotTake`."""
    from playwright.sync_api import Error

    path = os.environ.get("KILNWOOD_TEST_CHROMIUM", CHROMIUM)
    if not Path(path).exists():
        raise CannotTake(f"There is no browser at {path}: apt-get install chromium, or set KILNWOOD_TEST_CHROMIUM.")
    try:
        return started.chromium.launch(executable_path=path, args=list(FLAGS))
    except Error as error:
        raise CannotTake(f"{path} does not start: {error}") from error


def known_of(url: str) -> Known:
    """What the season of this demo chose."""
    try:
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
            retirements = http.get("/v1/retirements").raise_for_status().json()["items"]
            receipt = retirements[0]["receipt_id"] if retirements else "none"
            statements = http.get("/v1/log/statements").raise_for_status().json()["items"]
            cancellations = http.get("/v1/cancellations").raise_for_status().json()["items"]
            events = http.get("/v1/events").raise_for_status().json()["items"]
            campaigns = http.get("/v1/campaigns").raise_for_status().json()["items"]
            auctions = http.get("/v1/auctions").raise_for_status().json()["items"]
            guest = _guest(http, events[0]["code"]) if events else "none"
    except httpx.HTTPError as error:
        raise CannotTake(f"{url} does not answer ({error}). Start it with: kilnwood demo --serve") from error
    if not retirements or not statements:
        raise CannotTake(f"{url} has no season: start it with kilnwood demo --serve.")
    return Known(
        receipt=receipt,
        statement=statements[0]["statement_hash"],
        cancellation=cancellations[0]["order_id"] if cancellations else "none",
        event=events[0]["code"] if events else "none",
        guest=guest,
        campaign=campaigns[0]["id"] if campaigns else 0,
        auction=auctions[0]["id"] if auctions else 0,
    )


def _guest(http: httpx.Client, event: str) -> str:
    """Somebody who came to the event and has not paid yet: only they know the address of their page."""
    body = {"trip": {"mode": "metro", "distance_km": 30}, "name": "Wang 旺", "listed": False}
    once = {"Idempotency-Key": uuid.uuid4().hex}
    made = http.post(f"/v1/events/{event}/guests", json=body, headers=once).raise_for_status()
    return str(made.json()["secret"])


def _all(browser: "Browser", wanted: list[Sample], known: Known, how: tuple[Path, str, str, int]) -> Iterator[Picture]:
    """Every view in one language and width, each person in a window of their own."""
    out, url, language, width = how
    for by in sorted({each.by for each in wanted}):
        context = browser.new_context(
            viewport={"width": width, "height": 844 if width < 500 else 900},  # noqa: PLR2004 - a phone
            locale=LANGUAGES[language],
            timezone_id="Asia/Shanghai",
        )
        try:
            _enter(context, url, by)
            for view in (each for each in wanted if each.by == by):
                file = _file(view, language, width)
                page = context.new_page()
                answer = page.goto(url + view.address.format(**members(known)), wait_until="load")
                page.screenshot(path=out / file, full_page=True)
                page.close()
                yield Picture(view, language, width, file, answer.status if answer else 0)
        finally:
            context.close()


def members(known: Known) -> dict[str, str | int]:
    """By the words that stand in braces in addresses."""
    return {name: getattr(known, name) for name in known.__struct_fields__}


def _enter(context: "BrowserContext", url: str, by: str) -> None:
    """Come in as somebody of the demo, by the button of its first page."""
    if not by:
        return
    page = context.new_page()
    page.goto(url)
    button = page.locator(f'form[action="/enter/{by}"] button')
    if not button.count():
        raise CannotTake(f"{url} lets nobody enter as {by}: it is no kilnwood demo --serve on this machine.")
    button.click()
    page.wait_for_load_state()
    page.close()


def _file(view: Sample, language: str, width: int) -> str:
    name = re.sub(r"[^0-9a-z]+", "-", view.address.lower()).strip("-") or "home"
    return f"{name}{f'-as-{view.by}' if view.by else ''}-{language}-{width}.png"


def _sheet(pictures: list[Picture]) -> str:
    """One page with all pictures: a row for each address, with every language and width side by side."""
    rows: dict[Sample, list[Picture]] = {}
    for each in pictures:
        rows.setdefault(each.view, []).append(each)
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Pages</title><style>",
        "body{font:15px system-ui;margin:1rem}div{display:flex;gap:1rem;align-items:start;overflow-x:auto}",
        "img{border:1px solid #bbb;height:auto}",
        ".w390{width:195px}.w1280{width:480px}h2{font-size:1rem;margin:1.5rem 0 .5em}",
        f"</style><h1>{len(rows)} views, {len(pictures)} pictures</h1>",
    ]
    for view, found in sorted(rows.items(), key=lambda row: (row[0].address, row[0].by)):
        who = f" as {html.escape(view.by)}" if view.by else ""
        parts.append(f"<h2>{html.escape(view.address)}{who} ({found[0].status})</h2><div>")
        for each in sorted(found, key=lambda one: (one.width, one.language), reverse=True):
            file = html.escape(each.file)
            parts.append(f"<a href='{file}'><img class='w{each.width}' loading='lazy' src='{file}' alt='{file}'></a>")
        parts.append("</div>")
    return "\n".join(parts)


@contextlib.contextmanager
def demo() -> Iterator[str]:
    """A demo of its own, ended and deleted afterwards; gives its address. Raises `CannotTake`."""
    folder, port = Path(tempfile.mkdtemp(prefix="kw-screenshots-")), free_port()
    folder.chmod(0o755)
    command = [sys.executable, "-m", "deploy", "demo", "--serve", "--port", str(port), "--out", str(folder / "demo")]
    with (folder / "out").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
    try:
        url = f"http://localhost:{port}"
        _wait(url, process, folder / "out")
        yield url
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, process: "subprocess.Popen[bytes]", said: Path) -> None:
    """Until the season is played and one can enter."""
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if "/enter/" in httpx.get(url, trust_env=False).text:
                return
        time.sleep(_POLL_S)
    raise CannotTake(f"The demo did not start:\n{said.read_text('utf-8', 'replace')[-2000:]}")
