"""One scan that verifies: the receipt page in a browser, saved and opened with no network, and without scripts."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, FilePayload, Page, Request, expect

from tests.registry.receipts.verifier.world import trust_bytes
from tests.site import browser, qr
from tests.site.browser import DESK, PHONE, Site, needs_chromium, person
from tests.site.test_accessibility import PAIRS, too_wide, violations

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def neutral_site() -> Iterator[Site]:
    """A region after its launch event became neutral."""
    with browser.served("event_neutral") as running:
        yield running


@dataclass
class Paper:
    """What somebody holds: the receipt's number, and the code beside the QR code."""

    receipt: str
    code: str
    bundle: bytes
    pdf: bytes
    saved: bytes


@pytest.fixture
async def paper(neutral_site: Site) -> AsyncIterator[Paper]:
    """Fetched as a program would, once it is witnessed."""
    async with httpx.AsyncClient(base_url=neutral_site.url, trust_env=False, timeout=30) as http:
        receipt = (await http.get("/v1/retirements")).json()["items"][0]["receipt_id"]
        while (found := await http.get(f"/r/{receipt}")).status_code == 202:
            pass  # the next checkpoint comes within a second
        assert 303 == found.status_code
        code = found.headers["Location"].removeprefix("/r/")
        bundle = (await http.get(f"/v1/receipts/{receipt}")).content
        pdf = (await http.get(f"/retirements/{receipt}/certificate.pdf")).content
        saved = await http.get(f"/r/{code}/saved.html")
        assert saved.headers["Content-Disposition"].startswith("attachment")
        assert saved.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'sha256-")
        yield Paper(receipt, code, bundle, pdf, saved.content)


async def verdict(page: Page, wanted: str) -> None:
    """Wait until the page has judged."""
    await expect(page.locator("[data-verifier]")).to_have_attribute("data-verdict", wanted, timeout=20_000)


async def scanned(pdf: bytes, folder: Path) -> str:
    """The address in the QR code of a certificate's first page, as it is rendered."""
    file = folder / "certificate.pdf"
    file.write_bytes(pdf)
    command = ("pdftoppm", "-r", "200", "-gray", "-f", "1", "-l", "1", "-singlefile", file, folder / "certificate")
    done = await asyncio.create_subprocess_exec(*command)
    assert 0 == await done.wait()
    return qr.read_sheet((folder / "certificate.pgm").read_bytes())


