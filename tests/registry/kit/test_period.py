"""From and to: days of Shanghai and instants."""

from datetime import datetime

import pytest

from registry.kit.period import Between, period
from registry.kit.problems import Invalid


def utc(text):
    """An instant, or none."""
    return datetime.fromisoformat(text) if text else None


@pytest.mark.parametrize(
    ("begins", "ends", "wanted"),
    [
        (None, None, (None, None)),
        ("2025-06-01", None, ("2025-05-31T16:00:00Z", None)),
        (None, "2025-06-01", (None, "2025-06-01T16:00:00Z")),
        ("2025-06-01", "2025-06-01", ("2025-05-31T16:00:00Z", "2025-06-01T16:00:00Z")),
        ("2025-06-01T08:00:00Z", "2025-06-01T16:00:00.5+08:00", ("2025-06-01T08:00:00Z", "2025-06-01T08:00:00.5Z")),
        ("2100-12-31", "2100-12-31", ("2100-12-30T16:00:00Z", "2100-12-31T16:00:00Z")),
    ],
)
def test_a_day_is_whole_in_shanghai_and_an_instant_is_itself(begins, ends, wanted):
    """The last day is in it; the last instant is not, so that periods side by side share nothing."""
    assert Between(*(utc(each) for each in wanted)) == period(begins, ends)


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        ("yesterday", None, "from: 'yesterday' is neither a day, such as 2025-06-01, nor an instant"),
        (None, "2025-06-01T08:00:00", "to: '2025-06-01T08:00:00' is neither"),
        (None, "2025-06-01T08:00:00 08:00", "In an address the + of an offset is written %2B"),
        ("2025-02-29", None, "from: day is out of range for month"),
        ("1999-12-31", None, "from 1999-12-31 is outside the years 2000 to 2100"),
        ("9999-12-31", "9999-12-31", "is outside the years"),
        ("2025-06-02", "2025-06-01", "from 2025-06-02 to 2025-06-01 is an empty period"),
    ],
)
def test_what_is_no_period_is_refused(begins, ends, words):
    """With what was sent and what would be right."""
    with pytest.raises(Invalid) as caught:
        period(begins, ends)
    assert words in caught.value.detail
