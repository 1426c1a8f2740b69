"""The report of a sweep: a tornado with intervals, and no order where none can be told."""

import re

import pytest

from exchange.simulation.files import read
from exchange.simulation.report.swept import Swept, sweep_report
from exchange.simulation.sensitivity import Sensitivity, in_order
from exchange.simulation.sweep import SweepPlan, sweep
from tests.exchange.simulation.small import RHYTHM, SMALL
from tests.exchange.simulation.test_report import parsed

RANGES = {"population.mills.late_bps": (0, 10_000), "policy.offset_cap_bps": (200, 1_000)}


def test_a_sweep_writes_its_report(tmp_path):
    """Two parameters, in the order of their effects, with hashes at the foot; a script asks for the language alone."""
    plan = SweepPlan(method="morris", figure="retired_t", ranges=RANGES, samples=2, replications=1)
    made = sweep(tmp_path / "swept", RHYTHM, {**SMALL, "horizon.days": 75}, plan)
    text = (tmp_path / "swept" / "report.html").read_text("utf-8")
    page = parsed(text)
    assert [] == page.open
    assert {f"effects{at}{end}" for at in (1, 2) for end in (".en.svg", ".zh.svg", ".csv")} == set(page.taken)
    names = re.findall(r'text-anchor="end">([^<]*)<', page.taken["effects1.en.svg"])
    by_effect = sorted(made.sensitivities, key=lambda each: -each.main)
    assert [each.name for each in by_effect] == names
    assert all(each in text for each in (made.plan, "200</td>", "<dd>101</dd>"))
    assert 1 == text.count("<script>if(!/^zh/i.test(navigator.language)") == text.count("<script")


def test_neighbours_are_told_apart_or_not():
    """By the interval of their difference: 9 ± 3 and 2 ± 4 are 7 apart, and half of that interval is 5."""
    numbers = [
        Sensitivity(name=name, main=main, main_half_width=half, total=total, total_half_width=half)
        for name, main, total, half in (("a", 9.0, 9.0, 3.0), ("b", 2.0, 5.0, 4.0), ("c", 1.0, 0.5, 0.1))
    ]
    assert "a > b ≈ c" == in_order("morris", numbers, ("a", "b", "c")) == in_order("grid", numbers, ("a", "b", "c"))
    assert "a ≈ b > c" == in_order("sobol", numbers, ("a", "b", "c"))
    assert "" == in_order("sobol", numbers, ())


@pytest.mark.parametrize(
    ("ranked", "found", "failed", "said"),
    [
        (("a", "b"), True, (), '<b><span lang="en">By effect: </span><span lang="zh">按影响：</span></b>a &gt; b'),
        ((), True, (), "too wide to tell an order"),
        (
            (),
            False,
            ("ZeroDivisionError: <x>",),
            "3 次运行中有 1 次失败，相关样本未计入。第一个：ZeroDivisionError: &lt;x&gt;",
        ),
    ],
)
@pytest.mark.parametrize("method", ["morris", "sobol", "grid"])
def test_no_order_is_told_where_there_is_none(method, ranked, found, failed, said):
    """Names in their order where it is sure; else words; what failed is named and escaped."""
    numbers = [
        Sensitivity(name=name, main=main, main_half_width=half, total=main, total_half_width=half)
        for name, main, half in (("a", 9.0, 0.5), ("b", 2.0, 4.0))
    ]
    shown = Swept(method, "average_fen_t", {"a": (0, 9)}, numbers if found else (), ranked, 3, failed)
    text = sweep_report(read(RHYTHM), shown, {"plan": "p"})
    assert said in text
    assert found == ("<figure>" in text)
    if found:
        svg = parsed(text).taken["effects1.en.svg"]
        assert 1 == svg.count('height="14" fill="#fff" stroke="#7d8a83"'), "b is not told from 0"
