-- name: search
-- Whose code it is; what begins with the words, by the index; and what has them anywhere, among the newest. Of a project
-- that is not standing, what was last submitted: only that is seen by all, so only that is found.
select p.id, p.code, p.name, p.location, o.name as developer, p.state
from (
  select id, code, developer_id, state,
    case when standing or submitted is null then name else submitted::json ->> 'name' end as name,
    case when standing or submitted is null then location else submitted::json ->> 'location' end as location
  from registry.project
  where not unseen and id in (
    (select id from registry.project where code = upper($2))
    union all
    (select id from registry.project where lower(name) like $1 || '%' limit 100)
    union all
    (select n.id from (
      select id, code, name, location, submitted from registry.project order by id desc limit 10000) n
    where lower(n.code || ' ' || n.name || ' ' || n.location) like '%' || $1 || '%'
      or lower(n.submitted) like '%' || $1 || '%' limit 100))
) p join registry.organisation o on o.id = p.developer_id
where lower(p.code || ' ' || p.name || ' ' || p.location) like '%' || $1 || '%'
order by p.code = upper($2) desc, lower(p.name) like $1 || '%' desc, p.id desc limit $3;
-- name: names
-- Of projects whose credits somebody holds: what was issued is public.
select id, name from registry.project where id = any($1::bigint[]);
