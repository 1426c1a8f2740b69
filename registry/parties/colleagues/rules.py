"""What an administrator may not do to people. Pure."""

from registry.kit.problems import DomainError, Kind


class RemovesThemselves(DomainError):
    """Nobody removes themselves: an organisation could be left without an administrator by a slip."""

    kind, slug, title = Kind.CONFLICT, "removes-themselves", "Somebody else has to"


def check_somebody_else(person_id: int, by: int) -> None:
    """Raise `RemovesThemselves`."""
    if person_id == by:
        raise RemovesThemselves(
            f"You are person {person_id}. Another administrator of the organisation, or a regulator, ends your roles."
        )
