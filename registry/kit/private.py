"""
Files and folders that only their owner reaches, whatever the umask of the process; and the check of both.

A mode that is too open is refused, with the command that closes it, and never closed in silence: whoever could reach a
key or write a folder may have done so.
"""

import os
import stat
from pathlib import Path
from typing import IO

FILE_MODE, FOLDER_MODE = 0o600, 0o700
_PASSED_MODE = 0o711
_PARENT_MODE = 0o755
_OTHERS, _OTHERS_WRITE = 0o077, 0o022


class TooOpen(Exception):
    """Others can reach a file or folder; the text has its path, its mode and the command that closes it."""


def make_folder(path: Path) -> None:
    """
    Make a folder of mode 0700, or check the one that is there. Raises `TooOpen`, `OSError`.

    Folders above it that are missing are made as well, so that nobody else can write them.
    """
    if not _made(path, FOLDER_MODE):
        require_folder(path)


def require_folder(path: Path) -> None:
    """Raise `TooOpen` unless the folder at *path* is of mode 0700 or narrower."""
    _require(path, stat.S_IMODE(path.stat().st_mode), _OTHERS, "others can reach what is in it", "700")


def make_passed_folder(path: Path) -> None:
    """
    Make a folder that holds private ones, or check that nobody else can write the one that is there.

    Its mode is 0700; as root 0711, because PostgreSQL runs as another user and has to pass. Raises `TooOpen`,
    `OSError`.
    """
    if not _made(path, FOLDER_MODE if os.geteuid() else _PASSED_MODE):
        require_unwritable(path)


def require_unwritable(path: Path) -> None:
    """Raise `TooOpen` if others can write the folder at *path*, and so exchange what is in it."""
    _require(path, stat.S_IMODE(path.stat().st_mode), _OTHERS_WRITE, "others can write it", "go-w")


def create(path: Path, *, exclusive: bool = False) -> int:
    """
    Open a file of mode 0600 for writing, empty or new; returns its descriptor.

    Raises `OSError`, which is `FileExistsError` for one that is there if *exclusive*.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_EXCL if exclusive else os.O_TRUNC), FILE_MODE)
    os.fchmod(handle, FILE_MODE)  # one that a crash left behind may have another
    return handle


def replace(path: Path, text: str, *, owner: tuple[int, int] | None = None) -> None:
    """
    Put *text* into a file of mode 0600, durably: a crash leaves the old file or the new one. Raises `OSError`.

    As root the file may be given to an *owner*, by the numbers of user and group.
    """
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(create(fresh), "w", encoding="utf-8") as file:
        if owner:
            os.fchown(file.fileno(), *owner)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Make a rename or a new file in *folder* survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_lock(path: Path) -> IO[str]:
    """Open a file whose lock says who does something, made with mode 0600: who can read it could hold the lock."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, FILE_MODE), "a+")


def read_secret(path: Path, limit_bytes: int) -> bytes:
    """At most *limit_bytes* of a file of mode 0600 or narrower in such a folder. Raises `TooOpen`, `OSError`."""
    with path.open("rb") as file:
        # The mode of the open file, not of the path: the file cannot be exchanged in between.
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        _require(path, mode, 0o7777 & ~FILE_MODE, "others can reach it", "600")
        require_folder(path.parent)
        return file.read(limit_bytes)


def read_kept(path: Path) -> bytes:
    """
    A file that only its owner may write. Raises `TooOpen`, `OSError`.

    Earlier versions made such files readable by others where the umask let them: there is nothing secret in these, so
    such a mode becomes 0600.
    """
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        _require(path, mode, _OTHERS_WRITE, "others can write it", "600")
        require_unwritable(path.parent)
        if mode & _OTHERS:
            os.fchmod(file.fileno(), FILE_MODE)
        return file.read()


def _made(path: Path, mode: int) -> bool:
    """Make the folder with exactly *mode*; False if it is there. Another starter may be making it as well."""
    missing = [each for each in reversed(path.parents) if not each.exists()]
    for each in missing:
        _mkdir(each, _PARENT_MODE)
    return _mkdir(path, mode)


def _mkdir(path: Path, mode: int) -> bool:
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        if not path.is_dir():
            raise
        return False
    path.chmod(mode)
    return True


def _require(path: Path, mode: int, forbidden: int, what: str, wanted: str) -> None:
    if mode & forbidden:
        raise TooOpen(f"{path} has mode {mode:04o}; {what}. Run: chmod {wanted} {path}")
