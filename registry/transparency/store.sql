-- name: append
-- After every lock of its transaction (registry/transparency/FORMAT.md, "From row to leaf"): the ids are drawn here.
select registry.append_statements($1, $2, $3, $4, $5, $6, $7);
-- name: openings
select label, salt, text from registry.opening where statement_id = $1 order by label;
-- name: newest_opening
-- What a sealed section of a statement says by its newest correction, else in the statement itself.
select o.text from registry.opening o left join registry.correction c on c.statement_id = o.statement_id
where (o.statement_id = $1 or c.corrects = $1) and o.label = $2 order by c.number desc nulls last limit 1;
-- name: next_correction
select coalesce(max(number), 0) + 1 from registry.correction where corrects = $1;
-- name: insert_correction
insert into registry.correction (corrects, number, wording, reason, organisation_id, person_id, statement_id, at)
values ($1, $2, $3, $4, $5, $6, $7, registry.business_now()) returning id;
-- name: corrections (either order)
select c.id, o.sha256 as corrects, c.number, c.reason, c.wording, c.organisation_id, s.sha256, c.at, c.statement_id
from registry.correction c
join registry.statement o on o.id = c.corrects
join registry.statement s on s.id = c.statement_id
where c.id > $1 and ($3::bytea is null or o.sha256 = $3) and ($4::bigint is null or c.id = $4)
order by c.id limit $2;
-- name: later_corrections
-- The newest of some statements, in the order in which they were made, which is that of leaves.
select * from (
  select statement_id, organisation_id from registry.correction where corrects = any($1::bigint[])
  order by statement_id desc limit $2) as newest
order by statement_id;
-- name: statement
select id, type, sha256, leaf_index, note, leaf_hash from registry.statement where sha256 = $1;
-- name: naming
select id from registry.statement where id = any($1::bigint[]) and position($2 in note_text) > 0;
-- name: statements (either order)
-- By place: the first leaf is 0, the first row 1.
select id, type, sha256, leaf_index, note, leaf_hash from registry.statement
where leaf_index > $1::bigint - 1 and leaf_index < $3 and ($4::text is null or type = $4)
order by leaf_index limit $2;
-- name: published
-- The newest checkpoint that satisfies the witness policy: what the log says to the world.
select size, root, note, witnessed_at from registry.log_checkpoint where witnessed_at is not null order by size desc limit 1;
-- name: leaf
select id, type, sha256, leaf_index, note, leaf_hash from registry.statement where id = $1;
-- name: leaves_beginning
-- By the index on leaf hashes; two are enough to see that there is not only one.
select id, type, sha256, leaf_index, note, leaf_hash from registry.statement
where leaf_hash >= $1 and leaf_hash <= $2 limit 2;
-- name: tiles
select t.level, t.n, t.hashes from registry.log_tile t
join unnest($1::smallint[], $2::bigint[]) as wanted (level, n) on t.level = wanted.level and t.n = wanted.n;
-- name: entries
select note from registry.statement where leaf_index >= $1 and leaf_index < $2 order by leaf_index;
-- name: lock_head
-- The fence: two sequencers never append at once.
select size, root from registry.log_head for update;
-- name: head
select size, root from registry.log_head;
-- name: unsequenced
-- Every row without an index, in the order of ids; a watermark of ids would lose statements that commit late.
select id, note_text from registry.statement where leaf_index is null order by id limit $1;
-- name: anything_waits
-- Asked many times a second, so it takes no lock and writes nothing.
select exists (select from registry.statement where leaf_index is null);
-- name: sequence
update registry.statement s set leaf_index = new.leaf_index, note = new.note, leaf_hash = new.leaf_hash
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[]) as new (id, leaf_index, note, leaf_hash)
where s.id = new.id and s.leaf_index is null;
-- name: store_tile
insert into registry.log_tile (level, n, hashes) values ($1, $2, $3)
on conflict (level, n) do update set hashes = excluded.hashes;
-- name: move_head
-- With the head, the furthest business time that what was just sequenced proves.
with moved as (update registry.log_head set size = $1, root = $2)
select registry.keep_business_time(max(at)) from registry.statement where leaf_index >= $3;
-- name: insert_checkpoint
insert into registry.log_checkpoint (size, root) values ($1, $2);
-- name: newest_checkpoint
select size, root, note, witnessed_at from registry.log_checkpoint order by size desc limit 1;
-- name: newest_signed
-- What left this process, or was about to: the note is stored before any witness sees it.
select size, root, note, witnessed_at from registry.log_checkpoint where note is not null order by size desc limit 1;
-- name: log_keys
select role, vkey from registry.log_key;
-- name: keep_log_keys
insert into registry.log_key (role, vkey) select * from unnest($1::text[], $2::text[]);
-- name: backlog
-- Statements that no witnessed checkpoint covers, how many it covers, and why the log refuses more, if it does.
select
  (select count(*) from registry.statement where leaf_index is null) + h.size - p.size as waiting,
  p.size as published, (select reason from registry.log_refusal) as refusal
from registry.log_head h,
  (select coalesce(max(size), 0) as size from registry.log_checkpoint where witnessed_at is not null) p;
-- name: publish
update registry.log_checkpoint set note = $2, witnessed_at = case when $3 then now() end
where size = $1 and witnessed_at is null;
-- name: witnessed_size
select coalesce(max(size), 0) from registry.log_checkpoint where witnessed_at is not null;
-- name: lone_sequencer
select pg_try_advisory_lock(hashtext('kilnwood sequencer'));
-- name: refuse
-- From here on no statement is inserted, by a trigger.
insert into registry.log_refusal (reason) values ($1) on conflict (one) do update set reason = excluded.reason;
-- name: allow
delete from registry.log_refusal;
