"""
Connections to other machines are encrypted, and the other side shows who it is.

A database or witness on this machine may be reached without: what passes then leaves no machine.
"""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

_PASSWORD: Final = re.compile(r"(?<=://)[^/?#]*@|(?<=[?&]password=)[^&#]*")


def require_database(url: str) -> None:
    """Raise `ValueError` for a PostgreSQL on another machine without TLS that checks its certificate and name."""
    query = parse_qs(urlsplit(url).query)
    away = [host for host in _hosts(url, query.get("host", ())) if not is_here(host)]
    if away and query.get("sslmode", [""])[-1] != "verify-full":
        raise ValueError(
            f"sslmode=verify-full, because {away[0]} is another machine, with its certificate authority: "
            "…?sslmode=verify-full&sslrootcert=/path/to/ca.pem"
        )


def require_web(url: str) -> None:
    """Raise `ValueError` for http to another machine."""
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_here(parts.hostname or ""):
        raise ValueError(f"https, because {parts.hostname} is another machine")


def is_here(host: str) -> bool:
    """Whether *host* is a socket's folder or an address of this machine that no other one reaches."""
    if host in ("", "localhost") or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def without_password(url: str) -> str:
    """The URL as a message may show it."""
    return _PASSWORD.sub(lambda found: "…@" if found[0].endswith("@") else "…", url)


def _hosts(url: str, named: "list[str] | tuple[()]") -> list[str]:
    """Every host of a URL of PostgreSQL, which may name several, in the address or in the query."""
    address = urlsplit(url).netloc.rpartition("@")[2]
    return [_without_port(unquote(each)) for part in (address, *named) for each in part.split(",") if each]


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.count(":") > 1 else host.partition(":")[0]
