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
select id, code, price_fen, quantity_t, taker_side, at from exchange.shown_trade
where instrument_id = $3 and id > $1 order by id limit $2;
-- name: newest_trades
select id, code, price_fen, quantity_t, taker_side, at from exchange.shown_trade
where instrument_id = $3 and ($1::bigint = 0 or id < $1) order by id desc limit $2;
