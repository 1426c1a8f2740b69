"""The desk, where somebody arrives who signs in: what waits for them, what they can do, and what is theirs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from registry.access.authorisation import organisations_of
from registry.access.visitor import PageCall, Visitor
from registry.claims import service as claims
from registry.credits.holdings import service as holdings
from registry.inbox import service as inbox
from registry.kit import clock
from registry.kit.database import Database
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.parties import service as parties
from registry.projects.service import projects
from schemas.access import Awaits, InboxItem
from schemas.claims import Claim, ClaimsWanted
from schemas.credits import Holding
from schemas.parties import Account, Organisation
from schemas.projects import Project, ProjectsWanted

TEMPLATES: Final = Path(__file__).parent / "desk_pages"
WAITING: Final = Window(None, 50)
OWN: Final = Window(None, 5, "newest")
ACCOUNTS: Final = Window(None, 200)
SOON: Final = timedelta(days=3)
DONE_AT: Final = {
    "submit_project": "/projects/{id}/draft",
    "validate_project": "/projects/{id}/validation",
    "verify_report": "/reports/{id}/verification",
    "resubmit_report": "/reports/{id}/again",
    "open_public_notice": "/projects/{id}",
    "register_project": "/projects/{id}",
    "issue_credits": "/reports/{id}",
    "accept_transfer": "/transfers/{id}",
    "retire_credits": "/claims/{id}",
}
"""The page on which each step is taken; an approval has its own."""
Urgency = Literal["", "soon", "overdue"]


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """One thing that waits: where it is done, and how urgent it is."""

    item: InboxItem
    address: str
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class OrganisationDesk:
    """One of the visitor's organisations with what it has here."""

    organisation: Organisation
    projects: tuple[Project, ...]
    claims: tuple[Claim, ...]
    accounts: tuple[tuple[Account, int, int], ...]
    """Each with its active and its held kilograms."""


class DeskPages(Controller):
    """For everybody who is signed in."""

    path = "/desk"

    @get("/")
    async def desk(self, page: NamedDependency[PageCall], db: NamedDependency[Database]) -> Response[str]:
        """The page."""
        found = await inbox.inbox(WAITING, asked=page.asks("list_inbox"), db=db)
        async with db.reading() as tx:
            now = await clock.now_in(tx)
        return page.answer(
            "desk/desk.html",
            waiting=[waiting(each, now) for each in found.items],
            more=found.next is not None,
            now=now,
            administered=_administered(page.visitor),
            places=await _places(page, db),
        )


def waiting(item: InboxItem, now: datetime) -> WaitingItem:
    """An item with its page. What two people decide has the page of the approval, whatever it is about."""
    template = (
        "/approvals/{id}" if item.kind == "approval" else DONE_AT.get(item.awaits.action, f"/{item.kind}s/{{id}}")
    )
    return WaitingItem(item, template.format(id=item.id), urgency(item.awaits, now))


def urgency(awaits: Awaits, now: datetime) -> Urgency:
    """Overdue from the instant on at which the time for it is over, and soon for three days before."""
    if awaits.until is None:
        return ""
    if awaits.until <= now:
        return "overdue"
    return "soon" if awaits.until - now <= SOON else ""


def _administered(visitor: Visitor) -> list[int]:
    return [held.organisation_id for held in visitor.by.roles if held.role == "administrator"]


async def _places(page: PageCall, db: Database) -> list[OrganisationDesk]:
    """What the visitor's organisations have here, each in the page's own limits."""
    mine = organisations_of(page.visitor.by)
    accounts = (await parties.accounts(ACCOUNTS, asked=page.asks("list_accounts"), db=db)).items if mine else ()
    own = [each for each in accounts if each.owner_id in mine and each.type == "holding"]
    held = await holdings.holdings_of(own, asked=page.asks("get_holdings"), db=db) if own else {}
    places = []
    for organisation_id in mine:
        drafted = ProjectsWanted(organisation_id=organisation_id)
        claimed = ClaimsWanted(organisation_id=organisation_id)
        owned = [each for each in own if each.owner_id == organisation_id]
        places.append(
            OrganisationDesk(
                organisation=await parties.organisation(organisation_id, db=db),
                projects=(await projects.projects(drafted, OWN, asked=page.asks("list_projects"), db=db)).items,
                claims=(await claims.claims(claimed, OWN, Between(), asked=page.asks("list_claims"), db=db)).items,
                accounts=tuple((each, _kg(held[each.id], "active"), _kg(held[each.id], "held")) for each in owned),
            )
        )
    return places


def _kg(items: Iterable[Holding], state: str) -> int:
    return sum(each.quantity_kg for each in items if each.state == state)
