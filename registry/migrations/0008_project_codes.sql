-- A project's code is stored as it is printed (schemas/serials.py); until here it was put together at every read.
alter table registry.project add column code text;
update registry.project p
set code = r.serial_region || '-' || r.programme || '-' || lpad(p.number::text, greatest(4, length(p.number::text)), '0')
from registry.region r where r.id = p.region_id;
alter table registry.project
  alter column code set not null,
  add constraint project_code_key unique (code);

-- The number is drawn before its row is inserted, because the code has it.
grant usage on sequence registry.project_number_seq to kilnwood_api;
