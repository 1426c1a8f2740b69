"""Who may call the operations on approvals."""

from registry.access.authorisation import OPERATORS, OVERSEERS, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "propose_approval": Route(REGULATORS | OPERATORS),
    "withdraw_approval": Route(REGULATORS | OPERATORS, frees=True),  # of what their role decides
    "list_approvals": Route(OVERSEERS | OPERATORS),  # operators: what they decide
    "get_approval": Route(OVERSEERS | OPERATORS),  # operators: what they decide
}
