"""Bounded scalar types that every struct uses: identifiers, masses, texts, instants."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from schemas.texts import LINES

MAX_INT = 2**53 - 1
"""Largest integer that leaves the database: statements and JSON readers keep it exact (RFC 8785, RFC 7493)."""

Id = Annotated[int, Meta(ge=1, le=MAX_INT, description="Identifier, assigned by the registry")]
Kg = Annotated[int, Meta(ge=1, le=MAX_INT, description="Mass in whole kilograms of CO2e, at least 1")]
Kg0 = Annotated[int, Meta(ge=0, le=MAX_INT, description="Mass in whole kilograms of CO2e")]
Name = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)", examples=["Longquan Kiln Works"])
]
Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=4000,
        pattern=r"^[^\x00]*$",
        examples=["A visit to the park"],
        extra={LINES: True},
    ),
]
Line = Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"^[^\x00]*$", examples=["A visit to the park"])]
"""As long as a text may be, in one line."""
Sha256 = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{64}$(?!\n)",
        description="SHA-256 in lower-case hexadecimal",
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ),
]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 time with offset; answered in UTC with Z")]
Vintage = Annotated[int, Meta(ge=2000, le=2100, description="Year in which the reduction happened")]
Remark = Annotated[
    str,
    Meta(max_length=4000, pattern=r"^[^\x00]*$", description="May be empty", examples=[""], extra={LINES: True}),
]
ShortRemark = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*$", description="May be empty", examples=[""])]
BankReference = Annotated[
    ShortRemark,
    Meta(description="The bank's own, shown on the statement. Money that came in under one is booked once"),
]

MAX_PRICE_FEN = 10_000_000
MAX_QUANTITY_T = 100_000_000
PriceFen = Annotated[int, Meta(ge=1, le=MAX_PRICE_FEN, description="Price in fen (CNY/100) per tonne")]
Tonnes = Annotated[int, Meta(ge=1, le=MAX_QUANTITY_T, description="Whole tonnes of CO2e")]
Tonnes0 = Annotated[int, Meta(ge=0, le=MAX_INT, description="Whole tonnes of CO2e")]
Fen = Annotated[int, Meta(ge=1, le=MAX_INT, description="Money in fen (CNY/100)")]
Fen0 = Annotated[int, Meta(ge=0, le=MAX_INT, description="Money in fen (CNY/100)")]
FIRST_CLIENT_ORDER_ID_LIMIT = 2**53 - 2**32
"""Largest first number of an account, so that no account can begin where its numbers end."""
ClientOrderId = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_INT,
        description="Yours: each number is for one command of the account, and all that a resent one is known by, "
        "which is not carried out again: its answer shows the order as it is now. Numbers rise, but may come in any "
        "order within 1,024 of the highest. The first may be anything up to 2^53 - 2^32, the next at most 2^32 above "
        "the highest",
    ),
]

FIRST_YEAR, LAST_YEAR = 2000, 2100
"""The years a registry of this kind can have to do with; calendars, vintages and serials keep to them."""


def check_years(what: str, *moments: date | None) -> None:
    """Raise `ValueError` for a date or instant outside the years that serials can name."""
    for moment in moments:
        if moment is not None and not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ValueError(f"{what} {moment} is outside the years {FIRST_YEAR} to {LAST_YEAR}")
