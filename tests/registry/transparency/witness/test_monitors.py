"""What a witness shows to monitors, checkpoints of other logs with extension lines, and cosignatures with ML-DSA-44."""

import shutil
from hashlib import sha256

import httpx
import pytest

from deploy.processes.witness import known_logs, prepare_witness
from registry.transparency import witness_client
from registry.transparency.format.checkpoint import checkpoint_text, cosign, sign_checkpoint, verify_checkpoint
from registry.transparency.format.note import (
    COSIGNATURE_ED25519,
    COSIGNATURE_ML_DSA_44,
    ED25519,
    format_note,
    parse_note,
)
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.text import Malformed
from registry.transparency.keys import KeyTrouble, create_witness_key
from registry.transparency.witness.app import witness_app
from registry.transparency.witness.folder import FolderTrouble, WitnessFolder
from registry.transparency.witness.request import format_add_checkpoint
from tests.registry.transparency.witness.memory_log import LOG, LOG_PQ, NOW_S, ORIGIN, STRANGER, Log

PATH = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"


async def test_monitors_get_the_checkpoint_that_was_cosigned_last(post, log):
    """With the log's verified signatures and ours, as they were returned; lines by unknown keys are not kept."""
    assert 404 == (await post(b"", path=PATH, method="GET")).status_code
    for old, new in ((0, 3), (3, 300)):
        given = await post(format_add_checkpoint(old, log.proof(old, new), log.note(new, signers=(LOG, STRANGER))))
    answer = await post(b"", path=PATH, method="GET")
    assert (200, log.note(300) + given.text) == (answer.status_code, answer.text)
    assert ("text/plain; charset=utf-8", "no-cache") == tuple(
        answer.headers[name] for name in ("content-type", "cache-control")
    )
    head = await post(b"", path=PATH, method="HEAD")
    assert (200, b"", answer.headers["content-length"]) == (
        head.status_code,
        head.content,
        head.headers["content-length"],
    )


async def test_paths_and_methods_of_the_checkpoint(post, log):
    """404 for what is no origin hash in lower case, or of another log; 405 with `Allow` for other methods."""
    await post(format_add_checkpoint(0, (), log.note(3)))
    for path in (
        "/checkpoint",
        PATH.upper().replace("CHECKPOINT", "checkpoint"),
        f"{PATH}/",
        f"/{'0' * 64}/checkpoint",
    ):
        assert 404 == (await post(b"", path=path, method="GET")).status_code, path
    for path, method, allow in ((PATH, "POST", "GET, HEAD"), ("/add-checkpoint", "GET", "POST")):
        answer = await post(b"", path=path, method=method)
        assert (405, allow) == (answer.status_code, answer.headers["allow"])


async def test_the_same_checkpoint_again_leaves_what_is_stored(post, log, folder):
    """A repeated request makes the witness write nothing."""
    await post(format_add_checkpoint(0, (), log.note(3)))
    (state,) = folder.glob("*.checkpoint")
    before = (state.read_bytes(), state.stat().st_ino)
    assert 200 == (await post(format_add_checkpoint(3, (), log.note(3, signers=(LOG, LOG_PQ))))).status_code
    assert before == (state.read_bytes(), state.stat().st_ino)


async def test_a_folder_of_an_earlier_version_is_completed(folder, log):
    """Its state is the text alone: it counts, monitors do not get it, and the next request brings its signatures."""
    state = folder / f"{sha256(ORIGIN.encode()).hexdigest()}.checkpoint"
    state.write_text(checkpoint_text(log.heads[5]), encoding="utf-8")
    async with asked(folder, {ORIGIN: [LOG.key]}) as (send, _):
        assert 404 == (await send("GET", PATH)).status_code
        assert b"5\n" == (await send("POST", "/add-checkpoint", format_add_checkpoint(0, (), log.note(3)))).content
        given = await send("POST", "/add-checkpoint", format_add_checkpoint(5, (), log.note(5)))
        assert log.note(5) + given.text == (await send("GET", PATH)).text == state.read_text(encoding="utf-8")


