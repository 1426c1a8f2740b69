"""The checks of any statement of the log, from its signature to the keys in force at its place."""

import time
from typing import Any, NamedTuple

from registry.receipts.verifier.checklist import Checklist
from registry.receipts.verifier.trust import LOG_KINDS, InForce, LoadedTrust
from registry.transparency.format.checkpoint import Checkpoint, Seal, SealedCheckpoint, verify_checkpoint
from registry.transparency.format.note import COSIGNATURE_ML_DSA_44, Note, parse_note, verify_note
from registry.transparency.format.policy import NONE, is_satisfied
from registry.transparency.format.proof import LogProof, parse_proof
from registry.transparency.format.statement import (
    SALT_BYTES,
    bundle_digest,
    require_fits,
    section_digest,
    statement_hash,
)
from registry.transparency.format.statement_rules import check_statement
from registry.transparency.format.strict_json import decode_strict
from registry.transparency.format.text import Malformed, parse_hex
from registry.transparency.format.tree import leaf_hash, verify_inclusion
from schemas.receipts import BUNDLE_FORMAT_1, BUNDLE_FORMAT_3, Bundle, Opening
from schemas.statements import STATEMENT_TYPES, Statement

_LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z, the last instant that `YYYY-MM-DDTHH:MM:SSZ` can express."""


class Head(NamedTuple):
    """A checkpoint whose signatures were checked, with the note that carries them."""

    note: Note
    sealed: SealedCheckpoint
    witnessed_at: str | None

    @property
    def checkpoint(self) -> Checkpoint:
        """What the log stated."""
        return self.sealed.checkpoint


class Leaf(NamedTuple):
    """A statement that is in the log; *sha256* is its leaf hash, *openings* are those that the file has, checked."""

    statement: Statement
    statement_hash: str
    sha256: bytes
    leaf_index: int
    head: Head
    openings: tuple[Opening, ...]

    @property
    def witnessed_at(self) -> str | None:
        """None if there is no quorum of witnesses."""
        return self.head.witnessed_at


def check_leaf(bundle: Bundle, trust: LoadedTrust, checks: Checklist, *, under: Head | None = None) -> Leaf:
    """
    Make every check that does not depend on other statements, after `check_form`. Raises `Stopped`.

    *under* is the head of the receipt, if this is the claim in it, or a later statement: its signatures are
    not checked a second time.
    """
    note, statement = _check_statement(bundle, trust, checks)
    issuer = _check_issuer(note, trust, checks)
    _check_sections(bundle, statement, checks)
    with checks.checking("log proof"):
        proof = parse_proof(bundle.proof)
        if proof.extra is not None:
            raise Malformed("extra data in the proof, which nothing authenticates")
        own = under if under is not None and under.note == proof.checkpoint else None
        sealed = own.sealed if own else verify_checkpoint(proof.checkpoint, trust.checkpoint_keys())
    if bundle.sha256 is None:
        _require_no_lookalike(proof.checkpoint, trust, checks)
    leaf = _check_path(bundle.note, proof, sealed.checkpoint, checks)
    head = own or _check_head(proof.checkpoint, sealed, trust, checks)
    if own:
        checks.ok("checkpoint", "the receipt's own")
    _check_keys(issuer, proof, sealed, trust, checks)
    _check_digest(bundle, checks)
    return Leaf(statement, statement_hash(note.text), leaf, proof.leaf_index, head, bundle.openings)


def check_form(bundle: Bundle, checks: Checklist) -> None:
    """Check that the fields are those of the bundle's version. Raises `Stopped`."""
    version = bundle.format.rpartition("/v")[2]
    if bundle.format != BUNDLE_FORMAT_3:
        checks.require(not bundle.later, "file", f"a bundle of version {version} has nothing later")
    if bundle.format == BUNDLE_FORMAT_1:
        checks.require(bundle.sha256 is None, "file", "a bundle of version 1 has no sha256")
        return
    checks.require(not bundle.asserts_neutral, "file", f"a bundle of version {version} asserts nothing")
    checks.require(bundle.sha256 is not None, "file", f"a bundle of version {version} states its sha256")
    if bundle.format == BUNDLE_FORMAT_3:
        checks.require(bundle.later, "file", "a bundle of version 3 has something later, or is one of version 2")


