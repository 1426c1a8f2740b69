"""The inbox in PostgreSQL: reads only."""

from registry.access.authorisation import may_use, organisations_of
from registry.access.awaits import awaits
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.access import Actor, InboxItem
from schemas.pages import Page

_sql = sql.load(__package__)


async def inbox(tx: Tx, window: Window, by: Actor) -> Page[InboxItem]:
    """What waits for one of the roles that *by* may use now."""
    held = may_use(by)
    roles, places = [each.role for each in held], [each.organisation_id for each in held]
    rows = await tx.fetch(_sql.inbox, *window.args, by.person_id, roles, places, organisations_of(by))
    return window.page(
        [
            (row["number"], InboxItem(kind=row["kind"], id=row["id"], about=row["about"], awaits=found))
            for row in rows
            if (found := awaits(row))
        ]
    )
