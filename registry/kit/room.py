"""
Room on the disks: below a reserve nothing new is written, so that PostgreSQL never meets a full disk.

A PostgreSQL that cannot extend its journal stops itself, and with it every read. So what is free is looked at every
second, before each upload once more, and below the reserve only these are served: reads; requests that were carried out
before and are sent again; what was begun, such as a retirement under way, deliveries of trades, and the sequencing of
the log; and operations that end or take back something (`Route.frees`). Below the last quarter of the reserve the
latter are refused as well, because each of them writes a little.

How large the reserve has to be: a look is a second old at most, and one PostgreSQL writes a few hundred megabytes in a
second. Uploads look anew inside their transaction, of which 13 are under way at a time (`deploy.pool`): 13 files of
10 MiB, written three times (table, journal, pages as they were), are 400 MB. PostgreSQL's own journal grows to one
gigabyte between two checkpoints if it is written to, which it hardly is any more.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from registry.kit.problems import DomainError, Kind

log = structlog.get_logger()

WRITTEN_TIMES: Final = 3
"""How often PostgreSQL writes what it is given: into the table, into its journal, and pages as they were before."""
LARGEST_BYTES: Final = 10 * 1024 * 1024
"""The largest body that is taken, which is a document."""
LAST_PART: Final = 4
"""Below one in so many parts of the reserve nothing is taken but reads."""
_MB: Final = 1_000_000


class StorageReserve(DomainError):
    """The disk is nearly full: what is left is for what was begun, and for cleaning up. Nothing was written."""

    kind, slug, title = Kind.FULL, "storage-reserve", "Storage kept in reserve"


def _free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Room:
    """
    What is free on the file systems of some *folders*, and whether it is enough to go on writing.

    Without folders, or with a reserve of 0, there is always room. A folder that cannot be asked is left out, and said
    in `trouble`.
    """

    def __init__(
        self, folders: Sequence[Path] = (), *, reserve_bytes: int = 0, free: Callable[[Path], int] = _free_bytes
    ) -> None:
        self._folders = tuple(folders)
        self._free = free
        self._unknown: str = ""
        self.reserve_bytes = reserve_bytes
        self.free_bytes: int | None = None
        self.plenty = True
        """Whether no request has to be asked about: even the largest would fit."""
        self.look()

    def look(self) -> None:
        """Ask the file systems; the one with the least room counts."""
        found, unknown = [], ""
        for folder in self._folders:
            try:
                found.append(self._free(folder))
            except OSError as error:
                unknown = f"How much is free at {folder} is unknown ({error.strerror})."
        was_short = self.is_short()
        self.free_bytes = min(found, default=None)
        self._unknown = unknown
        self.plenty = not self.is_short(incoming_bytes=LARGEST_BYTES)
        if self.is_short() != was_short:
            log.warning("storage_short" if self.is_short() else "storage_enough", **self._numbers())

    def is_short(self, *, incoming_bytes: int = 0, frees: bool = False) -> bool:
        """Whether *incoming_bytes* more leave less than the reserve; for what *frees* something, than its last part."""
        if self.free_bytes is None:
            return False
        kept = self.reserve_bytes // LAST_PART if frees else self.reserve_bytes
        return self.free_bytes - incoming_bytes * WRITTEN_TIMES < kept

    def require(self, incoming_bytes: int = 0, *, frees: bool = False) -> None:
        """Raise `StorageReserve` where `is_short`."""
        if self.is_short(incoming_bytes=incoming_bytes, frees=frees):
            raise self._refusal(incoming_bytes)

    def require_now(self, incoming_bytes: int) -> None:
        """The same after a new look, before something large is written."""
        self.look()
        self.require(incoming_bytes)

    @property
    def trouble(self) -> str:
        """That writes are refused, or that a file system cannot be asked, in one line; or nothing."""
        if not self.is_short():
            return self._unknown
        numbers = self._numbers()
        return (
            f"{numbers['free_mb']:,} MB are free and {numbers['reserve_mb']:,} MB are kept in reserve: new writes are "
            "refused with 507. Make room (deploy/README.md)."
        )

    def _numbers(self) -> dict[str, int]:
        return {"free_mb": (self.free_bytes or 0) // _MB, "reserve_mb": self.reserve_bytes // _MB}

    def _refusal(self, incoming_bytes: int) -> StorageReserve:
        numbers = self._numbers()
        mine = f", and this takes up to {-(-incoming_bytes * WRITTEN_TIMES // _MB):,} MB" if incoming_bytes else ""
        return StorageReserve(
            f"{numbers['free_mb']:,} MB are free on the registry's disk{mine}; {numbers['reserve_mb']:,} MB are kept "
            "in reserve. Nothing was done. Reads, what was begun, cancels, withdrawals of drafts and offers, and "
            "requests that were carried out before are answered. Send it again when the operator has made room.",
            **numbers,
        )
