"""
Commands forwarded to the gateway of another process, over a Unix socket that only its owner may open.

Frames go both ways: four bytes of length, big endian, then one MessagePack array whose first element says what it is.
Commands and events are encoded as the journal encodes them. The server's first frame names its versions; a client of
another version sends nothing. Each submission is answered once, in any order, by its number.

A submission whose answer is lost with the connection was carried out or was not: the caller gets `NotTrading`, and the
`client_order_id` makes sending it again safe, as after a failed commit.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from exchange.engine.commands import Command
from exchange.engine.core import ENGINE_VERSION, any_of, event_types
from exchange.journal.codec import CODEC, decode_commands, encode_commands
from exchange.journal.gateway import Gate, NotTrading, not_trading
from exchange.journal.groups import Answer
from registry.kit.supervise import Supervisor

log = structlog.get_logger()

PROTOCOL: Final = 1
FRAME_LIMIT_BYTES: Final = 64 << 20
PATH_LIMIT_BYTES: Final = 103
"""What every system allows a socket's path (Linux 107, macOS 103); a longer one is reached through its open folder."""
PROGRESS_S: Final = 0.2
"""How often the server says how far it is, also when nothing happens."""
SILENCE_LIMIT_S: Final = 10.0
"""A server that says nothing for so long hangs; the connection is given up."""
RECONNECT_S: Final = 0.1
STOP_TIMEOUT_S: Final = 2.0
_LENGTH: Final = struct.Struct(">I")


class Submit(Struct, array_like=True, frozen=True, tag=1):
    """Carry these commands out, one after the other; encoded as the journal stores them."""

    number: int
    commands: msgspec.Raw


class Look(Struct, array_like=True, frozen=True, tag=2):
    """An instruction was stored."""


class Hello(Struct, array_like=True, frozen=True, tag=1):
    """The server's versions: of these frames, of the journal's codec, of the engine."""

    protocol: int
    codec: int
    engine: int


class Answered(Struct, array_like=True, frozen=True, tag=2):
    """A submission is stored for good: of each command its sequence, its events and the time of its commit."""

    number: int
    answers: msgspec.Raw


class Declined(Struct, array_like=True, frozen=True, tag=3):
    """A submission was not carried out, or only the journal knows: why, and after how many seconds to ask again."""

    number: int
    detail: str
    retry_after_s: int


class Progress(Struct, array_like=True, frozen=True, tag=4):
    """How far journal and tables are, whether commands are taken, and what does not work there, in one line."""

    committed: int
    projected: int
    writing: bool
    trouble: str


NOWHERE: Final = Progress(0, 0, writing=False, trouble="")
OURS: Final = Hello(PROTOCOL, CODEC, ENGINE_VERSION)
_encoder: Final = msgspec.msgpack.Encoder()
_from_client: Final = msgspec.msgpack.Decoder(Submit | Look)
_from_server: Final = msgspec.msgpack.Decoder(Hello | Answered | Declined | Progress)
_EVENTS: Final = list.__class_getitem__(any_of(event_types()))
_answers: Final = msgspec.msgpack.Decoder(list.__class_getitem__(tuple.__class_getitem__((int, _EVENTS, datetime))))


class SocketPathTooLong(OSError):
    """The path of a socket is longer than the system allows; the text has both lengths and what to do."""


class OtherVersion(Exception):
    """The other end is of another version; nothing was sent."""


@contextlib.contextmanager
def address_of(path: Path) -> Iterator[str]:
    """
    What binds and connects the socket at *path*. Raises `SocketPathTooLong`.

    A path that is too long is reached through its open folder, where the system names open files (/proc on Linux).
    """
    wanted = len(os.fsencode(path))
    if wanted <= PATH_LIMIT_BYTES:
        yield str(path)
        return
    if not Path("/proc/self/fd").is_dir():
        raise SocketPathTooLong(
            f"the socket {path} has {wanted} bytes, and the path of a socket at most {PATH_LIMIT_BYTES}: "
            "use a data folder with a shorter path"
        )
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listening(path: Path) -> socket.socket:
    """
    A socket of mode 0600 that listens at *path*; what an earlier process left there is removed. Raises `OSError`.

    The caller holds the lock of its role, so that no other process listens there. The mode is set before clients can
    connect.
    """
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX)
    try:
        with address_of(path) as address:
            made.bind(address)
        path.chmod(0o600)
        made.listen(128)
        made.settimeout(0)
    except BaseException:
        made.close()
        raise
    return made


