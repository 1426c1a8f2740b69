-- Claims of scenes; drafts of claims, of which nothing is public; contracts by which green power is claimed once.
alter table registry.claim drop constraint claim_type_check;
alter table registry.claim add constraint claim_type_check
  check (type in ('event', 'organisation', 'scene', 'product', 'person', 'compliance', 'contribution'));
-- What came before offsetting, as the claim's statement says it.
alter table registry.claim add column reduce_first text;

create table registry.green_power (
  id bigint generated always as identity primary key,
  organisation_id bigint not null references registry.party,
  kind text not null check (kind in ('contract', 'certificate')),
  number text not null,
  -- As registry/kit/spelling.py spells: one number is registered once, whoever has it.
  spelled text not null constraint green_power_number unique,
  supplier text not null,
  green_kwh bigint not null check (green_kwh > 0),
  -- What claims have used. Behind the guarded update, no kilowatt-hour can be used twice.
  used_kwh bigint not null default 0 check (used_kwh >= 0),
  begins timestamptz not null,
  ends timestamptz not null,
  created_at timestamptz not null,
  constraint green_power_once check (used_kwh <= green_kwh)
);
create index on registry.green_power (organisation_id);
create table registry.green_power_use (
  green_power_id bigint not null references registry.green_power,
  claim_id bigint not null references registry.claim,
  green_kwh bigint not null check (green_kwh > 0),
  primary key (green_power_id, claim_id)
);
create table registry.claim_draft (
  id bigint generated always as identity primary key,
  organisation_id bigint not null references registry.party,
  type text not null,
  state text not null default 'draft' check (state in ('draft', 'declared', 'withdrawn')),
  terms text not null,
  claim_id bigint unique references registry.claim,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  check ((state = 'declared') = (claim_id is not null))
);
create index on registry.claim_draft (organisation_id);

grant select, insert on registry.green_power, registry.green_power_use, registry.claim_draft to kilnwood_api;
grant update (used_kwh) on registry.green_power to kilnwood_api;
grant update (state, terms, claim_id, changed_at) on registry.claim_draft to kilnwood_api;
