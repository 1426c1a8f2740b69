-- Working days of years that the installed data file does not have, or has otherwise: what an operator added by
-- `kilnwood calendar add`. The newest row of a year counts; earlier ones stay to be read.
create table registry.calendar_year (
  id bigint generated always as identity primary key,
  year integer not null check (year between 2000 and 2100),
  arranged text not null,
  added_at timestamptz not null default now()
);
grant select on registry.calendar_year to kilnwood_api;
