"""At a start n - k + 1 of n witnesses must agree: one that is gone does not stop the log, and none is left unasked."""

import asyncio
import contextlib
import itertools

import httpx
import pytest
import structlog

from registry.receipts.bundle import witness_policy
from registry.transparency import agreement, service
from registry.transparency.agreement import Witness
from registry.transparency.format.checkpoint import verify_checkpoint
from registry.transparency.format.note import COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44, parse_note
from registry.transparency.format.policy import is_satisfied, least_cosigners, parse_policy
from registry.transparency.head import SignedHead, SigningRefused
from registry.transparency.keys import create_witness_key
from registry.transparency.sequencer import Sequencer, sequence_once
from registry.transparency.witness.app import witness_app
from registry.transparency.witness.folder import WitnessFolder
from tests import published
from tests.faults.killing import until
from tests.registry.transparency.logs import NOW_S, append, connected, new_log, superuser
from tests.registry.transparency.witness.memory_log import Log
from tests.worlds import KEYS, ORIGIN

NAMES = ("w1", "w2", "w3")


class Three(httpx.AsyncBaseTransport):
    """Three witnesses behind one transport, some of which are *away*; `asked` says who was shown something."""

    def __init__(self, folders):
        self.folders = dict(zip(NAMES, folders, strict=True))
        self.away = set()
        self.lies = {}
        self.asked = set()
        logs = {ORIGIN: [KEYS.log_ed25519.key]}
        self._apps = {
            name: httpx.ASGITransport(witness_app(folder, logs, lambda: NOW_S)) for name, folder in self.folders.items()
        }

    async def handle_async_request(self, request):
        """Pass it on, or be away."""
        self.asked.add(request.url.host)
        if request.url.host in self.away:
            raise httpx.ConnectError("refused")
        if lie := self.lies.get(request.url.host):
            return lie(request)
        return await self._apps[request.url.host].handle_async_request(request)

    def sequencer(self, connection, head, *, quorum):
        """A sequencer that asks all three, *quorum* of which must cosign."""
        keys = {name: (folder.signers[0].key,) for name, folder in self.folders.items()}
        made = Sequencer(
            connection,
            keys=KEYS,
            head=SignedHead(head),
            witnesses=[Witness(f"http://{name}", key) for name, key in keys.items()],
            policy=parse_policy(witness_policy(list(keys.values()), quorum=quorum)),
        )
        made._http = httpx.AsyncClient(transport=self)
        return made


@pytest.fixture
def three(tmp_path):
    """Three fresh witnesses."""
    with contextlib.ExitStack() as stack:
        folders = []
        for name in NAMES:
            create_witness_key(tmp_path / name, f"witness.example/{name}")
            folders.append(stack.enter_context(WitnessFolder(tmp_path / name)))
        yield Three(folders)


@pytest.fixture
async def start(empty, three, tmp_path, monkeypatch):
    """Start a sequencer with a quorum; answers the task, and what it has warned of so far."""
    logger = structlog.testing.CapturingLogger()
    monkeypatch.setattr(agreement, "log", logger)
    async with connected(empty.dsn) as connection:

        def begin(quorum):
            made = three.sequencer(connection, tmp_path / "head.json", quorum=quorum)
            return asyncio.create_task(made.start()), lambda: logger.calls

        yield begin


@pytest.mark.parametrize(
    ("quorum", "away", "starts"),
    [
        (2, {"w3"}, True),
        (2, {"w2", "w3"}, False),
        (3, {"w2", "w3"}, True),  # what was published was cosigned by all three, so w1 has seen it
        (3, {"w1", "w2", "w3"}, False),
        (1, {"w1"}, False),  # any one could have cosigned: all must be asked
        (1, set(), True),
    ],
)
async def test_how_many_witnesses_a_start_needs(start, three, quorum, away, starts):
    """With too few it waits, and goes on once they are back; those that are away are named."""
    three.away = away
    starting, warned = start(quorum)
    done, _ = await asyncio.wait([starting], timeout=20 if starts else 0.4)
    assert starts == bool(done)
    assert set(NAMES) == three.asked
    assert {f"http://{name}" for name in away} == {each.kwargs["url"] for each in warned() if "url" in each.kwargs}
    three.away = set()
    await asyncio.wait_for(starting, 60)


async def test_a_witness_with_two_keys_witnesses_a_log(empty, tmp_path):
    """Both lines stand on what is published, and verify under the trust file; either alone is not enough."""
    await append(empty, 2)
    with new_log(tmp_path, kinds=(COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44)) as log:
        assert await log.publish(empty.dsn)
        _, leaves = await published.fetch_log(empty.http, log.trust)
        assert 2 == len(leaves)
        note = parse_note(await service.checkpoint(db=empty.db))
        assert [0x04, 0x06] == [seal.key.kind for seal in verify_checkpoint(note, witness_keys(log)).seals]
        assert 1 == least_cosigners(log.trust.policy)
        assert not is_satisfied(log.trust.policy, witness_keys(log)[:1])


def witness_keys(log):
    """The public keys of its witness."""
    return [each.key for each in log.witness.signers]


