"""Who may call the operations on sessions."""

from registry.port import OPERATORS, PUBLIC, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "get_session": PUBLIC,
    "list_closing_prices": PUBLIC,
    "set_phase": Route(OPERATORS),
    "set_timetable": Route(OPERATORS),
    "set_session_rules": Route(REGULATORS),  # they move the band
}
