"""The text of c2sp.org/tlog-policy: known logs and witnesses, groups of them, and the quorum."""

from collections.abc import Callable, Collection
from typing import NamedTuple

from registry.transparency.format.note import (
    COSIGNATURE_ED25519,
    COSIGNATURE_ML_DSA_44,
    ED25519,
    VerifierKey,
    parse_vkey,
)
from registry.transparency.format.text import Malformed, parse_size

NONE = "none"
POLICY_LIMIT_BYTES = 1 << 20
_LOG_KINDS = (ED25519, COSIGNATURE_ML_DSA_44)
_WITNESS_KINDS = (COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44)
COUNT_LIMIT = 256
"""Logs, witnesses and groups, each. tlog-policy wants at least 32 and lets an implementation choose."""


class Group(NamedTuple):
    """At least *threshold* of *members* (witnesses or groups defined earlier) must have cosigned."""

    threshold: int
    members: tuple[str, ...]


class Policy(NamedTuple):
    """A whole policy; *quorum* names a witness or a group, or is `none`. Names mean nothing outside it."""

    logs: tuple[VerifierKey, ...]
    witnesses: dict[str, VerifierKey]
    groups: dict[str, Group]
    quorum: str


def parse_policy(source: str | bytes) -> Policy:
    """
    Read a policy text.

    Octets above 0x7F are opaque, as the specification wants: names compare byte by byte. Raises `Malformed` with the
    number of the line.
    """
    text = _checked_text(source)
    reader = _Reader()
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        words = line.replace("\t", " ").split(" ")
        try:
            reader.take([word for word in words if word])
        except Malformed as error:
            raise Malformed(f"policy line {number}: {error}") from error
    return reader.finish()


def is_satisfied(policy: Policy, cosigners: Collection[VerifierKey]) -> bool:
    """Whether the keys in *cosigners*, all with verified cosignatures, make the quorum. `quorum none` always holds."""
    if policy.quorum == NONE:
        return True
    witnessed = {name: key in cosigners for name, key in policy.witnesses.items()}
    for name, group in policy.groups.items():  # a group stands below its members
        witnessed[name] = sum(witnessed[each] for each in group.members) >= group.threshold
    return witnessed[policy.quorum]


def least_cosigners(policy: Policy) -> int:
    """
    The smallest number of witnesses that can make the quorum; 0 for `quorum none`.

    A group of keys that all bear one name is one witness, with an Ed25519 and an ML-DSA-44 key.
    """
    if policy.quorum == NONE:
        return 0
    needs = dict.fromkeys(policy.witnesses, 1)
    for name, group in policy.groups.items():  # a group stands below its members
        names = {policy.witnesses[each].name if each in policy.witnesses else None for each in group.members}
        one_witness = len(names) == 1 and None not in names
        needs[name] = 1 if one_witness else sum(sorted(needs[each] for each in group.members)[: group.threshold])
    return needs[policy.quorum]


class _Reader:
    """What has been read so far: a line may only name what stands above it."""

    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.witnesses: dict[str, VerifierKey] = {}
        self.groups: dict[str, Group] = {}
        self.members: set[str] = set()
        self.quorum: str | None = None

    def take(self, words: list[str]) -> None:
        if not words or words[0].startswith("#"):
            return
        readers: dict[str, Callable[[list[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }
        read = readers.get(words[0])
        if read is None:
            raise Malformed(f"unknown keyword {words[0]!r}")
        read(words[1:])
        if max(map(len, (self.logs, self.witnesses, self.groups))) > COUNT_LIMIT:
            raise Malformed(f"more than {COUNT_LIMIT} logs, witnesses or groups")

    def finish(self) -> Policy:
        if self.quorum is None:
            raise Malformed("a policy has exactly one quorum line, this has none")
        return Policy(tuple(self.logs), self.witnesses, self.groups, self.quorum)

    def _log(self, words: list[str]) -> None:
        _require_count(words, 1, 2, "log <vkey> [<url>]")
        self.logs.append(_fresh_key(words[0], _LOG_KINDS, self.logs))

    def _witness(self, words: list[str]) -> None:
        _require_count(words, 2, 3, "witness <name> <vkey> [<url>]")
        self._require_new(words[0])
        self.witnesses[words[0]] = _fresh_key(words[1], _WITNESS_KINDS, self.witnesses.values())

    def _group(self, words: list[str]) -> None:
        _require_count(words, 3, None, "group <name> all|any|<k> <name>...")
        name, threshold, *members = words
        self._require_new(name)
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise Malformed(f"{member!r} is not defined above")
            if member in self.members:
                raise Malformed(f"{member!r} is a member twice: a witness may count in one way only")
            self.members.add(member)
        self.groups[name] = Group(_threshold(threshold, len(members)), tuple(members))

    def _quorum(self, words: list[str]) -> None:
        _require_count(words, 1, 1, "quorum <name>")
        if self.quorum is not None:
            raise Malformed("a second quorum line")
        if words[0] != NONE and words[0] not in self.witnesses and words[0] not in self.groups:
            raise Malformed(f"{words[0]!r} is not defined above")
        self.quorum = words[0]

    def _require_new(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise Malformed(f"the name {name!r} is taken")


def _checked_text(source: str | bytes) -> str:
    raw = source if isinstance(source, bytes) else source.encode()
    if len(raw) > POLICY_LIMIT_BYTES:
        raise Malformed(f"a policy of {len(raw)} bytes; the limit is {POLICY_LIMIT_BYTES}")
    if any(octet in (0x7F, *range(0x09), *range(0x0B, 0x20)) for octet in raw):
        raise Malformed("a policy holds no control character but tab and newline")
    if raw and not raw.endswith(b"\n"):
        raise Malformed("the last line of a policy ends in a newline")
    return raw.decode(errors="surrogateescape")


def _require_count(words: list[str], low: int, high: int | None, form: str) -> None:
    if len(words) < low or (high is not None and len(words) > high):
        raise Malformed(f"expected: {form}")


def _fresh_key(text: str, kinds: tuple[int, ...], known: Collection[VerifierKey]) -> VerifierKey:
    key = parse_vkey(text)
    if key.kind not in kinds:
        raise Malformed(f"key type {key.kind:#04x} does not fit this line")
    if any(key.public == other.public for other in known):
        raise Malformed("the same public key twice")
    return key


def _threshold(text: str, members: int) -> int:
    if text in ("any", "all"):
        return 1 if text == "any" else members
    threshold = parse_size(text)
    if not 1 <= threshold <= members:
        raise Malformed(f"the threshold {text} is not between 1 and {members}")
    return threshold
