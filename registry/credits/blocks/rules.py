"""Which kilograms leave which blocks, and why they may not. Pure; spans are half-open numbers on the one line."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from registry.kit.problems import DomainError, Invalid, Kind, Unknown
from schemas.credits import Selection
from schemas.serials import KG_PER_T, IssuanceCode, Serial, merge_ranges, positions, span

Span = tuple[int, int]
"""Half-open, on the number line."""
BLOCK_LIMIT = 1_000
"""Blocks one request may touch. The compactor joins neighbours, so that only true fragments count."""
GROUPED_BLOCK_LIMIT = 100
"""Blocks that are read for one of several retirements which go together."""
RETIRED_BLOCK_LIMIT = 20_000
"""Blocks one retirement may end: its transaction then takes some seconds, and as many statements as it needs."""


class InsufficientCredits(DomainError):
    """The account has less active than is wanted."""

    kind, slug, title = Kind.CONFLICT, "insufficient-credits", "Not enough credits"


class SerialUnavailable(DomainError):
    """Some of the named kilograms are not active in this account."""

    kind, slug, title = Kind.CONFLICT, "serial-unavailable", "Those kilograms are not available"


class WrongQuantity(DomainError):
    """Serial and quantity disagree."""

    kind, slug, title = Kind.UNPROCESSABLE, "wrong-quantity", "Serial and quantity disagree"


class TooFragmented(DomainError):
    """The request would touch too many blocks at once."""

    kind, slug, title = Kind.CONFLICT, "too-fragmented", "Too many pieces at once"


class AccountClosed(DomainError):
    """The account cannot hold or give credits."""

    kind, slug, title = Kind.CONFLICT, "account-closed", "Not an open holding account"


class WrongAccount(DomainError):
    """The account belongs to somebody else than the project, or is the same on both sides."""

    kind, slug, title = Kind.UNPROCESSABLE, "wrong-account", "Wrong account"


@dataclass(frozen=True, slots=True)
class Lot:
    """What the kilograms of an issuance share."""

    issuance_id: int
    code: str
    base: int
    project_id: int
    methodology: str
    vintage: int

    @property
    def project(self) -> str:
        """The project's code."""
        return str(IssuanceCode.parse(self.code).project_code)


@dataclass(frozen=True, slots=True)
class Block:
    """A span of one account in one state; *frozen* where the account, the project or the issuance is."""

    lower: int
    upper: int
    lot: Lot
    frozen: bool = False

    @property
    def size_kg(self) -> int:
        """Kilograms in the span."""
        return self.upper - self.lower


@dataclass(frozen=True, slots=True)
class Cut:
    """The part [lower, upper) that leaves *block*."""

    block: Block
    lower: int
    upper: int

    @property
    def size_kg(self) -> int:
        """Kilograms that leave."""
        return self.upper - self.lower


