"""Strict readings of the small encodings in C2SP texts: base64, hexadecimal, decimal sizes."""

import binascii

SIZE_LIMIT = 1 << 63
HASH_BYTES = 32
_SIZE_DIGITS = len(str(SIZE_LIMIT))


class Malformed(ValueError):
    """The input does not have the form that its specification requires."""


class BadSignature(ValueError):
    """A signature by a known key does not verify, or no known key signed."""


def b64encode(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def b64decode(text: str) -> bytes:
    """
    Decode standard base64, refusing every spelling but the one that we would write.

    `a2b_base64` skips strange characters and stray bits, and its strict mode still accepts the bits; so the result is
    encoded again and compared: one value, one spelling. Raises `Malformed`.
    """
    try:
        data = binascii.a2b_base64(text)
    except ValueError as error:  # wrong padding, or characters beyond ASCII
        raise Malformed("not standard base64") from error
    if binascii.b2a_base64(data, newline=False).decode() != text:
        raise Malformed("base64 that is not in its one canonical spelling")
    return data


def parse_hash(text: str) -> bytes:
    """Decode the base64 of one SHA-256 value, 32 bytes. Raises `Malformed`."""
    data = b64decode(text)
    if len(data) != HASH_BYTES:
        raise Malformed(f"a hash has {HASH_BYTES} bytes, this has {len(data)}")
    return data


def parse_hex(text: str, *, size: int) -> bytes:
    """Decode *size* bytes of lower-case hexadecimal. Raises `Malformed`."""
    try:
        data = bytes.fromhex(text)
    except ValueError as error:
        raise Malformed("not hexadecimal") from error
    if len(data) != size or data.hex() != text:
        raise Malformed(f"expected {2 * size} lower-case hexadecimal digits")
    return data


def parse_size(text: str) -> int:
    """Read an ASCII decimal below 2^63 without sign or leading zero. Raises `Malformed`."""
    if not (text.isascii() and text.isdigit() and len(text) <= _SIZE_DIGITS):
        raise Malformed("not an ASCII decimal")
    value = int(text)
    if str(value) != text or value >= SIZE_LIMIT:
        raise Malformed("a decimal with a leading zero, or not below 2^63")
    return value
