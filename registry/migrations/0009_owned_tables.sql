-- Each table belongs to one capability; what others read of it, they read through these views and functions
-- (tests/test_tables.py has the map).

-- Parties: who there is, the one region, and the lock that every movement of credits begins with.
create view registry.person as select id, name from registry.party where kind = 'person';
create view registry.organisation as select id, name from registry.party where kind = 'organisation';
create view registry.known_account as select id, owner_id, type, status from registry.account;
create function registry.region_id() returns text
language sql stable parallel safe
as $$ select id from registry.region $$;


-- Accounts are locked in id order, whoever moves credits; blocks are then safe to read in a new statement. The shared
-- gate comes first: a freeze closes it, so it waits for writers that came before, and those after it see it.
create function registry.lock_accounts(wanted bigint[])
returns table (id bigint, owner_id bigint, type text, status text)
language sql
as $$
  select pg_advisory_xact_lock_shared(hashtextextended('restriction', 0));
  select a.id, a.owner_id, a.type, a.status from registry.account a
  where a.id = any(wanted) order by a.id for no key update;
$$;

-- Projects and credits: what a freeze can name.
create view registry.known_project as select id, code from registry.project;
create view registry.known_issuance as select id, code from registry.issuance;

-- The public log: how a statement is named in other rows.
create view registry.statement_hash as select id, sha256 from registry.statement;

create or replace view registry.shown_retirement as
select r.id, r.receipt_id, r.order_id, r.claim_id, r.account_id, r.quantity_kg, r.at, r.statement_id, i.code,
  lower(i.span) as base, r.spans, s.sha256
from registry.retirement r
join registry.issuance i on i.id = r.issuance_id
join registry.statement_hash s on s.id = r.statement_id;

grant select on registry.person, registry.organisation, registry.known_account, registry.known_project,
  registry.known_issuance, registry.statement_hash to kilnwood_api;
grant update (name) on registry.person to kilnwood_api;  -- for its row lock: keys and roles of one person are serialised
