-- name: put_picking
insert into exchange.picking (instrument_id, rule) select * from unnest($1::int[], $2::text[])
on conflict (instrument_id) do update set rule = excluded.rule;
