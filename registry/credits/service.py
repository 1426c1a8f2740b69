"""
The life of a kilogram: issued, held, transferred, retired or cancelled.

Every write here follows one order: the claim, then all touched accounts in id order, then blocks in a new statement,
then what is recorded about them, and the statements for the public log last (DESIGN §3).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from registry.access import rules as access
from registry.access import service as restrictions
from registry.claims import service as claims
from registry.claims.rules import LockedClaim
from registry.credits import rules, store
from registry.credits.rules import Cut, Part
from registry.kit import clock
from registry.kit.database import Database, Done, Tx
from registry.kit.ids import new
from registry.kit.pages import Window
from registry.kit.problems import Invalid, Unknown
from registry.methodologies import catalogue
from registry.parties import service as parties
from registry.projects import service as projects
from registry.transparency import rules as transparency
from registry.transparency import service as log
from schemas.access import Approved, Call, IssueBody
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
    Selection,
    Transfer,
)
from schemas.kinds import check_years
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.projects import Project, Report
from schemas.serials import IssuanceCode, Serial, positions, span
from schemas.statements import (
    BufferStatement,
    CancellationStatement,
    IssuanceStatement,
    RetirementStatement,
    TransferStatement,
)

KG_PER_T = 1000


# Issuance -------------------------------------------------------------------------------------------------------------


async def issue(approved: Approved, *, call: Call, db: Database, region: RegionProfile) -> Issuance:
    """Issue the credits of one verified report, by two people; forestry puts its share into the buffer."""

    async def work(tx: Tx) -> Done[Issuance]:
        body = await restrictions.second_in(tx, approved, IssueBody, by=call.by)
        report, project = await projects.issue_report_in(tx, body.report_id, call=call)
        await _owned_account_in(tx, body.account_id, project)
        await restrictions.refuse_frozen_in(tx, accounts=[body.account_id], projects=[project.id], issuances=[])
        approval = await restrictions.approval_in(tx, approved.approval_id)
        people = (approval.proposer_id, call.by.person_id)
        code = await _issue_in(tx, body, report, project, approval_id=approval.id, people=people, region=region)
        return Done(code, await _issuance_again(tx, code))

    return await db.once(call, work, _issuance_again)


async def _owned_account_in(tx: Tx, account_id: int, project: Project) -> None:
    account = (await _locked_accounts(tx, [account_id]))[account_id]
    if account.owner_id != project.developer_id:
        raise rules.WrongAccount(
            f"Account {account_id} belongs to organisation {account.owner_id}; {project.code} is developed by "
            f"{project.developer_id}. Issue to an account of the developer."
        )


async def _issue_in(
    tx: Tx,
    body: IssueBody,
    report: Report,
    project: Project,
    *,
    approval_id: int,
    people: tuple[int, ...],
    region: RegionProfile,
) -> str:
    quantity_kg = report.reduction.issuable_t * KG_PER_T
    buffer_kg = catalogue.buffer_t(project.methodology, report.reduction.issuable_t) * KG_PER_T
    buffer_account = await parties.buffer_account_in(tx)
    lower, upper = await store.next_span(tx, quantity_kg)
    sequence = await store.next_sequence(tx, project.id, report.vintage)
    code = IssuanceCode(
        region=region.serial_region,
        programme=region.programme,
        project=int(project.code.rpartition("-")[2]),
        vintage=report.vintage,
        sequence=sequence,
    )
    split = upper - buffer_kg
    buffered = (positions(lower, split, upper),) if buffer_kg else ()
    statement = IssuanceStatement(
        registry=region.name,
        executed_at=clock.stamp(await clock.now_in(tx)),
        issuance=str(code),
        project=project.code,
        methodology=report.reduction.code,
        vintage=report.vintage,
        kind="monitored",
        serials=str(Serial(issuance=code, first=1, last=quantity_kg)),
        quantity_kg=quantity_kg,
        buffer_ranges=buffered,
        approvers=tuple(f"person-{person}" for person in people),
        verification_report=report.verification_report or "",
    )
    appended = await log.append_in(tx, statement, region=region)
    twice = rules.IssuedBefore(f"Report {report.id} was issued before.")
    issuance_id = await store.insert_issuance(
        tx,
        twice,
        str(code),
        region.id,
        project.id,
        report.id,
        report.reduction.code,
        report.vintage,
        sequence,
        lower,
        upper,
        buffer_kg,
        approval_id,
        appended.id,
    )
    cause = f"issuance:{code}"
    if split > lower:  # one tonne of forestry goes into the buffer whole
        await store.place_issued(
            tx, lower, split, issuance_id=issuance_id, account_id=body.account_id, state="active", cause=cause
        )
    if buffer_kg:
        await store.place_issued(
            tx, split, upper, issuance_id=issuance_id, account_id=buffer_account, state="buffer", cause=cause
        )
        await log.append_in(
            tx,
            BufferStatement(
                registry=region.name,
                executed_at=statement.executed_at,
                movement="assign",
                issuance=str(code),
                ranges=buffered,
                quantity_kg=buffer_kg,
            ),
            region=region,
        )
    return str(code)


async def _issuance_again(tx: Tx, code: str) -> Issuance:
    if found := await store.issuance(tx, code):
        return found
    raise Unknown(f"There is no issuance {code}.")


async def issuance(code: str, *, db: Database) -> Issuance:
    """One issuance."""
    async with db.reading() as tx:
        return await _issuance_again(tx, code)


async def issuances(window: Window, project_id: int | None, *, db: Database) -> Page[Issuance]:
    """All issuances, or those of one project."""
    async with db.reading() as tx:
        return await store.issuances(tx, window, project_id)


# Where every kilogram is ----------------------------------------------------------------------------------------------


async def issuance_conservation(code: str, *, db: Database) -> Conservation:
    """Where the kilograms of one issuance are, and whether they add up."""
    async with db.reading() as tx:
        if found := await store.issuance_conservation(tx, code):
            return found
    raise Unknown(f"There is no issuance {code}.")


class RegionTotals:
    """
    The region's conservation, computed anew only when something was written since.

    Kept by the snapshot it was read in. The newest movement would not do: what commits late has older ones.
    """

    def __init__(self) -> None:
        self._seen = ""
        self._value: Conservation | None = None

    async def get(self, *, db: Database) -> Conservation:
        """Where all kilograms of the region are, and whether they add up."""
        async with db.snapshot() as tx:
            seen = await store.snapshot(tx)
            if self._value is not None and seen == self._seen:
                return self._value
            found = await store.region_conservation(tx)
        self._value, self._seen = found, seen
        return found


async def holdings(account_id: int, as_of: datetime | None, *, asked: Call, db: Database) -> Holdings:
    """What an account of one's own organisation has, now or at an earlier instant of business time."""
    try:
        check_years("as_of", as_of)
    except ValueError as error:
        raise Invalid(f"{error}.") from error
    async with db.snapshot() as tx:
        await _own_account(tx, account_id, asked)
        items = await store.holdings(tx, account_id, as_of)
        return Holdings(account_id=account_id, as_of=as_of or await clock.now_in(tx), items=items)


