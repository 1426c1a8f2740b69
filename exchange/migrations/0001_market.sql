-- The market: a journal that is the truth, what follows from it, and what waits for delivery.
create schema exchange;
grant usage on schema exchange to kilnwood_api;

-- The end of the journal. Its row is updated with every batch, under the epoch of the one writer: an older writer's
-- epoch finds no row, and writes nothing.
create table exchange.head (
  only_row boolean primary key default true check (only_row),
  epoch bigint not null check (epoch >= 0),
  sequence bigint not null check (sequence >= 0),
  hash bytea not null check (octet_length(hash) = 32)
);
insert into exchange.head (epoch, sequence, hash) values (0, 0, decode(repeat('00', 32), 'hex'));

-- One row for each batch that was committed together: hash = SHA-256(hash before || commands || events).
create table exchange.journal (
  first bigint primary key,
  last bigint not null unique,
  epoch bigint not null,
  codec smallint not null,
  engine smallint not null,
  commands bytea not null,
  hash bytea not null check (octet_length(hash) = 32),
  at timestamptz not null,
  check (first between 1 and last)
);

-- Not compressed: the arrays are dense already, and the time would be the callers'.
alter table exchange.journal alter column commands set storage external;

-- The whole state after a sequence, with the journal's hash there. Kept only once the projections have come so far.
create table exchange.snapshot (
  sequence bigint primary key,
  codec smallint not null,
  engine smallint not null,
  state bytea not null,
  state_hash bytea not null check (octet_length(state_hash) = 32),
  hash bytea not null check (octet_length(hash) = 32)
);

create table exchange.instrument (
  id integer generated always as identity primary key,
  code text not null unique,
  project_id bigint not null,
  vintage integer not null,
  project_name text not null,
  methodology text not null,
  tick_fen bigint not null check (tick_fen > 0),
  lot_t bigint not null check (lot_t > 0),
  low_fen bigint not null check (low_fen > 0),
  high_fen bigint not null check (high_fen >= low_fen),
  fee_bps integer not null check (fee_bps between 0 and 10000),
  fee_account_id bigint not null,
  halted smallint not null default 0,
  open boolean not null default false,
  opened_at timestamptz not null,
  constraint instrument_once unique (project_id, vintage)
);

-- What the operator, the regulator, the registry and the bank have to say, stored before the engine is told. Numbers are
-- given under a lock, so that they commit in their order: the engine takes them in that order and each once.
create table exchange.instruction (
  id bigint primary key,
  kind text not null check (kind in ('open_instrument', 'set_band', 'halt', 'resume', 'freeze', 'unfreeze',
    'credit_cash', 'credit_tonnes', 'debit_cash', 'debit_tonnes', 'halt_frozen', 'resume_frozen', 'halt_regulator',
    'resume_regulator')),
  account_id bigint,
  group_id bigint,
  instrument_id integer references exchange.instrument,
  amount bigint check (amount > 0),
  low_fen bigint,
  high_fen bigint,
  remark text not null,
  person_id bigint,
  state text not null default 'stored' check (state in ('stored', 'done', 'released', 'refused')),
  reason smallint,
  wanted bigint,
  bound bigint,
  at timestamptz not null,
  check (state <> 'refused' or reason is not null)
);
create index instruction_waiting on exchange.instruction (id) where state = 'stored';
create index instruction_unreleased on exchange.instruction (id)
  where kind = 'debit_tonnes' and state = 'done' or kind = 'credit_tonnes' and state = 'refused';
create index instruction_freeze on exchange.instruction (account_id, id) where kind in ('freeze', 'unfreeze');
create index instruction_account on exchange.instruction (account_id, id);
create sequence exchange.instruction_number as bigint cache 1;

-- Everything below follows the journal; `projection` says how far.
create table exchange.projection (
  only_row boolean primary key default true check (only_row),
  sequence bigint not null
);
insert into exchange.projection (sequence) values (0);

-- What an account's command came to: the reply to whoever sends it again. *digest* tells another command from the same.
-- *wanted* and *bound* are a refusal's two numbers; of a cancel of everything, *wanted* is how much it closed.
create table exchange.request (
  account_id bigint not null,
  client_order_id bigint not null,
  sequence bigint not null,
  digest bytea not null,
  order_id bigint not null,
  reason smallint,
  wanted bigint,
  bound bigint,
  primary key (account_id, client_order_id)
);

