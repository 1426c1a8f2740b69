"""What a run comes to: figures in whole numbers, trades by day, and where every kilogram went."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from exchange.simulation.demand import Enterprise, Organiser, Volunteer
from exchange.simulation.kilns import issued_t
from exchange.simulation.parameters import BPS
from schemas.serials import KG_PER_T

if TYPE_CHECKING:
    from exchange.simulation.world import World

WEEK_DAYS: Final = 7


class DayLine(Struct, frozen=True, array_like=True):
    """Trades of one day, instrument and way of trading: tonnes, fen, and the last price."""

    day: int
    instrument: int
    mode: str
    volume_t: int
    turnover_fen: int
    last_fen: int


class LiabilityLine(Struct, frozen=True, array_like=True):
    """
    What is owed at the end of a week.

    *owed_t*: enterprises have not covered it. *uncovered_t*: it was issued and is not there, and no buffer covered it.
    *points*: residents hold them.
    """

    day: int
    owed_t: int
    uncovered_t: int
    points: int


class Compliance(Struct, frozen=True, array_like=True):
    """A population's duties: tonnes emitted, tonnes of them covered with credits, fen for credits and for the rest."""

    emissions_t: int
    offset_t: int
    credits_fen: int
    rest_fen: int


class RunResult(Struct, frozen=True, kw_only=True):
    """
    A run, measured. *figures* by name; *kilograms* by instrument and place; *income_fen* by project.

    *stock* is what developers of each project have not sold, at the end of each week; *compliance* is by population.
    """

    setting: tuple[int, ...]
    replication: int
    commands: int
    journal_hash: str
    figures: dict[str, int]
    kilograms: dict[str, dict[str, int]]
    income_fen: dict[str, int]
    supply: tuple[tuple[int, int], ...]
    days: tuple[DayLine, ...]
    liabilities: tuple[LiabilityLine, ...] = ()
    stock: dict[str, tuple[int, ...]] = {}
    compliance: dict[str, Compliance] = {}


USUAL: Final = {
    "volume_t": ("tonnes traded", "成交量（吨）"),
    "trades": ("trades", "成交笔数"),
    "average_fen_t": ("average price, CNY/t", "成交均价（元/吨）"),
    "last_fen_t": ("last price, CNY/t", "最后成交价（元/吨）"),
    "peak_week_bps": ("busiest week's part of all tonnes, bps", "最忙一周占全部成交量（万分之）"),
    "issued_t": ("tonnes issued", "签发量（吨）"),
    "retired_t": ("tonnes retired", "注销量（吨）"),
    "unsold_t": ("tonnes that developers did not sell", "开发者未售出（吨）"),
    "income_fen": ("developers' income, CNY", "开发者收入（元）"),
    "offset_t": ("tonnes of credits used for compliance", "用于履约的减排量（吨）"),
    "short_t": ("tonnes of the offset cap left unused", "抵销上限内未能购得（吨）"),
    "compliance_fen": ("cost of compliance, CNY", "履约成本（元）"),
    "voluntary_unmet_t": ("voluntary and event demand not met, tonnes", "自愿与活动需求未满足（吨）"),
    "largest_seller_bps": ("largest seller's part of all tonnes, bps", "最大卖方占比（万分之）"),
    "seller_hhi": ("Herfindahl index of sellers, up to 10,000", "卖方赫芬达尔指数（最高 10,000）"),
    "refused": ("commands refused by the engine", "引擎拒绝的指令数"),
    "floor_fen_t": ("lowest price allowed, CNY/t", "允许的最低价（元/吨）"),
    "most_wished_fen_t": ("highest price anybody would pay, CNY/t", "最高愿付价（元/吨）"),
    "money_fen": ("money brought to the exchange, CNY", "进入交易所的资金（元）"),
    "cap_t": ("tonnes that the offset cap allows, in a year", "抵销上限允许的数量（吨/年）"),
    "compliance_fen_t": ("cost of compliance per tonne emitted, CNY/t", "单位排放履约成本（元/吨）"),
    "owed_t": ("tonnes that enterprises owe at the end", "期末企业未清缴（吨）"),
}
"""The figures of every run, with their names in both languages. Figures in fen are shown in yuan."""

