-- name: regulator
select exists (select from registry.role_grant
  where person_id = $1 and role = 'regulator' and during @> registry.business_now());
-- name: insert_suspension
insert into registry.suspension (person_id, placed_by, reason) values ($1, $2, $3) returning id;
-- name: suspensions (either order)
select s.* from (
  select id, person_id, placed_by, reason, placed_at, lapses_at, confirmed_at, lifted_at, approval_id,
    case when lifted_at is not null then 'lifted' when confirmed_at is not null then 'confirmed'
      when lapses_at <= now() then 'lapsed' else 'open' end as state
  from registry.suspension) s
where s.id > $1 and ($3::bigint is null or s.id = $3) and ($4::bigint is null or s.person_id = $4)
  and ($5::text is null or s.state = $5)
order by s.id limit $2;
-- name: confirm_suspension
-- Guarded: 0 rows means that it has been settled or has lapsed.
update registry.suspension set confirmed_at = now(), approval_id = $2
where id = $1 and confirmed_at is null and lifted_at is null and lapses_at > now();
-- name: lift_suspension
update registry.suspension set lifted_at = now(), approval_id = $2
where id = $1 and lifted_at is null and (confirmed_at is not null or lapses_at > now());
