"""Baskets at the operator's desk: what a rule lets in, opening one by it, and delisting what it delivers."""

from typing import Annotated, Final, get_args

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from exchange.instruments import baskets
from exchange.instruments import service as instruments
from exchange.instruments.presets.files import every_preset
from exchange.instruments.presets.telling import modes_of
from exchange.parts import Exchange
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import QueryMethodology
from registry.kit.pages import Window
from registry.parties import service as parties
from schemas.attributes import PROJECT_TYPES
from schemas.baskets import BasketRule
from schemas.methodologies import MethodologyId

WHOLE: Final = Window(None, 200)
_BOOK_ONLY: Final = 1
Entered = Annotated[str, QueryParameter(max_length=400)]
Ticked = Annotated[list[str] | None, QueryParameter(max_items=17)]


class BasketsPage(Controller):
    """For operators."""

    path = "/operations/baskets"

    @get("/")
    async def baskets(
        self,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
        *,
        methodology: QueryMethodology = None,
        vintage_from: Entered = "",
        vintage_to: Entered = "",
        types: Ticked = None,
        co_benefits: Ticked = None,
        labels: Entered = "",
    ) -> Response[str]:
        """The baskets there are; a rule, what it lets in, and the form that opens a basket by it."""
        page.asks("open_basket")
        said = {"methodology": methodology, "vintage_from": vintage_from, "vintage_to": vintage_to}
        rule = _rule({**said, "types": types or [], "co_benefits": co_benefits or [], "labels": labels.split()})
        traded = await instruments.instruments(WHOLE, exchange=exchange)
        return page.answer(
            "oversight/baskets.html",
            baskets=[
                await baskets.basket(each.code, exchange=exchange) for each in traded.items if each.project_id is None
            ],
            rule=rule,
            wrong=bool(vintage_from) and rule is None,
            eligible=await baskets.eligible(rule, exchange=exchange) if rule else [],
            names={each.code: each.project_name for each in traded.items},
            methodologies=page.words(get_args(MethodologyId)),
            types=PROJECT_TYPES,
            presets=[each for each in every_preset() if modes_of(each) == _BOOK_ONLY],
            accounts=await parties.accounts(WHOLE, asked=page.asks("list_accounts"), db=db),
        )


def _rule(said: dict[str, object]) -> BasketRule | None:
    """The rule that was entered; None if it is none."""
    try:
        rule = msgspec.convert(said, BasketRule, strict=False)
    except msgspec.ValidationError:
        return None
    return rule if rule.vintage_from <= rule.vintage_to else None
