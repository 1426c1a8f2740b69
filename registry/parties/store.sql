-- name: region
select id, name, serial_region, programme, simulated, log_origin, registry.business_now() as business_time
from registry.region;
-- name: log_origin
select log_origin from registry.region;
-- name: insert_region
insert into registry.region (id, name, serial_region, programme, simulated, log_origin)
values ($1, $2, $3, $4, $5, $6);
-- name: insert_party
insert into registry.party (region_id, kind, name, created_at)
values (registry.region_id(), $1, $2, registry.business_now())
returning id, name, created_at;
-- name: insert_identifier
insert into registry.party_identifier (scheme, value, party_id) values ($1, $2, $3);
-- name: insert_ownership
insert into registry.ownership (owned_id, owner_id, during) values ($1, $2, tstzrange(registry.business_now(), null));
-- name: person
select id, name, created_at from registry.party where id = $1 and kind = 'person';
-- name: search
-- Whose identifier it is; what begins with the words, by the index; and what has them anywhere, among the newest.
select p.id, p.name, (select i.value from registry.party_identifier i where i.party_id = p.id
    order by i.value = upper($2) desc, i.scheme desc limit 1) as identifier,
  exists (select from registry.party_identifier i where i.party_id = p.id and i.value = upper($2)) as exact
from registry.party p
where p.kind = 'organisation' and p.id in (
  (select party_id from registry.party_identifier where value = upper($2))
  union all
  (select id from registry.party where kind = 'organisation' and lower(name) like $1 || '%' limit 100)
  union all
  (select n.id from (
    select id, name from registry.party where kind = 'organisation' order by id desc limit 10000) n
  where lower(n.name) like '%' || $1 || '%' limit 100))
order by exact desc, lower(p.name) like $1 || '%' desc, p.id desc limit $3;
-- name: organisations (either order)
select p.id, p.name, p.created_at,
  coalesce((select k.kind from registry.organisation_kind k where k.organisation_id = p.id order by k.id desc limit 1),
    'enterprise') as kind,
  (select o.owner_id from registry.ownership o
    where o.owned_id = p.id and o.during @> registry.business_now() limit 1) as parent_id,
  coalesce((select array_agg(i.scheme || ':' || i.value order by i.scheme) from registry.party_identifier i
    where i.party_id = p.id), '{}') as identifiers
from registry.party p
where p.kind = 'organisation' and p.id > $1 and ($3::bigint is null or p.id = $3)
  and ($4::text is null or strpos(lower(p.name), lower($4)) > 0)
order by p.id limit $2;
-- name: record_kind
insert into registry.organisation_kind (organisation_id, kind, why, person_id, at)
values ($1, $2, $3, $4, registry.business_now()) returning id;
-- name: identified
select party_id from registry.party_identifier where scheme = $1 and value = $2;
-- name: names
select id, name from registry.party where kind = 'organisation' and id = any($1::bigint[]);
-- name: people
select id, name from registry.party where kind = 'person' and id = any($1::bigint[]);
-- name: ancestors
select id from registry.owned_through($1) as id where id <> $1;
-- name: insert_account
insert into registry.account (region_id, owner_id, type, name, opened_at)
values (registry.region_id(), $1, $2, $3, registry.business_now())
returning id, owner_id, type, name, status, opened_at;
-- name: account
select id, owner_id, type, name, status, opened_at from registry.account where id = $1;
-- name: accounts (either order)
select id, owner_id, type, name, status, opened_at from registry.account
where id > $1 and ($3::bigint[] is null or owner_id = any($3)) and ($4::bigint is null or owner_id = $4)
order by id limit $2;
-- name: buffer_account
select id from registry.account where type = 'buffer';
-- name: authority
select registry.authority_id();
-- name: lock_accounts
select id, owner_id, type, status from registry.lock_accounts($1::bigint[]);
-- name: trader
-- An account as the exchange sees it. Its beneficial owner is the organisation at the top of the chain of owners. *until*
-- is when an interval of ownership next begins or ends: the chain may then change although nobody writes anything.
with recursive owners (id, depth) as (
  select owner_id, 0 from registry.account where id = $1
  union all
  select o.owner_id, depth + 1 from owners join registry.ownership o
    on o.owned_id = owners.id and o.during @> registry.business_now() and depth < 16
)
select a.id, a.owner_id, a.type = 'holding' and a.status = 'open' as usable,
  (select id from owners order by depth desc, id limit 1) as group_id,
  (select min(f.id) from registry.freeze_in_effect f where f.scope = 'account' and f.target_id = a.id) as restriction_id,
  (select min(case when lower(o.during) > registry.business_now() then lower(o.during) else upper(o.during) end)
    from registry.ownership o join owners on o.owned_id = owners.id
    where lower(o.during) > registry.business_now() or upper(o.during) > registry.business_now()) as until
from registry.account a where a.id = $1;
-- name: groups
-- Of each account: the organisation at the top of the chain of owners, and what kind of party owns it.
with recursive owners (account_id, id, depth) as (
  select id, owner_id, 0 from registry.account where id = any($1::bigint[])
  union all
  select owners.account_id, o.owner_id, depth + 1 from owners join registry.ownership o
    on o.owned_id = owners.id and o.during @> registry.business_now() and depth < 16
)
select distinct on (owners.account_id) owners.account_id, owners.id as group_id,
  case when p.kind = 'person' then 'individual' else coalesce((select k.kind from registry.organisation_kind k
    where k.organisation_id = p.id order by k.id desc limit 1), 'enterprise') end as kind
from owners join registry.account a on a.id = owners.account_id join registry.party p on p.id = a.owner_id
order by owners.account_id, depth desc, owners.id;
-- name: number_of_parties
select count(*) from registry.party where kind = $1;
-- name: accounts_of
select count(*) from registry.account where owner_id = $1;