OPTIONAL: Final = {
    "reduced_t": ("tonnes that enterprises reduced themselves", "企业自身减排量（吨）"),
    "reduction_fen": ("cost of that, CNY", "自身减排成本（元）"),
    "without_credits": ("enterprises whose credits do not count", "减排量不被认可的企业数"),
    "reversed_t": ("tonnes lost again by sinks", "碳汇逆转量（吨）"),
    "reversed_covered_t": ("of these, covered by the buffer", "其中由缓冲池弥补（吨）"),
    "over_claimed_t": ("tonnes claimed too much", "多报的减排量（吨）"),
    "over_found_t": ("of these, found and taken back", "其中被查出并收回（吨）"),
    "over_missed_t": ("of these, not found", "其中未被查出（吨）"),
    "verification_fen": ("cost of verification, CNY", "核查成本（元）"),
    "penalties_fen": ("penalties of developers, CNY", "开发者罚款（元）"),
    "uncovered_t": ("tonnes issued, not there and not covered", "已签发但不实且未弥补（吨）"),
    "liability_fen": ("all that is owed, at the last allowance price, CNY", "全部负债（按期末配额价，元）"),
    "support_t": ("tonnes that the regulator bought and retired", "监管者购入并注销（吨）"),
    "points_issued": ("points issued", "发放积分"),
    "points_redeemed": ("points redeemed", "兑换积分"),
    "points_expired": ("points expired", "过期积分"),
    "points_outstanding": ("points outstanding", "未兑换积分"),
    "points_refused": ("points earned and not issued", "应得而未发放的积分"),
    "points_breakage_bps": ("points expired, bps of those issued", "积分沉淀率（万分之）"),
    "points_retired_t": ("tonnes retired for points", "为积分注销（吨）"),
    "points_saved_t": ("tonnes saved by all rewarded acts", "全部受奖励行为的减排（吨）"),
    "points_added_t": ("of these, brought about by points", "其中由积分带来（吨）"),
    "points_cost_fen": ("cost of points to the city, CNY", "积分对城市的成本（元）"),
    "points_net_fen": ("worth of tonnes brought about, less that cost, CNY", "新增减排价值减去成本（元）"),
    "points_break_even_fen": ("value of 1,000 points at which it breaks even, CNY", "盈亏平衡时千积分价值（元）"),
    "points_lasted_days": ("days that the city's money lasted", "城市资金可维持天数"),
    "points_ran_out": ("whether the city's money ran out, 0 or 1", "城市资金是否用尽（0 或 1）"),
    "donated_fen": ("donated by residents, CNY", "居民捐赠（元）"),
    "matched_fen": ("added by the sponsor, CNY", "赞助方配捐（元）"),
    "pool_left_fen": ("left in the sponsor's pool, CNY", "配捐池余额（元）"),
    "pool_lasted_days": ("days that the sponsor's pool lasted", "配捐池可维持天数"),
    "pool_ran_out": ("whether the pool ran out, 0 or 1", "配捐池是否用尽（0 或 1）"),
    "donated_t": ("tonnes retired with donations", "以捐赠注销（吨）"),
    "matched_t": ("tonnes retired with the sponsor's money", "以配捐注销（吨）"),
    "unspent_fen": ("given and not spent yet, CNY", "已捐未用（元）"),
}
"""Figures of sections that a scenario may leave out; a run has 0 for what is not played."""
WAYS: Final = {
    "campaigns": ("subscription campaigns that ended", "已结束的认购"),
    "campaigns_refunded": ("of these, without a sale: everybody was refunded", "其中未成交、全额退款"),
    "campaign_pledged_t": ("tonnes pledged in them", "认购申报量（吨）"),
    "campaign_sold_t": ("tonnes allotted in them", "认购配售量（吨）"),
    "blocks": ("negotiated blocks", "大宗协议笔数"),
    "blocks_proposed": ("blocks proposed", "大宗要约数"),
    "block_t": ("tonnes traded in blocks", "大宗成交量（吨）"),
    "block_fen_t": ("average price of blocks, CNY/t", "大宗均价（元/吨）"),
    "listed_fen_t": ("average price of all other trades, CNY/t", "其他成交均价（元/吨）"),
}
"""Figures of runs of a scenario that has campaigns or blocks; others do not have them."""
FIGURES: Final = {**USUAL, **OPTIONAL, **WAYS}
"""Every figure that a run may have."""


