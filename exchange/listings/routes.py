"""Who may call the operations on listings."""

from registry.port import OPERATORS, PUBLIC, TRADERS, Route

ROUTES: dict[str, Route] = {
    "open_listing": Route(TRADERS, "account"),
    "list_listings": PUBLIC,
    "get_listing": PUBLIC,
    "subscribe": Route(TRADERS, "account"),
    "close_listing": Route(TRADERS, "account", frees=True),
    "get_picking": PUBLIC,
    "set_picking": Route(OPERATORS),
}
