-- name: lock
-- Whatever takes power from a regulator, or joins two people, queues here: what is counted after it holds at the commit.
select pg_advisory_xact_lock(hashtextextended('regulators', 0));
-- name: edges
-- Keys that somebody else made and that nobody has confirmed. One that ended before it was used joins nobody.
select coalesce(created_by, 0) as maker, person_id as holder from registry.api_key
where created_by is distinct from person_id and confirmed_at is null
  and not (first and revoked_at is not null and spent_at is null);
-- name: deciding
select distinct g.person_id from registry.role_grant g
join registry.api_key k on k.person_id = g.person_id and k.revoked_at is null and k.expires_at > now()
  and k.kind <> 'session' -- which is over in a week at most
where g.role = 'regulator' and g.during @> registry.business_now()
  and not exists (select from registry.suspended s where s.person_id = g.person_id);
