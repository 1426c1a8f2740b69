-- Rules of picking, negotiated blocks and requests for quotes. Blocks, quotes and what answers them are rows of
-- exchange.placed; what only they have stands here.
create table exchange.picking (
  instrument_id integer primary key references exchange.instrument,
  rule text not null check (rule in ('any', 'best', 'best-five'))
);

create table exchange.block_terms (
  instrument_id integer primary key references exchange.instrument,
  least_t bigint not null check (least_t > 0),
  reference_fen bigint not null,
  band_bps integer not null check (band_bps between 0 and 9999)
);

create table exchange.block (
  id bigint primary key,
  proposer_id bigint not null,
  counterparty_id bigint not null,
  expires_at timestamptz not null
);
create index block_proposer on exchange.block (proposer_id, id);
create index block_counterparty on exchange.block (counterparty_id, id);

create table exchange.quote_request (
  id bigint primary key,
  account_id bigint not null,
  instrument_id integer not null references exchange.instrument,
  side text not null check (side in ('buy', 'sell')),
  quantity_t bigint not null check (quantity_t > 0),
  expires_at timestamptz not null,
  invited bigint[] not null,
  at timestamptz not null
);
create index quote_request_account on exchange.quote_request (account_id, id);

-- What a request came to; none before it ends. Apart from it, so that rows of a batch go in in any order.
create table exchange.quote_request_end (
  id bigint primary key,
  quotes bigint not null,
  quoted_t bigint not null,
  reference_fen bigint not null,
  taken_id bigint not null,
  at timestamptz not null
);

create table exchange.quote (
  id bigint primary key,
  request_id bigint not null,
  valid_until timestamptz not null
);
create index quote_request_id on exchange.quote (request_id, id);
create index placed_off_tape on exchange.placed (id)
  where kind in ('block', 'block-acceptance', 'quote', 'quote-acceptance');

-- The calendar looks twice a second at what waits, however much there has been.
create index placed_agreed_open on exchange.placed (id) where kind in ('block', 'quote') and open_t > 0;

create view exchange.shown_block as
select b.id, p.code, p.instrument_id, p.side, p.price_fen, p.quantity_t, p.open_t, p.traded_t, p.closed_because,
  b.proposer_id, b.counterparty_id, b.expires_at, p.at
from exchange.block b join exchange.shown_placed p on p.id = b.id;

create view exchange.shown_quote_request as
select r.id, n.code, r.instrument_id, r.account_id, r.side, r.quantity_t, r.expires_at, r.invited, r.at,
  e.quotes, e.quoted_t, e.reference_fen, e.taken_id, e.at as ended_at
from exchange.quote_request r
join exchange.known_instrument n on n.id = r.instrument_id
left join exchange.quote_request_end e on e.id = r.id;

create view exchange.shown_quote as
select q.id, q.request_id, p.account_id, p.price_fen, p.quantity_t, p.open_t, p.traded_t, p.closed_because, q.valid_until,
  p.at
from exchange.quote q join exchange.shown_placed p on p.id = q.id;

-- How a trade came about follows from what its buyer placed.
create or replace view exchange.shown_trade as
select t.id, t.instrument_id, n.code, t.price_fen, t.quantity_t, t.buy_order_id, t.sell_order_id, t.buyer_id, t.seller_id,
  t.fee_fen, t.taker_side, t.delivery_id, t.state, t.at,
  (select case p.kind when 'order' then 'continuous' when 'subscription' then 'listing' when 'pledge' then 'campaign'
    when 'block-acceptance' then 'block' when 'quote-acceptance' then 'quote' else p.kind end
  from exchange.placed p where p.id = t.buy_order_id) as mode
from exchange.trade t join exchange.known_instrument n on n.id = t.instrument_id;

-- Trades that two sides agreed on by themselves: printed apart, and in no average price.
create view exchange.off_tape as
select id from exchange.placed where kind in ('block', 'block-acceptance', 'quote', 'quote-acceptance');

grant select, insert, update on exchange.picking, exchange.block_terms to kilnwood_api;
grant select, insert on exchange.block, exchange.quote_request, exchange.quote_request_end, exchange.quote to kilnwood_api;
grant select on exchange.shown_block, exchange.shown_quote_request, exchange.shown_quote, exchange.off_tape to kilnwood_api;
