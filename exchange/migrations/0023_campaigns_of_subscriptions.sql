-- A seller's run that goes into the next campaign of its instrument: which one it waits in, and up to which campaign it
-- has looked. The run is woken by a newer one.
alter table exchange.standing_run
  add column awaits_instrument integer references exchange.instrument,
  add column seen_campaign bigint not null default 0;
create index standing_run_awaits on exchange.standing_run (awaits_instrument)
  where state = 'open' and awaits_instrument is not null;
create index campaign_of_instrument on exchange.campaign (instrument_id, id);

create or replace view exchange.shown_campaign as
select c.id, n.code, p.price_fen, p.quantity_t, p.open_t, c.least_t, c.most_t, c.floor_t, c.allotment, c.opens_at,
  c.closes_at, coalesce(s.state, 'announced') as state, s.ended_because, s.pledges, s.pledged_t, s.allotted_t, n.halted,
  p.at, c.instrument_id
from exchange.campaign c
join exchange.shown_placed p on p.id = c.id
join exchange.known_instrument n on n.id = c.instrument_id
left join exchange.campaign_course s on s.id = c.id;

-- What organisations were not told of yet: runs that are over, and pauses. Marks in place of a cursor, for what ends does
-- not end in the order of its numbers.
alter table exchange.standing_run add column untold boolean not null default false;
create index standing_run_untold on exchange.standing_run (id) where untold;
alter table exchange.standing add column pauses integer not null default 0, add column pauses_told integer not null default 0;
create index standing_untold on exchange.standing (id) where pauses > pauses_told;
