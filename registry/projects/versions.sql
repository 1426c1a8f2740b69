-- name: keep_project_version
-- What it said at the submission before this one, if there was one; the project is locked.
insert into registry.project_version (project_id, number, said, documents, replaced_at)
select p.id, 1 + (select count(*) from registry.project_version v where v.project_id = p.id), p.submitted,
  p.submitted_documents, registry.business_now()
from registry.project p where p.id = $1 and p.submitted is not null;
-- name: project_versions
select number, said, documents, replaced_at from registry.project_version
where project_id = $3 and number > $1::bigint order by number limit $2;
