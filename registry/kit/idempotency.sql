-- name: lock_key
select pg_try_advisory_xact_lock($1);
-- name: still_acts
select registry.still_acts($1, $2, $3::text[], $4::bigint[]);
-- name: seen
select request_sha256, object_id from registry.idempotency where person_id = $1 and operation = $2 and key = $3;
-- name: remember
insert into registry.idempotency (person_id, operation, key, request_sha256, object_id) values ($1, $2, $3, $4, $5);
-- name: remember_first
-- For a write that names its object beforehand: lock, look up and remember in one statement. The insert checks the index
-- and not this statement's snapshot, so a commit of just now is not missed. No row: in flight, or seen before.
insert into registry.idempotency (person_id, operation, key, request_sha256, object_id)
select $2, $3, $4, $5, $6 where pg_try_advisory_xact_lock($1)
on conflict on constraint idempotency_once do nothing returning object_id;
-- name: remember_all
-- The same for several writes; returns what those create that are neither in flight nor were seen before.
insert into registry.idempotency (person_id, operation, key, request_sha256, object_id)
select person_id, operation, key, sha256, object_id
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::text[])
  as w (lock, person_id, operation, key, sha256, object_id)
where pg_try_advisory_xact_lock(lock)
on conflict on constraint idempotency_once do nothing returning object_id;
-- name: forget_all
-- Of the transaction that remembered them: the object says whose they are.
delete from registry.idempotency i using unnest($1::bigint[], $2::text[], $3::text[], $4::text[])
  as w (person_id, operation, key, object_id)
where (i.person_id, i.operation, i.key, i.object_id) = (w.person_id, w.operation, w.key, w.object_id);
-- name: forget_old
-- Jumps from operation to operation in the index (operation, created_at): the keys that are kept for ever, most of them
-- in the end, are never read.
with recursive operations (operation) as (
  select min(operation) from registry.idempotency
  union all
  select (select min(i.operation) from registry.idempotency i where i.operation > o.operation)
  from operations o where o.operation is not null
)
delete from registry.idempotency where ctid = any(array(
  select old.ctid from operations o, lateral (
    select i.ctid from registry.idempotency i
    where i.operation = o.operation and i.created_at < now() - $1::interval
    order by i.operation, i.created_at limit 1000000  -- for the planner: it then reads no operation that is kept
  ) old
  where o.operation <> all($2::text[])));
