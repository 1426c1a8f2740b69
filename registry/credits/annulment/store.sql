-- name: insert_annulment
insert into registry.annulment (code, annuls, claim_id, receipt_id, released_kg, reason, proposer_id, approver_id,
  approval_id, statement_id, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, registry.business_now()) returning id;
-- name: annulments (either order)
select a.id, a.code, case when a.receipt_id is null then 'claim' else 'retirement' end as of, o.sha256 as annuls,
  a.claim_id, a.receipt_id, a.released_kg, a.reason, array[a.proposer_id, a.approver_id] as approvers, a.approval_id,
  s.sha256 as statement_hash, a.at
from registry.annulment a
join registry.statement_hash o on o.id = a.annuls
join registry.statement_hash s on s.id = a.statement_id
where a.id > $1 and ($3::bigint is null or a.id = $3) and ($4::text is null or (a.receipt_id is null) = ($4 = 'claim'))
  and ($5::bigint is null or a.claim_id = $5)
order by a.id limit $2;
-- name: later_annulments
-- What was said later about a retirement and its claim, in the order of rows, which is that of leaves.
select a.statement_id from registry.annulment a where a.annuls = any($1::bigint[]) order by a.statement_id;
