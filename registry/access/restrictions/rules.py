"""Refusals because of a freeze. Pure."""

from registry.kit.problems import DomainError, Kind


class Frozen(DomainError):
    """A restriction is in effect on the account, the project or the issuance."""

    kind, slug, title = Kind.CONFLICT, "frozen", "Frozen"
