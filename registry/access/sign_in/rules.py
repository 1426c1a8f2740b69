"""Where passkeys belong, and why a ceremony is refused. Pure."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from registry.kit.problems import DomainError, Kind


class ChallengeOver(DomainError):
    """The challenge was answered before, is older than five minutes, or was for something else."""

    kind, slug, title = Kind.CONFLICT, "challenge-over", "Start once more"


class PasskeyRefused(DomainError):
    """The passkey's answer is not one to our question, from this site."""

    kind, slug, title = Kind.DENIED, "passkey-refused", "The passkey was refused"


class PasskeyKnown(DomainError):
    """A passkey with this id is registered already."""

    kind, slug, title = Kind.CONFLICT, "passkey-known", "The passkey is registered already"


@dataclass(frozen=True, slots=True)
class SiteAddress:
    """
    Where people open the pages. *url* has no path: ``https://registry.example``.

    Passkeys belong to its host name. An address that is a number can have none.
    """

    url: str = "http://localhost:8000"

    @property
    def host(self) -> str:
        """The name that passkeys belong to (the relying party's id)."""
        return urlsplit(self.url).hostname or ""

    @property
    def netloc(self) -> str:
        """Host and port, as a browser sends them."""
        return urlsplit(self.url).netloc

    @property
    def takes_passkeys(self) -> bool:
        """Whether browsers make passkeys for this address: a name, and a safe place."""
        try:
            ip_address(self.host)
        except ValueError:
            return self.url.startswith("https://") or self.host == "localhost"
        return False
