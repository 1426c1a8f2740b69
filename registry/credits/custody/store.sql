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
-- The first issuance of a project and vintage: what can be traded is what was issued.
select code, methodology from registry.issuance where project_id = $1 and vintage = $2 order by id limit 1;
-- name: freezes
-- What is frozen now, as the exchange has to know it: accounts, and projects with their vintages (an issuance stands for
-- all of its vintage, whose tonnes are traded as one).
select array(select target_id from registry.freeze_in_effect where scope = 'account' order by 1) as accounts,
  array(select distinct i.project_id || ':' || i.vintage from registry.issuance i join registry.freeze_in_effect f
    on f.scope = 'project' and f.target_id = i.project_id or f.scope = 'issuance' and f.target_id = i.id order by 1)
    as vintages;
