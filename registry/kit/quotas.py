"""
How much one organisation, person or project, and the whole region, may keep here: every limit, in one table.

A limit is checked in the transaction that adds, under a lock of its own, so that two at once do not pass it. What is
bounded elsewhere: orders and listings that an account has open (`exchange.engine.market`), keys of a person that work
(`registry.access.keys.rules`), corrections of one statement (`registry.transparency.corrections`), pages, and requests
a second (`registry.access.rates`). What only takes power away, such as a freeze or the end of a key, has no limit.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.problems import DomainError, Kind

_sql = sql.load(__package__, "quotas.sql")
MB: Final = 1_000_000


class QuotaUsedUp(DomainError):
    """As much is kept for this organisation, person, project or region as may be; nothing was added."""

    kind, slug, title = Kind.CONFLICT, "quota-used-up", "Quota used up"


class Quota(NamedTuple):
    """
    One limit: so many *unit* of each *holder*. *counts* says what counts, *remedy* how it becomes less.

    What is counted is *scale* times smaller than the unit: bytes where the limit is in MB.
    """

    name: str
    limit: int
    unit: str
    holder: str
    counts: str
    remedy: str
    scale: int = 1


_RAISE: Final = "Ask the operator of the registry to raise the limit (KILNWOOD_QUOTAS)."
_CLEAN: Final = "The operator can remove documents that nothing refers to (kilnwood documents), or raise the limit."

TABLE: Final = (
    # A project has a dozen documents, a report a few; the largest developers have some hundred projects.
    Quota("documents", 5_000, "documents", "organisation", "documents that it uploaded", _CLEAN),
    # 200 files of the largest size, or 5,000 of 400 kB, as scanned permits and meter readings are.
    Quota("document_mb", 2_000, "MB", "organisation", "bytes of the documents that it uploaded", _CLEAN, MB),
    # 25 organisations that use theirs up; to be set by the disk. Ten megabytes come in a second.
    Quota("region_document_mb", 50_000, "MB", "region", "bytes of all documents", _CLEAN, MB),
    # Work under way: nobody writes a hundred designs at a time.
    Quota(
        "drafts",
        100,
        "projects",
        "organisation",
        "drafts, and projects that were sent back",
        "Submit some, or withdraw them (POST /v1/projects/ID/withdraw).",
    ),
    # Whatever was begun stays, also what was withdrawn, with its history.
    Quota("projects", 2_000, "projects", "organisation", "projects of any state, withdrawn ones too", _RAISE),
    # Monthly reports over the forty years of a forest. The rules read all of them.
    Quota("reports", 500, "reports", "project", "monitoring reports of any state", _RAISE),
    # One is kept whenever a report that was sent back is filed again.
    Quota("report_versions", 100, "versions", "report", "versions of one report", _RAISE),
    # Anybody objects without a key; a city's whole neighbourhood may. 20,000 of the longest are 100 MB.
    Quota(
        "objections",
        20_000,
        "objections",
        "project",
        "objections to one project",
        "Write to the authority, which answers the open ones.",
    ),
    Quota(
        "comments",
        50,
        "comments",
        "person",
        "comments of one person on one project",
        "Say the rest in one of your own channels, and name it in a comment.",
    ),
    # A venue with a dozen events a day for two years. Each is kept, for a claim may name it at any time.
    Quota("footprints", 10_000, "footprints", "organisation", "footprints that were computed and stored", _RAISE),
    # Every claim is a statement in the public log for ever.
    Quota("claims", 10_000, "claims", "organisation", "claims of any type", _RAISE),
    # Claims under way: a venue's events of a quarter.
    Quota(
        "claim_drafts",
        200,
        "drafts",
        "organisation",
        "claims that are being prepared",
        "Declare some, or withdraw them (POST /v1/claim-drafts/ID/withdraw).",
    ),
    # A contract or certificate for each month and meter, for years; each number is kept for ever.
    Quota("green_power", 5_000, "contracts", "organisation", "green-power contracts and certificates", _RAISE),
    # A venue's for years. The claims of guests count among its own.
    Quota("events", 1_000, "events", "organisation", "events and places with a page", _RAISE),
    # A large exhibition's guests within a quarter of an hour. It keeps one address from holding a whole pool.
    Quota(
        "guests_waiting",
        500,
        "guests",
        "event",
        "guests whose kilograms are held and not paid yet",
        "Wait: what is not paid within 15 minutes comes back.",
    ),
    # As many guests with a flight from Beijing. Without it a few hundred forms hold thousands of tonnes of a pool.
    Quota(
        "guests_waiting_kg",
        500_000,
        "kg",
        "event",
        "kilograms that are held for guests and not paid yet",
        "Wait: what is not paid within 15 minutes comes back.",
    ),
    # One for each issuance and price at a time; those that ended stay.
    Quota("retail_pools", 200, "pools", "organisation", "retail pools, withdrawn ones too", _RAISE),
    # Each holds kilograms and locks a row until it ends, after 30 days at most.
    Quota(
        "pending_transfers",
        500,
        "transfers",
        "organisation",
        "transfers that it proposed and nobody has closed",
        "Wait until they are accepted, or withdraw some (POST /v1/transfers/ID/withdraw).",
    ),
    # Regulators open them; a hundred are departments, subsidiaries and purposes.
    Quota("accounts", 100, "accounts", "organisation", "accounts that were opened", _RAISE),
    Quota(
        "people",
        500,
        "people",
        "organisation",
        "people who hold a role there now",
        "Remove somebody (POST /v1/organisations/ID/colleagues/PERSON/remove).",
    ),
    # A person is kept for ever, because what they did is.
    Quota("invitations", 5_000, "people", "organisation", "people who were ever invited there", _RAISE),
    # Two for each of 500 people: one in use, one to rotate to. A process has all of them in memory.
    Quota(
        "keys",
        1_000,
        "keys",
        "organisation",
        "keys that work, of people who hold a role there",
        "Revoke keys that nobody uses (POST /v1/keys/ID/revoke), or remove people.",
    ),
    # A system of each department; every event goes to each of them.
    Quota(
        "webhooks",
        10,
        "webhooks",
        "organisation",
        "addresses to which events are sent, paused ones too",
        "Remove one (POST /v1/organisations/ID/webhooks/WEBHOOK/remove).",
    ),
    # Revoked keys are kept; a program that makes one for each of its runs would leave thousands.
    Quota(
        "keys_a_day",
        100,
        "keys",
        "person",
        "keys that the person made in the last 24 hours",
        "Use one that works, or wait.",
    ),
    # Proposals run for seven days; those that were carried out do not count.
    Quota(
        "proposals",
        200,
        "approvals",
        "person",
        "approvals proposed in the last seven days and not carried out",
        "Have some carried out, or wait until a week has passed.",
    ),
    # A regulator registers both alone; this is for a program gone wrong, not for a region that grows.
    Quota("organisations", 20_000, "organisations", "region", "organisations that were registered", _RAISE),
    Quota("region_people", 200_000, "people", "region", "people who were registered", _RAISE),
)
LIMITS: Final[Mapping[str, int]] = {each.name: each.limit for each in TABLE}
"""The limits unless the operator sets others."""

Count = Callable[[Tx, int], Awaitable[int]]
"""How much a holder has used, in the unit that is counted."""


class Usage(NamedTuple):
    """How much of a quota is used, in its unit, rounded up."""

    quota: Quota
    used: int
    limit: int


class Quotas:
    """Every quota, some with other limits than by default."""

    def __init__(self, changed: Mapping[str, int] | None = None) -> None:
        self._quotas = {each.name: each._replace(limit=(changed or {}).get(each.name, each.limit)) for each in TABLE}

    async def admit_in(self, tx: Tx, name: str, holder_id: int, count: Count, *, adding: int = 1) -> None:
        """
        Refuse to add *adding* to what *count* finds of a holder, beyond the limit. Raises `QuotaUsedUp`.

        Until the transaction ends, nobody else adds to the same quota of the same holder: call it before what adds.
        With *adding* 0 it may be called afterwards.
        """
        await tx.execute(_sql.lock_quota, f"{name}:{holder_id}")
        self.check(name, await count(tx, holder_id), adding=adding)

    def check(self, name: str, used: int, *, adding: int = 1) -> None:
        """Raise `QuotaUsedUp` if *used* and *adding* together are beyond the limit."""
        quota = self._quotas[name]
        if used + adding <= quota.limit * quota.scale:
            return
        shown = self.usage(name, used)
        more = f", and this adds {-(-adding // quota.scale):,}" if quota.scale > 1 and adding else ""
        raise QuotaUsedUp(
            f"{shown.used:,} of {shown.limit:,} {quota.unit} are used ({quota.counts}, by {quota.holder}){more}. "
            f"Nothing was added. {quota.remedy}",
            quota=name,
            used=shown.used,
            limit=shown.limit,
            unit=quota.unit,
        )

    def usage(self, name: str, used: int) -> Usage:
        """What is used of a quota, as people read it."""
        quota = self._quotas[name]
        return Usage(quota, -(-used // quota.scale), quota.limit)


DEFAULT: Final = Quotas()
"""The limits of the table."""
