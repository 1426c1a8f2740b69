-- name: now
select registry.business_now();
-- name: begin
insert into registry.business_clock (simulated, at) values ($1, $2);
-- name: lock
select simulated, at from registry.business_clock for update;
-- name: advance
update registry.business_clock set at = $1;
