"""Files of facts and series: what is shipped is documented, and what is not documented is refused with its line."""

import math

import numpy as np
import pytest

from exchange.simulation.calibration.facts import (
    SHIPPED,
    DataWrong,
    load,
    place_of,
    read_facts,
    read_series,
    series_of,
    shipped_facts,
)
from exchange.simulation.calibration.measuring import targets_of

ROWS = read_series((SHIPPED / "published.csv").read_text("utf-8"))
HEAD = "series,date,value,unit,source,licence\n"
GOOD = 'format = 1\nname = "two"\n\n[[fact]]\nname = "price"\nmoment = "mean_price"\nvalue = 62.36\ntolerance = 3.0\n'
GOOD += 'because = "five percent"\ndate = 2025-12-31\nsource = "a review"\nlicence = "facts quoted"\n'


def values(name):
    """The figures of a shipped series, by date."""
    return {str(each.date): each.value for each in ROWS if each.series == name}


@pytest.mark.parametrize("name", shipped_facts())
def test_what_is_shipped_can_be_read(name):
    """Every file of facts that comes with the simulator, with values for all."""
    data = load(place_of(name))
    assert name == data.facts.name
    assert all(math.isfinite(each.value) for each in targets_of(data.facts.fact, data.rows))


def test_facts_follow_from_the_published_series():
    """What a fact says is computed from tonnes is computed again here, from the rows that are shipped."""
    facts = {each.fact.name: each.value for name in shipped_facts() for each in all_of(name)}
    years, totals = values("cea-year-volume"), values("cea-running-total")
    weeks, of_2024, of_2025 = values("cea-week-volume"), years["2024-12-31"], years["2025-12-31"]
    assert facts["after-4-july"] == pytest.approx(1 - values("cea-first-half-volume")["2025-07-04"] / of_2025, abs=5e-4)
    assert facts["mid-december-week"] == pytest.approx(weeks["2025-12-15"] / of_2025, abs=5e-4)
    rest = (totals["2024-12-31"] + of_2025 - totals["2025-12-19"]) / of_2025
    assert facts["after-19-december"] == pytest.approx(rest, abs=5e-4)
    before = values("cea-nine-months-volume")["2024-09-30"]
    assert facts["after-september-2024"] == pytest.approx(1 - before / of_2024, abs=5e-4)
    since_june = totals["2024-09-30"] - totals["2024-06-28"]
    assert facts["after-28-june-2024"] == pytest.approx(1 - (before - since_june) / of_2024, abs=5e-4)
    assert facts["july-2024"] == pytest.approx(values("cea-july-volume")["2024-07-31"] / of_2024, abs=5e-5)
    assert facts["mid-april-week-2024"] == pytest.approx(weeks["2024-04-15"] / of_2024, abs=5e-5)
    assert facts["mid-december-week-2024"] == pytest.approx(weeks["2024-12-16"] / of_2024, abs=5e-4)
    high, low = values("cea-week-high"), values("cea-week-low")
    ranges = [math.log(high[day] / low[day]) for day in high]
    assert facts["week-range"] == pytest.approx(np.mean(ranges), abs=1e-5)


def all_of(name):
    """The targets of a shipped file."""
    data = load(place_of(name))
    return targets_of(data.facts.fact, data.rows)


@pytest.mark.parametrize(
    ("found", "instead", "line", "said"),
    [
        ('source = "a review"\n', "", 4, "price: Object missing required field `source`"),
        ("date = 2025-12-31\n", "", 4, "price: Object missing required field `date`"),
        ('licence = "facts quoted"\n', "", 4, "price: Object missing required field `licence`"),
        ('because = "five percent"', 'because = ""', 9, "price.because: Expected `str` of length >= 3"),
        ("tolerance = 3.0", "tolerance = 0.0", 8, "price.tolerance: Expected `float` > 0.0"),
        ("value = 62.36", "value = nan", 7, "price.value: Expected `float`"),
        ("value = 62.36\n", "", 4, "price has a value or names a series: one of both"),
        (
            "value = 62.36",
            'series = "cea-week-range"',
            4,
            "price is computed from a series, and there is no",
        ),
        ('moment = "mean_price"', 'moment = "mood"', 6, "price.moment: Invalid enum value 'mood'"),
        ('moment = "mean_price"', 'moment = "share_between"', 4, "price needs first and last"),
        ('moment = "mean_price"', 'moment = "discount"', 4, "price needs mode and against"),
        ("value = 62.36", "value = 62,36", 7, "this is no TOML"),
    ],
)
def test_a_fact_without_its_papers_is_refused(found, instead, line, said):
    """Each with the line and what is missing."""
    assert GOOD.count(found) == 1
    with pytest.raises(DataWrong) as refused:
        read_facts(GOOD.replace(found, instead))
    assert (line, True) == (refused.value.line, said in refused.value.reason), refused.value.reason


