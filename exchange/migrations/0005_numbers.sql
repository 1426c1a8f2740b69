-- Accounts that used their largest client_order_ids up can trade again.

-- Until engine 2 a number had to be higher than all before it, whatever it was: one near the end of all numbers locked its
-- account. Such accounts go on from the highest number of those that a first command may have today, 2^53 - 2^32. What
-- they used beyond it is still known to whoever sends it again, and counts no more.
alter table exchange.request add column left_behind boolean not null default false;

update exchange.request r set left_behind = true
where r.client_order_id > 9007194959773696;

-- An instruction, so that the engine is told in its journal: it stores none of its columns, and needs no encoded command.
insert into exchange.instruction (id, kind, account_id, amount, remark, at)
select nextval('exchange.instruction_number'), 'restart_numbers', r.account_id,
  max(r.client_order_id) filter (where not r.left_behind), 'Its client_order_ids were used up', registry.business_now()
from exchange.request r group by r.account_id having bool_or(r.left_behind) order by r.account_id;
