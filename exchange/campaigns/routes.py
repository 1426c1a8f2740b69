"""Who may call the operations on campaigns."""

from registry.port import OPERATORS, PUBLIC, TRADERS, Route

ROUTES: dict[str, Route] = {
    "open_campaign": Route(TRADERS, "account"),
    "list_campaigns": PUBLIC,
    "get_campaign": PUBLIC,
    "list_pledges": PUBLIC,  # without whose they are
    "pledge": Route(TRADERS, "account"),
    "call_off_campaign": Route(OPERATORS, frees=True),
}
