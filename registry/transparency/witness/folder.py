"""
A witness's folder: its key, a lock against a second process, and the last checkpoint cosigned for each log.

The one promise of a witness is that it never cosigns two trees of which neither continues the other. It rests on this
order, and on nobody restoring an old copy of the folder:

1. write the checkpoint to a temporary file. A crash leaves that file, which the next start deletes; nothing was signed.
2. fsync it: the bytes are on disk under the temporary name.
3. rename it over the state. A crash before or after leaves the old or the new state, never half of one.
4. fsync the folder: the rename survives a power cut. A crash from 3 on leaves a state that is ahead of any cosignature
   given out; the log asks again with the size that it knows, gets 409 with the newer one, and asks for that.
5. only now the cosignature is returned.
"""

import fcntl
import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from registry.kit import private
from registry.kit.private import TooOpen
from registry.transparency.format.checkpoint import Checkpoint, checkpoint_text, parse_checkpoint_text
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.text import Malformed
from registry.transparency.keys import load_witness_key

_SUFFIX, _TEMPORARY = ".checkpoint", ".new"


class FolderTrouble(Exception):
    """The folder is in use by another process, or what it holds cannot be read. The witness must not start."""


class WitnessFolder:
    """
    The open folder of one witness; the only writer of what is in it.

    Reads come from memory. `record` blocks for two fsyncs, and must: nothing may run between the check and the disk.
    """

    def __init__(self, path: Path) -> None:
        """Lock *path*, read its key and every state file. Raises `FolderTrouble` and `KeyTrouble`."""
        self._path = path
        self._lock = _lock(path)
        try:
            self.signer: SeedSigner = load_witness_key(path)
            self._latest = {each.origin: each for each in map(_read_state, _state_files(path))}
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up the lock; the folder may be opened by another process."""
        os.close(self._lock)

    def latest(self, origin: str) -> Checkpoint | None:
        """The last checkpoint cosigned for *origin*, or None."""
        return self._latest.get(origin)

    def record(self, checkpoint: Checkpoint) -> None:
        """Make *checkpoint* the last one of its origin, on disk, before it is cosigned (steps 1 to 4 above)."""
        if checkpoint == self._latest.get(checkpoint.origin):
            return
        target = self._path / f"{sha256(checkpoint.origin.encode()).hexdigest()}{_SUFFIX}"
        temporary = target.with_suffix(_TEMPORARY)
        with os.fdopen(private.create(temporary), "w", encoding="utf-8", newline="\n") as file:
            file.write(checkpoint_text(checkpoint))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        private.fsync_folder(self._path)
        self._latest[checkpoint.origin] = checkpoint


def _lock(path: Path) -> int:
    """An advisory lock that the kernel drops when the process ends, however it ends."""
    try:
        private.require_folder(path)
        handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, private.FILE_MODE)
    except TooOpen as error:
        raise FolderTrouble(str(error)) from error
    except OSError as error:
        raise FolderTrouble(f"the witness folder {path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise FolderTrouble(f"another witness process is using {path}") from error
    return handle


def _state_files(path: Path) -> list[Path]:
    for left_over in path.glob(f"*{_TEMPORARY}"):
        left_over.unlink()
    return sorted(path.glob(f"*{_SUFFIX}"))


def _read_state(file: Path) -> Checkpoint:
    try:
        checkpoint = parse_checkpoint_text(private.read_kept(file).decode())
    except TooOpen as error:
        raise FolderTrouble(f"{error}. Look first whether it still has what was cosigned last") from error
    except (Malformed, UnicodeDecodeError) as error:
        raise FolderTrouble(
            f"{file} is damaged ({error}): restore it; starting without it could cosign a fork"
        ) from error
    if file.stem != sha256(checkpoint.origin.encode()).hexdigest():
        raise FolderTrouble(f"{file} holds the state of {checkpoint.origin}, which has another file name")
    return checkpoint
