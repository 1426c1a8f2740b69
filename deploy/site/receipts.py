"""The receipt page, where the code on a certificate leads: what a statement says, verified in the visitor's browser."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from markupsafe import Markup

from deploy.site.credits import ALL_CORRECTIONS
from registry.access.visitor import PageCall
from registry.claims import service as claims
from registry.credits.issuance import service as issuances
from registry.credits.retirement import look_ups as retirements
from registry.kit.database import Database
from registry.kit.site.frame import STATIC
from registry.receipts import codes, service
from registry.receipts.browser.script import page_script
from registry.transparency import corrections
from schemas.access import Call
from schemas.claims import Claim
from schemas.corrections import Correction
from schemas.credits import Issuance, Retirement
from schemas.parties import RegionProfile
from schemas.receipts import Bundle
from schemas.statements import ClaimStatement, IssuanceStatement, RetirementStatement

PathPaper = Annotated[str, PathParameter(max_length=80, pattern="^[A-Za-z0-9-]+$")]
HASH_CHARACTERS: Final = 64
SCRIPT_URL: Final = "/r/script/"
_TRUST_URL: Final = "/v1/receipts/trust"
_KEPT: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_STYLE: Final = "receipt.css"


@dataclass(frozen=True, slots=True)
class ReceiptShown:
    """What a code stands for, with the object that it is about, as far as it is one that has a page."""

    code: str
    bundle: Bundle
    statement_hash: str
    kind: str
    retirement: Retirement | None = None
    claim: Claim | None = None
    issuance: Issuance | None = None

    @property
    def certificate_url(self) -> str:
        """Where its certificate is; empty if it has none."""
        if self.retirement:
            return f"/retirements/{self.retirement.receipt_id}/certificate.pdf"
        if self.claim:
            return f"/claims/{self.claim.id}/certificate.pdf"
        return f"/issuances/{self.issuance.code}/certificate.pdf" if self.issuance else ""

    @property
    def file_name(self) -> str:
        """The name under which its bundle is saved."""
        return f"{self.retirement.receipt_id if self.retirement else self.code}.receipt.json"

    def facts(self) -> dict[str, Any]:
        """For templates."""
        return {
            "any": False,
            "code": self.code,
            "kind": self.kind,
            "statement_hash": self.statement_hash,
            "retirement": self.retirement,
            "claim": self.claim,
            "issuance": self.issuance,
            "certificate_url": self.certificate_url,
            "file_name": self.file_name,
        }


class ReceiptPages(Controller):
    """``/r/…``, and ``/R/…`` as a QR code has it."""

    @get(["/r", "/R"])
    async def any_receipt(
        self,
        page: NamedDependency[PageCall],
        code: Annotated[str | None, QueryParameter(max_length=80)] = None,
    ) -> Response[str]:
        """Verify whatever file one has, or look a code up."""
        page.asks("get_trust")
        if code:
            return _to(code.replace(" ", ""))
        return page.answer("receipts/any.html", any=True, receipt_url="", trust_url=_TRUST_URL, script_url=script_url())

    @get(["/r/{code:str}", "/R/{code:str}"])
    async def receipt(
        self, page: NamedDependency[PageCall], code: PathPaper, db: NamedDependency[Database]
    ) -> Response[str]:
        """The page of a code; a receipt's own number leads to its code, and so does the hash of any statement."""
        asked = page.asks("get_receipt_by_code")
        if codes.parse_code(code) is None and ("-" in code or len(code) == HASH_CHARACTERS):
            return _to(await service.code(code, db=db))
        found = await shown(code, asked=asked, db=db)
        return page.answer(
            "receipts/receipt.html",
            corrections=await corrections_of(found, asked=asked, db=db),
            receipt_url=f"/v1/receipts/by-code/{found.code}",
            trust_url=_TRUST_URL,
            script_url=script_url(),
            **found.facts(),
        )

    @get("/r/{code:str}/saved.html")
    async def saved(
        self,
        page: NamedDependency[PageCall],
        code: PathPaper,
        region: NamedDependency[RegionProfile],
        *,
        db: NamedDependency[Database],
        witness_policy: NamedDependency[str],
    ) -> Response[str]:
        """The page as one file that verifies without a network: receipt, keys and verifier are in it."""
        asked = page.asks("get_receipt_by_code")
        found = await shown(code, asked=asked, db=db)
        style, script = (STATIC / _STYLE).read_text(encoding="utf-8"), page_script()
        loads = f"script-src '{_digest(script)}'; style-src '{_digest(style)}'"
        policy = f"default-src 'none'; {loads}; base-uri 'none'; form-action 'none'"
        answer = page.answer(
            "receipts/saved.html",
            policy=policy,
            corrections=await corrections_of(found, asked=asked, db=db),
            style=Markup(style),  # noqa: S704 - ours
            script=Markup(script),  # noqa: S704 - ours
            receipt=service.as_file(found.bundle).decode(),
            trust=(await service.trust(witness_policy, region=region, db=db)).decode(),
            receipt_url="",
            trust_url="",
            **found.facts(),
        )
        answer.headers["Content-Disposition"] = f'attachment; filename="{found.code}.html"'
        answer.headers["Content-Security-Policy"] = f"{policy}; frame-ancestors 'none'; sandbox allow-scripts"
        return answer

    @get("/r/{code:str}/badge.svg", media_type="image/svg+xml")
    async def badge(
        self, page: NamedDependency[PageCall], code: PathPaper, db: NamedDependency[Database]
    ) -> Response[str]:
        """A picture for other sites, which leads to the page."""
        found = await shown(code, asked=page.asks("get_receipt_by_code"), db=db)
        answer = page.answer("receipts/badge.html", **found.facts())
        answer.media_type = "image/svg+xml"
        answer.headers |= {"Cache-Control": "public, max-age=300", "Content-Security-Policy": "default-src 'none'"}
        return answer

    @get(SCRIPT_URL + "{digest:str}", media_type="text/javascript")
    async def script(self, digest: Annotated[str, PathParameter(pattern="^[0-9a-f]{12}$")]) -> Response[str]:
        """The verifier; kept for ever under its own digest."""
        kept = _KEPT if script_url().endswith(digest) else {}
        return Response(page_script(), media_type="text/javascript", headers=kept)


