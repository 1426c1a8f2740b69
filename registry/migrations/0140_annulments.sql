-- Claims and retirements that should not have been: two regulators annul them, by a statement of its own.

-- Claims: a claim is annulled once. Its column stands in the row that retirements lock, so that whoever waited for the
-- lock sees it.
alter table registry.claim add column annulled_at timestamptz;
grant update (annulled_at) on registry.claim to kilnwood_api;
create function registry.annul_claim(wanted bigint, at timestamptz) returns boolean
language plpgsql
as $$
begin
  update registry.claim set annulled_at = at where id = wanted and annulled_at is null;
  return found;
end $$;

-- Credits: *released_kg* is what a retirement gave to its claim, and gives no more; of a claim nothing is released.
create table registry.annulment (
  id bigint generated always as identity primary key,
  code text not null unique,
  annuls bigint not null unique references registry.statement,
  claim_id bigint not null references registry.claim,
  receipt_id text unique,
  released_kg bigint not null check (released_kg >= 0),
  reason text not null,
  proposer_id bigint not null references registry.party,
  approver_id bigint not null references registry.party,
  approval_id bigint not null unique references registry.approval,
  statement_id bigint not null unique references registry.statement,
  at timestamptz not null,
  check (proposer_id <> approver_id),
  check ((receipt_id is null) = (released_kg = 0))
);
create unique index annulment_of_claim on registry.annulment (claim_id) where receipt_id is null;
create index on registry.annulment (claim_id);
grant select, insert on registry.annulment to kilnwood_api;

create view registry.known_annulment as
select a.id, a.annuls, a.claim_id, a.receipt_id, a.reason, a.at, a.statement_id, s.sha256
from registry.annulment a join registry.statement_hash s on s.id = a.statement_id;
create view registry.known_retirement as select receipt_id, claim_id, account_id, statement_id from registry.retirement;
grant select on registry.known_annulment, registry.known_retirement to kilnwood_api;

create or replace view registry.shown_retirement as
select r.id, r.receipt_id, r.order_id, r.claim_id, r.account_id, r.quantity_kg, r.at, r.statement_id, i.code,
  lower(i.span) as base, r.spans, s.sha256, r.issuance_id, r.reason, a.owner_id, c.claimant_id,
  n.id as annulment_id, n.at as annulled_at, n.reason as annulled_because, n.sha256 as annulled_by,
  m.id as claim_annulment_id, m.at as claim_annulled_at, m.reason as claim_annulled_because,
  m.sha256 as claim_annulled_by
from registry.retirement r
join registry.issuance i on i.id = r.issuance_id
join registry.statement_hash s on s.id = r.statement_id
join registry.known_account a on a.id = r.account_id
join registry.known_claim c on c.id = r.claim_id
left join registry.known_annulment n on n.annuls = r.statement_id
left join registry.known_annulment m on m.claim_id = r.claim_id and m.receipt_id is null;

-- Claims: an annulled one waits for nothing.
create or replace view registry.claim_awaits as
select id, left(coalesce(wording::jsonb ->> 'subject', body::jsonb ->> 'subject'), 200) as about,
  'retire_credits' as action, array['developer', 'enterprise', 'organiser'] as roles, claimant_id as awaited_id,
  created_at as since, deadline as until, null::bigint as not_person_id, null::bigint as not_organisation_id
from registry.claim
where type <> 'contribution' and allocated_kg < required_kg and annulled_at is null
  and (deadline is null or deadline >= registry.business_now());

-- Whoever retires against a claim learns under its lock whether it is annulled.
drop function registry.lock_for_retirements;
drop function registry.lock_for_retirement;
drop function registry.lock_claim;
create function registry.lock_claim(wanted bigint)
returns table (claimant_id bigint, type text, new_forest boolean, required_kg bigint, allocated_kg bigint,
  deadline timestamptz, sha256 bytea, annulled boolean)
language sql
as $$
  select c.claimant_id, c.type, c.new_forest, c.required_kg, c.allocated_kg, c.deadline, s.sha256,
    c.annulled_at is not null
  from registry.claim c join registry.statement_hash s on s.id = c.statement_id
  where c.id = wanted
  for no key update of c;
$$;
create function registry.lock_for_retirement(the_claim bigint, the_account bigint, the_issuance text, first_kg bigint,
  last_kg bigint, block_limit integer)
