-- name: eligible
select * from registry.eligible_blocks($1, $2, $3, $4, $5);
-- name: pieces_of_vintage
-- Oldest first, of every issuance of one project and vintage; pieces of at least so many kilograms.
select lower, upper, issuance_id, code, base, project_id, methodology, vintage, frozen
from registry.block_of_lot where account_id = $1 and state = 'active' and project_id = $2 and vintage = $3
  and upper - lower >= $4
order by issuance_id, lower limit $5;
-- name: vintage_in_pieces
-- All that is active of it, and what lies in pieces of at least so many kilograms.
select count(*) as pieces, coalesce(sum(upper - lower), 0)::bigint as active_kg,
  count(*) filter (where upper - lower >= $4) as large,
  coalesce(sum((upper - lower) / $4 * $4), 0)::bigint as whole_kg
from registry.block_of_lot where account_id = $1 and state = 'active' and project_id = $2 and vintage = $3;
-- name: held
-- What is under a hold, oldest first. Whether it is frozen does not matter: what was traded is delivered.
select lower, upper, issuance_id, code, base, project_id, methodology, vintage
from registry.block_of_lot where hold_id = $1 order by issuance_id, lower limit $2;
-- name: issuance_by_code
select id, lower(span) as base, upper(span) as top from registry.issuance where code = $1;
-- name: located
-- Which issuance each span lies in: the number line is one, so the span alone decides.
select lower(wanted) as lower, i.code, lower(i.span) as base
from unnest($1::int8range[]) as wanted join registry.issuance i on i.span @> wanted;
-- name: move_out
select at, registry.move_blocks($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, at) as moved
from (select registry.business_now() as at) as clock;
-- name: insert_hold
insert into registry.hold (kind, account_id, quantity_kg, opened_at) values ($1, $2, $3, registry.business_now())
returning id;
-- name: release_hold
-- Everything under a hold becomes active: in the account that receives it, or where it was.
with released as (
  update registry.block b set state = 'active', account_id = $2, hold_id = null
  where b.hold_id = $1 and b.state = 'held'
  returning b.span, b.issuance_id
), moved as (
  insert into registry.movement (at, cause, issuance_id, span, from_account_id, from_state, to_account_id, to_state)
  select registry.business_now(), $3, issuance_id, span, $4, 'held', $2, 'active' from released
)
select lower(r.span) as lower, upper(r.span) as upper, i.id as issuance_id, i.code, lower(i.span) as base,
  i.project_id, i.methodology, i.vintage
from released r join registry.issuance i on i.id = r.issuance_id order by i.id, lower(r.span);
-- name: close_hold
update registry.hold set closed_at = registry.business_now() where id = $1 and closed_at is null;
-- name: fragmented
-- Accounts whose active blocks touch, or those under one hold of the exchange: what the compactor joins.
select account_id from (
  select b.account_id from registry.block b
  join registry.block n on n.account_id = b.account_id and n.issuance_id = b.issuance_id and n.state = 'active'
    and lower(n.span) = upper(b.span)
  where b.state = 'active'
  union
  select b.account_id from registry.hold h join registry.block b on b.hold_id = h.id
  join registry.block n on n.hold_id = h.id and n.issuance_id = b.issuance_id and lower(n.span) = upper(b.span)
  where h.kind = 'exchange'
) touching limit $1;
-- name: compact
-- Under the account's lock: neighbouring blocks of one issuance, active or under one hold of the exchange, become one.
-- No kilogram moves, so nothing is recorded as a movement. A transfer's hold keeps its blocks: they are its offer.
with own as (
  select span, issuance_id, state, hold_id from registry.block b where account_id = $1 and (state = 'active'
    or state = 'held' and exists (select from registry.hold h where h.id = b.hold_id and h.kind = 'exchange'))
), runs as (
  select span, issuance_id, state, hold_id,
    sum(begins) over (partition by issuance_id, state, hold_id order by lower(span)) as run
  from (
    select span, issuance_id, state, hold_id, case when lag(upper(span)) over (
      partition by issuance_id, state, hold_id order by lower(span)) = lower(span) then 0 else 1 end as begins
    from own
  ) ordered
), joined as (
  select issuance_id, state, hold_id, run, int8range(min(lower(span)), max(upper(span))) as span
  from runs group by issuance_id, state, hold_id, run having count(*) > 1
), gone as (
  delete from registry.block b using joined j
  where b.account_id = $1 and b.span <@ j.span and b.issuance_id = j.issuance_id and b.state = j.state
    and b.hold_id is not distinct from j.hold_id
  returning j.issuance_id, j.state, j.hold_id, j.span as whole
)
insert into registry.block (span, issuance_id, account_id, state, hold_id)
select distinct whole, issuance_id, $1::bigint, state, hold_id from gone;
