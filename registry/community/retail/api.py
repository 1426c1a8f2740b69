"""Retail pools and payments over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.community.retail import payments, service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathCode, PathId, QueryId
from registry.kit.pages import Window
from registry.kit.quotas import Quotas
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Call
from schemas.pages import Page
from schemas.retail import (
    Confirmation,
    GuestPayment,
    NewPayout,
    NewPool,
    Pool,
    PoolAccounts,
    PoolState,
    Posting,
    TopUp,
)

QueryState = Annotated[PoolState | None, QueryParameter(name="state", description="Which pools are looked for")]


class PoolsController(Controller):
    """Tonnes that are offered by the kilogram."""

    path = "/v1/pools"
    tags = ("Events",)

    @post("/", operation_id="open_pool", responses=WRITES)
    async def open(
        self,
        data: JSONBody[NewPool],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Pool:
        """Offer kilograms of an account to event pages, at a price per tonne; they are held for it from now on."""
        return await service.open_pool(data, call=call, db=db, quotas=quotas)

    @get("/", operation_id="list_pools", opt={SHEET: True}, responses=READS)
    async def pools(
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        db: NamedDependency[Database],
        owner_id: QueryId = None,
        pool_state: QueryState = None,
    ) -> Response[Page[Pool]]:
        """All pools, or those of an owner or in a state; also as CSV."""
        return sheet.of(await service.pools(ordered, owner_id, pool_state, db=db), Pool)

    @get("/{pool_id:int}", operation_id="get_pool", responses=READS)
    async def pool(self, pool_id: PathId, db: NamedDependency[Database]) -> Pool:
        """One pool: whose, of which issuance, at what price, and how many kilograms are left."""
        return await service.pool(pool_id, db=db)

    @post("/{pool_id:int}/top-ups", operation_id="top_up_pool", responses=WRITES)
    async def top_up(
        self, pool_id: PathId, data: JSONBody[TopUp], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Pool:
        """Put more kilograms of the same issuance into your pool."""
        return await service.top_up(pool_id, data, call=call, db=db)

    @post("/{pool_id:int}/pause", operation_id="pause_pool", responses=WRITES)
    async def pause(self, pool_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]) -> Pool:
        """Sell nothing for a while. What is on hold for somebody stays so."""
        return await service.pause_pool(pool_id, call=call, db=db)

    @post("/{pool_id:int}/resume", operation_id="resume_pool", responses=WRITES)
    async def resume(self, pool_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]) -> Pool:
        """Sell again."""
        return await service.resume_pool(pool_id, call=call, db=db)

    @post("/{pool_id:int}/withdraw", operation_id="withdraw_pool", responses=WRITES)
    async def withdraw(self, pool_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]) -> Pool:
        """End your pool: what is promised to nobody is active in your account again."""
        return await service.withdraw_pool(pool_id, call=call, db=db)

    @get("/{pool_id:int}/accounts", operation_id="get_pool_accounts", responses=READS)
    async def accounts(
        self, pool_id: PathId, asked: NamedDependency[Call], db: NamedDependency[Database]
    ) -> PoolAccounts:
        """What the pool has sold, and what its owner has earned, was paid and is owed."""
        return await service.accounts(pool_id, asked=asked, db=db)

    @get("/{pool_id:int}/postings", operation_id="list_pool_postings", opt={SHEET: True}, responses=READS)
    async def postings(
        self,
        pool_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[Posting]]:
        """The pool's money, entry by entry; also as CSV."""
        return sheet.of(await service.postings(pool_id, ordered, asked=asked, db=db), Posting)

    @post("/{pool_id:int}/payouts", operation_id="pay_out_pool", responses=WRITES)
    async def pay_out(
        self, pool_id: PathId, data: JSONBody[NewPayout], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Posting:
        """Note what the bank has paid to the pool's owner."""
        return await payments.pay_out(pool_id, data, call=call, db=db)


class PaymentsController(Controller):
    """What the bank says of payments."""

    path = "/v1/payments"
    tags = ("Events",)

    @get("/{reference:str}", operation_id="get_payment", responses=READS)
    async def payment(self, reference: PathCode, db: NamedDependency[Database]) -> GuestPayment:
        """One payment, by the reference that the bank knows."""
        return await payments.payment(reference, db=db)

    @post("/{reference:str}/confirmations", operation_id="confirm_payment", responses=WRITES)
    async def confirm(
        self,
        reference: PathCode,
        data: JSONBody[Confirmation],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> GuestPayment:
        """Note, for the bank, that the payment has come. Said twice, it is retired once."""
        return await payments.confirm_payment(reference, data, call=call, db=db)
