"""One spelling of words that people write differently, so that they can be compared."""

import re
import unicodedata


def spelling(text: str) -> str:
    """
    One spelling of texts that differ in width, case and spaces only.

    A final sigma is a sigma: whether a letter stands last says nothing. Migration 0050 spells in the same way.
    """
    small = unicodedata.normalize("NFKC", text).lower().replace("ς", "σ")
    return re.sub(r"\s+", " ", small).strip()
