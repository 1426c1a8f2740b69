"""The inbox in PostgreSQL: reads only."""

from registry.access.awaits import awaits
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.access import Actor, InboxItem
from schemas.pages import Page

_sql = sql.load(__package__)


async def inbox(tx: Tx, window: Window, by: Actor) -> Page[InboxItem]:
    """What waits for one of the roles of *by*."""
    roles, organisations = [each.role for each in by.roles], [each.organisation_id for each in by.roles]
    rows = await tx.fetch(_sql.inbox, *window.args, by.person_id, roles, organisations)
    return window.page(
        [
            (row["number"], InboxItem(kind=row["kind"], id=row["id"], about=row["about"], awaits=found))
            for row in rows
            if (found := awaits(row))
        ]
    )
