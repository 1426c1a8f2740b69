"""The way in: what the catalogue lists, the buffer, and that no float gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.methodologies.arithmetic import number, shown, shown_total
from registry.methodologies.catalogue import buffer_t, catalogue, grid_factor


def test_the_catalogue_lists_what_can_be_computed():
    """Two reductions and seven footprint profiles, each with version, formula and source."""
    assert [
        ("forest-sink", 1, "reduction", "0.10"),
        ("kiln-electrification", 1, "reduction", "0"),
        ("chengdu-event", 1, "footprint", "0"),
        ("national-event", 1, "footprint", "0"),
        ("organisation", 1, "footprint", "0"),
        ("scenic-area", 1, "footprint", "0"),
        ("hotel", 1, "footprint", "0"),
        ("restaurant", 1, "footprint", "0"),
        ("person", 1, "footprint", "0"),
    ] == [(each.id, each.version, each.kind, each.buffer_share) for each in catalogue()]
    assert all(each.formula and each.source and each.title_zh for each in catalogue())


@pytest.mark.parametrize(("issued_t", "buffer"), [(0, 0), (1, 1), (10, 1), (11, 2), (7_107, 711), (7_110, 711)])
def test_a_tenth_of_forestry_goes_into_the_buffer(issued_t, buffer):
    """10 %, rounded up to the tonne."""
    assert buffer == buffer_t("forest-sink", issued_t)


@given(st.integers(0, 10**12))
def test_the_buffer_is_rounded_up_and_never_more_than_what_was_issued(issued_t):
    """A tenth, or less than one tonne above it."""
    buffer = buffer_t("forest-sink", issued_t)
    assert buffer <= issued_t
    assert 0 <= 10 * buffer - issued_t < 10


def test_a_negative_issue_has_no_buffer():
    """A caller's mistake, refused."""
    with pytest.raises(ValueError, match="-1 t cannot be issued"):
        buffer_t("forest-sink", -1)


@pytest.mark.parametrize("value", [0.5, True, None])
def test_a_float_that_slipped_past_the_types_is_refused(value):
    """Structs built in Python are not validated; the arithmetic is the second wall."""
    with pytest.raises(TypeError, match="neither an integer nor decimal text"):
        number(value)


@given(st.decimals(-(10**20), 10**20, places=15))
def test_shown_numbers_are_plain_decimals_in_the_safe_direction(value):
    """No exponent, at most so many places; totals never shown above a reduction or below a footprint."""
    assert abs(number(shown(value)) - value) <= number("0.0000005")
    assert number(shown_total(value, up=False)) <= value <= number(shown_total(value, up=True))
    assert "E" not in shown(value)


@pytest.mark.parametrize(
    ("region", "year", "code"),
    [
        ("CN-510100", 2021, "grid-electricity/CN-510000/2021/average/1"),
        ("CN-510100", 2022, "grid-electricity/CN-510000/2022/average/1"),
        ("CN-510100", 2025, "grid-electricity/CN-510000/2022/average/1"),  # the newest that is published
        ("CN-510100", 2019, "grid-electricity/CN-510000/2021/average/1"),  # none is so old
        ("CN-330100", 2025, "grid-electricity/CN/2023/average/1"),  # none of its province
    ],
)
def test_power_is_counted_by_the_grid_of_the_region_and_the_year(region, year, code):
    """As far as one is published; nothing excludes what was traded."""
    assert code == grid_factor(region, year).code
