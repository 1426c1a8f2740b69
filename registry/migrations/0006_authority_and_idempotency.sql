-- What processes may keep in memory about who may do what, and how long the keys of writes are remembered.

-- The version of keys, grants, restrictions, accounts and ownership. Its epoch rises with every transaction that changes
-- any of them, before that transaction is answered. A process that keeps what it read of these tables reads this row for
-- every group of requests, after they arrived, and forgets what it kept when the row has changed. *moved_at* tells apart
-- two histories that come to the same number, such as that before and that after a restored backup.
create table registry.authority_epoch (
  only_row boolean primary key default true check (only_row),
  epoch bigint not null,
  moved_at timestamptz not null,
  moved_by xid8 not null
);
insert into registry.authority_epoch (epoch, moved_at, moved_by)
values (1, clock_timestamp(), pg_current_xact_id());
grant select on registry.authority_epoch to kilnwood_api;

-- Once for each transaction, with the rights of the owner: the serving role may not write the row itself.
create function registry.move_authority_epoch() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update registry.authority_epoch
  set epoch = epoch + 1, moved_at = clock_timestamp(), moved_by = pg_current_xact_id()
  where moved_by <> pg_current_xact_id();
  return null;
end $$;
revoke execute on function registry.move_authority_epoch() from public;

-- Deferred to the commit: the row is then the last lock that the transaction takes, and nobody who holds it waits.
do $$
declare
  changed text;
begin
  foreach changed in array array['api_key', 'role_grant', 'restriction', 'account', 'ownership'] loop
    execute format('create constraint trigger %I after insert or update or delete on registry.%I '
      'deferrable initially deferred for each row execute function registry.move_authority_epoch()',
      changed || '_moves_authority', changed);
  end loop;
end $$;

-- How long a key is remembered is the application's to say, for each operation: the index no longer names one.
drop index registry.idempotency_created_at_idx;
create index on registry.idempotency (operation, created_at);
