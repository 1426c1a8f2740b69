-- name: custody
select i.id, i.kind, i.account_id, n.code, i.amount, i.remark, i.state, i.reason, i.wanted, i.bound, i.at
from exchange.instruction i left join exchange.instrument n on n.id = i.instrument_id
where i.id = $1 and i.kind in ('credit_cash', 'credit_tonnes', 'debit_cash', 'debit_tonnes');
-- name: custody_of
select i.id, i.kind, i.account_id, n.code, i.amount, i.remark, i.state, i.reason, i.wanted, i.bound, i.at
from exchange.instruction i left join exchange.instrument n on n.id = i.instrument_id
where i.account_id = $3 and i.id > $1 and i.kind = any($4::text[]) order by i.id limit $2;
-- name: unreleased
-- Tonnes that the exchange owes no more, or would not take: the registry gives them back.
select i.id, i.account_id, n.project_id, n.vintage, i.amount from exchange.instruction i
join exchange.instrument n on n.id = i.instrument_id
where i.id > $1 and (i.kind = 'debit_tonnes' and i.state = 'done' or i.kind = 'credit_tonnes' and i.state = 'refused')
order by i.id limit $2;
-- name: release
update exchange.instruction set state = 'released' where id = $1 and state in ('done', 'refused');
-- name: net
-- Trades that wait for a delivery, added up by seller, buyer and instrument, and stored before the registry is asked.
with waiting as (
  select id, seller_id, buyer_id, instrument_id, price_fen * quantity_t as amount_fen, quantity_t, fee_fen
  from exchange.trade where delivery_id is null order by id limit $1
), made as (
  insert into exchange.delivery (seller_id, buyer_id, instrument_id, quantity_t, gross_fen, fee_fen, trades, at)
  select seller_id, buyer_id, instrument_id, sum(quantity_t), sum(amount_fen), sum(fee_fen), array_agg(id order by id),
    registry.business_now()
  from waiting group by seller_id, buyer_id, instrument_id order by min(id)
  returning id, trades
)
update exchange.trade t set delivery_id = made.id from made where t.id = any(made.trades);
-- name: net_lock
-- One settler nets at a time.
select pg_advisory_xact_lock(hashtextextended('exchange settler', 0));
-- name: stored
select d.id, d.seller_id, d.buyer_id, n.project_id, n.vintage, d.quantity_t, d.gross_fen, d.fee_fen
from exchange.delivery d join exchange.instrument n on n.id = d.instrument_id
where d.state = 'stored' and ($2::bigint is null or d.id = $2) order by d.id limit $1 for update of d;
-- name: due
select id from exchange.delivery where state = 'stored' and id > $1 order by id limit $2;
-- name: delivered
update exchange.delivery set state = case when $2::text is null then 'delivered' else 'refused' end, refusal = $2,
  serials = $3, statement_ids = $4
where id = $1 and state = 'stored';
-- name: unjournalled
select id, trades, state from exchange.delivery where state in ('delivered', 'refused') order by id limit $1;
-- name: delivery
select d.*, n.code from exchange.delivery d join exchange.instrument n on n.id = d.instrument_id where d.id = $1;
-- name: deliveries_of
-- Two indexed halves. Nobody trades with themselves, so no delivery is in both.
select d.*, n.code from (
  (select * from exchange.delivery where seller_id = $3 and id > $1 order by id limit $2)
  union all
  (select * from exchange.delivery where buyer_id = $3 and id > $1 order by id limit $2)
) d join exchange.instrument n on n.id = d.instrument_id order by d.id limit $2;
-- name: lines
select id, delivery_id, price_fen, quantity_t, fee_fen, at from exchange.trade
where delivery_id = any($1::bigint[]) order by id;
-- name: owed
-- What the exchange owes of each instrument to each account, by its own books.
select p.account_id, n.project_id, n.vintage, p.settled + p.locked + p.outgoing as tonnes
from exchange.position p join exchange.instrument n on n.id = p.instrument_id
where p.settled + p.locked + p.outgoing > 0;
-- name: in_flight
-- What explains that the registry holds something else: credits to be journalled, debits to be released, deliveries of
-- which one side has heard.
select i.account_id, n.project_id, n.vintage, i.amount as tonnes
from exchange.instruction i join exchange.instrument n on n.id = i.instrument_id
where i.kind = 'credit_tonnes' and i.state in ('stored', 'refused') or i.kind = 'debit_tonnes' and i.state = 'done'
union all
select d.buyer_id, n.project_id, n.vintage, d.quantity_t
from exchange.delivery d join exchange.instrument n on n.id = d.instrument_id where d.state = 'delivered'
union all
select d.seller_id, n.project_id, n.vintage, -d.quantity_t
from exchange.delivery d join exchange.instrument n on n.id = d.instrument_id where d.state = 'delivered';
-- name: cash
-- Money that came in and went out, and what all accounts have of it.
select
  coalesce((select sum(amount) from exchange.instruction where kind = 'credit_cash' and state = 'done'), 0)::bigint
    as came_in,
  coalesce((select sum(amount) from exchange.instruction where kind = 'debit_cash' and state = 'done'), 0)::bigint
    as went_out,
  coalesce((select sum(settled + locked + outgoing) from exchange.position where instrument_id = 0), 0)::bigint as owed,
  coalesce((select sum(incoming) from exchange.position where instrument_id = 0), 0)::bigint as incoming,
  coalesce((select sum(outgoing) from exchange.position where instrument_id = 0), 0)::bigint as outgoing;
-- name: under_way
select (select count(*) from exchange.instruction where state = 'stored')::int as instructions,
  (select count(*) from exchange.instruction where kind = 'debit_tonnes' and state = 'done'
    or kind = 'credit_tonnes' and state = 'refused')::int as releases,
  (select count(*) from exchange.trade where delivery_id is null)::int as trades,
  (select count(*) from exchange.delivery where state in ('stored', 'delivered', 'refused'))::int as deliveries;
