-- name: insert_footprint
insert into registry.footprint (organisation_id, request, result, footprint_kg, created_at)
values ($1, $2, $3, $4, registry.business_now()) returning id;
-- name: footprint
select id, organisation_id, request, result, created_at from registry.footprint where id = $1;
-- name: lock_footprint
-- Two claims on one footprint queue here, before either has a place among the statements.
-- (Footprints are append-only, so the serving role may not lock their rows.)
select pg_advisory_xact_lock(hashtextextended('footprint:' || $1::bigint, 0));
-- name: insert_claim
insert into registry.claim (region_id, claimant_id, type, footprint_id, body, new_forest, required_kg, deadline,
  statement_id, created_at)
values (registry.region_id(), $1, $2, $3, $4, $5, $6, $7, $8, registry.business_now()) returning id;
-- name: claims
select c.id, c.claimant_id, c.type, c.body, c.footprint_id, c.required_kg, c.allocated_kg, c.deadline,
  s.sha256, c.statement_id, c.created_at, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id
from registry.claim c join registry.statement_hash s on s.id = c.statement_id
left join registry.claim_awaits w on w.id = c.id
where c.id > $1 and ($3::bigint is null or c.id = $3) and ($4::bigint[] is null or c.claimant_id = any($4))
order by c.id limit $2;
-- name: claim_statement
select statement_id from registry.claim where id = $1;
