-- name: insert_transfer
insert into registry.transfer (sender_id, receiver_id, quantity_kg, hold_id, spans, state, reason, proposed_by,
  proposed_at, expires_at)
values ($1, $2, $3, $4, $5, 'proposed', $6, $7, registry.business_now(), $8) returning id;
-- name: transfer
select t.id, t.sender_id, t.receiver_id, t.quantity_kg, t.hold_id, t.spans, t.statement_ids, t.state, t.reason,
  t.proposed_at, t.expires_at, t.closed_at, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id, w.not_organisation_id,
  w.not_organisation_id
from registry.transfer t left join registry.transfer_awaits w on w.id = t.id where t.id = $1;
-- name: log_transfer
update registry.transfer set statement_ids = $2 where id = $1;
-- name: transfers (either order)
select t.id, t.sender_id, t.receiver_id, t.quantity_kg, t.hold_id, t.spans, t.statement_ids, t.state, t.reason,
  t.proposed_at, t.expires_at, t.closed_at, w.action, w.roles, w.awaited_id, w.since, w.until, w.not_person_id, w.not_organisation_id,
  w.not_organisation_id
from (
  (select * from registry.transfer where id > $1 and sender_id = $3 and ($4::timestamptz is null or proposed_at >= $4)
   and ($5::timestamptz is null or proposed_at < $5) order by id limit $2)
  union
  (select * from registry.transfer where id > $1 and receiver_id = $3 and ($4::timestamptz is null or proposed_at >= $4)
   and ($5::timestamptz is null or proposed_at < $5) order by id limit $2)
) t left join registry.transfer_awaits w on w.id = t.id order by t.id limit $2;
-- name: close_transfer
-- Guarded: 0 rows means that somebody else closed it first.
update registry.transfer set state = $2, closed_by = $3, closed_at = registry.business_now()
where id = $1 and state = 'proposed';
-- name: due_transfers
select id from registry.transfer where state = 'proposed' and expires_at <= registry.business_now() order by id limit 100;
-- name: pending_of
select count(*) from registry.transfer t
where t.state = 'proposed' and t.sender_id in (select a.id from registry.known_account a where a.owner_id = $1);
