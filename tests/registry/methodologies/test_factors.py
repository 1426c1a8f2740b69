"""The factor table: the published numbers, a source for each, and refusals that list what exists."""

import re
from decimal import Decimal

import msgspec
import pytest

from registry.methodologies.factors import FactorTable, UnknownFactor, table
from schemas.methodologies import Factor


def factor(**change):
    """A factor of a test's own."""
    body = {"key": "k", "region": "CN", "basis": "default", "version": 1, "value": "1", "unit": "1", "source": "test"}
    return msgspec.convert(body | {"provisional": False} | change, Factor)


@pytest.mark.parametrize(
    ("region", "year", "value"),
    [
        ("CN", 2021, "0.5568"),
        ("CN", 2022, "0.5366"),
        ("CN", 2023, "0.5306"),
        ("CN-GRID-N", 2023, "0.6361"),
        ("CN-GRID-NE", 2023, "0.5122"),
        ("CN-GRID-E", 2023, "0.5500"),
        ("CN-GRID-C", 2023, "0.5271"),
        ("CN-GRID-NW", 2023, "0.5543"),
        ("CN-GRID-S", 2023, "0.4042"),
        ("CN-GRID-SW", 2023, "0.2472"),
        ("CN-510000", 2021, "0.1255"),
        ("CN-510000", 2022, "0.1404"),
        ("CN-440000", 2021, "0.4715"),
        ("CN-440000", 2022, "0.4403"),
    ],
)
def test_grid_factors(region, year, value):
    """The table's grid factors in kgCO2/kWh; South and Southwest from the same announcement."""
    found = table().find("grid-electricity", region=region, year=year, basis="average")
    assert (value, Decimal(value), "kgCO2/kWh") == (found.value, found.number, found.unit)


def test_the_basis_is_part_of_the_name():
    """2023 without the traded non-fossil power is another factor."""
    found = table().find("grid-electricity", year=2023, basis="excluding-traded-non-fossil")
    assert "0.6096" == found.value


def test_every_factor_has_its_source_and_a_code_for_statements():
    """A code is a word of at most 200 ASCII characters, and no two are the same."""
    rows = table().factors
    assert all(row.source for row in rows)
    codes = [row.code for row in rows]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[A-Za-z0-9/._-]{1,200}", code) for code in codes)


def test_what_is_provisional_is_marked():
    """Species defaults, k and buffer share, heat, fuels, trains and buses; nothing else."""
    provisional = {row.key for row in table().factors if row.provisional}
    species = {
        f"{name}-{part}"
        for name in ("chinese-fir", "masson-pine", "eucalyptus")
        for part in ("density", "expansion", "root-ratio", "carbon-fraction")
    }
    fuels = {"fuel-diesel", "fuel-petrol", "fuel-lpg"}
    others = {"forest-non-permanence", "forest-buffer-share", "purchased-heat", "travel-train", "travel-bus"}
    assert species | fuels | others == provisional


@pytest.mark.parametrize(
    "wanted",
    [
        {"region": "CN-110000", "year": 2021, "basis": "average"},
        {"region": "CN-510000", "year": 2023, "basis": "average"},
        {"region": "CN", "basis": "average"},
        {"region": "CN", "year": 2021, "basis": "marginal"},
        {"region": "CN", "year": 2021, "basis": "average", "version": 2},
    ],
)
def test_no_other_factor_stands_in(wanted):
    """Region, year, basis and version each must match; the text lists what there is."""
    with pytest.raises(UnknownFactor, match=re.escape("it holds grid-electricity/CN/2021/average/1, ")) as refused:
        table().find("grid-electricity", **wanted)
    known = [row.code for row in table().factors if row.key == "grid-electricity"]
    assert known == refused.value.members["known"]


def test_an_unknown_key_says_so():
    """Nothing to list."""
    with pytest.raises(UnknownFactor, match="it holds nothing under 'coal'"):
        table().find("coal")


def test_the_newest_version_is_found_and_older_ones_stay():
    """A correction is a new row; a result that named the old one can still be computed again."""
    both = FactorTable([factor(version=2, value="2"), factor()])
    assert "2" == both.find("k").value
    assert "1" == both.find("k", version=1).value


def test_two_rows_with_one_name_are_refused():
    """Nobody could tell which of them a result has used."""
    with pytest.raises(ValueError, match="two factors are named k/CN/-/default/1"):
        FactorTable([factor(), factor(value="2")])


@pytest.mark.parametrize("value", [0.1255, "0.12550000", "1e3", "-1", ".5", "01", "1\n", "NaN"])
def test_a_value_is_decimal_text(value):
    """Never a float, an exponent, a sign or a second spelling of the number's start."""
    with pytest.raises(msgspec.ValidationError):
        factor(value=value)
