"""Every page of the router has an address to look at, and what the sheet shows is there."""

import re
import sys

import pytest

from deploy.scenarios.cast import CAST
from deploy.screenshots import samples, take
from deploy.screenshots.samples import SAMPLES, Sample, page_paths, views


def test_every_page_has_a_sample():
    """A page that another hand adds is not forgotten: it stands in the table, or among what is no page."""
    assert set() == page_paths() - SAMPLES.keys()


def test_every_sample_is_of_a_page():
    """What went is taken out; each address fits its path; each visitor is of the season."""
    assert set() == SAMPLES.keys() - page_paths()
    for path, found in SAMPLES.items():
        pattern = re.sub(
            r"\\\{\w+:(int|str)\\\}", lambda kind: r"(?:\d+|\{\w+\})" if kind[1] == "int" else "[^/]+", re.escape(path)
        )
        for each in found:
            assert re.fullmatch(pattern, each.address.partition("?")[0]), each
            assert each.by in {"", "regulator-1", "regulator-2", *CAST}, each


def test_a_page_without_a_sample_stops_the_command(monkeypatch):
    """With its path."""
    monkeypatch.setattr(samples, "SAMPLES", {path: found for path, found in SAMPLES.items() if path != "/log"})
    with pytest.raises(samples.NoSample, match="/log"):
        views()


def test_the_sheet_has_every_picture():
    """Escaped, with who looks and the status."""
    view = Sample("/search?q=<a>", "bank")
    found = [take.Picture(view, "en", width, take._file(view, "en", width), 200) for width in take.WIDTHS]
    sheet = take._sheet(found)
    assert "&lt;a&gt; as bank (200)" in sheet
    assert all(f"src='{each.file}'" in sheet for each in found)


def test_without_playwright_the_command_says_what_to_install(monkeypatch, tmp_path):
    """In one line, and nothing was begun."""
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(take.CannotTake, match="Playwright for Python is not installed"):
        take.take(tmp_path / "out", "http://localhost:1")
    assert not (tmp_path / "out").exists()


def test_a_place_without_a_demo_is_named(tmp_path):
    """Nothing answers there."""
    with pytest.raises(take.CannotTake, match="http://localhost:1 does not answer"):
        take.take(tmp_path / "out", "http://localhost:1")
