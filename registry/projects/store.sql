-- name: insert_document
insert into registry.document (sha256, media_type, content, uploaded_by, uploaded_at, organisation_id)
values ($1, $2, $3, $4, registry.business_now(), $5) on conflict (sha256) do nothing;
-- name: share_documents
-- For a transaction that names documents, until it commits: none is removed meanwhile. The next statement sees what was removed before.
select pg_advisory_xact_lock_shared(hashtextextended('documents that are named', 0));
-- name: lock_documents
select pg_advisory_xact_lock(hashtextextended('documents that are named', 0));
-- name: unnamed_documents
-- Those that are older than $1 days and that no project, report or version of a report names, a page after $2. A draft
-- that was withdrawn and never submitted names nothing.
select d.sha256, d.media_type, octet_length(d.content) as size_bytes, d.organisation_id, d.stored_at
from registry.document d
where d.stored_at < now() - $1::int * interval '1 day' and d.sha256 > $2 and ($4::bytea is null or d.sha256 = $4)
  and not exists (select from registry.project p
    where (p.documents @> array[d.sha256] or p.submitted_documents @> array[d.sha256] or p.validation_report = d.sha256)
      and (p.state <> 'withdrawn' or p.rejected_from is not null))
  and not exists (select from registry.monitoring_report r
    where r.documents @> array[d.sha256] or r.verification_report = d.sha256)
  and not exists (select from registry.report_version v
    where v.documents @> array[d.sha256] or v.verification_report = d.sha256)
  and not exists (select from registry.report_use u where u.sha256 = d.sha256)
order by d.sha256 limit $3;
-- name: remove_document
delete from registry.document where sha256 = $1;
-- name: insert_upload
-- Everybody who ever uploaded it, with the organisations for which they may have done so.
insert into registry.document_upload as u (sha256, person_id, organisations, uploaded_at)
values ($1, $2, $3, registry.business_now())
on conflict (sha256, person_id) do update
set organisations = array(select distinct unnest(u.organisations || excluded.organisations) order by 1);
-- name: uploading_verifiers
select u.person_id from registry.document_upload u join registry.verifier_now v on v.person_id = u.person_id
where u.sha256 = $1 and v.organisation_id = $2;
-- name: shown_to
-- Whether person $2, of the organisations $3, may see document $1: as one who uploaded it, as the owner of what it
-- decided, or because a project or report that they see names it. Of a project that is not standing, strangers see what
-- was last submitted. Reports are of registered projects, which everybody sees.
select exists (
  select from registry.document_upload where sha256 = $1 and (person_id = $2 or organisations && $3::bigint[])
  union all
  select from registry.report_use where sha256 = $1 and owner_id = any($3)
  union all
  select from registry.project where documents @> array[$1::bytea] and (standing or developer_id = any($3))
  union all
  select from registry.project where submitted_documents @> array[$1] and not standing
  union all
  select from registry.project where validation_report = $1
  union all
  select from registry.monitoring_report where documents @> array[$1] or verification_report = $1
  union all
  select from registry.report_version where documents @> array[$1] or verification_report = $1
);
-- name: document
select sha256, media_type, octet_length(content) as size_bytes, uploaded_by, uploaded_at
from registry.document where sha256 = $1;
-- name: documents_of
-- What a project and its monitoring reports name: design and evidence by their developer, reports by verifiers.
select d.sha256, d.media_type, octet_length(d.content) as size_bytes, d.uploaded_at, n.of, n.report_id
from (
  select unnest(case when p.standing or p.submitted is null or $2::bigint[] is null or p.developer_id = any($2)
    then p.documents else p.submitted_documents end) as sha256, 'design' as of, null::bigint as report_id, 0 as place
  from registry.project p where p.id = $1
  union all
  select p.validation_report, 'validation', null, 1 from registry.project p where p.id = $1
  union all
  select unnest(r.documents), 'evidence', r.id, 2 from registry.monitoring_report r where r.project_id = $1
  union all
  select r.verification_report, 'verification', r.id, 3 from registry.monitoring_report r where r.project_id = $1
) n join registry.document d on d.sha256 = n.sha256
order by n.report_id nulls first, n.place, d.uploaded_at, d.sha256 limit 500;
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
-- A validation was of what the project said before.
update registry.project set name = $2, methodology = $3, location = $4, crediting_begins = $5, crediting_ends = $6,
  description = $7, documents = $8, site = $9, design = $10, validation_report = null