def test_two_facts_of_one_name_are_refused():
    """The second is pointed at."""
    with pytest.raises(DataWrong, match="line 13: price stands here twice"):
        read_facts(GOOD + GOOD[GOOD.index("[[fact]]") :])


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a,b\n", 1, "the first line must be series,date,value,unit,source,licence"),
        ("", 1, "the first line must be"),
        (HEAD + "p,2025-01-01,1,t,a source\n", 2, "a row has 6 cells, not 5"),
        (HEAD + "p,2025-01-01,1,t,a source,facts\np,2025-01-02,1,t,,facts\n", 3, "the source is missing"),
        (HEAD + "p,2025-01-01,1,t,a source, \n", 2, "the licence is missing"),
        (HEAD + "p,,1,t,a source,facts\n", 2, "the date is missing"),
        (HEAD + "p,last year,1,t,a source,facts\n", 2, "'last year' is no date"),
        (HEAD + "p,2025-01-01,many,t,a source,facts\n", 2, "'many' is no figure"),
        (HEAD + "p,2025-01-01,nan,t,a source,facts\n", 2, "'nan' is no figure"),
    ],
)
def test_an_undocumented_row_is_refused(text, line, said):
    """Each with the line and the reason; nothing is read from the rest."""
    with pytest.raises(DataWrong) as refused:
        read_series(text)
    assert (line, True) == (refused.value.line, said in refused.value.reason)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["2025-01-01,1,t", "2025-01-02,1,t"], "the series p has 2 rows; a moment needs 3"),
        (["2025-01-01,1,t", "2025-01-02,1,t", "2025-01-02,2,t"], "line 4: p has 2025-01-02 twice"),
        (["2025-01-01,1,t", "2025-01-02,1,t", "2025-01-03,2,kg"], "line 4: p is in t, and here in kg"),
    ],
)
def test_a_series_is_of_one_unit_and_has_a_date_once(rows, said):
    """Too short, twice, mixed."""
    text = HEAD + "".join(f"p,{each},a source,facts\n" for each in rows)
    with pytest.raises(DataWrong, match=said):
        series_of(read_series(text), "p")


def test_a_value_is_computed_from_its_series():
    """The spread of monthly returns of the New Zealand unit in 2024, as numpy has it, from rows in any order."""
    text = GOOD.replace('moment = "mean_price"\nvalue = 62.36', 'moment = "return_deviation"\nseries = "nz-unit-month"')
    facts = read_facts(text.replace('name = "two"', 'name = "two"\nseries_file = "published.csv"'))
    prices = [value for _, value in sorted(values("nz-unit-month").items())]
    expected = np.diff(np.log(prices)).std(ddof=1)
    assert [expected] == pytest.approx([each.value for each in targets_of(facts.fact, ROWS[::-1])])


def test_a_file_names_the_series_in_which_something_is_wrong(tmp_path):
    """And one that is not there is an error of the system."""
    (tmp_path / "f.toml").write_text(GOOD.replace('name = "two"', 'name = "two"\nseries_file = "s.csv"'), "utf-8")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "f.toml")
    (tmp_path / "s.csv").write_text(HEAD + "p,2025-01-01,1,t,,facts\n", "utf-8")
    with pytest.raises(DataWrong, match=r"line 2: of s.csv: the source is missing"):
        load(tmp_path / "f.toml")
    (tmp_path / "s.csv").write_bytes(HEAD.encode() + b"\xff")
    with pytest.raises(DataWrong, match=r"line 2: of s.csv: this is not UTF-8"):
        load(tmp_path / "f.toml")
