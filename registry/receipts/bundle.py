"""Builds a receipt from what the log stores, and the trust file that it is checked with. Pure."""

from collections.abc import Callable, Sequence

from registry.receipts.verifier.trust import load_trust
from registry.transparency.format.checkpoint import parse_checkpoint_text
from registry.transparency.format.grow import Tiles
from registry.transparency.format.note import VerifierKey, parse_note
from registry.transparency.format.policy import parse_policy
from registry.transparency.format.proof import LogProof, format_proof
from registry.transparency.format.prove import inclusion_proof
from registry.transparency.format.statement import bundle_digest
from registry.transparency.format.strict_json import DOCUMENT_LIMIT_BYTES, decode_readable, encode, indented
from registry.transparency.format.text import Malformed
from schemas.receipts import (
    BUNDLE_FORMAT,
    BUNDLE_FORMAT_3,
    TRUST_FORMAT,
    TRUST_FORMAT_1,
    Bundle,
    EarlierPolicy,
    Opening,
    Trust,
    TrustedKey,
)
from schemas.statements import CorrectionStatement


def build_bundle(
    *,
    note: str,
    leaf_index: int,
    checkpoint_note: str,
    tiles: Tiles,
    openings: Sequence[Opening] = (),
    claim: Bundle | None = None,
    later: Sequence[Bundle] = (),
) -> Bundle:
    """
    The bundle of the statement *note* at *leaf_index* under a published checkpoint with its cosignatures.

    *tiles* must hold `prove.tiles_for_inclusion(leaf_index, size)`; wider tiles do. A retirement needs the *claim*'s
    own bundle; with something *later*, in the order of leaves, it is of version 3. Raises `Malformed` when a tile is
    missing.
    """
    checkpoint = parse_note(checkpoint_note)
    size = parse_checkpoint_text(checkpoint.text).size
    proof = format_proof(LogProof(leaf_index, inclusion_proof(leaf_index, size, tiles), checkpoint))
    return Bundle(
        format=BUNDLE_FORMAT_3 if later else BUNDLE_FORMAT,
        note=note,
        proof=proof,
        sha256=bundle_digest(note, proof),
        openings=tuple(sorted(openings, key=lambda each: each.label)),
        claim=claim,
        later=tuple(later),
    )


def bundle_file(bundle: Bundle) -> bytes:
    """The bytes of `*.receipt.json`: canonical, no newline at the end."""
    return encode(bundle)


def fitting(build: Callable[[Sequence[Bundle]], Bundle], later: Sequence[Bundle]) -> Bundle:
    """
    The bundle that *build* makes with what was said *later*, as far as a document's limit takes it.

    Beyond it the oldest corrections are left out: a reader sees by the numbers that some came before.
    """
    carried = list(later)
    while len(bundle_file(made := build(carried))) > DOCUMENT_LIMIT_BYTES:
        oldest = next((each for each in carried if _says(each) == CorrectionStatement.TYPE), None)
        assert oldest is not None, "a retirement, its claim and two annulments fit"
        carried.remove(oldest)
    return made


def _says(bundle: Bundle) -> str:
    """The type of a bundle's statement."""
    return "/".join(bundle.note.partition("\n")[0].split("/")[-2:])


def trust_file(
    origin: str,
    *,
    issuers: Sequence[TrustedKey],
    logs: Sequence[TrustedKey],
    policy: str,
    number: int = 1,
    earlier_policies: Sequence[EarlierPolicy] = (),
    registry: str | None = None,
) -> bytes:
    """
    The bytes of `trust.json`, indented for reading.

    *policy* is a tlog-policy text, such as `witness_policy` writes; *registry* the name that all statements have.
    Raises `Malformed` when the policy cannot be read.
    """
    parse_policy(policy)
    trust = Trust(
        format=TRUST_FORMAT if earlier_policies or registry else TRUST_FORMAT_1,
        number=number,
        origin=origin,
        issuers=tuple(issuers),
        logs=tuple(logs),
        policy=policy,
        earlier_policies=tuple(earlier_policies),
        registry=registry,
    )
    return indented(encode(trust))


def next_trust_file(before: bytes, policy: str, *, from_leaf: int, registry: str | None = None) -> bytes:
    """
    The edition after *before*: *policy* counts from leaf *from_leaf* on, that of *before* for the leaves up to it.

    Keys stay as they are, and so does the registry's name; a file without one gets *registry*. Raises `Malformed` for a
    file that cannot be read or names another registry, a policy that is the same, or a leaf that is not after the last
    change.
    """
    trust = decode_readable(before, Trust)
    if None not in (trust.registry, registry) and trust.registry != registry:
        raise Malformed(f"the trust file is for {trust.registry!r}, the settings are of {registry!r}")
    if trust.policy == policy:
        raise Malformed("the policy is the one that the trust file has already: there is nothing to change")
    made = trust_file(
        trust.origin,
        issuers=trust.issuers,
        logs=trust.logs,
        policy=policy,
        number=trust.number + 1,
        earlier_policies=(*trust.earlier_policies, EarlierPolicy(policy=trust.policy, end=from_leaf)),
        registry=trust.registry or registry,
    )
    load_trust(made)
    return made


def trusted(key: VerifierKey, first: int = 0, end: int | None = None) -> TrustedKey:
    """A key that counts for leaves [first, end)."""
    return TrustedKey(vkey=key.text(), first=first, end=end)


def witness_policy(witnesses: Sequence[Sequence[VerifierKey]], *, quorum: int) -> str:
    """
    A tlog-policy text: any *quorum* of *witnesses*, named w1, w2, … in order; without witnesses `quorum none`.

    A witness with two keys, which are told apart by their type, has cosigned if both have: a forger must break both.
    """
    if not witnesses:
        return "quorum none\n"
    keys, pairs, names = [], [], []
    for number, each in enumerate(witnesses, start=1):
        names.append(f"w{number}")
        if len(each) == 1:
            keys.append(f"witness w{number} {each[0].text()}")
            continue
        parts = [f"w{number}-{key.kind:02x}" for key in each]
        keys += [f"witness {part} {key.text()}" for part, key in zip(parts, each, strict=True)]
        pairs.append(f"group w{number} all {' '.join(parts)}")
    return "\n".join([*keys, *pairs, f"group witnesses {quorum} {' '.join(names)}", "quorum witnesses", ""])
