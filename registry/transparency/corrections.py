"""Corrections of wording: appended to the log as statements of their own, and read beside what they correct."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from registry.access import authorisation as access
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.ids import new
from registry.kit.pages import Window
from registry.kit.problems import DomainError, Kind, Unknown
from registry.transparency import rules, service, store
from schemas.access import Call
from schemas.corrections import Correction
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.statements import CorrectedWords, CorrectionStatement

CORRECTIONS_LIMIT = 1_000
"""For one statement; a text that was wrong so often is not a matter of spelling."""


class NothingCorrected(DomainError):
    """The new wording is the old one."""

    kind, slug, title = Kind.UNPROCESSABLE, "nothing-corrected", "Nothing to correct"


class CorrectedTooOften(DomainError):
    """The statement has as many corrections as one may have."""

    kind, slug, title = Kind.CONFLICT, "corrected-too-often", "Corrected too often"


class NewCorrection(NamedTuple):
    """What is corrected about the statement in row *statement_id*, and by whom."""

    statement_id: int
    reason: str
    organisation_id: int
    wording: tuple[CorrectedWords, ...] = ()
    sections: tuple[rules.SealedSection, ...] = ()


def changed_words(old: Mapping[str, str], new_words: Mapping[str, str]) -> tuple[CorrectedWords, ...]:
    """The fields whose words change. Raises `NothingCorrected` if none does."""
    found = tuple(
        CorrectedWords(field=name, was=old[name], now=now)
        for name, now in sorted(new_words.items())
        if old[name] != now
    )
    if not found:
        names = ", ".join(sorted(old))
        raise NothingCorrected(f"Nothing would change: give the right wording of one or more of {names}.")
    return found


async def sealed_now_in(tx: Tx, statement_id: int, label: str) -> dict[str, Any]:
    """What a sealed section of a statement says by its newest correction; empty if it has none."""
    text = await store.newest_opening(tx, statement_id, label)
    return msgspec.json.decode(text, type=dict[str, Any]) if text else {}


async def correct_in(tx: Tx, body: NewCorrection, *, call: Call, region: RegionProfile) -> Correction:
    """Append a correction; the caller has locked what owns the statement. Raises `CorrectedTooOften`."""
    corrected = await store.leaf(tx, body.statement_id)
    number = await store.next_correction(tx, body.statement_id)
    if number > CORRECTIONS_LIMIT:
        raise CorrectedTooOften(f"The statement has {CORRECTIONS_LIMIT} corrections already, and no more are taken.")
    statement = CorrectionStatement(
        registry=region.name,
        executed_at=clock.stamp(await clock.now_in(tx)),
        correction=new("K"),
        corrects=corrected.sha256.hex(),
        number=number,
        reason=body.reason,
        wording=body.wording,
        sections=rules.sections(body.sections),
    )
    appended = await service.append_in(tx, statement, region=region, openings=body.sections)
    correction_id = await store.insert_correction(
        tx,
        body.statement_id,
        number,
        msgspec.json.encode(body.wording).decode(),
        reason=body.reason,
        organisation_id=body.organisation_id,
        person_id=call.by.person_id,
        statement_id=appended.id,
    )
    return await correction_in(tx, correction_id, opened=True)


async def correction_in(tx: Tx, correction_id: int, *, opened: bool) -> Correction:
    """One correction. Raises `Unknown`."""
    if found := await store.correction(tx, correction_id):
        return await _opened_in(tx, found) if opened else found.correction
    raise Unknown(f"There is no correction {correction_id}.")


async def own_again(tx: Tx, correction_id: str) -> Correction:
    """A correction, as its maker was shown it."""
    return await correction_in(tx, int(correction_id), opened=True)


async def corrections(statement_hash: str, window: Window, *, asked: Call, db: Database) -> Page[Correction]:
    """The corrections of a statement, first to last; one's own with what is sealed."""
    mine, all_opened = access.organisations_of(asked.by), access.oversees(asked.by)
    async with db.reading() as tx:
        page = await store.corrections(tx, window, bytes.fromhex(statement_hash))
        items = [
            await _opened_in(tx, each) if all_opened or each.correction.organisation_id in mine else each.correction
            for each in page.items
        ]
    return Page(items=tuple(items), next=page.next)


async def later_in(tx: Tx, statements: Collection[int], limit: int) -> list[store.LaterCorrection]:
    """The newest corrections of some statements, in the order of the log."""
    return await store.later_corrections(tx, statements, limit)


async def _opened_in(tx: Tx, found: store.StoredCorrection) -> Correction:
    sealed = await store.openings(tx, found.statement_id)
    return msgspec.structs.replace(found.correction, opened={each.label: each.text for each in sealed})
