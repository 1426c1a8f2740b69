-- A retirement in two calls between its begin and its commit: one locks and reads, one records. In between, Python
-- decides. Each statement of these functions sees what was committed before it began (READ COMMITTED), so that blocks
-- are read after the wait for locks, as if each statement had been sent for itself.

-- Kit: business time at an instant of the wall clock. Inside a function `statement_timestamp()` is from before its waits.
create function registry.business_at(wall timestamptz) returns timestamptz
language sql stable parallel safe
as $$ select case when simulated then at else greatest(at, wall) end from registry.business_clock $$;
create or replace function registry.business_now() returns timestamptz
language sql stable parallel safe
as $$ select registry.business_at(statement_timestamp()) $$;

-- Claims: the first lock of a retirement, and what it adds under that lock. The constraint claim_not_over stands behind.
create function registry.lock_claim(wanted bigint)
returns table (claimant_id bigint, type text, new_forest boolean, required_kg bigint, allocated_kg bigint,
  deadline timestamptz, sha256 bytea)
language sql
as $$
  select c.claimant_id, c.type, c.new_forest, c.required_kg, c.allocated_kg, c.deadline, s.sha256
  from registry.claim c join registry.statement_hash s on s.id = c.statement_id
  where c.id = wanted for no key update of c;
$$;
create function registry.allocate_to_claim(wanted bigint, kg bigint) returns void
language plpgsql
as $$
begin
  update registry.claim set allocated_kg = allocated_kg + kg where id = wanted;
  if not found then
    raise 'there is no claim %, to which % kg were to be allocated', wanted, kg;
  end if;
end $$;

-- The public log: append statements in their order. Call it after every lock of the transaction
-- (registry/transparency/FORMAT.md, "From row to leaf"): the ids are drawn here. What a statement only names by digest is
-- kept beside it: section *section_of* belongs to the n-th statement.
create function registry.append_statements(types text[], texts text[], hashes bytea[],
  section_of integer[], labels text[], salts bytea[], sealed text[])
returns bigint[]
language plpgsql
as $$
declare
  ids bigint[] := array(select nextval('registry.statement_id_seq') from generate_subscripts(hashes, 1));
begin
  insert into registry.statement (id, type, note_text, sha256, at) overriding system value
  select ids[n], types[n], texts[n], hashes[n], at
  from generate_subscripts(hashes, 1) as n, (select registry.business_now() as at) as clock;
  if cardinality(section_of) > 0 then
    insert into registry.opening (statement_id, label, salt, text)
    select ids[section_of[n]], labels[n], salts[n], sealed[n] from generate_subscripts(section_of, 1) as n;
  end if;
  return ids;
end $$;
grant usage on sequence registry.statement_id_seq to kilnwood_api;

-- Credits: the active blocks of an account, oldest first, limited; of one issuance or of all; touching [lo, hi) or any.
-- The index block_active has this order. Spans of one issuance never overlap.
create function registry.eligible_blocks(of_account bigint, of_issuance bigint, lo bigint, hi bigint, block_limit integer)
returns table (lower bigint, upper bigint, issuance_id bigint, code text, base bigint, project_id bigint,
  methodology text, vintage integer, frozen boolean)
language sql stable
as $$
  select b.lower, b.upper, b.issuance_id, b.code, b.base, b.project_id, b.methodology, b.vintage, b.frozen
  from registry.block_of_lot b
  where b.account_id = of_account and b.state = 'active' and (of_issuance is null or b.issuance_id = of_issuance)
    and (lo is null or b.span && int8range(lo, hi))
  order by b.issuance_id, b.lower limit block_limit
$$;

-- Move what was cut from blocks of one account; returns how many cuts were found. Guarded: a cut whose block is no
-- longer what was read moves nothing and is not counted. The old row keeps the remainder (the lower one only where none
-- is above); a block that leaves whole changes in place. The insert reads what the update returned, so a span is free
-- before it is taken again. What leaves a hold was held.
create function registry.move_blocks(block_lowers bigint[], block_uppers bigint[], lowers bigint[], uppers bigint[],
  from_account bigint, from_hold bigint, to_account bigint, into_state text, into_hold bigint, why text,
  moved_at timestamptz)
