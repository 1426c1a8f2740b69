"""The public log over HTTP, as c2sp.org/tlog-tiles lays it out. Tiles never change, so they may be cached for ever."""

from typing import Annotated

from litestar import Controller, MediaType, Response, get
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import FromPath, PathParameter, QueryParameter

from registry.kit.database import Database
from registry.kit.http import PENDING, READS
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from registry.transparency import corrections, published, service
from schemas.access import Call
from schemas.corrections import Correction
from schemas.log import LogHead, LogStatement
from schemas.pages import Page

_HASH_EXAMPLE = Example(value="f42e5e2863e995a1a51caaf51adfec0eb916c5075dc72a18af1fdac7477d271a")
StatementHash = Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$", examples=[_HASH_EXAMPLE])]
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class LogController(Controller):
    """Checkpoint, tiles and entries. The whole log can be rebuilt and checked from these."""

    path = "/v1/log"
    tags = ("Log",)

    @get("/", operation_id="get_log", responses=READS)
    async def head(self, db: NamedDependency[Database]) -> LogHead:
        """The newest witnessed checkpoint, verbatim and taken apart: who signed it, and when."""
        return await published.head(db=db)

    @get("/statements", operation_id="list_log_statements", opt={SHEET: True}, responses=READS)
    async def statements(
        self,
        ordered: NamedDependency[Window],
        sheet: NamedDependency[Sheet],
        db: NamedDependency[Database],
        statement_type: Annotated[str | None, QueryParameter(name="type", max_length=40)] = None,
    ) -> Response[Page[LogStatement]]:
        """What the newest witnessed checkpoint covers, leaf by leaf, or the leaves of one type; also as CSV."""
        return sheet.of(await published.statements(ordered, statement_type, db=db), LogStatement)

    @get("/statements/{statement_hash:str}", operation_id="get_log_statement", responses={**READS, **PENDING})
    async def statement(self, statement_hash: StatementHash, db: NamedDependency[Database]) -> LogStatement:
        """One statement as it was hashed, with its place; 202 until it is witnessed."""
        return await published.statement(statement_hash, db=db)

    @get("/checkpoint", operation_id="get_checkpoint", media_type=MediaType.TEXT, responses=READS)
    async def checkpoint(self, db: NamedDependency[Database]) -> Response[str]:
        """The newest witnessed checkpoint, a signed note."""
        return Response(await service.checkpoint(db=db), headers={"Cache-Control": "no-cache"})

    @get("/tile/{path:path}", operation_id="get_tile", media_type="application/octet-stream", responses=READS)
    async def tile(self, path: FromPath[str], db: NamedDependency[Database]) -> Response[bytes]:
        """A hash tile ``<L>/<N>[.p/<W>]`` or an entry bundle ``entries/<N>[.p/<W>]``."""
        content = await service.tile_bytes(path.lstrip("/"), db=db)
        return Response(content, media_type="application/octet-stream", headers=_FOR_EVER)


class CorrectionsController(Controller):
    """Wording that was corrected."""

    path = "/v1/statements"
    tags = ("Log",)

    @get("/{statement_hash:str}/corrections", operation_id="list_corrections", opt={SHEET: True}, responses=READS)
    async def corrections(
        self,
        statement_hash: StatementHash,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[Correction]]:
        """The corrections of one statement, old and new side by side; the last of each field counts. Also as CSV."""
        return sheet.of(await corrections.corrections(statement_hash, ordered, asked=asked, db=db), Correction)
