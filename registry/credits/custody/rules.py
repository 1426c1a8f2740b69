"""What lies under the holds of the exchange, and how deliveries move it from one to another. Pure."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from registry.credits.blocks.rules import Block, Cut, insufficient


class HoldOwner(NamedTuple):
    """What names one hold of the exchange: an account has one for each project and vintage."""

    account_id: int
    project_id: int
    vintage: int


class Piece(NamedTuple):
    """A part of a block, under a hold. Pieces sort as they are taken: oldest issuance first, lowest number first."""

    issuance_id: int
    lower: int
    upper: int
    block: Block
    """The row that it is part of, as it was read."""

    @property
    def size_kg(self) -> int:
        """Kilograms in the piece."""
        return self.upper - self.lower


class BlockChange(NamedTuple):
    """A row that shrinks to a part of itself, or goes to another hold whole."""

    block: Block
    owner: HoldOwner
    lower: int
    upper: int
    to_owner: HoldOwner


class NewBlock(NamedTuple):
    """A row for a part that left another."""

    issuance_id: int
    lower: int
    upper: int
    owner: HoldOwner


@dataclass(frozen=True, slots=True)
class HoldChanges:
    """What a batch comes to: rows that change, new rows, and by how much each hold grows or shrinks."""

    changed: tuple[BlockChange, ...]
    new: tuple[NewBlock, ...]
    kg: dict[HoldOwner, int]


class Holds:
    """
    The holds of a batch in memory. Deliveries change them one after the other; the database changes once, by `changes`.

    What one delivery brought, a later one of the same batch may take along.
    """

    def __init__(self, blocks: Mapping[HoldOwner, Sequence[Block]]) -> None:
        # By identity: each piece below keeps its row alive.
        self._owners = {id(block): owner for owner, held in blocks.items() for block in held}
        self._pieces: defaultdict[HoldOwner, list[Piece]] = defaultdict(list)
        for owner, held in blocks.items():
            self._pieces[owner] = [Piece(each.lot.issuance_id, each.lower, each.upper, each) for each in held]
        self._kg = defaultdict(int, {owner: sum(each.size_kg for each in held) for owner, held in blocks.items()})
        self._before_kg = dict(self._kg)

    def oldest(self, owner: HoldOwner, quantity_kg: int) -> tuple[Piece, ...]:
        """What is oldest under a hold, the last piece cut at its low end. Raises `InsufficientCredits`."""
        held_kg = self._kg[owner]
        if held_kg < quantity_kg:
            raise insufficient(held_kg, quantity_kg)
        taken: list[Piece] = []
        missing_kg = quantity_kg
        for piece in self._pieces[owner]:
            size_kg = min(missing_kg, piece.size_kg)
            taken.append(piece._replace(upper=piece.lower + size_kg))
            missing_kg -= size_kg
            if not missing_kg:
                break
        return tuple(taken)

    def move(self, taken: Sequence[Piece], owner: HoldOwner, to_owner: HoldOwner) -> None:
        """Move what `oldest` gave, nothing else having happened since."""
        left = self._pieces[owner]
        last = left[len(taken) - 1]
        rest = [last._replace(lower=taken[-1].upper)] if taken[-1].upper < last.upper else []
        left[: len(taken)] = rest
        for piece in taken:
            insort(self._pieces[to_owner], piece)
        moved_kg = sum(piece.size_kg for piece in taken)
        self._kg[owner] -= moved_kg
        self._kg[to_owner] += moved_kg

    def changes(self) -> HoldChanges:
        """How the rows that were read become what lies under the holds now."""
        parts: defaultdict[int, list[tuple[Piece, HoldOwner]]] = defaultdict(list)
        for owner, pieces in self._pieces.items():
            for piece in pieces:
                parts[id(piece.block)].append((piece, owner))
        changed: list[BlockChange] = []
        new: list[NewBlock] = []
        for key, split in parts.items():
            at = self._owners[key]
            stays, stays_at = _remainder(split, at)
            whole = (stays.lower, stays.upper) == (stays.block.lower, stays.block.upper)
            if whole and stays_at == at:
                continue
            changed.append(BlockChange(stays.block, at, stays.lower, stays.upper, stays_at))
            new += [
                NewBlock(piece.issuance_id, piece.lower, piece.upper, owner)
                for piece, owner in split
                if piece is not stays
            ]
        grown = {owner: kg - self._before_kg.get(owner, 0) for owner, kg in self._kg.items()}
        return HoldChanges(tuple(changed), tuple(new), {owner: kg for owner, kg in grown.items() if kg})


def _remainder(split: Iterable[tuple[Piece, HoldOwner]], owner: HoldOwner) -> tuple[Piece, HoldOwner]:
    """
    The part that the old row keeps: the highest that stays where it was, else the lowest of those that left.

    A waiter that reads the row again then sees what is left.
    """
    ordered = sorted(split, key=lambda each: each[0].lower)
    staying = [each for each in ordered if each[1] == owner]
    return staying[-1] if staying else ordered[0]


def cuts_of(pieces: Iterable[Piece]) -> tuple[Cut, ...]:
    """Pieces as cuts of the rows they came from."""
    return tuple(Cut(piece.block, piece.lower, piece.upper) for piece in pieces)
