"""What an electrified kiln is issued: the registry's own formula, with the grid factor of the scenario."""

from typing import Final

from exchange.simulation.parameters import BPS
from exchange.simulation.plans import KilnPlan, ProjectPlan
from registry.methodologies import factors, kiln_electrification
from schemas.methodologies import Factor, KilnElectrificationActivity

_REGION: Final = "CN-SIM"
_YEAR: Final = 2025
_THOUSANDTHS: Final = 1_000


def issued_t(plan: ProjectPlan) -> int:
    """Return the whole tonnes of one issuance: those of the plan, or for a kiln what its gas and its grid come to."""
    return plan.issued_t.value if plan.kiln is None else _reduced_t(plan.kiln)


def _reduced_t(kiln: KilnPlan) -> int:
    """Compute the reduction; nothing where the grid emits more than the gas did, or no gas was burnt."""
    activity = KilnElectrificationActivity(
        gas_10k_nm3=kiln.gas_10k_nm3.value,
        efficiency_ratio=_decimal(kiln.efficiency_bps.value, BPS),
        grid_region=_REGION,
        grid_year=_YEAR,
    )
    grid = Factor(
        key="grid-electricity",
        region=_REGION,
        year=_YEAR,
        basis="average",
        version=1,
        value=_decimal(kiln.grid_g_kwh.value, _THOUSANDTHS),
        unit="kgCO2/kWh",
        source="the scenario",
        provisional=True,
    )
    table = factors.FactorTable((*factors.table().factors, grid))
    return kiln_electrification.calculate(activity, table).issuable_t


def _decimal(number: int, parts: int) -> str:
    """Write so many parts of one as a decimal, exactly."""
    return f"{number // parts}.{number % parts:0{len(str(parts)) - 1}d}"
