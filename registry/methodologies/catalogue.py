"""What can be computed here, and the one way in: `compute` for reductions, `footprint`, `buffer_t`."""

from decimal import Decimal
from typing import Final, assert_never

from registry.methodologies import event_footprint, forest_sink, inventory, kiln_electrification
from registry.methodologies.arithmetic import NothingToIssue, product, whole_kg_up
from registry.methodologies.factors import UnknownFactor, table
from schemas.attributes import ProjectType
from schemas.methodologies import (
    Activity,
    EventFootprintRequest,
    Factor,
    Footprint,
    ForestSinkActivity,
    KilnElectrificationActivity,
    Methodology,
    MethodologyId,
    Reduction,
)

INVENTORY_SOURCE: Final = (
    "GHG Protocol Corporate Standard and Scope 2 Guidance (2015); each factor names its own source"
)
FACTOR_SOURCE: Final = "the region's published programme; each factor names its own source"


def compute(activity: Activity) -> Reduction:
    """
    Return what *activity* reduced, with its arithmetic.

    Raises `NothingToIssue`, which carries the same arithmetic, when that is less than one tonne; `UnknownFactor`;
    `ResultTooLarge`.
    """
    reduction = calculate(activity)
    if not reduction.issuable_t:
        raise NothingToIssue(reduction)
    return reduction


def calculate(activity: Activity) -> Reduction:
    """Return the same even where it is nothing or less. Raises `UnknownFactor`, `ResultTooLarge`."""
    match activity:
        case ForestSinkActivity():
            return forest_sink.calculate(activity, table())
        case KilnElectrificationActivity():
            return kiln_electrification.calculate(activity, table())
    assert_never(activity)


def footprint(request: EventFootprintRequest) -> Footprint:
    """
    Return the footprint of an event, organisation, scene or person.

    Raises `UnknownFactor`, `OutsideProfile`, `TooMuchGreenPower`, `ResultTooLarge`.
    """
    match request.profile:
        case "chengdu-event" | "national-event":
            return event_footprint.calculate(request, request.profile, table())
        case "organisation" | "scenic-area" | "hotel" | "restaurant" | "person":
            return inventory.calculate(request, request.profile, table())
    assert_never(request.profile)


def grid_factor(region_id: str, year: int) -> Factor:
    """
    Return the grid's average factor for power used in a region in a year: of its province, or else of the country.

    Factors are published years later: it is the year's own, or the newest before it, or the oldest there is.
    """
    known = [each for each in table().factors if each.key == "grid-electricity" and each.basis == "average"]
    for place in (f"{region_id[:5]}0000", "CN"):
        if mine := [each for each in known if each.region == place and each.year is not None]:
            earlier = [each for each in mine if (each.year or 0) <= year]
            newest = max(earlier, key=_year) if earlier else min(mine, key=_year)
            return table().find(newest.key, region=newest.region, year=newest.year, basis=newest.basis)
    raise UnknownFactor(f"no factor of the grid of {region_id} or CN in the table", region=region_id)


def _year(factor: Factor) -> int:
    return factor.year or 0


_TYPES: Final[dict[str, ProjectType]] = {"forest-sink": "forestry", "kiln-electrification": "manufacturing"}


def project_type(methodology: str) -> ProjectType:
    """Return the type of the projects of a methodology, which may be named with a version."""
    return _TYPES[methodology.partition("/")[0]]


def buffer_t(methodology: MethodologyId, issued_t: int) -> int:
    """
    Return the tonnes of *issued_t* that go into the non-permanence buffer.

    10 % of issued forestry credits, rounded up to the tonne; other reductions cannot be reversed. Raises
    `ValueError` for a negative issue.
    """
    if issued_t < 0:
        raise ValueError(f"{issued_t} t cannot be issued")
    match methodology:
        case "forest-sink":
            return whole_kg_up(product(Decimal(issued_t), table().find("forest-buffer-share").number))
        case "kiln-electrification":
            return 0
    assert_never(methodology)


def catalogue() -> tuple[Methodology, ...]:
    """Return every methodology and footprint profile with its version, formula and source."""
    return (
        Methodology(
            id="forest-sink",
            version=forest_sink.VERSION,
            kind="reduction",
            title="Forest carbon sink",
            title_zh="林业碳汇",
            formula=forest_sink.FORMULA,
            source=FACTOR_SOURCE,
            project_type=project_type("forest-sink"),
            buffer_share=table().find("forest-buffer-share").value,
        ),
        Methodology(
            id="kiln-electrification",
            version=kiln_electrification.VERSION,
            kind="reduction",
            title="Industrial kiln, natural gas to electricity",
            title_zh="工业窑炉天然气改电",
            formula=kiln_electrification.FORMULA,
            source=FACTOR_SOURCE,
            project_type=project_type("kiln-electrification"),
        ),
        _event_profile("chengdu-event", "Event, Chengdu profile", "大型活动碳足迹（成都口径）"),
        _event_profile("national-event", "Event, national profile", "大型活动碳足迹（国家口径）"),
        _inventory_profile("organisation", "Organisation, scopes 1 to 3", "组织碳足迹（范围一至三）"),
        _inventory_profile("scenic-area", "Scene: scenic area", "低碳场景碳足迹：景区"),
        _inventory_profile("hotel", "Scene: hotel", "低碳场景碳足迹：酒店"),
        _inventory_profile("restaurant", "Scene: restaurant", "低碳场景碳足迹：餐厅"),
        _inventory_profile("person", "Person and household", "个人与家庭碳足迹"),
    )


def _event_profile(profile: str, title: str, title_zh: str) -> Methodology:
    return Methodology(
        id=profile,
        version=event_footprint.VERSION,
        kind="footprint",
        title=title,
        title_zh=title_zh,
        formula=event_footprint.FORMULA,
        source=FACTOR_SOURCE,
    )


def _inventory_profile(profile: str, title: str, title_zh: str) -> Methodology:
    return Methodology(
        id=profile,
        version=inventory.VERSION,
        kind="footprint",
        title=title,
        title_zh=title_zh,
        formula=inventory.FORMULA,
        source=INVENTORY_SOURCE,
    )
