"""Deposits, withdrawals and statements over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from exchange.parts import Exchange
from exchange.settlement import service
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Approved, Call
from schemas.pages import Page
from schemas.settlement import CashMovement, CreditMovement, CustodyMovement, DeliveryNote, Income, OpenedDeliveryNote


class CustodyController(Controller):
    """What comes to the exchange and leaves it."""

    path = "/v1"
    tags = ("Settlement",)

    @post("/deposits/credits", operation_id="deposit_credits", responses=WRITES)
    async def deposit_credits(
        self, data: JSONBody[CreditMovement], call: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> CustodyMovement:
        """Bring tonnes to the exchange; the registry holds them in its favour."""
        return await service.deposit_credits(data, call=call, exchange=exchange)

    @post("/deposits/cash", operation_id="deposit_cash", responses=WRITES)
    async def deposit_cash(
        self, data: JSONBody[CashMovement], call: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> CustodyMovement:
        """Book money that the operator's bank received for an account."""
        return await service.deposit_cash(data, call=call, exchange=exchange)

    @post("/deposits/cash/approved", operation_id="deposit_cash_by_two", responses=WRITES)
    async def deposit_cash_by_two(
        self, data: JSONBody[Approved], call: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> CustodyMovement:
        """Book money above what one operator books alone; carries out an approval of two operators."""
        return await service.deposit_cash_by_two(data, call=call, exchange=exchange)

    @get("/deposits/{custody_id:int}", operation_id="get_deposit", responses=READS)
    async def deposit(
        self, custody_id: PathId, asked: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> CustodyMovement:
        """One deposit."""
        return await service.custody(custody_id, "deposit", asked=asked, exchange=exchange)

    @post("/withdrawals/credits", operation_id="withdraw_credits", responses=WRITES)
    async def withdraw_credits(
        self, data: JSONBody[CreditMovement], call: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> CustodyMovement:
        """Take settled tonnes back into the registry, where they can be retired."""
        return await service.withdraw_credits(data, call=call, exchange=exchange)

    @post("/withdrawals/cash", operation_id="withdraw_cash", responses=WRITES)
    async def withdraw_cash(
        self, data: JSONBody[CashMovement], call: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> CustodyMovement:
        """Pay settled money out to the account's bank."""
        return await service.withdraw_cash(data, call=call, exchange=exchange)

    @get("/withdrawals/{custody_id:int}", operation_id="get_withdrawal", responses=READS)
    async def withdrawal(
        self, custody_id: PathId, asked: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> CustodyMovement:
        """One withdrawal."""
        return await service.custody(custody_id, "withdrawal", asked=asked, exchange=exchange)

    @get("/statements/{delivery_id:int}", operation_id="get_statement", responses=READS)
    async def statement(
        self, delivery_id: PathId, asked: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> OpenedDeliveryNote:
        """What one delivery moved for an account of one's own, with what opens its digests in the public log."""
        return await service.statement(delivery_id, asked=asked, exchange=exchange)


class AccountCustodyController(Controller):
    """The deposits, withdrawals and statements of one account."""

    path = "/v1/accounts/{account_id:int}"
    tags = ("Settlement",)

    @get("/deposits", operation_id="list_deposits", opt={SHEET: True}, responses=READS)
    async def deposits(
        self,
        account_id: PathId,
        window: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Response[Page[CustodyMovement]]:
        """What the account brought to the exchange, also as CSV."""
        return sheet.of(
            await service.custodies(account_id, "deposit", window, period, asked=asked, exchange=exchange),
            CustodyMovement,
        )

    @get("/withdrawals", operation_id="list_withdrawals", opt={SHEET: True}, responses=READS)
    async def withdrawals(
        self,
        account_id: PathId,
        window: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Response[Page[CustodyMovement]]:
        """What the account took off the exchange, also as CSV."""
        return sheet.of(
            await service.custodies(account_id, "withdrawal", window, period, asked=asked, exchange=exchange),
            CustodyMovement,
        )

    @get("/statements", operation_id="list_statements", opt={SHEET: True}, responses=READS)
    async def statements(
        self,
        account_id: PathId,
        window: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Response[Page[DeliveryNote]]:
        """What the account sold and bought, delivery by delivery, also as CSV; one by its number has its openings."""
        return sheet.of(
            await service.statements(account_id, window, period, asked=asked, exchange=exchange), DeliveryNote
        )

    @get("/income", operation_id="get_income", responses=READS)
    async def income(
        self,
        account_id: PathId,
        period: NamedDependency[Between],
        asked: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Income:
        """What the account sold, by instrument and in all, and what it brought to the exchange and took off it."""
        return await service.income(account_id, period, asked=asked, exchange=exchange)
