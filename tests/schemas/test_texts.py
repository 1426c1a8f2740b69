"""What texts may consist of: nothing that hides, turns around or ends a line, and one spelling of each character."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import texts

INVISIBLE = [
    *range(0x20),
    *range(0x7F, 0xA0),
    *(0xAD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x180B, 0x180E, 0x2800, 0x3164, 0xFEFF, 0xFFA0),
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    *(
        0xD800,
        0xDFFF,
        0xE000,
        0xF8FF,
        0xFE00,
        0xFE0F,
        0xFFF9,
        0xFFFE,
        0xFFFF,
        0x1D173,
        0xE0001,
        0xE0041,
        0xE0100,
        0x10FFFF,
    ),
]
GOOD = (
    *(
        "",
        "Longquan Kiln Works",
        "成都碳惠天府",
        "喆 玥 堃 祎 昇 镕",
        "ᠮᠣᠩᠭᠣᠯ",
        "ئۇيغۇر",
        "བོད་ཡིག",
        "Zürich Süd",
        "Ångström",
    ),
    *("山　水", "t CO₂e", "½ ‰ № €", "«Ünïcode» – “quoted”", "🌲", "a\u00a0b"),
)


@pytest.mark.parametrize("code", INVISIBLE, ids=lambda code: f"U+{code:04X}")
def test_what_cannot_be_seen_is_named(code):
    """With its code point and position, wherever it stands."""
    for text, position in ((chr(code), 1), (f"龙泉{chr(code)}", 3), (f"ab{chr(code)}cd", 3)):
        said = texts.fault(text)
        assert said.startswith(f"U+{code:04X} ("), said
        assert f"at position {position} is not permitted" in said
        assert said.isascii()


@pytest.mark.parametrize("text", GOOD)
def test_names_of_people_and_places_pass(text):
    """Of every script that is written here, with the spaces and signs that go with it."""
    assert "" == texts.fault(text) == texts.fault(text, lines=True)


def test_lines_and_tabs_pass_where_they_are_permitted():
    """A carriage return, which would overwrite the line in a terminal, does not."""
    assert "" == texts.fault("One\n\tTwo\n", lines=True)
    assert "U+000A" in texts.fault("One\nTwo")
    assert "U+0009" in texts.fault("One\tTwo")
    assert "U+000D (a control character) at position 4" in texts.fault("One\r\nTwo", lines=True)


@pytest.mark.parametrize(
    ("text", "position"), [("Cafe\u0301", 4), ("\u212bngstro\u0308m", 1), ("龍\uf9dc", 2), ("a\u0323\u0307b", 1)]
)
def test_one_spelling_of_each_character(text, position):
    """Normalisation form C or not: a letter with its accent apart is refused, and not changed in silence."""
    said = texts.fault(text)
    assert f"not in Unicode normalisation form C from position {position} on" in said
    assert "" == texts.fault(unicodedata.normalize("NFC", text))


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_what_is_refused_is_refused_for_a_reason(text):
    """Of letters, numbers, signs and spaces only blank ones are refused, once they are normalised."""
    normal = unicodedata.normalize("NFC", text)
    said = texts.fault(normal)
    assert not said or any(char in normal for char in texts._BLANK)


def test_every_code_point_of_the_forbidden_categories():
    """All of them, over the whole of Unicode as this Python knows it."""
    forbidden = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
    passed = [
        hex(c)
        for c in range(sys.maxunicode + 1)
        if unicodedata.category(chr(c)) in forbidden and not texts._is_unseen(chr(c))
    ]
    assert [] == passed
