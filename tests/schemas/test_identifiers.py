"""USCC and LEI: known organisations pass, every single slip is named."""

import re

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.identifiers import (
    LEI_ALPHABET,
    USCC_ALPHABET,
    Identifier,
    check_lei,
    check_uscc,
    lei_check_digits,
    uscc_check_character,
)

KNOWN_USCC = ["9144030071526726XG", "91330100799655058B", "91110000802100433B"]
KNOWN_LEI = ["5493001KJTIIGC8Y1R12", "529900T8BM49AURSDO55", "HWUPKR0MPOU8FGXBT394"]

usccs = st.text(USCC_ALPHABET, min_size=17, max_size=17).map(lambda body: body + uscc_check_character(body))
leis = st.text(LEI_ALPHABET, min_size=18, max_size=18).map(lambda body: body + lei_check_digits(body))


@pytest.mark.parametrize("text", KNOWN_USCC)
def test_known_organisations_have_a_valid_uscc(text):
    """Three published codes pass as they stand."""
    check_uscc(text)


@pytest.mark.parametrize("text", KNOWN_LEI)
def test_known_organisations_have_a_valid_lei(text):
    """Three published identifiers pass as they stand."""
    check_lei(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9144030071526726X", "USCC: 18 characters expected, 17 given"),
        ("9144030071526726XG0", "USCC: 18 characters expected, 19 given"),
        ("", "USCC: 18 characters expected, 0 given"),
        ("9144030071526726XI", "USCC: character 'I' at position 18 is not one of"),
        ("9144O30071526726XG", "USCC: character 'O' at position 5 is not one of"),
        ("9144030071526726xG", "USCC: character 'x' at position 17 is not one of"),
        ("９144030071526726XG", "USCC: character '９' at position 1 is not one of"),
        ("9144030071526726XH", "the check character is H, expected G"),
    ],
)
def test_a_wrong_uscc_is_refused_with_the_reason(text, message):
    """Length, character with its position, or the expected check character."""
    with pytest.raises(ValueError, match=re.escape(message)):
        check_uscc(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5493001KJTIIGC8Y1R1", "LEI: 20 characters expected, 19 given"),
        ("5493001KJTIIGC8Y1r12", "LEI: character 'r' at position 18 is not one of"),
        ("5493001KJTIIGC8Y1R13", "the check digits are 13, expected 12"),
        ("5493001KJTIIGC8Y1RAA", "the check digits are AA, expected 12"),
    ],
)
def test_a_wrong_lei_is_refused_with_the_reason(text, message):
    """Length, character with its position, or the expected check digits."""
    with pytest.raises(ValueError, match=re.escape(message)):
        check_lei(text)


@given(usccs, st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_any_single_slip_in_a_uscc_is_noticed(code, place, char):
    """31 is prime and 3 has no zero power, so every replaced character changes the sum."""
    slipped = code[:place] + char + code[place + 1 :]
    if slipped == code:
        check_uscc(slipped)
        return
    with pytest.raises(ValueError, match="expected"):
        check_uscc(slipped)


@given(leis, st.integers(0, 19), st.sampled_from(LEI_ALPHABET))
def test_a_slip_of_digit_for_digit_or_letter_for_letter_in_an_lei_is_noticed(code, place, char):
    """ISO 7064 mod 97-10 finds these always; a letter for a digit lengthens the number and may slip by."""
    slipped = code[:place] + char + code[place + 1 :]
    assume(char.isdigit() == code[place].isdigit())
    if slipped == code:
        check_lei(slipped)
        return
    with pytest.raises(ValueError, match="expected"):
        check_lei(slipped)


@given(leis)
def test_every_lei_built_here_is_one_modulo_97(code):
    """The definition of ISO 7064, computed a second way."""
    assert 1 == int("".join(str(int(char, 36)) for char in code)) % 97


def test_an_identifier_verifies_itself_when_decoded():
    """A body with a wrong check character is a validation error, not an organisation."""
    good = b'{"scheme":"uscc","value":"9144030071526726XG"}'
    assert Identifier(scheme="uscc", value="9144030071526726XG") == msgspec.json.decode(good, type=Identifier)
    for bad in (good.replace(b"XG", b"XH"), b'{"scheme":"lei","value":"5493001KJTIIGC8Y1R13"}'):
        with pytest.raises(msgspec.ValidationError, match="expected"):
            msgspec.json.decode(bad, type=Identifier)


def test_an_unknown_scheme_is_refused():
    """Only the two schemes are checked, so only they are accepted."""
    with pytest.raises(msgspec.ValidationError, match="duns"):
        msgspec.json.decode(b'{"scheme":"duns","value":"123456789"}', type=Identifier)
