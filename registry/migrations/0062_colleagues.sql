-- An administrator gives roles at their own organisation without an approval; who it was is kept with the role.
alter table registry.role_grant
  add column granted_by bigint references registry.party,
  add constraint role_grant_one_source check (approval_id is null or granted_by is null);
