"""
What methodologies are fed and what they answer: factors, activities, shown arithmetic, reductions, footprints.

Quantities that may have a fraction travel as decimal text (`"5.23"`) or as an integer, never as a JSON number with a
point: nothing here is ever a float. Digits are bounded so that products stay exact in 50 digits.
"""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.attributes import ProjectType
from schemas.scalars import MAX_INT, Kg0, Name

MAX_QUANTITY = 99_999_999

# The lookahead refuses a final newline, which `$` alone lets pass in Python; ECMA reads it the same way.
DecimalText = Annotated[
    str,
    Meta(
        pattern=r"^(0|[1-9][0-9]{0,7})(\.[0-9]{1,6})?$(?!\n)",
        description="Decimal number as text: at most 8 digits before the point and 6 after, no sign, no exponent",
        examples=["5.23"],
    ),
]
Quantity = Annotated[int, Meta(ge=0, le=MAX_QUANTITY)] | DecimalText
"""A non-negative amount in a body: an integer or decimal text."""
Years = (
    Annotated[int, Meta(ge=1, le=60)]
    | Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]?)(\.[0-9]{1,3})?$(?!\n)", examples=["0.5"])]
)
"""Length of a monitoring period in years, to a thousandth."""
GridYear = Annotated[int, Meta(ge=2000, le=2100)]
FactorWord = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$(?!\n)", examples=["coach"])]

Species = Literal["chinese-fir", "masson-pine", "eucalyptus"]
EventProfile = Literal["chengdu-event", "national-event"]
SceneProfile = Literal["scenic-area", "hotel", "restaurant"]
InventoryProfile = Literal["organisation", "scenic-area", "hotel", "restaurant", "person"]
ProfileId = EventProfile | InventoryProfile
Category = Literal[
    "energy", "travel", "accommodation", "catering", "materials", "waste", "scope-1", "scope-2", "scope-3"
]
Fuel = Literal["diesel", "petrol", "lpg"]
TravelMode = Literal["car", "metro", "taxi", "flight", "train", "bus"]


class Factor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One published number, as the tables hold it and as every result names it.

    It is found by *key*, *region* (`CN`, GB/T 2260 as `CN-510000`, or a grid such as `CN-GRID-N`), *year* (none when
    the value belongs to no year), *basis* and *version*; a correction is a new version. *provisional* values still wait
    for their official source.
    """

    key: FactorWord
    region: FactorWord
    year: GridYear | None = None
    basis: FactorWord
    version: Annotated[int, Meta(ge=1, le=999)]
    value: DecimalText
    unit: Name
    source: Annotated[str, Meta(min_length=1, max_length=500)]
    provisional: bool

    @property
    def number(self) -> Decimal:
        """The value, exact."""
        return Decimal(self.value)

    @property
    def code(self) -> str:
        """One word for statements, such as `grid-electricity/CN-510000/2021/average/1`."""
        return f"{self.key}/{self.region}/{self.year or '-'}/{self.basis}/{self.version}"


class Term(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of shown arithmetic. *value* has few decimals, for reading; results come from the exact numbers."""

    label: str
    expression: str
    value: str
    unit: str

    def __str__(self) -> str:
        """The line as people read it."""
        return f"{self.label}: {self.expression} = {self.value} {self.unit}"


class ForestSinkActivity(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="methodology", tag="forest-sink/1"
):
    """
    What a forest did in a monitoring period.

    *growth_…* is stem volume per hectare and year, *years* the length of the period, *leakage_t* a tonnage over it.
    """

    area_ha: Quantity
    growth_project_m3_ha_yr: Quantity
    growth_baseline_m3_ha_yr: Quantity = 0
    species: Species
    years: Years = 1
    leakage_t: Quantity = 0


class KilnElectrificationActivity(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="methodology", tag="kiln-electrification/1"
):
    """
    What a kiln that changed from natural gas to electricity did in a monitoring period.

    *gas_10k_nm3* is the gas it would have burnt in 10^4 Nm³, *efficiency_ratio* that of the gas kiln over the electric
    one. The grid factor is named outright, so that the same body gives the same answer in every later year.
    """

    gas_10k_nm3: Quantity
    efficiency_ratio: Quantity
    grid_region: FactorWord
    grid_year: GridYear
    grid_basis: FactorWord = "average"
    leakage_t: Quantity = 0

    def __post_init__(self) -> None:
        """Raise `ValueError` for a kiln that would need no electricity."""
        if Decimal(self.efficiency_ratio) == 0:
            raise ValueError("efficiency_ratio is 0: the electric kiln would use no power; give η_gas / η_el")


Activity = ForestSinkActivity | KilnElectrificationActivity
"""Distinguished by `methodology`."""
MethodologyId = Literal["forest-sink", "kiln-electrification"]


