-- name: block
select * from exchange.shown_block where id = $1 and $2 in (proposer_id, counterparty_id);
-- name: blocks (either order)
select * from exchange.shown_block where $3 in (proposer_id, counterparty_id) and id > $1 order by id limit $2;
-- name: terms
select n.code, t.least_t, t.reference_fen, t.band_bps, n.low_fen, n.high_fen
from exchange.known_instrument n left join exchange.block_terms t on t.instrument_id = n.id where n.id = $1;
-- name: trades (either order)
select t.id, t.code, t.price_fen, t.quantity_t, t.mode, t.at
from exchange.off_tape o join exchange.shown_trade t on t.buy_order_id = o.id
where t.instrument_id = $3 and t.id > $1 order by t.id limit $2;
-- name: due
-- Nothing while an instruction about it waits.
select exists (select from exchange.shown_placed p join exchange.shown_block b on b.id = p.id
    where p.kind in ('block', 'quote') and p.open_t > 0 and b.expires_at <= $1)
  and not exists (select from exchange.shown_instruction where state = 'stored' and kind = 'lapse_blocks');
