-- name: insert_challenge
-- Those that nobody answered go with it.
with over as (delete from registry.challenge where expires_at <= now())
insert into registry.challenge (challenge, key_id) values ($1, $2);
-- name: take_challenge
-- Guarded: of two answers to one challenge, one deletes the row.
delete from registry.challenge where challenge = $1 and expires_at > now() and key_id is not distinct from $2;
-- name: insert_passkey
insert into registry.passkey (key_id, credential_id, public_key, sign_count) values ($1, $2, $3, $4);
-- name: passkey
select k.id as key_id, k.person_id, s.public_key, s.sign_count, k.revoked_at is null and k.expires_at > now() as works
from registry.passkey s join registry.api_key k on k.id = s.key_id where s.credential_id = $1;
-- name: passkeys_of
select s.credential_id from registry.passkey s join registry.api_key k on k.id = s.key_id
where k.person_id = $1 and k.revoked_at is null and k.expires_at > now() order by k.id;
-- name: count_use
-- Guarded: a device that counts never counts backwards; two that count the same are two copies.
update registry.passkey set sign_count = $2 where key_id = $1 and (sign_count < $2 or ($2 = 0 and sign_count = 0));
