-- name: insert_cancellation
insert into registry.cancellation (order_id, account_id, issuance_id, spans, quantity_kg, reason, person_id,
  statement_id, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, registry.business_now());
-- name: cancellations
select c.order_id, c.account_id, c.quantity_kg, c.reason, c.at, i.code, lower(i.span) as base, c.spans
from registry.cancellation c join registry.issuance i on i.id = c.issuance_id where c.order_id = $1 order by c.id;
