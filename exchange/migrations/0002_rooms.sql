-- What is stored outlives the version that wrote it, and each room reads the others' tables through a view.

-- From codec 2 on a batch is checked without being executed: hash = SHA-256(hash before || commands || events_hash).
alter table exchange.journal
  add column events_hash bytea check (octet_length(events_hash) = 32),
  add constraint journal_events_hash check ((codec = 1) = (events_hash is null));
create index journal_engine on exchange.journal (engine, last);

-- An instruction is the engine's own command, encoded as the journal encodes it; *kind* is for people. Rows of the first
-- version have no command: their columns say what it is.
alter table exchange.instruction drop constraint instruction_kind_check, add column command bytea;
alter table exchange.placed drop constraint placed_kind_check;

create view exchange.progress as
select h.sequence as journalled, p.sequence as projected from exchange.head h, exchange.projection p;

create view exchange.known_instrument as
select id, code, project_id, vintage, tick_fen, lot_t, low_fen, high_fen, fee_bps, halted, open from exchange.instrument;

create view exchange.shown_instruction as
select i.id, i.kind, i.account_id, i.instrument_id, n.code, n.project_id, n.vintage, i.amount, i.remark, i.state, i.reason,
  i.wanted, i.bound, i.command, i.at
from exchange.instruction i left join exchange.known_instrument n on n.id = i.instrument_id;

create view exchange.shown_placed as
select p.id, p.kind, p.account_id, p.instrument_id, n.code, p.side, p.price_fen, p.quantity_t, p.open_t, p.traded_t, p.life,
  p.client_order_id, p.closed_because, p.listing_id, p.at
from exchange.placed p join exchange.known_instrument n on n.id = p.instrument_id;

-- What rests in a book. Without the instrument's code, so that the index by price stops after so many levels.
create view exchange.resting as
select instrument_id, side, price_fen, open_t from exchange.placed where kind = 'order' and open_t > 0;

create view exchange.shown_trade as
select t.id, t.instrument_id, n.code, t.price_fen, t.quantity_t, t.buy_order_id, t.sell_order_id, t.buyer_id, t.seller_id,
  t.fee_fen, t.taker_side, t.delivery_id, t.state, t.at
from exchange.trade t join exchange.known_instrument n on n.id = t.instrument_id;

create view exchange.shown_position as
select p.account_id, p.instrument_id, n.code, n.project_id, n.vintage, p.settled, p.locked, p.incoming, p.outgoing
from exchange.position p left join exchange.known_instrument n on n.id = p.instrument_id;

grant select on exchange.progress, exchange.known_instrument, exchange.shown_instruction, exchange.shown_placed,
  exchange.resting, exchange.shown_trade, exchange.shown_position to kilnwood_api;
