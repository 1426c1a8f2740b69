"""Forest sink: the published numbers, the supply of the first season, and how the formula behaves."""

from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.methodologies import forest_sink
from registry.methodologies.arithmetic import NothingToIssue, ResultTooLarge
from registry.methodologies.catalogue import buffer_t, compute
from registry.methodologies.factors import table
from schemas.methodologies import ForestSinkActivity, Species

species_names = st.sampled_from(get_args(Species))
amounts = st.decimals(0, 99_999_999, places=6).map(str)


def longquan(**change):
    """The forest of the demo's season."""
    body: dict[str, Any] = {"area_ha": 1267, "growth_project_m3_ha_yr": "5.23", "species": "chinese-fir"}
    return ForestSinkActivity(**(body | change))


def test_the_forest_of_the_first_season():
    """7,896.989 t, times 0.9 is 7,107.290, so 7,107 t, of which 711 go into the buffer and 6,396 are sold."""
    reduction = compute(longquan())
    assert ["1.191744741", "7896.989268", "7107.290341"] == [term.value for term in reduction.terms]
    assert (7_107_290, 7_107, 290) == (reduction.reduction_kg, reduction.issuable_t, reduction.lapses_kg)
    assert (711, 6_396) == (buffer_t("forest-sink", 7_107), 7_107 - buffer_t("forest-sink", 7_107))


def test_the_arithmetic_is_shown_with_its_numbers():
    """A reader of the reply can compute it again by hand."""
    per_m3, uptake, net = compute(longquan(leakage_t=3)).terms
    assert "0.307 * 1.634 * (1 + 0.246) * 0.52 * 44 / 12" == per_m3.expression
    assert "1267 * (5.23 - 0) * 1 * 1.191744741" == uptake.expression
    assert "net of leakage and non-permanence: (7896.989268 - 3) * (1 - 0.10) = 7104.590341 tCO2" == str(net)


def test_every_factor_is_named_and_provisional():
    """The species defaults and k still need their official source."""
    reduction = compute(longquan())
    assert "forest-sink/1" == reduction.code
    assert (
        "chinese-fir-density/CN/-/default/1",
        "chinese-fir-expansion/CN/-/default/1",
        "chinese-fir-root-ratio/CN/-/default/1",
        "chinese-fir-carbon-fraction/CN/-/default/1",
        "forest-non-permanence/CN/-/default/1",
    ) == tuple(factor.code for factor in reduction.factors)
    assert all(factor.provisional and factor.source for factor in reduction.factors)


@pytest.mark.parametrize(
    ("species", "t_per_m3"), [("chinese-fir", "1.192"), ("masson-pine", "1.120"), ("eucalyptus", "1.716")]
)
def test_uptake_per_cubic_metre(species, t_per_m3):
    """The standard gives each species' tCO2/m³ to three decimals."""
    assert Decimal(t_per_m3) == round(forest_sink.uptake_per_m3(species, table()), 3)


def test_published_yields_per_mu_and_per_hectare_agree():
    """7,900 t over 19,000 mu is 0.416 t/mu·yr and 6.24 t/ha·yr; fir at 5.23 m³/ha·yr takes up 6.23."""
    tonnes, mu = Decimal(7_900), Decimal(19_000)
    assert Decimal("0.416") == round(tonnes / mu, 3)
    assert Decimal("6.24") == round(tonnes / forest_sink.hectares(mu), 2)
    assert Decimal("6.23") == round(Decimal("5.23") * forest_sink.uptake_per_m3("chinese-fir", table()), 2)
    assert 1 == forest_sink.hectares(Decimal(15))


def test_qianfeng_village():
    """456.3 ha and 1,448 t at 36 CNY/t are 52,128 CNY; fir at 2.959 m³/ha·yr gives these tonnes."""
    reduction = compute(longquan(area_ha="456.3", growth_project_m3_ha_yr="2.959"))
    assert 1_448 == reduction.issuable_t
    assert 5_212_800 == reduction.issuable_t * 3_600


