-- name: insert_draft
insert into registry.claim_draft (organisation_id, type, terms, created_at, changed_at)
values ($1, $2, $3, registry.business_now(), registry.business_now()) returning id;
-- name: draft
select id, organisation_id, type, state, terms, claim_id, created_at, changed_at from registry.claim_draft where id = $1;
-- name: lock_draft
select id from registry.claim_draft where id = $1 for no key update;
-- name: drafts (either order)
select id, organisation_id, type, state, terms, claim_id, created_at, changed_at from registry.claim_draft
where organisation_id = any($3::bigint[]) and id > $1 order by id limit $2;
-- name: change_draft
-- Guarded: 0 rows means that it was declared or withdrawn.
update registry.claim_draft set terms = $2, changed_at = registry.business_now() where id = $1 and state = 'draft';
-- name: close_draft
update registry.claim_draft set state = $2, terms = $3, claim_id = $4, changed_at = registry.business_now()
where id = $1 and state = 'draft';
-- name: drafts_of
select count(*) from registry.claim_draft where organisation_id = $1 and state = 'draft';
