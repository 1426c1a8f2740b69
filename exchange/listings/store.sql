-- name: listing
select id, code, price_fen, quantity_t, open_t, traded_t, at from exchange.shown_placed where id = $1 and kind = 'listing';
-- name: listings (either order)
select id, code, price_fen, quantity_t, open_t, traded_t, at from exchange.shown_placed
where kind = 'listing' and id > $1 and ($3::text is null or code = $3) and (not $4 or open_t > 0)
order by id limit $2;
-- name: is_other
select exists (select from exchange.shown_placed where id = $1 and kind <> 'listing');
-- name: picking
select rule from exchange.picking where instrument_id = $1;
