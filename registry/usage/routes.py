"""Who may see how much an organisation has used: its own people, and overseers."""

from registry.access.authorisation import EVERY_ROLE, Route

ROUTES: dict[str, Route] = {
    "get_organisation_usage": Route(EVERY_ROLE, "organisation"),
}
