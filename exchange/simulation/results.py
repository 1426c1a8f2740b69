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
    stock: dict[str, tuple[int, ...]] = {}
    compliance: dict[str, Compliance] = {}


FIGURES: Final = {
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
}
"""Every figure of a run, with its name in both languages. Figures in fen are shown in yuan."""


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
        stock={name: tuple(weeks) for name, weeks in world.stock.items()},
        compliance=_compliance(world),
    )


def _compliance(world: "World") -> dict[str, Compliance]:
    found: dict[str, list[int]] = {}
    for each in world.agents:
        if isinstance(each, Enterprise):
            sums = found.setdefault(each.desk.population, [0] * 4)
            for at, value in enumerate((each.duty_t, each.used_t, each.credits_fen, each.rest_fen)):
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
        "compliance_fen": sum(each.credits_fen + each.rest_fen for each in covered),
        "voluntary_unmet_t": unmet,
        "largest_seller_bps": max(sold.values(), default=0) * BPS // volume_t if volume_t else 0,
        "seller_hhi": sum(each**2 for each in sold.values()) * BPS // volume_t**2 if volume_t else 0,
        "refused": sum(world.venue.refusals.values()),
    }


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
    retired = {f"retired by {who}": kg for (of, who), kg in sorted(ledger.retired.items()) if of == number}
    places = {**retired, "held by developers": held["developers"], "held by others": held["others"]}
    places |= {"buffer": ledger.buffer[number], "below a tonne": ledger.unlisted[number]}
    assert sum(places.values()) == ledger.issued[number], "a kilogram is in two places, or in none"
    return places
