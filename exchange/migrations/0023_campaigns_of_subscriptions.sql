-- A seller's run that goes into the next campaign of its instrument: which one it waits in, and up to which campaign it
-- has looked. The run is woken by a newer one.
alter table exchange.standing_run
  add column awaits_instrument integer references exchange.instrument,
  add column seen_campaign bigint not null default 0;
create index standing_run_awaits on exchange.standing_run (awaits_instrument)
  where state = 'open' and awaits_instrument is not null;
create index campaign_of_instrument on exchange.campaign (instrument_id, id);
