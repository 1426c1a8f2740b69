"""A witness over real HTTP on loopback: the protocol to the letter, and what a kill leaves behind."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest

from registry.transparency import witness_client
from registry.transparency.format.checkpoint import (
    Checkpoint,
    checkpoint_text,
    cosign,
    sign_checkpoint,
    verify_checkpoint,
)
from registry.transparency.format.note import ED25519, Note, format_note, parse_note
from registry.transparency.format.signer import SeedSigner
from registry.transparency.witness.folder import Cosigned, FolderTrouble, WitnessFolder
from registry.transparency.witness.request import REQUEST_LIMIT_BYTES, format_add_checkpoint
from tests.registry.transparency.witness.memory_log import LOG, LOG_PQ, NOW_S, ORIGIN, STRANGER, Log


async def test_a_first_checkpoint_is_cosigned(post, log, folder):
    """From size zero with an empty proof; the line verifies, states the time, and the state is on disk."""
    answer = await post(format_add_checkpoint(0, (), log.note(5)))
    assert (200, True) == (answer.status_code, answer.text.endswith("\n"))
    note = parse_note(log.note(5) + answer.text)
    (line,) = note.signatures[1:]
    assert ("witness.example/w1", NOW_S) == (line.name, int.from_bytes(line.signature[:8], "big"))
    (state,) = folder.glob("*.checkpoint")
    assert log.note(5) + answer.text == state.read_text(encoding="utf-8")


async def test_growth_needs_a_proof(post, log):
    """Size by size; the same size again is cosigned again, with an empty proof only."""
    for old, new in ((0, 3), (3, 5), (5, 5), (5, 300)):
        answer = await post(format_add_checkpoint(old, log.proof(old, new), log.note(new, signers=(LOG, LOG_PQ))))
        assert 200 == answer.status_code
    answer = await post(format_add_checkpoint(300, (bytes(32),), log.note(300)))
    assert 422 == answer.status_code


async def test_any_trusted_key_of_the_log_will_do(post, log):
    """tlog-witness: the checkpoint is signed by one of the keys; lines by unknown keys are ignored."""
    assert 200 == (await post(format_add_checkpoint(0, (), log.note(3, signers=(STRANGER, LOG_PQ))))).status_code


async def test_another_old_size_is_a_conflict_that_states_the_size(post, log):
    """409, `text/x.tlog.size`, the decimal and a newline; from that size it goes on."""
    await post(format_add_checkpoint(0, (), log.note(5)))
    for old in (0, 3):
        answer = await post(format_add_checkpoint(old, log.proof(old, 300), log.note(300)))
        assert (409, "text/x.tlog.size", b"5\n") == (answer.status_code, answer.headers["content-type"], answer.content)
    assert 200 == (await post(format_add_checkpoint(5, log.proof(5, 300), log.note(300)))).status_code


async def test_a_fork_is_never_cosigned(post, log):
    """Another root for the same size: 422. A longer tree with another past: 422, whatever proof comes with it."""
    await post(format_add_checkpoint(0, (), log.note(5)))
    fork = Log("other")
    for size in (5, 300):
        fork.grow_to(size)
    answer = await post(format_add_checkpoint(5, (), fork.note(5)))
    assert (422, b"another root for the size cosigned last: the log has forked\n") == (
        answer.status_code,
        answer.content,
    )
    for proof in (fork.proof(5, 300), log.proof(5, 300), (), (bytes(32),) * 63):
        assert 422 == (await post(format_add_checkpoint(5, proof, fork.note(300)))).status_code
    assert 200 == (await post(format_add_checkpoint(5, log.proof(5, 300), log.note(300)))).status_code


async def test_a_first_checkpoint_takes_no_proof(post, log):
    """The proof must be empty if the old size is zero."""
    assert 422 == (await post(format_add_checkpoint(0, (bytes(32),), log.note(5)))).status_code


async def test_an_empty_log_may_be_cosigned(post, log):
    """Size 0 with the root of the empty tree, and growth from there; another root for size 0 is refused."""
    assert 200 == (await post(format_add_checkpoint(0, (), log.note(0)))).status_code
    log.heads[0] = Checkpoint(ORIGIN, 0, bytes(32))
    assert 422 == (await post(format_add_checkpoint(0, (), log.note(0)))).status_code
    assert 200 == (await post(format_add_checkpoint(0, (), log.note(3)))).status_code


async def test_unknown_logs_and_signatures(post, log):
    """404 for an origin that is not watched; 403 without a valid signature of a trusted key."""
    other = SeedSigner("other.example", ED25519, bytes([1] * 32))
    head = Checkpoint("other.example", 3, bytes(32))
    assert (
        404
        == (
            await post(format_add_checkpoint(0, (), format_note(checkpoint_text(head), [sign_checkpoint(head, other)])))
        ).status_code
    )
    assert 403 == (await post(format_add_checkpoint(0, (), log.note(3, signers=(STRANGER,))))).status_code
    moved = log.note(3).replace(checkpoint_text(log.heads[3]), checkpoint_text(log.heads[5]))
    assert 403 == (await post(format_add_checkpoint(0, (), moved))).status_code


async def test_an_old_size_above_the_checkpoint_is_a_bad_request(post, log):
    """400, before anything is compared with the state."""
    assert 400 == (await post(format_add_checkpoint(6, (), log.note(5)))).status_code


HASH = "A" * 43 + "=\n"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _body: b"",
        lambda body: body.replace(b"old 0", b"old 00"),
        lambda body: body.replace(b"old 0", b"old  0"),
        lambda body: body.replace(b"old 0", b"old +0"),
        lambda body: body.replace(b"old 0", b"Old 0"),
        lambda body: body.replace(b"old 0\n", b""),
        lambda body: body.replace(b"old 0\n", b"old 0\r\n"),
        lambda body: body.replace(b"old 0\n", b"old 0\nAAAA\n"),
        lambda body: body.replace(b"old 0\n", b"old 0\n" + HASH.replace("A=", "B=").encode()),
        lambda body: body.replace(b"old 0\n", b"old 0\n" + HASH.encode() * 64),
        lambda body: body.replace(b"\n\n", b"\n", 1),
        lambda body: body[:-1],
        lambda body: body + b"\n",
        lambda body: body.replace(ORIGIN.encode(), b"\xff", 1),
        lambda body: body.replace(b"=\n\n", b"=\n\nextension line\n\n", 1),
    ],
)
async def test_malformed_requests(post, log, spoil):
    """400 for every other spelling, and the state stays empty."""
    assert 400 == (await post(spoil(format_add_checkpoint(0, (), log.note(5))))).status_code
    assert 200 == (await post(format_add_checkpoint(0, (), log.note(3)))).status_code


async def test_other_paths_methods_and_lengths(post):
    """404, 405, 413."""
    assert 404 == (await post(b"", path="/")).status_code
    assert 405 == (await post(b"", method="GET")).status_code
    assert 413 == (await post(b"x" * (REQUEST_LIMIT_BYTES + 1))).status_code


async def test_nothing_is_cosigned_that_is_not_on_disk(post, log, folder, monkeypatch):
    """When the write fails no signature leaves, and the old state stands."""
    assert 200 == (await post(format_add_checkpoint(0, (), log.note(3)))).status_code

    def broken(_handle):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="No space"):  # granian answers 500 for it
            await post(format_add_checkpoint(3, log.proof(3, 5), log.note(5)))
    answer = await post(format_add_checkpoint(5, log.proof(5, 300), log.note(300)))
    assert (409, b"3\n") == (answer.status_code, answer.content)


def test_one_process_at_a_time(folder):
    """The lock is the kernel's: it goes with its holder."""
    with WitnessFolder(folder), pytest.raises(FolderTrouble, match="another witness"):
        WitnessFolder(folder)
    WitnessFolder(folder).close()


