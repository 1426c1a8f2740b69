"""Who may place orders and read what they came to, and what anybody may read of the market."""

from registry.port import EVERY_ROLE, PUBLIC, TRADERS, Route

ROUTES: dict[str, Route] = {
    "get_book": PUBLIC,
    "list_trades": PUBLIC,
    "place_order": Route(TRADERS, "account"),
    "place_orders": Route(TRADERS, "account"),
    "cancel_order": Route(TRADERS, "account"),
    "cancel_orders": Route(TRADERS, "account"),
    "amend_order": Route(TRADERS, "account"),
    "get_order": Route(EVERY_ROLE, "account"),
    "list_orders": Route(EVERY_ROLE, "account"),
    "list_fills": Route(EVERY_ROLE, "account"),
    "get_balances": Route(EVERY_ROLE, "account"),
}
