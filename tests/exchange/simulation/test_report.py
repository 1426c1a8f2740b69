"""The report of a run: one file in two languages, readable without script and network, every chart with SVG and CSV."""

import base64
import csv
import io
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import ClassVar

import pytest

from exchange.simulation.bundle import read_manifest, verify, write
from exchange.simulation.files import shipped
from exchange.simulation.report.sheet import opened_in
from tests.exchange.simulation.small import RHYTHM, SMALL
from tests.site.browser import PHONE, chromium, needs_chromium, person

CHARTS = (
    *("tornado1", "price", "volume", "supply", "concentration"),
    *("kilograms", "stock", "owed", "income", "compliance"),
)
"""Charts of a scenario with one lever and enterprises that have a duty."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The small scenario, run once with the view to zoom into: four settings of its lever, two replications."""
    made = tmp_path_factory.mktemp("report") / "made"
    write(made, RHYTHM, SMALL, replications=2)
    return made


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """Two levers, three values each, in one replication, as plain as it gets."""
    made = tmp_path_factory.mktemp("map") / "made"
    write(made, shipped()["offset-cap-local-share"], SMALL, replications=1, plain=True)
    return made


class Page(HTMLParser):
    """What a page would load, and its tags that were never closed."""

    VOID: ClassVar = {"meta", "input", "br"}

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.taken: dict[str, str] = {}
        self.open: list[str] = []
        self.scopes: list[str | None] = []

    def handle_starttag(self, tag, attrs):
        """Keep what is open, and what is taken away by whom."""
        values = dict(attrs)
        self.loads += [values[name] for name in ("src", "href") if values.get(name)]
        if values.get("download"):
            self.taken[values["download"]] = base64.b64decode(values["href"].partition(",")[2]).decode()
        if tag == "th":
            self.scopes.append(values.get("scope"))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """A tag that closes itself."""

    def handle_endtag(self, tag):
        """Close the last one, the page's own excepted, which needs no start."""
        if tag != "html" or self.open:
            assert tag == self.open.pop()


def parsed(text: str) -> Page:
    """Read a page."""
    page = Page()
    page.feed(text)
    return page


def test_the_report_is_one_page_in_two_languages_without_network(folder):
    """Nothing to load but its own data; hashes and seed at its foot; each text in both languages."""
    text = (folder / "report.html").read_text("utf-8")
    page = parsed(text)
    assert [] == page.open
    assert all(each.startswith("data:") for each in page.loads)
    assert text.count('<span lang="en">') == text.count('<span lang="zh">') > 40
    manifest = read_manifest(folder)
    assert all(each in text for each in (manifest.plan, manifest.journal_hash, "<dd>101</dd>", "<dt>engine</dt>"))
    assert {"row", "col"} == set(page.scopes), "every head says what it is the head of"
    assert text.count("<table") == text.count("<caption>")
    assert len(text.encode()) < 1_500_000


def test_every_chart_is_svg_in_both_languages_and_csv(folder):
    """A picture that stands alone, with a title and a description; its text in one language; and its numbers."""
    taken = parsed((folder / "report.html").read_text("utf-8")).taken
    names = {f"{chart}{end}" for chart in CHARTS for end in (".en.svg", ".zh.svg", ".csv")}
    assert names == set(taken)
    for name, text in taken.items():
        if name.endswith(".csv"):
            heads, *rows = csv.reader(io.StringIO(text))
            assert rows
            assert {len(heads)} == {len(row) for row in rows}
            continue
        svg = ET.fromstring(text)  # noqa: S314 - our own file
        assert ("img", "title", "desc") == (svg.get("role"), *(each.tag.rpartition("}")[2] for each in list(svg)[:2]))
        assert all(each.text for each in list(svg)[:2]), f"{name} has a title and a description"
        assert ("zh" in name) == bool(re.search("[\u4e00-\u9fff]", text.replace("元", ""))), name
        patterns = set(re.findall(r"url\(#([^)]*)\)", text))
        assert patterns <= {each.get("id") for each in svg.iter()}, "a pattern that is used is there"


def test_a_chart_has_the_numbers_of_the_runs(folder):
    """Prices and volumes of a chart's CSV add up to what the runs' own files say."""
    taken = parsed((folder / "report.html").read_text("utf-8")).taken
    with (folder / "days.csv").open(newline="") as lines:
        days = list(csv.DictReader(lines))
    volume = list(csv.DictReader(io.StringIO(taken["volume.csv"])))
    assert sum(float(each["tonnes"]) for each in volume) == pytest.approx(
        sum(int(each["volume_t"]) for each in days) / 2
    )
    assert "2025-01-01" == volume[0]["week_begins"]
    price = [each for each in csv.DictReader(io.StringIO(taken["price.csv"])) if each["median_cny_t"]]
    assert all(float(each["low_cny_t"]) <= float(each["median_cny_t"]) <= float(each["high_cny_t"]) for each in price)


