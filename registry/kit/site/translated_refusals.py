"""
Refusals in Chinese: the English text that a rule raised, matched against the templates of the catalogues.

Rules and the API speak English. A catalogue in `refusals/` has each text as a template with a numbered gap for every
value, ``There is no claim {0}.``, and its Chinese with the same gaps, in any order. What fills a gap is a value, a word
of the domain, a list of such words or a text of its own, and is looked up in the same way. Matching goes through a text
once for each template, without backtracking: a text that somebody put into a refusal cannot make it slow.
"""

import re
import string
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

REFUSALS: Final = Path(__file__).parent / "refusals"
"""The catalogues."""
_DEEP: Final = 3
"""A gap within a gap within a gap: a fault, in a declaration, in what was said when it was first sent."""
_SENTENCES: Final = 12
_LEAST: Final = 6
"""Templates with fewer letters of their own, such as ``{0} and {1}``, have numbers and words in their gaps only."""
_LISTS: Final = ((", ", "、"), (" or ", "或"), (" and ", "和"))
_NUMBERED: Final = re.compile(r"(?:^| )\((\d+)\) ")


class _Template(NamedTuple):
    literals: tuple[str, ...]
    """What stands before, between and after the gaps."""
    meant: str
    letters: int

    def gaps(self, text: str) -> list[str] | None:
        """What fills the gaps in *text*, each as short as it can be, or None if it is another text."""
        first, last = self.literals[0], self.literals[-1]
        at, end = len(first), len(text) - len(last)
        if end < at or not text.startswith(first) or not text.endswith(last):
            return None
        found = []
        for literal in self.literals[1:-1]:
            there = text.find(literal, at, end)
            if there < 0:
                return None
            found.append(text[at:there])
            at = there + len(literal)
        return [*found, text[at:end]]


class TranslatedRefusals:
    """The Chinese of refusals. *word* is the Chinese of a word of the domain, or the word itself."""

    def __init__(self, catalogue: Mapping[str, str], word: Callable[[str], str]) -> None:
        self._whole: dict[str, str] = {}
        templates = []
        for text, meant in catalogue.items():
            literals = literals_of(text)
            if len(literals) == 1:
                self._whole[literals[0]] = meant.format()
            else:
                templates.append(_Template(literals, meant, sum(each.isalpha() for each in "".join(literals))))
        self._templates = sorted(templates, key=lambda each: -sum(map(len, each.literals)))
        self._word = word
        self.of = lru_cache(maxsize=1024)(self._of)

    def _of(self, text: str) -> str | None:
        """*text* in Chinese, or None if no template has it."""
        if (parts := _NUMBERED.split(text)) and not parts[0] and len(parts) > 1:
            told = [(number, self.of(said)) for number, said in zip(parts[1::2], parts[2::2], strict=True)]
            return "".join(f"（{number}）{said}" for number, said in told) if all(said for _, said in told) else None
        small = text[:1].lower() + text[1:]  # a fault of a whole body begins as a sentence does
        return self._text(text, _DEEP) or self._text(small, _DEEP) or self._sentences(text)

    def _text(self, text: str, deep: int) -> str | None:
        if text in self._whole:
            return self._whole[text]
        for each in self._templates:
            gaps = each.gaps(text)
            if gaps is not None and (each.letters >= _LEAST or all(self._is_plain(gap) for gap in gaps)):
                return each.meant.format(*(self._gap(gap, deep) for gap in gaps))
        return None

    def _gap(self, text: str, deep: int) -> str:
        text = text.strip()
        for apart, together in (("\0", ""), *_LISTS):
            words = [self._known(each) for each in text.split(apart)]
            if all(words):
                return together.join(filter(None, words))
        return (self._text(text, deep - 1) if deep else None) or text

    def _is_plain(self, text: str) -> bool:
        return text.replace(",", "").isdigit() or self._known(text) is not None

    def _known(self, text: str) -> str | None:
        """A word of the domain in Chinese, or None."""
        plain = text.replace("_", " ")
        found = self._whole.get(text) or self._word(plain)
        return found if found != plain else None

    def _sentences(self, text: str) -> str | None:
        """Sentences that were put together from several texts."""
        parts = text.split(". ", _SENTENCES)
        for at in range(1, len(parts)):
            first = self._text(". ".join(parts[:at]) + ".", _DEEP)
            rest = self._of(". ".join(parts[at:])) if first else None
            if first and rest:
                return first + rest
        return None


def forms_of(catalogue: Mapping[str, str]) -> list[tuple[str, str]]:
    """The templates of a catalogue for a script: as regular expressions, most text first, with their Chinese."""
    found = [(literals_of(text), meant) for text, meant in catalogue.items()]
    found.sort(key=lambda each: -sum(map(len, each[0])))
    return [(f"^{'(.*?)'.join(map(re.escape, literals))}$", meant) for literals, meant in found]


def literals_of(template: str) -> tuple[str, ...]:
    """What stands around the gaps of a template."""
    found = [""]
    for literal, gap, *_ in string.Formatter().parse(template):
        found[-1] += literal
        if gap is not None:
            found.append("")
    return tuple(found)