async def _read(reader: asyncio.StreamReader) -> bytes:
    """The next frame. Raises `asyncio.IncompleteReadError` at the end, `ValueError` for one that is too long."""
    (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if size > FRAME_LIMIT_BYTES:
        raise ValueError(f"a frame of {size} bytes")
    return await reader.readexactly(size)


def _write(writer: asyncio.StreamWriter, frame: Struct) -> None:
    encoded = _encoder.encode(frame)
    writer.write(_LENGTH.pack(len(encoded)) + encoded)


class GatewayServer:
    """
    The gateway's end: takes the commands of other processes on the socket at *path*.

    *progress* says how far this process is; *look* is called when another one stored an instruction. Every connection
    has a task that reads and one that tells the progress; every submission has a task that answers it.
    """

    def __init__(
        self, path: Path, gateway: Gate, *, look: Callable[[], None], progress: Callable[[], Progress]
    ) -> None:
        self._path = path
        self._gateway = gateway
        self._look = look
        self._progress = progress
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._answering: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. Raises `OSError`."""
        self._server = await asyncio.start_unix_server(self._connected, sock=listening(self._path))

    async def stop(self) -> None:
        """Take nothing more, write the answers that are due, and close. The gateway has stopped before."""
        if self._server is None:
            return
        self._server.close()
        self._path.unlink(missing_ok=True)
        if self._answering:
            await asyncio.wait(self._answering, timeout=STOP_TIMEOUT_S)
        for each in self._connections:
            each.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=STOP_TIMEOUT_S)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving is not None, "a server runs each connection as a task"
        self._connections.add(serving)
        telling = asyncio.create_task(self._tell(writer))
        try:
            while True:
                self._take(_from_client.decode(await _read(reader)), writer)
        except asyncio.IncompleteReadError:
            pass  # the client has closed, or died
        except (OSError, ValueError, msgspec.DecodeError) as error:
            log.warning("forwarding_cut_off", reason=str(error) or type(error).__name__)
        except asyncio.CancelledError:
            pass  # a stop: the answers that were due are written
        finally:
            telling.cancel()
            self._connections.discard(serving)
            with contextlib.suppress(OSError):
                writer.close()
                await writer.wait_closed()

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        _write(writer, OURS)
        with contextlib.suppress(OSError):
            while not writer.is_closing():
                _write(writer, self._progress())
                await writer.drain()
                await asyncio.sleep(PROGRESS_S)

    def _take(self, frame: Submit | Look, writer: asyncio.StreamWriter) -> None:
        """Tasks begin in the order in which they are made, so that submissions wait in the order of their frames."""
        if isinstance(frame, Look):
            self._look()
            return
        answering = asyncio.create_task(self._answer(frame.number, decode_commands(frame.commands), writer))
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)

    async def _answer(self, number: int, commands: Sequence[Command], writer: asyncio.StreamWriter) -> None:
        reply: Answered | Declined
        try:
            answers = list(await self._gateway.submit_all(commands))
            reply = Answered(number, msgspec.Raw(_encoder.encode(answers)))
        except NotTrading as error:
            reply = Declined(number, error.detail, int(str(error.members.get("retry_after_s", 1))))
        except Exception:  # a fault of ours: its caller must not wait for ever
            log.exception("forwarding_failed")
            reply = Declined(number, not_trading("The exchange's engine failed.").detail, 1)
        with contextlib.suppress(OSError):  # the client is gone: the journal knows what was carried out
            _write(writer, reply)
            await writer.drain()


class GatewayElsewhere:
    """
    The other end: a gateway that runs in another process, by its socket. `run` keeps the connection.

    *follow* gets every `Progress`, and `NOWHERE` with the last numbers when the connection is lost. Callers add to the
    submissions that wait; the task of `run` owns the connection and answers them.
    """

    def __init__(self, path: Path, follow: Callable[[Progress], None]) -> None:
        self._path = path
        self._follow = follow
        self._connection: asyncio.StreamWriter | None = None
        self._writer: asyncio.StreamWriter | None = None
        """The same connection, once the server has greeted and commands may be sent."""
        self._supervisor = Supervisor("forwarding", "The exchange's engine is not reached", retry_s=RECONNECT_S)
        self._waiting: dict[int, asyncio.Future[Iterator[Answer]]] = {}
        self._last = 0
        self._why = "The exchange's engine has not answered yet."
        self._seen = NOWHERE
        self.writing = asyncio.Event()
        """Never set: another process writes."""
        self.engine: None = None

    @property
    def committed(self) -> int:
        """The last command that the journal is known to have."""
        return self._seen.committed

    @property
    def taking(self) -> bool:
        """Whether commands are taken now in the engine's process, as far as it said."""
        return self._writer is not None and self._seen.writing

    @property
    def trouble(self) -> str:
        """Why nothing is traded, or what does not work in the engine's process."""
        return self._why if self._writer is None else self._seen.trouble

    async def submit(self, command: Command) -> Answer:
        """Carry one command out; returns it stored for good. Raises `NotTrading`."""
        (answer,) = await self.submit_all((command,))
        return answer

    async def submit_all(self, commands: Sequence[Command]) -> Iterator[Answer]:
        """Carry commands out one after the other, with none of anybody else's in between. Raises `NotTrading`."""
        if self._writer is None:
            raise not_trading(self._why)
        self._last += 1
        number = self._last
        answer: asyncio.Future[Iterator[Answer]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            _write(self._writer, Submit(number, msgspec.Raw(encode_commands(commands))))
            return await answer
        finally:
            self._waiting.pop(number, None)  # the caller may have gone

    def look(self) -> None:
        """Say that an instruction was stored; it is found without that too, only later."""
        if self._writer is not None:
            _write(self._writer, Look())

    def stop(self) -> None:
        """Close the connection; submissions that wait get `NotTrading`."""
        self._supervisor.stop()
        if self._connection is not None:
            self._connection.close()

    async def run(self) -> None:
        """Connect, read, and connect again, until `stop`."""
        await self._supervisor.run(self._connect_once)

    async def _connect_once(self) -> None:
        """Read from one connection until it is lost; callers that wait are answered before another one is made."""
        try:
            await self._follow_connection()
        except OtherVersion as error:
            self._lose(str(error))
        except TimeoutError:
            self._lose(f"The exchange's engine says nothing for {SILENCE_LIMIT_S:.0f} s.")
        except (OSError, asyncio.IncompleteReadError):
            self._lose("The exchange's engine is away.")
        except (ValueError, msgspec.DecodeError) as error:
            log.warning("forwarding_cut_off", reason=str(error) or type(error).__name__)
            self._lose("The exchange's engine says what cannot be read.")
        except asyncio.CancelledError:
            self._lose("This process stops.")
            raise
        except Exception:
            self._lose("The connection to the exchange's engine failed.")
            raise  # the supervisor logs it, and connects again
        await self._supervisor.pause(RECONNECT_S)

    async def _follow_connection(self) -> None:
        with address_of(self._path) as address:
            made = socket.socket(socket.AF_UNIX)
            try:
                made.settimeout(0)
                made.connect(address)
            except BaseException:
                made.close()
                raise
        reader, writer = await asyncio.open_unix_connection(sock=made)
        self._connection = writer
        try:
            await self._greeted(reader)
            self._writer = writer
            while True:
                async with asyncio.timeout(SILENCE_LIMIT_S):
                    frame = _from_server.decode(await _read(reader))
                self._heard(frame)
        finally:
            self._writer = self._connection = None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _greeted(self, reader: asyncio.StreamReader) -> None:
        async with asyncio.timeout(SILENCE_LIMIT_S):
            hello = _from_server.decode(await _read(reader))
        if hello != OURS:
            raise OtherVersion(f"The exchange's engine is of another version ({hello}, this is {OURS}): restart both.")

    def _heard(self, frame: Hello | Answered | Declined | Progress) -> None:
        if isinstance(frame, Progress):
            self._seen = frame
            self._follow(frame)
        elif isinstance(frame, Answered | Declined):
            answer = self._waiting.get(frame.number)
            if answer is None or answer.done():
                return
            if isinstance(frame, Answered):
                answer.set_result(iter([Answer(*each) for each in _answers.decode(frame.answers)]))
            else:
                answer.set_exception(NotTrading(frame.detail, retry_after_s=frame.retry_after_s))

    def _lose(self, why: str) -> None:
        """Answer everybody who waits: what became of their commands only the journal knows."""
        if why != self._why:
            log.warning("engine_away", reason=why)
        self._why = why
        self._seen = Progress(self._seen.committed, self._seen.projected, writing=False, trouble="")
        self._follow(self._seen)
        for each in self._waiting.values():
            if not each.done():
                each.set_exception(not_trading(why))
