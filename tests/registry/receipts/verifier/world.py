"""
A small registry in memory: fixed keys, a log of a few statements, receipts under one checkpoint.

Run as a program it writes the golden files again: `python -m tests.registry.receipts.verifier.world`. ML-DSA signing is
randomised, so the files are kept, not compared with what a new run would write.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from registry.receipts.bundle import build_bundle, bundle_file, trust_file, trusted, witness_policy
from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import verify_bundle
from registry.transparency.format import grow
from registry.transparency.format.checkpoint import Checkpoint, checkpoint_text, cosign, sign_checkpoint
from registry.transparency.format.note import COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44, ED25519, format_note
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.statement import (
    bundle_digest,
    section_digest,
    sign_statement,
    statement_hash,
    statement_text,
)
from registry.transparency.format.tile import TileKey
from registry.transparency.format.tree import leaf_hash
from schemas.receipts import BUNDLE_FORMAT_1, Bundle, Opening
from schemas.statements import CancellationStatement, ClaimStatement, Period, RetirementStatement, Statement

GOLDEN = Path(__file__).parents[3] / "golden"
ORIGIN = "registry.kilnwood.example/sim/sichuan"
SALT = bytes(range(32))
ORGANISER_TEXT = '{"name":"张伟"}'
WITNESSED_S = 1_780_000_000


def signer(name: str, kind: int) -> SeedSigner:
    """A key that is the same in every run."""
    return SeedSigner(name, kind, sha256(f"{name} {kind}".encode()).digest())


ISSUER = signer(f"{ORIGIN}/issuer", ED25519)
LOG = signer(ORIGIN, ED25519)
LOG_PQ = signer(ORIGIN, COSIGNATURE_ML_DSA_44)
WITNESS = signer("witness.kilnwood.example/w1", COSIGNATURE_ED25519)
CLAIM = ClaimStatement(
    registry="Sichuan Carbon Inclusion",
    executed_at="2026-05-20T09:00:00Z",
    claim="claim-1",
    type="event",
    standard="Chengdu large-event profile 2023",
    subject="中非论坛 side event",
    period=Period(begins="2026-05-01T00:00:00Z", ends="2026-05-02T23:59:59Z"),
    boundary="fuel, power and heat, attendee travel, accommodation",
    footprint_kg=1200,
    method="event-footprint/1",
    required_kg=1200,
    confirmation="self",
    deadline="2027-05-02T23:59:59Z",
    exclusive=True,
    sections={"organiser": section_digest("organiser", SALT, ORGANISER_TEXT), "report": "ab" * 32},
)
RETIREMENT = RetirementStatement(
    registry="Sichuan Carbon Inclusion",
    executed_at="2026-05-21T10:30:00Z",
    receipt="R-1",
    order="O-1",
    quantity_kg=1200,
    issuance="SC-CDCER-0007-2024-01",
    ranges=((1, 1000), (2001, 2200)),
    project="SC-0007",
    methodology="kiln-electrification/1",
    vintage=2024,
    host="CN",
    adjustment="none",
    purpose="claim",
    claim="0" * 64,
    allocates_kg=1200,
    sections={},
)
FILLER = CancellationStatement(
    registry="Sichuan Carbon Inclusion",
    executed_at="2026-05-19T00:00:00Z",
    cancellation="X-1",
    issuance="SC-CDCER-0007-2024-01",
    ranges=((5000, 5000),),
    quantity_kg=1,
    reason="filler",
)
OPENING = Opening(label="organiser", salt=SALT.hex(), text=ORGANISER_TEXT)


@dataclass
class World:
    """A log in memory; `checkpoint` seals its present size, with every key by default."""

    notes: list[str] = field(default_factory=list)
    tiles: dict[TileKey, bytes] = field(default_factory=dict)
    root: bytes = b""

    def add(self, statement: Statement, *, issuer: SeedSigner = ISSUER) -> str:
        """Append a statement; returns its hash."""
        text = statement_text(ORIGIN, statement)
        self.add_note(sign_statement(text, issuer))
        return statement_hash(text)

    def add_note(self, note: str) -> None:
        """Append a leaf as it is."""
        done = grow.append(len(self.notes), [leaf_hash(note.encode())], self.tiles)
        self.notes.append(note)
        self.tiles.update(done.tiles)
        self.root = done.root

    def checkpoint(self, *, logs=(LOG, LOG_PQ), witnesses=(WITNESS,), origin=ORIGIN, timestamp=WITNESSED_S) -> str:
        """The signed and cosigned checkpoint of the present size."""
        head = Checkpoint(origin, len(self.notes), self.root)
        lines = [
            sign_checkpoint(head, each) if each.key.kind == ED25519 else cosign(head, each, timestamp=0)
            for each in logs
        ]
        lines += [cosign(head, each, timestamp=timestamp) for each in witnesses]
        return format_note(checkpoint_text(head), lines)

    def bundle(self, leaf_index: int, checkpoint: str | None = None, **extra) -> Bundle:
        """The bundle of one leaf under a checkpoint of the present size."""
        return build_bundle(
            note=self.notes[leaf_index],
            leaf_index=leaf_index,
            checkpoint_note=checkpoint or self.checkpoint(),
            tiles=self.tiles,
            **extra,
        )


def changed(statement, **values):
    """The statement with other values."""
    return type(statement)(**{name: values.get(name, getattr(statement, name)) for name in statement.__struct_fields__})


def spoiled(bundle, **values):
    """The bundle with another note or proof, whose digest the forger did not forget."""
    other = changed(bundle, **values)
    return changed(other, sha256=bundle_digest(other.note, other.proof))


def first_version(bundle, **values):
    """The bundle as version 1 wrote it."""
    claim = bundle.claim and first_version(bundle.claim)
    return changed(bundle, format=BUNDLE_FORMAT_1, sha256=None, claim=claim, **values)


def receipt(*, retirement=RETIREMENT, claim=CLAIM, openings=(OPENING,), **sealing) -> Bundle:
    """A receipt in a log of five leaves: filler, claim, filler, retirement, filler."""
    world = World()
    world.add(FILLER)
    named = world.add(claim)
    world.add(FILLER)
    world.add(changed(retirement, claim=named))
    world.add(FILLER)
    checkpoint = world.checkpoint(**sealing)
    return world.bundle(3, checkpoint, claim=world.bundle(1, checkpoint, openings=openings))


def trust_bytes(*, policy=None, issuers=None, logs=None, origin=ORIGIN, registry=None) -> bytes:
    """The trust file of this world."""
    return trust_file(
        origin,
        issuers=issuers or [trusted(ISSUER.key)],
        logs=logs or [trusted(LOG.key), trusted(LOG_PQ.key)],
        policy=policy or witness_policy([[WITNESS.key]], quorum=1),
        registry=registry,
    )


def verify(bundle: Bundle | bytes, trust: bytes | None = None):
    """The report on a bundle."""
    raw = bundle if isinstance(bundle, bytes) else bundle_file(bundle)
    return verify_bundle(raw, load_trust(trust or trust_bytes()), file="it")


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    (GOLDEN / "event.receipt.json").write_bytes(bundle_file(receipt()))
    (GOLDEN / "trust.json").write_bytes(trust_bytes())
    print(verify((GOLDEN / "event.receipt.json").read_bytes()).summary)
