-- Retirements that wait at the same moment share a transaction: the two calls of a retirement take many of them.

-- Credits: the rows of `lock_for_retirement` for each, by its number. With *patience*, a lock is waited for no longer.
create function registry.lock_for_retirements(claims bigint[], accounts bigint[], issuances text[], first_kgs bigint[],
  last_kgs bigint[], block_limit integer, patience text)
returns table (number integer, claimant_id bigint, claim_type text, new_forest boolean, required_kg bigint,
  allocated_kg bigint, deadline timestamptz, claim_sha256 bytea, owner_id bigint, account_type text, account_status text,
  at timestamptz, named_id bigint, named_base bigint, named_top bigint,
  lower bigint, upper bigint, issuance_id bigint, code text, base bigint, project_id bigint, methodology text,
  vintage integer, frozen boolean)
language plpgsql
as $$
begin
  if patience is not null then
    perform set_config('lock_timeout', patience, true);
  end if;
  for n in 1 .. cardinality(claims) loop
    return query
    select n, l.* from registry.lock_for_retirement(claims[n], accounts[n], issuances[n], first_kgs[n], last_kgs[n],
      block_limit) as l;
  end loop;
end $$;

-- Credits: carry out retirements that were decided under those locks; returns how many cuts were found, and writes no
-- statement unless all were. The cuts of the n-th end with number *cut_ends[n]*. A retirement of several issuances has
-- several parts, each with a statement and a receipt: what follows *part_orders* is of each part. Its spans are the text
-- of an int8range[], since the arrays of an array must have one length. Every statement is appended after every lock.
drop function registry.record_retirement;
create function registry.record_retirements(claims bigint[], accounts bigint[], kgs bigint[], orders text[],
  times timestamptz[], cut_ends integer[],
  block_lowers bigint[], block_uppers bigint[], lowers bigint[], uppers bigint[],
  part_orders text[], part_accounts bigint[], part_claims bigint[], part_issuances bigint[], part_spans text[],
  part_kgs bigint[], whys text[], persons bigint[], receipts text[], part_times timestamptz[],
  types text[], texts text[], hashes bytea[], section_of integer[], labels text[], salts bytea[], sealed text[])
returns bigint
language plpgsql
as $$
declare
  moved bigint := 0;
  first integer := 1;
  ids bigint[];
begin
  for n in 1 .. cardinality(orders) loop
    perform registry.allocate_to_claim(claims[n], kgs[n]);
    moved := moved + registry.move_blocks(block_lowers[first:cut_ends[n]], block_uppers[first:cut_ends[n]],
      lowers[first:cut_ends[n]], uppers[first:cut_ends[n]], accounts[n], null, accounts[n], 'retired', null,
      'retirement:' || orders[n], times[n]);
    first := cut_ends[n] + 1;
  end loop;
  if moved = cardinality(lowers) then
    ids := registry.append_statements(types, texts, hashes, section_of, labels, salts, sealed);
    insert into registry.retirement (receipt_id, order_id, account_id, claim_id, issuance_id, spans, quantity_kg,
      reason, person_id, statement_id, at)
    select receipt, order_id, account_id, claim_id, issuance_id, spans::int8range[], kg, why, person, id, at
    from unnest(receipts, part_orders, part_accounts, part_claims, part_issuances, part_spans, part_kgs, whys, persons,
      ids, part_times) as part (receipt, order_id, account_id, claim_id, issuance_id, spans, kg, why, person, id, at);
  end if;
  return moved;
end $$;
