"""What an organisation holds: its accounts, what of them is where, retiring, transferring."""

from collections.abc import Iterable
from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from exchange.orders import service as orders
from exchange.parts import Exchange
from registry.access import authorisation as access
from registry.access.visitor import PageCall
from registry.claims import service as claims
from registry.credits.holdings import service as holdings
from registry.credits.issuance import service as issuances
from registry.credits.retirement import look_ups as retirements
from registry.credits.retirement.look_ups import ForeseenRetirement
from registry.credits.transfers import service as transfers
from registry.kit.database import Database
from registry.kit.http import PathId, QueryId
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import DomainError, Invalid, Unknown
from registry.parties import service as parties
from registry.projects.service import projects
from schemas.claims import Claim, ClaimsWanted
from schemas.credits import Holding, Holdings, Selection
from schemas.orders import Balances
from schemas.parties import Account

ACCOUNTS: Final = Window(None, 50)
LATEST: Final = Window(None, 100, "newest")
Typed = Annotated[str, QueryParameter(max_length=80)]


class HoldingLine(Struct, frozen=True, kw_only=True):
    """What an account has, or had, of one issuance, by state."""

    issuance: str
    project_id: int
    project: str
    vintage: int
    active_kg: int = 0
    held_kg: int = 0
    buffer_kg: int = 0
    retired_kg: int = 0
    cancelled_kg: int = 0


class Totals(Struct, frozen=True, kw_only=True):
    """An account with the sums of what it has, and its money on the exchange."""

    account: Account
    active_kg: int
    held_kg: int
    retired_kg: int
    cash_fen: int | None


class HoldingsPages(Controller):
    """The accounts of the visitor's organisations; overseers see everybody's."""

    path = "/holdings"

    @get("/")
    async def holdings(
        self,
        page: NamedDependency[PageCall],
        ordered: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
        owner_id: QueryId = None,
    ) -> Response[str]:
        """Each account with what is in it."""
        found = await parties.accounts(ordered, asked=page.asks("list_accounts"), db=db, owner_id=owner_id)
        held = await holdings.holdings_of(found.items, asked=page.asks("get_holdings"), db=db)
        cash = await orders.settled_cash(found.items, asked=page.asks("get_balances"), exchange=exchange)
        shown = [_totals(each, held[each.id], cash.get(each.id)) for each in found.items]
        async with db.reading() as tx:
            owners = await parties.names_in(tx, {each.owner_id for each in found.items})
        return page.answer("holdings/list.html", accounts=found, shown=shown, owners=owners)


class AccountPages(Controller):
    """One account of one's own; the services refuse everybody else's."""

    path = "/accounts/{account_id:int}"

    @get("/")
    async def account(
        self,
        page: NamedDependency[PageCall],
        account_id: PathId,
        latest: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        db: NamedDependency[Database],
    ) -> Response[str]:
        """What is in it, and what came and went."""
        account = await parties.account(account_id, asked=page.asks("get_account"), db=db)
        found = await holdings.holdings(account_id, None, asked=page.asks("get_holdings"), db=db)
        moved = await holdings.movements(account_id, latest, period, asked=page.asks("list_movements"), db=db)
        return page.answer(
            "holdings/account.html",
            account=account,
            owner=await parties.organisation(account.owner_id, db=db),
            held=await _held(found, db),
            movements=moved,
            transfers=await transfers.transfers(
                account_id, LATEST, Between(), asked=page.asks("list_transfers"), db=db
            ),
            acts=acts_for(page, "retire_credits", account.owner_id),
        )

    @get("/retire")
    async def retire(
        self,
        page: NamedDependency[PageCall],
        account_id: PathId,
        db: NamedDependency[Database],
        *,
        claim_id: QueryId = None,
        issuance: Typed = "",
        serial: Typed = "",
        quantity_kg: Typed = "",
        whole: Annotated[bool, QueryParameter()] = False,
    ) -> Response[str]:
        """First which kilograms and for which claim; then exactly what would end, before it does."""
        account, held, mine = await _own(page, account_id, "retire_credits", db)
        claim = await _claim(claim_id, page, db)
        offered = [each for each in mine if each.type == "contribution" or each.missing_kg]
        found: tuple[ForeseenRetirement, ...] = ()
        problem: DomainError | None = None
        if claim is not None:
            kg = _all_of(held, issuance) if whole else quantity_kg
            try:
                wanted = _selection(account_id, kg, issuance, serial)
                found = await retirements.foreseen(wanted, asked=page.asks("retire_credits"), db=db)
            except DomainError as refused:
                problem = refused
        return page.answer(
            "holdings/retire.html",
            account=account,
            held=[each for each in held if each.active_kg],
            claims=offered if claim is None or claim in offered else [claim, *offered],
            claim=claim,
            foreseen=found,
            foreseen_kg=sum(each.quantity_kg for each in found),
            issuance=issuance,
            serial=serial,
            refused=problem,
        )

    @get("/cancel")
    async def cancel(
        self,
        page: NamedDependency[PageCall],
        account_id: PathId,
        db: NamedDependency[Database],
        *,
        issuance: Typed = "",
        serial: Typed = "",
        quantity_kg: Typed = "",
    ) -> Response[str]:
        """First which kilograms; then exactly what would end without a claim, before it does."""
        account, held, _ = await _own(page, account_id, "cancel_credits", db)
        found: tuple[ForeseenRetirement, ...] = ()
        problem: DomainError | None = None
        if quantity_kg:
            try:
                wanted = _selection(account_id, quantity_kg, issuance, serial)
                found = await retirements.foreseen(wanted, asked=page.asks("cancel_credits"), db=db)
            except DomainError as refused:
                problem = refused
        return page.answer(
            "holdings/cancel.html",
            account=account,
            held=[each for each in held if each.active_kg],
            foreseen=found,
            foreseen_kg=sum(each.quantity_kg for each in found),
            issuance=issuance,
            serial=serial,
            refused=problem,
        )

    @get("/transfer")
    async def transfer(
        self, page: NamedDependency[PageCall], account_id: PathId, db: NamedDependency[Database]
    ) -> Response[str]:
        """The form of an offer to another account."""
        account, held, _ = await _own(page, account_id, "propose_transfer", db)
        return page.answer("holdings/offer.html", account=account, held=[each for each in held if each.active_kg])


