-- name: insert_key
insert into registry.api_key (person_id, prefix, hash, created_by) values ($1, $2, $3, $4)
returning id, person_id, prefix, created_at, revoked_at, expires_at;
-- name: key
select k.id, k.person_id, k.prefix, k.created_at, k.revoked_at, k.expires_at, u.used_at as last_used_at
from registry.api_key k left join registry.api_key_use u on u.key_id = k.id where k.id = $1;
-- name: revoke_key
update registry.api_key set revoked_at = now() where id = $1 and revoked_at is null;
-- name: keys
select k.id, k.person_id, k.prefix, k.created_at, k.revoked_at, k.expires_at, u.used_at as last_used_at
from registry.api_key k left join registry.api_key_use u on u.key_id = k.id
where k.person_id = $3 and k.id > $1 order by k.id limit $2;
-- name: open_keys
select count(*) from registry.api_key where person_id = $1 and revoked_at is null and expires_at > now();
-- name: note_uses
insert into registry.api_key_use (key_id, used_at) select * from unnest($1::bigint[], $2::timestamptz[])
on conflict (key_id) do update set used_at = greatest(api_key_use.used_at, excluded.used_at);
-- name: person_name
select name from registry.person where id = $1;
