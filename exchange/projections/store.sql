-- name: lazily
-- What a crash takes of the projections is projected again from the journal: no need to wait for the disk.
set local synchronous_commit = off;
-- name: progress
select journalled, projected from exchange.progress;
-- name: lock_projected
select sequence from exchange.projection for update;
-- name: advance
-- Guarded: what was projected before is passed over.
update exchange.projection set sequence = $1 where sequence < $1;
-- name: deals
select id, coalesce(asset_id, instrument_id), price_fen, quantity_t, buyer_id, seller_id, fee_fen, fee_account_id
from exchange.trade where id = any($1::bigint[]);
-- name: change_placed
update exchange.placed p set open_t = p.open_t + c.open_t, traded_t = p.traded_t + c.traded_t,
  quantity_t = p.quantity_t + c.quantity_t, price_fen = coalesce(c.price_fen, p.price_fen),
  closed_because = coalesce(c.closed_because, p.closed_because)
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[])
  as c (id, open_t, traded_t, quantity_t, price_fen, closed_because)
where p.id = c.id;
-- name: begin_positions
insert into exchange.position (account_id, instrument_id, settled, locked, incoming, outgoing)
select account_id, instrument_id, 0, 0, 0, 0 from unnest($1::bigint[], $2::int[]) as p (account_id, instrument_id)
on conflict do nothing;
-- name: move_positions
update exchange.position p set settled = p.settled + c.settled, locked = p.locked + c.locked,
  incoming = p.incoming + c.incoming, outgoing = p.outgoing + c.outgoing
from unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
  as c (account_id, instrument_id, settled, locked, incoming, outgoing)
where p.account_id = c.account_id and p.instrument_id = c.instrument_id;
-- name: insert_requests
insert into exchange.request (account_id, client_order_id, sequence, digest, order_id, reason, wanted, bound)
select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[], $6::smallint[], $7::bigint[],
  $8::bigint[])
-- Only an account whose numbers began anew can come to one that it used before: its first reply stays.
on conflict (account_id, client_order_id) do nothing;
-- name: complete_requests
update exchange.request r set wanted = c.closed from unnest($1::bigint[], $2::bigint[], $3::bigint[])
  as c (account_id, client_order_id, closed)
where r.account_id = c.account_id and r.client_order_id = c.client_order_id;
-- name: end_trades
update exchange.trade t set state = e.state from unnest($1::bigint[], $2::text[]) as e (id, state) where t.id = e.id;
-- name: requests
select client_order_id, sequence, digest, order_id, reason, wanted, bound from exchange.request
where account_id = $1 and client_order_id = any($2::bigint[]);
-- name: requests_above
select client_order_id, sequence, digest, order_id, reason, wanted, bound from exchange.request
where account_id = $1 and client_order_id > $2 and not left_behind order by client_order_id limit $3;
-- name: last_client_order_id
-- Without those that count no more, since the account's numbers began anew behind them.
select coalesce(max(client_order_id), 0) from exchange.request where account_id = $1 and not left_behind;
-- name: undelivered
select seller_id, buyer_id, delivers as instrument_id, sum(quantity_t)::bigint as quantity_t,
  sum(price_fen * quantity_t)::bigint as gross_fen, sum(fee_fen)::bigint as fee_fen, array_agg(id order by id) as trades
from (
  select *, coalesce(asset_id, instrument_id) as delivers from exchange.trade where delivery_id is null order by id limit $1
) waiting
group by seller_id, buyer_id, delivers order by min(id);
-- name: assign
update exchange.trade t set delivery_id = d.delivery_id
from unnest($1::bigint[], $2::bigint[]) as d (id, delivery_id) where t.id = d.id and t.delivery_id is null;
-- name: positions
select account_id, instrument_id, settled, locked, incoming, outgoing from exchange.position;
-- name: open_quantities
select id, account_id, price_fen, open_t from exchange.placed where open_t > 0;
-- name: every_instrument
select id, code, tick_fen, project_id, vintage, venue from exchange.known_instrument;
