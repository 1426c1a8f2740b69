"""`head.json` beside the keys: the largest tree that was ever signed with them. It survives a restored database."""

import json
from pathlib import Path

from registry.kit import private
from registry.kit.private import TooOpen


class SigningRefused(Exception):
    """The keys or the database do not continue what was signed or witnessed; signing would fork the log."""


class SignedHead:
    """The head file: made with the keys at size 0, replaced before a signature of a larger tree leaves the process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[int, bytes]:
        """
        Size and root.

        Raises `FileNotFoundError`, and `SigningRefused` for a file that others can write or that cannot be understood.
        """
        try:
            text = private.read_kept(self.path)
        except TooOpen as error:
            raise SigningRefused(
                f"{error}. Nothing was signed; look first whether it still has what was signed last (deploy/README.md)."
            ) from error
        try:
            stored = json.loads(text)
            return int(stored["size"]), bytes.fromhex(stored["root"])
        except (ValueError, KeyError, TypeError) as error:
            raise SigningRefused(
                f"{self.path} is damaged. Nothing was signed. Restore it from its copy; an older one will do where "
                "there is a witness (deploy/README.md)."
            ) from error

    def write(self, size: int, root: bytes) -> None:
        """Replace the file durably: a crash leaves the old or the new one."""
        private.replace(self.path, json.dumps({"size": size, "root": root.hex()}))
