"""Working days and the end of a public notice."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.methodologies.calendars import (
    CalendarFileWrong,
    CalendarNotCovered,
    assumed_year,
    calendar,
    coverage,
    end_of_day,
    end_of_public_notice,
    read_years,
    shanghai_date,
)

covered_days = st.dates(date(2023, 1, 1), date(2026, 12, 1))


def test_the_notice_of_the_first_season():
    """The season: opened Friday 2023-12-01, counted from the 4th, seven working days, ends on the 12th."""
    assert date(2023, 12, 12) == end_of_public_notice(date(2023, 12, 1))


@pytest.mark.parametrize(
    ("opened", "ends"),
    [
        (date(2024, 2, 8), date(2024, 2, 23)),  # Spring Festival 10–17, worked on Sunday the 18th
        (date(2024, 9, 27), date(2024, 10, 12)),  # worked on Sunday 29 September and Saturday 12 October, 1–7 off
        (date(2024, 12, 30), date(2025, 1, 9)),  # over New Year's Day into the next year's notice
        (date(2026, 2, 13), date(2026, 3, 2)),  # worked on Saturdays 14 and 28 February, 15–23 off
        (date(2023, 12, 2), date(2023, 12, 12)),  # opened on a Saturday
    ],
)
def test_holidays_and_makeup_days_count(opened, ends):
    """A made-up weekend is a working day, a holiday is none."""
    assert ends == end_of_public_notice(opened)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2023, 1, 28), True),
        (date(2023, 10, 6), False),
        (date(2024, 2, 9), True),  # New Year's Eve of 2024 was no day off
        (date(2024, 2, 18), True),
        (date(2025, 1, 28), False),
        (date(2025, 10, 8), False),
        (date(2025, 10, 11), True),
        (date(2026, 1, 4), True),
        (date(2026, 9, 20), True),
        (date(2026, 9, 25), False),
    ],
)
def test_single_days(day, works):
    """Days that only the notices decide."""
    assert works == calendar().is_working_day(day)


def test_the_data_is_consistent():
    """Holidays lie in their year in order; a made-up day is a weekend outside every holiday, and sources are given."""
    for year in calendar().years:
        days = [holiday.first + timedelta(n) for holiday in year.holidays for n in range(span_days(holiday))]
        assert days == sorted(days)
        assert 1 == max(Counter(days).values())
        assert {year.year} == {day.year for day in (*days, *year.makeup)}
        assert all(day.weekday() >= 5 and day not in days for day in year.makeup)
        assert str(year.year) in year.source


@pytest.mark.parametrize(("year", "statutory_days"), [(2023, 11), (2024, 11), (2025, 13), (2026, 13)])
def test_makeup_days_neither_add_nor_take_working_days(year, statutory_days):
    """Weekdays less the statutory holidays (11 days, 13 from 2025): a check on every date typed."""
    days = [day for day in (date(year, 1, 1) + timedelta(n) for n in range(366)) if day.year == year]
    weekdays = sum(day.weekday() < 5 for day in days)
    assert weekdays - statutory_days == sum(map(calendar().is_working_day, days))


@pytest.mark.parametrize("opened", [date(2022, 12, 30), date(2026, 12, 28), date(2027, 1, 4)])
def test_years_that_are_not_arranged_are_refused(opened):
    """No guessing beyond the last State Council notice."""
    with pytest.raises(CalendarNotCovered, match="covers 2023, 2024, 2025, 2026, not 202") as refused:
        end_of_public_notice(opened)
    assert [2023, 2024, 2025, 2026] == refused.value.members["covered"]


def test_a_notice_lasts_a_day_at_least():
    """Zero working days would be no notice."""
    with pytest.raises(ValueError, match="a notice lasts at least one working day, not 0"):
        end_of_public_notice(date(2023, 12, 1), 0)


@given(covered_days, st.integers(1, 10))
def test_a_notice_ends_on_a_working_day_with_so_many_before_it(opened, working_days):
    """Counted one by one, the opening day left out."""
    ends = end_of_public_notice(opened, working_days)
    counted = [opened + timedelta(n) for n in range(1, (ends - opened).days + 1)]
    assert calendar().is_working_day(ends)
    assert working_days == sum(map(calendar().is_working_day, counted))


def test_days_are_shanghai_days():
    """16:00 UTC is the next day there, and a day is over at that instant."""
    assert date(2023, 12, 1) == shanghai_date(datetime(2023, 12, 1, 15, 59, 59, tzinfo=UTC))
    assert date(2023, 12, 2) == shanghai_date(datetime(2023, 12, 1, 16, tzinfo=UTC))
    assert datetime(2023, 12, 12, 16, tzinfo=UTC) == end_of_day(date(2023, 12, 12))


def test_a_naive_instant_is_refused():
    """Instants are aware inside."""
    with pytest.raises(ValueError, match="has no offset"):
        shanghai_date(datetime(2023, 12, 1))  # noqa: DTZ001 - naive on purpose


def span_days(holiday):
    """Days off in one holiday."""
    return (holiday.last - holiday.first).days + 1


NEXT_YEAR = """
[[years]]
year = 2027
source = "A notice"
makeup = [2027-02-20]
holidays = [{ name = "元旦", first = 2027-01-01, last = 2027-01-03 }]
"""


def test_a_year_of_a_data_file():
    """It counts from then on: over New Year, on a weekend that is made up; and a year that is there is replaced."""
    longer = calendar().with_years(read_years(NEXT_YEAR))
    assert date(2027, 1, 11) == end_of_public_notice(date(2026, 12, 30), working=longer)
    assert longer.is_working_day(date(2027, 2, 20))
    assert (date(2026, 12, 31), date(2027, 12, 31)) == (calendar().last_day, longer.last_day)
    anew = longer.with_years(read_years(NEXT_YEAR.replace("2027-02-20", "2027-02-21")))
    assert [False, True] == [anew.is_working_day(date(2027, 2, day)) for day in (20, 21)]
    assert len(longer.years) == len(anew.years)


def test_a_gap_ends_what_is_covered():
    """2028 without 2027 does not reach further."""
    gap = calendar().with_years(read_years(NEXT_YEAR.replace("2027", "2028")))
    assert date(2026, 12, 31) == gap.last_day


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("year = 2027", "year = 'soon'"), "int"),
        (("[[years]]", "[[jahre]]"), "jahre"),
        (("2027-02-20", "2028-02-20"), "2028-02-20 stands in the year 2027"),
        (("last = 2027-01-03", "last = 2026-01-03"), "2026-01-03 stands in the year 2027"),
        (("first = 2027-01-01", "first = 2027-01-04"), "ends before it begins"),
        (("2027-02-20", "2027-02-22"), "2027-02-22 is given as a make-up day, but is not on a weekend"),
        (('[{ name = "元旦", first = 2027-01-01, last = 2027-01-03 }]', "[]"), "no holiday"),
        (("year =", "year = ="), "no calendar"),
        (("2027", "1999"), "from 2000 to 2100; 1999 is not"),
        (("2027", "2101"), "from 2000 to 2100; 2101 is not"),
    ],
)
def test_a_data_file_that_is_wrong(changed: tuple[str, str], said: str):
    """Each is refused with what is wrong about it."""
    with pytest.raises(CalendarFileWrong, match=said):
        read_years(NEXT_YEAR.replace(*changed))


def test_a_year_stands_in_a_file_once():
    """Which of two should count, nobody could say."""
    with pytest.raises(CalendarFileWrong, match="2027 stands in the file 2 times: give each year once"):
        read_years(NEXT_YEAR + NEXT_YEAR)


def test_a_simulated_region_assumes_what_nobody_arranged():
    """Weekends and the days with a fixed date; a year that is arranged is never assumed."""
    assert date(2035, 10, 12) == end_of_public_notice(date(2035, 9, 28), assume=True)
    assert end_of_public_notice(date(2024, 2, 8)) == end_of_public_notice(date(2024, 2, 8), assume=True)
    with pytest.raises(CalendarNotCovered, match="calendar add"):
        end_of_public_notice(date(2035, 9, 28))
    assert "assumed" in assumed_year(2035).source


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2025, 12, 30), None),
        (date(2025, 12, 31), "ends in 365 days, on 2026-12-31"),
        (date(2026, 12, 31), "ends in 0 days"),
        (date(2027, 1, 2), "ended 2 days ago"),
    ],
)
def test_the_last_day_is_warned_about_a_year_ahead(today: date, words: str | None):
    """Not a day earlier; with the year that is missing and the command that adds it."""
    found = coverage(calendar(), today)
    assert date(2026, 12, 31) == found.last_day
    assert (found.warning is None) == (words is None)
    if words and found.warning:
        assert words in found.warning
        assert "Add 2027 with 'kilnwood calendar add FILE'" in found.warning