class NamedIssuance(NamedTuple):
    """An issuance that a request names: its id and its half-open span."""

    id: int
    base: int
    top: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one statement says: spans of one issuance, merged, in order."""

    lot: Lot
    spans: tuple[tuple[int, int], ...]

    @property
    def quantity_kg(self) -> int:
        """Kilograms in all spans."""
        return sum(upper - lower for lower, upper in self.spans)

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """Inclusive positions inside the issuance, as statements carry them."""
        return tuple(positions(self.lot.base, lower, upper) for lower, upper in self.spans)


def named_span(wanted: Selection, named: NamedIssuance | None) -> Span | None:
    """
    The span that the request's serial names, or None if it names none.

    Raises `WrongQuantity`, or `Unknown` if there is no such issuance or kilogram.
    """
    code = wanted_issuance(wanted)
    serial = Serial.parse(wanted.serial) if wanted.serial else None
    if serial:
        check_serial(serial, wanted.quantity_kg)
    if code is not None and named is None:
        raise Unknown(f"There is no issuance {code}.")
    if serial is None or named is None:
        return None
    lower, upper = span(named.base, serial.first, serial.last)
    if upper > named.top:
        raise Unknown(f"{serial.issuance} has {named.top - named.base} kg; there is no kilogram {serial.last}.")
    return lower, upper


def wanted_issuance(wanted: Selection) -> IssuanceCode | None:
    """The one issuance of which kilograms are wanted, or None for any."""
    if wanted.serial is not None:
        return Serial.parse(wanted.serial).issuance
    return IssuanceCode.parse(wanted.issuance) if wanted.issuance is not None else None


def parsed_serial(text: str) -> Serial:
    """A serial that was asked for. Raises `Invalid` for one that cannot exist."""
    try:
        return Serial.parse(text)
    except ValueError as error:
        raise Invalid(f"serial: {error}.") from error


def choose(
    wanted: Selection, within: Span | None, eligible: Sequence[Block], limit: int = BLOCK_LIMIT
) -> tuple[Cut, ...]:
    """Cut what is wanted from blocks that were read up to *limit*: exactly the span that was named, or the oldest."""
    return take_exact(eligible, *within, limit) if within else take_fifo(eligible, wanted.quantity_kg, limit)


def remaining(blocks: list[Block], cuts: Iterable[Cut]) -> list[Block]:
    """What is left of *blocks* once *cuts* of them have left, as `move_blocks` leaves the rows."""
    gone = sorted((cut.lower, cut.upper) for cut in cuts)
    return [piece for block in blocks for piece in _pieces(block, gone)] if gone else blocks


def _pieces(block: Block, gone: Iterable[Span]) -> Iterator[Block]:
    lower = block.lower
    for first, end in gone:
        if first < block.upper and end > lower:
            if first > lower:
                yield replace(block, lower=lower, upper=first)
            lower = end
    if lower < block.upper:
        yield replace(block, lower=lower)


def take_fifo(blocks: Sequence[Block], quantity_kg: int, limit: int = BLOCK_LIMIT) -> tuple[Cut, ...]:
    """
    Cut *quantity_kg* from *blocks*, oldest first; the last one is split at its low end.

    The old row keeps the remainder: a waiter that re-reads it sees what is left. Raises
    `InsufficientCredits`, or `TooFragmented` when *blocks* were cut off at *limit*.
    """
    cuts: list[Cut] = []
    missing_kg = quantity_kg
    for block in blocks:
        size_kg = min(missing_kg, block.size_kg)
        cuts.append(Cut(block, block.lower, block.lower + size_kg))
        missing_kg -= size_kg
        if not missing_kg:
            return tuple(cuts)
    held_kg = quantity_kg - missing_kg
    if len(blocks) >= limit:
        raise TooFragmented(
            f"The oldest {limit} pieces of this account hold {held_kg} kg; {quantity_kg} kg are wanted. "
            f"Ask for at most {held_kg} kg at once.",
            held_kg=held_kg,
            wanted_kg=quantity_kg,
        )
    raise insufficient(held_kg, quantity_kg)


class Pieces(NamedTuple):
    """In how many pieces an account has something: all of it, and the whole tonnes in pieces of a tonne or more."""

    number: int
    active_kg: int
    large: int
    whole_kg: int


def take_tonnes(blocks: Sequence[Block], quantity_kg: int) -> tuple[Cut, ...]:
    """Cut contiguous whole tonnes from *blocks*, oldest first; fewer than are wanted where there are no more."""
    cuts: list[Cut] = []
    missing_kg = quantity_kg
    for block in blocks:
        if size_kg := min(missing_kg, block.size_kg) // KG_PER_T * KG_PER_T:
            cuts.append(Cut(block, block.lower, block.lower + size_kg))
            missing_kg -= size_kg
    return tuple(cuts)


def too_few_tonnes(pieces: Pieces, found_kg: int, wanted_kg: int) -> DomainError:
    """The refusal of more whole tonnes than were found: there are too few kilograms, or they lie in small pieces."""
    if pieces.active_kg < wanted_kg:
        return insufficient(pieces.active_kg, wanted_kg)
    if pieces.whole_kg < wanted_kg:
        why = (
            f"Of the {pieces.active_kg} kg active that match, in {pieces.number} pieces, {pieces.whole_kg} kg are "
            f"whole tonnes, in {pieces.large} pieces; {wanted_kg} kg are wanted. The exchange takes contiguous whole "
            "tonnes, and pieces that touch were joined. Transfer or retire the smaller ones"
        )
    else:
        why = f"The oldest {BLOCK_LIMIT} pieces of a tonne or more hold {found_kg} kg; {wanted_kg} kg are wanted"
    return TooFragmented(f"{why}. Ask for at most {found_kg} kg at once.", held_kg=found_kg, wanted_kg=wanted_kg)


def insufficient(held_kg: int, wanted_kg: int) -> InsufficientCredits:
    """The refusal of more than there is, with its numbers."""
    return InsufficientCredits(
        f"The account has {held_kg} kg active that match; {wanted_kg} kg are wanted, "
        f"{wanted_kg - held_kg} kg are missing.",
        held_kg=held_kg,
        wanted_kg=wanted_kg,
    )


def take_exact(blocks: Sequence[Block], lower: int, upper: int, limit: int = BLOCK_LIMIT) -> tuple[Cut, ...]:
    """
    The parts of *blocks* inside [lower, upper).

    Raises `SerialUnavailable` unless they cover it, or `TooFragmented` when *blocks* were cut off at *limit*.
    """
    cuts = tuple(Cut(each, max(each.lower, lower), min(each.upper, upper)) for each in blocks)
    found_kg = sum(cut.size_kg for cut in cuts)
    if found_kg != upper - lower and len(blocks) >= limit:
        raise TooFragmented(
            f"The first {limit} pieces of this serial hold {found_kg} kg; {upper - lower} kg are wanted. "
            "Name a shorter serial.",
            held_kg=found_kg,
            wanted_kg=upper - lower,
        )
    if found_kg != upper - lower:
        raise SerialUnavailable(
            f"Of these {upper - lower} kg, {found_kg} kg are active in this account; the others are held, retired, "
            "cancelled, in the buffer or somebody else's.",
            held_kg=found_kg,
            wanted_kg=upper - lower,
        )
    return cuts


def check_serial(serial: Serial, quantity_kg: int) -> None:
    """Raise `WrongQuantity` unless the serial has that many kilograms."""
    if serial.size_kg != quantity_kg:
        raise WrongQuantity(f"{serial} has {serial.size_kg} kg, quantity_kg says {quantity_kg}. Make them agree.")


def parts(cuts: Iterable[Cut], limit: int) -> Iterator[Part]:
    """Group what leaves by issuance, merge neighbours, and split at *limit* ranges a statement."""
    ordered = sorted(cuts, key=lambda cut: (cut.block.lot.issuance_id, cut.lower))
    for _, group in groupby(ordered, key=lambda cut: cut.block.lot.issuance_id):
        of_one = list(group)
        spans = merged((cut.lower, cut.upper) for cut in of_one)
        for at in range(0, len(spans), limit):
            yield Part(of_one[0].block.lot, tuple(spans[at : at + limit]))


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Half-open spans in order, neighbours joined."""
    return [(first, last + 1) for first, last in merge_ranges((lower, upper - 1) for lower, upper in spans)]


def serials(code: str, base: int, spans: Iterable[tuple[int, int]]) -> tuple[str, ...]:
    """Spans as people see them."""
    issuance = IssuanceCode.parse(code)
    return tuple(
        str(Serial(issuance=issuance, first=first, last=last))
        for first, last in (positions(base, lower, upper) for lower, upper in merged(spans))
    )


def check_account(account_id: int, type_: str, status: str) -> None:
    """Raise `AccountClosed` unless the account is an open holding account."""
    if status != "open" or type_ != "holding":
        raise AccountClosed(f"Account {account_id} is {status} and of type {type_}; an open holding account is wanted.")
