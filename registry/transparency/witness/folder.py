"""
A witness's folder: its keys, a lock against a second process, the last checkpoint cosigned for each log, and conflicts.

The one promise of a witness is that it never cosigns two trees of which neither continues the other. It rests on this
order, and on nobody restoring an old copy of the folder:

1. write the checkpoint to a temporary file. A crash leaves that file, which the next start deletes; no signature left.
2. fsync it: the bytes are on disk under the temporary name.
3. rename it over the state. A crash before or after leaves the old or the new state, never half of one.
4. fsync the folder: the rename survives a power cut. A crash from 3 on leaves a state that is ahead of any cosignature
   given out; the log asks again with the size that it knows, gets 409 with the newer one, and asks for that.
5. only now the cosignature is returned.

A state is the signed note, with the log's signatures and ours, as monitors get it. An earlier version kept its text
only; such a state is read, and completed when the log shows that checkpoint again.
"""

import fcntl
import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from registry.kit import private
from registry.kit.private import TooOpen
from registry.transparency.format.checkpoint import Checkpoint, parse_checkpoint_text
from registry.transparency.format.note import Note, format_note, parse_note
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.text import Malformed
from registry.transparency.keys import load_witness_keys
from registry.transparency.witness.conflicts import Conflicts

_SUFFIX, _TEMPORARY = ".checkpoint", ".new"


class FolderTrouble(Exception):
    """The folder is in use by another process, or what it holds cannot be read. The witness must not start."""


class Cosigned(NamedTuple):
    """A checkpoint that was cosigned, and the note with its signatures: none in a state of an earlier version."""

    checkpoint: Checkpoint
    note: Note

    def text(self) -> str:
        """The signed note, or the text alone."""
        return format_note(*self.note) if self.note.signatures else self.note.text


class WitnessFolder:
    """
    The open folder of one witness; the only writer of what is in it.

    Reads come from memory. `record` blocks for two fsyncs, and must: nothing may run between the check and the disk.
    """

    def __init__(self, path: Path) -> None:
        """Lock *path*, read its keys and every state file. Raises `FolderTrouble` and `KeyTrouble`."""
        self._path = path
        self._lock = _lock(path)
        try:
            self.signers: tuple[SeedSigner, ...] = load_witness_keys(path)
            self.conflicts = Conflicts(path)
            self._latest = {_hash(each.checkpoint.origin): each for each in map(_read_state, _state_files(path))}
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

    def latest(self, origin: str) -> Cosigned | None:
        """The last checkpoint cosigned for *origin*, or None."""
        return self._latest.get(_hash(origin))

    def latest_by_hash(self, origin_hash: str) -> Cosigned | None:
        """The same by the SHA-256 of the origin in hexadecimal, as monitors ask for it."""
        return self._latest.get(origin_hash)

    def record(self, cosigned: Cosigned) -> None:
        """
        Make *cosigned* the last one of its origin, on disk, before its cosignatures are given out (steps 1 to 4 above).

        The same tree again, cosigned by each key already, writes nothing: what is stored says as much.
        """
        origin_hash = _hash(cosigned.checkpoint.origin)
        if self._has(cosigned, self._latest.get(origin_hash)):
            return
        target = self._path / f"{origin_hash}{_SUFFIX}"
        temporary = target.with_suffix(_TEMPORARY)
        with os.fdopen(private.create(temporary), "w", encoding="utf-8", newline="\n") as file:
            file.write(cosigned.text())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        private.fsync_folder(self._path)
        self._latest[origin_hash] = cosigned
        self.conflicts.settle(cosigned.checkpoint)

    def _has(self, cosigned: Cosigned, latest: Cosigned | None) -> bool:
        if latest is None or latest.checkpoint[:3] != cosigned.checkpoint[:3]:
            return False
        signed = {(line.name, line.key_id) for line in latest.note.signatures}
        return all((each.key.name, each.key.key_id) in signed for each in self.signers)


def _hash(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()


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


def _read_state(file: Path) -> Cosigned:
    try:
        text = private.read_kept(file).decode()
        note = parse_note(text) if "\n\n" in text else Note(text, ())
        checkpoint = parse_checkpoint_text(note.text)
    except TooOpen as error:
        raise FolderTrouble(f"{error}. Look first whether it still has what was cosigned last") from error
    except (Malformed, UnicodeDecodeError) as error:
        raise FolderTrouble(
            f"{file} is damaged ({error}): restore it; starting without it could cosign a fork"
        ) from error
    if file.stem != _hash(checkpoint.origin):
        raise FolderTrouble(f"{file} holds the state of {checkpoint.origin}, which has another file name")
    return Cosigned(checkpoint, note)
