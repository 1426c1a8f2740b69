-- name: number
-- Numbers are given under a lock that lasts until the commit, so that they become visible in their order. Call it last,
-- after every other lock.
select nextval('exchange.instruction_number') from (
  select pg_advisory_xact_lock(hashtextextended('exchange instruction', 0))) as locked;
-- name: insert
insert into exchange.instruction (id, kind, account_id, group_id, instrument_id, amount, low_fen, high_fen, remark,
  person_id, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, registry.business_now());
-- name: waiting
select i.id, i.kind, i.account_id, i.group_id, i.instrument_id, i.amount, coalesce(i.low_fen, n.low_fen) as low_fen,
  coalesce(i.high_fen, n.high_fen) as high_fen, n.tick_fen, n.lot_t, n.fee_bps
from exchange.instruction i left join exchange.instrument n on n.id = i.instrument_id
where i.state = 'stored' order by i.id limit $1;
-- name: newest
-- Every number up to this one is committed.
select coalesce(max(id), 0) from exchange.instruction;
-- name: answer
select state, reason, wanted, bound from exchange.instruction where id = $1;
