"""Signed notes, verifier keys and the strictness that registry/transparency/FORMAT.md asks for."""

import pytest

from registry.transparency.format import curve
from registry.transparency.format.note import (
    ED25519,
    format_note,
    parse_note,
    parse_vkey,
    sign_note,
    verifier_key,
    verify_note,
)
from registry.transparency.format.signer import SeedSigner, parse_secret
from registry.transparency.format.text import BadSignature, Malformed, b64decode, parse_hex, parse_size

# The example of golang.org/x/mod/sumdb/note, from which signed-note was written down.
NEUMANN_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
NEUMANN_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NEUMANN_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NEUMANN_NOTE = f"{NEUMANN_TEXT}\n{NEUMANN_LINE}"
# The example of c2sp.org/signed-note.
QUASIMODO = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore \
NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""
ALICE = SeedSigner("alice.example", ED25519, bytes(32))
BOB = SeedSigner("bob.example", ED25519, bytes([1] * 32))


def test_the_published_example_signs_and_verifies():
    """Key text, key id and signature of the reference implementation, to the byte."""
    signer = parse_secret(NEUMANN_SECRET)
    assert NEUMANN_VKEY == signer.key.text() == parse_vkey(NEUMANN_VKEY).text()
    assert NEUMANN_SECRET == signer.secret_text()
    assert NEUMANN_NOTE == format_note(NEUMANN_TEXT, [sign_note(NEUMANN_TEXT, signer)])
    assert (signer.key,) == verify_note(parse_note(NEUMANN_NOTE), [signer.key])


def test_a_text_may_hold_empty_lines():
    """The example of the specification: the last empty line divides."""
    note = parse_note(QUASIMODO.encode())
    assert note.text.endswith("sole:\n\ned è subito sera.\n")
    assert "quasimodo.example/salvatore" == note.signatures[0].name
    assert QUASIMODO == format_note(*note)


def test_unknown_keys_are_ignored_and_known_ones_must_verify():
    """A line that shares a name or an id, not both, is unknown; a wrong one by a known key rejects the whole note."""
    alice, bob = sign_note("hello\n", ALICE), sign_note("hello\n", BOB)
    note = parse_note(format_note("hello\n", [bob, alice, alice._replace(key_id=b"\x00" * 4)]))
    assert (ALICE.key,) == verify_note(note, [ALICE.key])
    wrong = parse_note(format_note("hello\n", [bob, alice._replace(signature=bob.signature)]))
    with pytest.raises(BadSignature, match="does not verify"):
        verify_note(wrong, [ALICE.key, BOB.key])
    with pytest.raises(BadSignature, match="no trusted key"):
        verify_note(note, [parse_vkey(NEUMANN_VKEY)])


def test_sixteen_post_quantum_signatures_are_accepted():
    """What a verifier must accept at least; beyond 32 lines it need not read."""
    line = sign_note("hello\n", ALICE)._replace(signature=bytes(5000))
    assert 16 == len(parse_note(format_note("hello\n", [line] * 16)).signatures)
    short = line._replace(signature=b"x")
    with pytest.raises(Malformed, match="33 signatures"):
        parse_note("hello\n\n" + short.text() * 33)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        NEUMANN_TEXT + NEUMANN_LINE,
        NEUMANN_NOTE[:-1],
        NEUMANN_NOTE + "\n",
        NEUMANN_NOTE + "extra\n",
        NEUMANN_NOTE + "— x",
        NEUMANN_NOTE.replace("— ", "- "),
        NEUMANN_NOTE.replace("— ", "—"),
        NEUMANN_NOTE.replace("— ", " — "),
        NEUMANN_NOTE.replace(" x08", "  x08"),
        NEUMANN_NOTE.replace("nAM=", "nAN="),
        NEUMANN_NOTE.replace("nAM=", "nAM"),
        NEUMANN_NOTE.replace("nAM=", "nAM= "),
        NEUMANN_NOTE.replace("nAM=", "nAM=="),
        NEUMANN_NOTE.replace("x08go", "x08\u00a0go"),
        NEUMANN_NOTE.replace("PeterNeumann", "Peter+Neumann"),
        NEUMANN_NOTE.replace("PeterNeumann", "Peter\u2003Neumann"),
        NEUMANN_NOTE.replace("think", "think\r"),
        NEUMANN_NOTE.replace("think", "think\x00"),
        NEUMANN_NOTE.replace("\n", "\r\n"),
        "a\n\n— x AAAAAA==\n",
        "\n\n" + NEUMANN_LINE,
        "a\n\n— x AAAAAAA=\n" * 20_000,
        b"\xff\n\n" + NEUMANN_LINE.encode(),
        "\ud800\n\n" + NEUMANN_LINE,
    ],
)
def test_a_note_has_one_spelling(note):
    """Every line's prefix and count is checked, base64 is decoded and encoded again."""
    with pytest.raises(Malformed):
        parse_note(note)