def names_of(runs: Sequence[RunResult]) -> list[str]:
    """Name the figures that runs of a scenario have, in their order."""
    return [name for name in FIGURES if name not in WAYS or (runs and name in runs[0].figures)]


def measured(world: "World") -> RunResult:
    """Add a finished run up."""
    scenario, trades = world.scenario, world.venue.trades
    names = [*scenario.project, *(["reserve"] if scenario.policy.reserve_t.value else [])]
    supply = sorted((each.cost, _issued_to(world, name)) for name, them in world.developers.items() for each in them)
    return RunResult(
        setting=(),
        replication=world.replication,
        commands=world.venue.engine.market.sequence,
        journal_hash=world.venue.hash.hex(),
        figures=_figures(world, sum(each.quantity for each in trades)),
        kilograms={name: _places(world, number) for number, name in enumerate(names, 1)},
        income_fen={name: sum(each.income_fen for each in them) for name, them in world.developers.items()},
        supply=tuple(supply),
        days=tuple(world.days),
        liabilities=tuple(world.liabilities),
        stock={name: tuple(weeks) for name, weeks in world.stock.items()},
        compliance=_compliance(world),
    )


def _compliance(world: "World") -> dict[str, Compliance]:
    found: dict[str, list[int]] = {}
    for each in world.agents:
        if isinstance(each, Enterprise):
            sums = found.setdefault(each.desk.population, [0] * 4)
            for at, value in enumerate((each.covered_t, each.used_t, each.credits_fen, each.rest_fen)):
                sums[at] += value
    return {name: Compliance(*sums) for name, sums in found.items()}


def unsold_t(world: "World", name: str) -> int:
    """Tonnes that developers of a project own now."""
    return sum(each.desk.owned(each.instrument) for each in world.developers[name])


