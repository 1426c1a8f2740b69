-- name: lock
select * from registry.lock_for_retirement(the_claim => $1, the_account => $2, the_issuance => $3, first_kg => $4, last_kg => $5, block_limit => $6);
-- name: record
select registry.record_retirement(
  the_claim => $1, the_account => $2, kg => $3, the_order => $4, why => $5, person => $6, retired_at => $7,
  block_lowers => $8, block_uppers => $9, lowers => $10, uppers => $11, receipts => $12, issuances => $13, span_of
  => $14, span_lowers => $15, span_uppers => $16, types => $17, texts => $18, hashes => $19, section_of => $20,
  labels => $21, salts => $22, sealed => $23);
-- name: retirements
select * from registry.shown_retirement where id > $1 order by id limit $2;
-- name: claim_retirements
select * from registry.shown_retirement where claim_id = $3 and id > $1 order by id limit $2;
-- name: order_retirements
select * from registry.shown_retirement where order_id = $1 order by id;
-- name: retirement
select * from registry.shown_retirement where receipt_id = $1;
