-- name: custody
select id, kind, account_id, code, amount, remark, state, reason, wanted, bound, at from exchange.shown_instruction
where id = $1 and kind in ('credit_cash', 'credit_tonnes', 'debit_cash', 'debit_tonnes');
-- name: booked_fen
select coalesce(sum(amount), 0)::bigint from exchange.shown_instruction
where account_id = $1 and kind = 'credit_cash' and state <> 'refused' and at > registry.business_now() - $2::interval;
-- name: custody_of (either order)
select id, kind, account_id, code, amount, remark, state, reason, wanted, bound, at from exchange.shown_instruction
where account_id = $3 and id > $1 and kind = any($6::text[])
  and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
order by id limit $2;
-- name: unreleased
-- Tonnes that the exchange owes no more, or would not take: the registry gives them back.
select id, account_id, project_id, vintage, amount from exchange.shown_instruction
where id > $1 and (kind = 'debit_tonnes' and state = 'done' or kind = 'credit_tonnes' and state = 'refused')
order by id limit $2;
-- name: insert_deliveries
insert into exchange.delivery (seller_id, buyer_id, instrument_id, quantity_t, gross_fen, fee_fen, trades, at)
select seller_id, buyer_id, instrument_id, quantity_t, gross_fen, fee_fen, trades::bigint[], registry.business_now()
from unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[])
  with ordinality as n (seller_id, buyer_id, instrument_id, quantity_t, gross_fen, fee_fen, trades, place)
order by place returning id, trades;
-- name: net_lock
-- One settler nets at a time.
select pg_advisory_xact_lock(hashtextextended('exchange settler', 0));
-- name: stored
select d.id, d.seller_id, d.buyer_id, n.project_id, n.vintage, d.quantity_t, d.gross_fen, d.fee_fen
from exchange.delivery d join exchange.known_instrument n on n.id = d.instrument_id
where d.state = 'stored' and ($2::bigint is null or d.id = $2) order by d.id limit $1 for update of d;
-- name: due
select id from exchange.delivery where state = 'stored' and id > $1 order by id limit $2;
-- name: delivered
update exchange.delivery d set state = case when a.refusal is null then 'delivered' else 'refused' end,
  refusal = a.refusal, serials = a.serials::text[], statement_ids = a.statement_ids::bigint[]
from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as a (id, refusal, serials, statement_ids)
where d.id = a.id and d.state = 'stored';
-- name: unjournalled
select id, trades, state from exchange.delivery where state in ('delivered', 'refused') order by id limit $1;
-- name: delivery
select d.*, n.code from exchange.delivery d join exchange.known_instrument n on n.id = d.instrument_id where d.id = $1;
-- name: deliveries_of (either order)
-- Two indexed halves. Nobody trades with themselves, so no delivery is in both.
select d.*, n.code from (
  (select * from exchange.delivery where seller_id = $3 and id > $1
  and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
  order by id limit $2)
  union all
  (select * from exchange.delivery where buyer_id = $3 and id > $1
  and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
  order by id limit $2)
) d join exchange.known_instrument n on n.id = d.instrument_id order by d.id limit $2;
-- name: sales_of
-- What an account sold: by instrument, and whether it is settled. Refunded, nothing was sold.
select n.code, d.state = 'settled' as settled, count(*)::int as deliveries, sum(d.quantity_t)::bigint as quantity_t,
  sum(d.gross_fen)::bigint as gross_fen, sum(d.fee_fen)::bigint as fee_fen
from exchange.delivery d join exchange.known_instrument n on n.id = d.instrument_id
where d.seller_id = $1 and d.state in ('stored', 'delivered', 'settled')
  and ($2::timestamptz is null or d.at >= $2) and ($3::timestamptz is null or d.at < $3)
group by 1, 2 order by 1, 2;
-- name: moved_by
-- What an account brought to the exchange and took off it.
select
  coalesce(sum(amount) filter (where kind = 'credit_tonnes' and state = 'done'), 0)::bigint as deposited_t,
  coalesce(sum(amount) filter (where kind = 'debit_tonnes' and state in ('done', 'released')), 0)::bigint as withdrawn_t,
  coalesce(sum(amount) filter (where kind = 'credit_cash' and state = 'done'), 0)::bigint as paid_in_fen,
  coalesce(sum(amount) filter (where kind = 'debit_cash' and state = 'done'), 0)::bigint as paid_out_fen
