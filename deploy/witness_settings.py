"""How the setting that names the witnesses is read."""

from typing import TypeAlias
from urllib.parse import urlsplit

from deploy import encrypted
from registry.transparency.format.note import COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44, VerifierKey, parse_vkey
from registry.transparency.format.text import Malformed

_WITNESSES = "for each witness its URL, then one or two verifier keys, separated by spaces"
Witnesses: TypeAlias = tuple[tuple[str, tuple[VerifierKey, ...]], ...]
"""URL and keys of each: Ed25519 (0x04), ML-DSA-44 (0x06), or both under one name."""


def read_witnesses(text: str) -> Witnesses:
    """The witnesses that a text names. Raises `ValueError`."""
    found: list[tuple[str, list[VerifierKey]]] = []
    for word in text.split():
        if not found or word.startswith(("http://", "https://")):
            found.append((_web(word), []))
        else:
            found[-1][1].append(_witness_key(word))
    for url, keys in found:
        kinds = {key.kind for key in keys}
        if not keys or len(kinds) < len(keys) or len({key.name for key in keys}) > 1:
            raise ValueError(f"{_WITNESSES} ({url} has {len(keys)} keys; two are of both types, under one name)")
    return tuple((url, tuple(keys)) for url, keys in found)


def _web(text: str) -> str:
    try:
        url = urlsplit(text)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"{_WITNESSES} ({text} is no URL of http or https)")
    try:
        encrypted.require_web(text)
    except ValueError as error:
        raise ValueError(f"{_WITNESSES} ({error})") from error
    return text


def _witness_key(text: str) -> VerifierKey:
    try:
        key = parse_vkey(text)
    except Malformed as error:
        raise ValueError(f"{_WITNESSES} ({error})") from error
    if key.kind not in (COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44):
        raise ValueError(f"{_WITNESSES} (the key of {key.name} has type {key.kind:#04x}, a witness's has 0x04 or 0x06)")
    return key
