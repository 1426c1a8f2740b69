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


def test_a_guests_link_is_not_in_a_log():
    """What its address has is recognised wherever it stands, and the rest of the path stays."""
    secret = ids.link_secret(bytes(range(32)))
    assert re.fullmatch(r"G-[A-Z2-7]{26}", secret)
    assert ids.link_secret(bytes(32)) != secret == ids.link_secret(bytes(range(32)))
    paths = {"/v1/guests/{}/simulated-payment", "/e/K7M2QWXZ/{}", "/v1/guests/{}.json"}
    assert {each.format("G-…") for each in paths} == {ids.without_secrets(each.format(secret)) for each in paths}
    assert "/retirements/R-ABC" == ids.without_secrets("/retirements/R-ABC")
