-- Sessions of books. An instrument without a row here trades continuously.
create table exchange.session (
  instrument_id integer primary key references exchange.instrument,
  phase smallint not null check (phase between 0 and 4),
  since timestamptz not null
);
create table exchange.session_rules (
  instrument_id integer primary key references exchange.instrument,
  reference_fen bigint not null check (reference_fen >= 0),
  band_bps integer not null check (band_bps between 0 and 9999),
  average_from_t bigint not null check (average_from_t > 0)
);
create table exchange.closing_price (
  id bigint primary key,
  instrument_id integer not null references exchange.instrument,
  price_fen bigint not null check (price_fen >= 0),
  rule smallint not null check (rule between 1 and 3),
  quantity_t bigint not null check (quantity_t >= 0),
  amount_fen numeric not null check (amount_fen >= 0),
  at timestamptz not null
);
create index closing_price_instrument on exchange.closing_price (instrument_id, id);

-- Times of a day in Asia/Shanghai. The calendar moves the phases by them; no instruction, since the engine knows no days.
create table exchange.timetable (
  instrument_id integer primary key references exchange.instrument,
  pre_open time,
  opening_call time,
  continuous time not null,
  closing_call time,
  closed time not null,
  every_day boolean not null,
  person_id bigint not null,
  remark text not null,
  at timestamptz not null
);

alter table exchange.placed add column until timestamptz;
create index placed_until on exchange.placed (until) where open_t > 0 and until is not null;

create or replace view exchange.shown_placed as
select p.id, p.kind, p.account_id, p.instrument_id, n.code, p.side, p.price_fen, p.quantity_t, p.open_t, p.traded_t, p.life,
  p.client_order_id, p.closed_because, p.listing_id, p.at, p.until
from exchange.placed p join exchange.known_instrument n on n.id = p.instrument_id;

create view exchange.dated as
select instrument_id, until from exchange.placed where open_t > 0 and until is not null;

create view exchange.shown_session as
select n.id as instrument_id, n.code, n.tick_fen, n.halted, coalesce(s.phase, 0) as phase, s.since,
  coalesce(r.reference_fen, 0) as reference_fen, coalesce(r.band_bps, 0) as band_bps,
  coalesce(r.average_from_t, 1) as average_from_t, t.pre_open, t.opening_call, t.continuous, t.closing_call, t.closed,
  t.every_day
from exchange.known_instrument n
left join exchange.session s on s.instrument_id = n.id
left join exchange.session_rules r on r.instrument_id = n.id
left join exchange.timetable t on t.instrument_id = n.id;

grant select, insert, update on exchange.session, exchange.session_rules, exchange.timetable to kilnwood_api;
grant select, insert on exchange.closing_price to kilnwood_api;
grant select on exchange.dated, exchange.shown_session to kilnwood_api;
