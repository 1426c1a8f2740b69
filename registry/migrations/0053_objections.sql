-- Objections in a public notice: anybody's, with a contact that only the registry sees, and the answers they get.
create table registry.notice_answer (
  id bigint generated always as identity primary key,
  project_id bigint not null references registry.project,
  person_id bigint not null references registry.party,
  text text not null,
  at timestamptz not null
);
create table registry.notice_objection (
  id bigint generated always as identity primary key,
  project_id bigint not null references registry.project,
  name text not null,
  contact text not null,
  text text not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  at timestamptz not null,
  answer_id bigint references registry.notice_answer,
  unique (project_id, sha256)
);
create index on registry.notice_objection (project_id, id);
create index objection_open on registry.notice_objection (project_id, id) where answer_id is null;
grant select, insert on registry.notice_answer, registry.notice_objection to kilnwood_api;
grant update (answer_id) on registry.notice_objection to kilnwood_api;
