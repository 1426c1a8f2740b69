"""
What a witness keeps when it is shown a checkpoint that does not go with the one it cosigned: both signed notes.

Only checkpoints that the log signed come here, so only the log, or who has its key, can fill the folder. Two roots for
one size are a *fork*, and the two notes prove it to anybody who knows the log's key. A larger checkpoint whose proof
does not hold is *unproven*: it proves nothing by itself, since anybody may send an honest one with a wrong proof. It
is forgotten when that very tree is cosigned after all.

Each is a file of its own, of mode 0600. Of forks the first `LIMIT` of a log stay; of unproven ones the newest `LIMIT`.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from registry.kit import private
from registry.transparency.format.checkpoint import Checkpoint, parse_checkpoint_text
from registry.transparency.format.note import parse_note
from registry.transparency.format.text import Malformed
from registry.transparency.keys import read_private

FOLDER = "conflicts"
LIMIT = 16
"""Of each kind, for each log."""
_SUFFIX, _TEMPORARY = ".json", ".new"
_FILE_LIMIT_BYTES = 1 << 20  # two notes of at most 2^17 bytes, as JSON


class Conflict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Two checkpoints of one log, each with the signatures that were verified: *cosigned* by this witness, then *shown*.

    *seen_at* in POSIX seconds. *cosigned* has no signature lines if an earlier version of the witness cosigned it.
    """

    format: Literal["kilnwood-witness-conflict/v1"] = "kilnwood-witness-conflict/v1"
    kind: Literal["fork", "unproven"]
    seen_at: Annotated[int, msgspec.Meta(ge=0)]
    cosigned: str
    shown: str

    @property
    def checkpoint(self) -> Checkpoint:
        """What the witness was shown. Raises `Malformed`."""
        return parse_checkpoint_text(parse_note(self.shown).text)


class Conflicts:
    """The conflicts in a witness's folder; the open witness is the only writer."""

    def __init__(self, witness_folder: Path) -> None:
        self._path = witness_folder / FOLDER
        for left_over in self._path.glob(f"*{_TEMPORARY}"):
            left_over.unlink()
        self._names = {file.name for file in self._path.glob(f"*{_SUFFIX}")}

    @property
    def forks(self) -> int:
        """How many forks are kept."""
        return sum(".fork." in name for name in self._names)

    def keep(self, conflict: Conflict) -> bool:
        """Write *conflict*, durably; False if it is there already, or if there are enough forks of its log."""
        shown = conflict.checkpoint
        name = _name(conflict.kind, shown)
        if name in self._names:
            return False
        same = [each for each in self._names if each.startswith(_log(shown)) and f".{conflict.kind}." in each]
        if len(same) >= LIMIT:
            if conflict.kind == "fork":
                return False
            self._forget(min(same, key=lambda each: (self._path / each).stat().st_mtime_ns))
        private.make_folder(self._path)
        temporary = self._path / f"{name}{_TEMPORARY}"
        with os.fdopen(private.create(temporary), "wb") as file:
            file.write(msgspec.json.encode(conflict))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path / name)
        private.fsync_folder(self._path)
        private.fsync_folder(self._path.parent)
        self._names.add(name)
        return True

    def settle(self, checkpoint: Checkpoint) -> None:
        """Forget that *checkpoint* was shown without a proof: it was cosigned after all."""
        name = _name("unproven", checkpoint)
        if name in self._names:
            self._forget(name)

    def _forget(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)
        self._names.discard(name)


def read_conflicts(witness_folder: Path) -> Iterator[Conflict]:
    """
    Every conflict in a witness's folder, forks first; also beside a running witness.

    Raises `Malformed`, and `KeyTrouble` for a file that others can reach.
    """
    files = sorted(
        (witness_folder / FOLDER).glob(f"*{_SUFFIX}"), key=lambda each: (".fork." not in each.name, each.name)
    )
    for file in files:
        text = read_private(file, limit_bytes=_FILE_LIMIT_BYTES)
        try:
            conflict = msgspec.json.decode(text, type=Conflict)
            _ = conflict.checkpoint
        except (msgspec.MsgspecError, Malformed) as error:
            raise Malformed(f"{file} is damaged: {error}") from error
        yield conflict


def _log(checkpoint: Checkpoint) -> str:
    return f"{sha256(checkpoint.origin.encode()).hexdigest()[:16]}."


def _name(kind: str, checkpoint: Checkpoint) -> str:
    """One file for each tree that was shown, however often and with whatever extension lines."""
    return f"{_log(checkpoint)}{kind}.{checkpoint.size}.{checkpoint.root.hex()[:32]}{_SUFFIX}"
