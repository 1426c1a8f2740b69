"""
How much one caller may ask in a time: a bucket for each key and class of operation, and for each address without a key.

A valid key is never slowed by others at its address, which may be thousands of people behind one gateway. Keys that are
not known are: an address has few tries, except for keys that have worked here before.
"""

import math
import time
from collections.abc import Callable, Hashable, Mapping
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple

from registry.kit.problems import DomainError, Kind

KEPT: Final = 20_000
"""How many callers are remembered; the one that was added first is forgotten to make room."""

Network = IPv4Network | IPv6Network


class TooManyRequests(DomainError):
    """The caller has asked as much as it may in this time; nothing was done."""

    kind, slug, title = Kind.LIMITED, "too-many-requests", "Too many requests"
    allowance: "Allowance"


class RatePolicy(NamedTuple):
    """*per_s* requests a second in the long run, *burst* at once after a pause."""

    name: str
    per_s: float
    burst: int

    @property
    def header(self) -> bytes:
        """As RateLimit-Policy says it: the burst, and the seconds in which it fills again."""
        return b'"%s";q=%d;w=%d' % (self.name.encode(), self.burst, max(1, math.ceil(self.burst / self.per_s)))


ORDERS: Final = "orders"
WRITES: Final = "writes"
READS: Final = "reads"
ANONYMOUS: Final = "address"
UNSIGNED: Final = "unsigned-writes"
SIGN_INS: Final = "sign-ins"
FAILED: Final = "failed-keys"

PER_S: Final = {ORDERS: 5_000, WRITES: 300, READS: 1_000, ANONYMOUS: 1_000}
"""Orders come in thousands a second from one trader; what an address may ask without a key is for many people."""
BURST_S: Final = 3
"""A caller that paused may ask as much at once as in so many seconds."""
_ROUNDING_S: Final = 1e-9
"""What adding fractions leaves."""
FIXED: Final = (RatePolicy(UNSIGNED, 0.2, 20), RatePolicy(SIGN_INS, 2, 100), RatePolicy(FAILED, 0.2, 20))
"""
By address: writes without a key, which are objections; steps of signing in, which takes two, of everybody behind one
gateway in the morning; and keys that are no good.
"""


def policies(changed: Mapping[str, int] | None = None) -> tuple[RatePolicy, ...]:
    """Every policy, some with other requests a second than by default."""
    per_s = {**PER_S, **(changed or {})}
    return (*(RatePolicy(name, each, each * BURST_S) for name, each in per_s.items()), *FIXED)


class Allowance(NamedTuple):
    """What is left to a caller after this request, as headers say it."""

    policy: bytes
    remaining: bytes


class Rates:
    """The buckets of one process, and the *proxies* whose word on addresses counts."""

    def __init__(
        self,
        limits: tuple[RatePolicy, ...] = policies(),
        *,
        proxies: tuple[Network, ...] = (),
        now_s: Callable[[], float] = time.monotonic,
        kept: int = KEPT,
    ) -> None:
        self._policies: Mapping[str, RatePolicy] = {each.name: each for each in limits}
        self._headers = {each.name: each.header for each in limits}
        self.proxies = proxies
        self._now_s = now_s
        self._kept = kept
        self._full_at_s: dict[tuple[str, Hashable], float] = {}
        self._worked: dict[int, None] = {}

    def take(self, name: str, caller: Hashable) -> Allowance:
        """Count one request of *caller*. Raises `TooManyRequests`."""
        policy, now_s, key = self._policies[name], self._now_s(), (name, caller)
        # The bucket as one number: when it will be full. A request moves that by the time of one.
        full_at_s = max(self._full_at_s.get(key, 0.0), now_s) + 1 / policy.per_s
        over_s = full_at_s - now_s - policy.burst / policy.per_s
        if over_s > _ROUNDING_S:
            raise self._refusal(policy, over_s)
        self._note(key, full_at_s)
        return Allowance(
            self._headers[name], b'"%s";r=%d;t=%d' % (name.encode(), *self._left(policy, full_at_s - now_s))
        )

    def has_worked(self, header: str) -> bool:
        """Whether a key was good here before, and not bad since."""
        return hash(header) in self._worked

    def require_tries(self, address: str) -> None:
        """Refuse an address that tried too many keys that were no good. Raises `TooManyRequests`."""
        policy = self._policies[FAILED]
        full_s = max(0.0, self._full_at_s.get((FAILED, address), 0.0) - self._now_s())
        if (over_s := full_s + (1 - policy.burst) / policy.per_s) > _ROUNDING_S:
            raise self._refusal(policy, over_s)

    def failed(self, address: str, header: str) -> None:
        """A key from this address was not good."""
        self._worked.pop(hash(header), None)
        policy, now_s, key = self._policies[FAILED], self._now_s(), (FAILED, address)
        self._note(key, max(self._full_at_s.get(key, 0.0), now_s) + 1 / policy.per_s)

    def worked(self, header: str) -> None:
        """A key was good: it is known from now on, wherever it is used."""
        known = hash(header)
        if known not in self._worked:
            if len(self._worked) >= self._kept:
                del self._worked[next(iter(self._worked))]
            self._worked[known] = None

    def _note(self, key: tuple[str, Hashable], full_at_s: float) -> None:
        if key not in self._full_at_s and len(self._full_at_s) >= self._kept:
            del self._full_at_s[next(iter(self._full_at_s))]
        self._full_at_s[key] = full_at_s

    @staticmethod
    def _left(policy: RatePolicy, until_full_s: float) -> tuple[int, int]:
        return max(0, math.floor(policy.burst - until_full_s * policy.per_s + 1e-6)), math.ceil(until_full_s)

    def _refusal(self, policy: RatePolicy, over_s: float) -> TooManyRequests:
        what = {
            ANONYMOUS: "requests without a key from your address",
            FAILED: "unknown API keys from your address",
            SIGN_INS: "attempts to sign in from your address",
        }.get(policy.name, f"{policy.name} with this key")
        per = f"{policy.per_s:g} a second" if policy.per_s >= 1 else f"one in {1 / policy.per_s:g} s"
        refusal = TooManyRequests(
            f"Too many {what}: {policy.burst} at once are permitted, then {per}. Nothing was done; "
            f"send it again in {max(1, math.ceil(over_s))} s.",
            retry_after_s=max(1, math.ceil(over_s)),
            limit=policy.burst,
            policy=policy.name,
        )
        left = b'"%s";r=0;t=%d' % (policy.name.encode(), max(1, math.ceil(over_s)))
        refusal.allowance = Allowance(self._headers[policy.name], left)
        return refusal


def client_address(peer: str, forwarded: str, proxies: tuple[Network, ...]) -> str:
    """
    Whose request this is: *peer*, or what a proxy of ours says in `Forwarded` (RFC 7239) about it.

    Read from the right: each of our proxies added who spoke to it, and what is left of the first stranger is the
    stranger's word. IPv6 addresses of one network of 64 bits are one caller.
    """
    address = peer
    for element in [*reversed(_split(forwarded, ",")), ""] if proxies else ():
        if not element or not _is_ours(address, proxies):
            break
        nodes = [
            value.strip().strip('"')
            for name, _, value in (pair.partition("=") for pair in _split(element, ";"))
            if name.strip().lower() == "for"
        ]
        if not nodes or (node := _node(nodes[0])) is None:
            break
        address = node
    return _grouped(address)


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
