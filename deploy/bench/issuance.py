"""Issuing one tonne and a hundred million: the same work, since an issuance is one span whatever its size."""

import asyncio
from statistics import median
from time import perf_counter

import asyncpg
import httpx

from deploy.bench.figures import Figure, at_most
from deploy.bench.region import BenchRegion
from deploy.scenarios.client import Api

_SMALL_T, _LARGE_T = 1, 100_000_000
_WANTED = 1.1
_PER_SECOND = 50
_LEAST = 5
# A copy of the kiln's report as it was verified, with another result.
_COPY = """
insert into registry.monitoring_report (project_id, vintage, begins, ends, activity, reduction, reduction_kg,
  issuable_t, documents, verification_report, verifier_id, state, created_at)
select project_id, vintage, begins, ends, activity,
  (reduction::jsonb || jsonb_build_object('issuable_t', $2::bigint, 'reduction_kg', $2::bigint * 1000))::text,
  $2::bigint * 1000, $2::bigint, documents, verification_report, verifier_id, 'verified', created_at
from registry.monitoring_report where id = $1 returning id
"""


def issuance(world: BenchRegion, *, seconds: float, rounds: int) -> Figure:
    """Times of ``POST /v1/issuances``, small and large in turn; approvals and reports are made beforehand."""
    pairs = max(_LEAST, round(_PER_SECOND * seconds * rounds / 5))
    small, large = asyncio.run(_times(world, pairs))
    return Figure(
        name="issuance",
        what=f"issuing {_LARGE_T:,} t",
        unit="ms",
        value=1000 * large,
        limit=1000 * small,
        limit_what=f"issuing {_SMALL_T} t",
        share=large / small,
        target=at_most(large / small, _WANTED, f"≤ {_WANTED} of the time of {_SMALL_T} t"),
        rounds=pairs,
    )


async def _times(world: BenchRegion, pairs: int) -> tuple[float, float]:
    owner = await asyncpg.connect(world.dsn)
    try:
        async with httpx.AsyncClient(base_url=world.region.url, timeout=30, trust_env=False) as http:
            api = Api(http, seed="bench-issuance")
            taken = [[await _one(owner, api, world, tonnes) for tonnes in (_SMALL_T, _LARGE_T)] for _ in range(pairs)]
    finally:
        await owner.close()
    small, large = zip(*taken, strict=True)
    return median(small), median(large)


async def _one(owner: asyncpg.Connection, api: Api, world: BenchRegion, tonnes: int) -> float:
    report_id = await owner.fetchval(_COPY, world.season.reports["kiln"], tonnes)
    account_id = world.season.parties["kiln"].account_id
    body = {"operation": "issue_credits", "report_id": report_id, "account_id": account_id}
    first, second = world.season.regulators
    proposed = await api.post("/v1/approvals", {"body": body, "reason": "bench"}, by=first)
    begun = perf_counter()
    await api.post("/v1/issuances", {"approval_id": proposed["id"], "body": body}, by=second)
    return perf_counter() - begun
