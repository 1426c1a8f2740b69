"""Keys as pages: one's own account, and the people whose keys wait for somebody to confirm them."""

from pathlib import Path
from typing import Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from registry.access.keys import service
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.pages import Window
from schemas.pages import PAGE_LIMIT

TEMPLATES: Final = Path(__file__).parent / "pages"


class KeysPages(Controller):
    """Somebody's passkeys, sessions and keys, and what takes a third person."""

    path = "/"

    @get("/account")
    async def account(
        self, page: NamedDependency[PageCall], window: NamedDependency[Window], db: NamedDependency[Database]
    ) -> Response[str]:
        """What belongs to the caller alone."""
        me = await service.me(page.asks("get_me"), db=db)
        if me.first_key:
            return page.answer("keys/account.html", me=me, keys=(), more=None)
        found = await service.keys(
            page.asks("list_own_keys").by.person_id, Window(window.cursor, PAGE_LIMIT), db=db
        )
        return page.answer("keys/account.html", me=me, keys=found.items, more=found)

    @get("/keys/unconfirmed")
    async def unconfirmed(
        self, page: NamedDependency[PageCall], window: NamedDependency[Window], db: NamedDependency[Database]
    ) -> Response[str]:
        """For regulators: whose fingerprint is to be compared."""
        found = await service.unconfirmed(window, asked=page.asks("list_unconfirmed_keys"), db=db)
        return page.answer("keys/unconfirmed.html", keys=found)
