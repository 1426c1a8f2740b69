-- People sign in: passkeys and sessions are keys like those of programs, so that expiry, revocation, last use,
-- suspension and the graph of keys hold for them as they are (registry/access/keys/rules.py).
alter table registry.api_key
  add column kind text not null default 'program' check (kind in ('program', 'passkey', 'session')),
  -- What a list calls the browser or the device; null for a program's.
  add column device text,
  alter column hash drop not null,
  -- Only a program's key has one secret for ever.
  add constraint api_key_secret check ((kind = 'program') = (hash is not null)),
  -- A session belongs to the key that opened it.
  add constraint api_key_session check (kind <> 'session' or (parent_id is not null and fingerprint is null and not first));
create index api_key_sessions on registry.api_key (parent_id) where kind = 'session';

create table registry.passkey (
  key_id bigint primary key references registry.api_key,
  credential_id bytea not null constraint passkey_credential unique check (length(credential_id) between 1 and 1023),
  public_key bytea not null,
  sign_count bigint not null check (sign_count >= 0)
);

-- Apart from the key: what changes with use must not move the epoch of authority, except for the secret itself.
create table registry.session (
  key_id bigint primary key references registry.api_key,
  hash bytea not null unique,
  rotated_at timestamptz not null default now(),
  -- The secret before this one, for requests that were under way.
  replaced_hash bytea unique,
  replaced_until timestamptz,
  check ((replaced_hash is null) = (replaced_until is null))
);
create constraint trigger session_moves_authority after update on registry.session
  deferrable initially deferred for each row execute function registry.move_authority_epoch();

-- What a passkey has to sign, once. *key_id*: the key with which its holder makes a passkey; null for signing in.
create table registry.challenge (
  challenge bytea primary key,
  key_id bigint references registry.api_key,
  expires_at timestamptz not null default now() + interval '5 minutes'
);
create index on registry.challenge (expires_at);

grant select, insert on registry.passkey, registry.session, registry.challenge to kilnwood_api;
grant update (sign_count) on registry.passkey to kilnwood_api;
grant update (hash, rotated_at, replaced_hash, replaced_until) on registry.session to kilnwood_api;
grant delete on registry.challenge to kilnwood_api;