async def movements(account_id: int, window: Window, *, asked: Call, db: Database) -> Page[Movement]:
    """Everything that ever entered or left an account of one's own organisation."""
    async with db.reading() as tx:
        await _own_account(tx, account_id, asked)
        return await store.movements(tx, window, account_id)


async def _own_account(tx: Tx, account_id: int, call: Call) -> None:
    account = await parties.account_in(tx, account_id)
    access.authorise_for(call.by, call.operation, account.owner_id)


# Taking kilograms -----------------------------------------------------------------------------------------------------


async def _locked_accounts(tx: Tx, account_ids: Iterable[int]) -> dict[int, store.LockedAccount]:
    wanted = set(account_ids)
    found = await store.lock_accounts(tx, wanted)
    if missing := wanted - found.keys():
        raise Unknown(f"There is no account {min(missing)}.")
    for account in found.values():
        if account.status != "open" or account.type != "holding":
            raise rules.AccountClosed(
                f"Account {account.id} is {account.status} and of type {account.type}; "
                "an open holding account is wanted."
            )
    return found


async def _take_in(tx: Tx, wanted: Selection, *, receiver_id: int | None = None) -> tuple[Cut, ...]:
    """Choose the kilograms under the account's lock. Raises when there are too few, or a freeze is in effect."""
    cuts = await _chosen(tx, wanted)
    if receiver_id or any(cut.block.frozen for cut in cuts):
        lots = {cut.block.lot for cut in cuts}
        await restrictions.refuse_frozen_in(
            tx,
            accounts=[wanted.account_id, *([receiver_id] if receiver_id else [])],
            projects=sorted({lot.project_id for lot in lots}),
            issuances=sorted({lot.issuance_id for lot in lots}),
        )
    return cuts


