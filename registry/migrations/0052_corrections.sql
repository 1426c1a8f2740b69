-- Wording that was wrong: a correction is a statement of its own, and the one it corrects stays as it is.
create table registry.correction (
  id bigint generated always as identity primary key,
  corrects bigint not null references registry.statement,
  number integer not null check (number > 0),
  wording text not null,
  reason text not null,
  organisation_id bigint not null references registry.party,
  person_id bigint not null references registry.party,
  statement_id bigint not null unique references registry.statement,
  at timestamptz not null,
  unique (corrects, number)
);
grant select, insert on registry.correction to kilnwood_api;

-- The words of a claim as its corrections left them; its body keeps the first ones.
alter table registry.claim add column wording text;
grant update (wording) on registry.claim to kilnwood_api;

-- Drafts, and what was sent back, can be withdrawn by their developer.
alter table registry.project drop constraint project_state_check;
alter table registry.project add constraint project_state_check check (state in
  ('draft', 'submitted', 'validated', 'public_notice', 'registered', 'rejected', 'withdrawn'));

-- What a monitoring report said before it was filed again.
create table registry.report_version (
  report_id bigint not null references registry.monitoring_report,
  number integer not null check (number > 0),
  begins date not null,
  ends date not null,
  activity text not null,
  reduction text not null,
  documents bytea[] not null,
  verification_report bytea references registry.document,
  verifier_id bigint references registry.party,
  replaced_at timestamptz not null,
  primary key (report_id, number)
);
grant select, insert on registry.report_version to kilnwood_api;
