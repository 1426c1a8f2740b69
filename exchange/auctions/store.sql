-- name: auction
select * from exchange.auction_with_bids where id = $1;
-- name: auctions (either order)
select * from exchange.auction_with_bids
where id > $1 and ($3::text is null or code = $3) and ($4::text is null or case
    when state = 'ended' and sold_t > 0 then 'sold' else state end = $4)
order by id limit $2;
-- name: bids (either order)
-- Those that are in it, or were when it closed: 1, 4, 5 and 10 are what was taken back, closed or replaced before.
select id, price_fen, quantity_t, traded_t, at from exchange.shown_placed
where kind = 'bid' and listing_id = $3 and coalesce(closed_because, 0) not in (1, 4, 5, 10) and id > $1
order by id limit $2;
-- name: results
-- What an ended auction came to, by account: its seller, and who had bids in it when it closed (see `bids`).
select p.account_id, p.kind, a.code, a.sold_t as sold_in_all_t, a.ended_because, sum(p.quantity_t)::bigint as wanted_t,
  sum(p.traded_t)::bigint as allotted_t, coalesce(sum(t.amount_fen), 0)::bigint as amount_fen,
  sum(p.quantity_t * p.price_fen)::bigint as locked_fen
from exchange.shown_auction a
join exchange.shown_placed p on p.id = a.id or p.kind = 'bid' and p.listing_id = a.id
  and coalesce(p.closed_because, 0) not in (1, 4, 5, 10)
left join lateral (
  select sum(quantity_t * price_fen) as amount_fen from exchange.shown_trade
  where p.kind = 'bid' and buyer_id = p.account_id and buy_order_id = p.id
    or p.kind = 'auction' and seller_id = p.account_id and sell_order_id = p.id
) t on true
where a.id = $1 and a.state = 'ended' group by 1, 2, 3, 4, 5 order by 2, 1;
-- name: own
select id from exchange.shown_placed
where account_id = $2 and (id = $1 and kind = 'auction' or listing_id = $1 and kind = 'bid') order by id desc;
-- name: running
-- None while an instruction about auctions waits: what it will come to is not known yet.
select id, state, opens_at, closes_at, ties = 'at-random' as drawn, open_t > 0 as offered, halted > 0 as halted
from exchange.shown_auction
where state <> 'ended' and not exists (select from exchange.shown_instruction
  where state = 'stored' and kind in ('begin_auction', 'close_auction', 'call_off_auction'))
order by id;
