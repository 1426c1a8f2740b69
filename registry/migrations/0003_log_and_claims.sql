-- The public log (RECEIPTS.md) and the claims that retirements name.

-- Unsigned statement text, inserted last in its transaction. CACHE 1: an id handed out later is larger, so a statement
-- that depends on another has the larger id, and a query that sees it sees the other.
create table registry.statement (
  id bigint generated always as identity (cache 1) primary key,
  type text not null,
  note_text text not null,
  sha256 bytea not null unique check (octet_length(sha256) = 32),
  at timestamptz not null,
  leaf_index bigint unique,
  note text,
  leaf_hash bytea,
  check ((leaf_index is null) = (note is null) and (note is null) = (leaf_hash is null))
);
create index statement_unsequenced on registry.statement (id) where leaf_index is null;
create index on registry.statement (leaf_hash);

-- What a statement only names by digest; erasable without touching the log.
create table registry.opening (
  statement_id bigint not null references registry.statement,
  label text not null,
  salt bytea not null,
  text text not null,
  primary key (statement_id, label)
);

create table registry.log_head (
  only_row boolean primary key default true check (only_row),
  size bigint not null check (size >= 0),
  root bytea not null
);
insert into registry.log_head (size, root)
values (0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

-- Hash tiles of height 8; the row of the newest tile of a level grows until it has 256 hashes.
create table registry.log_tile (
  level smallint not null check (level between 0 and 63),
  n bigint not null check (n >= 0),
  hashes bytea not null check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
  primary key (level, n)
);

create table registry.log_checkpoint (
  size bigint primary key check (size > 0),
  root bytea not null,
  at timestamptz not null default now(),
  note text,
  witnessed_at timestamptz
);

-- The log's public keys, kept by the sequencer at its first start: other keys than these never sign this log.
create table registry.log_key (
  role text primary key check (role in ('issuer', 'log-ed25519', 'log-ml-dsa-44')),
  vkey text not null unique
);

create table registry.footprint (
  id bigint generated always as identity primary key,
  organisation_id bigint not null references registry.party,
  request text not null,
  result text not null,
  footprint_kg bigint not null check (footprint_kg > 0),
  created_at timestamptz not null
);
create index on registry.footprint (organisation_id);

create table registry.claim (
  id bigint generated always as identity primary key,
  region_id text not null references registry.region,
  claimant_id bigint not null references registry.party,
  type text not null
    check (type in ('event', 'organisation', 'product', 'person', 'compliance', 'contribution')),
  footprint_id bigint unique references registry.footprint,
  body text not null,
  new_forest boolean not null,
  required_kg bigint not null check (required_kg >= 0),
  allocated_kg bigint not null default 0 check (allocated_kg >= 0),
  deadline timestamptz,
  statement_id bigint not null unique references registry.statement,
  created_at timestamptz not null,
  constraint claim_not_over check (type = 'contribution' or allocated_kg <= required_kg),
  check ((type = 'contribution') = (required_kg = 0))
);
create index on registry.claim (claimant_id);

grant select, insert on registry.statement, registry.opening, registry.footprint, registry.claim to kilnwood_api;
grant update (allocated_kg) on registry.claim to kilnwood_api;
grant select on registry.log_head, registry.log_tile, registry.log_checkpoint, registry.log_key to kilnwood_api;
grant select on registry.statement to kilnwood_sequencer;
grant update (leaf_index, note, leaf_hash) on registry.statement to kilnwood_sequencer;
grant select, update on registry.log_head to kilnwood_sequencer;
grant select, insert, update on registry.log_tile, registry.log_checkpoint to kilnwood_sequencer;
grant select, insert on registry.log_key to kilnwood_sequencer;
