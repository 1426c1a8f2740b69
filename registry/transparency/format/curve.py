"""
Which 32 bytes are an Ed25519 public key worth trusting.

OpenSSL accepts any bytes as a key and some of them verify signatures that nobody made: points of low order. RFC 8032
section 5.1.3 says which encodings are canonical. Checked once, when a key is loaded.
"""

from registry.transparency.format.text import Malformed

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
_SIGN = 1 << 255

# y of the eight points whose order divides 8: order 1, 2, 4 and, twice, 8. A test finds them again by arithmetic.
_Y_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
LOW_ORDER_Y = frozenset({1, P - 1, 0, _Y_ORDER_8, P - _Y_ORDER_8})


def require_sound_point(public: bytes) -> None:
    """Refuse an Ed25519 key that is not canonical, not on the curve or of low order. Raises `Malformed`."""
    value = int.from_bytes(public, "little")
    y = value & ~_SIGN
    if y >= P:
        raise Malformed("an Ed25519 key whose encoding is not canonical")
    if y in LOW_ORDER_Y:
        raise Malformed("an Ed25519 key of low order: it would accept signatures that nobody made")
    # x^2 = (y^2 - 1) / (d y^2 + 1); the quotient is a square exactly when the product is (Euler's criterion).
    # x = 0 only for y = 1 and y = -1, refused above, so the sign bit is free.
    product = (y * y - 1) * (D * y * y + 1) % P
    if pow(product, (P - 1) // 2, P) != 1:
        raise Malformed("an Ed25519 key that is not a point of the curve")
