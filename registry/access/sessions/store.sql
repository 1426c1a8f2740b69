-- name: parent
-- The key that opens a session, locked: it does not end meanwhile. A first key opens none.
select person_id, least(expires_at, now() + $2::interval) as until from registry.api_key
where id = $1 and kind <> 'session' and not first and revoked_at is null and expires_at > now() for no key update;
-- name: insert_session
insert into registry.session (key_id, hash) values ($1, $2);
-- name: end_oldest
-- All but the newest $2 of a person.
update registry.api_key set revoked_at = now() where id in (
  select id from registry.api_key
  where person_id = $1 and kind = 'session' and revoked_at is null and expires_at > now() order by id desc offset $2);
-- name: rotate
-- Guarded: 0 rows means that another request of the browser was faster. What it has replaced is good for a minute.
update registry.session set replaced_hash = hash, replaced_until = now() + interval '1 minute', hash = $3, rotated_at = now()
where key_id = $1 and hash = $2;
-- name: end_session
update registry.api_key set revoked_at = now() where id = $1 and kind = 'session' and revoked_at is null;
-- name: end_sessions
update registry.api_key set revoked_at = now() where person_id = $1 and kind = 'session' and revoked_at is null;
