"""Who may suspend whom, and who may settle it. Pure."""

from collections.abc import Collection

from registry.kit.problems import DomainError, Kind
from schemas.access import Suspension


class NoSuspension(DomainError):
    """There is nobody to be suspended."""

    kind, slug, title = Kind.UNPROCESSABLE, "no-suspension", "Cannot be suspended"


class TouchedBySuspension(DomainError):
    """People who are suspended, or suspended somebody, do not settle it."""

    kind, slug, title = Kind.DENIED, "touched-by-suspension", "Others have to settle it"


class NoLongerRegulator(DomainError):
    """The person who would suspend was suspended just now, or is a regulator no longer."""

    kind, slug, title = Kind.DENIED, "no-longer-regulator", "You cannot suspend anybody now"


def check_suspender(person_id: int, deciding: Collection[int]) -> None:
    """Raise `NoLongerRegulator` unless *person_id* is one of the regulators who can decide now."""
    if person_id not in deciding:
        raise NoLongerRegulator(
            f"While this waited, person {person_id} was suspended or lost the role of regulator: whoever suspends "
            "somebody is suspended as well (GET /v1/suspensions)."
        )


def check_target(person_id: int, suspender_id: int, *, regulator: bool) -> None:
    """Raise `NoSuspension` unless *person_id* is another person and a regulator now."""
    if person_id == suspender_id:
        raise NoSuspension("You cannot suspend yourself. End your own key or role in place of it.")
    if not regulator:
        raise NoSuspension(f"Person {person_id} is not a regulator now: there is nothing that they could decide.")


def check_untouched(suspension: Suspension, people: tuple[int, ...]) -> None:
    """Raise `TouchedBySuspension` if one of *people* is the target or the suspender."""
    for person_id in people:
        if person_id in {suspension.person_id, suspension.placed_by}:
            raise TouchedBySuspension(
                f"Person {person_id} is a party of suspension {suspension.id} (person {suspension.placed_by} suspended "
                f"person {suspension.person_id}). Two other regulators settle it, or the operator "
                '("kilnwood recover").'
            )
