-- Projects: whoever belongs to the developer may not take a regulator's step either, and open objections are answered
-- before a project is registered.
create or replace view registry.project_awaits as
select p.id, p.code || ' ' || p.name as about, n.action, n.roles, n.awaited_id, n.since, n.until,
  null::bigint as not_person_id,
  case when n.roles && array['verifier', 'regulator'] then p.developer_id end as not_organisation_id
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
  select case when exists (select from registry.notice_objection o where o.project_id = p.id and o.answer_id is null)
    then 'answer_objections' else 'register_project' end, array['regulator'], null, ended.at, null
  where p.state = 'public_notice' and registry.business_now() >= ended.at
) n;

create or replace view registry.report_awaits as
select r.id, p.code || ' ' || r.vintage || ', report ' || r.id as about, n.action, n.roles, n.awaited_id, moved.at as since,
  null::timestamptz as until, null::bigint as not_person_id,
  case when r.state <> 'rejected' then p.developer_id end as not_organisation_id
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
