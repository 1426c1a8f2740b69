-- One row for each thing in the schema, as text; the order of the rows is the order of the file.
with tables as (
  select c.oid, c.oid::regclass::text as name, c.relacl
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('registry', 'exchange', 'public') and c.relkind in ('r', 'p', 'v', 'm', 'S')
    and (c.relkind <> 'S' or not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i'))
), things (owner, kind, line) as (
  select name, 0, 'table ' || name from tables
  union all
  select t.name, 1, format('  column %s %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
    case when a.attnotnull then ' not null' else '' end,
    case when a.attidentity <> '' then ' identity' else '' end,
    coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''))
  from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  union all
  select t.name, 2, format('  constraint %s %s', c.conname, pg_get_constraintdef(c.oid))
  from tables t join pg_constraint c on c.conrelid = t.oid and c.contype <> 'n'
  union all
  select t.name, 3, '  ' || pg_get_indexdef(i.indexrelid)
  from tables t join pg_index i on i.indrelid = t.oid
  where not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype <> 'f')
  union all
  select t.name, 4, '  ' || pg_get_triggerdef(g.oid) from tables t join pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal
  union all
  select t.name, 5, format('  grant %s to %s', string_agg(lower(x.privilege_type), ', ' order by x.privilege_type), x.grantee::regrole)
  from tables t, aclexplode(t.relacl) x where x.grantee::regrole::text like 'kilnwood%' group by t.name, x.grantee
  union all
  select t.name, 6, format('  grant %s (%s) to %s', lower(x.privilege_type), string_agg(a.attname, ', ' order by a.attname), x.grantee::regrole)
  from tables t join pg_attribute a on a.attrelid = t.oid, aclexplode(a.attacl) x
  where x.grantee::regrole::text like 'kilnwood%' group by t.name, x.privilege_type, x.grantee
  union all
  select 'function ' || p.oid::regprocedure, 7, pg_get_functiondef(p.oid)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('registry', 'exchange', 'public')
)
select line from things order by kind = 7, owner collate "C", kind, line collate "C";
