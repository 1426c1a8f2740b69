"""A log under test: statements to sequence, a witness in this process, and crashes wherever one waits."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from registry.receipts.bundle import trust_file, trusted, witness_policy
from registry.receipts.verifier.trust import LoadedTrust, load_trust
from registry.transparency import service
from registry.transparency.agreement import Witness
from registry.transparency.format.checkpoint import parse_checkpoint_text
from registry.transparency.format.note import COSIGNATURE_ED25519, parse_note
from registry.transparency.format.policy import parse_policy
from registry.transparency.format.tree import EMPTY_ROOT
from registry.transparency.head import SignedHead
from registry.transparency.keys import create_witness_key
from registry.transparency.sequencer import Sequencer, sequence_once
from registry.transparency.witness.app import witness_app
from registry.transparency.witness.folder import WitnessFolder
from schemas.statements import BufferStatement
from tests.worlds import KEYS, ORIGIN, PROFILE, World

URL = "http://witness.test"
NOW_S = 1_790_000_000
_numbers = itertools.count(1)


class Crash(Exception):
    """The process ends here."""


class CrashAt:
    """Crashes at the *count*-th step; never, when there are fewer."""

    def __init__(self, count: int = 0) -> None:
        self._left = count
        self.happened = False
        self.connection: asyncpg.Connection | None = None

    def step(self) -> None:
        """One more step of the process; the last one cuts its connection, as a kill does."""
        self._left -= 1
        if self._left == 0:
            self.happened = True
            if self.connection is not None:
                self.connection.terminate()
            raise Crash


class CrashingConnection:
    """A connection whose process may crash before and after everything that it sends."""

    def __init__(self, connection: asyncpg.Connection, crash: CrashAt) -> None:
        self._connection = connection
        self._crash = crash
        crash.connection = connection

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any) -> Any:
            self._crash.step()
            result = await getattr(self._connection, name)(*args)
            self._crash.step()
            return result

        return call

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A transaction that nobody rolls back when the process is gone."""
        self._crash.step()
        transaction = self._connection.transaction()
        await transaction.start()
        self._crash.step()
        yield
        self._crash.step()
        await transaction.commit()
        self._crash.step()


class CrashingHead(SignedHead):
    """The file beside the keys, with a crash before or after it is written."""

    def __init__(self, path: Path, crash: CrashAt) -> None:
        super().__init__(path)
        self._crash = crash

    def write(self, size: int, root: bytes) -> None:
        """Write, or crash on either side of it."""
        self._crash.step()
        super().write(size, root)
        self._crash.step()


class Log:
    """Keys, head file and witness of one log; they outlive every sequencer."""

    def __init__(self, folder: Path, witness: WitnessFolder) -> None:
        self.folder = folder
        self.witness = witness
        self.reachable = True
        self.asked: list[tuple[int, bytes]] = []
        """Size and root of every checkpoint that the witness was shown, but for the empty tree."""
        self.head.write(0, EMPTY_ROOT)
        self._app = witness_app(witness, {ORIGIN: [KEYS.log_ed25519.key]}, lambda: NOW_S)

    @property
    def head(self) -> SignedHead:
        """The file that says what was signed."""
        return SignedHead(self.folder / "head.json")

    @property
    def trust(self) -> LoadedTrust:
        """What a verifier of this log trusts."""
        logs = [trusted(KEYS.log_ed25519.key), trusted(KEYS.log_ml_dsa_44.key)]
        return load_trust(trust_file(ORIGIN, issuers=[trusted(KEYS.issuer.key)], logs=logs, policy=self.policy))

    @property
    def policy(self) -> str:
        """The witness must cosign."""
        return witness_policy([[each.key for each in self.witness.signers]], quorum=1)

    def sequencer(self, connection: asyncpg.Connection, crash: CrashAt | None = None) -> Sequencer:
        """A sequencer over *connection*, which crashes at *crash*."""
        crash = crash or CrashAt()
        made = Sequencer(
            CrashingConnection(connection, crash),  # type: ignore[arg-type]  # behaves like a connection
            keys=KEYS,
            head=CrashingHead(self.folder / "head.json", crash),
            witnesses=[Witness(URL, tuple(each.key for each in self.witness.signers))],
            policy=parse_policy(self.policy),
        )
        made._http = httpx.AsyncClient(transport=_Transport(self, httpx.ASGITransport(self._app), crash))
        return made

    async def publish(self, dsn: str) -> bool:
        """Start a sequencer, let it sequence everything and publish once; whether there was anything to publish."""
        async with connected(dsn) as connection:
            sequencer = self.sequencer(connection)
            await sequencer.start()
            while await sequence_once(connection, KEYS):
                pass
            return await sequencer.publish_once()


class _Transport(httpx.AsyncBaseTransport):
    """The way to the witness: it may be closed, and the process may crash before or after the answer."""

    def __init__(self, log: Log, inner: httpx.ASGITransport, crash: CrashAt) -> None:
        self._log = log
        self._inner = inner
        self._crash = crash

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._log.reachable:
            raise httpx.ConnectError("refused")
        self._crash.step()
        if request.method == "POST":
            checkpoint = parse_checkpoint_text(parse_note(request.content.partition(b"\n\n")[2]).text)
            if checkpoint.size:
                self._log.asked.append((checkpoint.size, checkpoint.root))
        answer = await self._inner.handle_async_request(request)
        self._crash.step()
        return answer


@contextlib.contextmanager
def new_log(folder: Path, kinds: Sequence[int] = (COSIGNATURE_ED25519,)) -> Iterator[Log]:
    """A log with a fresh witness, which has a key of each of *kinds*."""
    for kind in kinds:
        create_witness_key(folder / "w", "witness.example/w1", kind)
    with WitnessFolder(folder / "w") as witness:
        yield Log(folder, witness)


@contextlib.asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection in the role of the sequencer."""
    connection = await asyncpg.connect(dsn, server_settings={"role": "kilnwood_sequencer"})
    try:
        yield connection
    finally:
        connection.terminate()


@contextlib.asynccontextmanager
async def superuser(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that sees what the others wait for."""
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        connection.terminate()


def statement() -> BufferStatement:
    """A statement that there is only once."""
    number = next(_numbers)
    return BufferStatement(
        registry=PROFILE.name,
        executed_at="2025-01-06T01:00:00Z",
        movement="assign",
        issuance="SC-CDCER-0001-2024-01",
        ranges=((number, number),),
        quantity_kg=1,
    )


async def append(world: World, count: int) -> list[int]:
    """Append statements in one transaction; answers their ids."""

    async def work(tx: Any) -> list[int]:
        return [(await service.append_in(tx, statement(), region=PROFILE)).id for _ in range(count)]

    return await world.db.transaction(work)
