-- name: open_hold
insert into registry.hold (kind, account_id, quantity_kg, opened_at) values ('retail', $1, 0, registry.business_now())
returning id;
-- name: resize_reserve
update registry.hold set quantity_kg = quantity_kg + $2 where id = $1 and kind = 'retail';
