"""Public identifiers that are not counters: receipts and orders."""

import base64
import secrets


def new(prefix: str) -> str:
    """A random identifier of 130 bits: *prefix*, a dash, 26 base32 characters."""
    return f"{prefix}-{base64.b32encode(secrets.token_bytes(17)).decode()[:26]}"
