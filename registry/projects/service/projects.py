"""From a draft to registration: each step is taken by the role whose turn it is, with a reason."""

from collections.abc import Collection

from registry.access import authorisation as access
from registry.access.grants import service as grants
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.methodologies import calendars
from registry.methodologies import service as methodologies
from registry.parties import service as parties
from registry.projects import identity, rules, search, store, usage
from registry.projects import versions as kept_versions
from registry.projects.service import documents
from schemas.access import Call, Role
from schemas.pages import Page
from schemas.projects import (
    Decision,
    Finding,
    NewProject,
    Project,
    ProjectChange,
    ProjectEvent,
    ProjectsWanted,
    ProjectVersion,
)
from schemas.search import Found
from schemas.serials import ProjectCode


async def create_project(body: NewProject, *, call: Call, db: Database, quotas: Quotas = DEFAULT) -> Project:
    """Begin a draft for one of the caller's organisations. Raises `QuotaUsedUp`."""
    access.authorise_for(call, body.organisation_id)

    async def work(tx: Tx) -> Written[Project]:
        await quotas.admit_in(tx, "drafts", body.organisation_id, usage.drafts)
        await quotas.admit_in(tx, "projects", body.organisation_id, usage.projects)
        await documents.refuse_missing_in(tx, body.documents)
        region = await parties.region_in(tx)
        code = ProjectCode(region=region.serial_region, programme=region.programme, project=await store.next_number(tx))
        project_id = await store.insert_project(tx, code, body.organisation_id, body)
        await store.record(
            tx,
            project_id,
            "draft",
            person_id=call.by.person_id,
            organisation_id=body.organisation_id,
            why="Draft created",
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def update_project(project_id: int, body: ProjectChange, *, call: Call, db: Database) -> Project:
    """Change a draft, or a rejected project before it is submitted again; what *body* leaves out stays as it is."""

    async def work(tx: Tx) -> Written[Project]:
        project = await own_project_in(tx, project_id, call)
        rules.check_step(project.code, "update", project.state, rules.PROJECT_STEPS)
        changed = rules.changed(project, body)
        await documents.refuse_missing_in(tx, changed.documents)
        await store.update_project(tx, project_id, changed)
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def submit_project(project_id: int, body: Decision, *, call: Call, db: Database) -> Project:
    """
    Hand a project to validation, for the first time or again after a rejection.

    Raises `NoEvidence`, `EvidenceUsed`, `ProjectRepeated`.
    """

    async def work(tx: Tx) -> Written[Project]:
        project = await own_project_in(tx, project_id, call)
        rules.check_step(project.code, "submit", project.state, rules.PROJECT_STEPS)
        await documents.refuse_used_in(tx, project.documents, project_id=project_id, report_id=None, what=project.code)
        identity.check_unrepeated(project, await store.standing_projects(tx, project_id))
        await kept_versions.keep(tx, project_id)
        await store.keep_submitted(tx, project_id)
        await store.move_project(
            tx,
            project,
            "submitted",
            person_id=call.by.person_id,
            organisation_id=project.developer_id,
            why=body.why,
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def withdraw_project(project_id: int, body: Decision, *, call: Call, db: Database) -> Project:
    """Withdraw a draft, or a project that was sent back, for good. One that was never submitted stays unseen."""

    async def work(tx: Tx) -> Written[Project]:
        project = await own_project_in(tx, project_id, call)
        rules.check_step(project.code, "withdraw", project.state, rules.PROJECT_STEPS)
        await store.move_project(
            tx,
            project,
            "withdrawn",
            person_id=call.by.person_id,
            organisation_id=project.developer_id,
            why=body.why,
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def validate_project(project_id: int, body: Finding, *, call: Call, db: Database) -> Project:
    """A verifier finds that the project meets its methodology. Raises `VerifierConflict`, and as `judge_by_in`."""

    async def work(tx: Tx) -> Written[Project]:
        project = await locked_project_in(tx, project_id)
        verifier = await verifier_in(tx, project, call)
        rules.check_step(project.code, "validate", project.state, rules.PROJECT_STEPS)
        await documents.judge_by_in(tx, body.report_sha256, project, verifier_id=verifier)
        await store.set_validation_report(tx, project_id, body.report_sha256)
        why = f"{body.why} (validation report {body.report_sha256})"
        await store.move_project(
            tx, project, "validated", person_id=call.by.person_id, organisation_id=verifier, why=why
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def open_public_notice(project_id: int, body: Decision, *, call: Call, db: Database) -> Project:
    """The regulator opens seven working days of public notice, counted from the day after."""

    async def work(tx: Tx) -> Written[Project]:
        project = await locked_project_in(tx, project_id)
        rules.check_step(project.code, "open_notice", project.state, rules.PROJECT_STEPS)
        await grants.refuse_own_in(tx, [call.by.person_id], project.developer_id, "its public notice")
        opened = calendars.shanghai_date(await clock.now_in(tx))
        simulated = (await parties.region_in(tx)).simulated
        working = await methodologies.calendar_in(tx)
        await store.move_project(
            tx,
            project,
            "public_notice",
            person_id=call.by.person_id,
            organisation_id=access.organisation_acting(call.by, Role.REGULATOR),
            why=body.why,
            notice=(opened, calendars.end_of_public_notice(opened, working=working, assume=simulated)),
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def register_project(project_id: int, body: Decision, *, call: Call, db: Database) -> Project:
    """The regulator registers a project whose public notice is over. Raises `NoticeRunning`, `ObjectionsOpen`."""

    async def work(tx: Tx) -> Written[Project]:
        project = await locked_project_in(tx, project_id)
        rules.check_step(project.code, "register", project.state, rules.PROJECT_STEPS)
        await grants.refuse_own_in(tx, [call.by.person_id], project.developer_id, "registering its project")
        assert project.notice_ends is not None  # every project in public notice has its last day
        rules.check_notice_over(project, calendars.end_of_day(project.notice_ends), await clock.now_in(tx))
        rules.check_answered(project, *await store.open_objections(tx, project_id))
        await store.move_project(
            tx,
            project,
            "registered",
            person_id=call.by.person_id,
            organisation_id=access.organisation_acting(call.by, Role.REGULATOR),
            why=body.why,
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def reject_project(project_id: int, body: Decision, *, call: Call, db: Database) -> Project:
    """Send a project back with a reason: the verifier while it is submitted, the regulator after that."""

    async def work(tx: Tx) -> Written[Project]:
        project = await locked_project_in(tx, project_id)
        rules.check_step(project.code, "reject", project.state, rules.PROJECT_STEPS)
        organisation_id = await whose_turn_in(tx, project, project.state, call)
        await store.move_project(
            tx, project, "rejected", person_id=call.by.person_id, organisation_id=organisation_id, why=body.why
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def project(project_id: int, *, asked: Call, db: Database) -> Project:
    """Return one project. Only its developer and the overseers see a draft, and what is changed after a rejection."""
    async with db.reading() as tx:
        return await visible_in(tx, project_id, asked)


async def visible_in(tx: Tx, project_id: int, asked: Call) -> Project:
    """Return a project as the caller may see it. Raises `Unknown`."""
    if found := await store.shown_project(tx, project_id, seen_of(asked)):
        return found
    raise Unknown(f"There is no project {project_id}.")


def seen_of(asked: Call) -> tuple[int, ...] | None:
    """The developers whose drafts and changes the caller sees; None for all."""
    return None if access.oversees(asked.by) else access.organisations_of(asked.by)


async def project_in(tx: Tx, project_id: int) -> Project:
    """One project, inside a transaction. Raises `Unknown`."""
    return await _project_again(tx, str(project_id))


async def names_in(tx: Tx, project_ids: Collection[int]) -> dict[int, str]:
    """The names of some projects with credits, which anybody may see, by their numbers."""
    return await search.names(tx, project_ids)


async def projects(wanted: ProjectsWanted, window: Window, *, asked: Call, db: Database) -> Page[Project]:
    """List the projects that fit everything that is asked for; of the drafts, only the caller's own."""
    async with db.reading() as tx:
        return await store.projects(tx, window, wanted, seen_of(asked))


async def search_in(tx: Tx, words: str, limit: int) -> list[Found]:
    """Projects that anybody may see, by code, name or place."""
    return await search.search(tx, words, limit)


async def history(project_id: int, window: Window, *, asked: Call, db: Database) -> Page[ProjectEvent]:
    """Who did what to a project and its reports, when and why."""
    async with db.reading() as tx:
        await visible_in(tx, project_id, asked)
        return await store.events(tx, window, project_id)


async def versions(project_id: int, window: Window, *, asked: Call, db: Database) -> Page[ProjectVersion]:
    """What a project said at each submission before its last, for those who may see it."""
    async with db.reading() as tx:
        await visible_in(tx, project_id, asked)
        return await kept_versions.versions(tx, window, project_id)


async def _project_again(tx: Tx, project_id: str) -> Project:
    if found := await store.project(tx, int(project_id)):
        return found
    raise Unknown(f"There is no project {project_id}.")


async def locked_project_in(tx: Tx, project_id: int) -> Project:
    """Lock and return one project. Raises `Unknown`."""
    if found := await store.project(tx, project_id, lock=True):
        return found
    raise Unknown(f"There is no project {project_id}.")


async def own_project_in(tx: Tx, project_id: int, call: Call) -> Project:
    """Lock and return a project of the caller's organisation. Raises `Unknown`, `NotYours`."""
    found = await locked_project_in(tx, project_id)
    access.authorise_for(call, found.developer_id)
    return found


async def verifier_in(tx: Tx, project: Project, call: Call) -> int:
    """Return the caller's organisation as the verifier of a project. Raises `NotYourTurn`, `VerifierConflict`."""
    verifier = access.organisation_acting(call.by, Role.VERIFIER)
    if verifier is None:
        raise rules.NotYourTurn(f"{project.code} is judged by a verifier; you do not hold that role.")
    drafters = await store.drafters(tx, project)
    await parties.refuse_conflict_in(
        tx,
        verifiers={held.organisation_id for held in call.by.roles if held.role == Role.VERIFIER},
        people=frozenset({call.by.person_id}),
        owner_id=project.developer_id,
        drafters=drafters,
        what=project.code,
    )
    return verifier


async def refuse_conflict(project: Project, *, asked: Call, db: Database) -> None:
    """
    Refuse somebody who could not judge the project, before they begin. It is checked again when they decide.

    Raises `NotYourTurn`, `VerifierConflict`.
    """
    async with db.reading() as tx:
        await verifier_in(tx, project, asked)


async def whose_turn_in(tx: Tx, project: Project, state: str, call: Call) -> int | None:
    """Return the organisation that may send back what is in *state*. Raises `NotYourTurn`, `VerifierConflict`."""
    role = rules.WHO_REJECTS[state]
    if role == Role.VERIFIER:
        return await verifier_in(tx, project, call)
    organisation_id = access.organisation_acting(call.by, role)
    if organisation_id is None:
        raise rules.NotYourTurn(f"What is {state} is decided by a {role}; you do not hold that role.")
    await grants.refuse_own_in(tx, [call.by.person_id], project.developer_id, "sending its work back")
    return organisation_id
