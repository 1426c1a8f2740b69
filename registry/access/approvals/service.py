"""Decisions of two people: propose, withdraw, and consume when the second person carries the body out."""

from collections.abc import Collection
from typing import TypeVar

from registry.access import authorisation as access
from registry.access.approvals import rules, store
from registry.access.persons import service as persons
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Invalid, Unknown
from registry.kit.quotas import DEFAULT, Quotas
from schemas.access import Actor, Approval, ApprovalBody, ApprovalState, Approved, Call, ProposeApproval
from schemas.pages import Page

Body = TypeVar("Body", bound=ApprovalBody)


async def propose(request: ProposeApproval, *, call: Call, db: Database, quotas: Quotas = DEFAULT) -> Approval:
    """Store the first person's half of a decision. It expires after seven days. Raises `QuotaUsedUp`."""
    rules.check_role(request.body, call.by)

    async def work(tx: Tx) -> Written[Approval]:
        await quotas.admit_in(tx, "proposals", call.by.person_id, store.proposals_of)
        approval = await store.insert_approval(tx, request.body, request.reason, call.by)
        return Written(approval.id, approval)

    return await once(db, call, work, _approval_again)


async def use_approval_in(tx: Tx, approved: Approved, kind: type[Body], *, by: Actor) -> Body:
    """
    Consume an approval as the second person, and return the body that is now to be carried out.

    Raises `SamePerson`, `BodyChanged`, `ApprovalClosed`, `Unknown`, or `Invalid` for the body of another operation.
    """
    body = approved.body
    if not isinstance(body, kind):
        raise Invalid(f"This route carries out {kind.__struct_config__.tag}, not {body.__struct_config__.tag}.")
    found = await store.standing(tx, approved.approval_id)
    if found is None:
        raise Unknown(f"There is no approval {approved.approval_id}.")
    approval, stands, now = found
    joined = await persons.joined_in(tx, approval.proposer_id, by.person_id)
    rules.check_second(approval, body, rules.Pair(by.person_id, stands, joined, now))
    if not await store.use_approval(tx, approved.approval_id, by):
        raise rules.ApprovalClosed(f"Approval {approved.approval_id} was used by somebody else just now.")
    return body


async def both_in(tx: Tx, approved: Approved, call: Call) -> tuple[int, int]:
    """The two people who decide: who proposed, and who carries it out."""
    return (await approval_in(tx, approved.approval_id)).proposer_id, call.by.person_id


async def seconds_in(tx: Tx, approval: Approval, holders: Collection[int]) -> frozenset[int]:
    """Of the *holders* of the role that decides it, who counts as another person than its proposer."""
    graph = (await persons.seen_in(tx)).graph
    return frozenset(
        each for each in holders if each != approval.proposer_id and not graph.joined(approval.proposer_id, each)
    )


async def withdraw_approval(approval_id: int, reason: str = "", *, call: Call, db: Database) -> Approval:
    """Withdraw a proposal of the caller's role, one's own or a colleague's: this only takes power away."""

    async def work(tx: Tx) -> Written[Approval]:
        rules.check_role((await approval_in(tx, approval_id)).body, call.by)
        if not await store.withdraw_approval(tx, approval_id, call.by, reason):
            raise rules.ApprovalClosed(f"Approval {approval_id} was already used or withdrawn.")
        return Written(approval_id, await approval_in(tx, approval_id))

    return await once(db, call, work, _approval_again)


async def approval(approval_id: int, *, asked: Call, db: Database) -> Approval:
    """Return one approval: overseers any, operators one that two operators decide."""
    async with db.reading() as tx:
        found = await approval_in(tx, approval_id)
    if not access.oversees(asked.by):
        rules.check_role(found.body, asked.by)
    return found


async def approval_in(tx: Tx, approval_id: int) -> Approval:
    """Return one approval, inside a transaction. Raises `Unknown`."""
    return await _approval_again(tx, str(approval_id))


async def _approval_again(tx: Tx, approval_id: str) -> Approval:
    if found := await store.approval(tx, int(approval_id)):
        return found
    raise Unknown(f"There is no approval {approval_id}.")


async def open_about(operation: str, member: str, value: str, *, db: Database) -> tuple[Approval, ...]:
    """What is proposed about one thing and waits; for those who decide it, whom the caller has made sure of."""
    async with db.reading() as tx:
        return await store.open_about(tx, operation, member, value)


async def approvals(
    window: Window,
    *,
    asked: Call,
    db: Database,
    operation: str | None = None,
    state: ApprovalState | None = None,
) -> Page[Approval]:
    """List all approvals, of one operation or in one state; for operators, those that two operators decide."""
    decided_by = None if access.oversees(asked.by) else [held.role for held in asked.by.roles]
    async with db.reading() as tx:
        return await store.approvals(tx, window, decided_by, operation=operation, state=state)
