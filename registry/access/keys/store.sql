-- name: insert_key
insert into registry.api_key
  (person_id, prefix, hash, created_by, first, parent_id, fingerprint, kind, device, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, now() + interval '1 year'))
returning id, person_id, prefix, created_at, revoked_at, expires_at, created_by, first, fingerprint, kind, device, parent_id;
-- name: keys
-- Those of one person, or one of anybody's.
select k.id, k.person_id, k.prefix, k.created_at, k.revoked_at, k.expires_at, u.used_at as last_used_at, k.created_by,
  k.first, k.fingerprint, k.kind, k.device, k.parent_id, (select g.confirmed_by from registry.api_key g where g.confirmed_key_id = k.id) as confirmed_by
from registry.api_key k left join registry.api_key_use u on u.key_id = k.id
where k.id > $1 and ($3::bigint is null or k.person_id = $3) and ($4::bigint is null or k.id = $4)
order by k.id limit $2;
-- name: working
-- What a person has that works: at most as many as the limits of keys and of sessions.
select k.id, k.person_id, k.prefix, k.created_at, k.revoked_at, k.expires_at, u.used_at as last_used_at, k.created_by,
  k.first, k.fingerprint, k.kind, k.device, k.parent_id,
  (select g.confirmed_by from registry.api_key g where g.confirmed_key_id = k.id) as confirmed_by
from registry.api_key k left join registry.api_key_use u on u.key_id = k.id
where k.person_id = $1 and k.revoked_at is null and k.expires_at > now() order by k.id desc;
-- name: end_sessions_of
-- For the lists: the sessions of a key end with it anyway (authority.sql).
update registry.api_key set revoked_at = now() where parent_id = $1 and kind = 'session' and revoked_at is null;
-- name: revoke_key
update registry.api_key set revoked_at = now() where id = $1 and revoked_at is null;
-- name: revoke_all
update registry.api_key set revoked_at = now() where person_id = $1 and revoked_at is null;
-- name: spend_key
-- Guarded: 0 rows means that the first key was used before, or has ended.
update registry.api_key set spent_at = now(), revoked_at = now() where id = $1 and first and revoked_at is null;
-- name: linked_keys
-- All keys of the holder of one. The caller has locked the holder: no key is added, confirmed or revoked meanwhile.
select id, person_id, created_by as maker_id, parent_id, fingerprint,
  revoked_at is null and expires_at > now() as works, confirmed_at is not null as confirmed, kind
from registry.api_key
where person_id = (select person_id from registry.api_key where id = $1) order by id;
-- name: key_works
select exists (select from registry.api_key where id = $1 and revoked_at is null and expires_at > now());
-- name: confirm_key
update registry.api_key set confirmed_key_id = $2, confirmed_by = $3, confirmed_at = now()
where id = $1 and confirmed_at is null;
-- name: open_keys
-- Sessions come and go, and have a limit of their own.
select count(*) from registry.api_key
where person_id = $1 and kind <> 'session' and revoked_at is null and expires_at > now();
-- name: keys_a_day
-- What the person made with a key of their own, in real time.
select count(*) from registry.api_key
where person_id = $1 and created_by = $1 and kind <> 'session' and created_at > now() - interval '1 day';
-- name: keys_at
select count(*) from registry.api_key k
where k.kind <> 'session' and k.revoked_at is null and k.expires_at > now() and k.person_id in (
  select g.person_id from registry.role_grant g where g.organisation_id = $1 and g.during @> registry.business_now());
-- name: unconfirmed
-- People with a key that somebody else made, that was used, and that nobody has confirmed: one line each.
select distinct g.person_id, p.name from registry.api_key g join registry.person p on p.id = g.person_id
where g.created_by is distinct from g.person_id and g.confirmed_at is null and g.person_id > $1
  and exists (select from registry.api_key k where k.person_id = g.person_id and k.created_by = k.person_id
    and k.kind <> 'session' and k.revoked_at is null and k.expires_at > now())
order by g.person_id limit $2;
-- name: keys_of
select id, person_id, created_by as maker_id, parent_id, fingerprint, kind, device, created_at,
  revoked_at is null and expires_at > now() as works, confirmed_at is not null as confirmed
from registry.api_key where person_id = any($1::bigint[]) order by id;
-- name: note_uses
insert into registry.api_key_use (key_id, used_at) select * from unnest($1::bigint[], $2::timestamptz[])
on conflict (key_id) do update set used_at = greatest(api_key_use.used_at, excluded.used_at);
-- name: person_name
select name from registry.person where id = $1;
