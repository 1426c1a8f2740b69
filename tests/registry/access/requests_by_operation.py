"""For every operation of the API, the request that succeeds if the right person sends it."""

from typing import Any

from tests.registry.access.one_request import Request, read, write
from tests.registry.access.organisations_of_each_role import (
    ELSEWHERE,
    HOME,
    NOBODY,
    claim_draft_body,
    contribution_body,
    credits_body,
    event_body,
    footprint_body,
    order_body,
    pool_body,
    webhook_body,
)
from tests.registry.access.requests_of_agreements import agreed
from tests.registry.access.requests_of_regulation import regulated
from tests.registry.access.soft_passkey import text
from tests.registry.projects.life import FOREST, project_body, report_body

WHY = {"why": "Because"}
_CLIENT_DATA = text(b'{"type":"webauthn.get","challenge":"AAAA","origin":"http://localhost:8000"}')
CEREMONY = {"credential_id": "AAAA", "client_data": _CLIENT_DATA, "authenticator_data": "AAAA", "signature": "AAAA"}
PASSKEY = {"credential_id": "AAAA", "client_data": _CLIENT_DATA, "attestation": "AAAA"}
UPLOAD = b"Another document"
CAMPAIGN_WINDOW = {"opens_at": "2025-01-01T00:00:00Z", "closes_at": "2030-01-01T00:00:00Z"}
AUCTION_TERMS = {"kind": "ascending", "reserve_fen": 36_00, **CAMPAIGN_WINDOW}


def requests_by_operation(ids: dict[str, Any]) -> dict[str, Request]:
    """The table. An operation that is missing here, or is not one of the API's, fails the tests."""
    return {
        **_region(ids),
        **_access(ids),
        **_projects(ids),
        **_credits(ids),
        **_claims(ids),
        **_pools(ids),
        **_events(ids),
        **_market(ids),
        **agreed(ids),
        **regulated(ids),
        **_custody(ids),
        **_webhooks(ids),
    }


