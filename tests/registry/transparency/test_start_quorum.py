"""At a start n - k + 1 of n witnesses must agree: one that is gone does not stop the log, and none is left unasked."""

import asyncio
import contextlib

import httpx
import pytest
import structlog

from registry.receipts.bundle import witness_policy
from registry.transparency import agreement
from registry.transparency.agreement import Witness
from registry.transparency.format.policy import least_cosigners, parse_policy
from registry.transparency.head import SignedHead, SigningRefused
from registry.transparency.keys import create_witness_key
from registry.transparency.sequencer import Sequencer, sequence_once
from registry.transparency.witness.app import witness_app
from registry.transparency.witness.folder import WitnessFolder
from tests.registry.transparency.logs import NOW_S, append, connected
from tests.worlds import KEYS, ORIGIN

NAMES = ("w1", "w2", "w3")


class Three(httpx.AsyncBaseTransport):
    """Three witnesses behind one transport, some of which are *away*; `asked` says who was shown something."""

    def __init__(self, folders):
        self.folders = dict(zip(NAMES, folders, strict=True))
        self.away = set()
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
    """With too few it waits, and goes on once they are back; whoever is away is named."""
    three.away = away
    starting, warned = start(quorum)
    done, _ = await asyncio.wait([starting], timeout=20 if starts else 0.4)
    assert starts == bool(done)
    assert set(NAMES) == three.asked
    assert {f"http://{name}" for name in away} == {each.kwargs["url"] for each in warned() if "url" in each.kwargs}
    three.away = set()
    await asyncio.wait_for(starting, 20)


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
