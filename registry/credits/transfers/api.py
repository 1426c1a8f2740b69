"""Transfers over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.credits.transfers import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.quotas import Quotas
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Call
from schemas.credits import (
    NewTransfer,
    Transfer,
)
from schemas.pages import Page
from schemas.parties import RegionProfile


class TransfersController(Controller):
    """Two-phase transfers: the sender proposes, the receiver accepts."""

    path = "/v1/transfers"
    tags = ("Credits",)

    @post("/", operation_id="propose_transfer", responses=WRITES)
    async def propose(
        self,
        data: JSONBody[NewTransfer],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Transfer:
        """Offer kilograms to another account; they are held meanwhile."""
        return await service.propose_transfer(data, call=call, db=db, quotas=quotas)

    @get("/{transfer_id:int}", operation_id="get_transfer", responses=READS)
    async def transfer(
        self, transfer_id: PathId, asked: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Transfer:
        """One transfer."""
        return await service.transfer(transfer_id, asked=asked, db=db)

    @post("/{transfer_id:int}/accept", operation_id="accept_transfer", responses=WRITES)
    async def accept(
        self,
        transfer_id: PathId,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Transfer:
        """Take the kilograms that were offered."""
        return await service.accept_transfer(transfer_id, call=call, db=db, region=region)

    @post("/{transfer_id:int}/reject", operation_id="reject_transfer", responses=WRITES)
    async def reject(self, transfer_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]) -> Transfer:
        """Decline; the kilograms go back to the sender."""
        return await service.reject_transfer(transfer_id, call=call, db=db)

    @post("/{transfer_id:int}/withdraw", operation_id="withdraw_transfer", responses=WRITES)
    async def withdraw(
        self, transfer_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Transfer:
        """Take an offer back."""
        return await service.withdraw_transfer(transfer_id, call=call, db=db)


class AccountTransfersController(Controller):
    """The transfers of one account."""

    path = "/v1/accounts/{account_id:int}"
    tags = ("Credits",)

    @get("/transfers", operation_id="list_transfers", opt={SHEET: True}, responses=READS)
    async def transfers(
        self,
        account_id: PathId,
        ordered: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[Transfer]]:
        """The transfers that the account sends or receives, also as CSV."""
        return sheet.of(await service.transfers(account_id, ordered, period, asked=asked, db=db), Transfer)