def test_a_crash_before_the_rename_leaves_the_old_state(folder, log):
    """A temporary file, even half of one, is thrown away; damage in the state itself stops the start."""
    with WitnessFolder(folder) as opened:
        opened.record(Cosigned(log.heads[3], parse_note(log.note(3))))
    (state,) = folder.glob("*.checkpoint")
    state.with_suffix(".new").write_text("log.exam", encoding="utf-8")
    with WitnessFolder(folder) as opened:
        kept = opened.latest(ORIGIN)
        assert kept is not None
        assert log.heads[3] == kept.checkpoint
    assert [] == list(folder.glob("*.new"))
    moved = state.with_name("0" * 64 + ".checkpoint")
    state.rename(moved)
    with pytest.raises(FolderTrouble, match="another file name"):
        WitnessFolder(folder)
    moved.rename(state)
    state.write_text("log.exam", encoding="utf-8")
    for _ in range(2):  # the lock was given up each time
        with pytest.raises(FolderTrouble, match="damaged"):
            WitnessFolder(folder)


def test_a_state_that_others_can_write_stops_the_start(folder, log):
    """It may not be what was cosigned last; one that others could only read becomes private."""
    with WitnessFolder(folder) as opened:
        opened.record(Cosigned(log.heads[3], parse_note(log.note(3))))
    (state,) = folder.glob("*.checkpoint")
    state.chmod(0o644)
    WitnessFolder(folder).close()
    state.chmod(0o622)
    with pytest.raises(FolderTrouble, match=f"{state} has mode 0622; others can write it. Run: chmod 600"):
        WitnessFolder(folder)


