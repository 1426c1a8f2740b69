"""
What a text that somebody sends consists of: characters that can be seen, each spelled in one way.

Two names that look the same should be the same, and nothing that is sent may turn around, hide or end the line that it
is shown in. So control, format and unassigned characters are refused, bidirectional and zero-width ones among them, and
what shows nothing though Unicode counts it as a letter or a mark; and text must be in Unicode normalisation form C.

The rule holds for what is sent from now on. What was stored before is read as it is.
"""

import unicodedata
from typing import Final

LINES: Final = "lines"
"""The key of a type's `Meta.extra` that says: texts of several lines, in which line feed and tab are permitted."""
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_IN_LINES: Final = "\n\t"
_BLANK: Final = frozenset(
    # Combining grapheme joiner, Hangul fillers, Khmer inherent vowels, Mongolian variation selectors, blank Braille.
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    # Variation selectors.
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
_KINDS: Final = {
    "Cc": "a control character",
    "Cn": "an unassigned character",
    "Co": "a private-use character",
    "Cs": "half of a surrogate pair",
}


def fault(text: str, *, lines: bool = False) -> str:
    """
    What is wrong with *text*, with the code point and its position from 1; empty if nothing is.

    With *lines* it may have line feeds and tabs.
    """
    if text.isascii() and text.isprintable():
        return ""
    for position, char in enumerate(text, start=1):
        if (lines and char in _IN_LINES) or not _is_unseen(char):
            continue
        return f"{_called(char)} at position {position} is not permitted: it cannot be seen. Leave it out"
    if not unicodedata.is_normalized("NFC", text):
        normal = unicodedata.normalize("NFC", text)
        position = next(at for at, char in enumerate(text, start=1) if normal[at - 1 : at] != char)
        return f"it is not in Unicode normalisation form C from position {position} on. Send it normalised (NFC)"
    return ""


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN or char in _BLANK


def _called(char: str) -> str:
    kind = unicodedata.name(char, "") or _KINDS.get(unicodedata.category(char), "")
    return f"U+{ord(char):04X}" + f" ({kind})" * bool(kind)
