-- name: lock
select * from registry.lock_for_retirement($1, $2, $3, $4, $5, $6);
-- name: record
select registry.record_retirement($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
  $20, $21, $22, $23);
-- name: retirements
select * from registry.shown_retirement where id > $1 order by id limit $2;
-- name: claim_retirements
select * from registry.shown_retirement where claim_id = $3 and id > $1 order by id limit $2;
-- name: order_retirements
select * from registry.shown_retirement where order_id = $1 order by id;
-- name: retirement
select * from registry.shown_retirement where receipt_id = $1;
