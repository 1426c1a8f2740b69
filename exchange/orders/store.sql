-- name: placed
select * from exchange.shown_placed where id = any($1::bigint[]);
-- name: is_sealed
select exists (select from exchange.sealed_bid where id = $1);
-- name: still_open
select id from exchange.shown_placed where id = any($1::bigint[]) and account_id = $2 and kind = 'order' and open_t > 0
order by id;
-- name: placed_of
select * from exchange.shown_placed where account_id = $3 and id > $1
  and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
  and ($6::boolean or id not in (select id from exchange.sealed_bid))
  and ($7::text is null or code = $7)
  order by id limit $2;
-- name: newest_placed_of
select * from exchange.shown_placed where account_id = $3 and ($1::bigint = 0 or id < $1)
  and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
  and ($6::boolean or id not in (select id from exchange.sealed_bid))
  and ($7::text is null or code = $7)
  order by id desc limit $2;
-- name: open_of
select * from exchange.shown_placed where account_id = $3 and id > $1 and open_t > 0
  and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
  and ($6::boolean or id not in (select id from exchange.sealed_bid))
  and ($7::text is null or code = $7)
  order by id limit $2;
-- name: newest_open_of
select * from exchange.shown_placed
where account_id = $3 and ($1::bigint = 0 or id < $1) and open_t > 0
  and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
  and ($6::boolean or id not in (select id from exchange.sealed_bid))
  and ($7::text is null or code = $7)
  order by id desc limit $2;
-- name: fills
-- Two indexed halves. Nobody trades with themselves, so no trade is in both.
select t.*, t.buyer_id = $3 as bought from (
  (select * from exchange.shown_trade where buyer_id = $3 and id > $1
  and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
  order by id limit $2)
  union all
  (select * from exchange.shown_trade where seller_id = $3 and id > $1
  and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
  order by id limit $2)
) t order by id limit $2;
-- name: newest_fills
select t.*, t.buyer_id = $3 as bought from (
  (select * from exchange.shown_trade where buyer_id = $3 and ($1::bigint = 0 or id < $1)
  and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
  order by id desc limit $2)
  union all
  (select * from exchange.shown_trade where seller_id = $3 and ($1::bigint = 0 or id < $1)
  and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
  order by id desc limit $2)
) t order by id desc limit $2;
-- name: settled_cash
select account_id, settled from exchange.shown_position where account_id = any($1::bigint[]) and instrument_id = $2;
-- name: positions
select instrument_id, code, settled, locked, incoming, outgoing from exchange.shown_position
where account_id = $1 order by instrument_id;
