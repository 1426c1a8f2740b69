"""
How long until a browser paints something of a page: first contentful paint, by Chromium's own clock.

The service is the real `kilnwood serve`, the page that of an enterprise that is signed in; each visit has an empty
cache. It takes what the pictures take: Playwright and Debian's Chromium.
"""

from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Final

from deploy.bench.exchange.served import ServedMarket
from deploy.bench.figures import Figure, at_most
from deploy.bench.retirements import LoadFailed
from deploy.screenshots.take import CannotTake, driver, open_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WANTED_MS: Final = 1_000
_PAINTED: Final = """
() => new Promise((told) => {
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) if (each.name === "first-contentful-paint") told(each.startTime);
  }).observe({ type: "paint", buffered: true });
})
"""


def paint(name: str, market: ServedMarket, *, seconds: float, rounds: int) -> Figure:  # noqa: ARG001 - as others
    """The first paint of one page, the median of *rounds* visits."""
    address = {
        "home": "/",
        "project": f"/projects/{market.world.season.projects['kiln']}",
        "market": f"/instruments/{market.instrument}",
    }[name]
    try:
        with driver() as started:
            browser = open_browser(started)
            took_ms = [_visited(browser, market, address) for _ in range(rounds)]
            browser.close()
    except CannotTake as error:
        raise LoadFailed(str(error)) from error
    return Figure(
        name=f"paint-{name}",
        what=f"first contentful paint of {address} in Chromium, an empty cache",
        unit="ms",
        value=median(took_ms),
        limit=None,
        limit_what="none: the target is what people notice",
        share=None,
        target=at_most(median(took_ms), WANTED_MS, f"at most {WANTED_MS:,} ms"),
        rounds=rounds,
        notes={"slowest in ms": max(took_ms)},
    )


def _visited(browser: "Browser", market: ServedMarket, address: str) -> float:
    """One visit of somebody who was never here; how many milliseconds after it began something was painted."""
    context = browser.new_context(extra_http_headers={"Authorization": f"Bearer {market.world.holder.key}"})
    try:
        page = context.new_page()
        answer = page.goto(market.world.region.url + address)
        if answer is None or not answer.ok:
            raise LoadFailed(f"{address} answered {answer.status if answer else 'nothing'} to the browser")
        return float(page.evaluate(_PAINTED))
    finally:
        context.close()


PAINTS: Final = {f"paint-{name}": partial(paint, name) for name in ("home", "project", "market")}
"""The measures, by the names of their figures."""