@pytest.mark.parametrize(
    "change",
    [
        {"area_ha": 0},
        {"growth_baseline_m3_ha_yr": "5.23"},
        {"growth_baseline_m3_ha_yr": 6},
        {"leakage_t": 7_897},
        {"area_ha": "0.17"},  # 953 kg: more than nothing, less than a credit
    ],
)
def test_less_than_a_tonne_is_refused_with_the_arithmetic(change):
    """No area, no growth beyond the baseline, all of it leaked, or a fraction of a tonne."""
    with pytest.raises(NothingToIssue, match="at least 1000 kg are needed") as refused:
        compute(longquan(**change))
    assert refused.value.reduction.reduction_kg == refused.value.members["reduction_kg"]
    assert [str(term) for term in refused.value.reduction.terms] == refused.value.members["terms"]


@given(amounts, amounts, species_names)
def test_more_area_never_reduces_less(one, other, species):
    """Monotone in the area, baseline below the project's growth."""
    less, more = sorted((one, other), key=Decimal)
    small, large = (
        forest_sink.calculate(longquan(area_ha=area, growth_project_m3_ha_yr="7.5", species=species), table())
        for area in (less, more)
    )
    assert small.reduction_kg <= large.reduction_kg


@given(amounts, st.decimals(0, 99, places=6).map(str), st.integers(0, 99_999_999))
def test_leakage_and_baseline_never_help(area, baseline, leakage):
    """Antitone in what is taken off."""
    plain = forest_sink.calculate(longquan(area_ha=area, growth_project_m3_ha_yr=99), table())
    less = {"leakage_t": leakage, "growth_baseline_m3_ha_yr": baseline}
    taken = forest_sink.calculate(longquan(area_ha=area, growth_project_m3_ha_yr=99, **less), table())
    assert taken.reduction_kg <= plain.reduction_kg


activities = st.builds(
    ForestSinkActivity,
    area_ha=st.decimals(0, 99_999, places=6).map(str),
    growth_project_m3_ha_yr=st.decimals(0, 999, places=6).map(str),
    growth_baseline_m3_ha_yr=st.decimals(0, 999, places=6).map(str),
    years=st.decimals(0, 60, places=3).map(str),
    leakage_t=st.decimals(0, 99_999_999, places=6).map(str),
    species=species_names,
)


@given(activities)
def test_rounding_is_down_from_the_exact_fraction(activity):
    """Against the same formula in whole numbers: no decimal context, no rounding before the last step."""
    reduction = forest_sink.calculate(activity, table())
    density, expansion, root, carbon, k = (scaled(factor.value) for factor in reduction.factors)
    millionth = 10**6
    growth = scaled(activity.growth_project_m3_ha_yr) - scaled(activity.growth_baseline_m3_ha_yr)
    volume = scaled(activity.area_ha) * growth * scaled(activity.years)
    gross = volume * density * expansion * (millionth + root) * carbon * 44
    net = (gross - scaled(activity.leakage_t) * 12 * millionth**6) * (millionth - k) * 1000
    assert net // (12 * millionth**8) == reduction.reduction_kg
    assert max(reduction.reduction_kg, 0) == reduction.issuable_t * 1000 + reduction.lapses_kg


@pytest.mark.parametrize("species", get_args(Species))
def test_the_widest_inputs_stay_exact(species):
    """All digits a body may carry fit into the 50 of the context: refused for their size, not trapped as inexact."""
    widest = "99999999.999999"
    with pytest.raises(ResultTooLarge):
        compute(
            ForestSinkActivity(
                area_ha=widest,
                growth_project_m3_ha_yr=widest,
                growth_baseline_m3_ha_yr="0.000001",
                years="59.999",
                leakage_t=widest,
                species=species,
            )
        )


def scaled(text):
    """Decimal text as millionths, an integer."""
    whole, _, rest = text.partition(".")
    return int(whole + rest.ljust(6, "0"))