async def test_an_auditor_from_the_code_on_paper_to_a_verdict_offline(
    neutral_site: Site, chromium: Browser, paper: Paper, tmp_path: Path
):
    """A scan of the certificate, on a phone: one sentence, a verdict; and the saved page's, with no network."""
    address = await scanned(paper.pdf, tmp_path)
    assert address.endswith(f"/R/{paper.code}")
    assert neutral_site.url.upper() == address.removesuffix(f"/R/{paper.code}")
    async with person(chromium, size=PHONE) as page:
        await page.goto(address)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("retired 1\u2009200 kg for: Launch event")
        await verdict(page, "valid")
        await expect(page.locator("[data-result]")).to_contain_text("Simulated · Valid")
        await expect(page.locator("[data-result]")).to_contain_text("SC-CDCER-0001-2024-01:1-1200kg")
        await page.get_by_text("Every check").click()
        await expect(page.get_by_text("re-encoding equals the input")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        async with page.expect_download() as saving:
            await page.get_by_role("link", name="Save this page").click()
        await (await saving.value).save_as(tmp_path / "saved.html")
    async with person(chromium, offline=True) as page:
        await page.goto((tmp_path / "saved.html").as_uri())
        await verdict(page, "valid")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("retired 1\u2009200 kg for: Launch event")


async def test_a_click_brings_the_verifier(neutral_site: Site, chromium: Browser, paper: Paper):
    """From the first page, and by the form there: the page's script runs each time."""
    async with person(chromium) as page:
        await page.goto(neutral_site.url)
        await page.get_by_role("link", name="I hold a certificate or a receipt").click()
        await expect(page.locator("[data-trust-shown]")).to_contain_text("kilnwood.example/sim/CN-510100")
        await expect(page.locator("[data-unscripted]")).to_be_hidden()
        await page.get_by_label("Code on paper").fill(paper.code)
        await page.get_by_role("button", name="Show").click()
        await verdict(page, "valid")


async def test_files_are_verified_and_stay_in_the_browser(neutral_site: Site, chromium: Browser, paper: Paper):
    """A certificate and a receipt; altered ones; a PDF of something else."""
    sent: list[str] = []
    altered = paper.bundle.replace(b'quantity_kg\\":1200', b'quantity_kg\\":9200')
    files = {
        "it.certificate.pdf": (paper.pdf, "valid"),
        "it.receipt.json": (paper.bundle, "valid"),
        "altered.receipt.json": (altered, "invalid"),
        "menu.pdf": (b"%PDF-1.7\n", "invalid"),
    }
    async with person(chromium) as page:
        await page.goto(f"{neutral_site.url}/r")
        await expect(page.locator("[data-trust-shown]")).to_contain_text("kilnwood.example/sim/CN-510100")
        page.on("request", _noting(sent))
        for name, (content, wanted) in files.items():
            await page.set_input_files("#other-file", {"name": name, "mimeType": "", "buffer": content})
            await verdict(page, wanted)
            await expect(page.locator("[data-other]")).to_contain_text(name)
        await expect(page.locator("[data-other]")).to_contain_text("a PDF without a receipt in it")
    assert [] == sent


async def test_ones_own_trust_decides(neutral_site: Site, chromium: Browser, paper: Paper):
    """Another registry's keys make it invalid; a file that cannot be read is said, and changes nothing."""
    async with person(chromium) as page:
        await page.goto(f"{neutral_site.url}/r/{paper.code}")
        await verdict(page, "valid")
        own = FilePayload(name="trust.json", mimeType="application/json", buffer=trust_bytes())
        await page.set_input_files("#own-trust", own)
        await verdict(page, "invalid")
        await expect(page.locator("[data-trust-whose]")).to_contain_text("your own file")
        unread = FilePayload(name="trust.json", mimeType="application/json", buffer=b"{}")
        await page.set_input_files("#own-trust", unread)
        await expect(page.locator("[data-fault]")).to_contain_text("trust.json: Object missing required field")


@pytest.mark.long
async def test_a_saved_page_verifies_with_no_network(chromium: Browser, paper: Paper, tmp_path: Path):
    """Opened from the disk: it asks for nothing, and a changed byte in it shows."""
    for name, content, wanted in (
        ("saved.html", paper.saved, "valid"),
        ("altered.html", paper.saved.replace(b'quantity_kg\\\\\\":1200', b'quantity_kg\\\\\\":9200', 1), "invalid"),
    ):
        file = tmp_path / name
        file.write_bytes(content)
        asked: list[str] = []
        async with person(chromium, offline=True) as page:
            page.on("request", _noting(asked))
            await page.goto(file.as_uri())
            await verdict(page, wanted)
            assert [file.as_uri()] == asked


def _noting(asked: list[str]) -> Callable[[Request], None]:
    return lambda request: asked.append(request.url)


async def _correct(site: Site, claim_id: int) -> None:
    """The claimant puts a word of its claim right."""
    async with site.api() as api:
        words = {"reason": "Misspelt", "subject": "Launch event of the hall"}
        await api.post(f"/v1/claims/{claim_id}/corrections", words, by=site.season.parties["scenic"].key)


async def _annul(site: Site, receipt: str, statement_hash: str) -> None:
    """Two regulators annul the retirement."""
    first, second = site.season.regulators
    body = {
        "operation": "annul_statement",
        "receipt_id": receipt,
        "statement_hash": statement_hash,
        "reason": "Retired by mistake",
    }
    async with site.api() as api:
        proposed = await api.post("/v1/approvals", {"body": body, "reason": "test"}, by=first)
        await api.post("/v1/annulments", {"approval_id": proposed["id"], "body": body}, by=second)


async def _carrying(http: httpx.AsyncClient, receipt: str, later: int) -> bytes:
    """The receipt, once a witnessed checkpoint covers so many later statements."""
    while True:
        answer = await http.get(f"/v1/receipts/{receipt}")
        if answer.status_code == 200 and len(answer.json().get("later", ())) == later:
            return answer.content


async def _superseded_everywhere(site: Site, chromium: Browser, receipt: str, files: dict[str, bytes]) -> None:
    """The page says so above its first sentence; the certificate is superseded, an old file what it was."""
    for language, size in (("en-GB", PHONE), ("zh-CN", DESK)):
        async with person(chromium, size=size, language=language) as page:
            await page.goto(f"{site.url}/r/{receipt}")
            await verdict(page, "superseded")
            text = await page.locator("main").inner_text()
            sentence = await page.get_by_role("heading", level=1).inner_text()
            assert text.index("Retired by mistake") < text.index(sentence)
            shown = await page.locator("[data-result]").inner_text()
            assert ("Superseded" if language == "en-GB" else "已被取代") in shown
            assert shown.index("· Retired by mistake") < shown.index("Misspelt")
            for name, wanted in (("it.pdf", "superseded"), ("old.receipt.json", "valid")):
                await page.set_input_files("#other-file", {"name": name, "mimeType": "", "buffer": files[name]})
                await verdict(page, wanted)
            await page.locator("[data-result] details summary").click()
            assert [] == await violations(page)
            assert not await too_wide(page)


@pytest.mark.long
async def test_without_scripts_the_page_says_how_to_verify(neutral_site: Site, chromium: Browser, paper: Paper):
    """What the server says, that nothing was verified, and the command."""
    async with person(chromium, java_script_enabled=False, language="zh-CN") as page:
        await page.goto(f"{neutral_site.url}/r/{paper.code}")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("注销 1\u2009200 千克")
        await expect(page.get_by_text("没有进行核验")).to_be_visible()
        await expect(
            page.get_by_text(f"kilnwood verify {paper.receipt}.receipt.json --trust trust.json")
        ).to_be_visible()


@pytest.mark.parametrize(("language", "scheme", "width"), PAIRS)
async def test_a_verdict_has_no_violation(
    neutral_site: Site, chromium: Browser, paper: Paper, *, language: str, scheme: Any, width: int
):
    """Axe finds nothing once the verdict is there, with every check shown; good news and bad."""
    async with person(chromium, size=(width, 900), language=language, color_scheme=scheme) as page:
        await page.goto(f"{neutral_site.url}/r/{paper.code}")
        await verdict(page, "valid")
        await page.locator("details summary").click()
        menu = FilePayload(name="menu.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7")
        await page.set_input_files("#other-file", menu)
        await verdict(page, "invalid")
        assert [] == await violations(page)
        assert not await too_wide(page)


async def test_an_unknown_code_is_a_clear_page(neutral_site: Site, chromium: Browser):
    """404, with what to do."""
    async with person(chromium, refusals=True) as page:
        answer = await page.goto(f"{neutral_site.url}/R/{'A' * 32}")
        assert answer is not None
        assert 404 == answer.status
        await expect(page.locator("main")).to_contain_text("Compare it with the paper, sign by sign")


@pytest.mark.long
async def test_the_badge_is_a_picture_without_scripts(neutral_site: Site, paper: Paper):
    """Kilograms and registry, nothing that runs."""
    async with httpx.AsyncClient(base_url=neutral_site.url, trust_env=False) as http:
        answer = await http.get(f"/r/{paper.code}/badge.svg")
    assert (200, "image/svg+xml") == (answer.status_code, answer.headers["Content-Type"].partition(";")[0])
    assert "default-src 'none'" == answer.headers["Content-Security-Policy"]
    assert "200 kg retired" in answer.text
    assert "script" not in answer.text


def test_the_words_of_the_page_are_complete(paper: Paper):
    """The script has no words of its own: each verdict, outcome and fact that it shows is in the page."""
    text = paper.saved.decode().partition('id="verifier-words">')[2].partition("</script>")[0]
    words = json.loads(text)
    verdicts = {"valid", "invalid", "unwitnessed", "superseded", "shortfall", "logged", "unexpected"}
    assert verdicts == set(words["verdicts"])
    assert {"ok", "note", "failed"} == set(words["outcomes"])


async def test_what_was_said_later_comes_first(neutral_site: Site, chromium: Browser, tmp_path: Path):
    """
    A correction, then an annulment: on the page, in a saved page, in a certificate, on the badge.

    It stands last in this file, for the others want the receipt as it was.
    """
    async with httpx.AsyncClient(base_url=neutral_site.url, trust_env=False, timeout=30) as http:
        retirement = (await http.get("/v1/retirements")).json()["items"][0]
        receipt = retirement["receipt_id"]
        await _correct(neutral_site, retirement["claim_id"])
        corrected = await _carrying(http, receipt, 1)
        async with person(chromium, size=PHONE) as page:
            await page.goto(f"{neutral_site.url}/r/{receipt}")
            await verdict(page, "valid")
            shown = await page.locator("[data-result]").inner_text()
            assert 0 < shown.index("Misspelt") < shown.index("Registry\n")
            assert "Launch event of the hall" in shown[shown.index("Registry\n") :]
            assert not await too_wide(page)
        await _annul(neutral_site, receipt, retirement["statement_hash"])
        await _carrying(http, receipt, 2)
        address = (await http.get(f"/r/{receipt}")).headers["Location"]
        saved = (await http.get(f"{address}/saved.html")).content
        pdf = (await http.get(f"/retirements/{receipt}/certificate.pdf")).content
        badge = (await http.get(f"{address}/badge.svg")).text
    assert ">Superseded: annulled<" in badge
    assert ">Corrected · Simulated" in badge
    assert "retired" not in badge
    await _superseded_everywhere(neutral_site, chromium, receipt, {"it.pdf": pdf, "old.receipt.json": corrected})
    file = tmp_path / "saved.html"
    file.write_bytes(saved)
    async with person(chromium, offline=True) as page:
        await page.goto(file.as_uri())
        await verdict(page, "superseded")
        text = await page.locator("body").inner_text()
        assert text.index("Superseded: annulled") < text.index("Misspelt") < text.index("retired 1")
