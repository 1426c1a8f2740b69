-- name: lock_key
select pg_try_advisory_xact_lock($1);
-- name: seen
select request_sha256, object_id from registry.idempotency where person_id = $1 and operation = $2 and key = $3;
-- name: remember
insert into registry.idempotency (person_id, operation, key, request_sha256, object_id) values ($1, $2, $3, $4, $5);
-- name: remember_first
-- For a write that names its object beforehand: the lock, the question and the memory in one statement. The insert asks
-- the index and not this statement's snapshot, so a commit of just now is not missed. No row: in flight, or seen.
insert into registry.idempotency (person_id, operation, key, request_sha256, object_id)
select $2, $3, $4, $5, $6 where pg_try_advisory_xact_lock($1)
on conflict on constraint idempotency_once do nothing returning object_id;
-- name: forget_old
-- Retirements are remembered for ever, everything else for 30 days (DESIGN §3).
delete from registry.idempotency where operation <> 'retire_credits' and created_at < now() - interval '30 days';