def _webhooks(ids: dict[str, Any]) -> dict[str, Request]:
    path = f"/v1/organisations/{ids[HOME]}/webhooks"
    one = f"{path}/{ids['webhook']}"
    times = {"since": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"}
    return {
        "list_webhooks": read(path),
        "add_webhook": write(path, webhook_body()),
        "rotate_webhook_secret": write(f"{one}/rotate"),
        "pause_webhook": write(f"{path}/{ids['webhook_to_pause']}/pause"),
        "resume_webhook": write(f"{one}/resume"),
        "remove_webhook": write(f"{path}/{ids['webhook_to_remove']}/remove"),
        "ping_webhook": write(f"{one}/ping"),
        "list_webhook_deliveries": read(f"{one}/deliveries"),
        "resend_webhook": write(f"{one}/deliveries/{ids['webhook_delivery']}/resend"),
        "replay_webhooks": write(f"{one}/replay", times),
    }


def _region(ids: dict[str, Any]) -> dict[str, Request]:
    identifier = {"scheme": "uscc", "value": "91350100M000100Y43"}
    return {
        "get_region": read("/v1/region"),
        "set_clock": write("/v1/clock", {"at": "2025-06-01T00:00:00Z"}),
        "create_organisation": write("/v1/organisations", {"name": "New", "identifiers": [identifier]}),
        "list_organisations": read("/v1/organisations"),
        "get_organisation": read(f"/v1/organisations/{ids[HOME]}"),
        "get_organisation_usage": read(f"/v1/organisations/{ids[HOME]}/usage"),
        "list_colleagues": read(f"/v1/organisations/{ids[HOME]}/colleagues"),
        "invite_colleague": write(f"/v1/organisations/{ids[HOME]}/colleagues", {"name": "New", "roles": ["member"]}),
        "remove_colleague": write(f"/v1/organisations/{ids[HOME]}/colleagues/{ids['person_both']}/remove"),
        "create_person": write("/v1/people", {"name": "New"}),
        "open_account": write("/v1/accounts", {"owner_id": ids[HOME], "name": "New"}),
        "list_accounts": read("/v1/accounts"),
        "get_account": read(f"/v1/accounts/{ids['account']}"),
        "list_methodologies": read("/v1/methodologies"),
        "list_factors": read("/v1/factors"),
        "calculate_reduction": Request("POST", "/v1/calculations", {**FOREST, "area_ha": "10"}, 200),
        "get_calendar": read("/v1/calendar"),
        # The templates have no witness: what only a witnessed log can answer is not there yet.
        "list_search_results": read("/v1/search?q=a"),
        "get_status": read("/v1/status"),
        "get_log": read("/v1/log", 404),
        "list_log_statements": read("/v1/log/statements"),
        "get_log_statement": read(f"/v1/log/statements/{'0' * 64}", 404),
        "get_checkpoint": read("/v1/log/checkpoint", 404),
        "list_corrections": read(f"/v1/statements/{'0' * 64}/corrections"),
        "get_tile": read("/v1/log/tile/0/000", 404),
        "get_receipt": read(f"/v1/receipts/{ids['receipt']}", 202),
        "get_receipt_by_code": read(f"/v1/receipts/by-code/{'A' * 32}", 404),
        "get_trust": read("/v1/receipts/trust", 202),
        "get_retirement_certificate": read(f"/v1/retirements/{ids['receipt']}/certificate.pdf", 202),
        "get_claim_certificate": read(f"/v1/claims/{ids['claim']}/certificate.pdf", 202),
    }


def _access(ids: dict[str, Any]) -> dict[str, Request]:
    def approved(operation: str) -> dict[str, Any]:
        return {"approval_id": ids[f"approval_{operation}"], "body": ids["bodies"][operation]}

    member = {**ids["bodies"]["grant_role"], "role": "developer"}
    return {
        "get_me": read("/v1/me"),
        "list_inbox": read("/v1/inbox"),
        "list_notifications": read("/v1/notifications"),
        "mark_notifications_read": Request(
            "POST", "/v1/notifications/read", {"id": 1}, 404
        ),  # there are no notifications
        "get_mail_preferences": read("/v1/notifications/mail"),
        "set_mail_preferences": write("/v1/notifications/mail", {"language": "zh", "kinds": ["waits"]}),
        # These applications have no mail server.
        "set_mail_address": Request("POST", "/v1/notifications/mail/address", {"address": "a@example.org"}, 409),
        "confirm_mail_address": Request("POST", "/v1/notifications/mail/address/confirm", {"code": "A" * 43}, 409),
        "remove_mail_address": write("/v1/notifications/mail/address/remove"),
        "list_own_keys": read("/v1/me/keys"),
        "list_keys": read(f"/v1/people/{ids['person_keyless']}/keys"),
        "create_own_key": write("/v1/me/keys"),
        "revoke_key": write(f"/v1/keys/{ids['key_nobody']}/revoke", None, (NOBODY, "")),
        "list_unconfirmed_keys": read("/v1/keys/unconfirmed"),
        "begin_sign_in": write("/v1/sign-in/begin"),
        "sign_in": Request("POST", "/v1/sign-in", CEREMONY, 409),  # nobody was asked this
        "sign_in_with_key": write("/v1/sign-in/with-key", {"key": ids["secret_nobody"]}),
        "begin_passkey": write("/v1/me/passkeys/begin"),
        "register_passkey": Request("POST", "/v1/me/passkeys", PASSKEY, 409),  # as above
        "sign_out": Request("POST", "/v1/sessions/end", None, 409),  # a program has no session
        "sign_out_everywhere": write("/v1/sessions/end-all"),
        "confirm_key": write(f"/v1/keys/{ids['key_unconfirmed']}/confirm", {"fingerprint": ids["fingerprint"]}),
        "issue_key": write(f"/v1/people/{ids['person_keyless']}/keys"),
        "reissue_key": write("/v1/keys/reissue", approved("reissue_key")),
        "propose_approval": write("/v1/approvals", {"body": member, "reason": "test"}, (HOME, "regulator")),
        "withdraw_approval": write(f"/v1/approvals/{ids['approval_withdraw']}/withdraw", None, (HOME, "regulator")),
        "list_approvals": read("/v1/approvals"),
        "get_approval": read(f"/v1/approvals/{ids['approval_deposit_cash']}"),
        "grant_role": write("/v1/grants", approved("grant_role")),
        "end_grant": write(f"/v1/grants/{ids['grant_both']}/end"),
        "list_grants": read("/v1/grants"),
        "restrict": write("/v1/restrictions", {"scope": "account", "target_id": ids["account"], "reason": "test"}),
        "lift_restriction": write("/v1/restrictions/lift", approved("lift_restriction")),
        "list_restrictions": read("/v1/restrictions"),
        "suspend": write("/v1/suspensions", {"person_id": ids["person_regulator_spare"], "reason": "test"}),
        "settle_suspension": write("/v1/suspensions/settle", approved("settle_suspension")),
        "list_suspensions": read("/v1/suspensions"),
        "issue_credits": write("/v1/issuances", approved("issue_credits")),
        "annul_statement": write("/v1/annulments", approved("annul_statement")),
    }


def _projects(ids: dict[str, Any]) -> dict[str, Request]:
    finding = {**WHY, "report_sha256": ids["finding"]}
    draft = project_body(ids[HOME])
    changed = {key: value for key, value in draft.items() if key != "organisation_id"}
    fourth = report_body("2024-10-01", "2024-12-31", documents=[ids["document"]])
    vvb = ("vvb", "verifier")

    def step(state: str, word: str, body: Any, *senders: tuple[str, str]) -> Request:
        return write(f"/v1/projects/{ids[state]}/{word}", body, *senders)

    def report_step(state: str, word: str, body: Any, *senders: tuple[str, str]) -> Request:
        return write(f"/v1/reports/{ids[f'report_{state}']}/{word}", body, *senders)

    return {
        "upload_document": write("/v1/documents", UPLOAD),
        "get_document": read(f"/v1/documents/{ids['pdd']}"),
        "list_projects": read("/v1/projects"),
        "get_project": read(f"/v1/projects/{ids['submitted']}"),
        "get_project_history": read(f"/v1/projects/{ids['submitted']}/history"),
        "list_project_versions": read(f"/v1/projects/{ids['submitted']}/versions"),
        "create_project": write("/v1/projects", draft),
        "update_project": step("draft", "update", changed),
        "add_project_document": step("draft", "documents", UPLOAD),
        "remove_project_document": step("draft", f"documents/{ids['drafted']}/remove", None),
        "submit_project": step("draft", "submit", WHY),
        "withdraw_project": step("draft", "withdraw", WHY),
        "validate_project": step("submitted", "validate", finding, vvb),
        "open_public_notice": step("validated", "notice", WHY),
        "comment_on_notice": step("public_notice", "comments", {"text": "A comment"}),
        "list_notice_comments": read(f"/v1/projects/{ids['public_notice']}/comments"),
        "list_project_documents": read(f"/v1/projects/{ids['public_notice']}/documents"),
        "get_project_document": read(f"/v1/projects/{ids['public_notice']}/documents/{ids['pdd']}"),
        "object_to_project": write(
            f"/v1/projects/{ids['public_notice']}/objections", {"name": "A", "contact": "a@b", "text": "No"}
        ),
        "list_objections": read(f"/v1/projects/{ids['public_notice']}/objections"),
        "answer_objections": write(f"/v1/projects/{ids['public_notice']}/answers", {"text": "Noted"}),
        "register_project": step("noticed", "register", WHY),
        "reject_project": step("submitted", "reject", WHY, vvb),
        "submit_report": step("registered", "reports", fourth),
        "resubmit_report": report_step("rejected", "resubmit", report_body(documents=[ids["document"]])),
        "list_reports": read(f"/v1/projects/{ids['registered']}/reports"),
        "get_report": read(f"/v1/reports/{ids['report_submitted']}"),
        "list_report_versions": read(f"/v1/reports/{ids['report_rejected']}/versions"),
        "verify_report": report_step("submitted", "verify", finding, vvb),
        "reject_report": report_step("submitted", "reject", WHY, vvb),
    }


def _credits(ids: dict[str, Any]) -> dict[str, Request]:
    account, code = f"/v1/accounts/{ids['account']}", ids["code"]
    some = {"account_id": ids["account"], "quantity_kg": 1, "reason": "test"}
    return {
        "list_issuances": read("/v1/issuances"),
        "get_issuance": read(f"/v1/issuances/{code}"),
        "get_issuance_certificate": read(f"/v1/issuances/{code}/certificate.pdf", 202),
        "get_issuance_conservation": read(f"/v1/issuances/{code}/conservation"),
        "get_conservation": read("/v1/conservation"),
        "get_project_totals": read(f"/v1/projects/{ids['registered']}/totals"),
        "get_serial": read(f"/v1/serials?serial={code}:1-5kg"),
        "get_holdings": read(f"{account}/holdings"),
        "list_movements": read(f"{account}/movements"),
        "list_transfers": read(f"{account}/transfers"),
        "propose_transfer": write("/v1/transfers", {**some, "receiver_id": ids["forest"]}),
        "get_transfer": read(f"/v1/transfers/{ids['incoming']}"),
        "accept_transfer": write(f"/v1/transfers/{ids['incoming']}/accept"),
        "reject_transfer": write(f"/v1/transfers/{ids['incoming']}/reject"),
        "withdraw_transfer": write(f"/v1/transfers/{ids['outgoing']}/withdraw"),
        "cancel_credits": write("/v1/cancellations", some),
        "list_cancellations": read("/v1/cancellations"),
        "get_cancellation": read(f"/v1/cancellations/{ids['cancellation']}"),
        "retire_credits": write("/v1/retirements", {**some, "claim_id": ids["claim"]}),
        "correct_beneficiary": write(
            f"/v1/retirements/{ids['receipt']}/corrections", {"reason": "Misspelt", "beneficiary": "Somebody else"}
        ),
        "list_retirements": read("/v1/retirements"),
        "get_retirement": read(f"/v1/retirements/{ids['receipt']}"),
        "list_annulments": read("/v1/annulments"),
        "get_annulment": read(f"/v1/annulments/{ids['annulment']}"),
    }


def _claims(ids: dict[str, Any]) -> dict[str, Request]:
    return {
        "create_footprint": write("/v1/footprints", footprint_body(ids[HOME])),
        "get_footprint": read(f"/v1/footprints/{ids['footprint']}"),
        "create_claim": write("/v1/claims", contribution_body(ids[HOME])),
        "correct_claim": write(
            f"/v1/claims/{ids['claim']}/corrections", {"reason": "Misspelt", "subject": "Another wording"}
        ),
        **_claim_drafts(ids),
        "list_claims": read("/v1/claims"),
        "get_claim": read(f"/v1/claims/{ids['claim']}"),
    }


def _claim_drafts(ids: dict[str, Any]) -> dict[str, Request]:
    drafts, contract = "/v1/claim-drafts", {"kind": "contract", "number": "GP-1", "supplier": "Hydro", "green_kwh": 1}
    period = {"begins": "2024-01-01T00:00:00Z", "ends": "2024-12-31T00:00:00Z"}
    rows = "activity,quantity,unit\ndiesel,5,kg"
    return {
        "create_claim_draft": write(drafts, claim_draft_body(ids[HOME])),
        "list_claim_drafts": read(drafts),
        "get_claim_draft": read(f"{drafts}/{ids['draft_of_claim']}"),
        "update_claim_draft": write(f"{drafts}/{ids['draft_of_claim']}/update", {"subject": "Another"}),
        "upload_activities": write(f"{drafts}/{ids['draft_to_count']}/activity-file", rows.encode()),
        "enter_activities": write(f"{drafts}/{ids['draft_to_count']}/activities", {"csv": rows}),
        "withdraw_claim_draft": write(f"{drafts}/{ids['draft_to_withdraw']}/withdraw"),
        "declare_claim": write(f"{drafts}/{ids['draft_to_declare']}/declare"),
        "get_activities": read(f"/v1/footprints/{ids['footprint']}/activities"),
        "get_activity_template": read("/v1/activity-template?profile=hotel"),
        "register_green_power": write("/v1/green-power", {"organisation_id": ids[HOME], **contract, **period}),
        "list_green_power": read("/v1/green-power"),
    }


def _pools(ids: dict[str, Any]) -> dict[str, Request]:
    pool, payment = f"/v1/pools/{ids['pool']}", f"/v1/payments/{ids['guest']['reference']}"
    bank = (ELSEWHERE, "operator")  # nobody books money for their own organisation
    return {
        "open_pool": write("/v1/pools", pool_body(ids)),
        "list_pools": read("/v1/pools"),
        "get_pool": read(pool),
        "top_up_pool": write(f"{pool}/top-ups", {"quantity_kg": 1}),
        "pause_pool": write(f"{pool}/pause"),
        "resume_pool": write(f"/v1/pools/{ids['pool_paused']}/resume"),
        "withdraw_pool": write(f"{pool}/withdraw"),
        "get_pool_accounts": read(f"{pool}/accounts"),
        "list_pool_postings": read(f"{pool}/postings"),
        "pay_out_pool": write(f"{pool}/payouts", {"amount_fen": 1, "reference": "Another"}, bank),
        "get_payment": read(payment),
        "confirm_payment": write(f"{payment}/confirmations", {"amount_fen": ids["guest"]["amount_fen"]}, bank),
    }


def _events(ids: dict[str, Any]) -> dict[str, Request]:
    event, guest = f"/v1/events/{ids['event']}", f"/v1/guests/{ids['guest']['secret']}"
    power = {"kind": "electricity", "electricity_kwh": 1, "grid_region": "CN-510000", "grid_year": 2021}
    others = {"came": 9, "items": [{"kind": "accommodation", "room_nights": 1}], "reduction_plan": "Shared rooms"}
    return {
        "create_event": write("/v1/events", event_body(ids, place="Another hall")),
        "list_events": read("/v1/events"),
        "get_event": read(event),
        "get_share_quote": read(f"{event}/quote?nights=1"),
        "list_ranked_guests": read(f"{event}/ranking"),
        "join_event": write(f"{event}/guests", {"trip": {"nights": 1}}),
        "get_guest": read(guest),
        "get_guest_certificate": read(f"{guest}/certificate.pdf", 409),  # not paid
        "get_guest_receipt": read(f"{guest}/receipt", 409),
        "pay_in_simulation": write(f"{guest}/simulated-payment"),
        "get_event_progress": read(f"{event}/progress"),
        "hide_guest": write(f"{event}/guests/1/hide"),
        "close_event": write(f"{event}/close"),
        "choose_pool": write(f"{event}/pool", {"pool_id": ids["pool"]}),
        "claim_other_guests": Request("POST", f"{event}/others-claim", others, 409),  # the page takes guests
        "claim_event_share": write(f"{event}/claim", {"items": [power], "reduction_plan": "Daylight"}),
    }


def _market(ids: dict[str, Any]) -> dict[str, Request]:
    instrument, account = f"/v1/instruments/{ids['instrument']}", f"/v1/accounts/{ids['account']}"
    new = {"account_id": ids["account"], "client_order_id": 1_000}
    order = order_body(ids, **new)
    listing = {key: value for key, value in order.items() if key != "side"}
    placing = {"do": "place", **{key: value for key, value in order.items() if key != "account_id"}}
    opening = {"project_id": ids["project_elsewhere"], "vintage": 2024, "low_fen": 1_000, "high_fen": 9_000}
    basket = {"code": "BASKET-Y", "name": "Y", "vintage_from": 2024, "vintage_to": 2024, "low_fen": 1, "high_fen": 9}
    return {
        # Another developer's: nobody opens trading in their own organisation's credits.
        "open_instrument": write("/v1/instruments", {**opening, "fee_account_id": ids["account"]}),
        "open_basket": write("/v1/baskets", {**basket, "fee_account_id": ids["account"]}),
        "get_basket": read("/v1/baskets/BASKET-X"),
        "list_instruments": read("/v1/instruments"),
        "get_instrument": read(instrument),
        "get_instrument_venue": read(f"{instrument}/venue", 404),  # opened without a preset
        "get_book": read(f"{instrument}/book"),
        "get_book_events": read(f"{instrument}/book-events/2099-01-02", 409),  # not over yet
        "list_prices": read(f"{instrument}/prices"),
        "list_market_day": read("/v1/market/days/2025-06-01"),
        "list_trades": read(f"{instrument}/trades"),
        "set_price_band": write(f"{instrument}/band", {"low_fen": 1_000, "high_fen": 9_000, "reason": "test"}),
        "halt_instrument": write(f"{instrument}/halt", {"reason": "test"}),
        "resume_instrument": write(f"{instrument}/resume", {"reason": "test"}),
        "get_session": read(f"{instrument}/session"),
        "list_closing_prices": read(f"{instrument}/closing-prices"),
        "set_phase": write(f"{instrument}/session/phase", {"phase": "pre-open", "reason": "test"}),
        "set_timetable": write(
            f"{instrument}/session/timetable",
            {"continuous": "00:00", "closed": "23:59", "every_day": True, "reason": "test"},
        ),
        "set_session_rules": write(f"{instrument}/session/rules", {"reference_fen": 36_00, "reason": "test"}),
        "open_listing": write("/v1/listings", listing),
        "list_listings": read("/v1/listings"),
        "get_listing": read(f"/v1/listings/{ids['listing']}"),
        "subscribe": write(f"/v1/listings/{ids['listing_elsewhere']}/subscribe", {**new, "quantity_t": 1}),
        "close_listing": write(f"/v1/listings/{ids['listing']}/close", new),
        "open_campaign": write("/v1/campaigns", listing | CAMPAIGN_WINDOW),
        "list_campaigns": read("/v1/campaigns"),
        "get_campaign": read(f"/v1/campaigns/{ids['campaign']}"),
        "list_pledges": read(f"/v1/campaigns/{ids['campaign']}/pledges"),
        "pledge": write(f"/v1/campaigns/{ids['campaign']}/pledges", {**new, "quantity_t": 1}),
        "call_off_campaign": write(f"/v1/campaigns/{ids['campaign']}/call-off", {"reason": "test"}),
        "open_auction": write("/v1/auctions", {k: v for k, v in listing.items() if k != "price_fen"} | AUCTION_TERMS),
        "list_auctions": read("/v1/auctions"),
        "get_auction": read(f"/v1/auctions/{ids['auction']}"),
        "list_bids": read(f"/v1/auctions/{ids['auction']}/bids"),
        "bid": write(f"/v1/auctions/{ids['auction']}/bids", {**new, "price_fen": 36_00, "quantity_t": 1}),
        "call_off_auction": write(f"/v1/auctions/{ids['auction']}/call-off", {"reason": "test"}),
        "place_order": write("/v1/orders", order),
        "place_orders": write("/v1/orders/batch", {"account_id": ids["account"], "commands": [placing]}),
        "cancel_order": write(f"/v1/orders/{ids['order']}/cancel", new),
        "cancel_orders": write("/v1/orders/cancel-all", new),
        "amend_order": write(f"/v1/orders/{ids['order_too']}/amend", {**new, "price_fen": 43_00, "quantity_t": 1}),
        "get_order": read(f"/v1/orders/{ids['order']}"),
        "list_orders": read(f"{account}/orders"),
        "get_order_by_client_order_id": read(f"{account}/orders/1"),
        "list_fills": read(f"{account}/fills"),
        "get_balances": read(f"{account}/balances"),
    }


def _custody(ids: dict[str, Any]) -> dict[str, Request]:
    account = f"/v1/accounts/{ids['account']}"
    credit, money = credits_body(ids), {"account_id": ids["account"], "amount_fen": 100}
    return {
        "deposit_credits": write("/v1/deposits/credits", credit),
        "deposit_cash": write("/v1/deposits/cash", money, (ELSEWHERE, "operator")),
        "deposit_cash_by_two": write(
            "/v1/deposits/cash/approved",
            {"approval_id": ids["approval_deposit_cash"], "body": ids["bodies"]["deposit_cash"]},
        ),
        "get_deposit": read(f"/v1/deposits/{ids['deposit']}"),
        "list_deposits": read(f"{account}/deposits"),
        "withdraw_credits": write("/v1/withdrawals/credits", credit),
        "withdraw_cash": write("/v1/withdrawals/cash", money),
        "get_withdrawal": read(f"/v1/withdrawals/{ids['withdrawal']}"),
        "list_withdrawals": read(f"{account}/withdrawals"),
        "get_statement": read(f"/v1/statements/{ids['statement']}"),
        "list_statements": read(f"{account}/statements"),
        "get_income": read(f"{account}/income"),
    }
