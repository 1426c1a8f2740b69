"""Who may call the operations on the region, its organisations, people and accounts."""

from registry.access.authorisation import EVERY_ROLE, PUBLIC, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "get_region": PUBLIC,
    "set_clock": Route(REGULATORS),
    "create_organisation": Route(REGULATORS),
    "set_organisation_kind": Route(REGULATORS),
    "list_organisations": PUBLIC,  # who takes part; what they hold is theirs
    "get_organisation": PUBLIC,
    "create_person": Route(REGULATORS),
    "open_account": Route(REGULATORS),
    "list_accounts": Route(EVERY_ROLE),  # those of one's own organisations; overseers all
    "get_account": Route(EVERY_ROLE, "account"),
}
