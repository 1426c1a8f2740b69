"""What the authority does: freezes, suspensions, roles, people, decisions on projects and issuances, the clock."""

from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from deploy.site.approvals import issuance_of
from deploy.site.people import Named, named
from registry.access.approvals import service as approvals
from registry.access.grants import service as grants
from registry.access.grants.api import InEffect, QueryRole
from registry.access.keys import service as keys
from registry.access.restrictions import service as restrictions
from registry.access.restrictions.api import Scope
from registry.access.suspensions import service as suspensions
from registry.access.suspensions.api import QueryState as SuspensionState
from registry.access.visitor import PageCall
from registry.credits.issuance import service as issuances
from registry.kit.database import Database
from registry.kit.http import PathId, QueryId
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.parties import service as parties
from registry.projects.service import notice, projects, reports
from schemas.access import Approval, IssueBody, Role

WHOLE: Final = Window(None, 200)
LATEST: Final = Window(None, 200, "newest")
Lift = Annotated[int | None, QueryParameter(ge=1, le=2**53)]


class AccessPages(Controller):
    """Who may decide, and what is stopped."""

    path = "/"

    @get("/restrictions")
    async def restrictions(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        frozen: Scope = None,
        target_id: QueryId = None,
        in_effect: InEffect = None,
        lift: Lift = None,
    ) -> Response[str]:
        """Every freeze, and placing one."""
        page.asks("list_restrictions")
        found = await restrictions.restrictions(latest, db=db, scope=frozen, target_id=target_id, in_effect=in_effect)
        return page.answer(
            "access/restrictions.html",
            restrictions=found,
            people=await named((each.placed_by for each in found.items), db),
            lift=await restrictions.restriction(lift, db=db) if lift else None,
        )

    @get("/suspensions")
    async def suspensions(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        person_id: QueryId = None,
        suspension_state: SuspensionState = None,
    ) -> Response[str]:
        """Every suspension, and placing one."""
        page.asks("list_suspensions")
        found = await suspensions.suspensions(latest, db=db, person_id=person_id, state=suspension_state)
        async with db.reading() as tx:
            regulators = await grants.holders_in(tx, Role.REGULATOR)
        people = await named({*regulators, *(who for one in found.items for who in (one.person_id, one.placed_by))}, db)
        return page.answer(
            "access/suspensions.html",
            suspensions=found,
            people=people,
            regulators=[people[each] for each in sorted(regulators)],
        )

    @get("/grants")
    async def grants(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        role: QueryRole = None,
        organisation_id: QueryId = None,
        in_effect: InEffect = None,
    ) -> Response[str]:
        """Every role that was given."""
        page.asks("list_grants")
        found = await grants.grants(latest, db=db, role=role, organisation_id=organisation_id, in_effect=in_effect)
        async with db.reading() as tx:
            organisations = await parties.names_in(tx, {each.organisation_id for each in found.items})
        return page.answer(
            "access/grants.html",
            grants=found,
            people=await named((who for each in found.items for who in (each.person_id, each.granted_by)), db),
            organisations=organisations,
            roles=page.words(Role),
            now=(await parties.region(db=db)).business_time,
        )

    @get("/people/{person_id:int}")
    async def person(
        self,
        page: NamedDependency[PageCall],
        person_id: PathId,
        window: NamedDependency[Window],
        db: NamedDependency[Database],
    ) -> Response[str]:
        """One person: roles, keys, invitation."""
        page.asks("list_keys")
        return page.answer(
            "access/person.html",
            person=await _person(person_id, db),
            keys=await keys.keys(person_id, window, db=db),
            roles=page.words(Role),
        )

    @get("/onboarding")
    async def onboarding(
        self, page: NamedDependency[PageCall], db: NamedDependency[Database], organisation_id: QueryId = None
    ) -> Response[str]:
        """An organisation, its account, its first person."""
        page.asks("list_keys")
        organisation = await parties.organisation(organisation_id, db=db) if organisation_id else None
        return page.answer("oversight/onboarding.html", organisation=organisation)

    @get("/clock")
    async def clock(self, page: NamedDependency[PageCall], db: NamedDependency[Database]) -> Response[str]:
        """The clock of a simulated region."""
        page.asks("set_clock")
        return page.answer("oversight/clock.html", shown=await parties.region(db=db))


class DecisionPages(Controller):
    """What the authority decides about a project and its reports."""

    path = "/"

    @get("/projects/{project_id:int}/decision")
    async def decision(
        self, page: NamedDependency[PageCall], project_id: PathId, db: NamedDependency[Database]
    ) -> Response[str]:
        """The notice, its objections, registering or sending back."""
        page.asks("list_restrictions")  # overseers: contacts of those who object are on it
        asked = page.asks("get_project")
        found = await projects.project(project_id, asked=asked, db=db)
        objections = await notice.objections(project_id, WHOLE, asked=page.asks("list_objections"), db=db)
        filed = await reports.reports(project_id, WHOLE, asked=asked, db=db)
        history = await projects.history(project_id, WHOLE, asked=asked, db=db)
        return page.answer(
            "oversight/decision.html",
            project=found,
            objections=objections,
            unanswered=[each for each in objections.items if each.answer is None],
            documents=await notice.project_documents(project_id, asked=asked, db=db),
            history=history,
            people=await named((each.person_id for each in history.items), db),
            verified=[each for each in filed.items if each.state == "verified"],
        )

    @get("/reports/{report_id:int}/issuance")
    async def issuance(
        self, page: NamedDependency[PageCall], report_id: PathId, db: NamedDependency[Database]
    ) -> Response[str]:
        """What issuing a report would bring into being, and proposing it."""
        page.asks("list_restrictions")
        asked = page.asks("get_report")
        report, project = await reports.shown_report(report_id, asked=asked, db=db)
        async with db.reading() as tx:
            accounts = await parties.accounts_in(tx, project.developer_id)
        proposed = await _proposals(report_id, page, db)
        people = await named((who for each in proposed for who in (each.proposer_id, each.approver_id)), db)
        return page.answer(
            "oversight/issuance.html",
            report=report,
            project=project,
            accounts=accounts,
            decided=[each for each in proposed if each.state == "used"],
            waiting=[each for each in proposed if each.state == "open"],
            people=people,
            issued=await issuance_of(report_id, project.id, db),
            foreseen=await issuances.foreseen(report_id, asked=asked, db=db),
        )


async def _proposals(report_id: int, page: PageCall, db: Database) -> list[Approval]:
    """Who proposed to issue a report, among the newest approvals."""
    found = await approvals.approvals(LATEST, asked=page.asks("list_approvals"), db=db)
    return [each for each in found.items if isinstance(each.body, IssueBody) and each.body.report_id == report_id]


async def _person(person_id: int, db: Database) -> Named:
    """One person. Raises `Unknown`."""
    async with db.reading() as tx:
        if person_id not in await parties.people_in(tx, [person_id]):
            raise Unknown(f"There is no person {person_id}.")
    return (await named([person_id], db))[person_id]
