-- Credits: what waits longer than *patience* for a lock has no row, and the others go on: each is a subtransaction. The
-- patience ends with this function.
create or replace function registry.lock_for_retirements(claims bigint[], accounts bigint[], issuances text[],
  first_kgs bigint[], last_kgs bigint[], block_limit integer, patience text)
returns table (number integer, claimant_id bigint, claim_type text, new_forest boolean, required_kg bigint,
  allocated_kg bigint, deadline timestamptz, claim_sha256 bytea, owner_id bigint, account_type text, account_status text,
  at timestamptz, named_id bigint, named_base bigint, named_top bigint,
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
