"""Annulments as pages, and what a regulator is offered on the page of a claim or a retirement."""

from dataclasses import dataclass

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from registry.access.approvals import service as approvals
from registry.access.visitor import PageCall
from registry.claims import service as claims
from registry.credits.annulment import service as annulments
from registry.credits.annulment.api import Of
from registry.kit.database import Database
from registry.kit.http import PathId, QueryId
from registry.kit.pages import Window
from schemas.access import Approval
from schemas.claims import Claim
from schemas.credits import Retirement


@dataclass(frozen=True, slots=True)
class Annulling:
    """What could be annulled from a page, why it is proposed in a line, and what is proposed already."""

    page: str
    claim_id: int | None
    receipt_id: str | None
    statement_hash: str
    why: str
    proposals: tuple[Approval, ...]


async def annulling(found: Claim | Retirement, *, page: PageCall, db: Database) -> Annulling | None:
    """For regulators, unless it was annulled; None for everybody else."""
    if found.annulled or not page.visitor.may("annul_statement"):
        return None
    claim = isinstance(found, Claim)
    member, name = ("claim_id", str(found.id)) if isinstance(found, Claim) else ("receipt_id", found.receipt_id)
    return Annulling(
        page=f"/claims/{name}" if claim else f"/retirements/{name}",
        claim_id=int(name) if claim else None,
        receipt_id=None if claim else name,
        statement_hash=found.statement_hash,
        why=f"Annul claim {name}" if claim else f"Annul retirement {name}",
        proposals=await approvals.open_about("annul_statement", member, name, db=db),
    )


class AnnulmentPages(Controller):
    """What should not have been."""

    path = "/annulments"

    @get("/")
    async def annulments(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        of: Of = None,
        claim_id: QueryId = None,
    ) -> Response[str]:
        """The list."""
        page.asks("list_annulments")
        found = await annulments.annulments(latest, db=db, of=of, claim_id=claim_id)
        async with db.reading() as tx:
            titles = await claims.titles_in(tx, {each.claim_id for each in found.items})
        return page.answer("credits/annulments.html", annulments=found, claims=titles)

    @get("/{annulment_id:int}")
    async def annulment(
        self, page: NamedDependency[PageCall], annulment_id: PathId, db: NamedDependency[Database]
    ) -> Response[str]:
        """One annulment: of what, why, and who decided it."""
        asked = page.asks("get_annulment")
        found = await annulments.annulment(annulment_id, db=db)
        return page.answer(
            "credits/annulment.html",
            annulment=found,
            claim=await claims.claim(found.claim_id, asked=asked, db=db),
        )
