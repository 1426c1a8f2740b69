"""Who may call the operations on suspensions."""

from registry.access.authorisation import OVERSEERS, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "suspend": Route(REGULATORS, frees=True),
    "settle_suspension": Route(REGULATORS),
    "list_suspensions": Route(OVERSEERS),
}
