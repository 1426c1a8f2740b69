"""Identifiers of receipts and orders."""

import re

from registry.kit import ids


def test_an_identifier_has_its_prefix_and_130_random_bits():
    """26 base32 characters: safe in a file name, in an address and read aloud."""
    assert re.fullmatch(r"R-[A-Z2-7]{26}", ids.new("R"))


def test_identifiers_do_not_repeat():
    """Every position varies, so none of the bits is lost."""
    made = {ids.new("R") for _ in range(2_000)}
    assert 2_000 == len(made)
    assert all(len(column) > 16 for column in map(set, zip(*(each[2:] for each in made), strict=True)))
