"""Who sent a request, and whether it came by TLS, as far as our own proxies say (`Forwarded`, RFC 7239)."""

import functools
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from litestar.types import HTTPScope

Network = IPv4Network | IPv6Network


class Sender(NamedTuple):
    """The *address* from which a request was sent; *secure* if a proxy of ours says that it came by TLS."""

    address: str
    secure: bool = False

    @property
    def caller(self) -> str:
        """Whose limits count: IPv6 addresses of one network of 64 bits are one caller."""
        return _grouped(self.address)


def sender_of(scope: HTTPScope, proxies: tuple[Network, ...]) -> Sender:
    """Who sent the request of an ASGI *scope*. What its headers say counts only from *proxies*."""
    client = scope["client"]
    peer = client[0] if client else ""
    return _sender(peer, _forwarded(scope["headers"]), proxies) if proxies else Sender(peer)


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> str:
    return ",".join(value.decode("latin-1") for name, value in headers if name == b"forwarded")


@functools.lru_cache(maxsize=4096)
def _sender(peer: str, forwarded: str, proxies: tuple[Network, ...]) -> Sender:
    """
    Whose request this is: *peer*, or what a proxy of ours says about it.

    Read from the right: each of our proxies added who spoke to it and how, and what is left of the first stranger is
    the stranger's word.
    """
    found = Sender(peer)
    for element in reversed(_split(forwarded, ",")):
        if not _is_ours(found.address, proxies):
            break
        pairs = [(name.strip().lower(), value.strip().strip('"')) for name, _, value in _pairs(element)]
        node = next((_node(value) for name, value in pairs if name == "for"), None)
        if node is None:
            break
        found = Sender(node, secure=("proto", "https") in pairs)
    return found


def _pairs(element: str) -> Iterable[tuple[str, str, str]]:
    return (each.partition("=") for each in _split(element, ";"))


def _split(text: str, separator: str) -> list[str]:
    """Split at what stands outside of quotes."""
    parts, quoted = [""], False
    for letter in text:
        quoted ^= letter == '"'
        if letter == separator and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [each.strip() for each in parts if each.strip()]


def _node(text: str) -> str | None:
    """The address of a node, without its port; None for one that is hidden or unknown."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _is_ours(address: str, proxies: tuple[Network, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in proxies)


@functools.lru_cache(maxsize=4096)
def _grouped(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(IPv6Network((int(parsed) >> 64 << 64, 64)))
    return address
