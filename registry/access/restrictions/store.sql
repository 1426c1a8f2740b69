-- name: close_gate
-- Waits for every transaction that has locked accounts (credits, lock_accounts); one that comes later sees the freeze.
select pg_advisory_xact_lock(hashtextextended('restriction', 0));
-- name: target_account
select id from registry.known_account where id = $1;
-- name: target_project
select id from registry.known_project where id = $1;
-- name: target_issuance
select id from registry.known_issuance where id = $1;
-- name: insert_restriction
insert into registry.restriction (scope, target_id, reason, placed_by, during)
values ($1, $2, $3, $4, tstzrange(registry.business_now(), null)) returning id;
-- name: restriction
select id, scope, target_id, reason, placed_by, lower(during) as begins, upper(during) as ends, approval_id
from registry.restriction where id = $1;
-- name: restrictions (either order)
select id, scope, target_id, reason, placed_by, lower(during) as begins, upper(during) as ends, approval_id
from registry.restriction
where id > $1 and ($3::text is null or scope = $3) and ($4::bigint is null or target_id = $4)
  and ($5::boolean is null or $5 = upper_inf(during))
order by id limit $2;
-- name: owner
select registry.owner_of_frozen($1);
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
