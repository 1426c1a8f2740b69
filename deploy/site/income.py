"""What a developer's organisation sold on the exchange: tonnes, money, and where both went."""

from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from exchange.orders import service as orders
from exchange.parts import Exchange
from exchange.settlement import service as settlement
from registry.access.authorisation import organisations_of
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import DomainError
from registry.parties import service as parties
from schemas.orders import Balances
from schemas.parties import Account
from schemas.scalars import MAX_INT

ACCOUNTS: Final = Window(None, 200)
SHOWN: Final = Window(None, 200)


class IncomePages(Controller):
    """For members of an organisation with an account."""

    path = "/income"

    @get("/")
    async def income(
        self,
        page: NamedDependency[PageCall],
        period: NamedDependency[Between],
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
        account_id: Annotated[int | None, QueryParameter(name="account", ge=1, le=MAX_INT)] = None,
    ) -> Response[str]:
        """The page, of one account."""
        asked = page.asks("get_income")
        mine = organisations_of(asked.by)
        found = (await parties.accounts(ACCOUNTS, asked=page.asks("list_accounts"), db=db)).items
        accounts = [each for each in found if each.type == "holding" and each.owner_id in mine]
        chosen = account_id or (accounts[0].id if accounts else None)
        if chosen is None:
            return page.answer("desk/income.html", accounts=[], account=None)
        income = await settlement.income(chosen, period, asked=asked, exchange=exchange)
        sold = await settlement.statements(chosen, SHOWN, period, asked=page.asks("list_statements"), exchange=exchange)
        paid = await settlement.custodies(
            chosen, "withdrawal", SHOWN, period, asked=page.asks("list_withdrawals"), exchange=exchange
        )
        brought = await settlement.custodies(
            chosen, "deposit", SHOWN, period, asked=page.asks("list_deposits"), exchange=exchange
        )
        return page.answer(
            "desk/income.html",
            accounts=accounts,
            account=await _account(chosen, page, db),
            income=income,
            balances=await _balances(chosen, page, exchange),
            sold=[each for each in sold.items if each.side == "sale"],
            more=sold.next is not None,
            moved=sorted([*paid.items, *brought.items], key=lambda each: each.id),
        )


async def _account(account_id: int, page: PageCall, db: Database) -> Account:
    return await parties.account(account_id, asked=page.asks("get_account"), db=db)


async def _balances(account_id: int, page: PageCall, exchange: Exchange) -> Balances | None:
    """What the account has on the exchange, or None if nothing ever came there."""
    try:
        return await orders.balances(account_id, asked=page.asks("get_balances"), exchange=exchange)
    except DomainError:
        return None
