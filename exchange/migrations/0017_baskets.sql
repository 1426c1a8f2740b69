-- A basket is an instrument of no single project: its rule says which instruments belong in it, its assets are those
-- that can be delivered in it now, in that order.
alter table exchange.instrument alter column project_id drop not null, alter column vintage drop not null;

create table exchange.basket (
  instrument_id integer primary key references exchange.instrument,
  methodology text,
  vintage_from integer not null,
  vintage_to integer not null check (vintage_to >= vintage_from)
);

create table exchange.basket_asset (
  instrument_id integer not null references exchange.instrument,
  asset_id integer not null references exchange.instrument,
  place bigint not null,
  listed boolean not null,
  since timestamptz not null,
  primary key (instrument_id, asset_id)
);

-- What a trade in a basket delivers; of any other trade that is its instrument.
alter table exchange.trade add column asset_id integer references exchange.instrument;

create or replace view exchange.shown_trade as
select t.id, t.instrument_id, n.code, t.price_fen, t.quantity_t, t.buy_order_id, t.sell_order_id, t.buyer_id, t.seller_id,
  t.fee_fen, t.taker_side, t.delivery_id, t.state, t.at,
  (select case p.kind when 'order' then 'continuous' when 'subscription' then 'listing' when 'pledge' then 'campaign'
    when 'block-acceptance' then 'block' when 'quote-acceptance' then 'quote' else p.kind end
  from exchange.placed p where p.id = t.buy_order_id) as mode,
  (select a.code from exchange.known_instrument a where a.id = t.asset_id) as asset
from exchange.trade t join exchange.known_instrument n on n.id = t.instrument_id;

grant select, insert on exchange.basket to kilnwood_api;
grant select, insert, update on exchange.basket_asset to kilnwood_api;
