"""Who may call the operations on quotes. A quote is seen by the asker and by its maker."""

from registry.port import EVERY_ROLE, PUBLIC, TRADERS, Route

ROUTES: dict[str, Route] = {
    "request_quotes": Route(TRADERS, "account"),
    "make_quote": Route(TRADERS, "account"),
    "take_quote": Route(TRADERS, "account"),
    "close_quote_request": Route(TRADERS, "account", frees=True),
    "list_quote_requests": Route(EVERY_ROLE, "account"),
    "get_quote_request": Route(EVERY_ROLE, "account"),
    "list_inquired_prices": PUBLIC,
}
