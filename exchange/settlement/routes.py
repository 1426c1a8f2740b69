"""Who may pay in and out, and read the statements of deliveries."""

from registry.port import EVERY_ROLE, OPERATORS, TRADERS, Route

ROUTES: dict[str, Route] = {
    "deposit_credits": Route(TRADERS, "account"),
    "deposit_cash": Route(OPERATORS),
    "deposit_cash_by_two": Route(OPERATORS),
    "get_deposit": Route(EVERY_ROLE, "account"),
    "list_deposits": Route(EVERY_ROLE, "account"),
    "withdraw_credits": Route(TRADERS, "account"),
    "withdraw_cash": Route(TRADERS | OPERATORS, "account"),
    "get_withdrawal": Route(EVERY_ROLE, "account"),
    "list_withdrawals": Route(EVERY_ROLE, "account"),
    "get_statement": Route(EVERY_ROLE, "account"),
    "list_statements": Route(EVERY_ROLE, "account"),
    "get_income": Route(EVERY_ROLE, "account"),
}
