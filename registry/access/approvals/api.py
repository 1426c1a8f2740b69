"""Approvals over HTTP."""

from dataclasses import dataclass
from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example, Operation, RequestBody
from litestar.params import JSONBody, QueryParameter

from registry.access.approvals import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.quotas import Quotas
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Approval, ApprovalState, Call, ProposeApproval, WithdrawApproval
from schemas.pages import Page

QueryOperation = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        pattern="^[a-z_]+$",
        examples=[Example(value="issue_credits")],
        description="What was proposed",
    ),
]
QueryState = Annotated[ApprovalState | None, QueryParameter(name="state", description="Which approvals are looked for")]


@dataclass
class _BodyMayBeLeftOut(Operation):
    """In the documentation: the framework says of every body that it is required."""

    def __post_init__(self) -> None:
        if isinstance(self.request_body, RequestBody):
            self.request_body.required = False


class ApprovalsController(Controller):
    """What two people decide."""

    path = "/v1/approvals"
    tags = ("Access",)

    @post("/", operation_id="propose_approval", responses=WRITES)
    async def propose(
        self,
        data: JSONBody[ProposeApproval],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Approval:
        """Propose what takes two people. A second person carries the exact body out at the operation's own route."""
        return await service.propose(data, call=call, db=db, quotas=quotas)

    @post(
        "/{approval_id:int}/withdraw",
        operation_id="withdraw_approval",
        responses=WRITES,
        operation_class=_BodyMayBeLeftOut,
    )
    async def withdraw(
        self,
        approval_id: PathId,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        data: JSONBody[WithdrawApproval | None] = None,
    ) -> Approval:
        """Withdraw a proposal, your own or that of somebody in the role that decides it. The body may be left out."""
        return await service.withdraw_approval(approval_id, data.reason if data else "", call=call, db=db)

    @get("/", operation_id="list_approvals", opt={SHEET: True}, responses=READS)
    async def approvals(
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        operation: QueryOperation = None,
        approval_state: QueryState = None,
    ) -> Response[Page[Approval]]:
        """All approvals, of one operation or in one state; for operators, those that two operators decide."""
        found = await service.approvals(ordered, asked=asked, db=db, operation=operation, state=approval_state)
        return sheet.of(found, Approval)

    @get("/{approval_id:int}", operation_id="get_approval", responses=READS)
    async def approval(
        self, approval_id: PathId, asked: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Approval:
        """One approval with its exact body; for operators, one that two operators decide."""
        return await service.approval(approval_id, asked=asked, db=db)
