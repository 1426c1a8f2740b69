-- name: request
-- For its asker, and for those who may answer it.
select * from exchange.shown_quote_request
where id = $1 and (account_id = $2 or cardinality(invited) = 0 or $2 = any(invited));
-- name: requests (either order)
select * from exchange.shown_quote_request
where id > $1 and (account_id = $3 or cardinality(invited) = 0 or $3 = any(invited)) and (not $4 or ended_at is null)
order by id limit $2;
-- name: quotes
select * from exchange.shown_quote where request_id = $1 and ($3 or account_id = $2) order by id;
-- name: inquired (either order)
select id, code, reference_fen, quotes, quoted_t, ended_at from exchange.shown_quote_request
where instrument_id = $3 and reference_fen > 0 and id > $1 order by id limit $2;
-- name: due
-- None while an instruction about them waits.
select id from exchange.shown_quote_request
where ended_at is null and expires_at <= $1 and not exists (
  select from exchange.shown_instruction where state = 'stored' and kind in ('end_request', 'lapse_quotes'))
order by id limit 500;
-- name: quotes_due
select exists (select from exchange.shown_placed p join exchange.shown_quote q on q.id = p.id
    where p.kind in ('block', 'quote') and p.open_t > 0 and q.valid_until <= $1)
  and not exists (select from exchange.shown_instruction
    where state = 'stored' and kind in ('end_request', 'lapse_quotes'));
