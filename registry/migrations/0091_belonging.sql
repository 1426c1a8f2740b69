-- Parties: an organisation and all that own it, directly or through others; a circle ends where it began.
create function registry.owned_through(organisation bigint) returns setof bigint
language sql stable parallel safe
as $$
  with recursive above (id) as (
    select organisation
    union
    select o.owner_id from above join registry.ownership o on o.owned_id = above.id and o.during @> registry.business_now()
  )
  select id from above
$$;

-- Whose people decide nothing for it: the same, without the registry's authority, unless it is the authority itself.
-- What the authority owns has nobody else who could decide for it.
create function registry.belongs_to(organisation bigint) returns setof bigint
language sql stable parallel safe
as $$
  select id from registry.owned_through(organisation) as id
  where id = organisation or id is distinct from registry.authority_id()
$$;
