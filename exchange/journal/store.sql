-- name: try_lock
-- One writer: held by the connection that journals, and gone with it.
select pg_try_advisory_lock(hashtextextended('exchange journal', 0));
-- name: take_over
-- From here on an older writer finds no row to append to.
update exchange.head set epoch = epoch + 1 returning epoch, sequence, hash;
-- name: append
-- One statement, one commit: the guarded head and the batch behind it. No row: somebody else has taken over.
with head as (
  update exchange.head set sequence = $2, hash = $8 where epoch = $3 and sequence = $1 - 1 returning epoch
)
insert into exchange.journal (first, last, epoch, codec, engine, commands, events_hash, hash, at)
select $1, $2, epoch, $4, $5, $6, $7, $8, registry.business_now() from head returning at;
-- name: newest_snapshot
select sequence, codec, engine, state, state_hash, hash from exchange.snapshot order by sequence desc limit 1;
-- name: snapshot_from
select sequence, codec, engine, state, state_hash, hash from exchange.snapshot where sequence >= $1
order by sequence limit 1;
-- name: snapshot_before
select sequence, codec, engine, state, state_hash, hash from exchange.snapshot where sequence <= $1
order by sequence desc limit 1;
-- name: snapshots
select sequence, codec, engine, state_hash, sha256(state) as actual, hash from exchange.snapshot;
-- name: batches
select first, last, epoch, codec, engine, commands, events_hash, hash, at from exchange.journal
where first > $1 order by first limit $2;
-- name: keep_snapshot
-- Only where the projections have come as far: a recovery from it can still tell them what follows.
insert into exchange.snapshot (sequence, codec, engine, state, state_hash, hash)
select $1, $2, $3, $4, $5, $6 from exchange.progress where projected >= $1
on conflict (sequence) do nothing;
-- name: forget_snapshots
delete from exchange.snapshot where sequence < (
  select sequence from exchange.snapshot order by sequence desc offset 1 limit 1);
-- name: journal_end
select epoch, sequence, hash from exchange.head;
-- name: last_of_other_engines
select coalesce(max(last), 0) from exchange.journal where engine <> $1;
-- name: projected
select projected from exchange.progress;
-- name: await_commit
-- Whoever commits a batch has this row until then. The next statement sees what was committed. Alone in its transaction:
-- while this lock is held, nothing is appended.
select sequence from exchange.head for share;
-- name: last_before
select coalesce((select last from exchange.journal where at < $1 order by at desc, last desc limit 1), 0);
