"""What kilograms cost, how long they are kept, and which steps of a pool or a payment are refused. Pure."""

from datetime import timedelta
from typing import Final, NamedTuple

from registry.kit.problems import DomainError, Kind

HELD_FOR: Final = timedelta(minutes=15)
"""How long kilograms are kept for a payment, in real time."""
GRAMS_OF_PRICE: Final = 1000
"""A price is for a tonne, a share in kilograms."""


class LockedPool(NamedTuple):
    """A pool whose row is locked."""

    id: int
    owner_id: int
    account_id: int
    issuance: str
    price_fen: int
    state: str
    hold_id: int
    held_kg: int
    reserved_kg: int
    opened_by: int
    issuance_id: int
    project_id: int

    @property
    def free_kg(self) -> int:
        """What is promised to nobody."""
        return self.held_kg - self.reserved_kg


class PoolNotOpen(DomainError):
    """The pool sells nothing now, or has ended."""

    kind, slug, title = Kind.CONFLICT, "pool-not-open", "The pool is not open"


class NotEnoughLeft(DomainError):
    """Fewer kilograms are left in the pool than are wanted."""

    kind, slug, title = Kind.CONFLICT, "not-enough-left", "Not enough kilograms are left"


class WrongAmount(DomainError):
    """The bank names another amount than the payment has."""

    kind, slug, title = Kind.UNPROCESSABLE, "wrong-amount", "Another amount"


class MoreThanOwed(DomainError):
    """More would be paid out than the pool's owner is owed."""

    kind, slug, title = Kind.CONFLICT, "more-than-owed", "More than is owed"


class PaidOutAlready(DomainError):
    """The bank's reference stands for another payout."""

    kind, slug, title = Kind.CONFLICT, "paid-out-already", "The reference is used"


class NotSimulated(DomainError):
    """Only in a simulated region does the registry play the bank."""

    kind, slug, title = Kind.CONFLICT, "not-simulated", "Not a simulated region"


def amount_fen(quantity_kg: int, price_fen: int) -> int:
    """What kilograms cost at a price per tonne, rounded up to the fen."""
    return -(-quantity_kg * price_fen // GRAMS_OF_PRICE)


def check_step(pool: LockedPool, step: str) -> str:
    """The state that a step leads to. Raises `PoolNotOpen` for one that the pool's state does not take."""
    taken = {
        "pause": ({"open"}, "paused"),
        "resume": ({"paused"}, "open"),
        "withdraw": ({"open", "paused"}, "withdrawn"),
        "top up": ({"open", "paused"}, pool.state),
    }
    before, after = taken[step]
    if pool.state not in before:
        raise PoolNotOpen(
            f"Pool {pool.id} is {pool.state}; to {step} it takes one that is {' or '.join(sorted(before))}.",
            state=pool.state,
        )
    return after


FROZEN: Final = "What is sold here is frozen by the authority. Nothing is sold until that is lifted."
"""For guests: why it is frozen is for those whose it is, and for overseers."""


def not_sold(pool: LockedPool, quantity_kg: int) -> DomainError:
    """Why a pool does not sell so much now."""
    if pool.state != "open":
        return PoolNotOpen(f"Pool {pool.id} is {pool.state}: it sells nothing now.", state=pool.state)
    return NotEnoughLeft(
        f"Pool {pool.id} has {pool.free_kg} kg left, {quantity_kg} kg are wanted. What others have on hold and do not "
        "pay comes back within 15 minutes.",
        left_kg=pool.free_kg,
        wanted_kg=quantity_kg,
    )


def check_amount(reference: str, wanted_fen: int, amount_fen: int) -> None:
    """Raise `WrongAmount` unless the bank names the payment's amount."""
    if amount_fen != wanted_fen:
        raise WrongAmount(
            f"Payment {reference} is over {wanted_fen} fen, not {amount_fen}. Nothing was booked.",
            amount_fen=wanted_fen,
        )


def check_payout(owed_fen: int, wanted_fen: int) -> None:
    """Raise `MoreThanOwed` for a payout beyond what is owed."""
    if wanted_fen > owed_fen:
        raise MoreThanOwed(
            f"The pool's owner is owed {owed_fen} fen; {wanted_fen} fen would be {wanted_fen - owed_fen} fen too much.",
            owed_fen=owed_fen,
        )
