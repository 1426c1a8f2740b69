-- What waits, for whom, since when and until when: one view for each kind of thing, read with the thing itself and by the
-- inbox. No roles: anybody. No *awaited_id*: any organisation. *not_person_id* and *not_organisation_id* may not do it.

-- Access: a proposal waits for a second regulator, in real time.
create view registry.approval_awaits as
select id, operation || ': ' || left(reason, 200) as about, operation as action, array[case operation when 'deposit_cash' then 'operator' else 'regulator' end] as roles,
  null::bigint as awaited_id, proposed_at as since, expires_at as until, proposer_id as not_person_id,
  null::bigint as not_organisation_id
from registry.approval
where used_at is null and withdrawn_at is null and expires_at > now();

-- Projects. The public notice is over at midnight in Shanghai, UTC+8, after its last day.
create view registry.project_awaits as
select p.id, p.code || ' ' || p.name as about, n.action, n.roles, n.awaited_id, n.since, n.until,
  null::bigint as not_person_id, case when p.state = 'submitted' then p.developer_id end as not_organisation_id
from registry.project p
cross join lateral (
  select coalesce(max(e.at), p.created_at) as at from registry.project_event e
  where e.project_id = p.id and e.report_id is null and e.to_state = p.state
) moved
cross join lateral (
  select ((p.notice_ends + 1)::timestamp - interval '8 hours') at time zone 'UTC' as at
) ended
cross join lateral (
  select 'submit_project' as action, array['developer'] as roles, p.developer_id as awaited_id, moved.at as since,
    null::timestamptz as until
  where p.state in ('draft', 'rejected')
  union all
  select 'validate_project', array['verifier'], null, moved.at, null where p.state = 'submitted'
  union all
  select 'open_public_notice', array['regulator'], null, moved.at, null where p.state = 'validated'
  union all
  select 'comment_on_notice', array[]::text[], null, moved.at, ended.at
  where p.state = 'public_notice' and registry.business_now() < ended.at
  union all
  select 'register_project', array['regulator'], null, ended.at, null
  where p.state = 'public_notice' and registry.business_now() >= ended.at
) n;

create view registry.report_awaits as
select r.id, p.code || ' ' || r.vintage || ', report ' || r.id as about, n.action, n.roles, n.awaited_id, moved.at as since,
  null::timestamptz as until, null::bigint as not_person_id,
  case when r.state = 'submitted' then p.developer_id end as not_organisation_id
from registry.monitoring_report r
join registry.project p on p.id = r.project_id
cross join lateral (
  select coalesce(max(e.at), r.created_at) as at from registry.project_event e
  where e.project_id = r.project_id and e.report_id = r.id and e.to_state = r.state
) moved
join (values
  ('submitted', 'verify_report', array['verifier']),
  ('verified', 'issue_credits', array['regulator']),
  ('rejected', 'resubmit_report', array['developer'])
) as step (state, action, roles) on step.state = r.state
cross join lateral (
  select step.action, step.roles, case when r.state = 'rejected' then p.developer_id end as awaited_id
) n;

-- Claims: one that asserts neutrality waits for retirements that cover it, until its deadline.
create view registry.claim_awaits as
select id, left(body::jsonb ->> 'subject', 200) as about, 'retire_credits' as action,
  array['developer', 'enterprise', 'organiser'] as roles, claimant_id as awaited_id, created_at as since,
  deadline as until, null::bigint as not_person_id, null::bigint as not_organisation_id
from registry.claim
where type <> 'contribution' and allocated_kg < required_kg
  and (deadline is null or deadline >= registry.business_now());

-- Credits: an offer waits for its receiver.
create view registry.transfer_awaits as
select t.id, t.quantity_kg || ' kg from account ' || t.sender_id as about, 'accept_transfer' as action,
  array['developer', 'enterprise', 'organiser'] as roles, a.owner_id as awaited_id, t.proposed_at as since,
  t.expires_at as until, null::bigint as not_person_id, null::bigint as not_organisation_id
from registry.transfer t join registry.known_account a on a.id = t.receiver_id
where t.state = 'proposed' and t.expires_at > registry.business_now();

grant select on registry.approval_awaits, registry.project_awaits, registry.report_awaits, registry.claim_awaits,
  registry.transfer_awaits to kilnwood_api;
