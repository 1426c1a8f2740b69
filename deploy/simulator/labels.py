"""What the parameters of scenarios are called on pages, in both languages, by their last words."""

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
    "surplus": Label("Enterprises with a surplus", "有盈余的企业"),
    "deficit": Label("Enterprises with a deficit", "有缺口的企业"),
    "sellers": Label("Sellers", "卖方"),
    "buyers": Label("Buyers", "买方"),
    "regulator": Label("The regulator", "监管者"),
    "reduce_first": Label("Reduce first", "先行减排"),
    "verification": Label("Verification", "核查"),
    "points": Label("Points", "积分"),
    "donations": Label("Donations", "捐赠"),
    "auctions": Label("Bids in auctions", "拍卖出价"),
    "campaigns": Label("Subscription campaigns", "认购"),
    "blocks": Label("Negotiated blocks", "大宗协议"),
}
_OF_THEIR_OWNER: Final = ("kiln", "abatement", "reversal")
"""Sections that stand under the project or the population that they belong to."""
_NAMES: Final = {
    "days": Label("Days that are played", "模拟天数"),
    "tick_fen": Label("Tick", "最小变动价位"),
    "lot_t": Label("Lot", "交易单位"),
    "floor_fen_t": Label("Price floor", "价格下限"),
    "ceiling_fen_t": Label("Price ceiling", "价格上限"),
    "fee_bps": Label("Fee", "手续费"),
    "selling": Label(
        "Way of selling: 0 book, 1 listings, 2 uniform auctions, 3 pay as bid, 4 ascending auctions, 5 calls, "
        "6 campaigns, 7 blocks",
        "出售方式：0 订单簿，1 挂牌，2 统一价拍卖，3 按报价拍卖，4 增价拍卖，5 集合竞价，6 认购，7 大宗协议",
    ),
    "auction_days": Label("Days of an auction or a call", "拍卖或集合竞价天数"),
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
    "reference_fen_t": Label("Price that a preset's band lies around", "预设价格区间的参考价"),
    "reversal.chance_bps": Label("Chance of a loss, a year", "每年逆转概率"),
    "reversal.loss_bps": Label("Part that is lost again", "逆转损失比例"),
    "reversal.spread_bps": Label("Spread of losses", "逆转损失的离散度"),
    "abatement.potential_bps": Label("Part of emissions that can be reduced", "可自行减排的比例"),
    "abatement.spread_bps": Label("Spread of that part", "可减排比例的离散度"),
    "abatement.first_fen_t": Label("Cost of the first tonne reduced", "首吨减排成本"),
    "abatement.last_fen_t": Label("Cost of the last tonne reduced", "末吨减排成本"),
    "required_bps": Label("Part to be reduced before credits count", "使用减排量前须自行减排的比例"),
    "inclined_bps": Label("Developers who are ready to report too much", "愿意多报的开发者比例"),
    "weighs_bps": Label("Part of these who do so only where it pays", "其中仅在划算时多报的比例"),
    "excess_bps": Label("How much too much they report", "多报的比例"),
    "sampled_bps": Label("Part of reports that is verified", "核查抽样比例"),
    "detected_bps": Label("Part of false reports that is found", "虚报查出比例"),
    "after_days": Label("Days from issuance to verification; 0 before it", "签发后多少天核查（0 为签发前）"),
    "cost_fen": Label("Cost of a verification", "每次核查成本"),
    "band_bps": Label("Band around the last price; 0 for none", "最后价上下的价格区间（0 为无）"),
    "support_fen_t": Label("Price at which the regulator buys", "监管者收购价"),
    "support_fen": Label("Money for that a year", "每年收购资金"),
    "donors": Label("Donors", "捐赠者人数"),
    "gives_bps": Label("Part of days on which one gives", "捐赠日比例"),
    "gift_fen": Label("A gift", "每次捐赠额"),
    "match_percent": Label("What the sponsor adds to a gift", "配捐比例"),
    "donations.response_bps": Label("More gifts while the sponsor adds", "有配捐时捐赠的增加"),
    "pool_fen": Label("The sponsor's pool", "配捐池"),
    "coupling": Label(
        "Tied to credits: 0 not at all, 1 only with credits behind them, 2 a budget buys credits",
        "与减排量的关联：0 无，1 有减排量才发放，2 以预算购买减排量",
    ),
    "residents": Label("Residents", "居民人数"),
    "acts_bps": Label("Part that acts on a day for nothing", "无奖励时每日行动比例"),
    "points.response_bps": Label("Extra acts per fen of points", "每分钱积分带来的增加"),
    "act_g": Label("Saved by an act", "每次行动的减排"),
    "act_points": Label("Points of an act", "每次行动的积分"),
    "value_fen_1000": Label("What a thousand points buy", "千积分价值"),
    "merchant_bps": Label("Part of that which merchants bear", "商户承担比例"),
    "never_bps": Label("Points of people who never redeem", "从不兑换者的积分比例"),
    "redeem_bps": Label("Part of the others' that is redeemed in a day", "其余积分的每日兑换比例"),
    "life_days": Label("Days until points expire", "积分有效天数"),
    "budget_fen": Label("The city's money a year", "城市每年资金"),
    "running_fen": Label("Of it, for running the programme", "其中的运营成本"),
    "points_per_t": Label("Points for which one tonne stands", "一吨对应的积分"),
    "credit_fen_1000": Label("Money for credits of a thousand points", "每千积分的购买减排量资金"),
    "benefit_fen_t": Label("Worth of a tonne that points brought about", "积分带来的每吨减排价值"),
    "shade_bps": Label("Bid shading where winners pay their own bid", "按报价付款时出价低于估值的比例"),
    "increment_fen_t": Label("Least raise in an ascending auction", "增价拍卖的最小加价"),
    "extension_days": Label("Days by which a late bid moves the close", "临近截止的出价使拍卖延长的天数"),
    "longest_days": Label("Days that it is moved at most", "最长延长天数"),
    "campaigns.window_days": Label("Days in which pledges are taken", "认购窗口天数"),
    "below_bps": Label("How far the price is below a listing's", "价格低于挂牌价的比例"),
    "campaigns.least_t": Label("Least pledge", "单笔最低认购量"),
    "most_t": Label("Most that an account pledges", "每户最高认购量"),
    "floor_bps": Label("Part of the offer below which all are refunded", "低于此申报比例则全额退款"),
    "allotment": Label("Allotment: 0 by time, 1 pro rata", "配售方式：0 按时间，1 按比例"),
    "blocks.least_t": Label("Smallest block", "最小大宗数量"),
    "seeks_bps": Label("How often a large holder looks for a buyer", "大户寻找买方的频率"),
    "discount_bps": Label("Largest discount of a block", "大宗低于挂牌价的最大折让"),
    "valid_days": Label("Days that a proposal stands", "要约有效天数"),
    "parts": Label("Days of buying that a block stands for", "一笔大宗相当于几天的购买量"),
    "beside": Label("Blocks beside another way of selling: 0 no, 1 yes", "是否在其他出售方式之外进行大宗：0 否，1 是"),
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
    "%": Label("%", "%"),
    "g": Label("g", "克"),
    "points": Label("points", "积分"),
    "fen/1000 points": Label("fen/1000 points", "分/千积分"),
}


class Field(NamedTuple):
    """A parameter as a form has it."""

    each: Documented
    label: Label
    unit: Label


def label_of(name: str) -> Label:
    """What a parameter such as ``policy.offset_cap_bps`` is called."""
    section, _, leaf = name.rpartition(".")
    scoped = f"{section.rpartition('.')[2]}.{leaf}"
    return _NAMES.get(scoped) or _NAMES.get(leaf, Label(leaf.replace("_", " "), leaf))


def unit_of(unit: str) -> Label:
    """What a unit is called."""
    return UNITS.get(unit, Label(unit, unit))


def group_of(name: str) -> tuple[str, Label]:
    """What a parameter belongs to: ``project.kiln`` is known by its last word, and so is all below it."""
    *above, word = ["", *name.split(".")[:-1]]  # what a stranger sends may have no dot
    if len(above) > 2 and word in _OF_THEIR_OWNER:  # noqa: PLR2004 - below a project or a population by name
        word = above[-1]
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
