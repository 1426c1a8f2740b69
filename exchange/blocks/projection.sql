-- name: put_terms
insert into exchange.block_terms (instrument_id, least_t, reference_fen, band_bps)
select * from unnest($1::int[], $2::bigint[], $3::bigint[], $4::int[])
on conflict (instrument_id) do update set least_t = excluded.least_t, reference_fen = excluded.reference_fen,
  band_bps = excluded.band_bps;
-- name: propose
insert into exchange.block (id, proposer_id, counterparty_id, expires_at)
select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[]);