def check_rules(statement: Statement, trust: LoadedTrust, checks: Checklist) -> None:
    """Check a statement against itself and the name of its registry. Raises `Stopped`."""
    if trust.registry is not None:
        named = f"the statement is of {statement.registry!r}, the trust file is for {trust.registry!r}"
        checks.require(statement.registry == trust.registry, "registry", named)
        checks.ok("registry", trust.registry)
    with checks.checking("rules"):
        check_statement(statement)
    checks.ok("rules", "dates, ranges and amounts agree with each other")


def _check_digest(bundle: Bundle, checks: Checklist) -> None:
    """After every signature, for it proves nothing but that lines by unknown keys are undamaged too."""
    if bundle.sha256 is None:
        return
    undamaged = bundle.sha256 == bundle_digest(bundle.note, bundle.proof)
    checks.require(undamaged, "digest", "note and proof do not have the SHA-256 that the file states: it is damaged")
    checks.ok("digest", "every byte of note and proof is as it was written")


def _check_statement(bundle: Bundle, trust: LoadedTrust, checks: Checklist) -> tuple[Note, Statement]:
    with checks.checking("statement"):
        note = parse_note(bundle.note)
        require_fits(note.text)
        lines = note.text.split("\n")
        if len(lines) != 3 or lines[2]:  # noqa: PLR2004 - type line, JSON, and what follows the last newline
            raise Malformed("a statement is a type line and a line of JSON")
        origin, _, kind = lines[0].removesuffix("/v1").rpartition("/")
        known = STATEMENT_TYPES.get(f"{kind}/v1")
        if origin != trust.origin or known is None or lines[0] != f"{origin}/{known.TYPE}":
            raise Malformed(f"the type line {lines[0]!r} is not a statement type of {trust.origin}")
        statement = decode_strict(lines[1].encode(), known)
        if len(note.signatures) != 1:
            raise Malformed(f"{len(note.signatures)} signatures on a statement; the issuer makes one")
    checks.ok("statement", f"{known.TYPE} of {statement.executed_at}, canonical JSON")
    return note, statement


def _check_issuer(note: Note, trust: LoadedTrust, checks: Checklist) -> InForce:
    with checks.checking("issuer signature"):
        (key,) = verify_note(note, [each.key for each in trust.issuers])
    checks.ok("issuer signature", f"{key.name} {key.key_id.hex()}, Ed25519")
    return next(each for each in trust.issuers if each.key == key)


def _check_sections(bundle: Bundle, statement: Statement, checks: Checklist) -> None:
    digests: dict[str, str] = getattr(statement, "sections", {})
    labels = [opening.label for opening in bundle.openings]
    checks.require(labels == sorted(set(labels)), "sections", "the openings are not in order, or one stands twice")
    for opening in bundle.openings:
        with checks.checking("sections"):
            stated = digests.get(opening.label)
            if stated is None or stated != _digest_of(opening):
                raise Malformed(f"the opening of {opening.label!r} is not what the statement names")
    sealed = sorted(set(digests) - set(labels))
    parts = [f"opened: {', '.join(labels)}"] * bool(labels) + [f"sealed: {', '.join(sealed)}"] * bool(sealed)
    checks.ok("sections", "; ".join(parts) or "none")


def _digest_of(opening: Opening) -> str:
    decode_strict(opening.text.encode(), Any)  # canonical JSON, or Malformed
    return section_digest(opening.label, parse_hex(opening.salt, size=SALT_BYTES), opening.text)


def _check_path(leaf: str, proof: LogProof, head: Checkpoint, checks: Checklist) -> bytes:
    sha256 = leaf_hash(leaf.encode())
    with checks.checking("path"):
        verify_inclusion(sha256, proof.leaf_index, head.size, proof.hashes, head.root)
    checks.ok("leaf", sha256.hex())
    checks.ok("path", f"leaf {proof.leaf_index} is in the tree of size {head.size}")
    return sha256


def _check_head(note: Note, sealed: SealedCheckpoint, trust: LoadedTrust, checks: Checklist) -> Head:
    _check_checkpoint(sealed, trust, checks)
    return Head(note, sealed, _check_witnesses(sealed, trust, checks))


