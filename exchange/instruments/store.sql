-- name: insert
insert into exchange.instrument (code, project_id, vintage, project_name, methodology, tick_fen, lot_t, low_fen,
  high_fen, fee_bps, fee_account_id, preset, venue, opened_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, registry.business_now()) returning id;
-- name: instruments (either order)
select n.*, d.day, d.reason, d.announced_at from exchange.instrument n
left join exchange.announced_delisting d on d.instrument_id = n.id and d.basket_id is null
where n.id > $1::bigint and ($3::text is null or n.code = $3)
  and ($4::text is null or n.methodology = $4 or n.methodology like $4 || '/%')
  and ($5::int is null or n.vintage = $5)
  and ($6::text is null or $6 = case when not n.open then 'opening' when n.halted >= 8 then 'delisted'
    when n.halted <> 0 then 'halted' else 'open' end)
order by n.id limit $2;
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
insert into exchange.basket (instrument_id, methodology, vintage_from, vintage_to, types, co_benefits, labels)
values ($1, $2, $3, $4, $5, $6, $7);
-- name: candidates
-- What could be in a basket, as far as this room knows; types, co-benefits and labels are the registry's.
select id, code, project_id, vintage from exchange.instrument
where project_id is not null and halted < 8 and ($1::text is null or methodology = $1 or methodology like $1 || '/%')
  and vintage between $2 and $3
order by vintage, id;
-- name: rules
select b.instrument_id as id, n.code, n.project_name as name, n.preset, b.methodology, b.vintage_from, b.vintage_to,
  b.types, b.co_benefits, b.labels,
  array(select a.asset_id from exchange.basket_asset a where a.instrument_id = b.instrument_id) as known
from exchange.basket b join exchange.instrument n on n.id = b.instrument_id
where ($1::text is null or n.code = $1) and (n.open or $1 is not null) and (n.halted < 8 or $1 is not null)
order by b.instrument_id;
-- name: baskets_with
select instrument_id from exchange.basket_asset where asset_id = $1 and listed order by instrument_id;
-- name: assets
select n.id, n.code, n.project_id, n.vintage, n.project_name, n.methodology, a.listed, a.since, d.day, d.reason, d.announced_at
from exchange.basket_asset a join exchange.instrument n on n.id = a.asset_id
left join exchange.announced_delisting d on d.instrument_id = a.asset_id and d.basket_id = a.instrument_id
where a.instrument_id = $1 order by not a.listed, a.place;
