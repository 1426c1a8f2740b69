"""
Where a webhook goes: names are looked up, judged, and the very address that was judged is connected to.

A name may lead elsewhere a moment later. So each attempt looks it up once and connects to that address, with the name
only in the Host header and for the certificate. No redirect is followed, and no proxy of the environment is used.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import httpx

from registry.notifications.webhooks import rules

LOOKUP_TIMEOUT_S: Final = 5.0
ATTEMPT_TIMEOUT_S: Final = 15.0
"""For an attempt as a whole: a server that answers a byte now and then keeps nobody."""
Lookup = Callable[[str, int], Awaitable[list[str]]]


class Unreachable(Exception):
    """Nothing was answered; the text says why in a few words."""


async def _looked_up(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class WayOut:
    """What lets requests out. *plain*: also by http; *private*: also to this machine and its network."""

    plain: bool = False
    private: bool = False
    lookup: Lookup = _looked_up
    timeout_s: float = ATTEMPT_TIMEOUT_S

    async def resolve(self, url: str) -> str:
        """The address to connect to. Raises `UrlRefused`."""
        host, port = rules.host_and_port(url, plain=self.plain)
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT_S):
                found = await self.lookup(host, port)
        except (OSError, UnicodeError, TimeoutError):
            found = []
        return rules.check_addresses(host, found, private=self.private)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """
        Send a body; returns the status of the answer, whose text is not read.

        Raises `UrlRefused`, `Unreachable`.
        """
        address = await self.resolve(url)
        named = httpx.URL(url)
        pinned = named.copy_with(host=address)
        sent = {**headers, "Host": named.netloc.decode("ascii"), "Content-Type": "application/json"}
        try:
            async with (
                asyncio.timeout(self.timeout_s),
                httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=self.timeout_s) as client,
                client.stream(
                    "POST", pinned, content=body, headers=sent, extensions={"sni_hostname": named.host}
                ) as answer,
            ):
                return answer.status_code
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Unreachable(f"no answer within {self.timeout_s:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unreachable(type(error).__name__) from error
