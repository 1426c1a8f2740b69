"""Who may read receipts and certificates: anybody, as far as the object is public."""

from registry.access.authorisation import PUBLIC, Route

ROUTES: dict[str, Route] = {
    "get_receipt": PUBLIC,
    "get_receipt_by_code": PUBLIC,
    "get_trust": PUBLIC,
    "get_retirement_certificate": PUBLIC,
    "get_claim_certificate": PUBLIC,
    "get_issuance_certificate": PUBLIC,
}
