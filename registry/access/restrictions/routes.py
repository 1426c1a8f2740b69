"""Who may call the operations on restrictions."""

from registry.access.authorisation import OVERSEERS, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "restrict": Route(REGULATORS, frees=True),
    "lift_restriction": Route(REGULATORS),
    "list_restrictions": Route(OVERSEERS),
}
