-- Why the sequencer signs nothing, while it does not: at most one row. A database that was restored from an older copy
-- must take nothing that will never be in the public log as others saw it.
create table registry.log_refusal (
  one boolean primary key default true check (one),
  reason text not null,
  since timestamptz not null default clock_timestamp()
);
grant select on registry.log_refusal to kilnwood_api;
grant select, insert, update, delete on registry.log_refusal to kilnwood_sequencer;

create function registry.refuse_with_the_log() returns trigger language plpgsql set search_path = '' as $$
begin
  if exists (select from registry.log_refusal) then
    raise exception 'the public log refuses to sign' using errcode = 'object_not_in_prerequisite_state',
      constraint = 'log_refuses';
  end if;
  return null;
end $$;

create trigger refuse_with_the_log before insert on registry.statement
  for each statement execute function registry.refuse_with_the_log();
