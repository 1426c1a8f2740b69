"""Who may call the operations on approvals."""

from registry.access.authorisation import OPERATORS, OVERSEERS, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "propose_approval": Route(REGULATORS | OPERATORS),
    "withdraw_approval": Route(REGULATORS, frees=True),
    "list_approvals": Route(OVERSEERS),
    "get_approval": Route(OVERSEERS),
}
