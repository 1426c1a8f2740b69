-- name: lock_key
select pg_try_advisory_xact_lock($1);
-- name: seen
select request_sha256, object_id from registry.idempotency where person_id = $1 and operation = $2 and key = $3;
-- name: remember
insert into registry.idempotency (person_id, operation, key, request_sha256, object_id) values ($1, $2, $3, $4, $5);
-- name: forget_old
-- Retirements are remembered for ever, everything else for 30 days (DESIGN §3).
delete from registry.idempotency where operation <> 'retire_credits' and created_at < now() - interval '30 days';
