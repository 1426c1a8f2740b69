"""Who may call the operations on green-power contracts."""

from registry.access.authorisation import CLAIMANTS, EVERY_ROLE, Route

ROUTES: dict[str, Route] = {
    "register_green_power": Route(CLAIMANTS, "organisation"),
    "list_green_power": Route(EVERY_ROLE),  # those of the caller's organisations
}