async def _chosen(tx: Tx, wanted: Selection) -> tuple[Cut, ...]:
    if wanted.serial is None:
        issuance_id = await _issuance_id(tx, wanted.issuance)
        return rules.take_fifo(await store.active(tx, wanted.account_id, issuance_id), wanted.quantity_kg)
    serial = Serial.parse(wanted.serial)
    rules.check_serial(serial, wanted.quantity_kg)
    found = await store.issuance_span(tx, serial.issuance)
    if found is None:
        raise Unknown(f"There is no issuance {serial.issuance}.")
    issuance_id, base, top = found
    lower, upper = span(base, serial.first, serial.last)
    if upper > top:
        raise Unknown(f"{serial.issuance} has {top - base} kg; there is no kilogram {serial.last}.")
    return rules.take_exact(await store.active_within(tx, wanted.account_id, issuance_id, lower, upper), lower, upper)


async def _issuance_id(tx: Tx, code: str | None) -> int | None:
    if code is None:
        return None
    if found := await store.issuance_span(tx, IssuanceCode.parse(code)):
        return found[0]
    raise Unknown(f"There is no issuance {code}.")


# Transfers ------------------------------------------------------------------------------------------------------------


async def propose_transfer(body: NewTransfer, *, call: Call, db: Database) -> Transfer:
    """Hold kilograms for another account until it accepts. Raises `InsufficientCredits`, `Frozen`, `NotYours`."""
    if body.account_id == body.receiver_id:
        raise rules.WrongAccount(f"Account {body.account_id} is on both sides of the transfer.")

    async def work(tx: Tx) -> Done[Transfer]:
        locked = await _locked_accounts(tx, [body.account_id, body.receiver_id])
        access.authorise_for(call.by, call.operation, locked[body.account_id].owner_id)
        cuts = await _take_in(tx, body, receiver_id=body.receiver_id)
        hold_id = await store.insert_hold(tx, "transfer", body.account_id, body.quantity_kg)
        transfer_id = await store.insert_transfer(
            tx,
            body,
            hold_id=hold_id,
            spans=[span for part in rules.parts(cuts, rules.BLOCK_LIMIT) for span in part.spans],
            by=call.by.person_id,
            ends=rules.expires_at(body.expires_at, await clock.now_in(tx)),
        )
        await store.move_out(
            tx,
            cuts,
            account_id=body.account_id,
            to_account_id=body.account_id,
            to_state="held",
            hold_id=hold_id,
            cause=f"transfer:{transfer_id}",
        )
        return Done(transfer_id, await _transfer_again(tx, str(transfer_id)))

    return await db.once(call, work, _transfer_again)


async def accept_transfer(transfer_id: int, *, call: Call, db: Database, region: RegionProfile) -> Transfer:
    """The receiver takes the kilograms; from now on they are active in its account, and the log says so."""

    async def work(tx: Tx) -> Done[Transfer]:
        offer, locked = await _open_transfer_in(tx, transfer_id, "receiver_id", call)
        cuts = await _close_in(tx, offer, "accepted", by=call.by.person_id, to_account_id=offer.receiver_id)
        lots = {cut.block.lot for cut in cuts}
        await restrictions.refuse_frozen_in(
            tx,
            accounts=[offer.sender_id, offer.receiver_id],
            projects=sorted({lot.project_id for lot in lots}),
            issuances=sorted({lot.issuance_id for lot in lots}),
        )
        owners = (locked[offer.sender_id].owner_id, locked[offer.receiver_id].owner_id)
        for part in rules.parts(cuts, transparency.RANGE_LIMIT):
            await _log_transfer_in(tx, transfer_id, part, owners, region=region)
        return Done(transfer_id, await _transfer_again(tx, str(transfer_id)))

    return await db.once(call, work, _transfer_again)


