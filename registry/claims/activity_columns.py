"""What an activity file may say: its columns, its activities, their units. Data of `activity_file.py`. Pure."""

from decimal import Decimal
from typing import Final, NamedTuple

from registry.methodologies.inventory import COUNTED, SERVED
from schemas.methodologies import ProfileId

COLUMNS: Final = {
    "activity": "活动",
    "quantity": "数量",
    "unit": "单位",
    "persons": "人数",
    "region": "电网",
    "year": "年份",
    "basis": "口径",
    "factor_kg_per_unit": "因子",
    "source": "来源",
    "number": "编号",
    "note": "备注",
}
"""Names of columns, in the order of the template; either language is read, in any order."""
_ONE, _THOUSAND = Decimal(1), Decimal(1000)
KWH: Final = {"kWh": _ONE, "MWh": _THOUSAND}
FUEL: Final = {"kg": _ONE, "t": _THOUSAND}


class Activity(NamedTuple):
    """
    One activity: its Chinese name, its units with what one of each is in the unit that is counted, its category.

    Without units, the claimant's own unit stands there. *takes* are the columns beside quantity and unit.
    """

    zh: str
    units: dict[str, Decimal]
    category: str
    takes: tuple[str, ...] = ()
    may_take: tuple[str, ...] = ()


_GRID: Final = ("region", "year")
_OWN_FACTOR: Final = ("factor_kg_per_unit", "source")
_PERSON_KM: Final = {"person-km": _ONE, "km": _ONE}
ACTIVITIES: Final = {
    "electricity": Activity("用电", KWH, "energy", _GRID, ("basis",)),
    "green-power": Activity("绿电", KWH, "green", ("number",)),
    "residual-mix": Activity("剩余电力因子", {}, "green", (*_GRID, "basis")),
    "natural-gas": Activity("天然气", {"m3": _ONE, "10k-m3": Decimal(10_000)}, "energy"),
    "heat": Activity("热力", {"GJ": _ONE}, "energy"),
    "diesel": Activity("柴油", FUEL, "fuel"),
    "petrol": Activity("汽油", FUEL, "fuel"),
    "lpg": Activity("液化石油气", FUEL, "fuel"),
    "car": Activity("小汽车", _PERSON_KM, "travel", (), ("persons",)),
    "metro": Activity("地铁", _PERSON_KM, "travel", (), ("persons",)),
    "taxi": Activity("出租车", _PERSON_KM, "travel", (), ("persons",)),
    "flight": Activity("飞机", _PERSON_KM, "travel", (), ("persons",)),
    "train": Activity("火车", _PERSON_KM, "travel", (), ("persons",)),
    "bus": Activity("公交", _PERSON_KM, "travel", (), ("persons",)),
    "hotel": Activity("住宿", {"room-nights": _ONE}, "accommodation"),
    "catering": Activity("餐饮", {}, "catering", _OWN_FACTOR),
    "materials": Activity("物料", {}, "materials", _OWN_FACTOR),
    "waste": Activity("废弃物", {}, "waste", _OWN_FACTOR),
    "scope-1": Activity("范围一", {}, "scope", _OWN_FACTOR),
    "scope-2": Activity("范围二", {}, "scope", _OWN_FACTOR),
    "scope-3": Activity("范围三", {}, "scope", _OWN_FACTOR),
    "served": Activity("服务人次", {"visitors": _ONE, "room-nights": _ONE, "guests": _ONE}, "served"),
}
ZH_ACTIVITIES: Final = {each.zh: name for name, each in ACTIVITIES.items()}
ZH_COLUMNS: Final = {zh: name for name, zh in COLUMNS.items()}
ZH_UNITS: Final = {
    "千瓦时": "kWh",
    "度": "kWh",
    "兆瓦时": "MWh",
    "立方米": "m3",
    "万立方米": "10k-m3",
    "吉焦": "GJ",
    "千克": "kg",
    "公斤": "kg",
    "吨": "t",
    "人公里": "person-km",
    "公里": "km",
    "间夜": "room-nights",
    "游客": "visitors",
    "客人": "guests",
}
_EVENT: Final[dict[ProfileId, tuple[str, ...]]] = {
    "chengdu-event": ("energy", "travel", "accommodation"),
    "national-event": ("energy", "travel", "accommodation", "catering", "materials", "waste"),
}


_SCENES: Final[dict[ProfileId, tuple[str, ...]]] = dict(COUNTED.items())


def activities_of(profile: ProfileId) -> tuple[str, ...]:
    """The activities that a profile counts, in the order of the template."""
    if profile in _EVENT:
        counted: tuple[str, ...] = _EVENT[profile]
    elif profile == "organisation":
        counted = ("energy", "green", "fuel", "travel", "accommodation", "catering", "materials", "waste", "scope")
    else:
        counted = (*_SCENES[profile], "green", "fuel", *(("served",) if profile in SERVED else ()))
    return tuple(name for name, each in ACTIVITIES.items() if each.category in counted)


EXAMPLES: Final = {
    "electricity": ("1200000", "kWh", "", "CN-510000", "2022", "", "", "", "", "meters 1 to 4"),
    "green-power": ("500000", "kWh", "", "", "", "", "", "", "GP-2024-0001", "a contract registered here"),
    "natural-gas": ("5000", "m3", "", "", "", "", "", "", "", "canteen and boilers"),
    "heat": ("120", "GJ", "", "", "", "", "", "", "", ""),
    "diesel": ("800", "kg", "", "", "", "", "", "", "", "own vehicles"),
    "train": ("600", "km", "40", "", "", "", "", "", "", "40 people, 600 km each"),
    "flight": ("3120", "person-km", "", "", "", "", "", "", "", ""),
    "hotel": ("25", "room-nights", "", "", "", "", "", "", "", ""),
    "waste": ("12", "t", "", "", "", "", "450", "contract of the waste company 2024", "", ""),
    "scope-3": ("350", "t", "", "", "", "", "1900", "supplier's product declaration 2024", "", "paper"),
    "served": ("12000", "visitors", "", "", "", "", "", "", "", ""),
}
"""Rows of the template; the cells after the activity."""
