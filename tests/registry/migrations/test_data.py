"""Migrations of data: what earlier versions stored is known afterwards by what today's code asks for."""

import asyncpg
import pytest

from deploy.migrations import every_migration
from registry.kit.migrate import migrate
from registry.kit.spelling import spelling
from tests.database import connected, fresh

REGION = """
insert into registry.region values ('CN-510100', 'x', 'SC', 'CDCER', true, 'o', now());
insert into registry.business_clock (simulated, at) values (true, '2025-01-06T01:00:00Z');
insert into registry.party (region_id, kind, name, created_at)
values ('CN-510100', 'person', 'Developer', now()), ('CN-510100', 'organisation', 'Works', now());
insert into registry.role_grant (person_id, organisation_id, role, during)
values (1, 2, 'developer', tstzrange('2024-01-01T00:00:00Z', null));
"""
CLAIM = """
with f as (
  insert into registry.footprint (organisation_id, request, result, footprint_kg, created_at)
  values (2, '{}', '{}', 1, now()) returning id
), s as (
  insert into registry.statement (type, note_text, sha256, at)
  values ('claim/v1', $1::text, sha256(convert_to($1, 'UTF8')), now()) returning id
)
insert into registry.claim (region_id, claimant_id, type, footprint_id, body, new_forest, required_kg, statement_id,
  created_at)
select 'CN-510100', 2, 'event', f.id, json_build_object('subject', $2::text, 'begins', '2025-01-01T00:00:00Z', 'ends',
  '2025-01-02T00:00:00Z', 'exclusive', true)::text, false, 1, s.id, now() from f, s
"""


@pytest.fixture
def dsn(server):
    """The address of an empty database."""
    return fresh(server)


async def before(owner: "asyncpg.Connection[asyncpg.Record]", first_not: str) -> None:
    """Apply the registry's migrations before *first_not*, and make a region with a developer."""
    await migrate(owner, [each for each in every_migration() if each.name < f"registry.migrations/{first_not}"])
    await owner.execute(REGION)


async def test_claims_from_before_are_spelled_as_new_ones(dsn):
    """In a database of the locale C as well, whose lower() knows ASCII only."""
    subjects = ["ÉTÉ à Paris", "ΟΔΟΣ ΟΔΟΣ", "ЁЛКА", "ĄĘ ǄŐ", " Ｗｉｄｅ　 words \t"]
    async with connected(dsn) as owner:
        await before(owner, "0050")
        for number, subject in enumerate(subjects):
            await owner.execute(CLAIM, str(number), subject)
        await migrate(owner, every_migration())
        rows = await owner.fetch("select subject_words, subject_kind from registry.claim order by id")
    for subject, row in zip(subjects, rows, strict=True):
        assert (spelling(subject), "event") == (row["subject_words"], row["subject_kind"])


async def test_a_claim_has_a_kind(dsn):
    """It is compared, so that none is without one."""
    async with connected(dsn) as owner:
        await migrate(owner, every_migration())
        query = "select attnotnull from pg_attribute where attrelid = 'registry.claim'::regclass and attname = $1"
        assert await owner.fetchval(query, "subject_kind")


async def test_documents_and_reports_from_before(dsn):
    """Who uploaded a file and for whom, which reports are used, and what is public of a project that was sent back."""
    async with connected(dsn) as owner:
        await before(owner, "0095")
        await owner.execute("""
            insert into registry.document values (sha256('d'), 't', 'd', 1, '2025-01-01T00:00:00Z'),
              (sha256('v'), 't', 'v', 1, '2023-01-01T00:00:00Z'), (sha256('w'), 't', 'w', 1, now());
            insert into registry.project (number, code, region_id, developer_id, name, methodology, location,
              crediting_begins, crediting_ends, description, documents, state, rejected_from, site, created_at)
            overriding system value
            values (1, 'P-1', 'CN-510100', 2, 'n', 'm', 'l', '2024-01-01', '2030-01-01', 'd', array[sha256('d')],
              'rejected', 'submitted', '{"number":"1"}', now());
            insert into registry.project_event (project_id, person_id, from_state, to_state, why, at) values
              (1, 1, 'submitted', 'validated', 'ok (validation report ' || encode(sha256('v'), 'hex') || ')', now());
            insert into registry.monitoring_report (project_id, vintage, begins, ends, activity, reduction,
              reduction_kg, issuable_t, documents, verification_report, state, created_at)
            values (1, 2024, '2024-01-01', '2024-02-01', '{}', '{}', 1, 1, array[sha256('d')], sha256('w'),
              'issued', now());
        """)
        await migrate(owner, every_migration())
        uploads = await owner.fetch("select organisations from registry.document_upload order by uploaded_at")
        used = await owner.fetch("select used_by, owner_id from registry.report_use order by used_by")
        project = await owner.fetchrow(
            "select submitted::json ->> 'site' as site, submitted_documents, unseen, standing from registry.project"
        )
    assert project is not None
    assert [[], [2], [2]] == [row["organisations"] for row in uploads]
    assert [("the validation of P-1", 2), ("the verification of report 1", 2)] == [tuple(row) for row in used]
    assert ('{"number":"1"}', 1, False, False) == (
        project["site"],
        len(project["submitted_documents"]),
        project["unseen"],
        project["standing"],
    )
