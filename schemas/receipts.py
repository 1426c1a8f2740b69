"""
The receipt bundle and what a verifier has to know beforehand (registry/transparency/FORMAT.md).

A bundle is one canonical JSON file, `*.receipt.json`; it holds everything that a check needs except trust. Trust comes
by another way, as `trust.json`.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from schemas.scalars import Name

LeafIndex = Annotated[int, Meta(ge=0, le=2**53 - 1, description="Position of a leaf in the log, from 0")]
LeafEnd = Annotated[int, Meta(ge=1, le=2**53 - 1, description="The leaf up to which, and without which, it counts")]
Digest = Annotated[str, Meta(min_length=64, max_length=64, description="32 bytes in lower-case hexadecimal")]
NoteText = Annotated[str, Meta(min_length=1, max_length=131_072, description="A signed note, c2sp.org/signed-note")]

BUNDLE_FORMAT: Literal["kilnwood-receipt/v2"] = "kilnwood-receipt/v2"
BUNDLE_FORMAT_3: Literal["kilnwood-receipt/v3"] = "kilnwood-receipt/v3"
"""Version 2 with *later*: used exactly if something was said later about the retirement or its claim."""
LATER_CORRECTIONS = 32
"""A receipt carries this many corrections at most, the newest ones, and every annulment."""
LATER_LIMIT = LATER_CORRECTIONS + 2
BUNDLE_FORMAT_1: Literal["kilnwood-receipt/v1"] = "kilnwood-receipt/v1"
"""Read for ever, not written any more: without *sha256*, and with *asserts_neutral*."""
TRUST_FORMAT_1: Literal["kilnwood-trust/v1"] = "kilnwood-trust/v1"
TRUST_FORMAT: Literal["kilnwood-trust/v2"] = "kilnwood-trust/v2"


class Opening(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a statement names by digest only: `SHA-256(label || 0x00 || salt || text)`, where *text* is JCS."""

    label: Annotated[str, Meta(min_length=1, max_length=80)]
    salt: Digest
    text: Annotated[str, Meta(min_length=1, max_length=65_536)]


class Bundle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """
    One statement with everything that proves it: the file `*.receipt.json`.

    *note* is the signed statement, which is the leaf; *proof* a tlog-proof text; *claim* the bundle of the claim that a
    retirement names. *sha256* is the SHA-256 of note, a zero byte, and proof, so that damage to a signature line that
    nobody knows is seen as well; it authenticates nothing. *status* is kept free for a newer status snapshot; the
    present verifier refuses it, for it cannot check one.

    Version 3 has *later*: the bundles of the corrections and annulments of the retirement and of its claim, in the
    order of their leaves, under the same checkpoint. Version 1 has no *sha256*, and *asserts_neutral*: this file alone
    is meant to cover its claim, and is a shortfall if it does not.
    """

    format: Literal["kilnwood-receipt/v1", "kilnwood-receipt/v2", "kilnwood-receipt/v3"]
    note: NoteText
    proof: NoteText
    sha256: Digest | None = None
    openings: Annotated[tuple[Opening, ...], Meta(max_length=32)] = ()
    claim: "Bundle | None" = None
    asserts_neutral: bool = False
    status: "Bundle | None" = None
    later: Annotated[tuple["Bundle", ...], Meta(max_length=LATER_LIMIT)] = ()


class TrustedKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """
    A key and the leaves for which it counts: index from *first* (in JSON `from`) up to and without *end* (`to`).

    A statement is signed by an issuer key that counts at its leaf; a checkpoint of size n by log keys that count at
    leaf n - 1. Without *end* the key is in force; a compromised one gets the index from which it is void.
    """

    vkey: Annotated[str, Meta(min_length=1, max_length=4096)]
    first: LeafIndex = field(name="from")
    end: LeafEnd | None = field(name="to", default=None)


class EarlierPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tlog-policy text that counted for checkpoints whose last leaf is before *end* (in JSON `to`)."""

    policy: Annotated[str, Meta(min_length=1, max_length=131_072)]
    end: LeafEnd = field(name="to")


class Trust(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """
    What a verifier has to know beforehand, obtained by a way other than the receipt: the file `trust.json`.

    *issuers* sign statements (Ed25519, type 0x01); *logs* sign checkpoints and come in both types, 0x01 and ML-DSA-44
    0x06, one of each is required on every checkpoint. *policy* is a tlog-policy text with witnesses and quorum.
    *number* grows with each edition. A checkpoint is judged by the first of *earlier_policies* that reaches its last
    leaf, or else by *policy*, so that a change of witnesses spoils no receipt. Every statement under *origin* is of
    *registry*, where the file names one. A file is of version 2 exactly if it has one of these two.
    """

    format: Literal["kilnwood-trust/v1", "kilnwood-trust/v2"]
    number: Annotated[int, Meta(ge=1)]
    origin: Annotated[str, Meta(min_length=1, max_length=255)]
    issuers: Annotated[tuple[TrustedKey, ...], Meta(min_length=1, max_length=64)]
    logs: Annotated[tuple[TrustedKey, ...], Meta(min_length=2, max_length=64)]
    policy: Annotated[str, Meta(min_length=1, max_length=131_072)]
    earlier_policies: Annotated[tuple[EarlierPolicy, ...], Meta(max_length=64)] = ()
    registry: Name | None = None
