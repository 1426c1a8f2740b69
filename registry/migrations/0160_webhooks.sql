-- Webhooks: where an organisation's own systems are told what happened to it.

-- Transparency's order, for what an organisation is told of: an issuance, and a claim. (Retirements: 0120.)
create view registry.logged_issuance as
select l.leaf_index, i.code, p.developer_id as organisation_id
from registry.issuance i join registry.logged l on l.id = i.statement_id
join registry.known_project p on p.id = i.project_id;
create view registry.logged_claim as
select l.leaf_index, c.id, c.claimant_id as organisation_id
from registry.claim c join registry.logged l on l.id = c.statement_id;

-- Secrets are sealed with a key that is not in the database. The one before signs too until *old_until*.
create table registry.webhook (
  id bigint generated always as identity primary key,
  organisation_id bigint not null references registry.party,
  url text not null,
  kinds text[] not null check (cardinality(kinds) > 0),
  state text not null default 'active' check (state in ('active', 'paused', 'disabled')),
  why text,
  sealed bytea not null,
  old_sealed bytea,
  old_until timestamptz,
  failing_since timestamptz,
  made_by bigint not null references registry.party,
  made_at timestamptz not null default now(),
  check ((state = 'disabled') = (why is not null)),
  check ((old_sealed is null) = (old_until is null))
);
create index webhook_of on registry.webhook (organisation_id, id);

-- What happened, as it is sent: the same bytes under the same number however often, to whichever address.
create table registry.webhook_message (
  id bigint generated always as identity primary key,
  organisation_id bigint not null references registry.party,
  cause text not null,
  kind text not null,
  number text not null unique default 'msg_' || replace(gen_random_uuid()::text, '-', ''),
  body text not null,
  made_at timestamptz not null default now(),
  unique (organisation_id, cause)
);
create index webhook_message_made on registry.webhook_message (organisation_id, made_at);
create index webhook_message_old on registry.webhook_message (made_at);

-- One row for each message and address. It is taken for one attempt by moving *next_at*: what crashes between sending
-- and marking is sent again, under the same number.
create table registry.webhook_delivery (
  id bigint generated always as identity primary key,
  webhook_id bigint not null references registry.webhook on delete cascade,
  message_id bigint not null references registry.webhook_message on delete cascade,
  state text not null default 'due' check (state in ('due', 'delivered', 'given_up')),
  tries integer not null default 0,
  next_at timestamptz not null default now(),
  first_at timestamptz,
  tried_at timestamptz,
  answer text,
  unique (webhook_id, message_id)
);
create index webhook_delivery_due on registry.webhook_delivery (next_at) where state = 'due';
create index webhook_delivery_message on registry.webhook_delivery (message_id);

grant select on registry.logged_issuance, registry.logged_claim to kilnwood_api;
grant select, insert, delete on registry.webhook, registry.webhook_message to kilnwood_api;
grant update (state, why, sealed, old_sealed, old_until, failing_since) on registry.webhook to kilnwood_api;
grant select, insert, delete on registry.webhook_delivery to kilnwood_api;
grant update (state, tries, next_at, first_at, tried_at, answer) on registry.webhook_delivery to kilnwood_api;
