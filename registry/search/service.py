"""Search: each capability looks through its own, and only for what anybody may see."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec.structs import replace

from registry.claims import service as claims
from registry.community.events import service as events
from registry.credits.cancellation import service as cancellations
from registry.credits.issuance import service as issuances
from registry.credits.retirement import look_ups as retirements
from registry.kit.database import Database, Tx
from registry.kit.problems import Unknown
from registry.parties import service as parties
from registry.projects.service import projects
from registry.receipts import codes
from registry.search import rules
from registry.transparency import published
from registry.transparency import service as log
from schemas.access import Actor, Call
from schemas.search import Found
from schemas.serials import Serial

ANYBODY: Final = Call(by=Actor(), operation="list_search_results", permitted=frozenset())
LIMIT: Final = 10
"""The most results of each kind. Lists have the rest."""


async def search(text: str, *, db: Database) -> tuple[Found, ...]:
    """What a code names, which is then *exact*; what has the number; or what has the words in its name."""
    words = rules.words_of(text)
    if not words:
        return ()
    code = rules.code_of(words)
    async with db.reading() as tx:
        named = await _named_in(tx, code) if code else ()
        if any(each.exact for each in named):
            return named
        return (
            *named,
            *await projects.search_in(tx, words, LIMIT),
            *await parties.search_in(tx, words, LIMIT),
            *await claims.search_in(tx, words, LIMIT),
            *await events.search_in(tx, words, LIMIT),
        )


async def _named_in(tx: Tx, code: rules.Code) -> tuple[Found, ...]:
    """The thing that a code names; empty if there is none."""
    match code.kind:
        case "number":
            return await _numbered_in(tx, int(code.text))
        case "serial" | "issuance":
            return await _issued_in(tx, code)
        case "retirement" | "cancellation" | "statement" | "receipt" as kind:
            known = await _KNOWN[kind](tx, code.text)
            return (Found(kind=kind, id=code.text, title=code.text, exact=True),) if known else ()
        case "claim":
            return await claims.coded_in(tx, code.text)
        case "instrument":  # what is issued first of it; the page of what is traded is the exchange's
            first = rules.Code("issuance", f"{code.text}-01")
            return tuple(replace(each, exact=False) for each in await _issued_in(tx, first))
        case "project":
            return ()  # it is found by its code as by its name


async def _on_paper_in(tx: Tx, code: str) -> bool:
    """Whether a statement of the log has this code on paper; a word may look like one."""
    first = codes.parse_code(code)
    return first is not None and await log.find_coded_in(tx, first) is not None


_KNOWN: Final[dict[str, Callable[[Tx, str], Awaitable[bool]]]] = {
    "retirement": retirements.find_in,
    "cancellation": cancellations.find_in,
    "statement": published.find_in,
    "receipt": _on_paper_in,
}


async def _issued_in(tx: Tx, code: rules.Code) -> tuple[Found, ...]:
    """The issuance of a code or a serial; nothing for kilograms that it does not have."""
    serial = Serial.parse(code.text) if code.kind == "serial" else None
    issued = await issuances.find_in(tx, str(serial.issuance) if serial else code.text)
    if issued is None or (serial and serial.last > issued.quantity_kg):
        return ()
    asked = str(serial) if serial else None
    return (Found(kind="issuance", id=issued.code, title=asked or issued.code, exact=True, serial=asked),)


async def _numbered_in(tx: Tx, number: int) -> tuple[Found, ...]:
    """What is counted: a project, an organisation and a claim may all have the number."""
    found = [
        Found(kind="claim", id=str(each.id), title=each.subject, about=each.claimant)
        for each in (await claims.titles_in(tx, [number])).values()
    ]
    with contextlib.suppress(Unknown):
        project = await projects.visible_in(tx, number, ANYBODY)
        found.append(
            Found(kind="project", id=str(number), title=f"{project.code} {project.name}", about=project.developer)
        )
    with contextlib.suppress(Unknown):
        organisation = await parties.organisation_in(tx, number)
        found.append(Found(kind="organisation", id=str(number), title=organisation.name))
    return tuple(found)
