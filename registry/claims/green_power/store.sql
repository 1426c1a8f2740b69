-- name: insert_contract
insert into registry.green_power (organisation_id, kind, number, spelled, supplier, green_kwh, begins, ends, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, registry.business_now()) returning id;
-- name: contract
select id, organisation_id, kind, number, supplier, green_kwh, used_kwh, green_kwh - used_kwh as left_kwh, begins, ends,
  created_at
from registry.green_power where id = $1;
-- name: contracts
select id, organisation_id, kind, number, supplier, green_kwh, used_kwh, green_kwh - used_kwh as left_kwh, begins, ends,
  created_at
from registry.green_power
where organisation_id = any($3::bigint[]) and id > $1 order by id limit $2;
-- name: contracts_named
-- Of one organisation, by their spelled numbers, where their period meets that of the claim.
select id, organisation_id, kind, number, supplier, green_kwh, used_kwh, green_kwh - used_kwh as left_kwh, begins, ends,
  created_at, spelled
from registry.green_power
where organisation_id = $1 and spelled = any($2::text[]) and begins <= $4 and ends >= $3;
-- name: use_contract
-- Guarded: 0 rows means that so many kilowatt-hours are not left. Waiters read the row again.
update registry.green_power set used_kwh = used_kwh + $2 where id = $1 and used_kwh + $2 <= green_kwh;
-- name: insert_use
insert into registry.green_power_use (green_power_id, claim_id, green_kwh) values ($1, $2, $3);
-- name: contracts_of
select count(*) from registry.green_power where organisation_id = $1;
