-- name: insert_retirement
insert into registry.retirement (receipt_id, order_id, account_id, claim_id, issuance_id, spans, quantity_kg, reason,
  person_id, statement_id, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
-- name: retirements
select * from registry.shown_retirement where id > $1 order by id limit $2;
-- name: claim_retirements
select * from registry.shown_retirement where claim_id = $3 and id > $1 order by id limit $2;
-- name: order_retirements
select * from registry.shown_retirement where order_id = $1 order by id;
-- name: retirement
select * from registry.shown_retirement where receipt_id = $1;
