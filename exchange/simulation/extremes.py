"""What a reader must know first of runs at the edge: nothing was issued, nobody had money, one seller had it all."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from exchange.simulation.parameters import BPS
from exchange.simulation.results import RunResult


class _Remark(NamedTuple):
    """What is said of the runs of which *holds* is true, in both languages."""

    holds: Callable[[RunResult], bool]
    en: str
    zh: str


def _figure(run: RunResult, name: str) -> int:
    return run.figures.get(name, 0)


_WHY_SILENT: Final = (
    _Remark(
        lambda run: not _figure(run, "issued_t"),
        "No credits were issued in them.",
        "其中没有签发任何减排量。",
    ),
    _Remark(
        lambda run: not _figure(run, "money_fen"),
        "Credits were issued, but nobody brought any money.",
        "其中签发了减排量，但没有人带来资金。",
    ),
    _Remark(
        lambda run: not _figure(run, "most_wished_fen_t"),
        "Credits were issued, but nobody needed any.",
        "其中签发了减排量，但没有人需要。",
    ),
    _Remark(
        lambda run: _figure(run, "most_wished_fen_t") < _figure(run, "floor_fen_t"),
        "The lowest price that is allowed is above the highest that anybody would pay.",
        "允许的最低价高于任何买方愿付的最高价。",
    ),
    _Remark(
        lambda _run: True,
        "Credits were issued and wanted, but prices, lots or ways to trade never met.",
        "其中有供给也有需求，但价格、手数或交易方式始终未能匹配。",
    ),
)
"""The first that holds is why nothing was traded in a run."""
_OF_ALL: Final = (
    _Remark(
        lambda run: _figure(run, "largest_seller_bps") == BPS,
        "one seller sold everything that was traded: a monopoly, whose price is the seller's own rule.",
        "全部成交量来自同一卖方：垄断市场，价格取决于该卖方自身的规则。",
    ),
    _Remark(
        lambda run: bool(_figure(run, "compliance_fen")) and not _figure(run, "cap_t"),
        "enterprises may use no credits: the offset cap is nothing or below a lot, so they pay for all they emit.",
        "企业不得使用减排量：抵销上限为零或不足一手，全部排放都需付费。",
    ),
    _Remark(
        lambda run: bool(_figure(run, "points_ran_out")),
        "the city's money for points ran out: points were refused, or could not be redeemed.",
        "城市的积分资金已用尽：有积分未能发放或兑换。",
    ),
    _Remark(
        lambda run: bool(_figure(run, "pool_ran_out")),
        "the sponsor's pool ran out: later gifts were not matched in full.",
        "配捐池已用尽：之后的捐赠未能全额配捐。",
    ),
    _Remark(
        lambda run: bool(_figure(run, "uncovered_t")),
        "credits were sold that nothing stands behind any more: the buffer did not cover all that was lost or false.",
        "部分已签发的减排量不再有实际减排支撑：缓冲池未能弥补全部逆转或虚报。",
    ),
    _Remark(
        lambda run: bool(_figure(run, "without_credits")),
        "credits do not count for some enterprises: reducing first was beyond them, or cost more than credits save.",
        "部分企业的减排量不被认可：先行减排超出其能力，或成本高于使用减排量的节省。",
    ),
)


def remarks(runs: Sequence[RunResult]) -> Iterator[tuple[str, str]]:
    """Say in both languages what happened at the edges, and in how many of the runs."""
    silent = [run for run in runs if not _figure(run, "trades")]
    for at, why in enumerate(_WHY_SILENT):
        count = sum(why.holds(run) and not any(each.holds(run) for each in _WHY_SILENT[:at]) for run in silent)
        if count:
            en = f"Nothing was traded in {count} of {len(runs)} runs. {why.en}"
            yield en, f"{len(runs)} 次运行中有 {count} 次没有任何成交。{why.zh}"
    for remark in _OF_ALL:
        if count := sum(map(remark.holds, runs)):
            en = f"In {count} of {len(runs)} runs {remark.en}"
            yield en, f"{len(runs)} 次运行中有 {count} 次：{remark.zh}"