def _check_checkpoint(sealed: SealedCheckpoint, trust: LoadedTrust, checks: Checklist) -> None:
    origin = sealed.checkpoint.origin
    checks.require(origin == trust.origin, "checkpoint", f"it is of the log {origin}, not of {trust.origin}")
    signed = {seal.key for seal in sealed.seals}
    ours = {each.key.kind for each in trust.logs if each.key in signed}
    names = {kind: name for kind, name in zip(LOG_KINDS, ("Ed25519", "ML-DSA-44"), strict=True) if kind not in ours}
    checks.require(not names, "checkpoint", f"no signature of the log with {' nor '.join(names.values())}")
    listed = trust.policy_at(sealed.checkpoint.size - 1).logs
    checks.require(not listed or signed & set(listed), "checkpoint", "no log of the policy signed it")
    said = f"{origin}, size {sealed.checkpoint.size}, signed with Ed25519 and ML-DSA-44"
    if extensions := len(sealed.checkpoint.extensions):
        said += f"; extension lines that say nothing here: {extensions}"
    checks.ok("checkpoint", said)


def _require_no_lookalike(note: Note, trust: LoadedTrust, checks: Checklist) -> None:
    """
    Refuse a line that shares its name or its id, not both, with a trusted key.

    For bundles of version 1 only, which state no SHA-256: there one changed byte would turn a cosignature into nothing,
    and the receipt would still read as valid, only less witnessed. Otherwise such a line is one by an unknown key,
    which signed-note ignores: after a change of keys a name has two ids.
    """
    known = {(key.name, key.key_id) for key in trust.checkpoint_keys()}
    names, ids = {name for name, _ in known}, {each for _, each in known}
    for line in note.signatures:
        alike = (line.name in names or line.key_id in ids) and (line.name, line.key_id) not in known
        checks.require(not alike, "checkpoint", f"the line of {line.name} {line.key_id.hex()} is damaged or forged")


def _check_witnesses(sealed: SealedCheckpoint, trust: LoadedTrust, checks: Checklist) -> str | None:
    policy = trust.policy_at(sealed.checkpoint.size - 1)
    witnesses = set(policy.witnesses.values())
    seals = sorted((each for each in sealed.seals if each.key in witnesses and each.timestamp), key=_when)
    if policy.quorum == NONE:
        checks.note("witnesses", "the policy asks for none (quorum none)")
        return None
    for count, seal in enumerate(seals, start=1):
        if is_satisfied(policy, [each.key for each in seals[:count]]):
            with checks.checking("witnesses"):
                witnessed_at = moment(seal.timestamp)
            checks.ok("witnesses", f"quorum {policy.quorum} at {witnessed_at}: {_names(seals)}")
            return witnessed_at
    checks.note("witnesses", f"quorum {policy.quorum} is missing; cosigned by {_names(seals) or 'nobody'}")
    return None


def _check_keys(
    issuer: InForce, proof: LogProof, sealed: SealedCheckpoint, trust: LoadedTrust, checks: Checklist
) -> None:
    index, last = proof.leaf_index, sealed.checkpoint.size - 1
    name = "keys in force"
    checks.require(issuer.counts_at(index), name, f"the issuer key counts for {issuer.span()}, this is leaf {index}")
    signed = {seal.key for seal in sealed.seals}
    kinds = {each.key.kind for each in trust.logs if each.key in signed and each.counts_at(last)}
    checks.require(kinds == set(LOG_KINDS), name, f"a log key that signed does not count at leaf {last}")
    checks.ok(name, f"issuer key at leaf {index}, log keys at leaf {last}")


def _when(seal: Seal) -> int:
    return seal.timestamp


def _names(seals: list[Seal]) -> str:
    post_quantum = " (ML-DSA-44)"
    names = (f"{seal.key.name}{post_quantum * (seal.key.kind == COSIGNATURE_ML_DSA_44)}" for seal in seals)
    return ", ".join(dict.fromkeys(names))


def moment(timestamp: int) -> str:
    """The instant as people read it. Raises `Malformed` after the year 9999."""
    if timestamp > _LAST_SECOND:
        raise Malformed(f"a cosignature of the second {timestamp}, after the year 9999")
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(timestamp))
