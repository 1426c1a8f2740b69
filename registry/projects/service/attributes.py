"""Co-benefits and labels: recorded by the regulator with their source, and what projects are chosen by."""

from collections.abc import Collection

from registry.access.grants import service as grants
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.methodologies.catalogue import project_type
from registry.projects import attributes as store
from registry.projects import rules
from registry.projects.service import projects
from schemas.access import Call
from schemas.attributes import NewAttributes, ProjectAttributes, Traits
from schemas.pages import Page


async def record(project_id: int, body: NewAttributes, *, call: Call, db: Database) -> ProjectAttributes:
    """Say which co-benefits and labels a registered project has from now on. Raises `WrongState`, `OwnOrganisation`."""

    async def work(tx: Tx) -> Written[ProjectAttributes]:
        project = await projects.locked_project_in(tx, project_id)
        rules.check_step(project.code, "record", project.state, rules.PROJECT_STEPS)
        await grants.refuse_own_in(tx, [call.by.person_id], project.developer_id, "its co-benefits and labels")
        number = await store.record(tx, project_id, body, call.by.person_id)
        return Written(number, await store.recorded(tx, number))

    async def again(tx: Tx, number: str) -> ProjectAttributes:
        return await store.recorded(tx, int(number))

    return await once(db, call, work, again)


async def attributes(project_id: int, window: Window, *, asked: Call, db: Database) -> Page[ProjectAttributes]:
    """Everything that was ever recorded of a project; the newest counts."""
    async with db.reading() as tx:
        await projects.visible_in(tx, project_id, asked)
        return await store.attributes(tx, window, project_id)


async def traits_in(tx: Tx, project_ids: Collection[int]) -> dict[int, Traits]:
    """What some projects are chosen by now: the type of their methodology, co-benefits, labels."""
    return {
        number: Traits(project_type(methodology), co_benefits, labels)
        for number, methodology, co_benefits, labels in await store.traits(tx, project_ids)
    }
