-- name: inbox
-- A page goes by the number that is made of id and kind, since ids of different kinds may be equal. $4 and $5: the roles
-- that the person may use now; $6: the organisations to which they belong.
with held as (select * from unnest($4::text[], $5::bigint[]) as h (role, organisation_id)),
waiting as (
  select 'approval' as kind, 0 as place, * from registry.approval_awaits
  union all
  select 'project', 1, * from registry.project_awaits where awaited_id is null or awaited_id = any($5)
  union all
  select 'report', 2, * from registry.report_awaits where awaited_id is null or awaited_id = any($5)
  union all
  select 'transfer', 3, * from registry.transfer_awaits where awaited_id = any($5)
  union all
  select 'claim', 4, * from registry.claim_awaits where awaited_id = any($5)
)
select w.*, w.id * 8 + w.place as number from waiting w
where w.id * 8 + w.place > $1 and w.not_person_id is distinct from $3 and exists (
  select from held where held.role = any(w.roles)
    and (w.awaited_id is null or w.awaited_id = held.organisation_id))
  and not exists (select from unnest($6::bigint[]) as mine (id)
    where mine.id in (select registry.belongs_to(w.not_organisation_id)))
  and not (w.place = 0 and exists (
    select from registry.approval_touches t where t.id = w.id and t.person_id = $3))
order by w.id * 8 + w.place limit $2;
