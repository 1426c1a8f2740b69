"""Who may place orders and read what an account has and does."""

from registry.port import EVERY_ROLE, TRADERS, Route

ROUTES: dict[str, Route] = {
    "place_order": Route(TRADERS, "account"),
    "place_orders": Route(TRADERS, "account"),
    "cancel_order": Route(TRADERS, "account", frees=True),
    "cancel_orders": Route(TRADERS, "account", frees=True),
    "amend_order": Route(TRADERS, "account"),
    "get_order": Route(EVERY_ROLE, "account"),
    "get_order_by_client_order_id": Route(EVERY_ROLE, "account"),
    "list_orders": Route(EVERY_ROLE, "account"),
    "list_fills": Route(EVERY_ROLE, "account"),
    "get_balances": Route(EVERY_ROLE, "account"),
}
