"""Corrections of wording: of claims, and of whom a retirement was for."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.identifiers import Identifier
from schemas.scalars import Id, Instant, Line, Name, Remark, Sha256, ShortRemark, Text
from schemas.statements import CorrectedWords


class CorrectClaim(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The right wording of a claim, and why; what is left out stays as it is."""

    reason: Text
    subject: Line | UnsetType = UNSET
    standard: Name | UnsetType = UNSET
    boundary: Text | UnsetType = UNSET
    exclusions: Remark | UnsetType = UNSET


class CorrectBeneficiary(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    For whom a retirement was, rightly; what is left out stays as it is, an empty list takes identifiers away.

    The log has it as a salted digest only.
    """

    reason: Text
    beneficiary: Annotated[ShortRemark, Meta(min_length=1)] | UnsetType = UNSET
    beneficiary_identifiers: Annotated[tuple[Identifier, ...], Meta(max_length=4)] | UnsetType = UNSET


class Correction(Struct, frozen=True, kw_only=True):
    """
    One correction of a statement; the statement itself stays in the log as it was.

    *opened* has the sealed sections, for members of the organisation that made the correction and for overseers.
    """

    id: Id
    corrects: Sha256
    number: int
    reason: str
    wording: tuple[CorrectedWords, ...]
    opened: dict[str, str]
    organisation_id: Id
    statement_hash: Sha256
    at: Instant
