"""Checkpoints, their three kinds of signature, and proof files."""

import pytest

from registry.transparency.format.checkpoint import (
    Checkpoint,
    checkpoint_text,
    cosign,
    parse_checkpoint_text,
    sign_checkpoint,
    subtree_message,
    verify_checkpoint,
)
from registry.transparency.format.note import (
    COSIGNATURE_ED25519,
    COSIGNATURE_ML_DSA_44,
    ED25519,
    Note,
    parse_note,
    verify_ed25519,
)
from registry.transparency.format.proof import LogProof, format_proof, parse_proof
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.text import BadSignature, Malformed, b64decode

# The example of tlog-checkpoint, tlog-cosignature and tlog-witness.
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
NOTE = (
    f"{TEXT}\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9"
    "nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1"
    "nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
HEAD = Checkpoint("example.com/behind-the-sofa", 20852163, b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="))
LOG = SeedSigner(HEAD.origin, ED25519, bytes([1] * 32))
LOG_PQ = SeedSigner(HEAD.origin, COSIGNATURE_ML_DSA_44, bytes([2] * 32))
WITNESS = SeedSigner("witness.example.com/w1", COSIGNATURE_ED25519, bytes([3] * 32))


def test_the_example_of_the_specifications():
    """The text both ways; the witness signed at the time that tlog-cosignature prints, 1679315147."""
    note = parse_note(NOTE)
    assert HEAD == parse_checkpoint_text(note.text)
    assert checkpoint_text(HEAD) == note.text == TEXT
    assert 1679315147 == int.from_bytes(note.signatures[1].signature[:8], "big")
    assert [64, 72] == [len(line.signature) for line in note.signatures]


def test_the_cosigned_message_is_the_text_of_the_specification():
    """Type 0x04 signs the two lines and the whole note text, as tlog-cosignature prints them."""
    line = cosign(HEAD, WITNESS, timestamp=1679315147)
    verify_ed25519(WITNESS.key, line.signature[8:], f"cosignature/v1\ntime 1679315147\n{TEXT}".encode())
    assert bytes.fromhex("00000000641850cb") == line.signature[:8]


def test_the_subtree_message_byte_by_byte():
    """`cosigned_message` of tlog-cosignature: label, two short strings, times, start, end, hash."""
    expected = (
        b"subtree/v1\n\x00\x16witness.example.com/w1"
        + (7).to_bytes(8, "big")
        + b"\x1bexample.com/behind-the-sofa"
        + bytes(8)
        + (20852163).to_bytes(8, "big")
        + HEAD.root
    )
    assert expected == subtree_message("witness.example.com/w1", 7, HEAD)
    assert 12 == len(b"subtree/v1\n\x00")


def test_all_three_kinds_verify_and_commit_to_everything():
    """Any other origin, size or root under the same signatures is refused, for each signature."""
    lines = (sign_checkpoint(HEAD, LOG), cosign(HEAD, LOG_PQ, timestamp=0), cosign(HEAD, WITNESS, timestamp=9))
    keys = [LOG.key, LOG_PQ.key, WITNESS.key]
    sealed = verify_checkpoint(Note(TEXT, lines), keys)
    assert (HEAD, [(LOG.key, 0), (LOG_PQ.key, 0), (WITNESS.key, 9)]) == (sealed.checkpoint, list(sealed.seals))
    for other in (HEAD._replace(origin="x"), HEAD._replace(size=1), HEAD._replace(root=bytes(32))):
        for key in keys:
            with pytest.raises(BadSignature):
                verify_checkpoint(Note(checkpoint_text(other), lines), [key])
    assert () == verify_checkpoint(Note(TEXT, lines), []).seals


def test_a_changed_timestamp_is_refused():
    """The time of a cosignature is signed, in both types."""
    for signer in (LOG_PQ, WITNESS):
        line = cosign(HEAD, signer, timestamp=9)
        for stamp in ((10).to_bytes(8, "big"), b"\xff" * 8):
            with pytest.raises(BadSignature):
                verify_checkpoint(Note(TEXT, (line._replace(signature=stamp + line.signature[8:]),)), [signer.key])


def test_a_key_signs_only_what_its_type_is_for():
    """An Ed25519 log key makes no cosignature; cosigner keys sign no plain note."""
    with pytest.raises(Malformed):
        cosign(HEAD, LOG, timestamp=1)
    for signer in (LOG_PQ, WITNESS):
        with pytest.raises(Malformed):
            sign_checkpoint(HEAD, signer)
    with pytest.raises(Malformed):
        cosign(HEAD, WITNESS, timestamp=1 << 63)


@pytest.mark.parametrize(
    "text",
    [
        TEXT + "extension",
        TEXT + "\n",
        TEXT + "extension\n\n",
        TEXT + "\nextension\n",
        TEXT[:-1],
        TEXT.replace("20852163", "020852163"),
        TEXT.replace("q2I=", "q2J="),
        TEXT.replace("q2I=", ""),
        "\n" + TEXT,
        TEXT.replace("example.com/behind-the-sofa", ""),
        TEXT.replace("2085", "-2085"),
        "",
        "a\n1\n\n",
    ],
)
def test_checkpoints_have_one_spelling(text):
    """No empty lines, no leading zeros, no other base64."""
    with pytest.raises(Malformed):
        parse_checkpoint_text(text)
    with pytest.raises(Malformed):
        checkpoint_text(HEAD._replace(origin="a\nb"))


def test_extension_lines_are_kept_and_signed_with_the_text():
    """Opaque and not empty; the Ed25519 types sign them, and ML-DSA-44 signs the tree head alone (tlog-cosignature)."""
    extended = HEAD._replace(extensions=("timestamp 1", " anything"))
    text = f"{TEXT}timestamp 1\n anything\n"
    assert (text, extended) == (checkpoint_text(extended), parse_checkpoint_text(text))
    with pytest.raises(Malformed):
        checkpoint_text(HEAD._replace(extensions=("",)))
    signers = (LOG, LOG_PQ, WITNESS)
    lines = (
        sign_checkpoint(extended, LOG),
        cosign(extended, LOG_PQ, timestamp=0),
        cosign(extended, WITNESS, timestamp=9),
    )
    keys = [each.key for each in signers]
    sealed = verify_checkpoint(Note(text, lines), keys)
    assert (extended, keys) == (sealed.checkpoint, [each.key for each in sealed.seals])
    for key in (LOG.key, WITNESS.key):
        with pytest.raises(BadSignature):
            verify_checkpoint(Note(TEXT, lines), [key])
    assert [LOG_PQ.key] == [each.key for each in verify_checkpoint(Note(TEXT, lines), [LOG_PQ.key]).seals]


PROOF = LogProof(73894, (bytes(32), bytes([1] * 32)), parse_note(NOTE))
PROOF_TEXT = format_proof(PROOF)


def test_proof_files_are_read_as_written():
    """With and without extra data, and with an empty path."""
    for proof in (PROOF, PROOF._replace(extra=b"agent-v1"), PROOF._replace(hashes=(), extra=b"")):
        assert proof == parse_proof(format_proof(proof))
    assert PROOF_TEXT.startswith("c2sp.org/tlog-proof@v1\nindex 73894\nAAAA")
    assert PROOF_TEXT.endswith("AQE=\n\n" + NOTE)


@pytest.mark.parametrize(
    "text",
    [
        PROOF_TEXT.replace("@v1", "@v2"),
        PROOF_TEXT.replace("index 7", "index 07"),
        PROOF_TEXT.replace("index ", "index  "),
        PROOF_TEXT.replace("index 73894\n", ""),
        PROOF_TEXT.replace("AQE=\n", "AQF=\n"),
        PROOF_TEXT.replace("AQE=\n", "AQE=\n\n"),
        PROOF_TEXT.replace("index", "extra AAAA\nextra AAAA\nindex"),
        PROOF_TEXT.replace("index", "extra\nindex"),
        PROOF_TEXT.replace("index", "extra AAB=\nindex"),
        "\n" + PROOF_TEXT,
        PROOF_TEXT + "\n",
        PROOF_TEXT.split("\n\n")[0],
        PROOF_TEXT.replace("index 73894\n", "index 73894\n" + 62 * (43 * "A" + "=\n")),
        "",
    ],
)
def test_proof_files_have_one_spelling(text):
    """Header, index and every line are checked; 63 hashes at most."""
    with pytest.raises(Malformed):
        parse_proof(text)
