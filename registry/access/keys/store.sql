-- name: insert_key
insert into registry.api_key (person_id, prefix, hash, created_by) values ($1, $2, $3, $4)
returning id, person_id, prefix, created_at, revoked_at;
-- name: key
select id, person_id, prefix, created_at, revoked_at from registry.api_key where id = $1;
-- name: revoke_key
update registry.api_key set revoked_at = now() where id = $1 and revoked_at is null;
-- name: keys
select id, person_id, prefix, created_at, revoked_at from registry.api_key
where person_id = $3 and id > $1 order by id limit $2;
-- name: open_keys
select count(*) from registry.api_key where person_id = $1 and revoked_at is null;
-- name: person_name
select name from registry.person where id = $1;
