-- name: insert_document
insert into registry.document (sha256, media_type, content, uploaded_by, uploaded_at)
values ($1, $2, $3, $4, registry.business_now()) on conflict (sha256) do nothing;
-- name: document
select sha256, media_type, octet_length(content) as size_bytes, uploaded_by, uploaded_at
from registry.document where sha256 = $1;
-- name: documents_of
-- What a project and its monitoring reports name: design and evidence by their developer, reports by verifiers.
select d.sha256, d.media_type, octet_length(d.content) as size_bytes, d.uploaded_at, n.of, n.report_id
from (
  select unnest(p.documents) as sha256, 'design' as of, null::bigint as report_id, 0 as place
  from registry.project p where p.id = $1
  union all
  select p.validation_report, 'validation', null, 1 from registry.project p where p.id = $1
  union all
  select unnest(r.documents), 'evidence', r.id, 2 from registry.monitoring_report r where r.project_id = $1
  union all
  select r.verification_report, 'verification', r.id, 3 from registry.monitoring_report r where r.project_id = $1
) n join registry.document d on d.sha256 = n.sha256
order by n.report_id nulls first, n.place, d.uploaded_at, d.sha256 limit 500;
-- name: search
-- Whose code it is; what begins with the words, by the index; and what has them anywhere, among the newest.
select p.id, p.code, p.name, p.location, o.name as developer, p.state
from registry.project p join registry.organisation o on o.id = p.developer_id
where p.state <> 'draft' and not (p.state = 'withdrawn' and p.rejected_from is null) and p.id in (
  (select id from registry.project where code = upper($2))
  union all
  (select id from registry.project where lower(name) like $1 || '%' limit 100)
  union all
  (select n.id from (select id, code, name, location from registry.project order by id desc limit 10000) n
  where lower(n.code || ' ' || n.name || ' ' || n.location) like '%' || $1 || '%' limit 100))
order by p.code = upper($2) desc, lower(p.name) like $1 || '%' desc, p.id desc limit $3;
-- name: document_content
select media_type, content from registry.document where sha256 = $1;
-- name: known_documents
select sha256 from registry.document where sha256 = any($1::bytea[]);
-- name: next_number
select nextval('registry.project_number_seq');
-- name: insert_project
-- The number was drawn before, because the code has it.
insert into registry.project (number, code, region_id, developer_id, name, methodology, location, crediting_begins,
  crediting_ends, description, documents, site, design, state, created_at)
overriding system value
values ($1, $2, registry.region_id(), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'draft', registry.business_now())
returning id;
-- name: update_project
update registry.project set name = $2, methodology = $3, location = $4, crediting_begins = $5, crediting_ends = $6,
  description = $7, documents = $8, site = $9, design = $10
where id = $1 and state in ('draft', 'rejected');
-- name: projects (either order)
select p.*, o.name as developer, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id
from registry.project p join registry.organisation o on o.id = p.developer_id
left join registry.project_awaits w on w.id = p.id
where p.id > $1 and ($3::bigint is null or p.id = $3) and ($4::text is null or p.state = $4)
  and ($6::text is null or p.methodology = $6) and ($7::bigint is null or p.developer_id = $7)
  and (not (p.state = 'draft' or p.state = 'withdrawn' and p.rejected_from is null) or $5::bigint[] is null
    or p.developer_id = any($5))
order by p.id limit $2;
-- name: lock_project
select id from registry.project where id = $1 for no key update;
-- name: lock_identities
-- Projects and reports that could be the same wait for each other here.
select pg_advisory_xact_lock(hashtextextended('identity of projects', 0));
-- name: standing_projects
-- Those that $1 must not repeat: of its methodology, with a day of its crediting period, and not a draft or sent back.
select o.*, d.name as developer, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id
from registry.project o join registry.organisation d on d.id = o.developer_id
left join registry.project_awaits w on w.id = o.id, registry.project p
where p.id = $1 and o.id <> p.id and o.methodology = p.methodology and o.state not in ('draft', 'rejected', 'withdrawn')
  and o.crediting_begins <= p.crediting_ends and p.crediting_begins <= o.crediting_ends
