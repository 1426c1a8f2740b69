"""
How much one caller may ask in a time: a bucket for each key and class of operation, and for each address without a key.

A valid key is never slowed by others at its address, which may be thousands of people behind one gateway. Keys that are
not known are: an address has few tries, except for keys that have worked here before.
"""

import math
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Final, NamedTuple, TypeVar

from registry.kit.problems import DomainError, Kind
from registry.kit.senders import Network

KEPT: Final = 20_000
"""How many callers are remembered; the one that asked the longest ago is forgotten to make room."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


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
GUESTS: Final = "guests"
SIMULATIONS: Final = "simulations"
REPLAYS: Final = "replays"
FAILED: Final = "failed-keys"

PER_S: Final = {ORDERS: 5_000, WRITES: 300, READS: 1_000, ANONYMOUS: 1_000}
"""Orders come in thousands a second from one trader; what an address may ask without a key is for many people."""
BURST_S: Final = 3
"""A caller that paused may ask as much at once as in so many seconds."""
_ROUNDING_S: Final = 1e-9
"""What adding fractions leaves."""
FIXED: Final = (
    RatePolicy(UNSIGNED, 0.2, 20),
    RatePolicy(SIGN_INS, 2, 100),
    RatePolicy(FAILED, 0.2, 20),
    RatePolicy(GUESTS, 2, 300),
    RatePolicy(SIMULATIONS, 5, 200),
    RatePolicy(REPLAYS, 1, 100),
)
"""
By address: writes without a key, which are objections; steps of signing in, which takes two, of everybody behind one
gateway in the morning; keys that do not work; what guests of an event send, a hall of them behind one gateway;
pages of the simulator that play something, a class of pupils behind one; and what is replayed from the journal, by
key where there is one.
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
        before_s = self._full_at_s.get(key, 0.0)
        full_at_s = max(before_s, now_s) + 1 / policy.per_s
        over_s = full_at_s - now_s - policy.burst / policy.per_s
        if over_s > _ROUNDING_S:
            self._note(key, before_s)
            raise self._refusal(policy, over_s)
        self._note(key, full_at_s)
        return Allowance(
            self._headers[name], b'"%s";r=%d;t=%d' % (name.encode(), *self._left(policy, full_at_s - now_s))
        )

    def has_worked(self, header: str) -> bool:
        """Whether a key worked here before, and has not failed since."""
        return hash(header) in self._worked

    def require_tries(self, address: str) -> None:
        """Refuse an address that tried too many keys that do not work. Raises `TooManyRequests`."""
        policy = self._policies[FAILED]
        full_at_s = self._full_at_s.get((FAILED, address), 0.0)
        full_s = max(0.0, full_at_s - self._now_s())
        if (over_s := full_s + (1 - policy.burst) / policy.per_s) > _ROUNDING_S:
            self._note((FAILED, address), full_at_s)
            raise self._refusal(policy, over_s)

    def failed(self, address: str, header: str) -> None:
        """A key from this address does not work."""
        self._worked.pop(hash(header), None)
        policy, now_s, key = self._policies[FAILED], self._now_s(), (FAILED, address)
        self._note(key, max(self._full_at_s.get(key, 0.0), now_s) + 1 / policy.per_s)

    def worked(self, header: str) -> None:
        """A key worked: it is known from now on, wherever it is used."""
        _use(self._worked, hash(header), None, self._kept)

    def _note(self, key: tuple[str, Hashable], full_at_s: float) -> None:
        _use(self._full_at_s, key, full_at_s, self._kept)

    @staticmethod
    def _left(policy: RatePolicy, until_full_s: float) -> tuple[int, int]:
        return max(0, math.floor(policy.burst - until_full_s * policy.per_s + 1e-6)), math.ceil(until_full_s)

    def _refusal(self, policy: RatePolicy, over_s: float) -> TooManyRequests:
        what = {
            ANONYMOUS: "requests without a key from your address",
            UNSIGNED: "writes without a key from your address",
            FAILED: "unknown API keys from your address",
            SIGN_INS: "attempts to sign in from your address",
            GUESTS: "guests of events from your address",
            SIMULATIONS: "simulations from your address",
            REPLAYS: "files of past days",
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


def _use(kept: dict[K, V], key: K, value: V, limit: int) -> None:
    """Put an entry at the end of *kept*; the one that was used the longest ago makes room."""
    if key in kept:
        del kept[key]
    elif len(kept) >= limit:
        del kept[next(iter(kept))]
    kept[key] = value