PROGRAM = """
import asyncio, sys
from pathlib import Path
from deploy.processes.witness import known_logs, serve_witness
async def main():
    ready = asyncio.Event()
    async def tell():
        await ready.wait()
        print("ready", flush=True)
    telling = asyncio.create_task(tell())
    await serve_witness(Path(sys.argv[1]), "127.0.0.1", int(sys.argv[2]), known_logs(sys.argv[3:]), ready=ready)
    await telling
asyncio.run(main())
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def started(folder, port):
    """A witness process that answers."""
    root = Path(__file__).parents[4]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(folder), str(port), LOG.key.text(), LOG_PQ.key.text(),
        cwd=root, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(60):
        said = await process.stdout.readline()
    if said != b"ready\n":
        _, error = await process.communicate()
        pytest.fail(error.decode())
    return process


async def test_a_killed_witness_remembers(folder, log):
    """Over HTTP with the client: cosign, kill -9, start again, and only the continuation is cosigned; then SIGTERM."""
    with WitnessFolder(folder) as opened:
        key = opened.signers[0].key
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    process = await started(folder, port)
    note = log.note(5, signers=(LOG, LOG_PQ))
    lines = await witness_client.cosign(url, 0, (), note, keys=[key])
    parsed = parse_note(note)
    assert [key] == [seal.key for seal in verify_checkpoint(Note(parsed.text, lines), [key]).seals]
    process.kill()
    await process.wait()

    process = await started(folder, port)
    with pytest.raises(witness_client.WitnessAhead) as ahead:
        await witness_client.cosign(url, 0, (), log.note(300))
    assert 5 == ahead.value.size
    fork = Log("other")
    fork.grow_to(5)
    with pytest.raises(witness_client.ProofRefused, match="another root for the size cosigned last"):
        await witness_client.cosign(url, 5, (), fork.note(5))
    assert 1 == len(await witness_client.cosign(url, 5, log.proof(5, 300), log.note(300), keys=[key]))
    begun = asyncio.get_running_loop().time()
    process.send_signal(signal.SIGTERM)
    assert 0 == await process.wait()
    assert asyncio.get_running_loop().time() - begun < 1


async def test_a_taken_port_is_noticed(folder):
    """Two granian servers would share it and split the requests."""
    from deploy.processes.witness import serve_witness

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        with pytest.raises(OSError, match="in use"):
            await serve_witness(folder, "127.0.0.1", holder.getsockname()[1], {ORIGIN: [LOG.key]})


def answering(status, body):
    """A client whose witness always answers the same."""
    return httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: httpx.Response(status, content=body)))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"x"),
        (200, b"\xff\n"),
        (409, b"five\n"),
        (409, b"\xff"),
        (403, b"no\n"),
        (404, b""),
        (500, b""),
    ],
)
async def test_answers_that_are_no_cosignature(log, status, body):
    """A typed refusal with the status; never an exception of the formats."""
    async with answering(status, body) as client:
        with pytest.raises(witness_client.WitnessRefused) as caught:
            await witness_client.cosign("http://w", 0, (), log.note(3), client=client)
    assert status == caught.value.status


@pytest.mark.parametrize("body", [b"", b"\n", b"3\n"])
async def test_a_conflict_without_a_newer_size_is_an_alarm(log, body):
    """An empty 409, or one that states the very size that was given as old: another root was seen."""
    async with answering(409, body) as client:
        with pytest.raises(witness_client.WitnessDisagrees, match="another root"):
            await witness_client.cosign("http://w", 3, (), log.note(3), client=client)


async def test_cosignatures_of_unknown_keys_are_ignored(log, folder):
    """With keys given only their verified lines come back; none, or a wrong one, is a refusal."""
    with WitnessFolder(folder) as opened:
        witness = opened.signers[0]
    good = cosign(log.heads[3], witness, timestamp=NOW_S)
    other = cosign(log.heads[3], SeedSigner("w2.example", 4, bytes([7] * 32)), timestamp=NOW_S)
    wrong = good._replace(signature=bytes(72))
    timeless = cosign(log.heads[3], witness, timestamp=0)
    async with answering(200, (other.text() + good.text()).encode()) as client:
        lines = await witness_client.cosign("http://w", 0, (), log.note(3), client=client, keys=[witness.key])
    assert (good,) == lines
    for body in (other.text(), wrong.text(), timeless.text()):
        async with answering(200, body.encode()) as client:
            with pytest.raises(witness_client.WitnessRefused):
                await witness_client.cosign("http://w", 0, (), log.note(3), client=client, keys=[witness.key])


async def test_an_unreachable_witness(log):
    """Nobody listens: said as such, within the timeout."""
    with pytest.raises(witness_client.WitnessUnreachable):
        await witness_client.cosign(f"http://127.0.0.1:{free_port()}", 0, (), log.note(3), timeout_s=1)