async def test_a_state_of_another_log_is_noticed(folder, log, tmp_path):
    """A signed note under the name of another origin, and one that is cut off."""
    async with asked(folder, {ORIGIN: [LOG.key]}) as (send, _):
        await send("POST", "/add-checkpoint", format_add_checkpoint(0, (), log.note(5)))
    (state,) = folder.glob("*.checkpoint")
    whole = state.read_bytes()
    for damaged in (whole[:-1], whole.replace(b"\n5\n", b"\n05\n"), whole.replace(b"log.example", b"log.example2")):
        state.write_bytes(damaged)
        with pytest.raises(FolderTrouble):
            WitnessFolder(folder)
    shutil.rmtree(folder)


class asked:  # noqa: N801 - reads as a function
    """A witness over *folder*, asked without a socket: `send(method, path, body)`, and its client."""

    def __init__(self, folder, logs):
        self._folder = WitnessFolder(folder)
        transport = httpx.ASGITransport(witness_app(self._folder, logs, lambda: NOW_S))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://w")

    async def __aenter__(self):
        async def send(method, path, body=b""):
            return await self._client.request(method, path, content=body)

        return send, self._client

    async def __aexit__(self, *_):
        await self._client.aclose()
        self._folder.close()


FOREIGN = SeedSigner("sum.example", ED25519, bytes([8] * 32))
FOREIGN_ORIGIN = "a sum database tree"


async def test_a_foreign_log_with_extension_lines_is_cosigned(folder, log):
    """Its origin is not its key's name. The Ed25519 cosignature covers the whole text; a changed line is refused."""
    first, then = (
        log.heads[size]._replace(origin=FOREIGN_ORIGIN, extensions=extensions)
        for size, extensions in ((3, ("timestamp 1", "more of it")), (5, ()))
    )
    logs = known_logs([LOG.key.text()], [(FOREIGN_ORIGIN, FOREIGN.key.text())])
    assert {ORIGIN: [LOG.key], FOREIGN_ORIGIN: [FOREIGN.key]} == logs
    note = format_note(checkpoint_text(first), [sign_checkpoint(first, FOREIGN)])
    async with asked(folder, logs) as (send, client):
        changed = note.replace("more of it", "less of it")
        assert 403 == (await send("POST", "/add-checkpoint", format_add_checkpoint(0, (), changed))).status_code
        given = await send("POST", "/add-checkpoint", format_add_checkpoint(0, (), note))
        whole = parse_note(note + given.text)
        (witness,) = prepare_witness(folder, "")
        assert (first, [witness]) == (
            verify_checkpoint(whole, [witness]).checkpoint,
            [seal.key for seal in verify_checkpoint(whole, [witness]).seals],
        )
        shown = await witness_client.last_cosigned("http://w", FOREIGN_ORIGIN, keys=[FOREIGN.key], client=client)
        assert first == shown
        note = format_note(checkpoint_text(then), [sign_checkpoint(then, FOREIGN)])
        assert (
            200 == (await send("POST", "/add-checkpoint", format_add_checkpoint(3, log.proof(3, 5), note))).status_code
        )


async def test_a_note_too_long_for_its_cosignatures_is_refused(folder, log):
    """A text that fills the limit of a note: 400, and nothing is recorded."""
    head = log.heads[3]._replace(extensions=("x" * 1000,) * 130)
    note = format_note(checkpoint_text(head), [sign_checkpoint(head, LOG)])
    room = (1 << 17) - len(note.encode()) - 10
    head = head._replace(extensions=(*head.extensions, "y" * room))
    note = format_note(checkpoint_text(head), [sign_checkpoint(head, LOG)])
    async with asked(folder, {ORIGIN: [LOG.key]}) as (send, _):
        answer = await send("POST", "/add-checkpoint", format_add_checkpoint(0, (), note))
        assert (400, True) == (answer.status_code, "the limit is" in answer.text)
        assert 200 == (await send("POST", "/add-checkpoint", format_add_checkpoint(0, (), log.note(3)))).status_code


