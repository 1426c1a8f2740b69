-- Who holds which kilogram.

-- Every kilogram ever issued has one number on one line; an issuance takes the next contiguous span.
create table registry.number_line (
  only_row boolean primary key default true check (only_row),
  next_kg bigint not null check (next_kg >= 1)
);
insert into registry.number_line (next_kg) values (1);

create table registry.issuance (
  id bigint generated always as identity primary key,
  code text not null unique,
  region_id text not null references registry.region,
  project_id bigint not null references registry.project,
  report_id bigint constraint issuance_once_per_report unique references registry.monitoring_report,
  methodology text not null,
  vintage integer not null,
  sequence integer not null check (sequence > 0),
  kind text not null check (kind in ('monitored', 'import', 'restitution')),
  foreign_origin text unique,
  span int8range not null check (not isempty(span)),
  buffer_kg bigint not null check (buffer_kg >= 0),
  approval_id bigint not null references registry.approval,
  statement_id bigint not null references registry.statement,
  issued_at timestamptz not null,
  unique (project_id, vintage, sequence),
  check ((kind = 'import') = (foreign_origin is not null)),
  constraint issuance_apart exclude using gist (span with &&)
);

create table registry.hold (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('transfer', 'exchange')),
  account_id bigint not null references registry.account,
  quantity_kg bigint not null check (quantity_kg > 0),
  opened_at timestamptz not null,
  closed_at timestamptz
);

-- The present: every issued kilogram is in exactly one block.
create table registry.block (
  span int8range primary key check (not isempty(span)),
  issuance_id bigint not null references registry.issuance,
  account_id bigint not null references registry.account,
  state text not null check (state in ('active', 'held', 'buffer', 'retired', 'cancelled')),
  hold_id bigint references registry.hold,
  check ((state = 'held') = (hold_id is not null)),
  constraint block_apart exclude using gist (span with &&)
);
create index block_active on registry.block (account_id, issuance_id, lower(span)) where state = 'active';
create index block_hold on registry.block (hold_id) where hold_id is not null;
create index block_issuance on registry.block (issuance_id, state, lower(span), upper(span));
create index block_account on registry.block (account_id, state);

-- Retired and cancelled are final, whatever a program tries.
create function registry.refuse_final() returns trigger
language plpgsql
as $$
begin
  raise exception 'block % is %: that is final', old.span, old.state using errcode = 'check_violation';
end $$;
create trigger block_final before update or delete on registry.block
for each row when (old.state in ('retired', 'cancelled')) execute function registry.refuse_final();

-- The past: append-only, double-entry. One row is one span that went from one account and state to another.
create table registry.movement (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  cause text not null,
  issuance_id bigint not null references registry.issuance,
  span int8range not null check (not isempty(span)),
  from_account_id bigint references registry.account,
  from_state text,
  to_account_id bigint not null references registry.account,
  to_state text not null,
  check ((from_account_id is null) = (from_state is null))
);
create index on registry.movement (from_account_id, id);
create index on registry.movement (to_account_id, id);

create table registry.transfer (
  id bigint generated always as identity primary key,
  sender_id bigint not null references registry.account,
  receiver_id bigint not null references registry.account,
  quantity_kg bigint not null check (quantity_kg > 0),
  hold_id bigint not null unique references registry.hold,
  spans int8range[] not null check (cardinality(spans) > 0),
  statement_ids bigint[] not null default '{}',
  state text not null check (state in ('proposed', 'accepted', 'rejected', 'withdrawn', 'expired')),
  reason text not null,
  proposed_by bigint not null references registry.party,
  proposed_at timestamptz not null,
  expires_at timestamptz not null,
  closed_by bigint references registry.party,
  closed_at timestamptz,
  check (sender_id <> receiver_id),
  check ((state = 'proposed') = (closed_at is null))
);
create index on registry.transfer (sender_id, id);
create index on registry.transfer (receiver_id, id);
create index on registry.transfer (expires_at) where state = 'proposed';

create table registry.retirement (
  id bigint generated always as identity primary key,
  receipt_id text not null unique,
  order_id text not null,
  account_id bigint not null references registry.account,
  claim_id bigint not null references registry.claim,
  issuance_id bigint not null references registry.issuance,
  spans int8range[] not null check (cardinality(spans) between 1 and 200),
  quantity_kg bigint not null check (quantity_kg > 0),
  reason text not null,
  person_id bigint not null references registry.party,
  statement_id bigint not null unique references registry.statement,
  at timestamptz not null
);
create index on registry.retirement (order_id);
create index on registry.retirement (claim_id, id);
create index on registry.retirement (account_id);

create view registry.shown_retirement as
select r.id, r.receipt_id, r.order_id, r.claim_id, r.account_id, r.quantity_kg, r.at, r.statement_id, i.code,
  lower(i.span) as base, r.spans, s.sha256
from registry.retirement r
join registry.issuance i on i.id = r.issuance_id
join registry.statement s on s.id = r.statement_id;

create table registry.cancellation (
  id bigint generated always as identity primary key,
  order_id text not null,
  account_id bigint not null references registry.account,
  issuance_id bigint not null references registry.issuance,
  spans int8range[] not null check (cardinality(spans) between 1 and 200),
  quantity_kg bigint not null check (quantity_kg > 0),
  reason text not null,
  person_id bigint not null references registry.party,
  statement_id bigint not null unique references registry.statement,
  at timestamptz not null
);
create index on registry.cancellation (order_id);

grant select, insert on registry.number_line, registry.issuance, registry.hold, registry.block, registry.movement,
  registry.transfer, registry.retirement, registry.cancellation to kilnwood_api;
grant select on registry.shown_retirement to kilnwood_api;
grant update on registry.number_line to kilnwood_api;
grant update (closed_at) on registry.hold to kilnwood_api;
grant update (span, account_id, state, hold_id), delete on registry.block to kilnwood_api;
grant update (state, closed_by, closed_at, statement_ids) on registry.transfer to kilnwood_api;
