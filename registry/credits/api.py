"""Issuances, holdings, transfers, cancellations and retirements over HTTP."""

from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.credits import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathCode, PathId, QueryId
from registry.kit.pages import Window
from schemas.access import Approved, Call
from schemas.credits import (
    Cancellation,
    CancelRequest,
    Conservation,
    Holdings,
    Issuance,
    Movement,
    NewTransfer,
    Retirement,
    RetirementOrder,
    RetireRequest,
    Transfer,
)
from schemas.kinds import Instant
from schemas.pages import Page
from schemas.parties import RegionProfile


class IssuancesController(Controller):
    """Credits as they came into being, and where every kilogram is now."""

    path = "/v1"
    tags = ("Credits",)

    @post("/issuances", operation_id="issue_credits", responses=WRITES)
    async def issue(
        self,
        data: JSONBody[Approved],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Issuance:
        """Issue the credits of a verified report; carries out an approval."""
        return await service.issue(data, call=call, db=db, region=region)

    @get("/issuances", operation_id="list_issuances", responses=READS)
    async def issuances(
        self,
        window: NamedDependency[Window],
        db: NamedDependency[Database],
        project_id: QueryId = None,
    ) -> Page[Issuance]:
        """All issuances, or those of one project."""
        return await service.issuances(window, project_id, db=db)

    @get("/issuances/{code:str}", operation_id="get_issuance", responses=READS)
    async def issuance(self, code: PathCode, db: NamedDependency[Database]) -> Issuance:
        """One issuance."""
        return await service.issuance(code, db=db)

    @get("/issuances/{code:str}/conservation", operation_id="get_issuance_conservation", responses=READS)
    async def issuance_conservation(self, code: PathCode, db: NamedDependency[Database]) -> Conservation:
        """Where the kilograms of an issuance are, and whether they add up."""
        return await service.issuance_conservation(code, db=db)

    @get("/conservation", operation_id="get_conservation", responses=READS)
    async def conservation(
        self, db: NamedDependency[Database], region_totals: NamedDependency[service.RegionTotals]
    ) -> Conservation:
        """Where all kilograms of the region are, and whether they add up."""
        return await region_totals.get(db=db)


class HoldingsController(Controller):
    """What an account has and had."""

    path = "/v1/accounts/{account_id:int}"
    tags = ("Credits",)

    @get("/holdings", operation_id="get_holdings", responses=READS)
    async def holdings(
        self,
        account_id: PathId,
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        as_of: Annotated[Instant | None, QueryParameter(description="Business time; now where left away")] = None,
    ) -> Holdings:
        """What the account has by issuance and state, now or at an earlier instant."""
        return await service.holdings(account_id, as_of, asked=asked, db=db)

    @get("/movements", operation_id="list_movements", responses=READS)
    async def movements(
        self,
        account_id: PathId,
        window: NamedDependency[Window],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Page[Movement]:
        """Everything that ever entered or left the account."""
        return await service.movements(account_id, window, asked=asked, db=db)

    @get("/transfers", operation_id="list_transfers", responses=READS)
    async def transfers(
        self,
        account_id: PathId,
        window: NamedDependency[Window],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Page[Transfer]:
        """The transfers that the account sends or receives."""
        return await service.transfers(account_id, window, asked=asked, db=db)


class TransfersController(Controller):
    """Two-phase transfers: the sender proposes, the receiver accepts."""

    path = "/v1/transfers"
    tags = ("Credits",)

    @post("/", operation_id="propose_transfer", responses=WRITES)
    async def propose(
        self, data: JSONBody[NewTransfer], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Transfer:
        """Offer kilograms to another account; they are held meanwhile."""
        return await service.propose_transfer(data, call=call, db=db)

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


class RetirementsController(Controller):
    """The end of a kilogram."""

    path = "/v1"
    tags = ("Credits",)

    @post("/cancellations", operation_id="cancel_credits", responses=WRITES)
    async def cancel(
        self,
        data: JSONBody[CancelRequest],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Cancellation:
        """Cancel kilograms for good without a claim."""
        return await service.cancel(data, call=call, db=db, region=region)

    @get("/cancellations/{order_id:str}", operation_id="get_cancellation", responses=READS)
    async def cancellation(
        self, order_id: PathCode, asked: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Cancellation:
        """What was cancelled together."""
        return await service.cancellation(order_id, asked=asked, db=db)

    @post("/retirements", operation_id="retire_credits", responses=WRITES)
    async def retire(
        self,
        data: JSONBody[RetireRequest],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> RetirementOrder:
        """Permanently retire credits of an account against a claim, to the kilogram."""
        return await service.retire(data, call=call, db=db, region=region)

    @get("/retirements", operation_id="list_retirements", responses=READS)
    async def retirements(
        self,
        window: NamedDependency[Window],
        db: NamedDependency[Database],
        claim_id: QueryId = None,
    ) -> Page[Retirement]:
        """All retirements, or those against one claim."""
        return await service.retirements(window, claim_id, db=db)

    @get("/retirements/{receipt_id:str}", operation_id="get_retirement", responses=READS)
    async def retirement(self, receipt_id: PathCode, db: NamedDependency[Database]) -> Retirement:
        """One retirement."""
        return await service.retirement(receipt_id, db=db)