from exchange.shown_instruction
where account_id = $1 and ($2::timestamptz is null or at >= $2) and ($3::timestamptz is null or at < $3);
-- name: lines
select id, delivery_id, price_fen, quantity_t, fee_fen, at from exchange.shown_trade
where delivery_id = any($1::bigint[]) order by id;
-- name: owed
-- What the exchange owes of each instrument to each account, by its own books.
select account_id, project_id, vintage, settled + locked + outgoing as tonnes from exchange.shown_position
where instrument_id <> 0 and settled + locked + outgoing > 0;
-- name: in_flight
-- What explains that the registry holds something else: credits to be journalled, debits to be released, deliveries of
-- which one side has heard.
select account_id, project_id, vintage, amount as tonnes from exchange.shown_instruction
where kind = 'credit_tonnes' and state in ('stored', 'refused') or kind = 'debit_tonnes' and state = 'done'
union all
select d.buyer_id, n.project_id, n.vintage, d.quantity_t
from exchange.delivery d join exchange.known_instrument n on n.id = d.instrument_id where d.state = 'delivered'
union all
select d.seller_id, n.project_id, n.vintage, -d.quantity_t
from exchange.delivery d join exchange.known_instrument n on n.id = d.instrument_id where d.state = 'delivered';
-- name: cash
-- Money that came in and went out, and what all accounts have of it.
select
  coalesce((select sum(amount) from exchange.shown_instruction where kind = 'credit_cash' and state = 'done'), 0)::bigint
    as came_in,
  coalesce((select sum(amount) from exchange.shown_instruction where kind = 'debit_cash' and state = 'done'), 0)::bigint
    as went_out,
  coalesce((select sum(settled + locked + outgoing) from exchange.shown_position where instrument_id = 0), 0)::bigint as owed,
  coalesce((select sum(incoming) from exchange.shown_position where instrument_id = 0), 0)::bigint as incoming,
  coalesce((select sum(outgoing) from exchange.shown_position where instrument_id = 0), 0)::bigint as outgoing;
-- name: under_way
select (select count(*) from exchange.shown_instruction where state = 'stored')::int as instructions,
  (select count(*) from exchange.shown_instruction where kind = 'debit_tonnes' and state = 'done'
    or kind = 'credit_tonnes' and state = 'refused')::int as releases,
  (select count(*) from exchange.shown_trade where delivery_id is null)::int as trades,
  (select count(*) from exchange.delivery where state in ('stored', 'delivered', 'refused'))::int as deliveries;
-- name: undelivered
-- A trade in a delivery that is not there, or has ended without it, is in neither half.
select id, seller_id, buyer_id, quantity_t, price_fen, fee_fen from exchange.shown_trade where delivery_id is null
union all
select t.id, t.seller_id, t.buyer_id, t.quantity_t, t.price_fen, t.fee_fen
from exchange.delivery d join exchange.shown_trade t on t.delivery_id = d.id
where d.state in ('stored', 'delivered', 'refused') and t.id = any(d.trades);
-- name: newest_of_sources
-- Where each source of what happened to accounts ends now.
select coalesce((select max(id) from exchange.shown_trade), 0) as fills,
  coalesce((select max(id) from exchange.delivery), 0) as deliveries,
  coalesce((select max(id) from exchange.shown_instruction), 0) as instructions;
-- name: filled
-- Trades come in the order of their numbers. Each is there for its buyer and for its seller.
select t.account_id, t.code, t.bought, min(t.id) as first_id, sum(t.quantity_t)::bigint as quantity_t, count(*) as trades
from (
  select id, buyer_id as account_id, code, true as bought, quantity_t from exchange.shown_trade where id > $1 and id <= $2
  union all
  select id, seller_id, code, false, quantity_t from exchange.shown_trade where id > $1 and id <= $2
) t group by t.account_id, t.code, t.bought order by min(t.id), t.account_id;
-- name: ended_deliveries_until
-- Up to here every delivery has ended.
select coalesce(
  (select min(id) - 1 from exchange.delivery where id > $1 and state not in ('settled', 'refunded')),
  (select max(id) from exchange.delivery), $1);
-- name: ended_deliveries
select d.id, d.seller_id, d.buyer_id, n.code, d.quantity_t, d.state, d.refusal
from exchange.delivery d join exchange.known_instrument n on n.id = d.instrument_id
where d.id > $1 and d.state in ('settled', 'refunded') order by d.id limit $2;
-- name: ended_instructions_until
select coalesce(
  (select min(id) - 1 from exchange.shown_instruction where id > $1 and state = 'stored'),
  (select max(id) from exchange.shown_instruction), $1);
-- name: refused_custody
select id, kind, account_id, code, amount, remark, state, reason, wanted, bound, at from exchange.shown_instruction
where id > $1 and reason is not null and state in ('refused', 'released')
  and kind in ('credit_cash', 'credit_tonnes', 'debit_cash', 'debit_tonnes') order by id limit $2;
-- name: newest_instruction
select coalesce(max(id), 0) from exchange.shown_instruction;
-- name: ended_sales
select id, kind, command from exchange.shown_instruction
where id > $1 and state = 'done' and kind in ('close_auction', 'call_off_auction', 'close_campaign', 'call_off_campaign')
order by id limit $2;
