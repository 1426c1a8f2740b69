"""A receipt verified by the page itself in Chromium, by the page's own clock."""

from typing import TYPE_CHECKING

from deploy.screenshots.take import CannotTake, driver, open_browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

_VALID = ("valid", "unwitnessed")


def in_chromium(url: str, raw: bytes, runs: int) -> list[float]:
    """Milliseconds of each of *runs* verifications on the page at *url*, a cold one first; none without Chromium."""
    try:
        with driver() as started:
            browser = open_browser(started)
            try:
                page = browser.new_page()
                page.goto(f"{url}/r")
                page.wait_for_selector("[data-trust-shown] dd")
                return [_verified(page, raw) for _ in range(runs + 1)]
            finally:
                browser.close()
    except CannotTake:
        return []


def _verified(page: "Page", raw: bytes) -> float:
    """Choose the receipt's file as a visitor does, and read how long the page took."""
    page.eval_on_selector("[data-verifier]", "it => { delete it.dataset.milliseconds; delete it.dataset.verdict; }")
    page.set_input_files("#other-file", {"name": "it.json", "mimeType": "application/json", "buffer": raw})
    verifier = page.locator("[data-verifier][data-verdict]")
    verdict, took = verifier.get_attribute("data-verdict"), verifier.get_attribute("data-milliseconds")
    if verdict not in _VALID or took is None:
        raise RuntimeError(f"The page says that the receipt is {verdict}.")
    return float(took)
