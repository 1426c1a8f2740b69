-- name: open_instruments
update exchange.instrument set open = true where id = any($1::int[]);
-- name: set_bands
update exchange.instrument i set low_fen = b.low, high_fen = b.high
from unnest($1::int[], $2::bigint[], $3::bigint[]) as b (id, low, high) where i.id = b.id;
-- name: set_halts
update exchange.instrument i set halted = h.causes
from unnest($1::int[], $2::smallint[]) as h (id, causes) where i.id = h.id;
-- name: put_groups
-- Several of one account in a batch: the last counts.
insert into exchange.account_group (account_id, group_id, role)
select distinct on (account) account, "group", role
from unnest($1::bigint[], $2::bigint[], $3::smallint[]) with ordinality as g (account, "group", role, at)
order by account, at desc
on conflict (account_id) do update set group_id = excluded.group_id, role = excluded.role;
-- name: list_assets
insert into exchange.basket_asset (instrument_id, asset_id, place, listed, since)
select instrument_id, asset_id, place, listed, since
from unnest($1::bigint[], $2::int[], $3::int[], $4::bigint[], $5::boolean[], $6::timestamptz[])
  as a (both_ids, instrument_id, asset_id, place, listed, since)
on conflict (instrument_id, asset_id) do update set place = excluded.place, listed = excluded.listed,
  since = excluded.since;
