-- Business time of a live region never goes back, whatever the machine's clock does. The one row keeps the furthest time
-- that was seen: of what was sequenced, in the transaction that sequences it, and of the clock itself every ten seconds.
-- Up to a minute behind it business time stands still there; further behind, whatever is written is refused.

update registry.business_clock
set at = greatest(at, (select max(at) from registry.statement)) where not simulated;

create function registry.keep_business_time(seen timestamptz) returns void
language sql
as $$ update registry.business_clock set at = seen where not simulated and at < seen $$;
grant update (at) on registry.business_clock to kilnwood_sequencer;

create function registry.clock_behind() returns interval
language sql
as $$
  select at - clock_timestamp() from registry.business_clock
  where not simulated and at > clock_timestamp() + interval '1 minute'
$$;

create function registry.refuse_behind_time() returns trigger language plpgsql set search_path = '' as $$
declare
  behind interval := registry.clock_behind();
begin
  if behind is not null then
    raise exception 'the clock is % behind business time', behind using errcode = 'object_not_in_prerequisite_state',
      constraint = 'clock_behind';
  end if;
  return null;
end $$;

-- Every write of the registry remembers its request, or appends to the public log, or both.
create trigger refuse_behind_time before insert on registry.idempotency
  for each statement execute function registry.refuse_behind_time();
create trigger refuse_behind_time before insert on registry.statement
  for each statement execute function registry.refuse_behind_time();
