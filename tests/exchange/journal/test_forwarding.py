"""The way to the engine of another process: what goes through it, who may open it, and what a lost one does."""

import asyncio
import contextlib
import os
import stat
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from exchange.engine import commands as c
from exchange.engine.core import Engine
from exchange.engine.modes.continuous import Place
from exchange.journal import forwarding
from exchange.journal.forwarding import GatewayElsewhere, GatewayServer, Hello, Progress, SocketPathTooLong
from exchange.journal.gateway import NotTrading, not_trading
from exchange.journal.groups import Answer

AT = datetime(2025, 1, 6, 1, 2, 3, 456789, tzinfo=UTC)
OPENING: tuple[c.Command, ...] = (
    c.OpenInstrument(1, 1, 1, 1, 10, 100, 0, 9, 9),
    c.CreditCash(2, 5, 5, 10_000),
    c.CreditTonnes(3, 6, 6, 1, 10),
    Place(6, 1, c.SELL, 20, 10, c.GTC, 0, 1),
    Place(5, 1, c.BUY, 25, 4, c.GTC, 0, 1),
    Place(5, 1, c.BUY, 25, 4_000, c.GTC, 0, 2),
)


class EngineOnly:
    """A gateway stand-in over a bare engine: nothing is stored. No answer is returned while *free* is cleared."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.trouble = ""
        self.writing = asyncio.Event()
        self.writing.set()
        self.free = asyncio.Event()
        self.free.set()
        self.taken: list[c.Command] = []

    @property
    def taking(self) -> bool:
        """Unless there is trouble."""
        return not self.trouble

    async def submit(self, command: c.Command) -> Answer:
        """One command."""
        (answer,) = await self.submit_all((command,))
        return answer

    async def submit_all(self, commands: Sequence[c.Command]) -> Iterator[Answer]:
        """Apply at once, answer when free."""
        if self.trouble:
            raise not_trading(self.trouble)
        self.taken += commands
        answers = [Answer(self.engine.market.sequence + 1, self.engine.apply(each), AT) for each in commands]
        await self.free.wait()
        return iter(answers)

    async def run(self) -> None:
        """Nothing runs."""

    def stop(self) -> None:
        """Nothing runs."""


class ForwardingPair:
    """A server and a client, and the progress that the client has received."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.gate = EngineOnly()
        self.looks = 0
        self.seen: list[Progress] = []
        self.server = self.new_server()
        self.client = GatewayElsewhere(path, self.seen.append)

    def new_server(self) -> GatewayServer:
        """A server's end, as a process that starts has one."""
        return GatewayServer(self.path, self.gate, look=self._look, progress=lambda: Progress(7, 5, True, "slow"))

    def _look(self) -> None:
        self.looks += 1


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait until the condition holds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 - another task's state; no event
                await asyncio.sleep(0.005)
        return
    raise AssertionError(f"not within 10 s: {what}")


@contextlib.asynccontextmanager
async def connected(path: Path) -> AsyncIterator[ForwardingPair]:
    """A pair whose client has connected."""
    pair = ForwardingPair(path)
    await pair.server.start()
    running = asyncio.create_task(pair.client.run())
    try:
        await until(lambda: pair.client.trouble == "slow", "the client is connected")
        yield pair
    finally:
        pair.client.stop()
        await running
        await pair.server.stop()


async def test_answers_are_those_of_the_engine(tmp_path):
    """Every command and event arrives as it was, with its sequence and the time of its commit."""
    bare = Engine()
    expected = [Answer(number, bare.apply(each), AT) for number, each in enumerate(OPENING, start=1)]
    async with connected(tmp_path / "engine.sock") as pair:
        first = await pair.client.submit(OPENING[0])
        rest = await pair.client.submit_all(OPENING[1:])
        assert list(OPENING) == pair.gate.taken
    assert expected == [first, *rest]


async def test_submissions_keep_their_order(tmp_path):
    """Many at once are applied as they were sent, and each is answered with its own."""
    async with connected(tmp_path / "engine.sock") as pair:
        sent = [c.CreditCash(number, 5, 5, number) for number in range(1, 301)]
        answers = await asyncio.gather(*(pair.client.submit(each) for each in sent))
        assert sent == pair.gate.taken
    assert list(range(1, 301)) == [each.sequence for each in answers]


async def test_what_the_gateway_refuses_is_refused_here(tmp_path):
    """With its text and the seconds to wait; the next one is taken."""
    async with connected(tmp_path / "engine.sock") as pair:
        pair.gate.trouble = "The exchange is starting."
        with pytest.raises(NotTrading, match="The exchange is starting") as refused:
            await pair.client.submit(OPENING[0])
        assert {"retry_after_s": 1} == refused.value.members
        pair.gate.trouble = ""
        assert 1 == (await pair.client.submit(OPENING[0])).sequence


async def test_only_the_owner_may_open_it(tmp_path):
    """Mode 0600, also where a killed process left a socket behind; a stop removes it."""
    path = tmp_path / "engine.sock"
    forwarding.listening(path).close()
    assert path.exists()
    async with connected(path):
        assert (True, 0o600) == (stat.S_ISSOCK(path.stat().st_mode), stat.S_IMODE(path.stat().st_mode))
    assert not path.exists()


