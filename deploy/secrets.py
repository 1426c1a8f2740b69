"""Secrets in files of mode 0600 that this installation makes for itself."""

import os
import secrets
from pathlib import Path

PEPPER_BYTES = 32


class SecretTrouble(Exception):
    """A secret file cannot be used; the text says which, and why."""


def pepper(data_dir: Path) -> bytes:
    """The key of the API keys' hashes, made at the first start. Raises `SecretTrouble`."""
    text = kept(data_dir / "secrets" / "api-key-pepper", secrets.token_hex(PEPPER_BYTES))
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != PEPPER_BYTES:
        raise SecretTrouble("secrets/api-key-pepper is damaged: restore it from a backup, or no API key will work")
    return value


def kept(path: Path, fresh: str) -> str:
    """
    What *path* holds, or *fresh* after storing it there.

    Written beside and linked into place: a crash leaves no half-written secret, and two starters agree on the first.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(fresh + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text("ascii").strip()
