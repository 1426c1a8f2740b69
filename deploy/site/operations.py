"""What the operator does: money in, instruments, halts; and what an auditor takes away."""

from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from deploy.status import Trouble, service_status
from exchange.instruments import service as instruments
from exchange.instruments.presets.files import every_preset
from exchange.parts import Exchange
from exchange.sessions import service as sessions
from exchange.settlement.rules import ALONE_FEN
from registry.access.visitor import PageCall
from registry.credits.holdings.service import IssuanceTotals, RegionTotals
from registry.credits.issuance import service as issuances
from registry.kit.database import Database
from registry.kit.http import PathId, QueryId
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import Unknown
from registry.kit.quotas import Quotas
from registry.kit.site.form_fields import body_of
from registry.parties import service as parties
from registry.projects.service import projects
from registry.usage import service as usage
from schemas.credits import IssuancesWanted
from schemas.parties import Account, Organisation
from schemas.projects import ProjectsWanted
from schemas.scalars import MAX_INT

WHOLE: Final = Window(None, 200)
REGISTERED: Final = ProjectsWanted(state="registered")
Entered = Annotated[str, QueryParameter(max_length=140)]


class PaymentToBook(Struct, frozen=True, kw_only=True):
    """Money that is about to be booked, with whose it would be. *by_two*: more than one operator books alone."""

    account: Account
    owner: Organisation
    amount_fen: int
    reference: str
    by_two: bool


class OperationsPage(Controller):
    """For operators; regulators halt here too."""

    path = "/operations"

    @get("/")
    async def operations(
        self,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
        *,
        region_totals: NamedDependency[RegionTotals],
        trouble: NamedDependency[Trouble],
        account_id: QueryId = None,
        amount: Entered = "",
        reference: Entered = "",
    ) -> Response[str]:
        """Payments, instruments, and how the books stand."""
        page.asks("halt_instrument")
        payment, missing = None, False
        if account_id is not None and page.visitor.may("deposit_cash"):
            payment = await _payment(account_id, amount, reference, db)
            missing = payment is None
        return page.answer(
            "oversight/operations.html",
            payment=payment,
            missing=missing,
            alone_fen=ALONE_FEN,
            instruments=(traded := await instruments.instruments(WHOLE, exchange=exchange)),
            sessions={each.code: await sessions.session(each.code, exchange=exchange) for each in traded.items},
            presets=every_preset(),
            projects=await projects.projects(
                ProjectsWanted(state="registered"), WHOLE, asked=page.asks("list_projects"), db=db
            ),
            accounts=await parties.accounts(WHOLE, asked=page.asks("list_accounts"), db=db),
            totals=await region_totals.get(db=db),
            service=await service_status(db, trouble),
        )


class AuditPages(Controller):
    """Everything that can be taken away and checked elsewhere."""

    path = "/"

    @get("/exports")
    async def exports(
        self,
        page: NamedDependency[PageCall],
        window: NamedDependency[Window],
        db: NamedDependency[Database],
        *,
        region_totals: NamedDependency[RegionTotals],
        issuance_totals: NamedDependency[IssuanceTotals],
    ) -> Response[str]:
        """Lists, the log, how to verify, and whether every issuance adds up."""
        page.asks("list_restrictions")
        found = await issuances.issuances(IssuancesWanted(), window, Between(), db=db)
        return page.answer(
            "oversight/exports.html",
            issuances=found,
            conserved=[await issuance_totals.get(each.code, db=db) for each in found.items],
            totals=await region_totals.get(db=db),
            accounts=await parties.accounts(WHOLE, asked=page.asks("list_accounts"), db=db),
        )

    @get("/organisations/{organisation_id:int}/usage")
    async def usage(
        self,
        page: NamedDependency[PageCall],
        organisation_id: PathId,
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Response[str]:
        """What an organisation has used of what may be kept."""
        found = await usage.usage(organisation_id, asked=page.asks("get_organisation_usage"), db=db, quotas=quotas)
        organisation = await parties.organisation(organisation_id, db=db)
        return page.answer("oversight/usage.html", usage=found, organisation=organisation)


async def _payment(account_id: int, amount: str, reference: str, db: Database) -> PaymentToBook | None:
    """Whose account it is, before money is booked for it; None if there is none, or the amount is no amount."""
    amount_fen = body_of([("amount_fen:yuan", amount)]).get("amount_fen")
    if not isinstance(amount_fen, int) or not 0 < amount_fen <= MAX_INT:
        return None
    try:
        async with db.reading() as tx:
            account = await parties.account_in(tx, account_id)
            owner = await parties.organisation_in(tx, account.owner_id)
    except Unknown:
        return None
    by_two = amount_fen > ALONE_FEN
    return PaymentToBook(
        account=account, owner=owner, amount_fen=amount_fen, reference=reference.strip(), by_two=by_two
    )
