"""Who may call the operations on auctions."""

from registry.port import OPERATORS, PUBLIC, TRADERS, Route

ROUTES: dict[str, Route] = {
    "open_auction": Route(TRADERS, "account"),
    "list_auctions": PUBLIC,
    "get_auction": PUBLIC,
    "list_bids": PUBLIC,  # without whose they are, and no sealed one before the close
    "bid": Route(TRADERS, "account"),
    "call_off_auction": Route(OPERATORS, frees=True),
}
