-- Campaigns beside what is placed: a campaign's offer and its pledges are rows of exchange.placed.
create table exchange.campaign (
  id bigint primary key,
  instrument_id integer not null references exchange.instrument,
  least_t bigint not null check (least_t > 0),
  most_t bigint not null check (most_t >= least_t),
  floor_t bigint not null check (floor_t >= 0),
  allotment text not null check (allotment in ('by-time', 'pro-rata')),
  opens_at timestamptz not null,
  closes_at timestamptz not null check (closes_at > opens_at)
);

-- What became of a campaign; none before it begins. Apart from its terms, so that rows of a batch go in in any order.
create table exchange.campaign_course (
  id bigint primary key,
  state text not null check (state in ('open', 'ended')),
  pledges bigint not null,
  pledged_t bigint not null,
  allotted_t bigint not null,
  ended_because smallint not null
);
create index placed_campaign on exchange.placed (listing_id, id) where kind = 'pledge';

create view exchange.shown_campaign as
select c.id, n.code, p.price_fen, p.quantity_t, p.open_t, c.least_t, c.most_t, c.floor_t, c.allotment, c.opens_at,
  c.closes_at, coalesce(s.state, 'announced') as state, s.ended_because, s.pledges, s.pledged_t, s.allotted_t, n.halted,
  p.at
from exchange.campaign c
join exchange.shown_placed p on p.id = c.id
join exchange.known_instrument n on n.id = c.instrument_id
left join exchange.campaign_course s on s.id = c.id;

-- What is pledged for is counted while a campaign runs, and stands when it has ended.
create view exchange.campaign_with_pledges as
select c.*, case c.state when 'ended' then c.pledges else w.pledges end as pledges_now,
  case c.state when 'ended' then c.pledged_t else w.pledged_t end as pledged_now_t
from exchange.shown_campaign c
left join lateral (
  select count(*) as pledges, coalesce(sum(p.open_t), 0)::bigint as pledged_t from exchange.shown_placed p
  where c.state <> 'ended' and p.kind = 'pledge' and p.listing_id = c.id and p.open_t > 0
) w on true;

grant select, insert on exchange.campaign to kilnwood_api;
grant select, insert, update on exchange.campaign_course to kilnwood_api;
grant select on exchange.shown_campaign, exchange.campaign_with_pledges to kilnwood_api;
