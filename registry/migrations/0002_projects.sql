-- Why credits may exist: projects, their public notice, monitoring reports, documents.
create table registry.document (
  sha256 bytea primary key check (octet_length(sha256) = 32),
  media_type text not null,
  content bytea not null check (octet_length(content) between 1 and 10485760),
  uploaded_by bigint not null references registry.party,
  uploaded_at timestamptz not null
);

create table registry.project (
  id bigint generated always as identity primary key,
  region_id text not null references registry.region,
  number integer generated always as identity unique check (number > 0),
  developer_id bigint not null references registry.party,
  name text not null,
  methodology text not null,
  location text not null,
  crediting_begins date not null,
  crediting_ends date not null,
  description text not null,
  documents bytea[] not null,
  state text not null
    check (state in ('draft', 'submitted', 'validated', 'public_notice', 'registered', 'rejected')),
  rejected_from text,
  notice_opened date,
  notice_ends date,
  created_at timestamptz not null,
  check (crediting_begins < crediting_ends)
);
create index on registry.project (developer_id);

create table registry.monitoring_report (
  id bigint generated always as identity primary key,
  project_id bigint not null references registry.project,
  vintage integer not null,
  begins date not null,
  ends date not null,
  activity text not null,
  reduction text not null,
  reduction_kg bigint not null check (reduction_kg > 0),
  issuable_t bigint not null check (issuable_t > 0),
  documents bytea[] not null,
  verification_report bytea references registry.document,
  verifier_id bigint references registry.party,
  state text not null check (state in ('submitted', 'verified', 'rejected', 'issued')),
  created_at timestamptz not null,
  check (begins <= ends),
  check (state not in ('verified', 'issued') or verification_report is not null)
);
create index on registry.monitoring_report (project_id);

-- Who, when, from, to, why: append-only.
create table registry.project_event (
  id bigint generated always as identity primary key,
  project_id bigint not null references registry.project,
  report_id bigint references registry.monitoring_report,
  person_id bigint not null references registry.party,
  organisation_id bigint references registry.party,
  from_state text,
  to_state text not null,
  why text not null,
  at timestamptz not null
);
create index on registry.project_event (project_id, id);

create table registry.notice_comment (
  id bigint generated always as identity primary key,
  project_id bigint not null references registry.project,
  person_id bigint not null references registry.party,
  text text not null,
  at timestamptz not null
);
create index on registry.notice_comment (project_id, id);

grant select, insert on registry.document, registry.project, registry.monitoring_report, registry.project_event,
  registry.notice_comment to kilnwood_api;
grant update on registry.project, registry.monitoring_report to kilnwood_api;
