-- name: insert_grant
insert into registry.role_grant (person_id, organisation_id, role, during, approval_id)
values ($1, $2, $3, tstzrange(registry.business_now(), $4), $5) returning id;
-- name: insert_first_grant
-- Only the first start grants roles without an approval.
insert into registry.role_grant (person_id, organisation_id, role, during)
values ($1, $2, $3, tstzrange(registry.business_now(), null));
-- name: insert_colleague_grants
-- An administrator gives roles of their own organisation without an approval, and is named.
insert into registry.role_grant (person_id, organisation_id, role, during, granted_by)
select $1, $2, role, tstzrange(registry.business_now(), null), $4 from unnest($3::text[]) as role;
-- name: approved_roles
select distinct role from registry.role_grant
where organisation_id = $1 and approval_id is not null and during @> registry.business_now();
-- name: colleagues
select g.person_id, p.name, array_agg(distinct g.role order by g.role) as roles
from registry.role_grant g join registry.person p on p.id = g.person_id
where g.organisation_id = $3 and g.during @> registry.business_now() and g.person_id > $1
  and ($4::bigint is null or g.person_id = $4)
group by g.person_id, p.name order by g.person_id limit $2;
-- name: end_grants_at
update registry.role_grant
set during = tstzrange(least(lower(during), registry.business_now() - interval '1 microsecond'), registry.business_now())
where person_id = $1 and organisation_id = $2 and (upper_inf(during) or upper(during) > registry.business_now());
-- name: people_at
select distinct person_id from registry.role_grant
where organisation_id in (select registry.belongs_to($1)) and during @> registry.business_now();
-- name: holders_at
select count(distinct person_id) from registry.role_grant where organisation_id = $1 and during @> registry.business_now();
-- name: people_invited
select count(distinct person_id) from registry.role_grant where organisation_id = $1 and granted_by is not null;
-- name: held_by
select person_id, organisation_id, role from registry.role_grant
where person_id = any($1::bigint[]) and during @> registry.business_now() order by person_id, role, organisation_id;
-- name: holders
select distinct person_id from registry.role_grant where role = $1 and during @> registry.business_now();
-- name: people_since
select distinct person_id from registry.role_grant
where organisation_id = any($1::bigint[]) and during && tstzrange(registry.business_now() - $2::interval, registry.business_now(), '[]');
-- name: authority
select registry.authority_id();
-- name: grant
select id, person_id, organisation_id, role, lower(during) as begins, upper(during) as ends, approval_id,
  granted_by
from registry.role_grant where id = $1;
-- name: grants (either order)
select id, person_id, organisation_id, role, lower(during) as begins, upper(during) as ends, approval_id,
  granted_by
from registry.role_grant
where id > $1 and ($3::text is null or role = $3) and ($4::bigint is null or organisation_id = $4)
  and ($5::boolean is null or $5 = (during @> registry.business_now()))
order by id limit $2;
-- name: end_grant
-- It is over at once, even if business time has stood still since it began: a range is never empty, so such a grant
-- then begins a microsecond earlier.
update registry.role_grant
set during = tstzrange(least(lower(during), registry.business_now() - interval '1 microsecond'), registry.business_now())
where id = $1 and (upper_inf(during) or upper(during) > registry.business_now());
-- name: roles_ever
select count(*) from registry.role_grant where person_id = $1;
-- name: lock_person
-- Key issuance for one person is serialised, so that "has no key yet" stays true until the commit.
select name from registry.person where id = $1 for no key update;
-- name: organisation
select id from registry.organisation where id = $1;
