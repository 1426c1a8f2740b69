"""Search over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.kit.database import Database
from registry.kit.http import READS
from registry.kit.sheets import SHEET, Sheet
from registry.search import service
from schemas.pages import Page
from schemas.search import Found

Words = Annotated[
    str,
    QueryParameter(
        name="q",
        min_length=1,
        max_length=200,
        description="A serial, a code, a receipt, an identifier, a statement's hash, a number; or words of a name",
    ),
]


class SearchController(Controller):
    """Everything that anybody may see, by one search."""

    path = "/v1/search"
    tags = ("Search",)

    @get("/", operation_id="list_search_results", opt={SHEET: True}, responses=READS)
    async def search(
        self, words: Words, sheet: NamedDependency[Sheet], db: NamedDependency[Database]
    ) -> Response[Page[Found]]:
        """What a code names, or what has the words in its name: at most ten of each kind. Also as CSV."""
        return sheet.of(Page(items=await service.search(words, db=db)), Found)
