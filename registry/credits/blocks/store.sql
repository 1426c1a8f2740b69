-- name: active
-- Oldest first, limited; the index block_active has this order. Spans of one issuance never overlap.
select lower, upper, issuance_id, code, base, project_id, methodology, vintage, frozen
from registry.block_of_lot where account_id = $1 and state = 'active' and ($2::bigint is null or issuance_id = $2)
order by issuance_id, lower limit $3;
-- name: active_of_vintage
-- Oldest first, of every issuance of one project and vintage.
select lower, upper, issuance_id, code, base, project_id, methodology, vintage, frozen
from registry.block_of_lot where account_id = $1 and state = 'active' and project_id = $2 and vintage = $3
order by issuance_id, lower limit $4;
-- name: active_within
select lower, upper, issuance_id, code, base, project_id, methodology, vintage, frozen
from registry.block_of_lot
where account_id = $1 and state = 'active' and issuance_id = $2 and span && int8range($3, $4)
order by lower limit $5;
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
-- Guarded: a cut whose block is no longer what was read moves nothing and is not counted. The old row keeps the
-- remainder (the lower one only where none is above); a block that leaves whole changes in place. The insert reads
-- what the update returned, so a span is free before it is taken again. What leaves a hold, $10, was held.
with cut as (
  select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as c (block_lower, block_upper, lo, hi)
), shrunk as (
  update registry.block b set
    span = case when c.hi < c.block_upper then int8range(c.hi, c.block_upper)
                when c.lo > c.block_lower then int8range(c.block_lower, c.lo)
                else b.span end,
    account_id = case when c.lo = c.block_lower and c.hi = c.block_upper then $6 else b.account_id end,
    state = case when c.lo = c.block_lower and c.hi = c.block_upper then $7 else b.state end,
    hold_id = case when c.lo = c.block_lower and c.hi = c.block_upper then $8 else b.hold_id end
  from cut c
  where b.span = int8range(c.block_lower, c.block_upper) and b.account_id = $5
    and b.state = case when $10::bigint is null then 'active' else 'held' end and b.hold_id is not distinct from $10
  returning b.issuance_id, c.block_lower, c.block_upper, c.lo, c.hi
), placed as (
  insert into registry.block (span, issuance_id, account_id, state, hold_id)
  select int8range(lo, hi), issuance_id, $6, $7, $8 from shrunk where lo > block_lower or hi < block_upper
  union all
  select int8range(block_lower, lo), issuance_id, $5, case when $10::bigint is null then 'active' else 'held' end, $10
    from shrunk where lo > block_lower and hi < block_upper
)
insert into registry.movement (at, cause, issuance_id, span, from_account_id, from_state, to_account_id, to_state)
select registry.business_now(), $9, issuance_id, int8range(lo, hi), $5,
  case when $10::bigint is null then 'active' else 'held' end, $6, $7
from shrunk returning at;
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