async def shown(code: str, *, asked: Call, db: Database) -> ReceiptShown:
    """What stands behind a code. Raises `Unknown`, `NotYetWitnessed`."""
    bundle, found = await service.coded(code, asked=asked, db=db)
    statement = found.statement
    retirement = claim = issuance = None
    match statement:
        case RetirementStatement():
            retirement = await retirements.retirement(statement.receipt, asked=asked, db=db)
            claim = await claims.claim(retirement.claim_id, asked=asked, db=db)
        case ClaimStatement():
            claim = await claims.claim_of_statement(found.id, asked=asked, db=db)
        case IssuanceStatement():
            issuance = await issuances.issuance(statement.issuance, db=db)
        case _:
            pass
    kind = statement.TYPE.partition("/")[0]
    return ReceiptShown(code.upper(), bundle, found.statement_hash, kind, retirement, claim, issuance)


async def corrections_of(found: ReceiptShown, *, asked: Call, db: Database) -> list[Correction]:
    """Of the statement, and of the claim that a retirement is for."""
    hashes = [found.statement_hash, *([found.claim.statement_hash] if found.retirement and found.claim else [])]
    return [
        each
        for one in hashes
        for each in (await corrections.corrections(one, ALL_CORRECTIONS, asked=asked, db=db)).items
    ]


def script_url() -> str:
    """The address of the script, with its digest."""
    return f"{SCRIPT_URL}{sha256(page_script().encode()).hexdigest()[:12]}"


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _to(code: str) -> Response[str]:
    return Redirect(f"/r/{code}", status_code=HTTP_303_SEE_OTHER)
