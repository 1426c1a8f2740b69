"""The public log as pages: its newest checkpoint, who signed it, and its statements."""

from pathlib import Path
from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.pages import Window
from registry.transparency import corrections, published
from schemas.statements import STATEMENT_TYPES

TEMPLATES: Final = Path(__file__).parent / "pages"
LATEST: Final = Window(None, 10, "newest")
ALL_CORRECTIONS: Final = Window(None, 200)


class LogPages(Controller):
    """What anybody may check."""

    path = "/log"

    @get("/")
    async def log(self, page: NamedDependency[PageCall], db: NamedDependency[Database]) -> Response[str]:
        """The newest checkpoint, or that there is none yet."""
        page.asks("get_log")
        return page.answer(
            "transparency/log.html",
            head=await published.find_head(db=db),
            latest=await published.statements(LATEST, None, db=db),
        )

    @get("/statements")
    async def statements(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        statement_type: Annotated[str | None, QueryParameter(name="type", max_length=40)] = None,
    ) -> Response[str]:
        """The statements, by their place."""
        page.asks("list_log_statements")
        found = await published.statements(latest, statement_type, db=db)
        types = [(each, word) for each, (_, word) in zip(STATEMENT_TYPES, page.words(_KINDS), strict=True)]
        return page.answer("transparency/statements.html", statements=found, types=types)

    @get("/statements/{statement_hash:str}")
    async def statement(
        self,
        page: NamedDependency[PageCall],
        statement_hash: Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$")],
        db: NamedDependency[Database],
    ) -> Response[str]:
        """One statement, with what corrects it."""
        asked = page.asks("list_corrections")
        return page.answer(
            "transparency/statement.html",
            statement=await published.statement(statement_hash, db=db),
            corrections=await corrections.corrections(statement_hash, ALL_CORRECTIONS, asked=asked, db=db),
        )


_KINDS: Final = tuple(each.partition("/")[0] for each in STATEMENT_TYPES)
