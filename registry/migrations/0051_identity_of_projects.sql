-- What a project is known by, so that one kiln is not registered twice, and what its design says, so that a report can
-- be held against it (registry/projects/identity.py). Site and design are JSON as they were sent; projects from before
-- have neither and are compared by their location. A validation names its report; until here only its reason did.
alter table registry.project
  add column site text,
  add column design text,
  add column validation_report bytea references registry.document;
update registry.project p set validation_report = found.sha256
from (
  select distinct on (e.project_id) e.project_id, d.sha256
  from registry.project_event e
  join registry.document d
    on d.sha256 = decode(substring(e.why from '\(validation report ([0-9a-f]{64})\)$'), 'hex')
  where e.report_id is null and e.to_state = 'validated'
  order by e.project_id, e.id desc
) found
where found.project_id = p.id;
create index project_documents on registry.project using gin (documents);
create index report_documents on registry.monitoring_report using gin (documents);
create index on registry.project (validation_report);
create index on registry.monitoring_report (verification_report);

-- The verifier's justification of a result far above the design.
alter table registry.monitoring_report add column above_design text;
