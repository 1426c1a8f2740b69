"""Certificates over HTTP."""

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from registry.kit.database import Database
from registry.kit.http import PENDING, READS, PathCode, PathId
from registry.receipts.certificates import service
from registry.receipts.certificates.service import Certificate, Press
from schemas.access import Call

PDF = "application/pdf"


class CertificatesController(Controller):
    """What is hung on a wall: a PDF/A-3 in Chinese and English, with the receipt inside it."""

    path = "/v1"
    tags = ("Receipts",)

    @get(
        "/retirements/{receipt_id:str}/certificate.pdf",
        operation_id="get_retirement_certificate",
        media_type=PDF,
        responses={**READS, **PENDING},
    )
    async def of_retirement(
        self,
        receipt_id: PathCode,
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        certificates: NamedDependency[Press],
    ) -> Response[bytes]:
        """The certificate of a retirement; `kilnwood verify` reads the receipt in it. 202 until it is witnessed."""
        return sent(await service.of_retirement(receipt_id, asked=asked, db=db, press=certificates))

    @get(
        "/claims/{claim_id:int}/certificate.pdf",
        operation_id="get_claim_certificate",
        media_type=PDF,
        responses={**READS, **PENDING},
    )
    async def of_claim(
        self,
        claim_id: PathId,
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        certificates: NamedDependency[Press],
    ) -> Response[bytes]:
        """The certificate of a claim as it is covered now, with up to 100 receipts; it says what it is not."""
        return sent(await service.of_claim(claim_id, asked=asked, db=db, press=certificates))

    @get(
        "/issuances/{code:str}/certificate.pdf",
        operation_id="get_issuance_certificate",
        media_type=PDF,
        responses={**READS, **PENDING},
    )
    async def of_issuance(
        self,
        code: PathCode,
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        certificates: NamedDependency[Press],
    ) -> Response[bytes]:
        """The certificate of an issuance, with its statement in the log."""
        return sent(await service.of_issuance(code, asked=asked, db=db, press=certificates))


def sent(certificate: Certificate) -> Response[bytes]:
    """The answer with a certificate: shown in the browser, saved under its own name."""
    headers = {"Content-Disposition": f'inline; filename="{certificate.name}"'}
    return Response(certificate.content, media_type=PDF, headers=headers)
