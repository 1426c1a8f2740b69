-- name: open_auctions
insert into exchange.auction (id, instrument_id, kind, increment_fen, lot_t, most_t, ties, cancel_when_short, opens_at,
  closes_at, extension_s, latest_at)
select * from unnest($1::bigint[], $2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[],
  $8::boolean[], $9::timestamptz[], $10::timestamptz[], $11::int[], $12::timestamptz[]);
-- name: put_extensions
insert into exchange.auction_extension (id, closes_at)
select * from unnest($1::bigint[], $2::timestamptz[])
on conflict (id) do update set closes_at = excluded.closes_at;
-- name: put_courses
insert into exchange.auction_course (id, state, bids, wanted_t, sold_t, price_fen, ended_because, seed)
select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::smallint[],
  $8::bytea[])
on conflict (id) do update set state = excluded.state, bids = excluded.bids, wanted_t = excluded.wanted_t,
  sold_t = excluded.sold_t, price_fen = excluded.price_fen, ended_because = excluded.ended_because, seed = excluded.seed;
