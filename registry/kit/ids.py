"""Public identifiers that are not counters: receipts and orders."""

import base64
import re
import secrets
from typing import Final

_SECRET: Final = re.compile(r"G-[A-Z2-7]{26}")


def new(prefix: str) -> str:
    """A random identifier of 130 bits: *prefix*, a dash, 26 base32 characters."""
    return f"{prefix}-{base64.b32encode(secrets.token_bytes(17)).decode()[:26]}"


def link_secret(digest: bytes) -> str:
    """What a guest's link has, of a keyed digest: ``G-`` and 130 bits in base32. `without_secrets` knows it again."""
    return f"G-{base64.b32encode(digest).decode()[:26]}"


def without_secrets(path: str) -> str:
    """A path as it may be logged: a reader of the log gets no guest's link out of it."""
    return _SECRET.sub("G-…", path)
