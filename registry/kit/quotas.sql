-- name: lock_quota
-- Two that add to the same quota wait for each other here; the next statement sees what the first one added.
select pg_advisory_xact_lock(hashtextextended('quota:' || $1::text, 0));
