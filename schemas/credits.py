"""Credits: issuances, holdings, transfers, cancellations, retirements, and the conservation that binds them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.access import Awaits
from schemas.annulments import Annulled
from schemas.identifiers import Identifier
from schemas.methodologies import MethodologyId
from schemas.scalars import Id, Instant, Kg, Kg0, Sha256, ShortRemark, Text, Vintage, check_years
from schemas.serials import IssuanceCode, IssuanceCodeText, Serial, SerialText

BlockState = Literal["active", "held", "buffer", "retired", "cancelled"]
TransferState = Literal["proposed", "accepted", "rejected", "withdrawn", "expired"]


class Issuance(Struct, frozen=True, kw_only=True):
    """Credits that came into being together: one contiguous span of kilograms."""

    id: Id
    code: str
    serials: str
    project_id: Id
    report_id: Id | None
    methodology: str
    vintage: Vintage
    kind: Literal["monitored", "import", "restitution"]
    quantity_kg: Kg
    buffer_kg: Kg0
    statement_hash: Sha256
    issued_at: Instant


class Conservation(Struct, frozen=True, kw_only=True):
    """
    Where every issued kilogram is.

    active + held + buffer + retired + cancelled = issued, and the blocks cover the issued spans without gap or overlap:
    *conserved* says whether both hold. *outstanding_kg* is active + held.
    """

    issuance: Annotated[str | None, Meta(description="Null for the region as a whole")]
    issued_kg: Kg0
    active_kg: Kg0
    held_kg: Kg0
    buffer_kg: Kg0
    retired_kg: Kg0
    cancelled_kg: Kg0
    outstanding_kg: Kg0
    conserved: bool


class VintageTotals(Struct, frozen=True, kw_only=True):
    """Where the kilograms of one vintage of a project are: active + held + buffer + retired + cancelled = issued."""

    vintage: Vintage
    issued_kg: Kg0
    active_kg: Kg0
    held_kg: Kg0
    buffer_kg: Kg0
    retired_kg: Kg0
    cancelled_kg: Kg0


class ProjectTotals(Struct, frozen=True, kw_only=True):
    """Where the kilograms of a project are, in all and by vintage. *outstanding_kg* is active + held."""

    project_id: Id
    issued_kg: Kg0
    active_kg: Kg0
    held_kg: Kg0
    buffer_kg: Kg0
    retired_kg: Kg0
    cancelled_kg: Kg0
    outstanding_kg: Kg0
    vintages: tuple[VintageTotals, ...]


class SerialPart(Struct, frozen=True, kw_only=True):
    """
    Where some of the kilograms of a serial are.

    *receipts* are those of retirements that took any of them, twenty at most; empty unless they are retired.
    """

    serial: str
    quantity_kg: Kg
    state: BlockState
    project_id: Id
    vintage: Vintage
    receipts: tuple[str, ...]


class Holding(Struct, frozen=True, kw_only=True):
    """What one account has of one issuance in one state."""

    issuance: str
    state: BlockState
    quantity_kg: Kg


class Holdings(Struct, frozen=True, kw_only=True):
    """What an account has, now or at an earlier instant of business time."""

    account_id: Id
    as_of: Instant
    items: tuple[Holding, ...]


class Movement(Struct, frozen=True, kw_only=True):
    """
    One span that went from one account and state to another; the past never changes.

    *from_account_id* is null where it came into being. In a delivery of the exchange, held to held, the other side is
    null for all but overseers.
    """

    id: Id
    at: Instant
    cause: str
    serials: str
    quantity_kg: Kg
    from_account_id: Id | None
    from_state: BlockState | None
    to_account_id: Id | None
    to_state: BlockState


class Selection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Which kilograms of an account: so many, oldest first, of any issuance or of one; or exactly those of *serial*.

    *quantity_kg* is given in every case and must be the size of *serial*.
    """

    account_id: Id
    quantity_kg: Kg
    issuance: IssuanceCodeText | None = None
    serial: SerialText | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` when both an issuance and a serial are named, or one that cannot exist."""
        if self.issuance is not None and self.serial is not None:
            raise ValueError("name an issuance or a serial, not both")
        if self.issuance is not None:
            IssuanceCode.parse(self.issuance)
        if self.serial is not None:
            Serial.parse(self.serial)


class NewTransfer(Selection, frozen=True):
    """Offer kilograms to another account. They are held until it accepts, rejects, or the offer ends."""

    receiver_id: Id
    reason: Text
    expires_at: Annotated[Instant | None, Meta(description="Business time; 7 days from now if omitted")] = None

    def __post_init__(self) -> None:
        """Raise `ValueError` as `Selection` does, and for an instant outside the years of a registry."""
        Selection.__post_init__(self)
        check_years("expires_at", self.expires_at)


class Commitment(Struct, frozen=True, kw_only=True):
    """
    What a public transfer statement only commits to, and how to open it.

    ``SHA-256(label || 0x00 || salt || text)`` is the digest that the statement carries under *label*.
    """

    statement_hash: Sha256
    label: str
    salt: Sha256
    text: str


class Transfer(Struct, frozen=True, kw_only=True):
    """A two-phase transfer as it stands. *commitments* are shown to both sides and to overseers when it is read."""

    id: Id
    sender_id: Id
    receiver_id: Id
    quantity_kg: Kg
    serials: tuple[str, ...]
    state: TransferState
    reason: str
    proposed_at: Instant
    expires_at: Instant
    closed_at: Instant | None
    awaits: Awaits | None = None
    commitments: tuple[Commitment, ...] = ()


class CancelRequest(Selection, frozen=True):
    """Cancel kilograms for good without a claim."""

    reason: Annotated[Text, Meta(description="Published in the log for ever")]


class Cancellation(Struct, frozen=True, kw_only=True):
    """Kilograms that were cancelled together, by issuance."""

    order_id: str
    account_id: Annotated[
        Id | None, Meta(description="Whose they were; for the holder's organisation and overseers, null for others")
    ]
    quantity_kg: Kg
    serials: tuple[str, ...]
    reason: str
    at: Instant


class RetireRequest(Selection, frozen=True):
    """Retire kilograms for good against one claim."""

    claim_id: Id
    reason: Text
    beneficiary: Annotated[ShortRemark, Meta(description="For whom; enters the log only as a salted digest")] = ""
    beneficiary_identifiers: Annotated[
        tuple[Identifier, ...], Meta(max_length=4, description="Of the beneficiary, if an organisation; logged with it")
    ] = ()
    evidence: Annotated[Sha256 | None, Meta(description="SHA-256 of a document; logged as a salted digest")] = None

    def __post_init__(self) -> None:
        """Raise `ValueError` for identifiers without the name that they belong to."""
        super().__post_init__()
        if self.beneficiary_identifiers and not self.beneficiary.strip():
            raise ValueError("beneficiary_identifiers need the beneficiary's name beside them")


class Retirement(Struct, frozen=True, kw_only=True):
    """
    One retirement: kilograms of one issuance, one statement in the log, one receipt.

    If it was *annulled*, or its claim was, its kilograms stay retired and count for nothing.
    """

    receipt_id: str
    order_id: str
    claim_id: Id
    issuance: str
    serials: tuple[str, ...]
    quantity_kg: Kg
    reason: Annotated[
        str | None, Meta(description="Why; for the holder's organisation and overseers, null for anybody else")
    ] = None
    statement_hash: Sha256
    at: Instant
    annulled: Annulled | None = None
    claim_annulled: Annulled | None = None


class RetirementsWanted(Struct, frozen=True, kw_only=True):
    """Which retirements are looked for: those that fit everything that is not null."""

    claim_id: Id | None = None
    organisation_id: Annotated[Id | None, Meta(description="The organisation whose claim they cover")] = None
    serial: SerialText | None = None
    beneficiary: str | None = None
    project_id: Id | None = None
    vintage: Vintage | None = None
    methodology: MethodologyId | None = None


class IssuancesWanted(Struct, frozen=True, kw_only=True):
    """Which issuances are looked for: those that fit everything that is not null."""

    project_id: Id | None = None
    organisation_id: Annotated[Id | None, Meta(description="The developer of the project")] = None
    vintage: Vintage | None = None
    methodology: MethodologyId | None = None


class RetirementOrder(Struct, frozen=True, kw_only=True):
    """What one request retired: one retirement for each issuance it drew from."""

    order_id: str
    claim_id: Id
    quantity_kg: Kg
    retirements: tuple[Retirement, ...]
