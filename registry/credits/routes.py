"""Who may call the operations on issuances, holdings, transfers, cancellations and retirements."""

from registry.access.authorisation import EVERY_ROLE, PUBLIC, REGULATORS, TRADERS, Route

ROUTES: dict[str, Route] = {
    "issue_credits": Route(REGULATORS),
    "list_issuances": PUBLIC,
    "get_issuance": PUBLIC,
    "get_issuance_conservation": PUBLIC,
    "get_conservation": PUBLIC,
    "get_holdings": Route(EVERY_ROLE, "account"),
    "list_movements": Route(EVERY_ROLE, "account"),
    "propose_transfer": Route(TRADERS, "account"),
    "list_transfers": Route(EVERY_ROLE, "account"),
    "get_transfer": Route(EVERY_ROLE, "account"),
    "accept_transfer": Route(TRADERS, "account"),
    "reject_transfer": Route(TRADERS, "account"),
    "withdraw_transfer": Route(TRADERS, "account"),
    "cancel_credits": Route(TRADERS, "account"),
    "get_cancellation": Route(EVERY_ROLE, "account"),
    "retire_credits": Route(TRADERS, "account"),
    "list_retirements": PUBLIC,
    "get_retirement": PUBLIC,
}
