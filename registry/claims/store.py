"""Footprints and claims in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg
import msgspec
from msgspec import structs

from registry.access.awaits import awaits
from registry.claims.rules import (
    FootprintUsed,
    factors_of,
    is_neutral,
    masses_of,
    method_of,
    power_of,
    reductions_kg,
    standard_of,
)
from registry.claims.subjects import TRAVEL, EarlierClaim, Share, Subject, categories_of, is_implausible
from registry.kit import sql
from registry.kit.database import Tx, constraint, convert, fetch_one
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.search import like
from registry.kit.spelling import spelling
from schemas.annulments import Annulled
from schemas.claims import GATED, Claim, ClaimsWanted, ClaimTitle, NewClaim, NewFootprint, StoredFootprint
from schemas.methodologies import EventFootprintRequest, Footprint
from schemas.pages import Page
from schemas.search import Found
from schemas.statements import ReducedFirst

_sql = sql.load(__package__)


async def insert_footprint(tx: Tx, body: NewFootprint, result: Footprint) -> int:
    """Store a footprint with its input and arithmetic."""
    request, computed = (msgspec.json.encode(each).decode() for each in (body.request, result))
    return int(await tx.fetchval(_sql.insert_footprint, body.organisation_id, request, computed, result.footprint_kg))


async def footprint(tx: Tx, footprint_id: int, *, lock: bool = False) -> StoredFootprint | None:
    """One footprint; locked, no other claim can name it until the transaction ends."""
    if lock:
        await tx.execute(_sql.lock_footprint, footprint_id)
    row = await tx.fetchrow(_sql.footprint, footprint_id)
    if row is None:
        return None
    result = msgspec.json.decode(row["result"], type=Footprint)
    return StoredFootprint(
        id=row["id"],
        organisation_id=row["organisation_id"],
        request=msgspec.json.decode(row["request"], type=EventFootprintRequest),
        result=result,
        implausible=is_implausible(None, result),
        created_at=row["created_at"],
    )


async def refuse_used_footprint(tx: Tx, footprint_id: int) -> None:
    """Raise `FootprintUsed` if a claim names the footprint, which the caller has locked."""
    if await tx.fetchval(_sql.claim_of_footprint, footprint_id) is not None:
        raise _used(footprint_id)


def _used(footprint_id: int | None) -> FootprintUsed:
    return FootprintUsed(f"Footprint {footprint_id} backs another claim already. One footprint backs one claim.")


async def lock_subjects(tx: Tx) -> None:
    """Let no other claim look for its subject until the transaction ends: sameness has too many sides to lock."""
    await tx.execute(_sql.lock_subjects)


async def same_subject(
    tx: Tx, claimant_id: int, subject: Subject, attendee: int | None, *, without: int | None = None
) -> list[EarlierClaim]:
    """
    The neutrality claims about the same subject, oldest first; *without* is the claim that is asked about.

    For the share of an *attendee* only those that can have some of it: its own and the organiser's.
    """
    rows = await tx.fetch(_sql.same_subject, claimant_id, *subject, without, attendee)
    return [EarlierClaim(row["id"], row["sha256"].hex(), _words(row), _share(row)) for row in rows]


def _words(row: asyncpg.Record) -> str:
    corrected = row["now"] is not None and row["now"] != row["subject"]
    return f"{row['subject']!r}, now {row['now']!r}" if corrected else repr(row["subject"])


def _share(row: asyncpg.Record) -> Share:
    counted = msgspec.json.decode(row["result"], type=Footprint)
    return Share(row["attendee"], row["exclusive"], categories_of(counted))


async def organiser_by_code(tx: Tx, event_id: str) -> int | None:
    """Whose page an event has here, by its number as it is spelled; None if it has none."""
    found = await tx.fetchval(_sql.organiser_by_code, event_id)
    return None if found is None else int(found)


async def page_of_travellers(tx: Tx, claimant_id: int, scene: str, begins: datetime, ends: datetime) -> str | None:
    """The code of a page of such a place, in that time, whose guests offset their own travel; None if there is none."""
    code = await tx.fetchval(_sql.page_of_travellers, claimant_id, scene, begins, ends)
    return None if code is None else str(code)


async def travel_of_scene(tx: Tx, claimant_id: int, scene: str, begins: datetime, ends: datetime) -> int | None:
    """The first claim of such a place, in that time, that has travel in it."""
    for row in await tx.fetch(_sql.claims_of_scene, claimant_id, scene, begins, ends):
        if TRAVEL in categories_of(msgspec.json.decode(row["result"], type=Footprint)):
            return int(row["id"])
    return None


async def claimed(tx: Tx, claim_id: int) -> tuple[int, Subject, Share]:
    """Who made a neutrality claim, about what in its words of today, and for which share."""
    row = await fetch_one(tx, _sql.claimed, claim_id)
    return row["claimant_id"], Subject(*(row[name] for name in Subject._fields)), _share(row)


async def insert_claim(
    tx: Tx,
    body: NewClaim,
    subject: Subject,
    reduce_first: ReducedFirst | None,
    *,
    required_kg: int,
    deadline: datetime | None,
    statement_id: int,
) -> int:
    """Store a claim. Raises `FootprintUsed`."""
    with constraint("claim_footprint_id_key", _used(body.footprint_id)):
        return int(
            await tx.fetchval(
                _sql.insert_claim,
                body.organisation_id,
                body.type,
                body.footprint_id,
                msgspec.json.encode(
                    structs.replace(body, responsible_person="")
                ).decode(),  # sealed, so that it can be erased
                body.new_forest,
                required_kg,
                deadline,
                statement_id,
                *subject,
                body.attendee,
                body.exclusive,
                msgspec.json.encode(reduce_first).decode() if reduce_first else None,
            )
        )


async def claim(tx: Tx, claim_id: int) -> Claim | None:
    """One claim with its coverage."""
    row = await tx.fetchrow(_sql.claims.oldest, claim_id - 1, 1, claim_id, *[None] * 6)
    return _claim(row) if row else None


async def claim_of_statement(tx: Tx, statement_id: int) -> Claim | None:
    """The claim that a statement made."""
    claim_id = await tx.fetchval(_sql.claim_by_statement, statement_id)
    return await claim(tx, claim_id) if claim_id else None


async def claims(tx: Tx, window: Window, wanted: ClaimsWanted, period: Between) -> Page[Claim]:
    """The claims that fit what is asked for; *period* is when they were made."""
    filters = (wanted.type, wanted.organisation_id, wanted.covered)
    rows = await tx.fetch(window.of(_sql.claims), *window.args, None, *filters, *period, wanted.annulled)
    return window.page([(row["id"], _claim(row)) for row in rows])


async def titles(tx: Tx, claim_ids: Collection[int]) -> dict[int, ClaimTitle]:
    """What some claims are about and whose they are, by their numbers."""
    rows = await tx.fetch(_sql.titles, list(claim_ids))
    return {row["id"]: convert(row, ClaimTitle) for row in rows}


async def search(tx: Tx, words: str, limit: int) -> list[Found]:
    """Claims whose subject has *words*."""
    rows = await tx.fetch(_sql.search, like(words), limit)
    return [
        Found(kind="claim", id=str(row["id"]), title=row["subject"], about=row["claimant"], state=row["type"])
        for row in rows
    ]


async def newest_statements(tx: Tx) -> dict[int, int]:
    """The newest claims, by the id of their statement."""
    return {row["statement_id"]: row["id"] for row in await tx.fetch(_sql.newest_statements)}


def _claim(row: asyncpg.Record) -> Claim:
    body = msgspec.json.decode(row["body"], type=NewClaim)
    counted = msgspec.json.decode(row["result"], type=Footprint) if row["result"] else None
    if row["wording"]:
        body = structs.replace(body, **msgspec.json.decode(row["wording"], type=dict[str, str]))
    return Claim(
        id=row["id"],
        claimant_id=row["claimant_id"],
        claimant=row["claimant"],
        type=row["type"],
        subject=body.subject,
        standard=standard_of(body),
        begins=body.begins,
        ends=body.ends,
        boundary=body.boundary,
        exclusions=body.exclusions,
        reductions_kg=reductions_kg(body),
        reduction_plan=body.reduction_plan,
        plan=body.plan,
        measures=body.measures,
        power=power_of(counted) if body.type in GATED else None,
        reduce_first=msgspec.json.decode(row["reduce_first"], type=ReducedFirst) if row["reduce_first"] else None,
        new_forest=body.new_forest,
        about=body.about,
        attendee=body.attendee,
        exclusive=body.exclusive,
        implausible=is_implausible(body, counted),
        verifier=body.verifier,
        footprint_id=row["footprint_id"],
        footprint=masses_of(counted),
        method=method_of(counted),
        factors=factors_of(counted),
        required_kg=row["required_kg"],
        allocated_kg=row["allocated_kg"],
        missing_kg=max(0, row["required_kg"] - row["allocated_kg"]),
        neutral=row["annulment_id"] is None
        and is_neutral(row["type"], row["required_kg"], row["allocated_kg"], over=row["over"]),
        deadline=row["deadline"],
        statement_hash=row["sha256"].hex(),
        corrected=bool(row["wording"]),
        created_at=row["created_at"],
        annulled=_annulled(row),
        awaits=awaits(row),
    )


def _annulled(row: asyncpg.Record) -> Annulled | None:
    if row["annulment_id"] is None:
        return None
    return Annulled(
        annulment_id=row["annulment_id"],
        at=row["annulled_at"],
        reason=row["annulled_because"],
        statement_hash=row["annulled_by"].hex(),
    )


async def annul(tx: Tx, claim_id: int, at: datetime) -> bool:
    """Mark a claim as annulled; returns False if it was before."""
    return bool(await tx.fetchval(_sql.annul, claim_id, at))


async def allocate(tx: Tx, claim_id: int, quantity_kg: int) -> None:
    """Give a claim kilograms, or take them from it."""
    await tx.execute(_sql.allocate, claim_id, quantity_kg)


async def claim_statement(tx: Tx, claim_id: int) -> int:
    """The row of the claim's own statement in the log."""
    return int(await tx.fetchval(_sql.claim_statement, claim_id))


async def lock_words(tx: Tx, claim_id: int) -> None:
    """Let nobody else correct the claim until the transaction ends."""
    await tx.execute(_sql.lock_claim_words, claim_id)


async def set_wording(tx: Tx, claim_id: int, wording: dict[str, str]) -> None:
    """The words of a claim as its corrections left them."""
    words = msgspec.json.encode(wording).decode()
    await tx.execute(_sql.set_wording, claim_id, words, spelling(wording["subject"]))


async def footprints_of(tx: Tx, organisation_id: int) -> int:
    """How many footprints an organisation has."""
    return int(await tx.fetchval(_sql.footprints_of, organisation_id))


async def claims_of(tx: Tx, organisation_id: int) -> int:
    """How many claims an organisation made."""
    return int(await tx.fetchval(_sql.claims_of, organisation_id))


async def reports_named(tx: Tx, sha256s: Sequence[str]) -> frozenset[str]:
    """Those of some documents that a claim or a draft names."""
    return frozenset(row["sha256"] for row in await tx.fetch(_sql.reports_named, list(sha256s)))
