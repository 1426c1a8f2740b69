"""Who may call the operations on keys, approvals, grants and restrictions."""

from registry.access.authorisation import ANY_PERSON, OVERSEERS, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "get_me": ANY_PERSON,
    "create_own_key": ANY_PERSON,
    "list_own_keys": ANY_PERSON,
    "list_keys": Route(REGULATORS),
    "revoke_key": ANY_PERSON,  # one's own; a regulator any
    "issue_key": Route(REGULATORS),
    "reissue_key": Route(REGULATORS),
    "propose_approval": Route(REGULATORS),
    "withdraw_approval": Route(REGULATORS),
    "list_approvals": Route(OVERSEERS),
    "get_approval": Route(OVERSEERS),
    "grant_role": Route(REGULATORS),
    "end_grant": Route(REGULATORS),
    "list_grants": Route(OVERSEERS),
    "restrict": Route(REGULATORS),
    "lift_restriction": Route(REGULATORS),
    "list_restrictions": Route(OVERSEERS),
}
