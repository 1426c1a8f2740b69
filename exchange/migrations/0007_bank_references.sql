-- Money with one reference of the bank is booked once.

-- Of those that were booked twice before, the first has the reference; the others stay booked, and are the bank's to explain.
alter table exchange.instruction add column bank_reference text;
update exchange.instruction i set bank_reference = first.reference
from (
  select min(id) as id, btrim(remark) as reference from exchange.instruction
  where kind = 'credit_cash' and state <> 'refused' and btrim(remark) <> '' group by btrim(remark)) as first
where i.id = first.id;
create unique index instruction_bank_reference on exchange.instruction (bank_reference) where state <> 'refused';