def _issued_to(world: "World", name: str) -> int:
    """Tonnes that each developer of a project kind was issued in the whole run."""
    plan, days = world.scenario.project[name], world.scenario.horizon.days.value
    left = days - 1 - plan.first_day.value
    return issued_t(plan) * (left // plan.every_days.value + 1) if left >= 0 else 0


def _figures(world: "World", volume_t: int) -> dict[str, int]:
    trades, ledger = world.venue.trades, world.ledger
    turnover = sum(each.quantity * each.price for each in trades)
    sold: Counter[int] = Counter()
    for each in trades:
        sold[each.seller] += each.quantity
    covered = [each for each in world.agents if isinstance(each, Enterprise)]
    compliance = sum(each.credits_fen + each.rest_fen + each.reduction_fen for each in covered)
    emitted = sum(each.covered_t for each in covered)
    unmet = sum(each.unmet_t for each in world.agents if isinstance(each, Organiser))
    unmet += sum(each.missing_t for each in world.agents if isinstance(each, Volunteer))
    return {
        "volume_t": volume_t,
        "trades": len(trades),
        "average_fen_t": turnover // volume_t if volume_t else 0,
        "last_fen_t": trades[-1].price if trades else 0,
        "peak_week_bps": _peak_week(world.days) * BPS // volume_t if volume_t else 0,
        "issued_t": sum(ledger.issued.values()) // KG_PER_T,
        "retired_t": sum(ledger.retired.values()) // KG_PER_T,
        "unsold_t": sum(unsold_t(world, name) for name in world.developers),
        "income_fen": sum(dev.income_fen for them in world.developers.values() for dev in them),
        "offset_t": sum(each.used_t for each in covered),
        "short_t": sum(each.short_t for each in covered),
        "compliance_fen": compliance,
        "voluntary_unmet_t": unmet,
        "largest_seller_bps": max(sold.values(), default=0) * BPS // volume_t if volume_t else 0,
        "seller_hhi": sum(each**2 for each in sold.values()) * BPS // volume_t**2 if volume_t else 0,
        "refused": sum(world.venue.refusals.values()),
        "floor_fen_t": min((each.low for each in world.venue.engine.market.instruments.values()), default=0),
        "most_wished_fen_t": world.venue.board.most_wished,
        "money_fen": ledger.paid_in,
        "cap_t": sum(each.need_t for each in covered),
        "compliance_fen_t": compliance // emitted if emitted else 0,
        "owed_t": _owed(world, covered),
    } | _optional(world, covered)


def _owed(world: "World", covered: Sequence[Enterprise]) -> int:
    """Tonnes that enterprises have not covered when the last day is over."""
    last = world.scenario.horizon.days.value - 1
    return sum(each.owed_t + each.open_t(last) for each in covered)


def _optional(world: "World", covered: Sequence[Enterprise]) -> dict[str, int]:
    """Figures of sections that a scenario may leave out."""
    days, last = world.scenario.horizon.days.value, world.region.allowances[-1]
    reducing: list[Enterprise | Volunteer] = [*covered]
    reducing += [each for each in world.agents if isinstance(each, Volunteer)]
    lost, verifier, support = world.reversals, world.verifier, world.support
    found = dict.fromkeys(OPTIONAL, 0) | {
        "reduced_t": sum(each.reduced_t for each in reducing),
        "reduction_fen": sum(each.reduction_fen for each in reducing),
        "without_credits": sum(not each.counts for each in reducing),
        "reversed_t": lost.lost_kg // KG_PER_T,
        "reversed_covered_t": lost.covered_kg // KG_PER_T,
        "uncovered_t": world.uncovered_t,
        "support_t": support.bought_t if support is not None else 0,
    }
    if verifier is not None:
        found |= {
            "over_claimed_t": verifier.excess_t,
            "over_found_t": verifier.found_t,
            "over_missed_t": verifier.excess_t - verifier.found_t,
            "verification_fen": verifier.cost_fen,
            "penalties_fen": verifier.penalties_fen,
        }
    owed_fen = (world.uncovered_t + _owed(world, covered)) * last
    if world.points is not None:
        found |= world.points.figures(days)
        owed_fen += world.points.owed_fen
    if world.donations is not None:
        found |= world.donations.figures(days)
    return found | {"liability_fen": owed_fen} | _ways(world)


def _ways(world: "World") -> dict[str, int]:
    """Figures of campaigns and blocks, in all settings of a scenario that has them."""
    scenario = world.scenario
    if scenario.campaigns is None and scenario.blocks is None:
        return {}
    ways = world.ways
    blocks = ways.blocks.numbers if ways is not None and ways.blocks is not None else set[int]()
    listed = [each for each in world.venue.trades if each.sell_order not in blocks]
    tonnes, turnover = sum(each.quantity for each in listed), sum(each.quantity * each.price for each in listed)
    found = {"listed_fen_t": turnover // tonnes if tonnes else 0}
    return dict.fromkeys(WAYS, 0) | found | (ways.figures() if ways is not None else {})


def _peak_week(days: Sequence[DayLine]) -> int:
    weeks: Counter[int] = Counter()
    for each in days:
        weeks[each.day // WEEK_DAYS] += each.volume_t
    return max(weeks.values(), default=0)


def _places(world: "World", number: int) -> dict[str, int]:
    """Where the kilograms of an instrument are at the end; they add up to what was issued."""
    ledger = world.ledger
    held = dict.fromkeys(("developers", "others"), 0)
    sellers = {dev.desk.account for them in world.developers.values() for dev in them}
    for account in world.venue.engine.market.accounts.values():
        if (each := account.tonnes.get(number)) is not None:
            whose = "developers" if account.id in sellers else "others"
            held[whose] += (each.settled + each.locked + each.outgoing) * KG_PER_T
    gone = {f"retired by {who}": kg for (of, who), kg in sorted(ledger.retired.items()) if of == number}
    gone |= {f"cancelled, {why}": kg for (of, why), kg in sorted(ledger.cancelled.items()) if of == number}
    places = {**gone, "held by developers": held["developers"], "held by others": held["others"]}
    places |= {"buffer": ledger.buffer[number], "below a tonne": ledger.unlisted[number]}
    assert sum(places.values()) == ledger.issued[number], "a kilogram is in two places, or in none"
    return places