returns bigint
language sql
as $$
  with cut as (
    select * from unnest(block_lowers, block_uppers, lowers, uppers) as c (block_lower, block_upper, lo, hi)
  ), shrunk as (
    update registry.block b set
      span = case when c.hi < c.block_upper then int8range(c.hi, c.block_upper)
                  when c.lo > c.block_lower then int8range(c.block_lower, c.lo)
                  else b.span end,
      account_id = case when c.lo = c.block_lower and c.hi = c.block_upper then to_account else b.account_id end,
      state = case when c.lo = c.block_lower and c.hi = c.block_upper then into_state else b.state end,
      hold_id = case when c.lo = c.block_lower and c.hi = c.block_upper then into_hold else b.hold_id end
    from cut c
    where b.span = int8range(c.block_lower, c.block_upper) and b.account_id = from_account
      and b.state = case when from_hold is null then 'active' else 'held' end and b.hold_id is not distinct from from_hold
    returning b.issuance_id, c.block_lower, c.block_upper, c.lo, c.hi
  ), placed as (
    insert into registry.block (span, issuance_id, account_id, state, hold_id)
    select int8range(lo, hi), issuance_id, to_account, into_state, into_hold from shrunk
      where lo > block_lower or hi < block_upper
    union all
    select int8range(block_lower, lo), issuance_id, from_account,
        case when from_hold is null then 'active' else 'held' end, from_hold
      from shrunk where lo > block_lower and hi < block_upper
  ), moved as (
    insert into registry.movement (at, cause, issuance_id, span, from_account_id, from_state, to_account_id, to_state)
    select moved_at, why, issuance_id, int8range(lo, hi), from_account,
      case when from_hold is null then 'active' else 'held' end, to_account, into_state
    from shrunk returning 1
  )
  select count(*) from moved;
$$;

-- Credits: lock the claim, then the account, then read what a retirement may take. One row for each eligible block, or
-- one without a block; the columns of claim, account or issuance are null where there is none.
create function registry.lock_for_retirement(the_claim bigint, the_account bigint, the_issuance text, first_kg bigint,
  last_kg bigint, block_limit integer)
returns table (claimant_id bigint, claim_type text, new_forest boolean, required_kg bigint, allocated_kg bigint,
  deadline timestamptz, claim_sha256 bytea, owner_id bigint, account_type text, account_status text, at timestamptz,
  named_id bigint, named_base bigint, named_top bigint,
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
    claim.sha256, account.owner_id, account.type, account.status, at, named_id, named_base, named_top, b.*
  from (values (true)) as always left join registry.eligible_blocks(the_account, named_id,
    named_base + first_kg - 1, named_base + last_kg, block_limit) as b on the_issuance is null or named_id is not null;
end $$;

-- Credits: carry out a retirement that was decided under those locks; returns how many cuts were found, and writes no
-- statement unless all were. A retirement of several issuances has several parts, each with a statement and a receipt;
-- span *span_of* belongs to the n-th part.
create function registry.record_retirement(the_claim bigint, the_account bigint, kg bigint, the_order text, why text,
  person bigint, retired_at timestamptz,
  block_lowers bigint[], block_uppers bigint[], lowers bigint[], uppers bigint[],
  receipts text[], issuances bigint[], span_of integer[], span_lowers bigint[], span_uppers bigint[],
  types text[], texts text[], hashes bytea[], section_of integer[], labels text[], salts bytea[], sealed text[])
returns bigint
language plpgsql
as $$
declare
  moved bigint;
  ids bigint[];
begin
  perform registry.allocate_to_claim(the_claim, kg);
  moved := registry.move_blocks(block_lowers, block_uppers, lowers, uppers, the_account, null, the_account, 'retired',
    null, 'retirement:' || the_order, retired_at);
  if moved = cardinality(lowers) then
    ids := registry.append_statements(types, texts, hashes, section_of, labels, salts, sealed);
    insert into registry.retirement (receipt_id, order_id, account_id, claim_id, issuance_id, spans, quantity_kg,
      reason, person_id, statement_id, at)
    select receipts[n], the_order, the_account, the_claim, issuances[n], spans, quantity_kg, why, person, ids[n], retired_at
    from generate_subscripts(receipts, 1) as n, lateral (
      select array_agg(int8range(span_lowers[s], span_uppers[s]) order by s) as spans,
        sum(span_uppers[s] - span_lowers[s]) as quantity_kg
      from generate_subscripts(span_of, 1) as s where span_of[s] = n) as part;
  end if;
  return moved;
end $$;
