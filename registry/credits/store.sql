-- name: lock_accounts
-- Every writer takes account rows in id order first: blocks are then safe to read in a new statement. The shared gate
-- is what a freeze closes: it waits for writers that came before, and those after it read it with the blocks.
select id, owner_id, type, status, pg_advisory_xact_lock_shared(hashtextextended('restriction', 0))::text as gate
from registry.account where id = any($1::bigint[]) order by id for no key update;
-- name: active
-- Oldest first, limited; the index block_active has this order. Spans of one issuance never overlap. Freezes are read
-- with the blocks: like these after the accounts are locked.
select lower(b.span) as lower, upper(b.span) as upper, i.id as issuance_id, i.code, lower(i.span) as base,
  i.project_id, i.methodology, i.vintage, exists (
    select from registry.restriction r where upper_inf(r.during) and (r.scope = 'account' and r.target_id = b.account_id
      or r.scope = 'project' and r.target_id = i.project_id or r.scope = 'issuance' and r.target_id = i.id)) as frozen
from registry.block b join registry.issuance i on i.id = b.issuance_id
where b.account_id = $1 and b.state = 'active' and ($2::bigint is null or b.issuance_id = $2)
order by b.issuance_id, lower(b.span) limit $3;
-- name: active_within
select lower(b.span) as lower, upper(b.span) as upper, i.id as issuance_id, i.code, lower(i.span) as base,
  i.project_id, i.methodology, i.vintage, exists (
    select from registry.restriction r where upper_inf(r.during) and (r.scope = 'account' and r.target_id = b.account_id
      or r.scope = 'project' and r.target_id = i.project_id or r.scope = 'issuance' and r.target_id = i.id)) as frozen
from registry.block b join registry.issuance i on i.id = b.issuance_id
where b.account_id = $1 and b.state = 'active' and b.issuance_id = $2 and b.span && int8range($3, $4)
order by lower(b.span) limit $5;
-- name: issuance_by_code
select id, lower(span) as base, upper(span) as top from registry.issuance where code = $1;
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
-- name: next_span
-- The one counter of the number line; the lock makes issuances follow each other.
select next_kg from registry.number_line for update;
-- name: move_line
update registry.number_line set next_kg = $1;
-- name: next_sequence
select coalesce(max(sequence), 0) + 1 from registry.issuance where project_id = $1 and vintage = $2;
-- name: insert_issuance
insert into registry.issuance (code, region_id, project_id, report_id, methodology, vintage, sequence, kind, span,
  buffer_kg, approval_id, statement_id, issued_at)
values ($1, $2, $3, $4, $5, $6, $7, 'monitored', int8range($8, $9), $10, $11, $12, registry.business_now())
returning id;
-- name: place_issued
with placed as (
  insert into registry.block (span, issuance_id, account_id, state) values (int8range($1, $2), $3, $4, $5)
)
insert into registry.movement (at, cause, issuance_id, span, to_account_id, to_state)
values (registry.business_now(), $6, $3, int8range($1, $2), $4, $5);
-- name: issuances
select i.id, i.code, i.project_id, i.report_id, i.methodology, i.vintage, i.kind, lower(i.span) as base,
  upper(i.span) as top, i.buffer_kg, s.sha256, i.issued_at
from registry.issuance i join registry.statement s on s.id = i.statement_id
where i.id > $1 and ($3::text is null or i.code = $3) and ($4::bigint is null or i.project_id = $4)
order by i.id limit $2;
-- name: issuance_conservation
select i.code, upper(i.span) - lower(i.span) as issued_kg,
  coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'active'), 0)::bigint as active_kg,
  coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'held'), 0)::bigint as held_kg,
  coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'buffer'), 0)::bigint as buffer_kg,
  coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'retired'), 0)::bigint as retired_kg,
  coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'cancelled'), 0)::bigint as cancelled_kg,
  coalesce(range_agg(b.span) = int8multirange(i.span), false) as covered
from registry.issuance i left join registry.block b on b.issuance_id = i.id
where i.code = $1 group by i.id;
-- name: snapshot
-- Equal snapshots see the same transactions, so the same rows.
select pg_current_snapshot()::text;
-- name: region_conservation
select (select coalesce(sum(upper(span) - lower(span)), 0) from registry.issuance)::bigint as issued_kg,
  coalesce(sum(upper(span) - lower(span)) filter (where state = 'active'), 0)::bigint as active_kg,
  coalesce(sum(upper(span) - lower(span)) filter (where state = 'held'), 0)::bigint as held_kg,
  coalesce(sum(upper(span) - lower(span)) filter (where state = 'buffer'), 0)::bigint as buffer_kg,
  coalesce(sum(upper(span) - lower(span)) filter (where state = 'retired'), 0)::bigint as retired_kg,
  coalesce(sum(upper(span) - lower(span)) filter (where state = 'cancelled'), 0)::bigint as cancelled_kg,
  coalesce(range_agg(span), '{}') = coalesce((select range_agg(span) from registry.issuance), '{}') as covered
