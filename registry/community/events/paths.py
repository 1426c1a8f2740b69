"""What stands in the addresses of events: the code on a poster, the secret of a guest's link, what a list is of."""

from typing import Annotated

from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from schemas.events import VisitKind

PathEvent = Annotated[
    str,
    PathParameter(
        max_length=8, pattern="^[2-9A-HJ-NP-Z]+$", description="On the poster", examples=[Example(value="K7M2QWXZ")]
    ),
]
PathSecret = Annotated[
    str,
    PathParameter(
        max_length=28,
        pattern="^G-[A-Z2-7]{26}$",
        description="The last part of the guest's link",
        examples=[Example(value="G-ABCDEFGHIJKLMNOPQRSTUVWXYZ")],
    ),
]
OfKind = Annotated[VisitKind | None, QueryParameter(name="kind", description="Of one kind only")]
Closed = Annotated[bool | None, QueryParameter(description="Only closed ones, or only those that are open")]
