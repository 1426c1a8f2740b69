"""To which addresses something may be sent, and how often it is tried. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from registry.kit.problems import DomainError, Kind

FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(hours=12)
TRIED_FOR: Final = timedelta(days=3)
"""A message is tried for so long; an address at which nothing arrives for so long is disabled."""
OLD_SECRET_LASTS: Final = timedelta(hours=24)
KEPT: Final = timedelta(days=30)
REPLAYED_AT_ONCE: Final = 1_000
PINGS_AN_HOUR: Final = 30
GONE: Final = 410
_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")


class UrlRefused(DomainError):
    """Nothing is sent to this address."""

    kind, slug, title = Kind.UNPROCESSABLE, "webhook-address-refused", "Nothing is sent to this address"


class TooMuchToReplay(DomainError):
    """More events than are sent again at once."""

    kind, slug, title = Kind.UNPROCESSABLE, "too-much-to-replay", "Too much to send again at once"


class NotActive(DomainError):
    """The address is paused or disabled."""

    kind, slug, title = Kind.CONFLICT, "webhook-not-active", "The webhook is not active"


class TooManyPings(DomainError):
    """So many tests were sent within an hour that no further one is."""

    kind, slug, title = Kind.CONFLICT, "too-many-pings", "Too many tests within an hour"


def host_and_port(url: str, *, plain: bool) -> tuple[str, int]:
    """Where a URL leads. Raises `UrlRefused` if nothing may be sent by such a URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UrlRefused(f"{url} is not a URL.") from error
    if parts.scheme != "https" and not plain:
        raise UrlRefused("A webhook's URL begins with https://: over plain http anybody on the way reads along.")
    if not host or port == 0:
        raise UrlRefused(f"{url} names no host.")
    if parts.username is not None or parts.password is not None:
        raise UrlRefused("A webhook's URL has no user and password: the signature says who sends.")
    if parts.fragment:
        raise UrlRefused("A webhook's URL has no part after #: it would not be sent.")
    return host, port or (443 if parts.scheme == "https" else 80)


def check_addresses(host: str, found: Sequence[str], *, private: bool) -> str:
    """
    The address to connect to, of all that *host* has. Raises `UrlRefused` if any of them is not a public one.

    A name that leads to a public and a private one is a trap, not a mistake.
    """
    if not found:
        raise UrlRefused(f"{host} has no address: check how it is written.")
    if not private:
        for each in found:
            if not is_public(each):
                raise UrlRefused(
                    f"{host} is at {each}, which is not reachable from everywhere (private, loopback, link-local or "
                    "reserved). Use a public address, or ask the operator (KILNWOOD_WEBHOOKS_PRIVATE)."
                )
    return found[0]


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public internet, also the IPv4 one that is packed into an IPv6 one."""
    try:
        address = ip_address(text)
    except ValueError:
        return False  # with a zone, such as fe80::1%eth0
    if isinstance(address, IPv6Address):
        packed = _packed(address)
        if packed is not None:
            return all(is_public(str(each)) for each in packed)
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
        or address.is_private
    )


def _packed(address: IPv6Address) -> tuple[IPv4Address, ...] | None:
    """The IPv4 addresses to which traffic for an IPv6 one may be carried on; None if it is only itself."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64 or address in _COMPATIBLE:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return None


def wait_after(tries: int, luck: float) -> timedelta:
    """
    How long until the next attempt, when *tries* have been made: ten seconds, then three times as long each time.

    *luck*, from 0 to 1, makes it up to a fifth shorter or longer, so that a server that comes back is not overrun.
    """
    times: int = 3 ** min(tries - 1, 20)
    wait = min(FIRST_WAIT * times, LONGEST_WAIT)
    return wait * (0.8 + 0.4 * luck)


def is_over(first_at: datetime, now: datetime, wait: timedelta) -> bool:
    """Whether the next attempt would be later than it is tried for."""
    return now + wait - first_at > TRIED_FOR
