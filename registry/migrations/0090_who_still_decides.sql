-- Access: who may decide is said once. A suspension keeps its people from deciding as regulators, and from nothing
-- else.

-- Whether a person holds a role now, at *place* (null: anywhere), and may use it.
create function registry.may_act(person bigint, wanted text, place bigint) returns boolean
language sql stable parallel safe
as $$
  select exists (
    select from registry.role_grant g
    where g.person_id = person and g.role = wanted and (place is null or g.organisation_id = place)
      and g.during @> registry.business_now()
  ) and (wanted <> 'regulator' or not exists (select from registry.suspended s where s.person_id = person))
$$;

-- The role that both people hold who decide an operation (approvals/rules.py, role_for).
create function registry.role_deciding(operation text) returns text
language sql immutable parallel safe
as $$ select case operation when 'deposit_cash' then 'operator' else 'regulator' end $$;

-- Whether somebody who was let in by *key* (0: without one) still is who they were then: the key works, and every one
-- of these roles may be used at its place. The same of whoever proposed what this transaction carries out.
create function registry.still_acts(person bigint, key bigint, roles text[], places bigint[]) returns boolean
language sql stable parallel safe
as $$
  select (key = 0 or exists (
    select from registry.api_key k where k.id = key and k.revoked_at is null and k.expires_at > now()
  )) and not exists (
    select from unnest(roles, places) as held (role, place) where not registry.may_act(person, held.role, held.place)
  ) and not exists (
    select from registry.approval a where a.approver_id = person and a.used_at = now()
      and not registry.may_act(a.proposer_id, registry.role_deciding(a.operation), null)
  )
$$;
create index approval_used on registry.approval (approver_id, used_at) where used_at is not null;
