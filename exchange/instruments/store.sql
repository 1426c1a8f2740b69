-- name: insert
insert into exchange.instrument (code, project_id, vintage, project_name, methodology, tick_fen, lot_t, low_fen,
  high_fen, fee_bps, fee_account_id, preset, venue, opened_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, registry.business_now()) returning id;
-- name: instruments (either order)
select * from exchange.instrument
where id > $1::bigint and ($3::text is null or code = $3) and ($4::text is null or methodology = $4 or methodology like $4 || '/%')
  and ($5::int is null or vintage = $5)
  and ($6::text is null or $6 = case when not open then 'opening' when halted <> 0 then 'halted' else 'open' end)
order by id limit $2;
-- name: begin_timetable
select exchange.begin_timetable($1, $2::time[], $3, $4, $5);
-- name: begin_days
insert into exchange.resale_day (instrument_id, day) values ($1, $2);
-- name: locking
select instrument_id from exchange.resale_day where day < $1 order by instrument_id;
-- name: last_trade
select coalesce((select id from exchange.shown_trade where at < $1 order by id desc limit 1), 0);
-- name: turn_days
-- Guarded: whoever comes second moves nothing.
update exchange.resale_day set day = $2 where instrument_id = $1 and day < $2;
-- name: know_group
-- What the engine will be told with an account's first credit.
insert into exchange.account_group (account_id, group_id, role) values ($1, $2, 0) on conflict do nothing;
-- name: groups
select account_id, group_id, role from exchange.account_group order by account_id;
-- name: limits_roles
select exists (select from exchange.instrument
  where venue is not null and jsonb_path_exists(venue::jsonb, '$.limits.* ? (@ != null)'));
-- name: vintages
select id, project_id, vintage, halted from exchange.instrument where open order by id;
-- name: bounds
select n.id, n.halted, n.low_fen, n.high_fen, s.phase from exchange.instrument n
join exchange.shown_session s on s.instrument_id = n.id where n.open;
-- name: insert_basket
insert into exchange.basket (instrument_id, methodology, vintage_from, vintage_to) values ($1, $2, $3, $4);
-- name: eligible
select id, project_id, vintage from exchange.instrument
where project_id is not null and ($1::text is null or methodology = $1 or methodology like $1 || '/%')
  and vintage between $2 and $3
order by vintage, id;
-- name: baskets_for
select b.instrument_id from exchange.basket b join exchange.instrument n on n.id = $1
where (b.methodology is null or n.methodology = b.methodology or n.methodology like b.methodology || '/%')
  and n.vintage between b.vintage_from and b.vintage_to
order by b.instrument_id;
-- name: basket
select n.id, n.project_name, b.methodology, b.vintage_from, b.vintage_to
from exchange.basket b join exchange.instrument n on n.id = b.instrument_id where n.code = $1;
-- name: assets
select n.code, n.project_id, n.vintage, n.project_name, a.listed, a.since
from exchange.basket_asset a join exchange.instrument n on n.id = a.asset_id
where a.instrument_id = $1 order by not a.listed, a.place;
