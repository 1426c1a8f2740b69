-- name: insert
insert into exchange.standing (account_id, person_id, side, terms, next_at, seen_leaf, at)
values ($1, $2, $3, $4, $5, $6, registry.business_now()) returning id;
-- name: standing
select * from exchange.standing where id = $1;
-- name: lock
select * from exchange.standing where id = $1 for update;
-- name: count
select count(*) from exchange.standing where account_id = $1 and state <> 'ended';
-- name: standings (either order)
select * from exchange.standing where account_id = $3 and id > $1 order by id limit $2;
-- name: change
update exchange.standing set next_terms = $2, person_id = $3 where id = $1;
-- name: set_state
update exchange.standing set state = $2, why_slug = $3, why = $4,
  pauses = pauses + case when $2 = 'paused' and state <> 'paused' then 1 else 0 end
where id = $1 and state <> 'ended';
-- name: begin_period
update exchange.standing set terms = $2, next_terms = null, next_at = $3 where id = $1;
-- name: see
update exchange.standing set seen_leaf = greatest(seen_leaf, $2), terms = $3, next_terms = null where id = $1;
-- name: see_all
update exchange.standing set seen_leaf = $2 where id = any($1::bigint[]) and seen_leaf < $2 and state = 'active';
-- name: due
select id from exchange.standing where state = 'active' and next_at <= registry.business_now() order by id limit $1;
-- name: sellers
select id, account_id, terms, next_terms, seen_leaf from exchange.standing where state = 'active' and side = 'sell'
order by id;
-- name: insert_run
insert into exchange.standing_run (standing_id, cause, begins, ends, terms, wanted_t, state, next_try_at, why_slug, why,
  untold)
values ($1, $2, $3, $4, $5, $6, $7, $3, $8, $9, $7 = 'done') on conflict (standing_id, cause) do nothing returning id;
-- name: due_runs
select r.id from exchange.standing_run r join exchange.standing s on s.id = r.standing_id
where r.state = 'open' and (r.busy or r.next_try_at <= registry.business_now() and s.state = 'active'
  or r.ends <= registry.business_now())
order by r.id limit $1;
-- name: run
select r.*, s.account_id, s.person_id, s.side, s.state as standing_state
from exchange.standing_run r join exchange.standing s on s.id = r.standing_id where r.id = $1;
-- name: lock_run
select r.*, s.account_id, s.person_id, s.side, s.state as standing_state
from exchange.standing_run r join exchange.standing s on s.id = r.standing_id where r.id = $1 for update;
-- name: runs (either order)
select * from exchange.standing_run where standing_id = $3 and id > $1 order by id limit $2;
-- name: tried
update exchange.standing_run set next_try_at = $2, why_slug = $3, why = $4, busy = $5 where id = $1;
-- name: set_busy
update exchange.standing_run set busy = $2 where id = $1;
-- name: end_run
update exchange.standing_run set state = 'done', busy = false, untold = true, why_slug = case when $2 then null else why_slug end,
  why = case when $2 then null else why end
where id = $1;
-- name: take_ended_runs
update exchange.standing_run r set untold = false from exchange.standing s
where s.id = r.standing_id and r.id in (
  select id from exchange.standing_run where untold order by id limit $1 for update skip locked)
returning r.*, s.account_id;
-- name: take_pauses
-- One that was resumed meanwhile is only marked.
update exchange.standing set pauses_told = pauses where id in (
  select id from exchange.standing where pauses > pauses_told order by id limit $1 for update skip locked)
returning id, account_id, pauses, state, why_slug, why;
-- name: deposited
update exchange.standing_run set deposit_id = $2, instrument_id = $3, busy = true where id = $1;
-- name: next_campaign
select s.id, s.price_fen, s.least_t, s.most_t, s.allotment, s.opens_at, s.closes_at
from exchange.shown_campaign s
where s.instrument_id = $1 and s.price_fen >= $2 and s.opens_at >= $3 and s.closes_at > $4 and s.state <> 'ended'
  and s.open_t > 0
order by s.opens_at, s.id limit 1;
-- name: await_campaign
update exchange.standing_run set awaits_instrument = $2, seen_campaign = coalesce((
  select max(c.id) from exchange.shown_campaign c where c.instrument_id = $2), 0)
where id = $1;
-- name: woken
select r.id from exchange.standing_run r where r.state = 'open' and r.awaits_instrument is not null
  and exists (select from exchange.shown_campaign c where c.instrument_id = r.awaits_instrument and c.id > r.seen_campaign);
-- name: wake
update exchange.standing_run set next_try_at = least(next_try_at, registry.business_now()), awaits_instrument = null
where id = any($1::bigint[]) and state = 'open';
-- name: insert_order
insert into exchange.standing_order (run_id, source, instrument_id, price_fen, quantity_t, account_id, client_order_id, command)
values ($1, $2, $3, $4, $5, $6, $7, $8);
-- name: highest_chosen
select coalesce(max(client_order_id), 0) from exchange.standing_order where account_id = $1 and state = 'chosen';
-- name: chosen
select * from exchange.standing_order where run_id = $1 and state = 'chosen' order by id;
-- name: answer_order
update exchange.standing_order set state = $2, order_id = $3, refusal_slug = $4, refusal = $5
where id = $1 and state = 'chosen';
-- name: orders
-- What each came to, by the tables that follow the journal.
select o.*, n.code, coalesce(p.open_t, 0) as open_t, coalesce(p.traded_t, 0) as traded_t,
  coalesce(t.kept_t, 0)::bigint as kept_t, coalesce(t.settled_t, 0)::bigint as settled_t,
  coalesce(t.under_way_t, 0)::bigint as under_way_t, coalesce(t.amount_fen, 0)::bigint as amount_fen
