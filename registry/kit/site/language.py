"""
The two languages of pages, Chinese and English: which one a request wants, its words, numbers and dates.

The text in templates is English. Each folder of templates has a `zh.po` beside it, in the format of gettext, that gives
the Chinese, the frame's also `problems.po` with the titles of refusals; `tests/site/test_words.py` finds a text that is
missing there. The texts of refusals are in `translated_refusals.py`.
"""

import gettext
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from registry.kit.period import SHANGHAI
from registry.kit.site.translated_refusals import REFUSALS, TranslatedRefusals

Code = Literal["en", "zh"]
CODES: Final[tuple[Code, ...]] = ("en", "zh")
NAMES: Final[Mapping[Code, str]] = {"en": "English", "zh": "中文"}
_THIN_SPACE: Final = "\N{NARROW NO-BREAK SPACE}"
_LOCALES: Final[Mapping[Code, str]] = {"en": "en_GB", "zh": "zh_Hans_CN"}
"""Days before months in English, as the rest of the world outside the USA writes them."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language with all its words."""

    code: Code
    words: gettext.NullTranslations
    refusals: TranslatedRefusals | None = None

    def day(self, value: date) -> str:
        """A day: ``6 Jan 2025``, ``2025年1月6日``."""
        return _day(date(value.year, value.month, value.day), _LOCALES[self.code])

    def instant(self, value: datetime) -> str:
        """An instant in Asia/Shanghai, to the minute."""
        shown = value.astimezone(SHANGHAI)
        return f"{self.day(shown)} {shown:%H:%M}"

    def word(self, english: str) -> str:
        """The word in this language."""
        return self.words.gettext(english)

    def translated(self, refusal: str) -> str | None:
        """What was refused in this language; None if it can be said in English only."""
        return self.refusals.of(refusal) if self.refusals else refusal


@lru_cache(maxsize=4096)
def _day(value: date, locale: str) -> str:
    """A page has the same few days again and again, and Babel takes a tenth of a millisecond for each."""
    return format_date(value, format="medium", locale=locale)


def number(value: int) -> str:
    """A whole number in groups of three, with spaces that do not break: ``10 726 000``."""
    return f"{value:,}".replace(",", _THIN_SPACE)


def tonnes(value_kg: int) -> str:
    """Kilograms as tonnes, with as many decimals as there are kilograms: ``6 396``, ``1.2``."""
    whole, rest = divmod(value_kg, 1000)
    return number(whole) + (f".{rest:03}".rstrip("0") if rest else "")


def size(value_bytes: int) -> str:
    """How large a file is: ``812 B``, ``1.4 kB``, ``2.0 MB``."""
    if value_bytes < 1000:  # noqa: PLR2004 - units of a thousand
        return f"{number(value_bytes)} B"
    value, unit = (value_bytes / 1000, "kB") if value_bytes < 1_000_000 else (value_bytes / 1_000_000, "MB")  # noqa: PLR2004 - as above
    return f"{value:.1f} {unit}"


def yuan(value_fen: int) -> str:
    """Fen as yuan with two decimals: ``204 820.60``."""
    sign, fen = ("\N{MINUS SIGN}", -value_fen) if value_fen < 0 else ("", value_fen)
    return f"{sign}{number(fen // 100)}.{fen % 100:02}"


def percent(basis_points: int) -> str:
    """Hundredths of a percent as percent: ``0 %``, ``1.25 %``."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}{f'.{rest:02}'.rstrip('0') if rest else ''} %"


def languages(folders: Iterable[Path]) -> dict[Code, Language]:
    """Both languages, with the catalogues of all *folders*. Raises `LookupError` if two disagree about a text."""
    chinese: dict[str, str] = {}
    for folder in folders:
        for text, meant in catalogue(folder).items():
            if chinese.setdefault(text, meant) != meant:
                raise LookupError(f"{folder}: {text!r} is {meant!r} here and {chinese[text]!r} elsewhere")
    words = _Words(chinese)
    refusals = TranslatedRefusals(catalogue(REFUSALS), words.gettext)
    return {"en": Language("en", gettext.NullTranslations()), "zh": Language("zh", words, refusals)}


def catalogue(folder: Path) -> dict[str, str]:
    """The texts of the catalogues of one folder with their translations; a text without one is left out."""
    texts: dict[str, str] = {}
    for file in sorted(folder.glob("*.po")):
        with file.open("rb") as opened:
            found: Catalog = read_po(opened, locale="zh")
        texts |= {str(each.id): str(each.string) for each in found if each.id and each.string}
    return texts


class _Words(gettext.NullTranslations):
    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__()
        self._words = words

    def gettext(self, message: str) -> str:
        return self._words.get(message, message)


def chosen(query: str | None, cookie: str | None, accepted: str) -> Code:
    """The language of a request: asked for in its address, chosen before, or the first of its browser that we speak."""
    for asked in (query, cookie):
        if asked in CODES:
            return "zh" if asked == "zh" else "en"
    for each in accepted.split(","):
        tag = each.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh"
        if tag.startswith("en"):
            return "en"
    return "en"