async def _log_transfer_in(
    tx: Tx, transfer_id: int, part: Part, owners: tuple[int, int], *, region: RegionProfile
) -> None:
    """The public log proves that kilograms changed hands, and keeps from whom to whom behind salted commitments."""
    sender, receiver = (
        transparency.seal(label, {"organisation": owner})
        for label, owner in zip(("sender", "receiver"), owners, strict=True)
    )
    statement = TransferStatement(
        registry=region.name,
        executed_at=clock.stamp(await clock.now_in(tx)),
        transfer=f"T-{transfer_id}",
        issuance=part.lot.code,
        ranges=part.ranges,
        quantity_kg=part.quantity_kg,
        sender=sender.digest,
        receiver=receiver.digest,
    )
    await log.append_in(tx, statement, region=region, openings=(sender, receiver))


async def reject_transfer(transfer_id: int, *, call: Call, db: Database) -> Transfer:
    """The receiver declines; the kilograms are active with the sender again."""

    async def work(tx: Tx) -> Done[Transfer]:
        offer, _ = await _open_transfer_in(tx, transfer_id, "receiver_id", call)
        await _close_in(tx, offer, "rejected", by=call.by.person_id, to_account_id=offer.sender_id)
        return Done(transfer_id, await _transfer_again(tx, str(transfer_id)))

    return await db.once(call, work, _transfer_again)


async def withdraw_transfer(transfer_id: int, *, call: Call, db: Database) -> Transfer:
    """The sender takes the offer back; the kilograms are active again."""

    async def work(tx: Tx) -> Done[Transfer]:
        offer, _ = await _open_transfer_in(tx, transfer_id, "sender_id", call)
        await _close_in(tx, offer, "withdrawn", by=call.by.person_id, to_account_id=offer.sender_id)
        return Done(transfer_id, await _transfer_again(tx, str(transfer_id)))

    return await db.once(call, work, _transfer_again)


async def expire_due(*, db: Database) -> int:
    """End every offer whose time is over, each in a transaction of its own; answers how many."""
    async with db.reading() as tx:
        due = await store.due_transfers(tx)
    ended = 0
    for transfer_id in due:

        async def work(tx: Tx, transfer_id: int = transfer_id) -> bool:
            offer = await _transfer_in(tx, transfer_id)
            await store.lock_accounts(tx, [offer.sender_id, offer.receiver_id])
            fresh = await _transfer_in(tx, transfer_id)
            if fresh.state != "proposed":  # somebody closed it while we waited for the locks
                return False
            await _close_in(tx, fresh, "expired", by=None, to_account_id=fresh.sender_id)
            return True

        ended += await db.transaction(work)
    return ended


async def _open_transfer_in(
    tx: Tx, transfer_id: int, side: Literal["sender_id", "receiver_id"], call: Call
) -> tuple[store.StoredTransfer, dict[int, store.LockedAccount]]:
    """Lock both accounts for the owner of one, then read the transfer again: every way to close it locks them."""
    offer = await _transfer_in(tx, transfer_id)
    locked = await _locked_accounts(tx, [offer.sender_id, offer.receiver_id])
    access.authorise_for(call.by, call.operation, locked[getattr(offer, side)].owner_id)
    fresh = await _transfer_in(tx, transfer_id)
    rules.check_open(transfer_id, fresh.state, fresh.expires_at, await clock.now_in(tx))
    return fresh, locked


async def _close_in(
    tx: Tx, offer: store.StoredTransfer, state: str, *, by: int | None, to_account_id: int
) -> tuple[Cut, ...]:
    if not await store.close_transfer(tx, offer.id, state, by):
        raise rules.TransferClosed(f"Transfer {offer.id} was closed by somebody else just now.")
    return await store.release_hold(
        tx,
        offer.hold_id,
        account_id=offer.sender_id,
        to_account_id=to_account_id,
        quantity_kg=offer.quantity_kg,
        cause=f"transfer:{offer.id}",
    )


