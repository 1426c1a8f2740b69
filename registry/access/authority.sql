-- name: current
select epoch, moved_at, registry.business_now() as business_now from registry.authority_epoch;
-- name: person
-- A person without a key, for what they asked to be done by itself: the grants that are not over yet.
select p.id as person_id, p.name, g.roles, g.organisations, g.begins, g.ends, s.suspension_id, s.until as suspended_until
from registry.person p
left join lateral (
  select suspension_id, until from registry.suspended where person_id = p.id
  order by until desc nulls first, suspension_id limit 1
) s on true, lateral (
  select array_agg(role order by id) as roles, array_agg(organisation_id order by id) as organisations,
    array_agg(lower(during) order by id) as begins, array_agg(upper(during) order by id) as ends
  from registry.role_grant
  where person_id = p.id and (upper_inf(during) or upper(during) > registry.business_now())
) g where p.id = $1;
-- name: key_by_hash
-- A key, its person, and the grants that are not over yet; which of them hold is decided when the key is used. A session
-- is over with the key that opened it, and its secret from before the last rotation a minute after that.
with found as (
  select id, null::timestamptz as rotated_at, null::timestamptz as until from registry.api_key where hash = $1
  union all
  select key_id, rotated_at, case when hash <> $1 then replaced_until end from registry.session
  where hash = $1 or replaced_hash = $1
)
select k.id as key_id, k.person_id, p.name, coalesce(k.revoked_at, o.revoked_at) as revoked_at, k.spent_at, k.first,
  least(k.expires_at, o.expires_at, found.until) as expires_at, found.rotated_at, coalesce(u.used_at, k.created_at) as used_at,
  g.roles, g.organisations, g.begins, g.ends, s.suspension_id, s.until as suspended_until
from found join registry.api_key k on k.id = found.id join registry.person p on p.id = k.person_id
left join registry.api_key o on o.id = k.parent_id and k.kind = 'session'
left join registry.api_key_use u on u.key_id = k.id
left join lateral (
  select suspension_id, until from registry.suspended where person_id = k.person_id
  order by until desc nulls first, suspension_id limit 1
) s on true, lateral (
  select array_agg(role order by id) as roles, array_agg(organisation_id order by id) as organisations,
    array_agg(lower(during) order by id) as begins, array_agg(upper(during) order by id) as ends
  from registry.role_grant
  where person_id = k.person_id and (upper_inf(during) or upper(during) > registry.business_now())
) g;
