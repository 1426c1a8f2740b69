-- What a project said when it was last submitted: that is public, and not what its developer changes after a rejection.
-- A project is unseen until it is first submitted, and stands unless it is a draft, sent back or withdrawn.
alter table registry.project
  add column submitted text,
  add column submitted_documents bytea[],
  add column unseen boolean not null generated always as
    (state = 'draft' or state = 'withdrawn' and rejected_from is null) stored,
  add column standing boolean not null generated always as (state not in ('draft', 'rejected', 'withdrawn')) stored;
update registry.project set submitted_documents = documents, submitted = json_build_object(
  'name', name, 'methodology', methodology, 'location', location, 'crediting_begins', crediting_begins,
  'crediting_ends', crediting_ends, 'description', description, 'site', site::json, 'design', design::json)::text
where not unseen;
create index project_submitted on registry.project using gin (submitted_documents) where not standing;
