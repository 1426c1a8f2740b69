"""Who may call the operations on drafts of claims and on activity files."""

from registry.access.authorisation import CLAIMANTS, EVERY_ROLE, PUBLIC, Route

ROUTES: dict[str, Route] = {
    "create_claim_draft": Route(CLAIMANTS, "organisation"),
    "list_claim_drafts": Route(EVERY_ROLE),  # those of the caller's organisations
    "get_claim_draft": Route(EVERY_ROLE, "organisation"),
    "update_claim_draft": Route(CLAIMANTS, "organisation"),
    "upload_activities": Route(CLAIMANTS, "organisation"),
    "enter_activities": Route(CLAIMANTS, "organisation"),
    "withdraw_claim_draft": Route(CLAIMANTS, "organisation", frees=True),
    "declare_claim": Route(CLAIMANTS, "organisation"),
    "get_activities": Route(EVERY_ROLE, "organisation"),
    "get_activity_template": PUBLIC,
}
