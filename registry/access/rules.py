"""
Who may do what: one table of route, role and ownership. Pure.

Every route of the API stands in `ROUTES`. The guard at the door checks that the caller has one of the roles at all;
where *owned* names something, the service then checks that the role is held at the organisation that owns it. The
denial tests are generated from this table.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from registry.kit.problems import DomainError, Kind
from schemas.access import Actor, Approval, ApprovalBody, HeldRole, Role

REGION_WIDE = frozenset({Role.REGULATOR, Role.AUDITOR})
"""Roles that hold for the whole region, whichever organisation they were granted at."""
EVERY_ROLE = frozenset(Role)
REGULATORS_NEEDED = 2
TRADERS = frozenset({Role.DEVELOPER, Role.ENTERPRISE, Role.ORGANISER})
CLAIMANTS = frozenset({Role.ENTERPRISE, Role.ORGANISER})
OVERSEERS = frozenset({Role.REGULATOR, Role.AUDITOR})
_OPERATOR = frozenset({Role.OPERATOR})
_REGULATOR = frozenset({Role.REGULATOR})
_DEVELOPER = frozenset({Role.DEVELOPER})
_VERIFIER = frozenset({Role.VERIFIER})


@dataclass(frozen=True, slots=True)
class Route:
    """*roles* None: without a key. Empty: any person with a key. *owned*: what the role must be held over."""

    roles: frozenset[Role] | None
    owned: str | None = None


PUBLIC = Route(None)
ANY_PERSON = Route(frozenset())

ROUTES: dict[str, Route] = {
    # the region
    "get_region": PUBLIC,
    "set_clock": Route(_REGULATOR),
    # access
    "get_me": ANY_PERSON,
    "create_own_key": ANY_PERSON,
    "list_own_keys": ANY_PERSON,
    "list_keys": Route(_REGULATOR),
    "revoke_key": ANY_PERSON,  # one's own; a regulator any
    "issue_key": Route(_REGULATOR),
    "reissue_key": Route(_REGULATOR),
    "propose_approval": Route(_REGULATOR),
    "withdraw_approval": Route(_REGULATOR),
    "list_approvals": Route(OVERSEERS),
    "get_approval": Route(OVERSEERS),
    "grant_role": Route(_REGULATOR),
    "end_grant": Route(_REGULATOR),
    "list_grants": Route(OVERSEERS),
    "restrict": Route(_REGULATOR),
    "lift_restriction": Route(_REGULATOR),
    "list_restrictions": Route(OVERSEERS),
    # parties
    "create_organisation": Route(_REGULATOR),
    "list_organisations": Route(EVERY_ROLE),
    "get_organisation": Route(EVERY_ROLE),
    "create_person": Route(_REGULATOR),
    "open_account": Route(_REGULATOR),
    "list_accounts": Route(EVERY_ROLE),  # those of one's own organisations; overseers all
    "get_account": Route(EVERY_ROLE, "account"),
    # methodologies
    "list_methodologies": PUBLIC,
    "list_factors": PUBLIC,
    # projects
    "upload_document": Route(EVERY_ROLE - {Role.AUDITOR}),  # an auditor reads everything and changes nothing
    "get_document": ANY_PERSON,
    "list_projects": PUBLIC,
    "get_project": PUBLIC,
    "get_project_history": PUBLIC,
    "create_project": Route(_DEVELOPER, "organisation"),
    "update_project": Route(_DEVELOPER, "project"),
    "submit_project": Route(_DEVELOPER, "project"),
    "validate_project": Route(_VERIFIER, "verifier"),
    "open_public_notice": Route(_REGULATOR),
    "comment_on_notice": ANY_PERSON,
    "list_notice_comments": PUBLIC,
    "register_project": Route(_REGULATOR),
    "reject_project": Route(_VERIFIER | _REGULATOR, "verifier"),
    "submit_report": Route(_DEVELOPER, "project"),
    "resubmit_report": Route(_DEVELOPER, "project"),
    "list_reports": PUBLIC,
    "get_report": PUBLIC,
    "verify_report": Route(_VERIFIER, "verifier"),
    "reject_report": Route(_VERIFIER | _REGULATOR, "verifier"),
    # credits
    "issue_credits": Route(_REGULATOR),
    "list_issuances": PUBLIC,
    "get_issuance": PUBLIC,
    "get_issuance_conservation": PUBLIC,
    "get_conservation": PUBLIC,
    "get_holdings": Route(EVERY_ROLE, "account"),
    "list_movements": Route(EVERY_ROLE, "account"),
    "propose_transfer": Route(TRADERS, "account"),
    "list_transfers": Route(EVERY_ROLE, "account"),
    "get_transfer": Route(EVERY_ROLE, "account"),
    "accept_transfer": Route(TRADERS, "account"),
    "reject_transfer": Route(TRADERS, "account"),
    "withdraw_transfer": Route(TRADERS, "account"),
    "cancel_credits": Route(TRADERS, "account"),
    "get_cancellation": Route(EVERY_ROLE, "account"),
    "retire_credits": Route(TRADERS, "account"),
    "list_retirements": PUBLIC,
    "get_retirement": PUBLIC,
    # claims
    "create_footprint": Route(CLAIMANTS, "organisation"),
    "get_footprint": Route(EVERY_ROLE, "organisation"),
    "create_claim": Route(CLAIMANTS, "organisation"),
    "list_claims": Route(EVERY_ROLE),  # those of one's own organisations; overseers all
    "get_claim": Route(EVERY_ROLE, "organisation"),
    # the market
    "open_instrument": Route(_OPERATOR, "account"),  # the fees go to an account of the operator's own
    "list_instruments": PUBLIC,
    "get_instrument": PUBLIC,
    "get_book": PUBLIC,
    "list_trades": PUBLIC,
    "set_price_band": Route(_REGULATOR),
    "halt_instrument": Route(_OPERATOR | _REGULATOR),
    "resume_instrument": Route(_OPERATOR | _REGULATOR),
    "open_listing": Route(TRADERS, "account"),
    "list_listings": PUBLIC,
    "get_listing": PUBLIC,
    "subscribe": Route(TRADERS, "account"),
    "close_listing": Route(TRADERS, "account"),
    "place_order": Route(TRADERS, "account"),
    "place_orders": Route(TRADERS, "account"),
    "cancel_order": Route(TRADERS, "account"),
    "cancel_orders": Route(TRADERS, "account"),
    "amend_order": Route(TRADERS, "account"),
    "get_order": Route(EVERY_ROLE, "account"),
    "list_orders": Route(EVERY_ROLE, "account"),
    "list_fills": Route(EVERY_ROLE, "account"),
    "get_balances": Route(EVERY_ROLE, "account"),
    "deposit_credits": Route(TRADERS, "account"),
    "deposit_cash": Route(_OPERATOR),
    "get_deposit": Route(EVERY_ROLE, "account"),
    "list_deposits": Route(EVERY_ROLE, "account"),
    "withdraw_credits": Route(TRADERS, "account"),
    "withdraw_cash": Route(TRADERS | _OPERATOR, "account"),
    "get_withdrawal": Route(EVERY_ROLE, "account"),
    "list_withdrawals": Route(EVERY_ROLE, "account"),
    "get_statement": Route(EVERY_ROLE, "account"),
    "list_statements": Route(EVERY_ROLE, "account"),
    # the public log
    "get_checkpoint": PUBLIC,
    "get_tile": PUBLIC,
    "get_receipt": PUBLIC,
}


class Unauthenticated(DomainError):
    """No API key, or one that is unknown or revoked."""

    kind, slug, title = Kind.UNAUTHENTICATED, "unauthenticated", "API key required"


class Denied(DomainError):
    """The person holds no role that permits this."""

    kind, slug, title = Kind.DENIED, "denied", "Not permitted"


class NotYours(DomainError):
    """The person holds the role, but not at the organisation that owns the object."""

    kind, slug, title = Kind.DENIED, "not-yours", "Belongs to somebody else"


class SamePerson(DomainError):
    """One person tried to be both halves of an approval."""

    kind, slug, title = Kind.DENIED, "same-person", "A second person is needed"


class BodyChanged(DomainError):
    """The body that was sent is not the one that the first person proposed."""

    kind, slug, title = Kind.CONFLICT, "approval-body-changed", "Not the approved body"


class ApprovalClosed(DomainError):
    """The approval was used before, or has expired."""

    kind, slug, title = Kind.CONFLICT, "approval-closed", "The approval is no longer open"


class KeyNeedsApproval(DomainError):
    """The person holds roles, so that a new key takes two people, or one already has a key."""

    kind, slug, title = Kind.CONFLICT, "key-needs-approval", "A key for this person takes two people"


class LastRegulators(DomainError):
    """Nobody would be left to decide what takes two people."""

    kind, slug, title = Kind.CONFLICT, "last-regulators", "Two regulators are needed"


class Frozen(DomainError):
    """A restriction is in effect on the account, the project or the issuance."""

    kind, slug, title = Kind.CONFLICT, "frozen", "Frozen"


class AlreadyLifted(DomainError):
    """The restriction or grant has ended already."""

    kind, slug, title = Kind.CONFLICT, "already-ended", "Already ended"


class RoleIsOver(DomainError):
    """A role would end before it begins."""

    kind, slug, title = Kind.UNPROCESSABLE, "role-is-over", "The role would be over"


def authorise(by: Actor, operation: str) -> None:
    """The check at the door: a key where one is needed, and one of the route's roles anywhere."""
    route = ROUTES[operation]
    if route.roles is None:
        return
    if not by.person_id:
        raise Unauthenticated("This needs an API key: send the header 'Authorization: Bearer kw_…'.")
    if route.roles and not any(held.role in route.roles for held in by.roles):
        raise Denied(
            f"{operation} takes one of the roles {_names(route.roles)}; "
            f"you hold {_names(each.role for each in by.roles)}."
        )


