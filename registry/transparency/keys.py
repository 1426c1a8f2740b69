"""
Private keys in files: one line each, mode 0600, in a folder of mode 0700.

Only the sequencer (issuer, log) and a witness (its own) read them; no API process, no database, no log ever does. Files
hold `PRIVATE+KEY+name+hash+base64(type || seed)`, so a key cannot be used under another name or for another purpose.
"""

import os
import secrets
from pathlib import Path
from typing import NamedTuple

from registry.kit import private
from registry.kit.private import TooOpen
from registry.transparency.format.note import COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44, ED25519
from registry.transparency.format.signer import SEED_BYTES, SeedSigner, parse_secret
from registry.transparency.format.text import Malformed

ISSUER_FILE = "issuer.key"
LOG_ED25519_FILE = "log-ed25519.key"
LOG_ML_DSA_44_FILE = "log-ml-dsa-44.key"
HEAD_FILE = "head.json"
"""Beside the registry's keys: what they have signed (`registry.transparency.head`)."""
WITNESS_FILE = "witness.key"
WITNESS_ML_DSA_44_FILE = "witness-ml-dsa-44.key"
_WITNESS_FILES = {COSIGNATURE_ED25519: WITNESS_FILE, COSIGNATURE_ML_DSA_44: WITNESS_ML_DSA_44_FILE}
_FILE_LIMIT_BYTES = 4096


class KeyTrouble(Exception):
    """A key file is missing, exists already, is readable by others or is invalid. The text never quotes the secret."""


class RegistryKeys(NamedTuple):
    """The keys of the sequencer: one for statements, two for checkpoints."""

    issuer: SeedSigner
    log_ed25519: SeedSigner
    log_ml_dsa_44: SeedSigner


def create_registry_keys(folder: Path, origin: str) -> RegistryKeys:
    """
    Make the three keys of a registry: `<origin>/issuer`, and two log keys that bear the *origin* as the name.

    A crash in between leaves some of the files; `load_registry_keys` then names the missing one, and deleting the
    folder, which has signed nothing yet, starts afresh. Raises `KeyTrouble` if a file exists. Check
    `has_keys` first: a folder that lost some of its files must not get new ones.
    """
    return RegistryKeys(
        create_key(folder / ISSUER_FILE, f"{origin}/issuer", ED25519),
        create_key(folder / LOG_ED25519_FILE, origin, ED25519),
        create_key(folder / LOG_ML_DSA_44_FILE, origin, COSIGNATURE_ML_DSA_44),
    )


def has_keys(folder: Path) -> bool:
    """Whether *folder* holds, or once held, a registry's keys: any of the files is there."""
    return any((folder / name).exists() for name in (ISSUER_FILE, LOG_ED25519_FILE, LOG_ML_DSA_44_FILE, HEAD_FILE))


def load_registry_keys(folder: Path, origin: str) -> RegistryKeys:
    """Read the three keys and check that they belong to *origin*. Raises `KeyTrouble`."""
    return RegistryKeys(
        load_key(folder / ISSUER_FILE, kind=ED25519),
        load_key(folder / LOG_ED25519_FILE, kind=ED25519, name=origin),
        load_key(folder / LOG_ML_DSA_44_FILE, kind=COSIGNATURE_ML_DSA_44, name=origin),
    )


def create_witness_key(folder: Path, name: str, kind: int = COSIGNATURE_ED25519) -> SeedSigner:
    """Make a witness's cosigning key, Ed25519 (0x04) or ML-DSA-44 (0x06). Raises `KeyTrouble` when there is one."""
    return create_key(folder / _WITNESS_FILES[kind], name, kind)


def witness_kinds(folder: Path) -> list[int]:
    """The types of the witness keys in *folder*."""
    return [kind for kind, file in _WITNESS_FILES.items() if (folder / file).exists()]


def load_witness_keys(folder: Path) -> tuple[SeedSigner, ...]:
    """
    Read a witness's cosigning keys: Ed25519, ML-DSA-44, or both under one name.

    Raises `KeyTrouble`, also where there is none.
    """
    found = witness_kinds(folder) or [COSIGNATURE_ED25519]
    signers = tuple(load_key(folder / _WITNESS_FILES[kind], kind=kind) for kind in found)
    if len({each.key.name for each in signers}) > 1:
        raise KeyTrouble(f"the keys in {folder} bear the names {' and '.join(each.key.name for each in signers)}")
    return signers


def create_key(path: Path, name: str, kind: int) -> SeedSigner:
    """
    Make a key of *kind* (0x01, 0x04, 0x06) and write it, never over another one.

    The file is on disk, with its folder, before anything can be signed. Raises `KeyTrouble`.
    """
    try:
        signer = SeedSigner(name, kind, secrets.token_bytes(SEED_BYTES))
    except Malformed as error:
        raise KeyTrouble(str(error)) from error
    try:
        private.make_folder(path.parent)
        handle = private.create(path, exclusive=True)
    except TooOpen as error:
        raise KeyTrouble(str(error)) from error
    except FileExistsError as error:
        raise KeyTrouble(f"{path} exists; a key is never overwritten") from error
    except OSError as error:
        raise KeyTrouble(f"{path} cannot be made: {error.strerror}") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{signer.secret_text()}\n")
        file.flush()
        os.fsync(file.fileno())
    private.fsync_folder(path.parent)
    return signer


def load_key(path: Path, *, kind: int, name: str | None = None) -> SeedSigner:
    """Read a key file of mode 0600 or narrower, of *kind* and, if given, of *name*. Raises `KeyTrouble`."""
    text = read_private(path)
    try:
        signer = parse_secret(text.removesuffix("\n"))
    except Malformed as error:
        raise KeyTrouble(f"{path}: {error}") from error
    if signer.key.kind != kind:
        raise KeyTrouble(f"{path} holds a key of type {signer.key.kind:#04x}, {kind:#04x} is wanted")
    if name is not None and signer.key.name != name:
        raise KeyTrouble(f"{path} holds the key of {signer.key.name}, not of {name}")
    return signer


def read_private(path: Path, *, limit_bytes: int = _FILE_LIMIT_BYTES) -> str:
    """The text of a file of mode 0600 or narrower, in a folder of 0700. Raises `KeyTrouble`, which never quotes it."""
    try:
        return private.read_secret(path, limit_bytes).decode()
    except TooOpen as error:
        raise KeyTrouble(str(error)) from error
    except FileNotFoundError as error:
        raise KeyTrouble(f"{path} does not exist; restore it from its copy") from error
    except (OSError, UnicodeDecodeError) as error:
        raise KeyTrouble(f"{path} cannot be read: {error}") from error
