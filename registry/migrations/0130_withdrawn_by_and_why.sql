-- A proposal that somebody withdrew says who did, and why.
alter table registry.approval add column withdrawn_by bigint references registry.party (id),
  add column withdrawn_because text not null default '';
grant update (withdrawn_by, withdrawn_because) on registry.approval to kilnwood_api;
