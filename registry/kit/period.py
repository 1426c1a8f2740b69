"""
The time that a list is asked for: `from` and `to`, each a day or an instant.

A day is a whole day in Asia/Shanghai, which has kept UTC+8 without summer time since 1991; an instant is itself.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final, NamedTuple

from registry.kit.problems import Invalid
from schemas.scalars import check_years

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class Between(NamedTuple):
    """From *begins*, included, to *ends*, not included; None is open. As it stands, the last arguments of a query."""

    begins: datetime | None = None
    ends: datetime | None = None


def period(begins: str | None, ends: str | None) -> Between:
    """
    Read the two ends of a period. The day named by *ends* is in it, the instant named by *ends* is not.

    Raises `Invalid` for what is neither a day nor an instant, and for a period that does not end after it begins.
    """
    found = Between(_moment("from", begins, at_end=False), _moment("to", ends, at_end=True))
    if found.begins and found.ends and found.begins >= found.ends:
        raise Invalid(f"from {begins} to {ends} is no time at all: from must come before to.")
    return found


def _moment(name: str, text: str | None, *, at_end: bool) -> datetime | None:
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            check_years(name, day)
            return datetime.combine(day + timedelta(days=at_end), time(), SHANGHAI).astimezone(UTC)
        if _INSTANT.fullmatch(text):
            instant = datetime.fromisoformat(text).astimezone(UTC)
            check_years(name, instant)
            return instant
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{name}: {error}.") from error
    raise Invalid(
        f"{name}: {text[:40]!r} is neither a day, such as 2025-06-01, nor an instant, such as 2025-06-01T08:00:00Z. "
        "In an address the + of an offset is written %2B."
    )
