"""Who asks, in which role, and what two people decide together."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from schemas.annulments import AnnulBody
from schemas.scalars import BankReference, Fen, Id, Instant, Name, Remark, Sha256, Text, check_years


class Role(StrEnum):
    """What a person may do for an organisation (schemas/README.md)."""

    DEVELOPER = "developer"
    VERIFIER = "verifier"
    REGULATOR = "regulator"
    OPERATOR = "operator"
    ENTERPRISE = "enterprise"
    ORGANISER = "organiser"
    AUDITOR = "auditor"
    MEMBER = "member"
    ADMINISTRATOR = "administrator"


class HeldRole(Struct, frozen=True):
    """One role in effect now, for one organisation."""

    role: Role
    organisation_id: int


class Awaits(Struct, frozen=True, kw_only=True):
    """What something waits for: the next step, who takes it, since when, and when it ends by itself."""

    action: Annotated[str, Meta(description="The operation that comes next")]
    roles: Annotated[tuple[Role, ...], Meta(description="One of them takes it; anybody if there are none")]
    organisation_id: Annotated[Id | None, Meta(description="Where the role is held; any organisation if null")]
    not_person_id: Annotated[Id | None, Meta(description="The one person who may not take it")] = None
    not_organisation_id: Annotated[Id | None, Meta(description="Whose people, or its owners', may not take it")] = None
    since: Instant
    until: Instant | None


class InboxItem(Struct, frozen=True, kw_only=True):
    """One thing that waits for the caller."""

    kind: Literal["approval", "project", "report", "transfer", "claim"]
    id: Id
    about: Annotated[str, Meta(description="What it is, in a line")]
    awaits: Awaits


class Actor(Struct, frozen=True, kw_only=True):
    """
    The person behind a request. Nobody has person_id 0 and no roles: requests without a key.

    *first_key*: the key was made by somebody else, and makes the person's own one and nothing more. *suspension_id*:
    because of it the person may not decide as a regulator now. *session_at*: since when the secret of the browser's
    session in use is used; None for any other key.
    """

    person_id: int = 0
    key_id: int = 0
    roles: tuple[HeldRole, ...] = ()
    first_key: bool = False
    suspension_id: int | None = None
    session_at: datetime | None = None
    name: str = ""


class AuthorityReading(Struct, frozen=True, kw_only=True):
    """What a request read of who may do what: the epoch, business time, and the monotonic second before the reading."""

    epoch: int
    business_now: datetime
    began_s: float


class Call(Struct, frozen=True, kw_only=True):
    """
    One request as services see it: who sent it, for which operation, and what identifies it when it is sent again.

    *permitted* are the roles that the operation takes. If omitted, it takes none and `authorise_for` refuses. *reading*
    is what authenticated the sender; None for a request without a key.
    """

    by: Actor
    operation: str
    permitted: frozenset[Role] = frozenset()
    reading: AuthorityReading | None = None
    key: str = ""
    request_sha256: bytes = b""

    @property
    def identity(self) -> tuple[int, str, str]:
        """What a resent request has in common with the first."""
        return (self.by.person_id, self.operation, self.key)


KeyKind = Literal["program", "passkey", "session"]
ApprovalState = Literal["open", "used", "withdrawn", "expired"]
SuspensionState = Literal["open", "confirmed", "lifted", "lapsed"]
Frozen = Literal["account", "project", "issuance"]
Base64Url = Annotated[str, Meta(min_length=1, max_length=8192, pattern="^[A-Za-z0-9_-]+$", examples=["3q2-7w"])]
"""Bytes as browsers write them, without padding."""


class KeyIssued(Struct, frozen=True, kw_only=True):
    """An API key. *secret* is there once, in the answer that created it; a replayed answer has null."""

    id: Id
    person_id: Id
    prefix: str
    secret: str | None = None
    created_at: Instant
    revoked_at: Instant | None = None
    expires_at: Instant
    last_used_at: Annotated[Instant | None, Meta(description="To the minute; absent until its first use")] = None
    created_by: Annotated[Id | None, Meta(description="Null for a key that the operator made on the server")] = None
    first: Annotated[bool, Meta(description="Made for somebody else: works once, to make one's own key")] = False
    fingerprint: Annotated[
        str | None, Meta(description="What two people compare before one confirms the key of the other")
    ] = None
    confirmed_by: Annotated[Id | None, Meta(description="Who confirmed it as the key of its holder alone")] = None
    kind: Annotated[KeyKind, Meta(description="A session is one of a browser, opened with another key")] = "program"
    device: Annotated[str | None, Meta(description="What had it when it was made; null for a program's")] = None
    parent_id: Annotated[Id | None, Meta(description="The key of the same person with which it was made")] = None


class NewPasskey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a browser answers when it made a passkey (`navigator.credentials.create`), each part in base64url."""

    credential_id: Base64Url
    client_data: Base64Url
    attestation: Base64Url


class PasskeyAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a browser answers when somebody used a passkey (`navigator.credentials.get`), each part in base64url."""

    credential_id: Base64Url
    client_data: Base64Url
    authenticator_data: Base64Url
    signature: Base64Url
    user_handle: Base64Url | None = None


class Ceremony(Struct, frozen=True, kw_only=True):
    """What a passkey is asked, as `PublicKeyCredential.parseCreationOptionsFromJSON` or its sibling takes it."""

    public_key: dict[str, Any]


class SignInWithKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An own key of a program, with which its holder signs in to a browser."""

    key: Annotated[str, Meta(min_length=1, max_length=200)]


class SignedIn(Struct, frozen=True, kw_only=True):
    """Who is signed in now. The session's secret is in the cookie, and nowhere else."""

    person_id: Id
    session_id: Annotated[Id, Meta(description="The session as a key, as `revoke` wants it")]
    key_id: Annotated[Id, Meta(description="The passkey or key that opened it")]


class SessionsEnded(Struct, frozen=True, kw_only=True):
    """How many sessions of the caller have ended now."""

    person_id: Id
    ended: int


class UnconfirmedKey(Struct, frozen=True, kw_only=True):
    """Somebody's own key that stems from one which somebody else made, and waits for a third person."""

    key_id: Id
    person_id: Id
    name: Name
    kind: KeyKind
    device: str | None
    fingerprint: str
    created_at: Instant
    made_by: Annotated[Id | None, Meta(description="Who made the first key; null for the operator's hands")]
    confirmable: Annotated[bool, Meta(description="Whether the caller is somebody outside, who may confirm it")]


class ConfirmKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the holder's screen shows as the fingerprint of the key."""

    fingerprint: Annotated[
        str,
        Meta(
            pattern=r"^[0-9a-f]{4}(-[0-9a-f]{4}){5}(-[0-9a-f]{4}){0,2}$(?!\n)",
            description="Eight groups; six for a key from an earlier version",
            examples=["3f9a-01bc-77e0-52d4-a9c6-10fe-8b21-04dd"],
        ),
    ]


class GrantBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="operation", tag="grant_role"):
    """Give a person a role at an organisation from now on, or for an interval of business time."""

    person_id: Id
    organisation_id: Id
    role: Role
    until: Instant | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` for an instant outside the years of a registry."""
        check_years("until", self.until)


class IssueBody(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="operation", tag="issue_credits"
):
    """Issue the credits of one verified monitoring report to an account of the developer."""

    report_id: Id
    account_id: Id


class LiftBody(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="operation", tag="lift_restriction"
):
    """Lift a freeze."""

    restriction_id: Id
    reason: Text


class RekeyBody(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="operation", tag="reissue_key"
):
    """Give a person who holds roles a new API key, because theirs was lost."""

    person_id: Id


class SettleSuspensionBody(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="operation", tag="settle_suspension"
):
    """Confirm an emergency suspension, which frees the suspender and lasts until it is lifted; or lift it."""

    suspension_id: Id
    outcome: Literal["confirm", "lift"]


class DepositCashBody(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="operation", tag="deposit_cash"
):
    """Book money that the operator's bank received for an account, above what one operator books alone."""

    account_id: Id
    amount_fen: Fen
    reference: BankReference = ""


ApprovalBody = AnnulBody | DepositCashBody | GrantBody | IssueBody | LiftBody | RekeyBody | SettleSuspensionBody


class ProposeApproval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first person's half: the exact body that the second is asked to carry out."""

    body: ApprovalBody
    reason: Text


class WithdrawApproval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a proposal is withdrawn: it stands beside it."""

    reason: Remark = ""


class Approval(Struct, frozen=True, kw_only=True):
    """A decision of two people, bound to the exact body by its SHA-256."""

    id: Id
    operation: str
    body: ApprovalBody
    sha256: Sha256
    reason: str
    proposer_id: Id
    approver_id: Id | None
    proposed_at: Instant
    expires_at: Instant
    used_at: Instant | None
    withdrawn_by: Annotated[Id | None, Meta(description="Who withdrew it, if somebody did")] = None
    withdrawn_because: str = ""
    state: ApprovalState
    awaits: Awaits | None = None


class Approved(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second person's half: which approval, and once more its exact body, which is then carried out."""

    approval_id: Id
    body: ApprovalBody


class Grant(Struct, frozen=True, kw_only=True):
    """A role of a person at an organisation, with the interval in which it holds (business time)."""

    id: Id
    person_id: Id
    organisation_id: Id
    role: Role
    begins: Instant
    ends: Instant | None
    approval_id: Id | None
    granted_by: Annotated[
        Id | None, Meta(description="The administrator of the organisation who gave it, without an approval")
    ] = None


class NewColleague(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Somebody new for the caller's organisation, and what they may do there.

    Member, or what two regulators gave somebody at this organisation who holds it now. Roles that hold for more than
    the organisation, and that of an administrator, are for two regulators to give.
    """

    name: Name
    roles: Annotated[tuple[Role, ...], Meta(min_length=1, max_length=8)]


class Colleague(Struct, frozen=True, kw_only=True):
    """Somebody who holds roles at an organisation. *key* is there once, in the answer to the invitation."""

    person_id: Id
    name: Name
    roles: tuple[Role, ...]
    key: KeyIssued | None = None


class NewRestriction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A freeze on an account, a project or an issuance. One person places it; lifting takes two."""

    scope: Frozen
    target_id: Id
    reason: Text


class Restriction(Struct, frozen=True, kw_only=True):
    """A freeze: while it is in effect its credits cannot be transferred, cancelled or retired."""

    id: Id
    scope: Frozen
    target_id: Id
    reason: str
    placed_by: Id
    begins: Instant
    ends: Instant | None
    approval_id: Id | None


class NewSuspension(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to stop from deciding, and why. The sender is stopped as well."""

    person_id: Id
    reason: Text


class Suspension(Struct, frozen=True, kw_only=True):
    """
    An emergency suspension of two regulators: *person_id* and *placed_by*.

    Open, it lapses at *lapses_at* (real time). Confirmed, *placed_by* decides again and *person_id* does not, until it
    is lifted.
    """

    id: Id
    person_id: Id
    placed_by: Id
    reason: str
    placed_at: Instant
    lapses_at: Instant
    confirmed_at: Instant | None
    lifted_at: Instant | None
    approval_id: Annotated[Id | None, Meta(description="What settled it; null as well if the operator did")]
    state: SuspensionState


class Me(Struct, frozen=True, kw_only=True):
    """The caller: person, name and roles in effect now."""

    person_id: Id
    name: Name
    roles: tuple[HeldRole, ...]
    key_id: Annotated[int, Meta(description="The key in use, as `revoke` wants it")]
    key_prefix: Annotated[str, Meta(description="Recognisable first part of the key in use")]
    key_fingerprint: Annotated[str | None, Meta(description="What is compared to confirm this key, or a session's")]
    first_key: Annotated[bool, Meta(description="The key in use works once, to make your own: POST /v1/me/keys")]
    key_kind: KeyKind = "program"
    confirm_id: Annotated[Id | None, Meta(description="The key that has this fingerprint, to be confirmed")] = None
