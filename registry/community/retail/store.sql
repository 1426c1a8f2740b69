-- name: insert_pool
insert into registry.retail_pool (owner_id, account_id, issuance_id, price_fen, hold_id, held_kg, opened_by, opened_at)
select $1, $2, i.id, $4, $5, $6, $7, registry.business_now() from registry.known_issuance i where i.code = $3
returning id;
-- name: lock_pool
select p.id, p.owner_id, p.account_id, i.code as issuance, p.price_fen, p.state, p.hold_id, p.held_kg, p.reserved_kg,
  p.opened_by, i.id as issuance_id, i.project_id
from registry.retail_pool p join registry.known_issuance i on i.id = p.issuance_id
where p.id = $1 for no key update of p;
-- name: pools (either order)
select p.id, p.owner_id, o.name as owner, i.code as issuance, p.price_fen, p.state,
  case p.state when 'open' then p.held_kg - p.reserved_kg else 0 end as available_kg, p.retired_kg, p.opened_at
from registry.retail_pool p
join registry.organisation o on o.id = p.owner_id
join registry.known_issuance i on i.id = p.issuance_id
where p.id > $1 and ($3::bigint is null or p.id = $3) and ($4::bigint is null or p.owner_id = $4)
  and ($5::text is null or p.state = $5)
order by p.id limit $2;
-- name: pools_of
select count(*) from registry.retail_pool where owner_id = $1;
-- name: set_state
update registry.retail_pool set state = $2 where id = $1;
-- name: reserve
-- Guarded: no row where the pool is not open, or has fewer kilograms that are promised to nobody.
update registry.retail_pool set reserved_kg = reserved_kg + $2
where id = $1 and state = 'open' and held_kg - reserved_kg >= $2 returning price_fen;
-- name: reserve_again
-- The same for a payment that comes late.
update registry.retail_pool set reserved_kg = reserved_kg + $2
where id = $1 and state = 'open' and held_kg - reserved_kg >= $2;
-- name: change_kg
update registry.retail_pool
set held_kg = held_kg + $2, reserved_kg = reserved_kg + $3, retired_kg = retired_kg + $4 where id = $1;
-- name: insert_payment
insert into registry.retail_payment (reference, pool_id, quantity_kg, amount_fen, held_until, opened_at)
values ($1, $2, $3, $4, clock_timestamp() + $5::interval, registry.business_now()) returning id;
-- name: payments
select id, reference, pool_id, quantity_kg, amount_fen, state, held_until, paid_at, closed_at, refund_reason, order_id
from registry.retail_payment where id = any($1::bigint[]);
-- name: lock_payment
select id, reference, pool_id, quantity_kg, amount_fen, state, held_until, paid_at, closed_at, refund_reason, order_id
from registry.retail_payment where reference = $1 for no key update;
-- name: payment
select id, reference, pool_id, quantity_kg, amount_fen, state, held_until, paid_at, closed_at, refund_reason, order_id
from registry.retail_payment where reference = $1;
-- name: overdue
select reference from registry.retail_payment where state = 'held' and held_until <= clock_timestamp()
order by held_until limit 200;
-- name: paid
select id, reference from registry.retail_payment where state = 'paid' and id > $1 order by id limit 200;
-- name: lapse
update registry.retail_payment set state = 'lapsed'
where reference = $1 and state = 'held' and held_until <= clock_timestamp();
-- name: set_paid
update registry.retail_payment set state = 'paid', paid_at = registry.business_now()
where id = $1 and state in ('held', 'lapsed');
-- name: set_retired
update registry.retail_payment set state = 'retired', order_id = $2, closed_at = registry.business_now()
where id = $1 and state = 'paid';
-- name: set_refunded
update registry.retail_payment
set state = 'refunded', refund_reason = $2, closed_at = registry.business_now(),
  paid_at = coalesce(paid_at, registry.business_now())
where id = $1 and state in ('lapsed', 'paid');
-- name: post
insert into registry.retail_posting (pool_id, cause, reference, debit, credit, amount_fen, at)
values ($1, $2, $3, $4, $5, $6, registry.business_now()) returning id;
-- name: posting
select id, pool_id, cause, reference, debit, credit, amount_fen, at from registry.retail_posting
where cause = $1 and reference = $2;
-- name: postings (either order)
select id, cause, reference, debit, credit, amount_fen, at from registry.retail_posting
where id > $1 and pool_id = $3 order by id limit $2;
-- name: accounts
select p.id as pool_id, p.held_kg, p.reserved_kg, p.retired_kg, m.earned_fen, m.paid_out_fen,
  m.earned_fen - m.paid_out_fen as owed_fen, m.guests_fen
from registry.retail_pool p, lateral (
  select coalesce(sum(amount_fen) filter (where cause = 'sale'), 0)::bigint as earned_fen,
    coalesce(sum(amount_fen) filter (where cause = 'payout'), 0)::bigint as paid_out_fen,
    coalesce(sum(case cause when 'payment' then amount_fen when 'payout' then 0 else -amount_fen end), 0)::bigint
      as guests_fen
  from registry.retail_posting e where e.pool_id = p.id) as m
where p.id = $1;
