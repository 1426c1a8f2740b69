-- Events and places whose guests offset their own share from a page that a poster's code leads to.
create table registry.community_event (
  id bigint generated always as identity primary key,
  code text not null unique,
  organisation_id bigint not null references registry.party,
  kind text not null check (kind in ('event', 'scenic-area', 'hotel', 'restaurant')),
  title text not null,
  place text not null,
  begins timestamptz not null,
  ends timestamptz not null check (ends >= begins),
  profile text not null check (profile in ('chengdu-event', 'national-event')),
  organiser_covers text[] not null,
  expected_guests integer not null check (expected_guests > 0),
  pool_id bigint not null references registry.retail_pool,
  claim_id bigint unique references registry.claim,
  joined integer not null default 0,
  closed_at timestamptz,
  created_by bigint not null references registry.party,
  created_at timestamptz not null
);
create index on registry.community_event (organisation_id, id);

-- One guest's share. *secret* is the keyed hash of what their link has; the name is theirs to pick, and in the public
-- log there is a salted digest of it at most.
create table registry.event_guest (
  id bigint generated always as identity primary key,
  event_id bigint not null references registry.community_event,
  number integer not null check (number > 0),
  secret bytea not null unique,
  name text not null,
  listed boolean not null,
  hidden boolean not null default false,
  request text not null,
  result text not null,
  footprint_kg bigint not null check (footprint_kg > 0),
  payment_id bigint not null unique references registry.retail_payment,
  claim_id bigint unique references registry.claim,
  receipt_id text,
  joined_at timestamptz not null,
  unique (event_id, number),
  check (not listed or name <> '')
);

grant select, insert on registry.community_event, registry.event_guest to kilnwood_api;
grant update (pool_id, claim_id, joined, closed_at) on registry.community_event to kilnwood_api;
grant update (hidden, claim_id, receipt_id) on registry.event_guest to kilnwood_api;
