-- name: active_of_vintage
-- Oldest first, of every issuance of one project and vintage.
select lower(b.span) as lower, upper(b.span) as upper, i.id as issuance_id, i.code, lower(i.span) as base,
  i.project_id, i.methodology, i.vintage, exists (
    select from registry.restriction r where upper_inf(r.during) and (r.scope = 'account' and r.target_id = b.account_id
      or r.scope = 'project' and r.target_id = i.project_id or r.scope = 'issuance' and r.target_id = i.id)) as frozen
from registry.block b join registry.issuance i on i.id = b.issuance_id
where b.account_id = $1 and b.state = 'active' and i.project_id = $2 and i.vintage = $3
order by b.issuance_id, lower(b.span) limit $4;
-- name: held
-- What is under a hold, oldest first. Whether it is frozen does not matter: what was traded is delivered.
select lower(b.span) as lower, upper(b.span) as upper, i.id as issuance_id, i.code, lower(i.span) as base,
  i.project_id, i.methodology, i.vintage, false as frozen
from registry.block b join registry.issuance i on i.id = b.issuance_id
where b.hold_id = $1 order by b.issuance_id, lower(b.span) limit $2;
-- name: hold_of
-- The one hold of an account for the exchange and one project and vintage, made where there is none. Call it with the
-- account locked.
with found as (
  select id from registry.hold where kind = 'exchange' and account_id = $1 and project_id = $2 and vintage = $3
), made as (
  insert into registry.hold (kind, account_id, project_id, vintage, quantity_kg, opened_at)
  select 'exchange', $1, $2, $3, 0, registry.business_now() where not exists (select from found)
  returning id
)
select id from found union all select id from made;
-- name: resize_hold
update registry.hold set quantity_kg = quantity_kg + $2 where id = $1 and kind = 'exchange';
-- name: holds
-- What lies under each hold, added up from the blocks themselves; and what the hold says.
select h.account_id, h.project_id, h.vintage, coalesce(sum(upper(b.span) - lower(b.span)), 0)::bigint as quantity_kg,
  h.quantity_kg as noted_kg
from registry.hold h left join registry.block b on b.hold_id = h.id and b.state = 'held' and b.account_id = h.account_id
  and exists (select from registry.issuance i
    where i.id = b.issuance_id and i.project_id = h.project_id and i.vintage = h.vintage)
where h.kind = 'exchange' group by h.id having h.quantity_kg > 0 or count(b.span) > 0
order by h.account_id, h.project_id, h.vintage;
-- name: request
select kind, quantity_kg, refusal, spans, statement_ids from registry.exchange_request where reference = $1;
-- name: insert_request
insert into registry.exchange_request (reference, kind, quantity_kg, refusal, spans, statement_ids, at)
values ($1, $2, $3, $4, $5, $6, registry.business_now());
-- name: vintage
-- What can be traded of a project and vintage: something was issued. The code is an issuance's without its sequence.
select p.name, i.methodology, regexp_replace(i.code, '-[0-9]+$', '') as code
from registry.issuance i join registry.project p on p.id = i.project_id
where i.project_id = $1 and i.vintage = $2 order by i.id limit 1;
-- name: freezes
-- What is frozen now, as the exchange has to know it: accounts, and projects with their vintages (an issuance stands for
-- all of its vintage, whose tonnes are traded as one).
select array(select target_id from registry.restriction where upper_inf(during) and scope = 'account' order by 1)
    as accounts,
  array(select distinct i.project_id || ':' || i.vintage from registry.issuance i join registry.restriction r
    on upper_inf(r.during) and (r.scope = 'project' and r.target_id = i.project_id
      or r.scope = 'issuance' and r.target_id = i.id) order by 1) as vintages;
