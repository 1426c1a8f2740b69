"""Who may call the operations on role grants."""

from registry.access.authorisation import OVERSEERS, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "grant_role": Route(REGULATORS),
    "end_grant": Route(REGULATORS, frees=True),
    "list_grants": Route(OVERSEERS),
}
