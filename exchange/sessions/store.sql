-- name: session
select * from exchange.shown_session where code = $1;
-- name: resting
select side, price_fen, sum(open_t)::bigint as quantity_t from exchange.resting where instrument_id = $1
group by side, price_fen;
-- name: closings (either order)
select c.id, n.code, c.price_fen, c.rule, c.quantity_t, c.amount_fen, c.at from exchange.closing_price c
join exchange.known_instrument n on n.id = c.instrument_id where n.code = $3 and c.id > $1 order by c.id limit $2;
-- name: timed
-- None while an instruction about sessions waits: what it will come to is not known yet.
select * from exchange.shown_session where continuous is not null and not exists (
  select from exchange.shown_instruction where state = 'stored' and kind in ('set_phase', 'expire'))
order by instrument_id;
-- name: due
select distinct instrument_id from exchange.dated where until <= $1 and not exists (
  select from exchange.shown_instruction where state = 'stored' and kind in ('set_phase', 'expire'))
order by instrument_id;
-- name: put_timetable
insert into exchange.timetable (instrument_id, pre_open, opening_call, continuous, closing_call, closed, every_day,
  person_id, remark, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, registry.business_now())
on conflict (instrument_id) do update set pre_open = excluded.pre_open, opening_call = excluded.opening_call,
  continuous = excluded.continuous, closing_call = excluded.closing_call, closed = excluded.closed,
  every_day = excluded.every_day, person_id = excluded.person_id, remark = excluded.remark, at = excluded.at;