returns table (claimant_id bigint, claim_type text, new_forest boolean, required_kg bigint, allocated_kg bigint,
  deadline timestamptz, claim_sha256 bytea, claim_annulled boolean, owner_id bigint, account_type text,
  account_status text, at timestamptz, named_id bigint, named_base bigint, named_top bigint,
  lower bigint, upper bigint, issuance_id bigint, code text, base bigint, project_id bigint, methodology text,
  vintage integer, frozen boolean)
language plpgsql
as $$
declare
  claim record;
  account record;
begin
  select * into claim from registry.lock_claim(the_claim);
  select * into account from registry.lock_accounts(array[the_account]);
  at := registry.business_at(clock_timestamp());
  if the_issuance is not null then
    select i.id, lower(i.span), upper(i.span) into named_id, named_base, named_top
    from registry.issuance i where i.code = the_issuance;
  end if;
  return query
  select claim.claimant_id, claim.type, claim.new_forest, claim.required_kg, claim.allocated_kg, claim.deadline,
    claim.sha256, claim.annulled, account.owner_id, account.type, account.status, at, named_id, named_base, named_top,
    b.*
  from (values (true)) as always left join registry.eligible_blocks(the_account, named_id,
    named_base + first_kg - 1, named_base + last_kg, block_limit) as b on the_issuance is null or named_id is not null;
end $$;
create function registry.lock_for_retirements(claims bigint[], accounts bigint[], issuances text[],
  first_kgs bigint[], last_kgs bigint[], block_limit integer, patience text)
returns table (number integer, claimant_id bigint, claim_type text, new_forest boolean, required_kg bigint,
  allocated_kg bigint, deadline timestamptz, claim_sha256 bytea, claim_annulled boolean, owner_id bigint,
  account_type text, account_status text, at timestamptz, named_id bigint, named_base bigint, named_top bigint,
  lower bigint, upper bigint, issuance_id bigint, code text, base bigint, project_id bigint, methodology text,
  vintage integer, frozen boolean)
language plpgsql
as $$
declare
  before text := current_setting('lock_timeout');
begin
  if patience is null then
    for n in 1 .. cardinality(claims) loop
      return query
      select n, l.* from registry.lock_for_retirement(claims[n], accounts[n], issuances[n], first_kgs[n], last_kgs[n],
        block_limit) as l;
    end loop;
    return;
  end if;
  perform set_config('lock_timeout', patience, true);
  for n in 1 .. cardinality(claims) loop
    begin
      return query
      select n, l.* from registry.lock_for_retirement(claims[n], accounts[n], issuances[n], first_kgs[n], last_kgs[n],
        block_limit) as l;
    exception when lock_not_available then
      null;
    end;
  end loop;
  perform set_config('lock_timeout', before, true);
end $$;

-- Access: what waits for a second person, and whose people may not: for an annulment, those of the claimant.
create or replace view registry.approval_awaits as
select a.id, a.operation || ': ' || left(a.reason, 200) as about,
  case a.operation when 'deposit_cash' then 'deposit_cash_by_two' else a.operation end as action,
  array[registry.role_deciding(a.operation)] as roles,
  null::bigint as awaited_id, a.proposed_at as since, a.expires_at as until, a.proposer_id as not_person_id,
  case a.operation
    when 'grant_role' then nullif((a.body::jsonb ->> 'organisation_id')::bigint, registry.authority_id())
    when 'issue_credits' then (
      select p.developer_id from registry.known_report r join registry.known_project p on p.id = r.project_id
      where r.id = (a.body::jsonb ->> 'report_id')::bigint)
    when 'lift_restriction' then registry.owner_of_frozen((a.body::jsonb ->> 'restriction_id')::bigint)
    when 'deposit_cash' then (
      select c.owner_id from registry.known_account c where c.id = (a.body::jsonb ->> 'account_id')::bigint)
    when 'annul_statement' then (
      select c.claimant_id from registry.known_claim c where c.id = coalesce((a.body::jsonb ->> 'claim_id')::bigint,
        (select r.claim_id from registry.known_retirement r where r.receipt_id = a.body::jsonb ->> 'receipt_id')))
  end as not_organisation_id
from registry.approval a
where a.used_at is null and a.withdrawn_at is null and a.expires_at > now();
