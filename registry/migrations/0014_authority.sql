-- The organisation that keeps the registry: roles that hold region-wide are granted there and nowhere else.
create function registry.authority_id() returns bigint
language sql stable parallel safe
as $$ select owner_id from registry.account where type = 'buffer' $$;
