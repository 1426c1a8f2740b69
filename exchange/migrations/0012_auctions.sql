-- Auctions beside what is placed: an auction's offer and its bids are rows of exchange.placed.
create table exchange.auction (
  id bigint primary key,
  instrument_id integer not null references exchange.instrument,
  kind text not null check (kind in ('uniform', 'pay-as-bid', 'ascending')),
  increment_fen bigint not null check ((increment_fen > 0) = (kind = 'ascending')),
  lot_t bigint not null check (lot_t > 0),
  most_t bigint not null check (most_t > 0),
  ties text not null check (ties in ('by-time', 'at-random')),
  cancel_when_short boolean not null,
  opens_at timestamptz not null,
  closes_at timestamptz not null check (closes_at > opens_at),
  extension_s integer not null check (extension_s >= 0),
  latest_at timestamptz not null check (latest_at >= closes_at)
);

-- When an ascending auction closes, late bids counted. Apart from its terms, as what became of it: rows of a batch go in
-- in any order.
create table exchange.auction_extension (
  id bigint primary key,
  closes_at timestamptz not null
);
create table exchange.auction_course (
  id bigint primary key,
  state text not null check (state in ('open', 'ended')),
  bids bigint not null,
  wanted_t bigint not null,
  sold_t bigint not null,
  price_fen bigint not null,
  ended_because smallint not null,
  seed bytea not null
);
create index placed_bid on exchange.placed (listing_id, id) where kind = 'bid';

create view exchange.shown_auction as
select a.id, n.code, a.kind, p.price_fen as reserve_fen, a.increment_fen, p.quantity_t, p.open_t, a.lot_t, a.most_t,
  a.ties, a.cancel_when_short, a.opens_at, coalesce(x.closes_at, a.closes_at) as closes_at, a.extension_s, a.latest_at,
  coalesce(s.state, 'announced') as state, s.ended_because, s.bids, s.wanted_t, s.sold_t, s.price_fen, s.seed, n.halted,
  p.at
from exchange.auction a
join exchange.shown_placed p on p.id = a.id
join exchange.known_instrument n on n.id = a.instrument_id
left join exchange.auction_extension x on x.id = a.id
left join exchange.auction_course s on s.id = a.id;

-- What is bid is counted while an ascending auction runs, and stands when any has ended. Sealed bids are not counted.
create view exchange.auction_with_bids as
select a.*, case a.state when 'ended' then a.bids else w.bids end as bids_now,
  case a.state when 'ended' then a.wanted_t else w.wanted_t end as wanted_now_t, w.best_fen
from exchange.shown_auction a
left join lateral (
  select count(*) as bids, coalesce(sum(p.open_t), 0)::bigint as wanted_t, max(p.price_fen) as best_fen
  from exchange.shown_placed p
  where p.kind = 'bid' and p.listing_id = a.id and p.open_t > 0
) w on a.kind = 'ascending' and a.state <> 'ended';

-- Bids of which nobody but the bidder knows yet, also of those that were taken back.
create view exchange.sealed_bid as
select p.id from exchange.shown_placed p
join exchange.auction a on a.id = p.listing_id
left join exchange.auction_course s on s.id = a.id
where p.kind = 'bid' and a.kind <> 'ascending' and s.state is distinct from 'ended';

grant select, insert on exchange.auction to kilnwood_api;
grant select, insert, update on exchange.auction_extension, exchange.auction_course to kilnwood_api;
grant select on exchange.shown_auction, exchange.auction_with_bids, exchange.sealed_bid to kilnwood_api;