from registry.block;
-- name: holdings
select i.code as issuance, b.state, sum(upper(b.span) - lower(b.span))::bigint as quantity_kg
from registry.block b join registry.issuance i on i.id = b.issuance_id
where b.account_id = $1 group by i.id, b.state order by i.id, b.state;
-- name: holdings_as_of
-- Double entry: what came minus what went, up to and including the instant.
select i.code as issuance, m.state, sum(m.kg)::bigint as quantity_kg
from (
  select issuance_id, to_state as state, upper(span) - lower(span) as kg from registry.movement
  where to_account_id = $1 and at <= $2
  union all
  select issuance_id, from_state, lower(span) - upper(span) from registry.movement
  where from_account_id = $1 and at <= $2
) m join registry.issuance i on i.id = m.issuance_id
group by i.id, m.state having sum(m.kg) <> 0 order by i.id, m.state;
-- name: movements
-- Two indexed halves; an `or` would walk the whole table.
select m.id, m.at, m.cause, i.code, lower(i.span) as base, lower(m.span) as lower, upper(m.span) as upper,
  m.from_account_id, m.from_state, m.to_account_id, m.to_state
from (
  (select * from registry.movement where id > $1 and to_account_id = $3 order by id limit $2)
  union
  (select * from registry.movement where id > $1 and from_account_id = $3 order by id limit $2)
) m join registry.issuance i on i.id = m.issuance_id order by m.id limit $2;
-- name: insert_transfer
insert into registry.transfer (sender_id, receiver_id, quantity_kg, hold_id, spans, state, reason, proposed_by,
  proposed_at, expires_at)
values ($1, $2, $3, $4, $5, 'proposed', $6, $7, registry.business_now(), $8) returning id;
-- name: transfer
select id, sender_id, receiver_id, quantity_kg, hold_id, spans, statement_ids, state, reason, proposed_at, expires_at,
  closed_at
from registry.transfer where id = $1;
-- name: log_transfer
update registry.transfer set statement_ids = $2 where id = $1;
-- name: transfers
select id, sender_id, receiver_id, quantity_kg, hold_id, spans, statement_ids, state, reason, proposed_at, expires_at,
  closed_at
from (
  (select * from registry.transfer where id > $1 and sender_id = $3 order by id limit $2)
  union
  (select * from registry.transfer where id > $1 and receiver_id = $3 order by id limit $2)
) t order by id limit $2;
-- name: located
-- Which issuance each span lies in: the number line is one, so the span alone decides.
select lower(wanted) as lower, i.code, lower(i.span) as base
from unnest($1::int8range[]) as wanted join registry.issuance i on i.span @> wanted;
-- name: close_transfer
-- Guarded: 0 rows means that somebody else closed it first.
update registry.transfer set state = $2, closed_by = $3, closed_at = registry.business_now()
where id = $1 and state = 'proposed';
-- name: due_transfers
select id from registry.transfer where state = 'proposed' and expires_at <= registry.business_now() order by id limit 100;
-- name: insert_retirement
insert into registry.retirement (receipt_id, order_id, account_id, claim_id, issuance_id, spans, quantity_kg, reason,
  person_id, statement_id, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
-- name: retirements
select * from registry.shown_retirement where id > $1 order by id limit $2;
-- name: claim_retirements
select * from registry.shown_retirement where claim_id = $3 and id > $1 order by id limit $2;
-- name: order_retirements
select * from registry.shown_retirement where order_id = $1 order by id;
-- name: retirement
select * from registry.shown_retirement where receipt_id = $1;
-- name: insert_cancellation
insert into registry.cancellation (order_id, account_id, issuance_id, spans, quantity_kg, reason, person_id,
  statement_id, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, registry.business_now());
-- name: cancellations
select c.order_id, c.account_id, c.quantity_kg, c.reason, c.at, i.code, lower(i.span) as base, c.spans
from registry.cancellation c join registry.issuance i on i.id = c.issuance_id where c.order_id = $1 order by c.id;
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