class TransferPages(Controller):
    """An offer of kilograms, for the two sides of it."""

    path = "/transfers/{transfer_id:int}"

    @get("/")
    async def transfer(
        self, page: NamedDependency[PageCall], transfer_id: PathId, db: NamedDependency[Database]
    ) -> Response[str]:
        """What is offered, and what each side may do now."""
        found = await transfers.transfer(transfer_id, asked=page.asks("get_transfer"), db=db)
        async with db.reading() as tx:
            sides = [await parties.account_in(tx, each) for each in (found.sender_id, found.receiver_id)]
            names = await parties.names_in(tx, {each.owner_id for each in sides})
        return page.answer(
            "holdings/transfer.html",
            transfer=found,
            sender=sides[0],
            receiver=sides[1],
            names=names,
            sends=acts_for(page, "withdraw_transfer", sides[0].owner_id),
            receives=acts_for(page, "accept_transfer", sides[1].owner_id),
        )


def acts_for(page: PageCall, operation: str, organisation_id: int) -> bool:
    """Whether the visitor may carry an operation out for an organisation: what its page offers."""
    try:
        access.authorise_for(page.asks(operation), organisation_id)
    except DomainError:
        return False
    return True


async def _own(
    page: PageCall, account_id: int, operation: str, db: Database
) -> tuple[Account, list[HoldingLine], list[Claim]]:
    """An account for which the visitor may carry *operation* out, what it has, and the claims of its owner."""
    account = await parties.account(account_id, asked=page.asks("get_account"), db=db)
    access.authorise_for(page.asks(operation), account.owner_id)
    found = await holdings.holdings(account_id, None, asked=page.asks("get_holdings"), db=db)
    wanted = ClaimsWanted(organisation_id=account.owner_id)
    mine = await claims.claims(wanted, LATEST, Between(), asked=page.asks("list_claims"), db=db)
    return account, await _held(found, db), list(mine.items)


async def _claim(claim_id: int | None, page: PageCall, db: Database) -> Claim | None:
    """The claim that an address names; none if there is none."""
    if claim_id is None:
        return None
    try:
        return await claims.claim(claim_id, asked=page.asks("get_claim"), db=db)
    except Unknown:
        return None


def _all_of(held: Iterable[HoldingLine], issuance: str) -> str:
    return str(sum(each.active_kg for each in held if issuance in ("", each.issuance)))


def _selection(account_id: int, quantity_kg: str, issuance: str, serial: str) -> Selection:
    """What is wanted, read as the form of a retirement reads it. Raises `Invalid`."""
    text = quantity_kg.replace(" ", "").replace(",", "")
    if not text.isdecimal() or not 0 < int(text) < 10**15:
        raise Invalid("quantity_kg: say how many whole kilograms, or take all of them.")
    try:
        return Selection(
            account_id=account_id, quantity_kg=int(text), issuance=issuance or None, serial=serial.strip() or None
        )
    except ValueError as error:
        raise Invalid(f"{error}.") from error


async def _held(found: Holdings, db: Database) -> list[HoldingLine]:
    """The items of an account by issuance, each with its project."""
    by_code: dict[str, dict[str, int]] = {}
    for each in found.items:
        by_code.setdefault(each.issuance, {})[f"{each.state}_kg"] = each.quantity_kg
    async with db.reading() as tx:
        lots = await issuances.lots_in(tx, by_code)
        names = await projects.names_in(tx, {project_id for project_id, _ in lots.values()})
    return [
        HoldingLine(issuance=code, project_id=lot[0], project=names[lot[0]], vintage=lot[1], **by_code[code])
        for code, lot in sorted(lots.items())
    ]


def _totals(account: Account, held: Iterable[Holding], cash_fen: int | None) -> Totals:
    by_state = dict.fromkeys(_STATES, 0)
    for each in held:
        if each.state in by_state:
            by_state[each.state] += each.quantity_kg
    return Totals(
        account=account,
        active_kg=by_state["active"],
        held_kg=by_state["held"],
        retired_kg=by_state["retired"],
        cash_fen=cash_fen,
    )


_STATES: Final = ("active", "held", "retired")


async def balances_of(account: Account, page: PageCall, exchange: Exchange) -> Balances | None:
    """What an account has on the exchange; None before anything was deposited."""
    if account.type != "holding":
        return None
    try:
        return await orders.balances(account.id, asked=page.asks("get_balances"), exchange=exchange)
    except DomainError:
        return None
