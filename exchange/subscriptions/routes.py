"""Who may call the operations on standing subscriptions."""

from registry.port import OVERSEERS, TRADERS, Route

ROUTES: dict[str, Route] = {
    "open_standing": Route(TRADERS, "account"),
    "try_standing": Route(TRADERS, "account"),
    "list_standings": Route(TRADERS | OVERSEERS, "account"),
    "get_standing": Route(TRADERS | OVERSEERS, "account"),
    "list_standing_runs": Route(TRADERS | OVERSEERS, "account"),
    "get_standing_dry_run": Route(TRADERS | OVERSEERS, "account"),
    "change_standing": Route(TRADERS, "account"),
    "pause_standing": Route(TRADERS, "account", frees=True),
    "resume_standing": Route(TRADERS, "account"),
    "end_standing": Route(TRADERS, "account", frees=True),
}
