-- name: insert_footprint
insert into registry.footprint (organisation_id, request, result, footprint_kg, created_at)
values ($1, $2, $3, $4, registry.business_now()) returning id;
-- name: footprint
select id, organisation_id, request, result, created_at from registry.footprint where id = $1;
-- name: lock_footprint
-- Two claims on one footprint queue here, before either has a place among the statements.
-- (Footprints are append-only, so the serving role may not lock their rows.)
select pg_advisory_xact_lock(hashtextextended('footprint:' || $1::bigint, 0));
-- name: claim_of_footprint
select id from registry.claim where footprint_id = $1;
-- name: lock_subjects
select pg_advisory_xact_lock(hashtextextended('subjects of claims', 0));
-- name: same_subject
-- $1 claimant, then the parts of the subject: kind, id, place, words, begins, ends; $8 the claim itself, if it is made.
-- $9 the attendee whose share is asked about: then those of other attendees, of whom there may be thousands, are left out.
-- One number is one subject at one place, or in the hands of one claimant at one time. So are, at the same time, one
-- place unless both have numbers, and they differ; the same words, first or corrected, where one has no key; and the
-- same claimant's, where no id and no place can be compared. An organisation in a year is one subject by whichever of
-- its identifiers, each of which ends in the year.
with asked as (
  select $1::bigint as claimant_id, $2::text as kind, $3::text as id, $4::text as place, $5::text as words,
    $6::timestamptz as begins, $7::timestamptz as ends
)
select c.id, c.body::json ->> 'subject' as subject, c.wording::json ->> 'subject' as now, c.attendee, c.exclusive,
  f.result, s.sha256
from asked a
join registry.claim c on c.subject_kind = a.kind and c.type <> 'contribution' and c.id is distinct from $8::bigint
  and c.annulled_at is null and ($9::int is null or c.attendee is null or c.attendee = $9)
join registry.footprint f on f.id = c.footprint_id
join registry.statement_hash s on s.id = c.statement_id
where c.subject_id = a.id and c.subject_place is not distinct from a.place
  or a.kind = 'organisation' and c.claimant_id = a.claimant_id and right(c.subject_id, 5) = right(a.id, 5)
  or c.begins <= a.ends and a.begins <= c.ends and (
    c.subject_id = a.id and c.claimant_id = a.claimant_id
    or c.subject_place = a.place and coalesce(c.subject_id = a.id, true)
    or coalesce(c.subject_id, c.subject_place) is null and a.words in (c.subject_words, c.corrected_words)
    or coalesce(a.id, a.place) is null and a.words in (c.subject_words, c.corrected_words)
    or coalesce(c.subject_id = a.id, c.subject_place = a.place) is null and c.claimant_id = a.claimant_id)
order by c.id;
-- name: organiser_by_code
select organisation_id from registry.known_event where code = upper($1);
-- name: page_of_travellers
-- The first page of such a place, in that time, whose guests offset their own travel.
select code from registry.known_event
where organisation_id = $1 and kind = $2 and guests_travel and begins <= $4 and ends >= $3 order by code limit 1;
-- name: claims_of_scene
select c.id, f.result from registry.claim c join registry.footprint f on f.id = c.footprint_id
where c.claimant_id = $1 and c.type = 'scene' and starts_with(c.subject_place, $2 || ': ') and c.begins <= $4
  and c.ends >= $3 and c.annulled_at is null
order by c.id;
-- name: claimed
-- What a claim is about and which share of it, as it was made.
select c.claimant_id, c.subject_kind as kind, c.subject_id as id, c.subject_place as place,
  coalesce(c.corrected_words, c.subject_words) as words, c.begins, c.ends, c.attendee, c.exclusive, f.result
from registry.claim c join registry.footprint f on f.id = c.footprint_id where c.id = $1;
-- name: insert_claim
insert into registry.claim (region_id, claimant_id, type, footprint_id, body, new_forest, required_kg, deadline,
  statement_id, created_at, subject_kind, subject_id, subject_place, subject_words, begins, ends, attendee, exclusive,
  reduce_first)
