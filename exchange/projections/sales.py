"""What a sale that ended came to for one account, as auctions and campaigns read it from their tables. Pure."""

from collections.abc import Mapping
from typing import Any

from schemas.campaigns import CampaignEnd
from schemas.webhooks import SaleNews


def sale_news(row: Mapping[str, Any], number: int, *, sells: bool, why: CampaignEnd | None) -> SaleNews:
    """The news for the account of a *row*: what it wanted, what it was allotted, what it paid or is paid."""
    among_others = "allotted" if row["allotted_t"] else "not-allotted"
    return SaleNews(
        account_id=row["account_id"],
        sale_id=number,
        instrument=row["code"],
        side="sell" if sells else "buy",
        result=among_others if row["sold_in_all_t"] else "cancelled",  # type: ignore[arg-type]  # one of three words
        wanted_t=row["wanted_t"],
        allotted_t=row["allotted_t"],
        amount_fen=row["amount_fen"],
        refunded_fen=0 if sells else row["locked_fen"] - row["amount_fen"],
        why=why,
    )
