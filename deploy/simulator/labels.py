"""What the parameters of scenarios are called on pages, in both languages; others are shown as they are."""

from typing import Final, NamedTuple

from exchange.simulation.parameters import Documented
from exchange.simulation.plans import Scenario


class Label(NamedTuple):
    """A name in both languages."""

    en: str
    zh: str


_GROUPS: Final = {
    "horizon": Label("Time", "时间"),
    "venue": Label("Market rules", "市场规则"),
    "policy": Label("Rules of compliance", "履约规则"),
    "kiln": Label("Kilns", "窑炉"),
    "forest": Label("Forests", "林业"),
    "elsewhere": Label("Projects elsewhere", "外地项目"),
    "mills": Label("Covered enterprises", "控排企业"),
    "offices": Label("Voluntary buyers", "自愿购买者"),
    "hosts": Label("Hosts of events", "活动主办方"),
    "traders": Label("Speculators", "投机者"),
    "quoters": Label("Market makers", "做市商"),
    "sellers": Label("Sellers", "卖方"),
    "buyers": Label("Buyers", "买方"),
}
_NAMES: Final = {
    "days": Label("Days that are played", "模拟天数"),
    "tick_fen": Label("Tick", "最小变动价位"),
    "lot_t": Label("Lot", "交易单位"),
    "floor_fen_t": Label("Price floor", "价格下限"),
    "ceiling_fen_t": Label("Price ceiling", "价格上限"),
    "fee_bps": Label("Fee", "手续费"),
    "selling": Label("Way of selling: 0 book, 1 listings, 2 auctions", "出售方式：0 订单簿，1 挂牌，2 拍卖"),
    "auction_days": Label("Days of an auction", "拍卖天数"),
    "offset_cap_bps": Label("Offset cap, of emissions", "抵销上限（占排放量）"),
    "local_share_bps": Label("Local share, of offsets", "本地比例（占抵销量）"),
    "allowance_fen_t": Label("Allowance price on the first day", "首日配额价格"),
    "allowance_step_bps": Label("Most that it moves in a day", "配额价格每日最大变动"),
    "penalty_fen_t": Label("Penalty", "罚金"),
    "deadline_day": Label("Deadline, day of the year", "履约截止日（一年中的第几天）"),
    "buffer_bps": Label("Buffer, of each issuance", "缓冲（占每次签发）"),
    "reserve_t": Label("Reserve a year", "每年储备"),
    "reserve_fen_t": Label("Price of the reserve", "储备价格"),
    "developers": Label("Developers", "开发者数量"),
    "cost_fen_t": Label("Cost", "成本"),
    "cost_spread_bps": Label("Spread of costs", "成本离散度"),
    "markup_bps": Label("Most that is asked above cost", "高于成本的最大要价"),
    "issued_t": Label("Tonnes of each issuance", "每次签发量"),
    "first_day": Label("Day of the first issuance", "首次签发日"),
    "every_days": Label("Days between two", "间隔天数"),
    "gas_10k_nm3": Label("Gas burnt before", "改造前的用气量"),
    "efficiency_bps": Label("Efficiency of gas over electricity", "气窑与电窑的效率比"),
    "grid_g_kwh": Label("Grid factor", "电网排放因子"),
    "count": Label("How many", "数量"),
    "emissions_t": Label("Emissions of each", "每家排放量"),
    "spread_bps": Label("Spread", "离散度"),
    "cash_fen": Label("Money a year", "每年资金"),
    "late_bps": Label("Part that waits for the deadline", "等到截止日前才买的比例"),
    "window_days": Label("Days before the deadline", "截止日前的天数"),
    "most_fen_t": Label("Most that they pay", "愿付的最高价"),
    "size_t": Label("Size of an order", "每单数量"),
    "events": Label("Events a year", "每年活动数"),
    "mass_t": Label("Tonnes of an event", "每场活动的减排量"),
    "lead_days": Label("Days in which they buy before", "提前购买天数"),
    "trigger_bps": Label("Move that they follow", "触发的价格变动"),
    "memory_days": Label("Within how many days", "观察天数"),
    "low_fen_t": Label("Lowest value", "最低估值"),
    "high_fen_t": Label("Highest value", "最高估值"),
    "active_bps": Label("Part that acts on a day", "每日参与比例"),
}
UNITS: Final = {
    "bps": Label("/10 000", "万分之一"),
    "fen/t": Label("fen/t", "分/吨"),
    "fen": Label("fen", "分"),
    "t": Label("t", "吨"),
    "days": Label("days", "天"),
    "count": Label("", ""),
    "10k Nm3": Label("10 000 Nm³", "万标准立方米"),
    "g/kWh": Label("g/kWh", "克/千瓦时"),
}


class Field(NamedTuple):
    """A parameter as a form has it."""

    each: Documented
    label: Label
    unit: Label


def label_of(name: str) -> Label:
    """What a parameter such as ``policy.offset_cap_bps`` is called."""
    leaf = name.rpartition(".")[2]
    return _NAMES.get(leaf, Label(leaf.replace("_", " "), leaf))


def unit_of(unit: str) -> Label:
    """What a unit is called."""
    return UNITS.get(unit, Label(unit, unit))


def group_of(name: str) -> tuple[str, Label]:
    """What a parameter belongs to: ``project.kiln`` is known by its last word."""
    group = name.rpartition(".")[0]
    word = group.removesuffix(".kiln").rpartition(".")[2] if group.count(".") > 1 else group.rpartition(".")[2]
    return word, _GROUPS.get(word, Label(word, word))


def long_name(name: str) -> Label:
    """What a parameter is called where it stands alone."""
    group, label = group_of(name)[1], label_of(name)
    return Label(f"{group.en}: {label.en}", f"{group.zh}：{label.zh}")


def fields_by_group(parameters: list[Documented]) -> list[tuple[str, Label, list[Field]]]:
    """Every parameter under the heading that it belongs to, in the order of the scenario."""
    found: dict[str, tuple[Label, list[Field]]] = {}
    for each in parameters:
        word, label = group_of(each.name)
        found.setdefault(word, (label, []))[1].append(Field(each, label_of(each.name), unit_of(each.unit)))
    return [(word, label, fields) for word, (label, fields) in found.items()]


ANSWERS: Final = {
    "arithmetic": Label("Arithmetic: the tonnes follow from a formula.", "算术题：减排量由公式得出。"),
    "answerable": Label("Published data can answer this.", "公开数据可以回答这个问题。"),
    "partly": Label("Published data answer a part of this.", "公开数据只能回答一部分。"),
    "what-if": Label("What if: no published data answer this.", "假如：没有公开数据能回答这个问题。"),
}
"""What the numbers of a scenario can carry."""


def answer_of(scenario: Scenario) -> Label:
    """What the numbers of this one can."""
    return ANSWERS.get(scenario.answer, Label(scenario.answer, scenario.answer))


MARKS: Final = {
    "measured": Label("measured", "实测"),
    "published": Label("published", "公开"),
    "assumed": Label("assumed", "假设"),
}
"""How sure a parameter is."""
