-- A claim is known by the words that it had first, and by those that a correction gave it.
alter table registry.claim add column corrected_words text;
grant update (corrected_words) on registry.claim to kilnwood_api;

-- What waits is shown under the words that it has now.
create or replace view registry.claim_awaits as
select id, left(coalesce(wording::jsonb ->> 'subject', body::jsonb ->> 'subject'), 200) as about,
  'retire_credits' as action, array['developer', 'enterprise', 'organiser'] as roles, claimant_id as awaited_id,
  created_at as since, deadline as until, null::bigint as not_person_id, null::bigint as not_organisation_id
from registry.claim
where type <> 'contribution' and allocated_kg < required_kg
  and (deadline is null or deadline >= registry.business_now());

-- The public log: for whom a statement says that it retired, by its newest correction, else as its holder wrote it.
create or replace view registry.opened_beneficiary as
select o.statement_id, o.text::jsonb ->> 'name' as name
from registry.opening o
where o.label = 'beneficiary' and not exists (
  select from registry.correction c join registry.opening x on x.statement_id = c.statement_id
  where c.corrects = o.statement_id and x.label = 'beneficiary')
union all
select c.corrects, o.text::jsonb ->> 'name'
from registry.correction c join registry.opening o on o.statement_id = c.statement_id
where o.label = 'beneficiary' and not exists (
  select from registry.correction l join registry.opening x on x.statement_id = l.statement_id
  where l.corrects = c.corrects and l.number > c.number and x.label = 'beneficiary');
