"""Charts of money: what developers earn, and what enterprises pay for a tonne of their duty."""

from collections.abc import Iterator, Sequence
from typing import Final

from exchange.simulation.charts.bars import Bars, Stack, grouped, stacks
from exchange.simulation.charts.frame import Words
from exchange.simulation.plans import Scenario
from exchange.simulation.report.market import MOST_BARS
from exchange.simulation.report.settings import SettingRuns, few, joined, keys, left_out
from exchange.simulation.report.sheet import Table, chart
from exchange.simulation.results import Compliance
from exchange.simulation.statistics import Estimate, estimate

_PER_TONNE: Final = (
    ("covered with a credit", "用减排量抵销的一吨"),
    ("covered otherwise", "其余每一吨"),
    ("all that was emitted", "全部排放平均每吨"),
)


def money_charts(scenario: Scenario, groups: Sequence[SettingRuns]) -> Iterator[str]:
    """Write developers' income and the cost of compliance."""
    yield _income(scenario, groups)
    if any(each.emissions_t for group in groups for run in group.runs for each in run.compliance.values()):
        yield _compliance(scenario, groups)


def _income(scenario: Scenario, groups: Sequence[SettingRuns]) -> str:
    projects = list(scenario.project)
    means = [
        [sum(run.income_fen[each] for run in group.runs) / len(group.runs) / 100 for each in projects]
        for group in groups
    ]
    bars = [Stack(group.name, income) for group, income in zip(groups, means, strict=True)]
    return chart(
        ("Developers' income, CNY", "开发者收入（元）"),
        joined(
            ("Mean of the replications, by kind of project.", "各次运行的均值，按项目类型。"),
            left_out(len(bars), MOST_BARS),
        ),
        "income",
        lambda pen: stacks(pen, few(bars, MOST_BARS), projects),
        Table(
            (*keys(scenario), *projects),
            [(*group.setting, *income) for group, income in zip(groups, means, strict=True)],
        ),
    )


def _compliance(scenario: Scenario, groups: Sequence[SettingRuns]) -> str:
    """One population: a tonne by how it was covered. Several: a tonne of each."""
    people = sorted({name for group in groups for run in group.runs for name in run.compliance})
    names: list[Words] = list(_PER_TONNE) if len(people) == 1 else list(people)
    costs = [_costs(group, people) for group in groups]
    bars = [Bars(group.name, [_yuan(each) for each in found]) for group, found in zip(groups, costs, strict=True)]
    rows = [
        (*group.setting, name if isinstance(name, str) else name[0], *(value or 0.0 for value in _yuan(each)))
        for group, found in zip(groups, costs, strict=True)
        for name, each in zip(names, found, strict=True)
    ]
    note = (
        (
            "Mean with its 95 % interval. The allowance price walks at random and differs between replications, not "
            "between settings: compare settings by the marks in the table of figures."
        ),
        "均值与 95% 置信区间。配额价格随机游走，各次运行不同，而各设置相同：设置之间的比较请看数值表中的标记。",
    )
    return chart(
        ("Cost of compliance, CNY for a tonne", "每吨履约成本（元）"),
        joined(note, left_out(len(bars), MOST_BARS)),
        "compliance",
        lambda pen: grouped(pen, few(bars, MOST_BARS), names),
        Table((*keys(scenario), "tonne", "mean_cny_t", "half_width"), rows),
    )


def _costs(group: SettingRuns, people: Sequence[str]) -> list[Estimate | None]:
    if len(people) > 1:
        return [_estimate([_of_all(run.compliance[name]) for run in group.runs]) for name in people]
    duties = [run.compliance[people[0]] for run in group.runs]
    return [_estimate(values) for values in (map(_of_credits, duties), map(_of_rest, duties), map(_of_all, duties))]


def _estimate(values: "map[int | None] | list[int | None]") -> Estimate | None:
    known = [value for value in values if value is not None]
    return estimate(known) if known else None


def _of_credits(duty: Compliance) -> int | None:
    return duty.credits_fen // duty.offset_t if duty.offset_t else None


def _of_rest(duty: Compliance) -> int | None:
    rest = duty.emissions_t - duty.offset_t
    return duty.rest_fen // rest if rest else None


def _of_all(duty: Compliance) -> int | None:
    return (duty.credits_fen + duty.rest_fen) // duty.emissions_t if duty.emissions_t else None


def _yuan(found: Estimate | None) -> tuple[float, float | None]:
    if found is None:
        return 0.0, None
    return found.mean / 100, found.half_width / 100 if found.half_width is not None else None
