"""Certificates: what the registry proves, gathered in one snapshot, typeset once, and kept while it is asked for."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from registry.claims import service as claims
from registry.credits.issuance import service as issuances
from registry.credits.retirement import look_ups as retirements
from registry.kit.database import Database
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import DomainError, Kind
from registry.projects.service import projects
from registry.receipts import codes, service
from registry.receipts.certificates import sheets
from registry.receipts.certificates.typeset import typeset
from registry.receipts.verifier.attachment import Attached
from registry.transparency import corrections
from registry.transparency import service as log
from schemas.access import Call
from schemas.corrections import Correction
from schemas.credits import RetirementsWanted
from schemas.parties import RegionProfile
from schemas.receipts import Bundle

RECEIPTS_LIMIT: Final = 100
"""Receipts in one certificate of a claim; a claim with more names the rest by its page."""
KEPT: Final = 64
WAITING_LIMIT: Final = 32
_ALL: Final = Window(None, 200)


class Busy(DomainError):
    """More certificates are asked for at once than are typeset in a second or two."""

    kind, slug, title = Kind.LIMITED, "certificates-busy", "Too many certificates at once"


class Certificate(NamedTuple):
    """A PDF and the name under which it is saved."""

    name: str
    content: bytes


class Typesetter:
    """
    Typesets one certificate at a time, in a thread, and keeps the newest.

    The receipts of claims are gathered one claim after the other as well: anybody may ask, and each takes a hundred
    proofs. Kept by a digest of everything that goes in, so that what is served is what would be made. Nothing is
    stored: making one again takes a hundredth of a second, and a stored one would outlive the erasure of a name that
    stands on it.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._turn = asyncio.Semaphore(1)
        self._gathers = asyncio.Semaphore(1)
        self._waiting = 0

    def gathering(self) -> AbstractAsyncContextManager[None]:
        """Wait until nobody else gathers the receipts of a claim. Raises `Busy`."""
        return self._turn_of(self._gathers)

    @asynccontextmanager
    async def _turn_of(self, one: asyncio.Semaphore) -> AsyncIterator[None]:
        if self._waiting >= WAITING_LIMIT:
            raise Busy(f"{WAITING_LIMIT} certificates are being made already. Ask again in a second.", retry_after_s=1)
        self._waiting += 1
        try:
            async with one:
                yield
        finally:
            self._waiting -= 1

    async def make(self, sheet: sheets.CertificateSheet, receipts: Sequence[Attached], *, at: datetime) -> bytes:
        """The PDF of a sheet. Raises `Busy`, `NoGlyph`."""
        key = sha256(msgspec.msgpack.encode((sheet, receipts, at))).digest()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        async with self._turn_of(self._turn):
            if key not in self._kept:
                self._kept[key] = await asyncio.to_thread(partial(typeset, sheet, receipts, at=at))
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]


class Press(NamedTuple):
    """What certificates are made with: where the code on the paper leads, and the one typesetter of the process."""

    region: RegionProfile
    site_url: str
    typesetter: Typesetter


async def of_retirement(
    receipt_id: str, *, asked: Call, db: Database, press: Press, beneficiary: str | None = None
) -> Certificate:
    """
    The certificate of one retirement; *beneficiary* is the name that the person picked, for who has that person's link.

    The attached receipt opens what the caller may see, and the beneficiary where one is given, also an empty one.
    Raises `Unknown`, `NotYetWitnessed`, `NoGlyph`.
    """
    async with db.snapshot() as tx:
        found = await retirements.retirement_in(tx, receipt_id)
        claim = await claims.claim_in(tx, found.retirement.claim_id)
        issuance = await issuances.find_in(tx, found.retirement.issuance)
        assert issuance is not None
        project = await projects.project_in(tx, issuance.project_id)
        bundle = await service.receipt_in(tx, receipt_id, asked=asked, beneficiary=beneficiary is not None)
    stated = await _corrections(found.retirement.statement_hash, claim.statement_hash, asked=asked, db=db)
    sheet = sheets.of_retirement(
        press.region,
        found.retirement,
        claim,
        project,
        vintage=issuance.vintage,
        place=_place(bundle, press),
        corrections=stated,
        name=beneficiary or "",
    )
    attached = Attached(f"{receipt_id}.receipt.json", service.as_file(bundle))
    return await _made(press, sheet, [attached], at=found.retirement.at, name=receipt_id)


async def of_claim(claim_id: int, *, asked: Call, db: Database, press: Press) -> Certificate:
    """
    The certificate of a claim as it is covered now, with the receipts that cover it, or its own statement if none does.

    Retirements that were annulled cover nothing and are left out, unless the claim was annulled with all of them.
    Raises `Unknown`, `NotYetWitnessed`, `NoGlyph`.
    """
    async with db.snapshot() as tx:
        claim = await claims.claim_in(tx, claim_id)
        own = await service.statement_in(tx, await claims.statement_of_in(tx, claim_id))
    wanted = RetirementsWanted(claim_id=claim_id)
    given = await retirements.retirements(wanted, Window(None, RECEIPTS_LIMIT), Between(), asked=asked, db=db)
    counting = [each for each in given.items if claim.annulled or not each.annulled]
    attached = []
    async with press.typesetter.gathering(), db.snapshot() as tx:
        for each in counting:
            content = service.as_file(await service.receipt_in(tx, each.receipt_id, asked=asked))
            attached.append(Attached(f"{each.receipt_id}.receipt.json", content))
    sheet = sheets.of_claim(
        press.region,
        claim,
        receipts=len(attached),
        place=_place(own, press),
        corrections=await _corrections(claim.statement_hash, asked=asked, db=db),
    )
    at = max([claim.created_at, *(each.at for each in counting)])
    statement = Attached(f"claim-{claim_id}.receipt.json", service.as_file(own))
    return await _made(press, sheet, attached or [statement], at=at, name=f"claim-{claim_id}")


async def of_issuance(code: str, *, asked: Call, db: Database, press: Press) -> Certificate:
    """The certificate of an issuance. Raises `Unknown`, `NotYetWitnessed`, `NoGlyph`."""
    issuance = await issuances.issuance(code, db=db)
    async with db.snapshot() as tx:
        project = await projects.project_in(tx, issuance.project_id)
        bundle = await service.statement_in(tx, await log.row_of_in(tx, issuance.statement_hash))
    sheet = sheets.of_issuance(
        press.region,
        issuance,
        project,
        place=_place(bundle, press),
        corrections=await _corrections(issuance.statement_hash, asked=asked, db=db),
    )
    attached = Attached(f"{code}.receipt.json", service.as_file(bundle))
    return await _made(press, sheet, [attached], at=issuance.issued_at, name=code)


def _place(bundle: Bundle, press: Press) -> sheets.ProvedAt:
    where = codes.place_of(bundle)
    return sheets.ProvedAt(where.leaf.hex(), where.leaf_index, where.size, codes.link(press.site_url, where.leaf))


async def _corrections(*hashes: str, asked: Call, db: Database) -> list[Correction]:
    """Of several statements, in the order of time."""
    found = [each for one in hashes for each in (await corrections.corrections(one, _ALL, asked=asked, db=db)).items]
    return sorted(found, key=lambda each: each.at)


async def _made(
    press: Press, sheet: sheets.CertificateSheet, receipts: Sequence[Attached], *, at: datetime, name: str
) -> Certificate:
    return Certificate(f"{name}.certificate.pdf", await press.typesetter.make(sheet, receipts, at=at))