@pytest.mark.parametrize("kinds", [(COSIGNATURE_ML_DSA_44,), (COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44)])
async def test_a_witness_cosigns_with_each_of_its_keys(tmp_path, log, kinds):
    """ML-DSA-44 alone or beside Ed25519: a line by each, with the time; the tree is the whole one, start 0."""
    for kind in kinds:
        create_witness_key(tmp_path, "witness.example/w1", kind)
    async with asked(tmp_path, {ORIGIN: [LOG.key]}) as (_, client):
        keys = prepare_witness(tmp_path, "")
        lines = await witness_client.cosign("http://w", 0, (), log.note(5), keys=keys, client=client)
        assert list(kinds) == [key.kind for key in keys]
        sealed = verify_checkpoint(parse_note(log.note(5) + "".join(line.text() for line in lines)), keys)
        assert [(key, NOW_S) for key in keys] == list(sealed.seals)
        assert {COSIGNATURE_ED25519: 72, COSIGNATURE_ML_DSA_44: 2428}[kinds[-1]] == len(lines[-1].signature)
        assert log.heads[5] == await witness_client.last_cosigned("http://w", ORIGIN, keys=[LOG.key], client=client)


async def test_a_second_key_cosigns_what_the_first_did(folder, log):
    """Added later, under the name of the first: the same checkpoint is recorded with both lines."""
    async with asked(folder, {ORIGIN: [LOG.key]}) as (send, _):
        await send("POST", "/add-checkpoint", format_add_checkpoint(0, (), log.note(5)))
    keys = prepare_witness(folder, "another name", ["ed25519", "ml-dsa-44"])
    assert ["witness.example/w1"] * 2 == [key.name for key in keys]
    assert keys == prepare_witness(folder, "")
    async with asked(folder, {ORIGIN: [LOG.key]}) as (send, _):
        await send("POST", "/add-checkpoint", format_add_checkpoint(5, (), log.note(5)))
        assert 3 == len(parse_note((await send("GET", PATH)).text).signatures)


def test_two_keys_of_a_witness_have_one_name(tmp_path):
    """A witness is one name; and a folder without any key says which file it wants."""
    with pytest.raises(KeyTrouble, match=r"witness\.key does not exist"):
        WitnessFolder(tmp_path)
    create_witness_key(tmp_path, "w1.example")
    create_witness_key(tmp_path, "w2.example", COSIGNATURE_ML_DSA_44)
    with pytest.raises(KeyTrouble, match=r"bear the names w1\.example and w2\.example"):
        WitnessFolder(tmp_path)


async def test_a_key_that_did_not_cosign_is_named(log):
    """A client that trusts two keys of a witness wants a line by each."""
    signers = [SeedSigner("w.example", kind, bytes([9] * 32)) for kind in (COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44)]
    line = cosign(log.heads[3], signers[0], timestamp=NOW_S).text()
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=line.encode()))
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(witness_client.WitnessRefused, match=signers[1].key.key_id.hex()):
            await witness_client.cosign(
                "http://w", 0, (), log.note(3), keys=[each.key for each in signers], client=client
            )


@pytest.mark.parametrize(
    ("status", "spoil", "reason"),
    [
        (500, lambda note: note, "500: no checkpoint"),
        (200, lambda note: note[:-1], "not the log's"),
        (200, lambda _: Log("other").note(0, signers=(STRANGER,)), "without a signature of the log"),
        (200, lambda note: note.replace("\n3\n", "\n4\n"), "does not verify"),
        (200, lambda note: note + "x" * (1 << 17), "more than"),
    ],
)
async def test_a_checkpoint_that_the_log_did_not_sign_proves_nothing(log, status, spoil, reason):
    """The log's own signature is what counts, from any server of the note."""
    body = spoil(log.note(3)).encode()
    transport = httpx.MockTransport(lambda _request: httpx.Response(status, content=body))
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(witness_client.WitnessRefused, match=reason):
            await witness_client.last_cosigned("http://w", ORIGIN, keys=[LOG.key, LOG_PQ.key], client=client)


async def test_a_witness_that_trickles_is_unreachable(log):
    """Its bytes come one by one, each in time; the answer as a whole does not."""

    async def trickle():
        while True:
            yield b"x"

    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=trickle()))
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(witness_client.WitnessUnreachable):
            await witness_client.cosign("http://w", 0, (), log.note(3), client=client, timeout_s=0.05)


def test_a_log_key_that_signs_no_checkpoints_is_refused():
    """A witness's key is no log's."""
    with pytest.raises(Malformed, match="has type 0x04"):
        known_logs([SeedSigner("w.example", COSIGNATURE_ED25519, bytes(32)).key.text()])