def authorise_for(by: Actor, operation: str, organisation_id: int) -> None:
    """The check of ownership: one of the route's roles at *organisation_id*, or a role that holds region-wide."""
    roles = ROUTES[operation].roles or frozenset()
    if not any(
        held.role in roles and (held.organisation_id == organisation_id or held.role in REGION_WIDE)
        for held in by.roles
    ):
        raise NotYours(
            f"This belongs to another organisation; {operation} takes one of the roles {_names(roles)} there."
        )


def oversees(by: Actor) -> bool:
    """Whether the person may read everything."""
    return any(held.role in OVERSEERS for held in by.roles)


def organisations_of(by: Actor) -> tuple[int, ...]:
    """The organisations at which the person holds any role now."""
    return tuple(sorted({held.organisation_id for held in by.roles}))


def organisation_acting(by: Actor, role: Role) -> int | None:
    """The organisation for which the person acts in *role*; the first where there are several."""
    return next((held.organisation_id for held in by.roles if held.role == role), None)


def _names(roles: Iterable[Role]) -> str:
    return ", ".join(sorted(roles)) or "none"


@dataclass(frozen=True, slots=True)
class Keyring:
    """Makes and recognises API keys. *pepper* never leaves this process; the database has keyed hashes only."""

    pepper: bytes
    word: str

    def new_secret(self) -> str:
        """``kw_<live|sim>_`` and 256 random bits in 43 characters; scanners recognise the prefix."""
        return f"kw_{self.word}_{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip('=')}"

    def hash(self, secret: str) -> bytes:
        """HMAC-SHA256 of the key: what is stored and looked up."""
        return hmac.digest(self.pepper, secret.encode(), hashlib.sha256)

    def prefix(self, secret: str) -> str:
        """The part that lists may show: the word and six characters."""
        return secret[: len(f"kw_{self.word}_") + 6]