class Reduction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What an activity reduced, with its arithmetic and the factors it used.

    *reduction_kg* is rounded down. *issuable_t* are its whole tonnes; *lapses_kg*, the part below a tonne, is shown and
    lapses. *unrounded_t* is cut to twelve decimals.
    """

    methodology: MethodologyId
    version: int
    terms: tuple[Term, ...]
    factors: tuple[Factor, ...]
    unrounded_t: str
    reduction_kg: int
    issuable_t: int
    lapses_kg: int

    @property
    def code(self) -> str:
        """Methodology with version, as statements name it: `forest-sink/1`."""
        return f"{self.methodology}/{self.version}"


class EventElectricity(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="electricity"
):
    """Power used, with the grid factor named outright."""

    electricity_kwh: Quantity
    grid_region: FactorWord
    grid_year: GridYear
    grid_basis: FactorWord = "average"


class EventGas(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="natural-gas"):
    """Natural gas burnt, in Nm³."""

    gas_nm3: Quantity


class EventHeat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="heat"):
    """Purchased heat, in GJ."""

    heat_gj: Quantity


class EventTravel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="travel"):
    """Attendees who travelled the same distance by the same *mode*; *distance_km* is each one's."""

    mode: TravelMode
    persons: Annotated[int, Meta(ge=1, le=MAX_QUANTITY)] = 1
    distance_km: Quantity


class EventAccommodation(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="accommodation"
):
    """Hotel rooms times nights."""

    room_nights: Annotated[int, Meta(ge=0, le=MAX_QUANTITY)]


class EventSupply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="supply"):
    """
    Catering, materials or waste, which only the national profile counts.

    The tables hold no factors for these, so the organiser declares one with its source; results mark it provisional.
    """

    category: Literal["catering", "materials", "waste"]
    quantity: Quantity
    unit: FactorWord
    factor_kg_per_unit: DecimalText
    factor_source: Annotated[str, Meta(min_length=1, max_length=500)]


class FuelBurnt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="fuel"):
    """Liquid fuel or liquefied gas burnt by the claimant itself, in kilograms of fuel: scope 1 of an organisation."""

    fuel: Fuel
    fuel_kg: Quantity


class DeclaredSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="declared"):
    """
    Any other source of an organisation, with the factor that the claimant declares; results mark it provisional.

    A mass that was worked out elsewhere is declared in tonnes by the factor 1000.
    """

    scope: Literal[1, 2, 3]
    what: Name
    quantity: Quantity
    unit: FactorWord
    factor_kg_per_unit: DecimalText
    factor_source: Annotated[str, Meta(min_length=1, max_length=500)]


class GreenPower(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="green-power"):
    """
    Kilowatt-hours of the power used that a contract or certificate covers, for the market-based figure.

    *number* is that of a green-power contract which was registered here; a claim uses its kilowatt-hours up.
    """

    number: Name
    green_kwh: Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]


EventActivity = (
    EventElectricity
    | EventGas
    | EventHeat
    | EventTravel
    | EventAccommodation
    | EventSupply
    | FuelBurnt
    | DeclaredSource
    | GreenPower
)
"""Distinguished by `kind`. Profiles of events count the first six."""


class GridFactorName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grid factor by its name: that of the residual mix, for power that no contract covers."""

    region: FactorWord
    year: GridYear
    basis: FactorWord


class Served(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a scene served in its period: what the footprint is divided by."""

    unit: Literal["visitors", "room-nights", "guests"]
    count: Annotated[int, Meta(ge=1, le=MAX_INT)]


class EventFootprintRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The activity data of one event, organisation, scene or person, counted by one *profile*.

    *residual* and *served* belong to organisations, scenes and persons: by which grid factor power without a contract
    counts (left out: by its own grid's average), and whom a scene served.
    """

    profile: ProfileId
    items: Annotated[tuple[EventActivity, ...], Meta(min_length=1, max_length=500)]
    residual: GridFactorName | None = None
    served: Served | None = None


class ItemFootprint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item: its category, its arithmetic in kilograms, the factors it used."""

    category: Category
    term: Term
    factors: tuple[Factor, ...]


class CategoryFootprint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One category, rounded up to the kilogram for statements; *unrounded_kg* is cut to twelve decimals."""

    category: Category
    unrounded_kg: str
    mass_kg: Kg0


class PowerFootprint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The power used, counted twice: by the grid it came from, and by contracts.

    Only the market-based figure is in the total. *green_power_kg* is what the covered kilowatt-hours would have added
    to it, rounded down.
    """

    unrounded_kwh: str
    green_kwh: Kg0
    location_based_kg: Kg0
    market_based_kg: Kg0
    green_power_kg: Kg0
    terms: Annotated[tuple[Term, ...], Meta(description="The location-based arithmetic")]


class Intensity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The footprint for each visitor, room-night or guest, rounded up to the gram."""

    unit: Literal["visitors", "room-nights", "guests"]
    count: int
    kg_each: str


class Footprint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What an event, organisation, scene or person emitted, by *profile* and its *version*.

    *footprint_kg* is the unrounded total rounded **up**. Categories are rounded up one by one, so their sum may be a
    few kilograms more; the total is what must be retired.
    """

    profile: ProfileId
    version: int
    items: tuple[ItemFootprint, ...]
    categories: tuple[CategoryFootprint, ...]
    unrounded_kg: str
    footprint_kg: Kg0
    power: PowerFootprint | None = None
    intensity: Intensity | None = None

    @property
    def code(self) -> str:
        """Profile with version, as statements name it: `chengdu-event/1`."""
        return f"{self.profile}/{self.version}"

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The factors that were used, each once, in order of first use."""
        return tuple({factor.code: factor for item in self.items for factor in item.factors}.values())


class Methodology(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the catalogue: what can be computed, by which formula, from which source."""

    id: str
    version: int
    kind: Literal["reduction", "footprint"]
    title: str
    title_zh: str
    formula: str
    source: str
    buffer_share: DecimalText = "0"
    project_type: Annotated[ProjectType | None, Meta(description="Of reductions: a sectoral scope of the CDM")] = None
