"""The public log over HTTP, as c2sp.org/tlog-tiles lays it out. Tiles never change, so they may be cached for ever."""

from typing import Annotated

from litestar import Controller, MediaType, Response, get
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import FromPath, PathParameter

from registry.kit.database import Database
from registry.kit.http import READS
from registry.kit.pages import Window
from registry.transparency import corrections, service
from schemas.access import Call
from schemas.corrections import Correction
from schemas.pages import Page

_HASH_EXAMPLE = Example(value="f42e5e2863e995a1a51caaf51adfec0eb916c5075dc72a18af1fdac7477d271a")
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class LogController(Controller):
    """Checkpoint, tiles and entries. The whole log can be rebuilt and checked from these."""

    path = "/v1/log"
    tags = ("Log",)

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

    @get("/{statement_hash:str}/corrections", operation_id="list_corrections", responses=READS)
    async def corrections(
        self,
        statement_hash: Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$", examples=[_HASH_EXAMPLE])],
        window: NamedDependency[Window],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Page[Correction]:
        """The corrections of one statement, old and new side by side; the last one of each field counts."""
        return await corrections.corrections(statement_hash, window, asked=asked, db=db)
