-- name: insert_document
insert into registry.document (sha256, media_type, content, uploaded_by, uploaded_at)
values ($1, $2, $3, $4, registry.business_now()) on conflict (sha256) do nothing;
-- name: document
select sha256, media_type, octet_length(content) as size_bytes, uploaded_by, uploaded_at
from registry.document where sha256 = $1;
-- name: document_content
select media_type, content from registry.document where sha256 = $1;
-- name: known_documents
select sha256 from registry.document where sha256 = any($1::bytea[]);
-- name: next_number
select nextval('registry.project_number_seq');
-- name: insert_project
-- The number was drawn before, because the code has it.
insert into registry.project (number, code, region_id, developer_id, name, methodology, location, crediting_begins,
  crediting_ends, description, documents, state, created_at)
overriding system value
values ($1, $2, registry.region_id(), $3, $4, $5, $6, $7, $8, $9, $10, 'draft', registry.business_now())
returning id;
-- name: update_project
update registry.project set name = $2, methodology = $3, location = $4, crediting_begins = $5, crediting_ends = $6,
  description = $7, documents = $8
where id = $1 and state in ('draft', 'rejected');
-- name: projects
select p.*, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id
from registry.project p left join registry.project_awaits w on w.id = p.id
where p.id > $1 and ($3::bigint is null or p.id = $3) and ($4::text is null or p.state = $4)
  and (p.state <> 'draft' or $5::bigint[] is null or p.developer_id = any($5))
order by p.id limit $2;
-- name: lock_project
select id from registry.project where id = $1 for no key update;
-- name: move_project
-- Guarded: 0 rows means that somebody else moved it first.
update registry.project set state = $3,
  rejected_from = case when $3 = 'rejected' then $2 end,
  notice_opened = coalesce($4, notice_opened), notice_ends = coalesce($5, notice_ends)
where id = $1 and state = $2;
-- name: insert_event
insert into registry.project_event (project_id, report_id, person_id, organisation_id, from_state, to_state, why, at)
values ($1, $2, $3, $4, $5, $6, $7, registry.business_now());
-- name: drafters
-- Whoever acted for the developer: drafted, submitted, reported.
select distinct person_id from registry.project_event where project_id = $1 and organisation_id = $2;
-- name: events
select id, report_id, person_id, organisation_id, from_state, to_state, why, at
from registry.project_event where project_id = $3 and id > $1 order by id limit $2;
-- name: insert_comment
insert into registry.notice_comment (project_id, person_id, text, at) values ($1, $2, $3, registry.business_now())
returning id, text, at;
-- name: comment
select id, text, at from registry.notice_comment where id = $1;
-- name: comments
select id, text, at from registry.notice_comment where project_id = $3 and id > $1 order by id limit $2;
-- name: insert_report
insert into registry.monitoring_report (project_id, vintage, begins, ends, activity, reduction, reduction_kg,
  issuable_t, documents, state, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'submitted', registry.business_now()) returning id;
-- name: replace_report
update registry.monitoring_report set vintage = $2, begins = $3, ends = $4, activity = $5, reduction = $6,
  reduction_kg = $7, issuable_t = $8, documents = $9, state = 'submitted', verification_report = null,
  verifier_id = null
where id = $1 and state = 'rejected';
-- name: reports
select r.*, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id
from registry.monitoring_report r left join registry.report_awaits w on w.id = r.id
where r.id > $1 and ($3::bigint is null or r.project_id = $3) and ($4::bigint is null or r.id = $4)
order by r.id limit $2;
-- name: lock_report
select id from registry.monitoring_report where id = $1 for no key update;
-- name: move_report
update registry.monitoring_report set state = $3,
  verification_report = coalesce($4, verification_report), verifier_id = coalesce($5, verifier_id)
where id = $1 and state = $2;
