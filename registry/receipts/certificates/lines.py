"""Texts, numbers and dates as a sheet has them, each in one line. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from registry.kit.lettering import one_line

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
WORDS_LIMIT: Final = 160
"""Characters of one text of a sheet; the attached receipt has it in full."""
SERIALS_SHOWN: Final = 3


def short(text: str, limit: int = WORDS_LIMIT) -> str:
    """One line of *limit* characters at most, so that it fits on the sheet."""
    line = one_line(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def serials(parts: Sequence[str]) -> str:
    """The first serials, and how many more there are."""
    more = len(parts) - SERIALS_SHOWN
    return ", ".join(parts[:SERIALS_SHOWN]) + (f" … 另 {more} 段 and {more} more" if more > 0 else "")


def number(kg: int) -> str:
    """Thousands by thin spaces."""
    return f"{kg:,}".replace(",", "\u2009")


def mass(kg: int) -> str:
    """Kilograms with their unit; empty for none."""
    return f"{number(kg)} kg" if kg else ""


def day(at: datetime) -> str:
    """The date in Shanghai."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d}"


def moment(at: datetime) -> str:
    """The time in Shanghai."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} (UTC+8)"
