"""Who may call the operations on documents, projects and monitoring reports."""

from registry.access.authorisation import ANY_PERSON, DEVELOPERS, EVERY_ROLE, PUBLIC, REGULATORS, VERIFIERS, Route
from schemas.access import Role

ROUTES: dict[str, Route] = {
    "upload_document": Route(EVERY_ROLE - {Role.AUDITOR}),  # an auditor reads everything and changes nothing
    "get_document": ANY_PERSON,
    "list_projects": PUBLIC,
    "get_project": PUBLIC,
    "get_project_history": PUBLIC,
    "list_project_versions": PUBLIC,
    "create_project": Route(DEVELOPERS, "organisation"),
    "update_project": Route(DEVELOPERS, "project"),
    "add_project_document": Route(DEVELOPERS, "project"),
    "remove_project_document": Route(DEVELOPERS, "project"),
    "submit_project": Route(DEVELOPERS, "project"),
    "withdraw_project": Route(DEVELOPERS, "project", frees=True),
    "validate_project": Route(VERIFIERS, "verifier"),
    "open_public_notice": Route(REGULATORS),
    "comment_on_notice": ANY_PERSON,
    "list_notice_comments": PUBLIC,
    "list_project_documents": PUBLIC,
    "get_project_document": PUBLIC,
    "object_to_project": PUBLIC,
    "list_objections": PUBLIC,
    "answer_objections": Route(REGULATORS),
    "register_project": Route(REGULATORS),
    "record_project_attributes": Route(REGULATORS),
    "list_project_attributes": PUBLIC,
    "reject_project": Route(VERIFIERS | REGULATORS, "verifier"),
    "submit_report": Route(DEVELOPERS, "project"),
    "resubmit_report": Route(DEVELOPERS, "project"),
    "list_reports": PUBLIC,
    "get_report": PUBLIC,
    "list_report_versions": PUBLIC,
    "verify_report": Route(VERIFIERS, "verifier"),
    "reject_report": Route(VERIFIERS | REGULATORS, "verifier"),
}
