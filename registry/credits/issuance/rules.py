"""What an issuance refuses. Pure."""

from typing import NamedTuple

from registry.kit.problems import DomainError, Kind
from schemas.serials import IssuanceCode, Serial


class IssuedBefore(DomainError):
    """A report is issued once."""

    kind, slug, title = Kind.CONFLICT, "issued-before", "Issued already"


class Foreseen(NamedTuple):
    """What an issuance would be: its code, and which of its serials would go to the developer and which be buffer."""

    code: str
    quantity_kg: int
    buffer_kg: int
    developers: str | None
    buffered: str | None

    @property
    def developer_kg(self) -> int:
        """What the developer's account would get."""
        return self.quantity_kg - self.buffer_kg


def foresee(code: IssuanceCode, quantity_kg: int, buffer_kg: int) -> Foreseen:
    """The first kilograms go to the developer, the last into the buffer; either may be none."""
    split_kg = quantity_kg - buffer_kg
    return Foreseen(
        code=str(code),
        quantity_kg=quantity_kg,
        buffer_kg=buffer_kg,
        developers=str(Serial(issuance=code, first=1, last=split_kg)) if split_kg else None,
        buffered=str(Serial(issuance=code, first=split_kg + 1, last=quantity_kg)) if buffer_kg else None,
    )
