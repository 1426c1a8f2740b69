-- Tonnes that somebody offers by the kilogram to event pages.

-- Kilograms of a retail pool are held, under one hold for each pool; an empty pool keeps its hold.
alter table registry.hold
  drop constraint hold_kind_check,
  add constraint hold_kind_check check (kind in ('transfer', 'exchange', 'retail')),
  drop constraint hold_quantity_kg_check,
  add constraint hold_quantity_kg_check
    check (quantity_kg >= case when kind in ('exchange', 'retail') then 0 else 1 end);

-- *held_kg* lie under the hold; of these *reserved_kg* are promised to payments that may still come or have come.
create table registry.retail_pool (
  id bigint generated always as identity primary key,
  owner_id bigint not null references registry.party,
  account_id bigint not null references registry.account,
  issuance_id bigint not null references registry.issuance,
  price_fen bigint not null check (price_fen between 1 and 10000000),
  state text not null default 'open' check (state in ('open', 'paused', 'withdrawn')),
  hold_id bigint not null unique references registry.hold,
  held_kg bigint not null,
  reserved_kg bigint not null default 0,
  retired_kg bigint not null default 0 check (retired_kg >= 0),
  opened_by bigint not null references registry.party,
  opened_at timestamptz not null,
  constraint retail_pool_promises_what_it_has check (reserved_kg between 0 and held_kg)
);
create index on registry.retail_pool (owner_id);
create index retail_pool_account on registry.retail_pool (account_id);

-- One sale. Until *held_until* (real time, as all timeouts) its kilograms are kept for it. What a payment is known by
-- is its reference, which the bank gives back.
create table registry.retail_payment (
  id bigint generated always as identity primary key,
  reference text not null unique,
  pool_id bigint not null references registry.retail_pool,
  quantity_kg bigint not null check (quantity_kg > 0),
  amount_fen bigint not null check (amount_fen > 0),
  state text not null default 'held' check (state in ('held', 'lapsed', 'paid', 'retired', 'refunded')),
  held_until timestamptz not null,
  opened_at timestamptz not null,
  paid_at timestamptz,
  closed_at timestamptz,
  refund_reason text,
  order_id text unique,
  check ((state = 'retired') = (order_id is not null)),
  check ((state = 'refunded') = (refund_reason is not null)),
  check ((state in ('paid', 'retired', 'refunded')) = (paid_at is not null))
);
create index on registry.retail_payment (pool_id, id);
create index retail_payment_held on registry.retail_payment (held_until) where state = 'held';
create index retail_payment_paid on registry.retail_payment (id) where state = 'paid';

-- Double entry: each row is to the debit of one account and to the credit of another. `bank` is the money in the bank,
-- `guests` what is owed to those who paid, `owner` what is owed to the pool's owner.
create table registry.retail_posting (
  id bigint generated always as identity primary key,
  pool_id bigint not null references registry.retail_pool,
  cause text not null check (cause in ('payment', 'sale', 'refund', 'payout')),
  reference text not null,
  debit text not null check (debit in ('bank', 'guests', 'owner')),
  credit text not null check (credit in ('bank', 'guests', 'owner')),
  amount_fen bigint not null check (amount_fen > 0),
  at timestamptz not null,
  constraint retail_posted_once unique (cause, reference),
  check ((cause, debit, credit) in
    (('payment', 'bank', 'guests'), ('sale', 'guests', 'owner'), ('refund', 'guests', 'bank'), ('payout', 'owner', 'bank')))
);
create index on registry.retail_posting (pool_id, id);

grant select, insert on registry.retail_pool, registry.retail_payment, registry.retail_posting to kilnwood_api;
grant update (state, held_kg, reserved_kg, retired_kg) on registry.retail_pool to kilnwood_api;
grant update (state, held_until, paid_at, closed_at, refund_reason, order_id) on registry.retail_payment to kilnwood_api;
