-- name: put_phases
insert into exchange.session (instrument_id, phase, since) select * from unnest($1::int[], $2::smallint[], $3::timestamptz[])
on conflict (instrument_id) do update set phase = excluded.phase, since = excluded.since;
-- name: put_rules
insert into exchange.session_rules (instrument_id, reference_fen, band_bps, average_from_t)
select * from unnest($1::int[], $2::bigint[], $3::int[], $4::bigint[])
on conflict (instrument_id) do update set reference_fen = excluded.reference_fen, band_bps = excluded.band_bps,
  average_from_t = excluded.average_from_t;
-- name: add_closings
insert into exchange.closing_price (id, instrument_id, price_fen, rule, quantity_t, amount_fen, at)
select * from unnest($1::bigint[], $2::int[], $3::bigint[], $4::smallint[], $5::bigint[], $6::numeric[],
  $7::timestamptz[]);
