-- name: record_attributes
insert into registry.project_attributes (project_id, co_benefits, labels, source, why, person_id, at)
values ($1, $2, $3, $4, $5, $6, registry.business_now()) returning id;
-- name: recorded_attributes
select id, project_id, co_benefits, labels, source, why, at from registry.project_attributes where id = $1;
-- name: attributes (either order)
select id, project_id, co_benefits, labels, source, why, at from registry.project_attributes
where id > $1 and project_id = $3 order by id limit $2;
-- name: traits
-- Of some projects: the methodology, and what was recorded last.
select p.id, p.methodology, coalesce(a.co_benefits, '{}') as co_benefits, coalesce(a.labels, '{}') as labels
from registry.project p left join lateral (
  select co_benefits, labels from registry.project_attributes where project_id = p.id order by id desc limit 1) a on true
where p.id = any($1::bigint[]);
