"""What keeps a green kilowatt-hour from being claimed twice. Pure."""

from registry.kit.problems import DomainError, Kind


class ContractRegistered(DomainError):
    """The number of a contract or certificate is registered already."""

    kind, slug, title = Kind.CONFLICT, "contract-registered", "The contract is registered already"

    @classmethod
    def of(cls, number: str) -> "ContractRegistered":
        """For one number, of any organisation."""
        return cls(
            f"Contract or certificate {number!r} is registered already; each is registered once, by whoever uses it. "
            "Check the number, or ask its supplier who has it.",
            number=number,
        )


class GreenPowerUsed(DomainError):
    """Other claims have used the kilowatt-hours, or the contract is not registered for this organisation and period."""

    kind, slug, title = Kind.CONFLICT, "green-power-used", "Green power is used already"
