-- name: next_span
-- The one counter of the number line; the lock makes issuances follow each other.
select next_kg from registry.number_line for update;
-- name: move_line
update registry.number_line set next_kg = $1;
-- name: next_sequence
select coalesce(max(sequence), 0) + 1 from registry.issuance where project_id = $1 and vintage = $2;
-- name: insert_issuance
insert into registry.issuance (code, region_id, project_id, report_id, methodology, vintage, sequence, kind, span,
  buffer_kg, approval_id, statement_id, issued_at)
values ($1, $2, $3, $4, $5, $6, $7, 'monitored', int8range($8, $9), $10, $11, $12, registry.business_now())
returning id;
-- name: place_issued
with placed as (
  insert into registry.block (span, issuance_id, account_id, state) values (int8range($1, $2), $3, $4, $5)
)
insert into registry.movement (at, cause, issuance_id, span, to_account_id, to_state)
values (registry.business_now(), $6, $3, int8range($1, $2), $4, $5);
-- name: logged_after
-- In the order of the public log: ids commit out of order, leaves do not.
select l.leaf_index, i.code, i.project_id, i.vintage, p.developer_id,
  upper(i.span) - lower(i.span) - i.buffer_kg as quantity_kg
from registry.issuance i join registry.logged l on l.id = i.statement_id
join registry.known_project p on p.id = i.project_id
where l.leaf_index > $1 order by l.leaf_index limit $2;
-- name: newest_leaf
select coalesce(max(leaf_index), -1) from registry.logged;
-- name: lots
select code, project_id, vintage from registry.issuance where code = any($1::text[]);
-- name: issuances (either order)
select i.id, i.code, i.project_id, i.report_id, i.methodology, i.vintage, i.kind, lower(i.span) as base,
  upper(i.span) as top, i.buffer_kg, s.sha256, i.issued_at
from registry.issuance i join registry.statement_hash s on s.id = i.statement_id
where i.id > $1 and ($3::text is null or i.code = $3) and ($4::bigint is null or i.project_id = $4)
  and ($5::bigint is null or i.project_id in (select p.id from registry.known_project p where p.developer_id = $5))
  and ($6::int is null or i.vintage = $6) and ($7::text is null or split_part(i.methodology, '/', 1) = $7)
  and ($8::timestamptz is null or i.issued_at >= $8) and ($9::timestamptz is null or i.issued_at < $9)
order by i.id limit $2;