async def test_a_lost_engine_answers_at_once_and_a_new_one_is_found(tmp_path):
    """Waiting and new callers get 503, and progress says that nothing is written; then the client reconnects."""
    async with connected(tmp_path / "engine.sock") as pair:
        pair.gate.free.clear()
        waiting = asyncio.create_task(pair.client.submit(OPENING[0]))
        await until(lambda: pair.gate.taken, "the command has arrived")
        for each in [*pair.server._connections]:
            each.cancel()
        pair.server._answering.clear()
        await pair.server.stop()
        with pytest.raises(NotTrading, match=r"engine is away\. Nothing is lost: send the same"):
            await waiting
        with pytest.raises(NotTrading, match="engine is away"):
            await pair.client.submit(OPENING[0])
        assert (7, 5, False) == (pair.seen[-1].committed, pair.seen[-1].projected, pair.seen[-1].writing)
        pair.gate.free.set()
        pair.server = pair.new_server()
        await pair.server.start()
        await until(lambda: pair.client.trouble == "slow", "the client has found it")
        assert 2 == (await pair.client.submit(OPENING[1])).sequence


async def test_a_stop_answers_what_was_taken(tmp_path):
    """The gateway answers its last group, and the answer goes out before the connection closes."""
    async with connected(tmp_path / "engine.sock") as pair:
        pair.gate.free.clear()
        waiting = asyncio.create_task(pair.client.submit(OPENING[0]))
        await until(lambda: pair.gate.taken, "the command has arrived")
        stopping = asyncio.create_task(pair.server.stop())
        await asyncio.sleep(0)
        pair.gate.free.set()
        await stopping
        assert 1 == (await waiting).sequence


async def test_progress_and_looks_go_through(tmp_path):
    """The client knows how far the journal is; the server hears that an instruction was stored."""
    async with connected(tmp_path / "engine.sock") as pair:
        assert (7, 5, True) == (pair.client.committed, pair.seen[-1].projected, pair.seen[-1].writing)
        pair.client.look()
        await until(lambda: pair.looks, "the server looks")
        assert 1 == pair.looks


async def test_a_long_path(tmp_path, monkeypatch):
    """Longer than a socket's may be: reached through its folder; where that cannot be, the error has the numbers."""
    folder = tmp_path / ("d" * 100)
    folder.mkdir()
    path = folder / "engine.sock"
    async with connected(path) as pair:
        assert 1 == (await pair.client.submit(OPENING[0])).sequence
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    monkeypatch.setattr(Path, "is_dir", lambda _: False)
    size = len(os.fsencode(path))
    with pytest.raises(SocketPathTooLong, match=f"has {size} bytes, and the path of a socket at most 103: use "):
        forwarding.listening(path)


async def test_another_version_is_sent_nothing(tmp_path):
    """The client says which versions differ, and takes no command."""
    async with greeted_by(tmp_path / "engine.sock", Hello(1, 2, 99)) as client:
        await until(lambda: "is of another version" in client.trouble, "the client refuses")
        with pytest.raises(NotTrading, match="restart both"):
            await client.submit(OPENING[0])


@contextlib.asynccontextmanager
async def greeted_by(path: Path, hello: Hello) -> AsyncIterator[GatewayElsewhere]:
    """A client whose server says hello and then nothing."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        encoded = msgspec.msgpack.encode(hello)
        writer.write(struct.pack(">I", len(encoded)) + encoded)
        await reader.read()  # until the client has had enough
        writer.close()

    server = await asyncio.start_unix_server(hang, sock=forwarding.listening(path))
    client = GatewayElsewhere(path, lambda _: None)
    running = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        client.stop()
        await running
        server.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\xff",
        struct.pack(">I", 3) + b"\xc1\xc1\xc1",
        struct.pack(">I", 2) + b"\x91\x09",
        struct.pack(">I", 4) + b"\x93\x01\x01\x07",
        b"\x00",
    ],
    ids=["too-long", "no-messagepack", "no-such-frame", "no-commands", "torn"],
)
async def test_what_is_no_frame_ends_its_connection_alone(tmp_path, sent):
    """Others are served on."""
    async with connected(tmp_path / "engine.sock") as pair:
        reader, writer = await asyncio.open_unix_connection(str(pair.path))
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(30):
            await reader.read()
        writer.close()
        assert 1 == (await pair.client.submit(OPENING[0])).sequence


async def test_a_server_that_hangs_is_given_up(tmp_path, monkeypatch):
    """It greets and then says nothing: the connection is dropped, and waiting callers get an error."""
    monkeypatch.setattr(forwarding, "SILENCE_LIMIT_S", 0.05)
    async with greeted_by(tmp_path / "engine.sock", forwarding.OURS) as client:
        await until(lambda: client._writer, "the client is greeted")
        with pytest.raises(NotTrading, match="says nothing for"):
            await client.submit_all(OPENING)


async def test_a_fault_behind_the_gateway_is_answered(tmp_path, monkeypatch):
    """Waiting callers get an error, and the connection stays open."""
    async with connected(tmp_path / "engine.sock") as pair:
        with monkeypatch.context() as broken:
            broken.setattr(pair.gate.engine, "market", None)
            with pytest.raises(NotTrading, match="engine failed"):
                await pair.client.submit(OPENING[0])
        assert 1 == (await pair.client.submit(OPENING[0])).sequence