where id = $1 and state in ('draft', 'rejected');
-- name: projects (either order)
-- What is looked for by methodology is found by what the caller sees.
select p.*, o.name as developer, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id, w.not_organisation_id
from registry.project p join registry.organisation o on o.id = p.developer_id
left join registry.project_awaits w on w.id = p.id
where p.id > $1 and ($3::bigint is null or p.id = $3) and ($4::text is null or p.state = $4)
  and (not p.unseen or $5::bigint[] is null or p.developer_id = any($5))
  and ($6::text is null or $6 = case when p.standing or p.submitted is null or $5 is null or p.developer_id = any($5)
    then p.methodology else p.submitted::json ->> 'methodology' end)
  and ($7::bigint is null or p.developer_id = $7)
order by p.id limit $2;
-- name: lock_project
select id from registry.project where id = $1 for no key update;
-- name: lock_identities
-- Projects and reports that could be the same wait for each other here.
select pg_advisory_xact_lock(hashtextextended('identity of projects', 0));
-- name: standing_projects
-- Those that $1 must not repeat: of its methodology, with a day of its crediting period, and not a draft or sent back.
select o.*, d.name as developer, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id, w.not_organisation_id
from registry.project o join registry.organisation d on d.id = o.developer_id
left join registry.project_awaits w on w.id = o.id, registry.project p
where p.id = $1 and o.id <> p.id and o.methodology = p.methodology and o.standing
  and o.crediting_begins <= p.crediting_ends and p.crediting_begins <= o.crediting_ends
order by o.id;
-- name: evidence_elsewhere
-- Who else relies on one of the documents $1: another project than $2, or another report than $3.
select o.code || ' (project)' as used_by, o.documents
from registry.project o where o.documents && $1 and o.id <> $2 and o.standing
union all
select 'report ' || r.id || ' of ' || p.code, r.documents
from registry.monitoring_report r join registry.project p on p.id = r.project_id
where r.documents && $1 and r.id is distinct from $3 and r.state <> 'rejected'
limit 1;
-- name: use_report
-- The first decision keeps it: 0 rows means that the report carries another one.
insert into registry.report_use (sha256, used_by, owner_id, used_at) values ($1, $2, $3, registry.business_now())
on conflict do nothing;
-- name: report_use
select used_by from registry.report_use where sha256 = $1;
-- name: keep_submitted
-- What is submitted is public from now on, whatever the developer changes later.
update registry.project set submitted_documents = documents, submitted = json_build_object(
  'name', name, 'methodology', methodology, 'location', location, 'crediting_begins', crediting_begins,
  'crediting_ends', crediting_ends, 'description', description, 'site', site::json, 'design', design::json)::text
where id = $1;
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
-- The people who acted for the developer: drafted, submitted, reported.
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
select r.*, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id, w.not_organisation_id
from registry.monitoring_report r left join registry.report_awaits w on w.id = r.id
where r.id > $1 and ($3::bigint is null or r.project_id = $3) and ($4::bigint is null or r.id = $4)
order by r.id limit $2;
-- name: standing_reports
-- Those that count: there are at most as many as periods that do not overlap.
select r.*, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id, w.not_organisation_id
from registry.monitoring_report r left join registry.report_awaits w on w.id = r.id
where r.project_id = $1 and r.state <> 'rejected' order by r.id;
-- name: lock_report
select id from registry.monitoring_report where id = $1 for no key update;
-- name: move_report
update registry.monitoring_report set state = $3,
  verification_report = coalesce($4, verification_report), verifier_id = coalesce($5, verifier_id)
where id = $1 and state = $2;