async def _transfer_in(tx: Tx, transfer_id: int) -> store.StoredTransfer:
    if found := await store.transfer(tx, transfer_id):
        return found
    raise Unknown(f"There is no transfer {transfer_id}.")


async def _transfer_again(tx: Tx, transfer_id: str) -> Transfer:
    return (await store.show(tx, [await _transfer_in(tx, int(transfer_id))]))[0]


async def transfer(transfer_id: int, *, asked: Call, db: Database) -> Transfer:
    """One transfer that an organisation of the caller sends or receives."""
    async with db.reading() as tx:
        offer = await _transfer_in(tx, transfer_id)
        owners = [(await parties.account_in(tx, each)).owner_id for each in (offer.sender_id, offer.receiver_id)]
        mine = set(owners) & set(access.organisations_of(asked.by))
        access.authorise_for(asked.by, asked.operation, min(mine, default=owners[0]))
        return (await store.show(tx, [offer]))[0]


async def transfers(account_id: int, window: Window, *, asked: Call, db: Database) -> Page[Transfer]:
    """The transfers that an account of one's own organisation sends or receives."""
    async with db.reading() as tx:
        await _own_account(tx, account_id, asked)
        return await store.transfers(tx, window, account_id)


# Cancellation and retirement ------------------------------------------------------------------------------------------


async def cancel(request: CancelRequest, *, call: Call, db: Database, region: RegionProfile) -> Cancellation:
    """Cancel kilograms for good without a claim. There is no inverse command."""
    order_id = new("X")

    async def work(tx: Tx) -> Done[Cancellation]:
        locked = await _locked_accounts(tx, [request.account_id])
        access.authorise_for(call.by, call.operation, locked[request.account_id].owner_id)
        cuts = await _take_in(tx, request)
        at = await _finish_in(tx, cuts, request.account_id, "cancelled", f"cancellation:{order_id}")
        for part in rules.parts(cuts, transparency.RANGE_LIMIT):
            statement = CancellationStatement(
                registry=region.name,
                executed_at=clock.stamp(at),
                cancellation=order_id,
                issuance=part.lot.code,
                ranges=part.ranges,
                quantity_kg=part.quantity_kg,
                reason=request.reason,
            )
            appended = await log.append_in(tx, statement, region=region)
            await store.insert_cancellation(
                tx, request, part, order_id=order_id, by=call.by.person_id, statement_id=appended.id
            )
        return Done(order_id, await _cancellation_again(tx, order_id))

    return await db.once(call, work, _cancellation_again, object_id=order_id)


async def _cancellation_again(tx: Tx, order_id: str) -> Cancellation:
    if found := await store.cancellation(tx, order_id):
        return found
    raise Unknown(f"There is no cancellation {order_id}.")


async def cancellation(order_id: str, *, asked: Call, db: Database) -> Cancellation:
    """What was cancelled together, from an account of one's own organisation."""
    async with db.reading() as tx:
        found = await _cancellation_again(tx, order_id)
        await _own_account(tx, found.account_id, asked)
    return found


async def retire(request: RetireRequest, *, call: Call, db: Database, region: RegionProfile) -> RetirementOrder:
    """Retire part of an account's credits for good, against one claim. There is no inverse command."""
    order_id = new("O")

    async def work(tx: Tx) -> Done[RetirementOrder]:
        claim = await claims.allocate_in(tx, request.claim_id, request.quantity_kg, call=call)
        locked = await _locked_accounts(tx, [request.account_id])
        access.authorise_for(call.by, call.operation, locked[request.account_id].owner_id)
        cuts = await _take_in(tx, request)
        at = await _finish_in(tx, cuts, request.account_id, "retired", f"retirement:{order_id}")
        done = [
            await _log_retirement_in(tx, request, part, claim, order_id=order_id, at=at, call=call, region=region)
            for part in rules.parts(cuts, transparency.RANGE_LIMIT)
        ]
        return Done(order_id, _order(done))

    return await db.once(call, work, _order_again, object_id=order_id)


