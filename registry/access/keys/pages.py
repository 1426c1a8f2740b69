"""Keys as pages: the people whose keys wait for somebody to confirm them."""

from pathlib import Path
from typing import Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from registry.access.keys import service
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.pages import Window

TEMPLATES: Final = Path(__file__).parent / "pages"


class KeysPages(Controller):
    """What takes a third person."""

    path = "/keys/unconfirmed"

    @get("/")
    async def unconfirmed(
        self, page: NamedDependency[PageCall], window: NamedDependency[Window], db: NamedDependency[Database]
    ) -> Response[str]:
        """For regulators: whose fingerprint is to be compared."""
        found = await service.unconfirmed(window, asked=page.asks("list_unconfirmed_keys"), db=db)
        return page.answer("keys/unconfirmed.html", keys=found)
