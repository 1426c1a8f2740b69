"""
Kiln electrification, version 1: natural gas replaced by electricity from the grid.

BE = G * 389.31 GJ/10^4Nm³ * 0.0153 tC/GJ * 0.99 * 44/12 (21.62 t per 10^4 Nm³)
kWh = G * 108,142 * η_gas/η_el
ER = BE - kWh * EF_grid / 1000 - leakage

Source: registry/methodologies/README.md, "Kiln, natural gas to electricity".
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
from schemas.methodologies import Factor, KilnElectrificationActivity, Reduction, Term
from schemas.serials import KG_PER_T

VERSION: Final = 1
FORMULA: Final = "ER = G NCV CC OF 44/12 - G 108142 (η_gas/η_el) EF_grid/1000 - leakage"
_KG: Final = Decimal(KG_PER_T)


def calculate(activity: KilnElectrificationActivity, factors: FactorTable) -> Reduction:
    """
    Return the reduction of *activity*, negative where the grid emits more than the gas did; `compute` refuses that.

    Kilograms are rounded down from the exact fraction. Raises `UnknownFactor`.
    """
    gas = _gas_factors(factors)
    power = factors.find("natural-gas-power-equivalent")
    grid = _grid_factor(activity, factors)
    baseline_twelfths = _baseline_twelfths(activity, gas)
    kwh = _electricity_kwh(activity, power)
    project_t = product(kwh, grid.number, Decimal("0.001"))
    spent_t = total(project_t, number(activity.leakage_t))
    net_t = quotient_down(difference(baseline_twelfths, product(spent_t, CARBON_MASS)), CARBON_MASS)
    baseline_t = quotient_down(baseline_twelfths, CARBON_MASS)
    terms = (
        _baseline_term(activity, gas, baseline_t),
        Term(
            label="electricity used instead",
            expression=f"{activity.gas_10k_nm3} * {power.value} * {activity.efficiency_ratio}",
            value=shown(kwh),
            unit="kWh",
        ),
        Term(
            label="project emissions",
            expression=f"{shown(kwh)} * {grid.value} / 1000",
            value=shown(project_t),
            unit="tCO2",
        ),
        Term(
            label="reduction",
            expression=f"{shown(baseline_t)} - {shown(project_t)} - {activity.leakage_t}",
            value=shown(net_t),
            unit="tCO2",
        ),
    )
    used = (*gas, power, grid)
    return reduction_of("kiln-electrification", VERSION, mass_t=net_t, terms=terms, factors=used)


def break_even_grid_factor(activity: KilnElectrificationActivity, factors: FactorTable) -> Decimal:
    """
    Return the grid factor in kgCO2/kWh at which *activity* reduces nothing: (BE - leakage) * 1000 / kWh.

    0.400 without leakage at an efficiency ratio of 0.5. The gas must be above zero, else `ValueError`.
    """
    kwh = _electricity_kwh(activity, factors.find("natural-gas-power-equivalent"))
    if not kwh:
        raise ValueError("no gas was replaced: no grid factor breaks even")
    leakage_twelfths = product(number(activity.leakage_t), CARBON_MASS)
    kept = difference(_baseline_twelfths(activity, _gas_factors(factors)), leakage_twelfths)
    return quotient_down(product(kept, _KG), product(kwh, CARBON_MASS))


def _grid_factor(activity: KilnElectrificationActivity, factors: FactorTable) -> Factor:
    return factors.find(
        "grid-electricity", region=activity.grid_region, year=activity.grid_year, basis=activity.grid_basis
    )


def _gas_factors(factors: FactorTable) -> tuple[Factor, Factor, Factor]:
    return (
        factors.find("natural-gas-heat"),
        factors.find("natural-gas-carbon"),
        factors.find("natural-gas-oxidation"),
    )


def _baseline_twelfths(activity: KilnElectrificationActivity, gas: tuple[Factor, Factor, Factor]) -> Decimal:
    """Twelve times the emissions of the gas: exact, because the division by 12 is left to the end."""
    return product(number(activity.gas_10k_nm3), *(factor.number for factor in gas), CO2_MASS)


def _electricity_kwh(activity: KilnElectrificationActivity, power: Factor) -> Decimal:
    return product(number(activity.gas_10k_nm3), power.number, number(activity.efficiency_ratio))


def _baseline_term(
    activity: KilnElectrificationActivity, gas: tuple[Factor, Factor, Factor], baseline_t: Decimal
) -> Term:
    heat, carbon, oxidation = (factor.value for factor in gas)
    return Term(
        label="baseline emissions of the gas",
        expression=f"{activity.gas_10k_nm3} * {heat} * {carbon} * {oxidation} * 44 / 12",
        value=shown(baseline_t),
        unit="tCO2",
    )
