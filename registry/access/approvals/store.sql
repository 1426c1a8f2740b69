-- name: insert_approval
insert into registry.approval (operation, body, sha256, reason, proposer_id, proposed_at, expires_at)
values ($1, $2, $3, $4, $5, now(), now() + interval '7 days')
returning id;
-- name: approval
select a.*, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id, w.not_organisation_id, now() as read_at,
  registry.may_act(a.proposer_id, registry.role_deciding(a.operation), null) as proposer_stands
from registry.approval a left join registry.approval_awaits w on w.id = a.id where a.id = $1;
-- name: approvals (either order)
select a.*, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id, w.not_organisation_id, now() as read_at
from registry.approval a left join registry.approval_awaits w on w.id = a.id
where a.id > $1 and ($3::text[] is null or registry.role_deciding(a.operation) = any($3))
  and ($4::text is null or a.operation = $4)
  and ($5::text is null or $5 = case when a.used_at is not null then 'used' when a.withdrawn_at is not null then 'withdrawn'
    when a.expires_at <= now() then 'expired' else 'open' end)
order by a.id limit $2;
-- name: open_about
-- What is proposed about one thing, that the member of the body names, and waits for a second person.
select a.*, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id, w.not_organisation_id, now() as read_at
from registry.approval a join registry.approval_awaits w on w.id = a.id
where a.operation = $1 and a.body::jsonb ->> $2 = $3 order by a.id limit 10;
-- name: use_approval
-- Guarded: 0 rows means that another second person was faster, or that it expired meanwhile.
update registry.approval set approver_id = $2, used_at = now()
where id = $1 and used_at is null and withdrawn_at is null and expires_at > now() and proposer_id <> $2;
-- name: withdraw_approval
update registry.approval set withdrawn_at = now(), withdrawn_by = $2, withdrawn_because = $3
where id = $1 and used_at is null and withdrawn_at is null;
-- name: proposals_of
select count(*) from registry.approval
where proposer_id = $1 and used_at is null and proposed_at > now() - interval '7 days';