def test_a_plain_report_has_no_script_at_all(folder, mapped):
    """It says nothing of a view that it does not have, is shorter, and may run nothing by its own policy."""
    plain, viewed = ((each / "report.html").read_text("utf-8") for each in (mapped, folder))
    assert "<script" not in plain
    assert "script-src" not in plain
    assert "id=interactive" not in plain
    assert "default-src 'none'" in plain
    assert len(plain) < 700_000
    assert "script-src 'sha256-" in viewed
    assert read_manifest(mapped).plain


def test_two_levers_are_maps(mapped):
    """Figures by both levers: a row for each value of the first, a cell for each of the second, marked where chance."""
    taken = parsed((mapped / "report.html").read_text("utf-8")).taken
    maps = {name: text for name, text in taken.items() if name.startswith("map-") and name.endswith(".en.svg")}
    assert {"map-average_fen_t.en.svg", "map-unsold_t.en.svg"} <= set(maps)
    for text in maps.values():
        assert 9 == text.count('fill="rgb(')
        assert 8 + 1 == text.count("-h)"), "one replication tells nothing: all but the first are hatched, and the key"
    rows = list(csv.DictReader(io.StringIO(taken["map-average_fen_t.csv"])))
    assert {"no"} == {each["beyond_chance"] for each in rows}
    assert {"tornado1.csv", "tornado2.csv"} <= set(taken), "a tornado for each lever"


@needs_chromium
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_view_to_zoom_into_opens_without_network(folder, language):
    """Closed, ECharts has not run; opened, it draws within the page's policy, and nothing was asked of anybody."""
    async with chromium() as browser, person(browser, size=PHONE) as page:
        asked: list[str] = []
        page.on("request", lambda sent: asked.append(sent.url))
        await page.context.set_offline(offline=True)
        await page.goto((folder / "report.html").as_uri())
        await page.get_by_text({"zh": "中文", "en": "English"}[language], exact=True).click()
        view = page.locator("#interactive")
        assert not await page.evaluate("'echarts' in window")
        assert 0 == await view.locator("canvas").count()
        await view.locator("summary").click()
        await view.locator("canvas").first.wait_for()
        chart = "echarts.getInstanceByDom(document.getElementById('interactive-chart'))"
        assert {"zh": "元/吨", "en": "CNY/t"}[language] == await page.evaluate(f"{chart}.getOption().yAxis[0].name")
        assert 4 * 4 == await page.evaluate(f"{chart}.getOption().series.length")
        assert 0 >= await page.evaluate("document.documentElement.scrollWidth - innerWidth"), "nothing sticks out"
        await page.locator("#interactive-chart").hover()
        await page.locator("#interactive-chart div", has_text="2025-").first.wait_for()
        assert [(folder / "report.html").as_uri()] == asked


@needs_chromium
async def test_without_script_everything_but_the_view_is_there(folder):
    """The languages change by style sheet, and no trace of a view is seen."""
    async with chromium() as browser, person(browser, size=PHONE, java_script_enabled=False) as page:
        await page.goto((folder / "report.html").as_uri())
        assert not await page.locator("#interactive").is_visible()
        assert await page.get_by_role("img", name="每周价格（元/吨）").is_visible()
        await page.get_by_text("English", exact=True).click()
        assert await page.get_by_role("img", name="Price, CNY/t by week").is_visible()
        assert not await page.get_by_role("img", name="每周价格（元/吨）").is_visible()


def test_a_report_opens_in_a_language_that_is_chosen_or_in_the_browsers(folder, tmp_path):
    """With --lang it opens in it without a script; else it asks the browser, and the site can say it afterwards."""
    usual = (folder / "report.html").read_text("utf-8")
    assert "navigator.language" in usual
    for language in ("zh", "en"):
        made = tmp_path / language
        assert language == write(made, RHYTHM, SMALL, replications=2, opens=language).opens
        text = (made / "report.html").read_text("utf-8")
        assert text == opened_in(usual, language)
        assert "navigator.language" not in text
        assert 1 == text.count(" checked>") == text.count(f'id="{language}" checked>')
        verify(made, tmp_path / f"{language}-again")
    plain = write(tmp_path / "plain", RHYTHM, SMALL, replications=1, plain=True)
    text = (tmp_path / "plain" / "report.html").read_text("utf-8")
    assert (None, False, True) == (plain.opens, "<script" in text, 'id="zh" checked>' in text)


@needs_chromium
async def test_a_report_asks_the_browser_for_its_language(folder):
    """Chinese where the browser speaks it, English for all others; the reader can choose the other."""
    async with chromium() as browser:
        for speaks, shown in (("en-GB", "en"), ("zh-CN", "zh"), ("fr-FR", "en")):
            async with person(browser, language=speaks) as page:
                await page.goto((folder / "report.html").as_uri())
                assert await page.locator(f"#{shown}").is_checked()
                await page.get_by_text("中文", exact=True).click()
                assert await page.locator("h1 span[lang=zh]").is_visible()
