"""Two runs side by side: differences pair by pair, both fans in one chart, and what cannot be compared."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.cli.program import cli
from exchange.simulation.bundle import write
from exchange.simulation.files import shipped
from tests.exchange.simulation.small import RHYTHM, SMALL
from tests.exchange.simulation.test_report import parsed

SHORT: Mapping[str, int] = {**SMALL, "horizon.days": 40, "policy.deadline_day": 30, "population.mills.window_days": 20}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Runs of the short scenario: as it is, with twice the cap, and with another length."""
    made: Path = tmp_path_factory.mktemp("compared")
    write(made / "before", RHYTHM, SHORT, replications=2, plain=True)
    write(made / "after", RHYTHM, {**SHORT, "policy.offset_cap_bps": 1000}, replications=2, plain=True)
    write(made / "longer", RHYTHM, {**SHORT, "horizon.days": 45}, replications=1, plain=True)
    return made


def compare(*words: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["sim", "compare", *map(str, words)])


def test_two_runs_are_compared_pair_by_pair(folders, tmp_path):
    """What was changed, and only differences beyond chance called so; the page has both fans in one chart."""
    out = tmp_path / "both.html"
    done = compare(folders / "before", folders / "after", "--out", out)
    assert 0 == done.exit_code, done.output
    assert "Parameters: policy.offset_cap_bps 500 → 1000" in done.output
    assert "retired_t" in done.output
    assert re.search(r"issued_t +the same", done.output)
    page = parsed(out.read_text("utf-8"))
    assert [] == page.open
    assert {f"{name}1{end}" for name in ("price", "volume", "moved") for end in (".en.svg", ".zh.svg", ".csv")} <= set(
        page.taken
    )
    assert {"before: compliance-rhythm", "after: compliance-rhythm"} <= set(
        re.findall(r">([^<>]*)</text>", page.taken["price1.en.svg"])
    )
    assert "week_begins,before_low_cny_t" in page.taken["price1.csv"]
    text = out.read_text("utf-8")
    assert 1 == text.count("<script>if(!/^zh/i.test(navigator.language)") == text.count("<script")
    assert all(
        each in text for each in ("policy.offset_cap_bps 500 → 1000", "beyond chance", "在偶然范围内", "<dt>plan</dt>")
    )
    assert text.count('<span lang="en">') == text.count('<span lang="zh">')


def test_what_cannot_be_compared_is_said(folders, tmp_path):
    """Each fault with both values, and what to do; nothing is written."""
    out = tmp_path / "none.html"
    longer = compare(folders / "before", folders / "longer", "--out", out)
    assert (1, True) == (longer.exit_code, "their lengths in days differ, 40 and 45" in longer.output), longer.output
    write(tmp_path / "other", shipped()["zero-intelligence"], {"horizon.days": 30}, replications=1, plain=True)
    other = compare(folders / "before", tmp_path / "other", "--out", out)
    assert 1 == other.exit_code
    said = "their levers differ, population.mills.late_bps and population.buyers.count. Run one of them again"
    assert said in other.output
    none = compare(folders / "before", tmp_path)
    assert (1, True) == (none.exit_code, "no bundle that can be read" in none.output)
    assert not out.exists()
