-- Tonnes on the exchange are holds in its favour: one for each account, project and vintage, as large as what it owes.
alter table registry.hold
  add column project_id bigint references registry.project,
  add column vintage integer,
  drop constraint hold_quantity_kg_check,
  add constraint hold_quantity_kg_check
    check (quantity_kg >= case kind when 'exchange' then 0 else 1 end),
  add constraint hold_of_the_exchange check ((kind = 'exchange') = (project_id is not null and vintage is not null));
-- Oldest first under each hold, however many pieces it is in.
create index block_held on registry.block (hold_id, issuance_id, lower(span)) where hold_id is not null;
drop index registry.block_hold;
create unique index hold_one_of_the_exchange on registry.hold (account_id, project_id, vintage) where kind = 'exchange';

-- What the exchange asked for, under its own name for it: asked again, the answer is the same and nothing moves.
create table registry.exchange_request (
  reference text primary key,
  kind text not null check (kind in ('hold', 'deliver', 'release')),
  quantity_kg bigint not null check (quantity_kg > 0),
  refusal text,
  spans int8range[] not null,
  statement_ids bigint[] not null,
  at timestamptz not null,
  check ((refusal is null) = (cardinality(spans) > 0))
);

grant select, insert on registry.exchange_request to kilnwood_api;
grant update (quantity_kg) on registry.hold to kilnwood_api;