def canonical(body: ApprovalBody) -> tuple[str, bytes]:
    """The exact body as text with sorted keys, and its SHA-256: what two people agree on."""
    text = msgspec.json.Encoder(order="sorted").encode(body)
    return text.decode(), hashlib.sha256(text).digest()


@dataclass(frozen=True, slots=True)
class Pair:
    """
    Whoever would carry an approval out, beside its proposer.

    *keys_crossed*: one of the two issued a key of the other, and so could act as both. *now* is the database's time.
    """

    second_id: int
    proposer_stands: bool
    keys_crossed: bool
    now: datetime


def check_second(approval: Approval, body: ApprovalBody, pair: Pair) -> None:
    """Whether *pair* are two people who may carry *body* out under *approval*. Persons are compared, never keys."""
    if approval.proposer_id == pair.second_id:
        raise SamePerson(f"You proposed approval {approval.id} yourself; another person has to carry it out.")
    if canonical(body)[1].hex() != approval.sha256:
        raise BodyChanged(
            f"Approval {approval.id} is for the body with SHA-256 {approval.sha256}; this one has "
            f"{canonical(body)[1].hex()}. Send the proposed body, or propose this one anew.",
            approved_sha256=approval.sha256,
        )
    if approval.used_at is not None:
        raise ApprovalClosed(f"Approval {approval.id} was used at {approval.used_at:%Y-%m-%d %H:%M:%S}Z already.")
    if approval.state == "withdrawn":
        raise ApprovalClosed(f"Approval {approval.id} was withdrawn. Propose anew.")
    if approval.expires_at <= pair.now:
        raise ApprovalClosed(
            f"Approval {approval.id} expired at {approval.expires_at:%Y-%m-%d %H:%M:%S}Z. Propose anew."
        )
    if not pair.proposer_stands:
        raise ApprovalClosed(f"Person {approval.proposer_id} proposed it and is no regulator any more. Propose anew.")
    if pair.keys_crossed:
        raise SamePerson(
            f"Of persons {approval.proposer_id} and {pair.second_id}, one issued a key of the other and could act as "
            "both, so they do not count as two. Another regulator has to carry it out."
        )


def check_two_remain(working: int) -> None:
    """Raise `LastRegulators` when fewer than two regulators with a working key would be left to decide."""
    if working < REGULATORS_NEEDED:
        raise LastRegulators(
            f"{working} regulator{'s' * (working != 1)} with a working key would be left, and {REGULATORS_NEEDED} are "
            "needed to decide anything. Give somebody the role, or the person another key, first.",
            working=working,
        )


def check_until(until: datetime | None, now: datetime) -> None:
    """Raise `RoleIsOver` unless a role that begins *now* is held for a while."""
    if until is not None and until <= now:
        raise RoleIsOver(
            f"The role would end at {until.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z; business time is "
            f"{now:%Y-%m-%d %H:%M:%S}Z. Propose it with a later end, or with none."
        )


def held(rows: Iterable[tuple[str, int]]) -> tuple[HeldRole, ...]:
    """Roles from (role, organisation_id) pairs."""
    return tuple(HeldRole(Role(role), organisation_id) for role, organisation_id in rows)
