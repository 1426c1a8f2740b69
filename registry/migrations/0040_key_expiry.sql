-- A key ends by itself, in real time also where business time is simulated: a year after it was made. Keys from before
-- this migration have a year from now.
alter table registry.api_key add column expires_at timestamptz not null default now() + interval '1 year';

-- Apart from the key, whose every change moves the epoch of authority.
create table registry.api_key_use (
  key_id bigint primary key references registry.api_key,
  used_at timestamptz not null
);
grant select, insert on registry.api_key_use to kilnwood_api;
grant update (used_at) on registry.api_key_use to kilnwood_api;
