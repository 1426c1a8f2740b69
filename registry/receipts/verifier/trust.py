"""Reading `trust.json`: every key is checked when it is loaded, before it has verified anything."""

from collections.abc import Sequence
from typing import NamedTuple

from registry.transparency.format.note import COSIGNATURE_ML_DSA_44, ED25519, VerifierKey, parse_vkey
from registry.transparency.format.policy import Policy, parse_policy
from registry.transparency.format.strict_json import decode_readable
from registry.transparency.format.text import Malformed
from schemas.receipts import TRUST_FORMAT_1, Trust, TrustedKey

LOG_KINDS = (ED25519, COSIGNATURE_ML_DSA_44)
_ORIGIN_LIMIT_BYTES = 255
"""A cosignature states the length of the origin in one byte."""


class InForce(NamedTuple):
    """A key and the leaves [first, end) for which it counts; *end* None: still in force."""

    key: VerifierKey
    first: int
    end: int | None

    def counts_at(self, leaf_index: int) -> bool:
        """Whether the key counts for that leaf."""
        return self.first <= leaf_index and (self.end is None or leaf_index < self.end)

    def span(self) -> str:
        """The leaves in words."""
        return f"leaves {self.first} to {self.end - 1}" if self.end is not None else f"leaves from {self.first}"


class LoadedTrust(NamedTuple):
    """
    A trust file whose keys have been read and found sound; *number* is its edition.

    *registry* is the name that every statement must have; None in a file that does not say.
    """

    number: int
    origin: str
    issuers: tuple[InForce, ...]
    logs: tuple[InForce, ...]
    policies: tuple[tuple[int | None, Policy], ...]
    registry: str | None = None

    @property
    def policy(self) -> Policy:
        """The policy of today's checkpoints."""
        return self.policies[-1][1]

    def policy_at(self, leaf_index: int) -> Policy:
        """The policy for checkpoints whose last leaf is that one: the first that ends after it, or today's."""
        return next(policy for end, policy in self.policies if end is None or leaf_index < end)

    @property
    def simulated(self) -> bool:
        """A simulated region's origin contains `/sim/`."""
        return "/sim/" in f"{self.origin}/"

    def checkpoint_keys(self) -> tuple[VerifierKey, ...]:
        """Every key that may sign a checkpoint, whenever: the log's, the policies' logs, the witnesses."""
        policies = [key for _, each in self.policies for key in (*each.logs, *each.witnesses.values())]
        return (*(each.key for each in self.logs), *policies)


def load_trust(raw: bytes) -> LoadedTrust:
    """Read a trust file, canonical or indented by two spaces. Raises `Malformed` with what is wrong."""
    trust = decode_readable(raw, Trust)
    _check_form(trust)
    issuers = tuple(_load(each, (ED25519,)) for each in trust.issuers)
    logs = tuple(_load(each, LOG_KINDS) for each in trust.logs)
    policies = _load_policies(trust)
    _require_names([each.key for each in issuers], f"{trust.origin}/issuer")
    _require_names([each.key for each in logs], trust.origin)
    if {each.key.kind for each in logs} != set(LOG_KINDS):
        raise Malformed("log keys of both types are required: Ed25519 (0x01) and ML-DSA-44 (0x06)")
    if any(key.name != trust.origin for _, policy in policies for key in policy.logs):
        raise Malformed(f"the policy lists a log that is not {trust.origin}")
    _require_apart(issuers, logs, [policy for _, policy in policies])
    return LoadedTrust(trust.number, trust.origin, issuers, logs, policies, trust.registry)


def _check_form(trust: Trust) -> None:
    """What belongs to which version, and an origin that can be signed."""
    if (trust.format == TRUST_FORMAT_1) == bool(trust.earlier_policies or trust.registry):
        raise Malformed(
            f"a file of {trust.format} with {len(trust.earlier_policies)} earlier policies and the registry "
            f"{trust.registry or 'not named'}: version 2 has one of these, version 1 none"
        )
    if (size := len(trust.origin.encode())) > _ORIGIN_LIMIT_BYTES:
        raise Malformed(f"an origin of {size} bytes; the limit is {_ORIGIN_LIMIT_BYTES}")


def _require_names(keys: Sequence[VerifierKey], name: str) -> None:
    for key in keys:
        if key.name != name:
            raise Malformed(f"the key {key.name} does not bear the name {name}")


def _load_policies(trust: Trust) -> tuple[tuple[int | None, Policy], ...]:
    """Earlier ones in the order of their ends, then today's."""
    ends = [each.end for each in trust.earlier_policies]
    if ends != sorted(set(ends)):
        raise Malformed("the earlier policies do not stand in the order of their ends, each after the one before")
    earlier = tuple((each.end, parse_policy(each.policy)) for each in trust.earlier_policies)
    return (*earlier, (None, parse_policy(trust.policy)))


def _load(trusted: TrustedKey, kinds: tuple[int, ...]) -> InForce:
    key = parse_vkey(trusted.vkey)
    if key.kind not in kinds:
        raise Malformed(f"the key {key.name} has type {key.kind:#04x}, which does not fit its place")
    if trusted.end is not None and trusted.end <= trusted.first:
        raise Malformed(f"the key {key.name} counts from leaf {trusted.first} to before {trusted.end}: nowhere")
    return InForce(key, trusted.first, trusted.end)


def _require_apart(issuers: tuple[InForce, ...], logs: tuple[InForce, ...], policies: Sequence[Policy]) -> None:
    """
    One key, one role: a witness that is the log itself, or an issuer, witnesses nothing. It may stay a witness.

    A log that a policy lists may be one of *logs*; it is no issuer and no witness either.
    """
    witnesses = {key.public for policy in policies for key in policy.witnesses.values()}
    publics = [*(each.key.public for each in (*issuers, *logs)), *witnesses]
    others = witnesses | {each.key.public for each in issuers}
    listed = {key.public for policy in policies for key in policy.logs}
    if len(set(publics)) != len(publics) or listed & others:
        raise Malformed("the same public key stands in two places of the trust file")
