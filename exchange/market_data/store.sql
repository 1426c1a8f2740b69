-- name: best_bids
-- By price from the index, so that it stops after so many levels, however many orders rest.
select price_fen, sum(open_t)::bigint as quantity_t, count(*) as orders from exchange.resting
where instrument_id = $1 and side = 'buy' group by price_fen order by price_fen desc limit $2;
-- name: best_asks
select price_fen, sum(open_t)::bigint as quantity_t, count(*) as orders from exchange.resting
where instrument_id = $1 and side = 'sell' group by price_fen order by price_fen limit $2;
-- name: sequence
select projected from exchange.progress;
-- name: trades
select id, code, price_fen, quantity_t, taker_side, at, asset from exchange.shown_trade
where instrument_id = $3 and id > $1 and not exists (select from exchange.off_tape o where o.id = buy_order_id)
order by id limit $2;
-- name: newest_trades
select id, code, price_fen, quantity_t, taker_side, at, asset from exchange.shown_trade
where instrument_id = $3 and ($1::bigint = 0 or id < $1) and not exists (
  select from exchange.off_tape o where o.id = buy_order_id)
order by id desc limit $2;
-- name: price_bars
-- An hour or a day begins in Asia/Shanghai; the newest bars first, bounded by the caller.
select extract(epoch from begins)::bigint as begins, (array_agg(price_fen order by id))[1] as open_fen, max(price_fen) as high_fen,
  min(price_fen) as low_fen, (array_agg(price_fen order by id desc))[1] as close_fen, sum(quantity_t)::bigint as quantity_t,
  sum(price_fen * quantity_t)::bigint as amount_fen, count(*) as trades
from (
  select date_trunc($2, at at time zone 'Asia/Shanghai') at time zone 'Asia/Shanghai' as begins, id, price_fen, quantity_t
  from exchange.shown_trade where instrument_id = $1 and at >= $3
    and not exists (select from exchange.off_tape o where o.id = buy_order_id)
) as trade group by begins order by begins;
-- name: newest_trade_at
select max(at) from exchange.shown_trade where instrument_id = $1
  and not exists (select from exchange.off_tape o where o.id = buy_order_id);
-- name: phase
select n.open and n.halted = 0 as trades, s.phase, d.day as delisted_on from exchange.known_instrument n
join exchange.shown_session s on s.instrument_id = n.id
left join exchange.announced_delisting d on d.instrument_id = n.id and d.basket_id is null where n.id = $1;
-- name: trades_after
select id, code, price_fen, quantity_t, taker_side, at, asset from exchange.shown_trade where instrument_id = $1 and id > $2
  and not exists (select from exchange.off_tape o where o.id = buy_order_id)
order by id;
-- name: last_trade_id
select coalesce(max(id), 0) from exchange.shown_trade where instrument_id = $1;
-- name: best_buy_orders
select id, side, price_fen, open_t from exchange.resting
where instrument_id = $1 and side = 'buy' order by price_fen desc, id limit $2;
-- name: best_sell_orders
select id, side, price_fen, open_t from exchange.resting
where instrument_id = $1 and side = 'sell' order by price_fen, id limit $2;
-- name: day
select code, (array_agg(price_fen order by id))[1] as open_fen, max(price_fen) as high_fen, min(price_fen) as low_fen,
  (array_agg(price_fen order by id desc))[1] as close_fen, sum(quantity_t)::bigint as quantity_t,
  sum(price_fen * quantity_t)::bigint as amount_fen, count(*) as trades
from exchange.shown_trade where at >= $1 and at < $2
  and not exists (select from exchange.off_tape o where o.id = buy_order_id)
group by code order by code;
