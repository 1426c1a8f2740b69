-- The rules of the venue that an instrument was opened by, as they were on that day; what the file says later changes
-- nothing of it.
alter table exchange.instrument add column preset text, add column venue text,
  add check ((preset is null) = (venue is null));

create or replace view exchange.known_instrument as
select id, code, project_id, vintage, tick_fen, lot_t, low_fen, high_fen, fee_bps, halted, open, preset, venue
from exchange.instrument;

-- The last day, in Asia/Shanghai, on which what was bought the day before was released for sale.
create table exchange.resale_day (
  instrument_id integer primary key references exchange.instrument,
  day date not null
);

-- Who owns an account, as the engine knows it. Of accounts from before this migration that is unknown, 0: the engine is
-- told once.
create table exchange.account_group (
  account_id bigint primary key,
  group_id bigint not null,
  role smallint not null check (role between 0 and 3)
);

insert into exchange.account_group (account_id, group_id, role) select distinct account_id, 0, 0 from exchange.position;

grant select, insert, update on exchange.resale_day, exchange.account_group to kilnwood_api;

-- The day of a preset begins with its instrument.
create function exchange.begin_timetable(of_instrument integer, times time[], on_every_day boolean, by_person bigint,
  why text) returns void language sql as $$
  insert into exchange.timetable (instrument_id, pre_open, opening_call, continuous, closing_call, closed, every_day,
    person_id, remark, at)
  values (of_instrument, times[1], times[2], times[3], times[4], times[5], on_every_day, by_person, why,
    registry.business_now())
$$;
revoke all on function exchange.begin_timetable from public;
grant execute on function exchange.begin_timetable to kilnwood_api;
