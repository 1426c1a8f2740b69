"""Documents over HTTP."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from registry.kit.database import Database
from registry.kit.http import READS, WRITES
from registry.kit.quotas import Quotas
from registry.kit.room import Room
from registry.projects.service import documents
from schemas.access import Call
from schemas.projects import Document
from schemas.scalars import MAX_INT

LIMIT_BYTES = documents.DOCUMENT_LIMIT_BYTES
SHA256_EXAMPLE = Example(value="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


class DocumentsController(Controller):
    """Files that projects refer to, by their SHA-256."""

    path = "/v1/documents"
    tags = ("Projects",)

    @post("/", operation_id="upload_document", responses=WRITES, request_max_body_size=documents.DOCUMENT_LIMIT_BYTES)
    async def upload(
        self,
        *,
        request: Request[Any, Any, Any],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        room: NamedDependency[Room],
        quotas: NamedDependency[Quotas],
        organisation_id: Annotated[
            int | None,
            QueryParameter(ge=1, le=MAX_INT, description="Whose quota it uses; else your first organisation"),
        ] = None,
    ) -> Document:
        """Upload a file as the raw body, at most 10 MiB, with its Content-Type, which has to be true."""
        media_type = request.headers.get("content-type", "")[:200]
        content = await request.body()
        return await documents.upload_document(
            content, media_type, organisation_id, call=call, db=db, room=room, quotas=quotas
        )

    @get("/{sha256:str}", operation_id="get_document", media_type="application/octet-stream", responses=READS)
    async def download(
        self,
        sha256: Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$", examples=[SHA256_EXAMPLE])],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """
        The file, exactly as it was uploaded, as a download.

        For the organisation that uploaded it, overseers, and those who see a project or report that names it.
        """
        return as_download(sha256, *await documents.document(sha256, asked=asked, db=db))


def as_download(sha256: str, media_type: str, content: bytes) -> Response[bytes]:
    """A file that no browser opens by itself."""
    headers = {
        "Content-Disposition": f'attachment; filename="{sha256}"',
        "X-Document-Type": media_type,
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)