from exchange.standing_order o
join exchange.known_instrument n on n.id = o.instrument_id
left join exchange.shown_placed p on p.id = o.order_id
left join lateral (
  select sum(quantity_t) filter (where state <> 'refunded') as kept_t,
    sum(quantity_t) filter (where state = 'settled') as settled_t,
    sum(quantity_t) filter (where state = 'traded') as under_way_t,
    sum(quantity_t * price_fen) filter (where state <> 'refunded') as amount_fen
  from exchange.shown_trade where buyer_id = o.account_id and buy_order_id = o.order_id
    or seller_id = o.account_id and sell_order_id = o.order_id
) t on o.order_id is not null
where o.run_id = any($1::bigint[]) order by o.id;
-- name: totals
select coalesce(sum(t.quantity_t), 0)::bigint as filled_t, coalesce(sum(t.quantity_t * t.price_fen), 0)::bigint as spent_fen
from exchange.standing_run r join exchange.standing_order o on o.run_id = r.id
join exchange.shown_trade t on t.state <> 'refunded' and (t.buyer_id = o.account_id and t.buy_order_id = o.order_id
  or t.seller_id = o.account_id and t.sell_order_id = o.order_id)
where r.standing_id = $1;
-- name: reserved
-- Money of a subscription's pledges that wait for their campaigns.
select coalesce(sum(p.open_t * p.price_fen), 0)::bigint from exchange.standing_run r
join exchange.standing_order o on o.run_id = r.id join exchange.shown_placed p on p.id = o.order_id
where r.standing_id = $1;
-- name: instruments
select n.id, n.code, n.project_id, n.vintage, n.tick_fen, n.lot_t, n.open and n.halted = 0 as trading,
  coalesce((n.venue::jsonb -> 'book')::boolean, true) as book,
  coalesce(jsonb_typeof(n.venue::jsonb -> 'listings') <> 'null', true) as listings,
  coalesce(jsonb_typeof(n.venue::jsonb -> 'campaigns') <> 'null', true) as campaigns,
  coalesce((n.venue::jsonb ->> 'largest_order_t')::int, 0) as largest_t, coalesce(n.preset, '') as preset
from exchange.known_instrument n where n.project_id is not null order by n.id;
-- name: offers
-- Nobody buys from themselves. A book is taken price by price.
select p.kind as source, p.instrument_id, p.code, p.id as number, p.price_fen, p.open_t, n.lot_t,
  coalesce(c.least_t, 1) as least_t, coalesce(c.most_t, 9007199254740991) - coalesce((
    select sum(m.open_t) from exchange.shown_placed m
    where m.kind = 'pledge' and m.listing_id = p.id and m.account_id = $2), 0)::bigint as most_t
from exchange.shown_placed p join exchange.known_instrument n on n.id = p.instrument_id
left join exchange.shown_campaign c on c.id = p.id and c.state = 'open'
where p.instrument_id = any($1::int[]) and p.open_t > 0 and p.account_id <> $2
  and (p.kind = 'listing' or c.id is not null)
union all
select 'book', r.instrument_id, n.code, 0, r.price_fen, sum(r.open_t)::bigint, n.lot_t, 1, 9007199254740991
from exchange.resting r join exchange.known_instrument n on n.id = r.instrument_id
where r.instrument_id = any($1::int[]) and r.side = 'sell' and r.price_fen <= $3 group by 2, 3, 5, 7
union all
select 'book', r.instrument_id, n.code, 0, min(r.price_fen), sum(r.open_t)::bigint, n.lot_t, 1, 9007199254740991
from exchange.resting r join exchange.known_instrument n on n.id = r.instrument_id
where r.instrument_id = any($1::int[]) and r.side = 'sell' group by 2, 3, 7 having min(r.price_fen) > $3;
-- name: settled_cash
select settled from exchange.shown_position where account_id = $1 and instrument_id = 0;
-- name: instruction
select state from exchange.shown_instruction where id = $1;
-- name: insert_withdrawal
insert into exchange.standing_withdrawal (id, run_id, claim_id, instrument_id, quantity_t) values ($1, $2, $3, $4, $5);
-- name: withdraw_orders
update exchange.standing_order set withdrawal_id = $3
where run_id = $1 and instrument_id = $2 and withdrawal_id is null and state = 'placed';
-- name: withdrawals
select w.*, n.code from exchange.standing_withdrawal w join exchange.known_instrument n on n.id = w.instrument_id
where w.run_id = any($1::bigint[]) order by w.id;
-- name: withdrawal
select w.*, s.account_id, s.person_id, s.id as standing_id, r.begins, r.terms from exchange.standing_withdrawal w
join exchange.standing_run r on r.id = w.run_id join exchange.standing s on s.id = r.standing_id
where w.id = $1 and w.state = 'stored';
-- name: end_withdrawal
update exchange.standing_withdrawal set state = $2, retirement_order = $3, refusal_slug = $4, refusal = $5
where id = $1 and state = 'stored';
