"""Secrets in files of mode 0600 that this installation makes for itself."""

import os
import secrets
from pathlib import Path

from registry.kit import private
from registry.kit.private import TooOpen
from registry.transparency.keys import KeyTrouble, read_private

PEPPER_BYTES = 32
PEPPER_FILE = "api-key-pepper"


class SecretTrouble(Exception):
    """A secret file cannot be used; the text says which, and why."""


def folder_of(data_dir: Path) -> Path:
    """Where the secrets are."""
    return data_dir / "secrets"


def pepper(data_dir: Path, *, create: bool = False) -> bytes:
    """
    The key of the API keys' hashes; *create* it if need be, before there is a region.

    Later it is never made again: no API key that was given out would work. Raises `SecretTrouble`.
    """
    path = folder_of(data_dir) / PEPPER_FILE
    if not create and not path.exists():
        raise SecretTrouble(
            f"{path} is missing, and the database has a region whose API keys need it: restore it from its copy, or "
            "start with the data folder that has it"
        )
    text = kept(path, secrets.token_hex(PEPPER_BYTES)) if create else _read(path)
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != PEPPER_BYTES:
        raise SecretTrouble(f"{path} is damaged: restore it from a backup, or no API key will work")
    return value


def require_private(data_dir: Path) -> None:
    """Every secret is for its owner's eyes only, and their folder for its owner. Raises `SecretTrouble`."""
    folder = folder_of(data_dir)
    if not folder.exists():
        return
    try:
        private.require_folder(folder)
    except TooOpen as error:
        raise SecretTrouble(str(error)) from error
    for path in sorted(folder.iterdir()):
        if path.is_file():
            _read(path)


def kept(path: Path, fresh: str) -> str:
    """
    What *path* holds, or *fresh* after storing it there. Raises `SecretTrouble`.

    Written beside and linked into place: a crash leaves no half-written secret, and two starters agree on the first.
    The folder is on disk as well before the secret is used.
    """
    try:
        private.make_folder(path.parent)
        if not path.exists():
            _store(path, fresh)
    except TooOpen as error:
        raise SecretTrouble(str(error)) from error
    except OSError as error:
        raise SecretTrouble(f"{path} cannot be made: {error.strerror}") from error
    return _read(path)


def _store(path: Path, fresh: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(private.create(draft), "w", encoding="ascii") as file:
        file.write(fresh + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    private.fsync_folder(path.parent)
    private.fsync_folder(path.parent.parent)


def _read(path: Path) -> str:
    try:
        return read_private(path).strip()
    except KeyTrouble as error:
        raise SecretTrouble(str(error)) from error
