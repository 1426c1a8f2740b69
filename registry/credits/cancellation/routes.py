"""Who may cancel credits, and read cancellations."""

from registry.access.authorisation import EVERY_ROLE, TRADERS, Route

ROUTES: dict[str, Route] = {
    "cancel_credits": Route(TRADERS, "account"),
    "get_cancellation": Route(EVERY_ROLE, "account"),
}
