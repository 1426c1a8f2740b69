-- name: current
select epoch, moved_at, registry.business_now() as business_now from registry.authority_epoch;
-- name: key_by_hash
-- A key, its person, and the grants that are not over yet; which of them hold is decided when the key is used.
select k.id as key_id, k.person_id, k.revoked_at, k.spent_at, k.first, k.expires_at, g.roles, g.organisations, g.begins,
  g.ends, s.suspension_id, s.until as suspended_until
from registry.api_key k left join lateral (
  select suspension_id, until from registry.suspended where person_id = k.person_id
  order by until desc nulls first, suspension_id limit 1
) s on true, lateral (
  select array_agg(role order by id) as roles, array_agg(organisation_id order by id) as organisations,
    array_agg(lower(during) order by id) as begins, array_agg(upper(during) order by id) as ends
  from registry.role_grant
  where person_id = k.person_id and (upper_inf(during) or upper(during) > registry.business_now())
) g
where k.hash = $1;
