-- Co-benefits and labels of a project, as the regulator recorded them; the newest row of a project counts.
create table registry.project_attributes (
  id bigint generated always as identity primary key,
  project_id bigint not null references registry.project,
  co_benefits smallint[] not null check (co_benefits <@ array[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]::smallint[]),
  labels text[] not null,
  source text not null,
  why text not null,
  person_id bigint not null references registry.party,
  at timestamptz not null
);
create index on registry.project_attributes (project_id, id);

-- What kind of buyer an organisation is, for venues that limit them by kind. The newest row counts; without one it is an
-- enterprise.
create table registry.organisation_kind (
  id bigint generated always as identity primary key,
  organisation_id bigint not null references registry.party,
  kind text not null check (kind in ('enterprise', 'institution')),
  why text not null,
  person_id bigint not null references registry.party,
  at timestamptz not null
);
create index on registry.organisation_kind (organisation_id, id);

grant select, insert on registry.project_attributes, registry.organisation_kind to kilnwood_api;
