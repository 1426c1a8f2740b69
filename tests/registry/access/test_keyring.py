"""API keys: recognisable, unguessable, and useless to somebody who has the database only."""

import hashlib
import hmac
import re

import pytest

from registry.access.keys.rules import Keyring

PEPPER = bytes(range(32))


@pytest.mark.parametrize("word", ["live", "sim"])
def test_a_secret_says_what_it_is(word):
    """Scanners find it by its prefix; 256 bits follow in 43 characters."""
    assert re.fullmatch(rf"kw_{word}_[A-Za-z0-9_-]{{43}}", Keyring(PEPPER, word).new_secret())


def test_secrets_do_not_repeat():
    """Each call makes another one."""
    keyring = Keyring(PEPPER, "live")
    assert 1_000 == len({keyring.new_secret() for _ in range(1_000)})


def test_lists_show_the_word_and_six_characters():
    """Enough to recognise a key, far from enough to guess the rest."""
    assert "kw_sim_abcdef" == Keyring(PEPPER, "sim").prefix("kw_sim_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")


def test_what_is_stored_is_keyed_with_the_pepper():
    """HMAC-SHA256, so that a stolen table cannot be searched, and not a plain hash in any order."""
    keyring, secret = Keyring(PEPPER, "live"), "kw_live_x"
    stored = keyring.hash(secret)
    assert hmac.new(PEPPER, secret.encode(), hashlib.sha256).digest() == stored
    plain = {
        hashlib.sha256(text).digest() for text in (secret.encode(), PEPPER + secret.encode(), secret.encode() + PEPPER)
    }
    assert stored not in plain


def test_a_fingerprint_has_128_bits_of_the_key():
    """Eight groups of the SHA-256, which nobody meets with another key; the first six are those of earlier versions."""
    shown = Keyring.fingerprint("kw_live_x")
    digest = hashlib.sha256(b"kilnwood key\nkw_live_x").hexdigest()
    assert (digest[:32], [4] * 8) == (shown.replace("-", ""), [len(group) for group in shown.split("-")])


def test_another_pepper_knows_none_of_the_keys():
    """A copied database is worth nothing beside another service."""
    secret = Keyring(PEPPER, "live").new_secret()
    assert Keyring(PEPPER, "live").hash(secret) != Keyring(PEPPER[::-1], "live").hash(secret)
