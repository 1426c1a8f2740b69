-- name: key_by_hash
-- One round trip for each request: the key, its person and the roles in effect now.
select k.id as key_id, k.person_id, k.revoked_at,
  array_remove(array_agg(g.role order by g.id), null) as roles,
  array_remove(array_agg(g.organisation_id order by g.id), null) as organisations
from registry.api_key k
left join registry.role_grant g on g.person_id = k.person_id and g.during @> registry.business_now()
where k.hash = $1
group by k.id;
-- name: insert_key
insert into registry.api_key (person_id, prefix, hash, created_by) values ($1, $2, $3, $4)
returning id, person_id, prefix, created_at, revoked_at;
-- name: key
select id, person_id, prefix, created_at, revoked_at from registry.api_key where id = $1;
-- name: revoke_key
update registry.api_key set revoked_at = now() where id = $1 and revoked_at is null;
-- name: keys
select id, person_id, prefix, created_at, revoked_at from registry.api_key
where person_id = $3 and id > $1 order by id limit $2;
-- name: open_keys
select count(*) from registry.api_key where person_id = $1 and revoked_at is null;
-- name: roles_ever
select count(*) from registry.role_grant where person_id = $1;
-- name: lock_person
-- Key issuance for one person is serialised, so that "has no key yet" stays true until the commit.
select name from registry.party where id = $1 and kind = 'person' for no key update;
-- name: person_name
select name from registry.party where id = $1;
-- name: insert_approval
insert into registry.approval (operation, body, sha256, reason, proposer_id, proposed_at, expires_at)
values ($1, $2, $3, $4, $5, now(), now() + interval '7 days')
returning *, now() as read_at;
-- name: approval
select a.*, now() as read_at,
  exists (select from registry.role_grant g where g.person_id = a.proposer_id and g.role = 'regulator'
    and g.during @> registry.business_now()) as proposer_stands,
  exists (select from registry.api_key k where (k.person_id = $2 and k.created_by = a.proposer_id)
    or (k.person_id = a.proposer_id and k.created_by = $2)) as keys_crossed
from registry.approval a where a.id = $1;
-- name: approvals
select *, now() as read_at from registry.approval where id > $1 order by id limit $2;
-- name: use_approval
-- Guarded: 0 rows means that another second person was faster, or that it expired meanwhile.
update registry.approval set approver_id = $2, used_at = now()
where id = $1 and used_at is null and withdrawn_at is null and expires_at > now() and proposer_id <> $2;
-- name: withdraw_approval
update registry.approval set withdrawn_at = now() where id = $1 and used_at is null and withdrawn_at is null;
-- name: regulators_lock
-- Whoever takes power from a regulator queues here, so that the count after it is true at the commit.
select pg_advisory_xact_lock(hashtextextended('regulators', 0));
-- name: working_regulators
select count(distinct g.person_id) from registry.role_grant g
join registry.api_key k on k.person_id = g.person_id and k.revoked_at is null
where g.role = 'regulator' and g.during @> registry.business_now();
-- name: insert_grant
insert into registry.role_grant (person_id, organisation_id, role, during, approval_id)
values ($1, $2, $3, tstzrange(registry.business_now(), $4), $5) returning id;
-- name: grant
select id, person_id, organisation_id, role, lower(during) as begins, upper(during) as ends, approval_id
from registry.role_grant where id = $1;
-- name: grants
select id, person_id, organisation_id, role, lower(during) as begins, upper(during) as ends, approval_id
from registry.role_grant where id > $1 order by id limit $2;
-- name: end_grant
-- Over at once, also where business time stands still since it began: a range is never empty, so that one begins a
-- microsecond earlier.
update registry.role_grant
set during = tstzrange(least(lower(during), registry.business_now() - interval '1 microsecond'), registry.business_now())
where id = $1 and (upper_inf(during) or upper(during) > registry.business_now());
-- name: organisation
select id from registry.party where id = $1 and kind = 'organisation';
-- name: close_gate
-- Waits for every transaction that has locked accounts (credits, lock_accounts); whoever comes later sees the freeze.
select pg_advisory_xact_lock(hashtextextended('restriction', 0));
-- name: target_account
select id from registry.account where id = $1;
-- name: target_project
select id from registry.project where id = $1;
-- name: target_issuance
select id from registry.issuance where id = $1;
-- name: insert_restriction
insert into registry.restriction (scope, target_id, reason, placed_by, during)
values ($1, $2, $3, $4, tstzrange(registry.business_now(), null)) returning id;
-- name: restriction
select id, scope, target_id, reason, placed_by, lower(during) as begins, upper(during) as ends, approval_id
from registry.restriction where id = $1;
-- name: restrictions
select id, scope, target_id, reason, placed_by, lower(during) as begins, upper(during) as ends, approval_id
from registry.restriction where id > $1 order by id limit $2;
-- name: lift_restriction
update registry.restriction
set during = tstzrange(lower(during), greatest(registry.business_now(), lower(during) + interval '1 microsecond')),
  approval_id = $2
where id = $1 and upper_inf(during);
-- name: in_effect
-- The freezes on any of these accounts, projects and issuances. Read it after the accounts are locked.
select id, scope, target_id, reason from registry.restriction
where upper_inf(during)
  and ((scope = 'account' and target_id = any($1::bigint[]))
    or (scope = 'project' and target_id = any($2::bigint[]))
    or (scope = 'issuance' and target_id = any($3::bigint[])))
order by id limit 1;
