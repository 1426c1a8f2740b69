-- name: insert_cancellation
insert into registry.cancellation (order_id, account_id, issuance_id, spans, quantity_kg, reason, person_id,
  statement_id, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, registry.business_now());
-- name: orders (either order)
-- Orders of cancellations by their first row; one draws from several issuances at the same moment.
select c.id, c.order_id from registry.cancellation c
where c.id > $1 and not exists (
    select from registry.cancellation o where o.order_id = c.order_id and o.id < c.id)
  and ($3::timestamptz is null or c.at >= $3) and ($4::timestamptz is null or c.at < $4)
order by c.id limit $2;
-- name: cancellations_of
select c.order_id, c.account_id, a.owner_id, c.quantity_kg, c.reason, c.at, i.code, lower(i.span) as base, c.spans
from registry.cancellation c join registry.issuance i on i.id = c.issuance_id
join registry.known_account a on a.id = c.account_id where c.order_id = any($1::text[]) order by c.id;
