"""Who may transfer credits, and read transfers."""

from registry.access.authorisation import EVERY_ROLE, TRADERS, Route

ROUTES: dict[str, Route] = {
    "propose_transfer": Route(TRADERS, "account"),
    "list_transfers": Route(EVERY_ROLE, "account"),
    "get_transfer": Route(EVERY_ROLE, "account"),
    "accept_transfer": Route(TRADERS, "account"),
    "reject_transfer": Route(TRADERS, "account", frees=True),
    "withdraw_transfer": Route(TRADERS, "account", frees=True),
}
