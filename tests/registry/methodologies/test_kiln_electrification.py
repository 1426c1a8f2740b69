"""Kiln, gas to electricity: the published project, the factor that decides, and the refusal that explains."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.kit.problems import Kind
from registry.methodologies import kiln_electrification
from registry.methodologies.arithmetic import NothingToIssue, ResultTooLarge
from registry.methodologies.catalogue import buffer_t, compute
from registry.methodologies.factors import UnknownFactor, table
from schemas.methodologies import KilnElectrificationActivity

amounts = st.decimals(0, 99_999_999, places=6).map(str)
ratios = st.decimals("0.000001", 99_999_999, places=6).map(str)


def glass_kiln(**change):
    """The pharmaceutical glass kiln of the demo's season."""
    body: dict[str, Any] = {
        "gas_10k_nm3": 244,
        "efficiency_ratio": "0.5",
        "grid_region": "CN-510000",
        "grid_year": 2021,
    }
    return KilnElectrificationActivity(**(body | change))


def test_the_kiln_of_the_first_season():
    """The season: 5,275.740694 − 13,193,324 × 0.1255/1000 = 3,619.9785, so 3,619 t."""
    reduction = compute(glass_kiln())
    assert ["5275.740694", "13193324", "1655.762162", "3619.978532"] == [term.value for term in reduction.terms]
    assert (3_619_978, 3_619, 978) == (reduction.reduction_kg, reduction.issuable_t, reduction.lapses_kg)
    assert "3619.97853196" == reduction.unrounded_t
    assert "kiln-electrification/1" == reduction.code


def test_the_price_of_the_published_project():
    """3,619 t at 13.90 CNY are 50,304.10 CNY: published as about 50,000."""
    assert 5_030_410 == compute(glass_kiln()).issuable_t * 1_390


def test_the_grid_factor_of_the_next_year_gives_less():
    """The worked example: 3,423 t with the 2022 factor 0.1404."""
    reduction = compute(glass_kiln(grid_year=2022))
    assert 3_423 == reduction.issuable_t
    assert "grid-electricity/CN-510000/2022/average/1" == reduction.factors[-1].code
    assert "0.1404" == reduction.factors[-1].value


def test_the_national_factor_makes_the_same_kiln_negative():
    """The worked example: about −2,070 t, so nothing can be issued and the reply shows why."""
    with pytest.raises(NothingToIssue) as refused:
        compute(glass_kiln(grid_region="CN"))
    reduction = refused.value.reduction
    assert (-2_070_303, 0, 0) == (reduction.reduction_kg, reduction.issuable_t, reduction.lapses_kg)
    assert -2_070_303 == refused.value.members["reduction_kg"]
    assert "project emissions: 13193324 * 0.5568 / 1000 = 7346.042803 tCO2" in refused.value.detail
    assert "reduction: 5275.740694 - 7346.042803 - 0 = -2070.302109 tCO2" == str(reduction.terms[-1])
    assert (Kind.UNPROCESSABLE, "nothing-to-issue") == (refused.value.kind, refused.value.slug)


def test_baseline_of_ten_thousand_cubic_metres():
    """The worked example: 21.62 t per 10⁴ Nm³."""
    reduction = compute(glass_kiln(gas_10k_nm3=1))
    assert Decimal("21.62") == round(Decimal(reduction.terms[0].value), 2)


def test_break_even_grid_factor():
    """The worked example: 0.400 kgCO2/kWh, whatever the amount of gas."""
    assert Decimal("0.400") == round(kiln_electrification.break_even_grid_factor(glass_kiln(), table()), 3)
    assert Decimal("0.400") == round(kiln_electrification.break_even_grid_factor(glass_kiln(gas_10k_nm3=1), table()), 3)


def test_nothing_breaks_even_without_gas():
    """There is no electricity to spread the reduction over."""
    with pytest.raises(ValueError, match="no gas was replaced"):
        kiln_electrification.break_even_grid_factor(glass_kiln(gas_10k_nm3=0), table())


def test_leakage_is_taken_off():
    """A tonne leaked is a tonne less."""
    assert 3_618_978 == compute(glass_kiln(leakage_t=1)).reduction_kg


def test_a_kiln_cannot_be_reversed():
    """No buffer for avoided combustion."""
    assert 0 == buffer_t("kiln-electrification", 3_619)


def test_an_efficiency_ratio_of_zero_is_refused():
    """It would claim that the electric kiln uses no electricity."""
    with pytest.raises(ValueError, match="efficiency_ratio is 0"):
        glass_kiln(efficiency_ratio="0.000")


def test_an_unknown_grid_factor_lists_those_that_exist():
    """Never another year's factor in its place."""
    with pytest.raises(UnknownFactor, match=re.escape("it holds grid-electricity/CN/2021/average/1, ")):
        compute(glass_kiln(grid_year=2020))


def test_a_result_beyond_what_statements_carry_is_refused():
    """Inputs at their bounds give more than 2^53 kg: somebody mistyped. No digit of them is lost on the way."""
    widest = "99999999.999999"
    with pytest.raises(ResultTooLarge, match="check the inputs"):
        compute(glass_kiln(gas_10k_nm3=widest, efficiency_ratio=widest, leakage_t=widest))


@given(amounts, amounts)
def test_more_gas_replaced_reduces_more_on_a_clean_grid(one, other):
    """Monotone below the break-even factor."""
    less, more = sorted((one, other), key=Decimal)
    small, large = (kiln_electrification.calculate(glass_kiln(gas_10k_nm3=gas), table()) for gas in (less, more))
    assert small.reduction_kg <= large.reduction_kg


@given(st.decimals("0.000001", 20, places=6).map(str), st.decimals("0.000001", 20, places=6).map(str))
def test_a_hungrier_kiln_never_reduces_more(one, other):
    """Antitone in the efficiency ratio."""
    less, more = sorted((one, other), key=Decimal)
    frugal, hungry = (
        kiln_electrification.calculate(glass_kiln(efficiency_ratio=ratio), table()) for ratio in (less, more)
    )
    assert hungry.reduction_kg <= frugal.reduction_kg


@given(st.decimals(0, 9999, places=6).map(str), ratios.filter(lambda r: Decimal(r) < 99), amounts)
def test_rounding_is_down_from_the_exact_fraction(gas, ratio, leakage):
    """Against the same formula in whole numbers."""
    reduction = kiln_electrification.calculate(
        glass_kiln(gas_10k_nm3=gas, efficiency_ratio=ratio, leakage_t=leakage), table()
    )
    heat, carbon, oxidation, power, grid = (scaled(factor.value) for factor in reduction.factors)
    millionth = 10**6
    before = scaled(gas) * heat * carbon * oxidation * 44 * 1000
    after = scaled(gas) * power * scaled(ratio) * grid * 12 + scaled(leakage) * 12 * 1000 * millionth**3
    assert (before - after) // (12 * millionth**4) == reduction.reduction_kg


def scaled(text):
    """Decimal text as millionths, an integer."""
    whole, _, rest = text.partition(".")
    return int(whole + rest.ljust(6, "0"))
