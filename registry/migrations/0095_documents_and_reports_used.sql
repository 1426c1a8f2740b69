-- Everybody who uploaded a file, with the organisations that they belonged to then: who came first says little.
create table registry.document_upload (
  sha256 bytea not null references registry.document on delete cascade,
  person_id bigint not null references registry.party,
  organisations bigint[] not null,
  uploaded_at timestamptz not null,
  primary key (sha256, person_id)
);
insert into registry.document_upload (sha256, person_id, organisations, uploaded_at)
select d.sha256, d.uploaded_by, array(
  select distinct g.organisation_id from registry.role_grant g
  where g.person_id = d.uploaded_by and g.during @> d.uploaded_at order by 1), d.uploaded_at
from registry.document d;
grant select, insert on registry.document_upload to kilnwood_api;
grant update (organisations) on registry.document_upload to kilnwood_api;

-- Access: who holds the role of a verifier now, and where.
create view registry.verifier_now as
select person_id, organisation_id from registry.role_grant where role = 'verifier' and during @> registry.business_now();
grant select on registry.verifier_now to kilnwood_api;

-- Each report of a verifier that ever carried a decision: a validation, a verification or a claim, and of whom. It
-- stays used, whatever becomes of what it was about. Those of projects from before 0051 are in their history only.
create table registry.report_use (
  sha256 bytea primary key references registry.document,
  used_by text not null,
  owner_id bigint not null references registry.party,
  used_at timestamptz not null
);
insert into registry.report_use (sha256, used_by, owner_id, used_at)
select r.verification_report, 'the verification of report ' || r.id, p.developer_id, registry.business_now()
from registry.monitoring_report r join registry.project p on p.id = r.project_id
where r.verification_report is not null order by r.id
on conflict do nothing;
insert into registry.report_use (sha256, used_by, owner_id, used_at)
select v.verification_report, 'the verification of report ' || v.report_id, p.developer_id, v.replaced_at
from registry.report_version v join registry.monitoring_report r on r.id = v.report_id
join registry.project p on p.id = r.project_id
where v.verification_report is not null order by v.report_id, v.number
on conflict do nothing;
insert into registry.report_use (sha256, used_by, owner_id, used_at)
select d.sha256, 'the validation of ' || p.code, p.developer_id, e.at
from registry.project_event e
join registry.project p on p.id = e.project_id
join registry.document d on d.sha256 = decode(substring(e.why from '\(validation report ([0-9a-f]{64})\)$'), 'hex')
where e.report_id is null and e.to_state = 'validated' order by e.id
on conflict do nothing;
grant select, insert on registry.report_use to kilnwood_api;
create index version_documents on registry.report_version using gin (documents);
