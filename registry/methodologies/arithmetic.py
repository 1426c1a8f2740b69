"""
Exact decimals, the direction of every rounding, and the arithmetic as people see it.

Sums and products of bounded inputs (schemas.methodologies) are exact in 50 digits: the context traps an inexact one.
The only division, by 12 in 44/12, comes last, so that the whole kilograms are those of the exact fraction.
"""

from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from functools import reduce
from typing import Final

from registry.kit.problems import DomainError, Kind
from schemas.methodologies import Factor, MethodologyId, Reduction, Term
from schemas.scalars import MAX_INT
from schemas.serials import KG_PER_T

PRECISION: Final = 50
CO2_MASS, CARBON_MASS = Decimal(44), Decimal(12)
"""Molar masses: a tonne of carbon becomes 44/12 tonnes of CO2."""

_STOP: Final = [InvalidOperation, DivisionByZero, Overflow]
_EXACT: Final = Context(prec=PRECISION, traps=[*_STOP, Inexact])
_DOWN: Final = Context(prec=PRECISION, rounding=ROUND_FLOOR, traps=_STOP)
_UP: Final = Context(prec=PRECISION, rounding=ROUND_CEILING, traps=_STOP)
_WIDE: Final = Context(prec=2 * PRECISION, traps=_STOP)
"""Wide enough for any result with its twelve decimals; only texts are made with it."""
_TOTAL_PLACES: Final = 12


class ResultTooLarge(DomainError):
    """A result beyond 2^53 kilograms: the inputs cannot be meant."""

    kind, slug, title = Kind.UNPROCESSABLE, "result-too-large", "Result too large"


class NothingToIssue(DomainError):
    """
    The activity reduced less than one tonne, or emitted more than before; *reduction* carries the arithmetic.

    Members: `reduction_kg` and `terms`, one text for each line of the arithmetic.
    """

    kind, slug, title = Kind.UNPROCESSABLE, "nothing-to-issue", "Nothing to issue"

    def __init__(self, reduction: Reduction) -> None:
        terms = [str(term) for term in reduction.terms]
        super().__init__(
            f"{reduction.code} gives {reduction.reduction_kg} kg; at least {KG_PER_T} kg are needed to issue a credit. "
            + "; ".join(terms),
            reduction_kg=reduction.reduction_kg,
            terms=terms,
        )
        self.reduction = reduction


def number(value: int | str) -> Decimal:
    """Turn an input of a body into an exact decimal. `TypeError` for a float that slipped past the types."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"{value!r} is neither an integer nor decimal text")
    return Decimal(value)


def product(*factors: Decimal) -> Decimal:
    """Multiply without rounding."""
    return reduce(_EXACT.multiply, factors)


def total(*terms: Decimal) -> Decimal:
    """Add without rounding."""
    return reduce(_EXACT.add, terms, Decimal(0))


def difference(minuend: Decimal, subtrahend: Decimal) -> Decimal:
    """Subtract without rounding."""
    return _EXACT.subtract(minuend, subtrahend)


def quotient_down(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Divide; where 50 digits do not suffice, towards minus infinity."""
    return _DOWN.divide(dividend, divisor)


def quotient_up(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Divide; where 50 digits do not suffice, towards plus infinity."""
    return _UP.divide(dividend, divisor)


def whole_kg_up(mass_kg: Decimal) -> int:
    """Round kilograms up, as footprints and required retirements are. `ResultTooLarge` from 2^53."""
    return _bounded(int(mass_kg.to_integral_value(ROUND_CEILING)))


def whole_kg_down(mass_kg: Decimal) -> int:
    """Round kilograms down, as reductions are; a negative one becomes more negative. `ResultTooLarge` from 2^53."""
    return _bounded(int(mass_kg.to_integral_value(ROUND_FLOOR)))


def shown(value: Decimal, places: int = 6) -> str:
    """Text of a term: the nearest decimal with so many *places*, no exponent, no trailing zeros."""
    return _plain(value, places, ROUND_HALF_EVEN)


def shown_total(value: Decimal, *, up: bool) -> str:
    """Text of an unrounded result: at most twelve decimals, cut in the direction of the result's own rounding."""
    return _plain(value, _TOTAL_PLACES, ROUND_CEILING if up else ROUND_FLOOR)


def reduction_of(
    methodology: MethodologyId, version: int, *, mass_t: Decimal, terms: tuple[Term, ...], factors: tuple[Factor, ...]
) -> Reduction:
    """Round *mass_t* down to the kilogram and split it into whole tonnes and the part that lapses."""
    reduction_kg = whole_kg_down(product(mass_t, Decimal(KG_PER_T)))
    issuable_t, lapses_kg = divmod(max(reduction_kg, 0), KG_PER_T)
    return Reduction(
        methodology=methodology,
        version=version,
        terms=terms,
        factors=factors,
        unrounded_t=shown_total(mass_t, up=False),
        reduction_kg=reduction_kg,
        issuable_t=issuable_t,
        lapses_kg=lapses_kg,
    )


def _plain(value: Decimal, places: int, rounding: str) -> str:
    text = format(value.quantize(Decimal(1).scaleb(-places), rounding=rounding, context=_WIDE), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _bounded(mass_kg: int) -> int:
    if abs(mass_kg) > MAX_INT:
        raise ResultTooLarge(f"the result is {mass_kg} kg, beyond {MAX_INT} kg; check the inputs", mass_kg=str(mass_kg))
    return mass_kg
