"""Receipts over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter

from registry.kit.database import Database
from registry.kit.http import PENDING, READS, PathCode
from registry.receipts import service
from schemas.access import Call
from schemas.parties import RegionProfile
from schemas.receipts import Bundle, Trust

BUNDLE = {**READS, **PENDING, 200: ResponseSpec(Bundle, generate_examples=False, description="The bundle as a file")}
"""What an operation answers that sends a bundle, byte for byte as it is kept."""
TRUST = {**READS, **PENDING, 200: ResponseSpec(Trust, generate_examples=False, description="The trust.json of today")}


class ReceiptsController(Controller):
    """The proof of a retirement, for its holder."""

    path = "/v1/receipts"
    tags = ("Receipts",)

    @get(
        "/by-code/{code:str}",
        operation_id="get_receipt_by_code",
        media_type="application/json",
        responses=BUNDLE,
    )
    async def by_code(
        self,
        code: Annotated[str, PathParameter(max_length=40, description="As it stands on the paper, in any case")],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """The bundle of any statement of the log by the code on paper: a retirement's receipt, a claim, an issuance."""
        bundle, _ = await service.coded(code, asked=asked, db=db)
        headers = {"Content-Disposition": f'attachment; filename="{code.upper()}.receipt.json"'}
        return Response(service.as_file(bundle), media_type="application/json", headers=headers)

    @get(
        "/trust",
        operation_id="get_trust",
        media_type="application/json",
        responses=TRUST,
    )
    async def trust(
        self,
        region: NamedDependency[RegionProfile],
        *,
        db: NamedDependency[Database],
        witness_policy: NamedDependency[str],
    ) -> Response[bytes]:
        """
        The trust.json by which this service would be judged, to compare with yours.

        It proves nothing by itself, for it came the same way as the receipt: get yours by another one.
        """
        content = await service.trust(witness_policy, region=region, db=db)
        headers = {"Content-Disposition": 'attachment; filename="trust.json"'}
        return Response(content, media_type="application/json", headers=headers)

    @get(
        "/{receipt_id:str}",
        operation_id="get_receipt",
        media_type="application/json",
        responses=BUNDLE,
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
