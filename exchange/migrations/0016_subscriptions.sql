-- Standing subscriptions: what an account buys in each period, or sells of each issuance, by itself. *terms* is JSON that
-- is read whole. What they place are ordinary rows of exchange.placed; here stands why, and under which number.
create table exchange.standing (
  id bigint generated always as identity primary key,
  account_id bigint not null,
  person_id bigint not null,
  side text not null check (side in ('buy', 'sell')),
  terms bytea not null,
  next_terms bytea,
  state text not null default 'active' check (state in ('active', 'paused', 'ended')),
  why_slug text,
  why text,
  -- Of a buyer: when the next period begins. Of a seller: the leaf of the public log up to which issuances were seen.
  next_at timestamptz,
  seen_leaf bigint,
  at timestamptz not null,
  check ((next_at is not null) = (side = 'buy') and (seen_leaf is not null) = (side = 'sell')),
  check ((why is null) = (why_slug is null))
);
create index standing_of on exchange.standing (account_id, id);
create index standing_due on exchange.standing (next_at) where state = 'active';
create index standing_seller on exchange.standing (id) where state = 'active' and side = 'sell';

-- One period of a buyer, or one issuance of a seller. It stands before anything is sent for it.
create table exchange.standing_run (
  id bigint generated always as identity primary key,
  standing_id bigint not null references exchange.standing,
  cause text not null,
  begins timestamptz not null,
  ends timestamptz not null check (ends > begins),
  terms bytea not null,
  wanted_t bigint not null check (wanted_t >= 0),
  instrument_id integer references exchange.instrument,
  deposit_id bigint references exchange.instruction,
  state text not null default 'open' check (state in ('open', 'done')),
  -- Something that was sent has not come to its end.
  busy boolean not null default false,
  next_try_at timestamptz not null,
  why_slug text,
  why text,
  unique (standing_id, cause)
);
create index standing_run_of on exchange.standing_run (standing_id, id);
create index standing_run_open on exchange.standing_run (id) where state = 'open';

-- A command and its number, chosen and stored before it is sent; a restart sends the same again.
create table exchange.standing_order (
  id bigint generated always as identity primary key,
  run_id bigint not null references exchange.standing_run,
  source text not null check (source in ('listing', 'campaign', 'book')),
  instrument_id integer not null references exchange.instrument,
  price_fen bigint not null check (price_fen > 0),
  quantity_t bigint not null check (quantity_t > 0),
  account_id bigint not null,
  client_order_id bigint not null,
  command bytea not null,
  -- replaced: somebody else used its number first, so the next row has another.
  state text not null default 'chosen' check (state in ('chosen', 'placed', 'refused', 'replaced')),
  order_id bigint,
  refusal_slug text,
  refusal text,
  withdrawal_id bigint,
  check ((order_id is not null) = (state = 'placed')),
  check ((refusal is not null) = (state = 'refused'))
);
create index standing_order_of on exchange.standing_order (run_id, id);
create index standing_order_chosen on exchange.standing_order (account_id, client_order_id) where state = 'chosen';

-- Tonnes that leave the exchange to be retired. It commits with the instruction whose number it has.
create table exchange.standing_withdrawal (
  id bigint primary key references exchange.instruction,
  run_id bigint not null references exchange.standing_run,
  claim_id bigint not null,
  instrument_id integer not null references exchange.instrument,
  quantity_t bigint not null check (quantity_t > 0),
  state text not null default 'stored' check (state in ('stored', 'refused', 'retired', 'kept')),
  retirement_order text,
  refusal_slug text,
  refusal text,
  check ((retirement_order is not null) = (state = 'retired')),
  check ((refusal is not null) = (state in ('refused', 'kept')))
);
create index standing_withdrawal_of on exchange.standing_withdrawal (run_id, id);

grant select, insert, update on exchange.standing, exchange.standing_run, exchange.standing_order,
  exchange.standing_withdrawal to kilnwood_api;
