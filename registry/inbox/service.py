"""What waits for the caller."""

from registry.inbox import store
from registry.kit.database import Database
from registry.kit.pages import Window
from schemas.access import Call, InboxItem
from schemas.pages import Page


async def inbox(window: Window, *, asked: Call, db: Database) -> Page[InboxItem]:
    """
    What one of the caller's roles can bring forward now, where that role is held and is not suspended.

    What is found only when somebody decides: a verifier's other conflicts of interest, such as a person in common, and
    who does not count as a second person.
    """
    async with db.reading() as tx:
        return await store.inbox(tx, window, asked.by)
