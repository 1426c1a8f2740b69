-- What a project said at each submission before its last: who judges it again sees what is different.
create table registry.project_version (
  project_id bigint not null references registry.project,
  number integer not null check (number > 0),
  said text not null,
  documents bytea[] not null,
  replaced_at timestamptz not null,
  primary key (project_id, number)
);
grant select, insert on registry.project_version to kilnwood_api;