@pytest.mark.parametrize("text", ["hello", "", "hello\n\nworld", "tab\there\n"])
def test_texts_that_cannot_be_read_back_are_not_written(text):
    """A note text ends in a newline and holds no control characters."""
    with pytest.raises(Malformed):
        format_note(text, [sign_note("x\n", ALICE)])


@pytest.mark.parametrize(
    "vkey",
    [
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # another id than the bytes give
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcDQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # type 2
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW=",
        "PeterNeumann+c74f20a3+",
        "PeterNeumann+c74f20a3",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "",
    ],
)
def test_verifier_keys_are_recomputed(vkey):
    """The id comes from the bytes; anything else is refused."""
    with pytest.raises(Malformed):
        parse_vkey(vkey)


@pytest.mark.parametrize(
    "secret", [NEUMANN_SECRET[1:], NEUMANN_SECRET.replace("c7", "c8"), "PRIVATE+KEY+a+b", "x", NEUMANN_SECRET[:-4]]
)
def test_private_keys_are_recomputed_and_never_quoted(secret):
    """A damaged private key is refused with a text that does not hold it."""
    with pytest.raises(Malformed) as caught:
        parse_secret(secret)
    assert "YEKFALVF" not in str(caught.value)


def add(p, q):
    """Edwards addition in affine coordinates."""
    (x1, y1), (x2, y2) = p, q
    k = curve.D * x1 * x2 * y1 * y2 % curve.P
    x = (x1 * y2 + x2 * y1) * pow(1 + k, -1, curve.P)
    y = (y1 * y2 + x1 * x2) * pow(1 - k, -1, curve.P)
    return x % curve.P, y % curve.P


def recovered_x(y):
    """A square root of (y^2 - 1) / (d y^2 + 1), or None (RFC 8032 section 5.1.3)."""
    square = (y * y - 1) * pow(curve.D * y * y + 1, -1, curve.P) % curve.P
    x = pow(square, (curve.P + 3) // 8, curve.P)
    if x * x % curve.P != square:
        x = x * pow(2, (curve.P - 1) // 4, curve.P) % curve.P
    return x if x * x % curve.P == square else None


def test_the_low_order_points_are_those_whose_eightfold_is_the_identity():
    """The five listed y are on the curve and three doublings give (0, 1); they are eight points in all."""
    points = set()
    for y in curve.LOW_ORDER_Y:
        x = recovered_x(y)
        assert x is not None
        points |= {(x, y), (-x % curve.P, y)}
        doubled = (x, y)
        for _ in range(3):
            doubled = add(doubled, doubled)
        assert (0, 1) == doubled
    assert 8 == len(points)


def encodings_to_refuse():
    """Low order with either sign, the same not reduced, and y of points that are not on the curve."""
    for y in curve.LOW_ORDER_Y:
        for value in (y, y + curve.P):
            for sign in (0, 1 << 255):
                if value < 1 << 255:
                    yield value | sign
    yield from (curve.P + 2, curve.P + 18, (1 << 255) - 1, (1 << 256) - 1)
    yield from (y for y in range(2, 60) if recovered_x(y) is None)


@pytest.mark.parametrize("value", sorted(set(encodings_to_refuse())))
def test_unsound_ed25519_keys_are_refused(value):
    """Low-order, non-canonical and off-curve keys never become a verifier key."""
    with pytest.raises(Malformed):
        verifier_key("x", ED25519, value.to_bytes(32, "little"))


def test_sound_keys_are_accepted():
    """Every y of a point on the curve, and every generated key."""
    for y in range(2, 60):
        if recovered_x(y) is not None:
            verifier_key("x", ED25519, y.to_bytes(32, "little"))
    for seed in range(100):
        SeedSigner("x", ED25519, seed.to_bytes(32, "big"))


@pytest.mark.parametrize("text", ["AB==", "AAB=", "AA", "AA=", "AA==\n", " AA==", "A-__", "AA==AA==", "=", "é==="])
def test_base64_has_one_spelling(text):
    """`b64decode(validate=True)` takes AB== and AAB=; we do not."""
    with pytest.raises(Malformed):
        b64decode(text)


@pytest.mark.parametrize(
    "text", ["", "00", "01", "-1", "+1", " 1", "1 ", "1_0", "١", "²", "1e3", str(1 << 63), "9" * 5000]
)
def test_decimals_have_one_spelling(text):
    """No sign, no leading zero, no other digits, below 2^63."""
    with pytest.raises(Malformed):
        parse_size(text)
    assert [0, 7, (1 << 63) - 1] == [parse_size(each) for each in ("0", "7", str((1 << 63) - 1))]


@pytest.mark.parametrize("text", ["AB", "a", "ab cd", "", "abcd", "zz", " ab"])
def test_hexadecimal_has_one_spelling(text):
    """Lower case, no spaces, the exact length."""
    with pytest.raises(Malformed):
        parse_hex(text, size=1)
