"""What may be done with a draft. Pure."""

from msgspec import UNSET, ValidationError, convert, structs, to_builtins

from registry.kit.problems import DomainError, Invalid, Kind
from schemas.claims import GATED, ClaimDraftChange, DraftTerms, NewClaim, NewClaimDraft
from schemas.statements import ClaimType


class DraftClosed(DomainError):
    """The draft was declared or withdrawn."""

    kind, slug, title = Kind.CONFLICT, "draft-closed", "No longer a draft"


def check_open(draft_id: int, state: str) -> None:
    """Raise `DraftClosed` for a draft that is not one any more."""
    if state != "draft":
        raise DraftClosed(f"Draft {draft_id} is {state}, and changes no more. Begin another one.", state=state)


def first_terms(body: NewClaimDraft) -> DraftTerms:
    """What a draft says when it is begun."""
    names = [each for each in NewClaimDraft.__struct_fields__ if each not in ("organisation_id", "type")]
    return DraftTerms(**{name: getattr(body, name) for name in names})


def changed(terms: DraftTerms, change: ClaimDraftChange) -> DraftTerms:
    """The terms with what is given. Raises `Invalid` for a period that is backwards."""
    given = {
        name: value
        for name in ClaimDraftChange.__struct_fields__
        if (value := getattr(change, name)) is not UNSET and value is not None
    }
    taken_out = {name: None for name in ("plan", "verifier") if getattr(change, name) is None}
    found = structs.replace(terms, **given, **taken_out)
    if found.begins > found.ends:
        raise Invalid("ends is before begins")
    return found


def claim_of(terms: DraftTerms, type_: ClaimType, organisation_id: int) -> NewClaim:
    """The claim that a draft declares. Raises `Invalid` for what no claim may say."""
    body = {name: getattr(terms, name) for name in DraftTerms.__struct_fields__}
    if type_ == "contribution":
        body |= {"footprint_id": None, "reduction_plan": ""}
    if type_ not in GATED:
        body |= {"plan": None, "measures": ()}
    body |= {"organisation_id": organisation_id, "type": type_}
    try:
        return convert(to_builtins(body), NewClaim)
    except ValidationError as error:
        raise Invalid(f"The draft cannot be declared: {error}.") from error


def forget_person(terms: DraftTerms) -> DraftTerms:
    """The terms without the natural person, who is sealed in the log's section, and erased from there if need be."""
    return structs.replace(terms, responsible_person="")
