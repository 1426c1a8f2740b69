-- name: lock
select pg_advisory_lock(hashtext('kilnwood migrate'));
-- name: unlock
select pg_advisory_unlock(hashtext('kilnwood migrate'));
-- name: create
create table if not exists public.kilnwood_migration (
  name text primary key,
  sha256 bytea not null,
  applied_at timestamptz not null default now()
);
-- name: applied
select name, sha256 from public.kilnwood_migration order by name;
-- name: remember
insert into public.kilnwood_migration (name, sha256) values ($1, $2);
