-- name: lock
select * from registry.lock_for_retirements(claims => $1, accounts => $2, issuances => $3, first_kgs => $4, last_kgs => $5, block_limit => $6, patience => $7);
-- name: record
select registry.record_retirements(
  claims => $1, accounts => $2, kgs => $3, orders => $4, times => $5, cut_ends => $6, block_lowers => $7,
  block_uppers => $8, lowers => $9, uppers => $10, part_orders => $11, part_accounts => $12, part_claims => $13,
  part_issuances => $14, part_spans => $15, part_kgs => $16, whys => $17, persons => $18, receipts => $19,
  part_times => $20, types => $21, texts => $22, hashes => $23, section_of => $24, labels => $25, salts => $26,
  sealed => $27);
-- name: retirements (either order)
select * from registry.shown_retirement where id > $1 order by id limit $2;
-- name: claim_retirements (either order)
select * from registry.shown_retirement where claim_id = $3 and id > $1 order by id limit $2;
-- name: wanted_retirements (either order)
-- A serial is found by its issuance; positions inside it begin at 1, spans at its base.
select r.* from registry.shown_retirement r
where r.id > $1 and ($3::bigint is null or r.claim_id = $3)
  and ($4::timestamptz is null or r.at >= $4) and ($5::timestamptz is null or r.at < $5)
  and ($6::bigint is null or r.claimant_id = $6)
  and ($7::text is null or r.issuance_id = (select id from registry.known_issuance where code = $7) and exists (
    select from unnest(r.spans) s where s && int8range(r.base + $8::bigint - 1, r.base + $9::bigint)))
  and ($10::text is null or exists (
    select from registry.opened_beneficiary b where b.statement_id = r.statement_id and b.name = $10))
  and ($11::bigint[] is null or r.owner_id = any($11))
  and ($12::bigint is null and $13::int is null and $14::text is null or r.issuance_id in (
    select i.id from registry.issuance i where ($12::bigint is null or i.project_id = $12)
      and ($13::int is null or i.vintage = $13) and ($14::text is null or split_part(i.methodology, '/', 1) = $14)))
order by r.id limit $2;
-- name: order_retirements
select * from registry.shown_retirement where order_id = $1 order by id;
-- name: retirement
select * from registry.shown_retirement where receipt_id = $1;
