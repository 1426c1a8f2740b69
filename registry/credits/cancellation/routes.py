"""Who may cancel credits, and read cancellations."""

from registry.access.authorisation import PUBLIC, TRADERS, Route

ROUTES: dict[str, Route] = {
    "cancel_credits": Route(TRADERS, "account"),
    "list_cancellations": PUBLIC,  # as the log has them
    "get_cancellation": PUBLIC,
}
