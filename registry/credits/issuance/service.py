"""Issue the credits of a verified report, and read issuances."""

from collections.abc import Collection

from registry.access.approvals import service as approvals
from registry.access.grants import service as grants
from registry.access.restrictions import service as restrictions
from registry.credits.blocks.rules import WrongAccount
from registry.credits.blocks.service import lock_open_accounts_in
from registry.credits.issuance import rules, store
from registry.credits.issuance.rules import Foreseen
from registry.credits.issuance.store import NewIssuance
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import Unknown
from registry.methodologies import catalogue
from registry.parties import service as parties
from registry.projects.service import reports
from registry.transparency import service as log
from schemas.access import Approved, Call, IssueBody
from schemas.credits import Issuance, IssuancesWanted
from schemas.custody import LoggedIssuance
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.projects import Project, Report
from schemas.serials import KG_PER_T, ProjectCode, Serial, positions
from schemas.statements import (
    BufferStatement,
    IssuanceStatement,
)


async def issue(approved: Approved, *, call: Call, db: Database, region: RegionProfile) -> Issuance:
    """Issue the credits of one verified report, by two people; forestry puts its share into the buffer."""

    async def work(tx: Tx) -> Written[Issuance]:
        body = await approvals.use_approval_in(tx, approved, IssueBody, by=call.by)
        report, project = await reports.issue_report_in(tx, body.report_id, call=call)
        people = await approvals.both_in(tx, approved, call)
        await grants.refuse_own_in(tx, people, project.developer_id, "issuing its credits")
        await _owned_account_in(tx, body.account_id, project)
        await restrictions.refuse_frozen_in(tx, accounts=[body.account_id], projects=[project.id], issuances=[])
        approval_id = approved.approval_id
        code = await _issue_in(tx, body, report, project, approval_id=approval_id, people=people, region=region)
        return Written(code, await _issuance_again(tx, code))

    return await once(db, call, work, _issuance_again)


async def issued_after_in(tx: Tx, leaf_index: int, limit: int) -> tuple[LoggedIssuance, ...]:
    """
    What was issued behind a leaf of the public log, in its order, *limit* at most, for whoever acts on new issuances.

    The leaf of the last one is where to go on: nothing appears before it later, as it may by the id of an issuance.
    """
    return await store.logged_after(tx, leaf_index, limit)


async def newest_leaf_in(tx: Tx) -> int:
    """The newest leaf of the public log, from which to look for what is issued from now on; -1 for none."""
    return await store.newest_leaf(tx)


async def foreseen(report_id: int, *, asked: Call, db: Database) -> Foreseen:
    """What issuing a report would bring into being if it were done next: nobody has to believe a promise."""
    report, project = await reports.shown_report(report_id, asked=asked, db=db)
    async with db.reading() as tx:
        code = ProjectCode.parse(project.code).issuance(
            report.vintage, await store.next_sequence(tx, project.id, report.vintage)
        )
    quantity_kg = report.reduction.issuable_t * KG_PER_T
    buffer_kg = catalogue.buffer_t(project.methodology, report.reduction.issuable_t) * KG_PER_T
    return rules.foresee(code, quantity_kg, buffer_kg)


async def _owned_account_in(tx: Tx, account_id: int, project: Project) -> None:
    account = (await lock_open_accounts_in(tx, [account_id]))[account_id]
    if account.owner_id != project.developer_id:
        raise WrongAccount(
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
    """Take a span of the number line, say so in the log, and place the blocks: every lock precedes the statements."""
    quantity_kg = report.reduction.issuable_t * KG_PER_T
    lower, upper = await store.next_span(tx, quantity_kg)
    new = NewIssuance(
        code=ProjectCode.parse(project.code).issuance(
            report.vintage, await store.next_sequence(tx, project.id, report.vintage)
        ),
        region_id=region.id,
        project_id=project.id,
        report_id=report.id,
        methodology=report.reduction.code,
        lower=lower,
        upper=upper,
        buffer_kg=catalogue.buffer_t(project.methodology, report.reduction.issuable_t) * KG_PER_T,
        approval_id=approval_id,
    )
    statement_id = await _log_in(tx, new, report, project, people=people, region=region)
    issuance_id = await store.insert_issuance(tx, new, statement_id=statement_id)
    await _place_in(tx, new, issuance_id, account_id=body.account_id)
    return str(new.code)


async def _log_in(
    tx: Tx, new: NewIssuance, report: Report, project: Project, *, people: tuple[int, ...], region: RegionProfile
) -> int:
    """Append what came into being and what of it is in the buffer; returns the row of the first."""
    executed_at = clock.stamp(await clock.now_in(tx))
    buffered = (positions(new.lower, new.upper - new.buffer_kg, new.upper),) if new.buffer_kg else ()
    issued = IssuanceStatement(
        registry=region.name,
        executed_at=executed_at,
        issuance=str(new.code),
        project=project.code,
        methodology=new.methodology,
        vintage=new.code.vintage,
        kind="monitored",
        serials=str(Serial(issuance=new.code, first=1, last=new.upper - new.lower)),
        quantity_kg=new.upper - new.lower,
        buffer_ranges=buffered,
        approvers=tuple(f"person-{person}" for person in people),
        verification_report=report.verification_report or "",
    )
    appended = await log.append_in(tx, issued, region=region)
    if new.buffer_kg:
        assigned = BufferStatement(
            registry=region.name,
            executed_at=executed_at,
            movement="assign",
            issuance=str(new.code),
            ranges=buffered,
            quantity_kg=new.buffer_kg,
        )
        await log.append_in(tx, assigned, region=region)
    return appended.id


async def _place_in(tx: Tx, new: NewIssuance, issuance_id: int, *, account_id: int) -> None:
    """The first part of the span goes to the developer, the rest into the buffer; either may be empty."""
    split = new.upper - new.buffer_kg
    cause = f"issuance:{new.code}"
    if split > new.lower:  # one tonne of forestry goes into the buffer whole
        await store.place_issued(
            tx, new.lower, split, issuance_id=issuance_id, account_id=account_id, state="active", cause=cause
        )
    if new.upper > split:
        buffer_account = await parties.buffer_account_in(tx)
        await store.place_issued(
            tx, split, new.upper, issuance_id=issuance_id, account_id=buffer_account, state="buffer", cause=cause
        )


async def _issuance_again(tx: Tx, code: str) -> Issuance:
    if found := await store.issuance(tx, code):
        return found
    raise Unknown(f"There is no issuance {code}.")


async def issuance(code: str, *, db: Database) -> Issuance:
    """One issuance."""
    async with db.reading() as tx:
        return await _issuance_again(tx, code)


async def issuances(wanted: IssuancesWanted, window: Window, period: Between, *, db: Database) -> Page[Issuance]:
    """The issuances that fit everything that is asked for, made in *period*."""
    async with db.reading() as tx:
        return await store.issuances(tx, window, wanted, period)


async def lots_in(tx: Tx, codes: Collection[str]) -> dict[str, tuple[int, int]]:
    """The project and the vintage of some issuances, by their codes."""
    return await store.lots(tx, codes)


async def find_in(tx: Tx, code: str) -> Issuance | None:
    """One issuance, or None if there is none of this code."""
    return await store.issuance(tx, code)
