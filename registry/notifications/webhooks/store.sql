-- name: insert_webhook
insert into registry.webhook (organisation_id, url, kinds, sealed, made_by) values ($1, $2, $3, $4, $5) returning id;
-- name: webhook
select id, organisation_id, url, kinds, state, why, failing_since, case when old_until > now() then old_until end
  as old_secret_until, made_at
from registry.webhook where organisation_id = $1 and id = $2;
-- name: webhooks (either order)
select id, organisation_id, url, kinds, state, why, failing_since, case when old_until > now() then old_until end
  as old_secret_until, made_at
from registry.webhook where organisation_id = $3 and id > $1 order by id limit $2;
-- name: number_of
select count(*) from registry.webhook where organisation_id = $1;
-- name: set_state
update registry.webhook set state = $3, why = null, failing_since = null where organisation_id = $1 and id = $2;
-- name: remove
delete from registry.webhook where organisation_id = $1 and id = $2;
-- name: rotate
-- Of three secrets within a day the last two sign.
update registry.webhook set old_sealed = sealed, old_until = now() + $4::interval, sealed = $3
where organisation_id = $1 and id = $2;
-- name: listening
-- Organisations that have an address, of those that are asked for.
select distinct organisation_id from registry.webhook where organisation_id = any($1::bigint[]);
-- name: owners
select id, owner_id from registry.known_account where id = any($1::bigint[]);
-- name: logged
-- What stands from $1 to $2 of the log and is of an organisation that has an address.
select * from (
  select 'credits.issued' as kind, i.leaf_index, i.code as thing, i.organisation_id from registry.logged_issuance i
  where i.leaf_index > $1 and i.leaf_index <= $2
  union all
  select 'claim.declared', c.leaf_index, c.id::text, c.organisation_id from registry.logged_claim c
  where c.leaf_index > $1 and c.leaf_index <= $2
  union all
  select 'credits.retired', min(r.leaf_index), r.order_id, r.owner_id from registry.logged_retirement r
  where r.leaf_index > $1 and r.leaf_index <= $2 group by r.order_id, r.owner_id
) happened
where exists (select from registry.webhook w where w.organisation_id = happened.organisation_id)
order by leaf_index;
-- name: insert_message
insert into registry.webhook_message (organisation_id, cause, kind, body) values ($1, $2, $3, $4)
on conflict (organisation_id, cause) do nothing returning id;
-- name: spread
-- To each address that takes the kind. While one is paused, what happens waits for it.
insert into registry.webhook_delivery (webhook_id, message_id)
select w.id, m.id from registry.webhook_message m join registry.webhook w on w.organisation_id = m.organisation_id
where m.id = $1 and w.state <> 'disabled' and m.kind = any(w.kinds);
-- name: insert_delivery
insert into registry.webhook_delivery (webhook_id, message_id) values ($1, $2) returning id;
-- name: pings
select count(*) from registry.webhook_message m join registry.webhook_delivery d on d.message_id = m.id
where d.webhook_id = $1 and m.kind = 'webhook.ping' and m.made_at > now() - interval '1 hour';
-- name: lock
select id from registry.webhook where id = $1 for update;
-- name: delivery
select d.id, d.webhook_id, m.number as message, m.kind, d.state, d.tries, m.made_at, d.tried_at,
  case d.state when 'due' then d.next_at end as next_at, d.answer
from registry.webhook_delivery d join registry.webhook_message m on m.id = d.message_id
where d.webhook_id = $1 and d.id = $2;
-- name: deliveries (either order)
select d.id, d.webhook_id, m.number as message, m.kind, d.state, d.tries, m.made_at, d.tried_at,
  case d.state when 'due' then d.next_at end as next_at, d.answer
from registry.webhook_delivery d join registry.webhook_message m on m.id = d.message_id
where d.webhook_id = $3 and d.id > $1 and ($4::text is null or d.state = $4) order by d.id limit $2;
-- name: resend
update registry.webhook_delivery set state = 'due', tries = 0, next_at = now(), first_at = null
where webhook_id = $1 and id = $2;
-- name: to_replay
select count(*) from registry.webhook_message m join registry.webhook w on w.organisation_id = m.organisation_id
where w.id = $1 and m.made_at >= $2 and m.made_at < $3 and m.kind = any(w.kinds);
-- name: replay
insert into registry.webhook_delivery (webhook_id, message_id)
select w.id, m.id from registry.webhook_message m join registry.webhook w on w.organisation_id = m.organisation_id
where w.id = $1 and m.made_at >= $2 and m.made_at < $3 and m.kind = any(w.kinds) order by m.id
on conflict (webhook_id, message_id) do update set state = 'due', tries = 0, next_at = now(), first_at = null;
-- name: take
-- Taken for one attempt: whoever crashes leaves them to be tried again after the lease. A few of each address, so that
-- one that hangs keeps nobody else waiting.
update registry.webhook_delivery d
set tries = d.tries + 1, next_at = now() + $3::interval, first_at = coalesce(d.first_at, now()), tried_at = now()
from (
  select id from (
    select d.id, d.next_at, row_number() over (partition by d.webhook_id order by d.next_at, d.id) as place
    from registry.webhook_delivery d join registry.webhook w on w.id = d.webhook_id
    where d.state = 'due' and d.next_at <= now() and w.state = 'active'
  ) numbered where place <= $2 order by next_at, id limit $1
) due, registry.webhook w, registry.webhook_message m
where d.id = due.id and d.state = 'due' and d.next_at <= now() and w.id = d.webhook_id and m.id = d.message_id
returning d.id, d.webhook_id, w.organisation_id, w.url, w.sealed, case when w.old_until > now() then w.old_sealed end
  as old_sealed, m.number as message, m.body, d.tries, d.first_at, d.tried_at;
-- name: delivered
update registry.webhook_delivery set state = 'delivered', answer = $3
where id = $1 and state = 'due' and tries = $2;
-- name: failed
-- $4: the wait until the next attempt; null: it is given up. Guarded: a resend meanwhile counts from anew.
update registry.webhook_delivery
set answer = $3, state = case when $4::interval is null then 'given_up' else 'due' end,
  next_at = now() + coalesce($4::interval, interval '0')
where id = $1 and state = 'due' and tries = $2;
-- name: well
update registry.webhook set failing_since = null where id = $1 and failing_since is not null;
-- name: failing
update registry.webhook set failing_since = coalesce(failing_since, now()) where id = $1 returning failing_since, now();
-- name: disable
update registry.webhook set state = 'disabled', why = $2 where id = $1 and state = 'active';
-- name: tell_disabled
-- Its administrators, in the desk and by mail as they want it.
insert into registry.notification (person_id, cause, kind, thing, thing_id, about, why, by_mail)
select distinct a.person_id, 'webhook:' || w.id || ':' || extract(epoch from w.failing_since)::bigint, 'refused',
  'webhook', w.organisation_id::text, w.url, w.why,
  case when p.person_id is null then $2::text is not null else p.address is not null and 'refused' = any(p.kinds) end
from registry.webhook w join registry.acting a on a.organisation_id = w.organisation_id and a.role = 'administrator'
left join registry.mail_preference p on p.person_id = a.person_id
where w.id = $1
on conflict (person_id, cause) do nothing;
-- name: forget
delete from registry.webhook_message where id in (
  select id from registry.webhook_message where made_at < now() - $1::interval order by made_at limit 10000
);
-- name: now
select registry.business_now() as at;