order by o.id;
-- name: evidence_elsewhere
-- Who else relies on one of the documents $1: another project than $2, or another report than $3.
select o.code || ' (project)' as used_by, o.documents
from registry.project o where o.documents && $1 and o.id <> $2 and o.state not in ('draft', 'rejected', 'withdrawn')
union all
select 'report ' || r.id || ' of ' || p.code, r.documents
from registry.monitoring_report r join registry.project p on p.id = r.project_id
where r.documents && $1 and r.id is distinct from $3 and r.state <> 'rejected'
limit 1;
-- name: report_used
-- What else the verifier's report $1 carries, other than project $2 or monitoring report $3.
select 'the validation of ' || code from registry.project where validation_report = $1 and id is distinct from $2
union all
select 'the verification of report ' || id from registry.monitoring_report
where verification_report = $1 and id is distinct from $3
limit 1;
-- name: set_validation_report
update registry.project set validation_report = $2 where id = $1;
-- name: set_above_design
update registry.monitoring_report set above_design = $2 where id = $1;
-- name: move_project
-- Guarded: 0 rows means that somebody else moved it first.
update registry.project set state = $3,
  rejected_from = case $3 when 'rejected' then $2 when 'withdrawn' then rejected_from end,
  notice_opened = coalesce($4, notice_opened), notice_ends = coalesce($5, notice_ends)
where id = $1 and state = $2;
-- name: insert_event
insert into registry.project_event (project_id, report_id, person_id, organisation_id, from_state, to_state, why, at)
values ($1, $2, $3, $4, $5, $6, $7, registry.business_now());
-- name: drafters
-- Whoever acted for the developer: drafted, submitted, reported.
select distinct person_id from registry.project_event where project_id = $1 and organisation_id = $2;
-- name: events (either order)
select id, report_id, person_id, organisation_id, from_state, to_state, why, at
from registry.project_event where project_id = $3 and id > $1 order by id limit $2;
-- name: insert_comment
insert into registry.notice_comment (project_id, person_id, text, at) values ($1, $2, $3, registry.business_now())
returning id, text, at;
-- name: comment
select id, text, at from registry.notice_comment where id = $1;
-- name: comments (either order)
select id, text, at from registry.notice_comment where project_id = $3 and id > $1 order by id limit $2;
-- name: insert_objection
-- Sent again, it is the same one.
insert into registry.notice_objection (project_id, name, contact, text, sha256, at)
values ($1, $2, $3, $4, $5, registry.business_now())
on conflict (project_id, sha256) do nothing;
-- name: objections (either order)
select o.id, o.name, o.contact, o.text, o.at, a.text as answer, a.at as answered_at
from registry.notice_objection o left join registry.notice_answer a on a.id = o.answer_id
where o.project_id = $3 and o.id > $1 and ($4::bytea is null or o.sha256 = $4) order by o.id limit $2;
-- name: open_objections
select count(*) as open, min(id) as first from registry.notice_objection where project_id = $1 and answer_id is null;
-- name: insert_answer
insert into registry.notice_answer (project_id, person_id, text, at) values ($1, $2, $3, registry.business_now())
returning id;
-- name: answer_objections
-- An answer stands: what has one keeps it.
update registry.notice_objection set answer_id = $2
where project_id = $1 and answer_id is null and ($3::bigint[] is null or id = any($3));
-- name: answer
select a.id, a.text, a.at, (select count(*) from registry.notice_objection o where o.answer_id = a.id) as objections
from registry.notice_answer a where a.id = $1;
-- name: insert_report
insert into registry.monitoring_report (project_id, vintage, begins, ends, activity, reduction, reduction_kg,
  issuable_t, documents, state, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'submitted', registry.business_now()) returning id;
-- name: keep_version
insert into registry.report_version (report_id, number, begins, ends, activity, reduction, documents,
  verification_report, verifier_id, replaced_at)
select id, 1 + (select count(*) from registry.report_version v where v.report_id = r.id), begins, ends, activity,
  reduction, documents, verification_report, verifier_id, registry.business_now()
from registry.monitoring_report r where id = $1;
-- name: versions (either order)
select * from registry.report_version where report_id = $3 and number > $1::bigint order by number limit $2;
-- name: replace_report
update registry.monitoring_report set vintage = $2, begins = $3, ends = $4, activity = $5, reduction = $6,
  reduction_kg = $7, issuable_t = $8, documents = $9, state = 'submitted', verification_report = null,
  verifier_id = null, above_design = null
where id = $1 and state = 'rejected';
-- name: reports (either order)
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