async def _finish_in(tx: Tx, cuts: tuple[Cut, ...], account_id: int, state: str, cause: str) -> datetime:
    return await store.move_out(
        tx, cuts, account_id=account_id, to_account_id=account_id, to_state=state, hold_id=None, cause=cause
    )


async def _log_retirement_in(
    tx: Tx,
    request: RetireRequest,
    part: Part,
    claim: LockedClaim,
    *,
    order_id: str,
    at: datetime,
    call: Call,
    region: RegionProfile,
) -> Retirement:
    receipt_id = new("R")
    openings = _retirement_openings(request)
    statement = RetirementStatement(
        registry=region.name,
        executed_at=clock.stamp(at),
        receipt=receipt_id,
        order=order_id,
        quantity_kg=part.quantity_kg,
        issuance=part.lot.code,
        ranges=part.ranges,
        project=part.lot.project,
        methodology=part.lot.methodology,
        vintage=part.lot.vintage,
        host=region.id,
        adjustment="none",
        purpose="contribution" if claim.type == "contribution" else "claim",
        claim=claim.sha256.hex(),
        allocates_kg=part.quantity_kg,
        sections=transparency.sections(openings),
    )
    appended = await log.append_in(tx, statement, region=region, openings=openings)
    await store.insert_retirement(
        tx,
        request,
        part,
        receipt_id=receipt_id,
        order_id=order_id,
        by=call.by.person_id,
        statement_id=appended.id,
        at=at,
    )
    return Retirement(  # what `_order_again` would read back, without asking for it
        receipt_id=receipt_id,
        order_id=order_id,
        claim_id=request.claim_id,
        issuance=part.lot.code,
        serials=rules.serials(part.lot.code, part.lot.base, part.spans),
        quantity_kg=part.quantity_kg,
        statement_hash=appended.sha256.hex(),
        at=at,
    )


def _retirement_openings(request: RetireRequest) -> tuple[transparency.Opening, ...]:
    named = {
        "beneficiary": {"name": request.beneficiary} if request.beneficiary else None,
        "evidence": {"sha256": request.evidence} if request.evidence else None,
    }
    return tuple(transparency.seal(label, value) for label, value in named.items() if value)


async def _order_again(tx: Tx, order_id: str) -> RetirementOrder:
    found = await store.order_retirements(tx, order_id)
    if not found:
        raise Unknown(f"There is no retirement order {order_id}.")
    return _order(found)


def _order(found: Sequence[Retirement]) -> RetirementOrder:
    return RetirementOrder(
        order_id=found[0].order_id,
        claim_id=found[0].claim_id,
        quantity_kg=sum(each.quantity_kg for each in found),
        retirements=tuple(found),
    )


async def retirement(receipt_id: str, *, db: Database) -> Retirement:
    """One retirement."""
    async with db.reading() as tx:
        return (await retirement_in(tx, receipt_id)).retirement


async def retirement_in(tx: Tx, receipt_id: str) -> store.StoredRetirement:
    """One retirement with its account and statement, inside a transaction. Raises `Unknown`."""
    if found := await store.retirement(tx, receipt_id):
        return found
    raise Unknown(f"There is no retirement with receipt {receipt_id}.")


async def retirements(window: Window, claim_id: int | None, *, db: Database) -> Page[Retirement]:
    """All retirements, or those against one claim."""
    async with db.reading() as tx:
        return await store.retirements(tx, window, claim_id)


# Housekeeping ---------------------------------------------------------------------------------------------------------


async def compact(*, db: Database, limit: int = 100) -> int:
    """Join neighbouring active blocks of fragmented accounts, each under its account's lock; answers how many."""
    async with db.reading() as tx:
        accounts = await store.fragmented(tx, limit)
    joined = 0
    for account_id in accounts:

        async def work(tx: Tx, account_id: int = account_id) -> int:
            await store.lock_accounts(tx, [account_id])
            return await store.compact(tx, account_id)

        joined += await db.transaction(work)
    return joined
