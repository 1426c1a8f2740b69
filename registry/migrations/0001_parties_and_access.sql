-- The region, who acts in it, and what they may do.
create schema registry;

-- Serving processes own nothing: they log in as a member of one of these roles (DESIGN §3). An owner who may create no
-- roles finds them made. Membership is for an owner who serves as well; another login is granted it by whoever may.
do $$
declare
  role text;
  may_act text := case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end;
begin
  foreach role in array array['kilnwood_api', 'kilnwood_sequencer'] loop
    if not exists (select from pg_roles where rolname = role) then
      begin
        execute format('create role %I nologin', role);
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
    if not pg_has_role(current_user, role, may_act) then
      begin
        execute format('grant %I to %I', role, current_user);
      exception when insufficient_privilege then null;
      end;
    end if;
  end loop;
end $$;
grant usage on schema registry to kilnwood_api, kilnwood_sequencer;

create table registry.region (
  id text primary key check (id ~ '^[A-Z]{2}(-[0-9A-Z]{1,6})?$'),
  name text not null,
  serial_region text not null check (serial_region ~ '^[A-Z]{2}$'),
  programme text not null check (programme ~ '^[A-Z][A-Z0-9]{1,11}$'),
  simulated boolean not null,
  log_origin text not null unique,
  created_at timestamptz not null default now()
);

-- Business time: one row that only moves forward. A simulated region moves it by hand, a real one follows the wall.
-- It is that of the statement, not of the transaction: what waited for a lock comes after what it waited for.
create table registry.business_clock (
  only_row boolean primary key default true check (only_row),
  simulated boolean not null,
  at timestamptz not null
);
create function registry.business_now() returns timestamptz
language sql stable parallel safe
as $$ select case when simulated then at else greatest(at, statement_timestamp()) end from registry.business_clock $$;

create table registry.party (
  id bigint generated always as identity primary key,
  region_id text not null references registry.region,
  kind text not null check (kind in ('organisation', 'person')),
  name text not null,
  created_at timestamptz not null
);
create table registry.party_identifier (
  scheme text not null check (scheme in ('uscc', 'lei')),
  value text not null,
  party_id bigint not null references registry.party,
  constraint party_identifier_taken primary key (scheme, value)
);
create index on registry.party_identifier (party_id);
create table registry.ownership (
  owned_id bigint not null references registry.party,
  owner_id bigint not null references registry.party,
  during tstzrange not null check (not isempty(during)),
  primary key (owned_id, owner_id, during),
  check (owned_id <> owner_id)
);

create table registry.account (
  id bigint generated always as identity primary key,
  region_id text not null references registry.region,
  owner_id bigint not null references registry.party,
  type text not null check (type in ('holding', 'buffer', 'exchange')),
  name text not null,
  status text not null default 'open' check (status in ('open', 'closed')),
  opened_at timestamptz not null
);
create index on registry.account (owner_id);
create unique index account_one_buffer on registry.account (region_id) where type = 'buffer';

create table registry.approval (
  id bigint generated always as identity primary key,
  operation text not null,
  body text not null,
  sha256 bytea not null,
  reason text not null,
  proposer_id bigint not null references registry.party,
  proposed_at timestamptz not null,
  expires_at timestamptz not null,
  approver_id bigint references registry.party,
  used_at timestamptz,
  withdrawn_at timestamptz check (withdrawn_at is null or used_at is null),
  constraint approval_two_people check (approver_id <> proposer_id),
  check ((approver_id is null) = (used_at is null))
);

create table registry.role_grant (
  id bigint generated always as identity primary key,
  person_id bigint not null references registry.party,
  organisation_id bigint not null references registry.party,
  role text not null,
  during tstzrange not null check (not isempty(during)),
  approval_id bigint references registry.approval
);
create index on registry.role_grant (person_id);
create index on registry.role_grant (organisation_id);

create table registry.api_key (
  id bigint generated always as identity primary key,
  person_id bigint not null references registry.party,
  prefix text not null,
  hash bytea not null unique,
  created_by bigint references registry.party,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);
create index on registry.api_key (person_id);

create table registry.restriction (
  id bigint generated always as identity primary key,
  scope text not null check (scope in ('account', 'project', 'issuance')),
  target_id bigint not null,
  reason text not null,
  placed_by bigint not null references registry.party,
  during tstzrange not null,
  approval_id bigint references registry.approval
);
create index restriction_target on registry.restriction (scope, target_id) where upper_inf(during);

create table registry.idempotency (
  person_id bigint not null references registry.party,
  operation text not null,
  key text not null,
  request_sha256 bytea not null,
  object_id text not null,
  created_at timestamptz not null default now(),
  constraint idempotency_once primary key (person_id, operation, key)
);
create index on registry.idempotency (created_at) where operation <> 'retire_credits';

grant select, insert on all tables in schema registry to kilnwood_api;
grant update (at) on registry.business_clock to kilnwood_api;
grant update (name) on registry.party to kilnwood_api;
grant update (status) on registry.account to kilnwood_api;
grant update (approver_id, used_at, withdrawn_at) on registry.approval to kilnwood_api;
grant update (during) on registry.role_grant to kilnwood_api;
grant update (revoked_at) on registry.api_key to kilnwood_api;
grant update (during, approval_id) on registry.restriction to kilnwood_api;
grant delete on registry.idempotency to kilnwood_api;
grant select on registry.region, registry.business_clock to kilnwood_sequencer;
