-- name: request
insert into exchange.quote_request (id, account_id, instrument_id, side, quantity_t, expires_at, invited, at)
select id, account_id, instrument_id, side, quantity_t, expires_at, string_to_array(invited, ',')::bigint[], at
from unnest($1::bigint[], $2::bigint[], $3::int[], $4::text[], $5::bigint[], $6::timestamptz[], $7::text[],
  $8::timestamptz[]) as r (id, account_id, instrument_id, side, quantity_t, expires_at, invited, at);
-- name: quote
insert into exchange.quote (id, request_id, valid_until)
select * from unnest($1::bigint[], $2::bigint[], $3::timestamptz[]);
-- name: end
insert into exchange.quote_request_end (id, quotes, quoted_t, reference_fen, taken_id, at)
select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[]);
