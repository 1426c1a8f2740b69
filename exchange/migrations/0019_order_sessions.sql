-- Order sessions that cancel on disconnect, so that somebody does it when the process that holds the connection is gone.
-- after_order_id: what the account has placed since then may be the session's.
create table exchange.order_session (
  id bigint generated always as identity primary key,
  account_id bigint not null,
  after_order_id bigint not null check (after_order_id >= 0),
  seen_at timestamptz not null default clock_timestamp(),
  left_behind boolean not null default false
);
grant select, insert, update, delete on exchange.order_session to kilnwood_api;
