"""Receipts over HTTP."""

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from registry.kit.database import Database
from registry.kit.http import PENDING, READS, PathCode
from registry.receipts import service
from schemas.access import Call


class ReceiptsController(Controller):
    """The proof of a retirement, for its holder."""

    path = "/v1/receipts"
    tags = ("Receipts",)

    @get(
        "/{receipt_id:str}",
        operation_id="get_receipt",
        media_type="application/json",
        responses={**READS, **PENDING},
    )
    async def receipt(
        self,
        receipt_id: PathCode,
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """The receipt as a file that `kilnwood verify` checks with no network; 202 until it is witnessed."""
        content = await service.receipt(receipt_id, asked=asked, db=db)
        headers = {"Content-Disposition": f'attachment; filename="{receipt_id}.receipt.json"'}
        return Response(content, media_type="application/json", headers=headers)
