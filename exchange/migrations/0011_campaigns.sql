-- Campaigns beside what is placed: a campaign's offer and its pledges are rows of exchange.placed.
create table exchange.campaign (
  id bigint primary key,
  instrument_id integer not null references exchange.instrument,
  least_t bigint not null check (least_t > 0),
  most_t bigint not null check (most_t >= least_t),
  floor_t bigint not null check (floor_t >= 0),
  allotment text not null check (allotment in ('by-time', 'pro-rata')),
  opens_at timestamptz not null,
  closes_at timestamptz not null check (closes_at > opens_at),
  state text not null default 'announced' check (state in ('announced', 'open', 'ended')),
  ended_because smallint,
  pledges bigint,
  pledged_t bigint,
  allotted_t bigint,
  check ((state = 'ended') = (allotted_t is not null))
);
create index campaign_running on exchange.campaign (id) where state <> 'ended';
create index placed_campaign on exchange.placed (listing_id, id) where kind = 'pledge';

create view exchange.shown_campaign as
select c.id, n.code, p.price_fen, p.quantity_t, p.open_t, c.least_t, c.most_t, c.floor_t, c.allotment, c.opens_at,
  c.closes_at, c.state, c.ended_because, c.pledges, c.pledged_t, c.allotted_t, n.halted, p.at
from exchange.campaign c
join exchange.shown_placed p on p.id = c.id
join exchange.known_instrument n on n.id = c.instrument_id;

grant select, insert, update on exchange.campaign to kilnwood_api;
grant select on exchange.shown_campaign to kilnwood_api;

-- What is pledged for is counted while a campaign runs, and stands when it has ended.
create view exchange.campaign_with_pledges as
select c.*, coalesce(c.pledges, w.pledges) as pledges_now, coalesce(c.pledged_t, w.pledged_t) as pledged_now_t
from exchange.shown_campaign c
left join lateral (
  select count(*) as pledges, coalesce(sum(p.open_t), 0)::bigint as pledged_t from exchange.shown_placed p
  where c.state <> 'ended' and p.kind = 'pledge' and p.listing_id = c.id and p.open_t > 0
) w on true;
grant select on exchange.campaign_with_pledges to kilnwood_api;
