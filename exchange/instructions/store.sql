-- name: number
-- Numbers are given under a lock that lasts until the commit, so that they become visible in their order. Take it last,
-- after every other lock.
select nextval('exchange.instruction_number') from (
  select pg_advisory_xact_lock(hashtextextended('exchange instruction', 0))) as locked;
-- name: turn
select from pg_advisory_xact_lock(hashtextextended('exchange instruction', 0));
-- name: insert
insert into exchange.instruction (id, kind, account_id, instrument_id, amount, command, remark, person_id, bank_reference,
  at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, registry.business_now());
-- name: booked
select id, account_id, amount, at from exchange.instruction where bank_reference = $1 and state <> 'refused';
-- name: waiting
-- What a row of the first version leaves to its instrument is read from there.
select i.id, i.kind, i.command, i.account_id, i.group_id, i.instrument_id, i.amount,
  coalesce(i.low_fen, n.low_fen) as low_fen, coalesce(i.high_fen, n.high_fen) as high_fen, n.tick_fen, n.lot_t, n.fee_bps
from exchange.instruction i left join exchange.known_instrument n on n.id = i.instrument_id
where i.state = 'stored' order by i.id limit $1;
-- name: newest
-- Every number up to this one is committed.
select coalesce(max(id), 0) from exchange.instruction;
-- name: outcome
select state, reason, wanted, bound from exchange.instruction where id = $1;
-- name: answer
update exchange.instruction i set state = a.state, reason = a.reason, wanted = a.wanted, bound = a.bound
from unnest($1::bigint[], $2::text[], $3::smallint[], $4::bigint[], $5::bigint[]) as a (id, state, reason, wanted, bound)
where i.id = a.id and i.state = 'stored';
-- name: release
update exchange.instruction set state = 'released' where id = $1 and state in ('done', 'refused');
-- name: last_freezes
-- Only accounts that were ever frozen are looked at.
select distinct on (account_id) id, account_id, kind, command from exchange.instruction
where kind in ('freeze', 'unfreeze') and state <> 'refused' order by account_id, id desc;