create table exchange.placed (
  id bigint primary key,
  kind text not null check (kind in ('order', 'listing', 'subscription')),
  account_id bigint not null,
  instrument_id integer not null references exchange.instrument,
  side text not null check (side in ('buy', 'sell')),
  price_fen bigint not null,
  quantity_t bigint not null,
  open_t bigint not null check (open_t between 0 and quantity_t),
  traded_t bigint not null check (traded_t between 0 and quantity_t),
  life text not null,
  client_order_id bigint not null,
  closed_because smallint,
  listing_id bigint,
  at timestamptz not null
);
create index placed_account on exchange.placed (account_id, id);
create index placed_account_open on exchange.placed (account_id, id) where open_t > 0;
create index placed_listing on exchange.placed (id) where kind = 'listing';
create index placed_open on exchange.placed (instrument_id, side, price_fen) where open_t > 0 and kind = 'order';

create table exchange.trade (
  id bigint primary key,
  sequence bigint not null,
  instrument_id integer not null references exchange.instrument,
  price_fen bigint not null,
  quantity_t bigint not null check (quantity_t > 0),
  buy_order_id bigint not null,
  sell_order_id bigint not null,
  buyer_id bigint not null,
  seller_id bigint not null,
  fee_fen bigint not null,
  fee_account_id bigint not null,
  taker_side text not null check (taker_side in ('buy', 'sell')),
  delivery_id bigint,
  state text not null default 'traded' check (state in ('traded', 'settled', 'refunded')),
  at timestamptz not null
);
create index trade_undelivered on exchange.trade (id) where delivery_id is null;
create index trade_delivery on exchange.trade (delivery_id);
create index trade_instrument on exchange.trade (instrument_id, id);
create index trade_buyer on exchange.trade (buyer_id, id);
create index trade_seller on exchange.trade (seller_id, id);

-- Money (instrument 0, fen) and tonnes of each account.
create table exchange.position (
  account_id bigint not null,
  instrument_id integer not null,
  settled bigint not null check (settled >= 0),
  locked bigint not null check (locked >= 0),
  incoming bigint not null check (incoming >= 0),
  outgoing bigint not null check (outgoing >= 0),
  primary key (account_id, instrument_id)
);

-- Trades of one seller, buyer and instrument that are delivered together. Stored before the registry is asked.
create table exchange.delivery (
  id bigint generated always as identity primary key,
  seller_id bigint not null,
  buyer_id bigint not null,
  instrument_id integer not null references exchange.instrument,
  quantity_t bigint not null check (quantity_t > 0),
  gross_fen bigint not null,
  fee_fen bigint not null,
  trades bigint[] not null check (cardinality(trades) > 0),
  state text not null default 'stored' check (state in ('stored', 'delivered', 'refused', 'settled', 'refunded')),
  refusal text,
  serials text[] not null default '{}',
  statement_ids bigint[] not null default '{}',
  at timestamptz not null,
  check ((state in ('refused', 'refunded')) = (refusal is not null))
);
create index delivery_under_way on exchange.delivery (id) where state in ('stored', 'delivered', 'refused');
create index delivery_seller on exchange.delivery (seller_id, id);
create index delivery_buyer on exchange.delivery (buyer_id, id);

grant select, insert on all tables in schema exchange to kilnwood_api;
grant usage on exchange.instruction_number to kilnwood_api;
grant update (epoch, sequence, hash) on exchange.head to kilnwood_api;
grant delete on exchange.snapshot to kilnwood_api;
grant update (low_fen, high_fen, halted, open) on exchange.instrument to kilnwood_api;
grant update (state, reason, wanted, bound) on exchange.instruction to kilnwood_api;
grant update (sequence) on exchange.projection to kilnwood_api;
grant update (price_fen, quantity_t, open_t, traded_t, closed_because) on exchange.placed to kilnwood_api;
grant update (delivery_id, state) on exchange.trade to kilnwood_api;
grant update (settled, locked, incoming, outgoing) on exchange.position to kilnwood_api;
grant update (state, refusal, serials, statement_ids) on exchange.delivery to kilnwood_api;
