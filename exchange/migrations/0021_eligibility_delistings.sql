-- What a basket lets in beside methodology and vintage: any of these types of project (none said: any), all of these
-- co-benefits, all of these labels.
alter table exchange.basket
  add column types text[] not null default '{}',
  add column co_benefits smallint[] not null default '{}',
  add column labels text[] not null default '{}';

-- That an instrument trades no more from a day on; or, with a basket, that it is delivered in that basket no more.
create table exchange.delisting (
  id bigint generated always as identity primary key,
  instrument_id integer not null references exchange.instrument,
  basket_id integer references exchange.instrument,
  day date not null,
  reason text not null,
  person_id bigint not null,
  announced_at timestamptz not null,
  carried_out_at timestamptz,
  withdrawn_at timestamptz,
  withdrawn_by bigint,
  withdrawn_because text,
  check ((withdrawn_at is null) = (withdrawn_by is null) and (withdrawn_at is null) = (withdrawn_because is null)),
  check (withdrawn_at is null or carried_out_at is null)
);
create unique index delisting_once on exchange.delisting (instrument_id, coalesce(basket_id, 0))
where withdrawn_at is null;
create index on exchange.delisting (day) where carried_out_at is null and withdrawn_at is null;

-- What stands of them.
create view exchange.announced_delisting as
select instrument_id, basket_id, day, reason, announced_at, carried_out_at is not null as carried_out
from exchange.delisting where withdrawn_at is null;

grant select, insert on exchange.delisting to kilnwood_api;
grant update (carried_out_at, withdrawn_at, withdrawn_by, withdrawn_because) on exchange.delisting to kilnwood_api;
grant select on exchange.announced_delisting to kilnwood_api;
