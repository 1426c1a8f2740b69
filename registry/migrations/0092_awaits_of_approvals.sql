-- Projects: of which project a report is.
create view registry.known_report as select id, project_id from registry.monitoring_report;
grant select on registry.known_report to kilnwood_api;

-- Access: the organisation that owns what a restriction freezes.
create function registry.owner_of_frozen(restriction bigint) returns bigint
language sql stable parallel safe
as $$
  select case r.scope
    when 'account' then (select owner_id from registry.known_account where id = r.target_id)
    when 'project' then (select developer_id from registry.known_project where id = r.target_id)
    else (select p.developer_id from registry.known_issuance i join registry.known_project p on p.id = i.project_id
      where i.id = r.target_id) end
  from registry.restriction r where r.id = restriction
$$;

-- What waits for a second person says which operation of the API they send, and whose people may not.
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
  end as not_organisation_id
from registry.approval a
where a.used_at is null and a.withdrawn_at is null and a.expires_at > now();

-- Who is a party of the suspension that a proposal would settle, and so does not settle it.
create view registry.approval_touches as
select a.id, party.person_id
from registry.approval a
join registry.suspension s on s.id = (a.body::jsonb ->> 'suspension_id')::bigint
cross join lateral (values (s.person_id), (s.placed_by)) as party (person_id)
where a.operation = 'settle_suspension' and a.used_at is null and a.withdrawn_at is null and a.expires_at > now();
grant select on registry.approval_touches to kilnwood_api;
