-- What people are told: in the desk, and by e-mail at an address that they confirmed.

-- Access: who holds which role now, and may use it.
create view registry.acting as
select g.person_id, g.role, g.organisation_id
from registry.role_grant g
where g.during @> registry.business_now()
  and (g.role <> 'regulator' or not exists (select from registry.suspended s where s.person_id = g.person_id));

-- Projects: what was sent back, and why.
create view registry.sent_back as
select e.id, e.project_id, e.report_id, p.developer_id, p.code || ' ' || p.name as about, e.why, e.at
from registry.project_event e join registry.project p on p.id = e.project_id
where e.to_state = 'rejected';

-- Transparency: where a statement stands in the log. The order is that of the log, so a place that was read has no
-- statement before it that is still to come.
create view registry.logged as select id, leaf_index from registry.statement where leaf_index is not null;

-- Credits: offers that their receiver refused or let expire, and retirements in the order of the log.
create view registry.refused_transfer as
select t.id, t.sender_id, a.owner_id, t.quantity_kg, t.state, t.closed_at as at
from registry.transfer t join registry.known_account a on a.id = t.sender_id
where t.state in ('rejected', 'expired');
create view registry.logged_retirement as
select l.leaf_index, r.receipt_id, r.account_id, a.owner_id, r.order_id,
  (select sum(o.quantity_kg)::bigint from registry.retirement o where o.order_id = r.order_id) as order_kg
from registry.retirement r
join registry.logged l on l.id = r.statement_id
join registry.known_account a on a.id = r.account_id;
create index transfer_closed on registry.transfer (closed_at) where state in ('rejected', 'expired');
create index project_event_sent_back on registry.project_event (at) where to_state = 'rejected';

-- One row for each cause and person. Texts are made when they are shown, in the reader's language.
create table registry.notification (
  id bigint generated always as identity primary key,
  person_id bigint not null references registry.party,
  cause text not null,
  kind text not null check (kind in ('waits', 'deadline', 'refused', 'fill', 'delivery', 'retirement')),
  thing text not null,
  thing_id text not null,
  about text not null,
  action text,
  why text,
  quantity_kg bigint,
  until timestamptz,
  at timestamptz not null default registry.business_now(),
  made_at timestamptz not null default now(),
  read_at timestamptz,
  by_mail boolean not null default false,
  mail_id bigint,
  unique (person_id, cause)
);
create index notification_of on registry.notification (person_id, id);
create index notification_unread on registry.notification (person_id) where read_at is null;
create index notification_unmailed on registry.notification (person_id, id) where by_mail and mail_id is null;
create index notification_mail on registry.notification (mail_id) where mail_id is not null;
create index notification_made on registry.notification (made_at);

-- How far each source was read. It moves in the transaction that writes what was found.
create table registry.notification_cursor (
  source text primary key,
  place bigint not null default 0,
  at timestamptz
);

-- Where somebody gets mail, and for what. An address counts once its holder has opened the link that went to it.
create table registry.mail_preference (
  person_id bigint primary key references registry.party,
  address text,
  pending_address text,
  code_sha256 bytea unique,
  code_until timestamptz,
  language text not null check (language in ('en', 'zh')),
  kinds text[] not null,
  check ((pending_address is null) = (code_sha256 is null)),
  check ((code_until is null) = (code_sha256 is null))
);

-- The outbox. A row is written with what it tells of, and taken for one attempt by moving *next_at*: what crashes
-- between sending and marking is sent again, under the same Message-ID.
create table registry.mail (
  id bigint generated always as identity primary key,
  person_id bigint not null references registry.party,
  address text not null,
  language text not null check (language in ('en', 'zh')),
  purpose text not null check (purpose in ('notifications', 'confirmation')),
  subject text not null,
  body text not null,
  state text not null default 'due' check (state in ('due', 'sent', 'refused', 'given_up')),
  tries integer not null default 0,
  made_at timestamptz not null default now(),
  next_at timestamptz not null default now(),
  ended_at timestamptz,
  check ((state = 'due') = (ended_at is null))
);
create index mail_due on registry.mail (next_at) where state = 'due';
create index mail_of on registry.mail (person_id, made_at);

grant select on registry.acting, registry.sent_back, registry.logged, registry.refused_transfer,
  registry.logged_retirement to kilnwood_api;
grant select, insert, delete on registry.notification, registry.mail to kilnwood_api;
grant update (read_at, mail_id) on registry.notification to kilnwood_api;
grant update (state, tries, next_at, ended_at, body) on registry.mail to kilnwood_api;
grant select, insert, update on registry.notification_cursor to kilnwood_api;
grant select, insert, update, delete on registry.mail_preference to kilnwood_api;