async def test_one_witness_that_saw_more_is_enough_to_refuse(issued, empty, three, tmp_path):
    """Even if enough others agree: a liar is named, and so is a database that was restored."""
    await append(issued, 3)
    async with connected(issued.dsn) as connection:
        first = three.sequencer(connection, tmp_path / "head.json", quorum=3)
        await first.start()
        await sequence_once(connection, KEYS)
        await first.publish_once()
    size, _ = SignedHead(tmp_path / "head.json").read()
    for name in ("w1", "w2"):  # these two forget; the third has seen what was published
        three.folders[name]._latest.clear()
    async with connected(empty.dsn) as connection:
        restored = three.sequencer(connection, tmp_path / "other-head.json", quorum=3)
        with pytest.raises(SigningRefused, match=f"the witness http://w3 saw {size}"):
            await restored.start()


def says(status, body, *, shows=404, note=b""):
    """A witness that answers requests for cosignatures so, and those for its checkpoint with *note*."""
    answers = {"POST": (status, body), "GET": (shows, note)}

    def answer(asked):
        code, content = answers[asked.method]
        return httpx.Response(code, content=content)

    return answer


LIES = {
    "saw more": says(409, b"4711\n"),
    "another root": says(422, b"no\n"),
    "an empty 409": says(409, b""),
    "the note of a stranger": says(409, b"4711\n", shows=200, note=Log("other").note(0).encode()),
    "no checkpoint today": says(409, b"4711\n", shows=500),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_claim_that_is_not_proven_stops_nothing(start, three, lie):
    """Without our own signature on a checkpoint it is words: the witness is named, and the others are enough."""
    three.lies = {"w2": LIES[lie]}
    starting, warned = start(2)
    await asyncio.wait_for(starting, 60)
    (unproven,) = [each for each in warned() if each.args == ("witness_unproven",)]
    assert "http://w2" == unproven.kwargs["url"]
    assert "proves it with no checkpoint of this log" in unproven.kwargs["reason"]
    assert {"urls": ["http://w2"]} == warned()[-1].kwargs


@pytest.mark.parametrize("lie", ["saw more", "an empty 409"])
async def test_a_claim_is_waited_for_where_the_others_are_not_enough(start, three, empty, lie):
    """Nothing is signed, and writes are refused with its name, for it may be true; both end when it agrees."""
    three.lies = {"w1": LIES[lie]}
    starting, _ = start(1)

    async def refused():
        async with connected(empty.dsn) as connection:
            return await connection.fetchval("select reason from registry.log_refusal")

    await until(refused, "writes are refused")
    assert "The witness http://w1" in await refused()
    assert not starting.done()
    three.lies = {}
    await asyncio.wait_for(starting, 60)
    assert await refused() is None


async def test_a_witness_that_contradicts_itself_is_named(issued, three, tmp_path, monkeypatch):
    """It names another size each time it is asked, or one that its own checkpoint, which is ours, does not have."""
    logger = structlog.testing.CapturingLogger()
    monkeypatch.setattr(agreement, "log", logger)
    await append(issued, 3)
    async with connected(issued.dsn) as connection:
        first = three.sequencer(connection, tmp_path / "head.json", quorum=2)
        await first.start()
        await sequence_once(connection, KEYS)
        await first.publish_once()
        note = (await service.checkpoint(db=issued.db)).encode()
        sizes = itertools.cycle([b"1\n", b"2\n"])
        three.lies = {"w1": lambda _: httpx.Response(409, content=next(sizes))}
        await start_again(three, connection, tmp_path)
        three.lies = {"w1": says(422, b"forked\n", shows=200, note=note)}
        await start_again(three, connection, tmp_path)
    reasons = [each.kwargs["reason"] for each in logger.calls if each.args == ("witness_unproven",)]
    assert ["named another size 3 times", True] == [reasons[0], reasons[1].endswith("that is of this very log")]


async def start_again(three, connection, folder):
    """A start over the same head file, on the connection that has the lock already."""
    await three.sequencer(connection, folder / "head.json", quorum=2).start()


async def test_a_stored_checkpoint_must_be_ours(issued, three, tmp_path):
    """What is shown to witnesses bears both of the log's signatures, or nothing is signed."""
    await append(issued, 3)
    async with connected(issued.dsn) as connection:
        first = three.sequencer(connection, tmp_path / "head.json", quorum=3)
        await first.start()
        await sequence_once(connection, KEYS)
        await first.publish_once()
    note = await service.checkpoint(db=issued.db)
    one, *_ = (line for line in note.splitlines(keepends=True) if line.startswith(f"— {ORIGIN} "))
    for wrong in (note.replace(one, ""), note.replace("\n", "\n\n", 1), "", note.replace(ORIGIN, "other.example")):
        async with superuser(issued.dsn) as owner:
            await owner.execute("update registry.log_checkpoint set note = $1 where note is not null", wrong)
        async with connected(issued.dsn) as connection:
            with pytest.raises(SigningRefused, match="is not one that this log's keys signed"):
                await three.sequencer(connection, tmp_path / "head.json", quorum=3).start()


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("quorum none\n", 0),
        ("{w}quorum a\n", 1),
        ("{w}group g 2 a b c\nquorum g\n", 2),
        ("{w}group g any a b\ngroup h all g c\nquorum h\n", 2),
        ("{w}group g all a b\ngroup h any g c\nquorum h\n", 1),
    ],
)
def test_the_least_number_of_cosigners(three, text, least):
    """The cheapest way to make the quorum, through groups of groups."""
    lines = "".join(
        f"witness {name} {folder.signers[0].key.text()}\n"
        for name, folder in zip("abc", three.folders.values(), strict=True)
    )
    assert least == least_cosigners(parse_policy(text.replace("{w}", lines)))
