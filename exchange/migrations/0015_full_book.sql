-- The full book shows orders one by one, by number and without whose they are.
create or replace view exchange.resting as
select instrument_id, side, price_fen, open_t, id from exchange.placed where kind = 'order' and open_t > 0;
