"""A log in memory, its keys, and a stranger's: what a witness is shown in these tests."""

from registry.transparency.format import grow, prove
from registry.transparency.format.checkpoint import Checkpoint, checkpoint_text, cosign, sign_checkpoint
from registry.transparency.format.note import COSIGNATURE_ML_DSA_44, ED25519, format_note
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.tile import TileKey
from registry.transparency.format.tree import leaf_hash

ORIGIN = "log.example/sim/test"
LOG = SeedSigner(ORIGIN, ED25519, bytes([1] * 32))
LOG_PQ = SeedSigner(ORIGIN, COSIGNATURE_ML_DSA_44, bytes([2] * 32))
STRANGER = SeedSigner(ORIGIN, ED25519, bytes([3] * 32))
NOW_S = 1_790_000_000


class Log:
    """A log in memory that can also fork."""

    def __init__(self, word="entry"):
        self.tiles: dict[TileKey, bytes] = {}
        self.heads = {0: Checkpoint(ORIGIN, 0, grow.root_of_tiles(0, {}))}
        self.word = word

    def grow_to(self, size):
        old = max(self.heads)
        leaves = [leaf_hash(f"{self.word} {at}".encode()) for at in range(old, size)]
        done = grow.append(old, leaves, self.tiles)
        self.tiles.update(done.tiles)
        self.heads[size] = Checkpoint(ORIGIN, size, done.root)

    def note(self, size, *, signers=(LOG,)):
        head = self.heads[size]
        lines = [
            sign_checkpoint(head, each) if each.key.kind == ED25519 else cosign(head, each, timestamp=0)
            for each in signers
        ]
        return format_note(checkpoint_text(head), lines)

    def proof(self, old, new):
        return prove.consistency_proof(old, new, self.tiles)