values (registry.region_id(), $1, $2, $3, $4, $5, $6, $7, $8, registry.business_now(), $9, $10, $11, $12, $13, $14,
  $15, $16, $17) returning id;
-- name: newest_statements
-- A claim's code stands in its statement only; as many are looked through as a search for words looks through.
select id, statement_id from registry.claim order by id desc limit 10000;
-- name: search
-- What begins with the words, by the index on the subject as it was claimed; and among the newest, what has them in the
-- subject as it reads now, in its place or at the beginning of its number.
select c.id, coalesce(c.wording::jsonb ->> 'subject', c.body::jsonb ->> 'subject') as subject, o.name as claimant, c.type
from registry.claim c join registry.organisation o on o.id = c.claimant_id
where c.id in (
  (select id from registry.claim where subject_words like $1 || '%' order by id desc limit 100)
  union all
  (select n.id from (
    select id, body, wording, subject_kind, subject_id, subject_place from registry.claim order by id desc limit 10000) n
  where lower(coalesce(n.wording::jsonb ->> 'subject', n.body::jsonb ->> 'subject')) like '%' || $1 || '%'
    or n.subject_id like $1 || '%' or n.subject_kind <> 'person' and n.subject_place like '%' || $1 || '%' limit 100))
order by c.id desc limit $2;
-- name: titles
select c.id, coalesce(c.wording::jsonb ->> 'subject', c.body::jsonb ->> 'subject') as subject, c.claimant_id,
  o.name as claimant, c.type
from registry.claim c join registry.organisation o on o.id = c.claimant_id where c.id = any($1::bigint[]);
-- name: claims (either order)
select c.id, c.claimant_id, o.name as claimant, c.type, c.body, c.wording, c.reduce_first, c.footprint_id, c.required_kg, c.allocated_kg, c.deadline,
  s.sha256, c.statement_id, c.created_at, f.result, registry.business_now() >= c.ends as over,
  w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id, w.not_organisation_id,
  n.id as annulment_id, n.at as annulled_at, n.reason as annulled_because, n.sha256 as annulled_by
from registry.claim c
join registry.statement_hash s on s.id = c.statement_id
join registry.organisation o on o.id = c.claimant_id
left join registry.footprint f on f.id = c.footprint_id
left join registry.claim_awaits w on w.id = c.id
left join registry.known_annulment n on n.annuls = c.statement_id
where c.id > $1 and ($3::bigint is null or c.id = $3) and ($4::text is null or c.type = $4)
  and ($5::bigint is null or c.claimant_id = $5) and ($6::boolean is null or (c.allocated_kg >= c.required_kg) = $6)
  and ($7::timestamptz is null or c.created_at >= $7) and ($8::timestamptz is null or c.created_at < $8)
  and ($9::boolean is null or (c.annulled_at is not null) = $9)
order by c.id limit $2;
-- name: annul
select registry.annul_claim($1, $2);
-- name: allocate
select registry.allocate_to_claim($1, $2);
-- name: lock_claim_words
select id from registry.claim where id = $1 for no key update;
-- name: set_wording
update registry.claim set wording = $2, corrected_words = $3 where id = $1;
-- name: claim_statement
select statement_id from registry.claim where id = $1;
-- name: claim_by_statement
select id from registry.claim where statement_id = $1;
-- name: footprints_of
select count(*) from registry.footprint where organisation_id = $1;
-- name: claims_of
select count(*) from registry.claim where claimant_id = $1;
-- name: reports_named
-- As a report on the footprint or as a plan to reduce, of a claim or of one that is being prepared.
select distinct named as sha256 from (
  select body::json #>> '{verifier,report_sha256}' as named from registry.claim
  union all select body::json #>> '{plan,plan_sha256}' from registry.claim
  union all select terms::json #>> '{verifier,report_sha256}' from registry.claim_draft where state = 'draft'
  union all select terms::json #>> '{plan,plan_sha256}' from registry.claim_draft where state = 'draft') n
where named = any($1::text[]);
