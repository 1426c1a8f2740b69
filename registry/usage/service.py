"""What is used of quotas, put together from the capabilities that keep it; and the operator's clean-up."""

from collections.abc import Sequence

from registry.access import authorisation as access
from registry.access.grants import service as grants
from registry.access.keys import service as keys
from registry.claims import service as claims
from registry.claims.drafts import service as claim_drafts
from registry.claims.green_power import service as green_power
from registry.community.events import service as events
from registry.community.retail import service as retail
from registry.credits.transfers import service as transfers
from registry.kit.database import Database, Tx
from registry.kit.quotas import Quotas
from registry.notifications.webhooks import service as webhooks
from registry.parties import service as parties
from registry.projects import usage as projects
from registry.projects.service import documents
from schemas.access import Call
from schemas.usage import OrganisationUsage, QuotaUsage, UnnamedDocument


async def usage(organisation_id: int, *, asked: Call, db: Database, quotas: Quotas) -> OrganisationUsage:
    """How much of each quota an organisation of the caller's has used, and the region."""
    access.authorise_for(asked, organisation_id)
    async with db.snapshot() as tx:
        await parties.organisation_in(tx, organisation_id)
        used = await _used_in(tx, organisation_id)
    shown = (quotas.usage(name, number) for name, number in used.items())
    return OrganisationUsage(
        organisation_id=organisation_id,
        quotas=tuple(
            QuotaUsage(
                quota=each.quota.name,
                holder="region" if each.quota.holder == "region" else "organisation",
                used=each.used,
                limit=each.limit,
                unit=each.quota.unit,
                counts=each.quota.counts,
            )
            for each in shown
        ),
    )


async def _used_in(tx: Tx, organisation_id: int) -> dict[str, int]:
    return {
        **await projects.of_organisation(tx, organisation_id),
        **await claims.usage_in(tx, organisation_id),
        **await claim_drafts.usage_in(tx, organisation_id),
        **await green_power.usage_in(tx, organisation_id),
        "pending_transfers": await transfers.pending_in(tx, organisation_id),
        "accounts": await parties.accounts_of_in(tx, organisation_id),
        "people": await grants.number_at_in(tx, organisation_id),
        "invitations": await grants.number_invited_in(tx, organisation_id),
        "keys": await keys.keys_at_in(tx, organisation_id),
        "events": await events.events_of_in(tx, organisation_id),
        "webhooks": await webhooks.number_of_in(tx, organisation_id),
        "retail_pools": await retail.pools_of_in(tx, organisation_id),
        "region_document_mb": await projects.region_document_bytes(tx),
        **await parties.region_usage_in(tx),
    }


async def unnamed_documents_in(tx: Tx, *, older_than_days: int) -> Sequence[UnnamedDocument]:
    """Every document that no project, report or claim names, and that is older than so many days (real time)."""
    found: list[UnnamedDocument] = []
    page = await documents.unnamed_in(tx, older_than_days=older_than_days)
    while page:
        named = await claims.reports_named_in(tx, [each.sha256 for each in page])
        found += (each for each in page if each.sha256 not in named)
        page = await documents.unnamed_in(tx, older_than_days=older_than_days, after=page[-1].sha256)
    return found


async def remove_document_in(tx: Tx, sha256: str, *, older_than_days: int) -> bool:
    """
    Remove one document, as the owner of the tables; returns False if something names it by now, or it is gone.

    From here to the end of the transaction nobody names any document. Who uploads the same file again has it again.
    """
    if not await documents.is_unnamed_locked_in(tx, sha256, older_than_days=older_than_days):
        return False
    if await claims.reports_named_in(tx, [sha256]):
        return False
    await documents.remove_in(tx, sha256)
    return True
