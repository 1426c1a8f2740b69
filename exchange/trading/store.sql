-- name: instrument
select id, code, tick_fen, project_id, vintage from exchange.instrument
where code = $1;
-- name: open_orders
select id, account_id, price_fen, open_t from exchange.placed where open_t > 0;
-- name: undelivered
-- A trade in a delivery that is not there, or has ended without it, is in neither half.
select t.id, t.seller_id, t.buyer_id, t.quantity_t, t.price_fen, t.fee_fen from exchange.trade t
where t.delivery_id is null
union all
select t.id, t.seller_id, t.buyer_id, t.quantity_t, t.price_fen, t.fee_fen from exchange.delivery d join exchange.trade t on t.delivery_id = d.id
where d.state in ('stored', 'delivered', 'refused') and t.id = any(d.trades);
-- name: rules
select id, halted, low_fen, high_fen from exchange.instrument where open;
-- name: instrument_ids
select code, id from exchange.instrument where code = any($1::text[]);
-- name: requests
select client_order_id, sequence, digest, order_id, reason, wanted, bound from exchange.request
where account_id = $1 and client_order_id = any($2::bigint[]);
-- name: placed
select p.*, n.code from exchange.placed p join exchange.instrument n on n.id = p.instrument_id
where p.id = any($1::bigint[]);
-- name: placed_of
select p.*, n.code from exchange.placed p join exchange.instrument n on n.id = p.instrument_id
where p.account_id = $3 and p.id > $1 order by p.id limit $2;
-- name: newest_placed_of
select p.*, n.code from exchange.placed p join exchange.instrument n on n.id = p.instrument_id
where p.account_id = $3 and ($1::bigint = 0 or p.id < $1) order by p.id desc limit $2;
-- name: open_of
select p.*, n.code from exchange.placed p join exchange.instrument n on n.id = p.instrument_id
where p.account_id = $3 and p.id > $1 and p.open_t > 0 order by p.id limit $2;
-- name: newest_open_of
select p.*, n.code from exchange.placed p join exchange.instrument n on n.id = p.instrument_id
where p.account_id = $3 and ($1::bigint = 0 or p.id < $1) and p.open_t > 0 order by p.id desc limit $2;
-- name: listings
select p.*, n.code from exchange.placed p join exchange.instrument n on n.id = p.instrument_id
where p.kind = 'listing' and p.id > $1 and ($3::text is null or n.code = $3) and (not $4 or p.open_t > 0)
order by p.id limit $2;
-- name: best_bids
-- By price from the index, so that it stops after so many levels, however many orders rest.
select price_fen, sum(open_t)::bigint as quantity_t, count(*) as orders from exchange.placed
where instrument_id = $1 and kind = 'order' and open_t > 0 and side = 'buy'
group by price_fen order by price_fen desc limit $2;
-- name: best_asks
select price_fen, sum(open_t)::bigint as quantity_t, count(*) as orders from exchange.placed
where instrument_id = $1 and kind = 'order' and open_t > 0 and side = 'sell'
group by price_fen order by price_fen limit $2;
-- name: sequence
select sequence from exchange.projection;
-- name: trades
select t.id, n.code, t.price_fen, t.quantity_t, t.taker_side, t.at
from exchange.trade t join exchange.instrument n on n.id = t.instrument_id
where t.instrument_id = $3 and t.id > $1 order by t.id limit $2;
-- name: newest_trades
select t.id, n.code, t.price_fen, t.quantity_t, t.taker_side, t.at
from exchange.trade t join exchange.instrument n on n.id = t.instrument_id
where t.instrument_id = $3 and ($1::bigint = 0 or t.id < $1) order by t.id desc limit $2;
-- name: newest_fills
select t.*, n.code, t.buyer_id = $3 as bought from (
  (select * from exchange.trade where buyer_id = $3 and ($1::bigint = 0 or id < $1) order by id desc limit $2)
  union all
  (select * from exchange.trade where seller_id = $3 and ($1::bigint = 0 or id < $1) order by id desc limit $2)
) t join exchange.instrument n on n.id = t.instrument_id order by t.id desc limit $2;
-- name: fills
-- Two indexed halves. Nobody trades with themselves, so no trade is in both.
select t.*, n.code, t.buyer_id = $3 as bought from (
  (select * from exchange.trade where buyer_id = $3 and id > $1 order by id limit $2)
  union all
  (select * from exchange.trade where seller_id = $3 and id > $1 order by id limit $2)
) t join exchange.instrument n on n.id = t.instrument_id order by t.id limit $2;
-- name: last_client_order_id
select coalesce(max(client_order_id), 0) from exchange.request where account_id = $1;
-- name: positions
select p.instrument_id, n.code, p.settled, p.locked, p.incoming, p.outgoing
from exchange.position p left join exchange.instrument n on n.id = p.instrument_id
where p.account_id = $1 order by p.instrument_id;
