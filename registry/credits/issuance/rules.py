"""What an issuance refuses. Pure."""

from registry.kit.problems import DomainError, Kind


class IssuedBefore(DomainError):
    """A report is issued once."""

    kind, slug, title = Kind.CONFLICT, "issued-before", "Issued already"
