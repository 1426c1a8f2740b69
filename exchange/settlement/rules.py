"""How much money one operator books alone. Pure."""

from datetime import timedelta
from typing import Final

from exchange.journal.refusals import yuan
from registry.kit.problems import DomainError, Kind

ALONE_FEN: Final = 1_000_000_00
"""What one operator books for one account within `ALONE_WITHIN`; beyond it two have to."""
ALONE_WITHIN: Final = timedelta(days=1)


class MoneyTakesTwo(DomainError):
    """More money than one person may book."""

    kind, slug, title = Kind.CONFLICT, "money-takes-two", "Two operators are needed"


def check_alone(account_id: int, amount_fen: int, booked_fen: int) -> None:
    """Raise `MoneyTakesTwo` if *amount_fen* and what was booked for the account within a day are beyond the limit."""
    if amount_fen + booked_fen > ALONE_FEN:
        raise MoneyTakesTwo(
            f"{yuan(amount_fen)} CNY, after {yuan(booked_fen)} CNY that were booked for account {account_id} within a "
            f"day, are more than the {yuan(ALONE_FEN)} CNY that one operator books alone. Propose the approval "
            "'deposit_cash', and let another operator carry it out (POST /v1/deposits/cash/approved).",
            amount_fen=amount_fen,
            booked_fen=booked_fen,
            limit_fen=ALONE_FEN,
        )
