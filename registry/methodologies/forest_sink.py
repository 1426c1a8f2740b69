"""
Forest sink, version 1: what a forest took up beyond its baseline.

ER = [A * (ΔV_project - ΔV_baseline) * years * D * BEF * (1 + R) * CF * 44/12 - LK] * (1 - k)

A area in ha, ΔV stem growth in m³/ha·yr, D basic wood density t/m³, BEF biomass expansion, R root-shoot ratio, CF
carbon fraction, LK leakage in t, k non-permanence. Source:
registry/methodologies/README.md, "Forest sink"; the species defaults and k are provisional there.
"""

from decimal import Decimal
from typing import Final

from registry.methodologies.arithmetic import (
    CARBON_MASS,
    CO2_MASS,
    difference,
    number,
    product,
    quotient_down,
    reduction_of,
    shown,
    total,
)
from registry.methodologies.factors import FactorTable
from schemas.methodologies import Factor, ForestSinkActivity, Reduction, Species, Term

VERSION: Final = 1
FORMULA: Final = "ER = [A (ΔV_project - ΔV_baseline) years D BEF (1 + R) CF 44/12 - LK] (1 - k)"
MU_PER_HA: Final = 15
"""15 mu (亩) are one hectare."""


def calculate(activity: ForestSinkActivity, factors: FactorTable) -> Reduction:
    """
    Return the reduction of *activity*, which may be nothing or less; `compute` refuses to issue that.

    Kilograms are rounded down from the exact fraction. Raises `UnknownFactor`.
    """
    species = _species_factors(activity.species, factors)
    k = factors.find("forest-non-permanence")
    twelfths, growth_term = _uptake_twelfths(activity, species)
    leakage_twelfths = product(number(activity.leakage_t), CARBON_MASS)
    kept = difference(Decimal(1), k.number)
    net_t = quotient_down(product(difference(twelfths, leakage_twelfths), kept), CARBON_MASS)
    uptake = shown(quotient_down(twelfths, CARBON_MASS))
    terms = (
        _uptake_per_m3_term(activity.species, species),
        growth_term,
        Term(
            label="net of leakage and non-permanence",
            expression=f"({uptake} - {activity.leakage_t}) * (1 - {k.value})",
            value=shown(net_t),
            unit="tCO2",
        ),
    )
    return reduction_of("forest-sink", VERSION, mass_t=net_t, terms=terms, factors=(*species, k))


def uptake_per_m3(species: Species, factors: FactorTable) -> Decimal:
    """Return tCO2 per m³ of stem: D * BEF * (1 + R) * CF * 44/12, such as 1.192 for Chinese fir."""
    return quotient_down(_per_m3_twelfths(_species_factors(species, factors)), CARBON_MASS)


def hectares(area_mu: Decimal) -> Decimal:
    """Convert mu (亩) to hectares: 15 mu = 1 ha."""
    return quotient_down(area_mu, Decimal(MU_PER_HA))


def _species_factors(species: Species, factors: FactorTable) -> tuple[Factor, Factor, Factor, Factor]:
    return (
        factors.find(f"{species}-density"),
        factors.find(f"{species}-expansion"),
        factors.find(f"{species}-root-ratio"),
        factors.find(f"{species}-carbon-fraction"),
    )


def _per_m3_twelfths(species: tuple[Factor, Factor, Factor, Factor]) -> Decimal:
    """Twelve times the uptake per m³: exact, because the division by 12 is left to the end."""
    density, expansion, root_ratio, carbon = (factor.number for factor in species)
    return product(density, expansion, total(Decimal(1), root_ratio), carbon, CO2_MASS)


def _uptake_twelfths(
    activity: ForestSinkActivity, species: tuple[Factor, Factor, Factor, Factor]
) -> tuple[Decimal, Term]:
    growth = difference(number(activity.growth_project_m3_ha_yr), number(activity.growth_baseline_m3_ha_yr))
    per_m3 = _per_m3_twelfths(species)
    twelfths = product(number(activity.area_ha), growth, number(activity.years), per_m3)
    term = Term(
        label="uptake above the baseline",
        expression=(
            f"{activity.area_ha} * ({activity.growth_project_m3_ha_yr} - {activity.growth_baseline_m3_ha_yr})"
            f" * {activity.years} * {shown(quotient_down(per_m3, CARBON_MASS), places=9)}"
        ),
        value=shown(quotient_down(twelfths, CARBON_MASS)),
        unit="tCO2",
    )
    return twelfths, term


def _uptake_per_m3_term(name: Species, species: tuple[Factor, Factor, Factor, Factor]) -> Term:
    density, expansion, root_ratio, carbon = (factor.value for factor in species)
    return Term(
        label=f"uptake per m3 of {name}",
        expression=f"{density} * {expansion} * (1 + {root_ratio}) * {carbon} * 44 / 12",
        value=shown(quotient_down(_per_m3_twelfths(species), CARBON_MASS), places=9),
        unit="tCO2/m3",
    )
