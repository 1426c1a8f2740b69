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
-- name: requests
select reference, kind, quantity_kg, refusal, spans, statement_ids from registry.exchange_request
where reference = any($1::text[]);
-- name: insert_requests
insert into registry.exchange_request (reference, kind, quantity_kg, refusal, spans, statement_ids, at)
select reference, kind, quantity_kg, refusal, spans::int8range[], statement_ids::bigint[], at
from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[])
  as answer (reference, kind, quantity_kg, refusal, spans, statement_ids), (select registry.business_now() as at) as clock;
-- name: hold_ids
select h.id, h.account_id, h.project_id, h.vintage
from unnest($1::bigint[], $2::bigint[], $3::integer[]) as wanted (account_id, project_id, vintage)
join registry.hold h on h.kind = 'exchange' and h.account_id = wanted.account_id and h.project_id = wanted.project_id
  and h.vintage = wanted.vintage;
-- name: open_holds
-- With the accounts locked; the index hold_one_of_the_exchange stands behind.
insert into registry.hold (kind, account_id, project_id, vintage, quantity_kg, opened_at)
select 'exchange', account_id, project_id, vintage, 0, at
from unnest($1::bigint[], $2::bigint[], $3::integer[]) as wanted (account_id, project_id, vintage),
  (select registry.business_now() as at) as clock
returning id, account_id, project_id, vintage;
-- name: held_beyond
-- For each hold its oldest blocks after the one that was read last, until they have so many kilograms or are so many.
select wanted.hold_id, held.lower, held.upper, held.issuance_id, held.code, held.base, held.project_id, held.methodology,
  held.vintage
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as wanted (hold_id, kg, issuance_id, lower)
cross join lateral (
  select page.*, sum(page.upper - page.lower) over (order by page.issuance_id, page.lower) as through
  from (
    select b.lower, b.upper, b.issuance_id, b.code, b.base, b.project_id, b.methodology, b.vintage
    from registry.block_of_lot b
    where b.hold_id = wanted.hold_id and (b.issuance_id, b.lower) > (wanted.issuance_id, wanted.lower)
    order by b.issuance_id, b.lower limit $5
  ) as page
) as held
where held.through - (held.upper - held.lower) < wanted.kg
order by wanted.hold_id, held.issuance_id, held.lower;
-- name: change_blocks
-- Guarded: a row that is no longer what was read is not found, and the caller counts.
update registry.block b set span = int8range(c.lower, c.upper), account_id = c.to_account_id, hold_id = c.to_hold_id
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
  as c (was_lower, was_upper, account_id, hold_id, lower, upper, to_account_id, to_hold_id)
where b.span = int8range(c.was_lower, c.was_upper) and b.account_id = c.account_id and b.state = 'held'
  and b.hold_id = c.hold_id;
-- name: insert_blocks
insert into registry.block (span, issuance_id, account_id, state, hold_id)
select int8range(lower, upper), issuance_id, account_id, 'held', hold_id
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
  as new (lower, upper, issuance_id, account_id, hold_id);
-- name: resize_holds
update registry.hold h set quantity_kg = h.quantity_kg + c.kg
from unnest($1::bigint[], $2::bigint[]) as c (id, kg) where h.id = c.id and h.kind = 'exchange';
-- name: insert_movements
insert into registry.movement (at, cause, issuance_id, span, from_account_id, from_state, to_account_id, to_state)
select $7, cause, issuance_id, int8range(lower, upper), from_account_id, 'held', to_account_id, 'held'
from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
  with ordinality as move (cause, issuance_id, lower, upper, from_account_id, to_account_id, number)
order by number;
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
