-- name: now
select registry.business_now();
-- name: begin
insert into registry.business_clock (simulated, at) values ($1, $2);
-- name: lock
select simulated, at from registry.business_clock for update;
-- name: keep
-- At most once in ten seconds: a row that is updated more often would only be vacuumed more often.
select registry.keep_business_time(clock_timestamp()) from registry.business_clock
where not simulated and at < clock_timestamp() - interval '10 seconds';
-- name: behind
select registry.clock_behind() as behind, at from registry.business_clock;
-- name: advance
update registry.business_clock set at = $1;
