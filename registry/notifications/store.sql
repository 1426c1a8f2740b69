-- name: cursor
-- One process reads the sources at a time.
select place, at from registry.notification_cursor where source = $1 for update;
-- name: begin_cursor
insert into registry.notification_cursor (source, place, at) values ($1, $2, $3) on conflict do nothing;
-- name: move_cursor
update registry.notification_cursor set place = $2, at = $3 where source = $1;
-- name: now
select registry.business_now() as business, clock_timestamp() as real;
-- name: log_end
select coalesce(max(leaf_index), -1) from registry.logged;
-- name: tell_waits
-- As the inbox says what waits for whom; without what people have just begun themselves, or were told was sent back.
-- $1: since when in business time; $2: since when in real time, for approvals; $3: the demo's domain, or null.
with waiting as (
  select 'approval' as thing, * from registry.approval_awaits where since >= $2
  union all
  select 'project', * from registry.project_awaits where since >= $1 and action <> 'submit_project'
  union all
  select 'report', * from registry.report_awaits where since >= $1 and action <> 'resubmit_report'
  union all
  select 'transfer', * from registry.transfer_awaits where since >= $1
), told as (
  select distinct a.person_id, w.*
  from waiting w join registry.acting a
    on a.role = any(w.roles) and (w.awaited_id is null or a.organisation_id = w.awaited_id)
  where a.person_id is distinct from w.not_person_id
    and not exists (select from registry.acting mine where mine.person_id = a.person_id
      and mine.organisation_id in (select registry.belongs_to(w.not_organisation_id)))
    and not (w.thing = 'approval' and exists (
      select from registry.approval_touches t where t.id = w.id and t.person_id = a.person_id))
)
insert into registry.notification (person_id, cause, kind, thing, thing_id, about, action, until, by_mail)
select t.person_id, concat_ws(':', 'waits', t.thing, t.id, t.action, extract(epoch from t.since)), 'waits', t.thing, t.id,
  left(t.about, 300), t.action, t.until,
  case when p.person_id is null then $3::text is not null else p.address is not null and 'waits' = any(p.kinds) end
from told t left join registry.mail_preference p on p.person_id = t.person_id
order by t.since, t.id, t.person_id
on conflict (person_id, cause) do nothing;
-- name: tell_deadlines
-- In the last quarter of the time that there was, of claims at most thirty days before, of others three.
with waiting as (
  select 'approval' as thing, now() as present, * from registry.approval_awaits
  union all
  select 'transfer', registry.business_now(), * from registry.transfer_awaits
  union all
  select 'claim', registry.business_now(), * from registry.claim_awaits
), told as (
  select distinct a.person_id, w.*
  from waiting w join registry.acting a
    on a.role = any(w.roles) and (w.awaited_id is null or a.organisation_id = w.awaited_id)
  where w.until > w.present and w.until - w.present <= least((w.until - w.since) / 4,
      case w.thing when 'claim' then interval '30 days' else interval '3 days' end)
    and a.person_id is distinct from w.not_person_id
    and not exists (select from registry.acting mine where mine.person_id = a.person_id
      and mine.organisation_id in (select registry.belongs_to(w.not_organisation_id)))
    and not (w.thing = 'approval' and exists (
      select from registry.approval_touches t where t.id = w.id and t.person_id = a.person_id))
)
insert into registry.notification (person_id, cause, kind, thing, thing_id, about, action, until, by_mail)
select t.person_id, concat_ws(':', 'deadline', t.thing, t.id, extract(epoch from t.until)), 'deadline', t.thing, t.id,
  left(t.about, 300), t.action, t.until,
  case when p.person_id is null then $1::text is not null else p.address is not null and 'deadline' = any(p.kinds) end
from told t left join registry.mail_preference p on p.person_id = t.person_id
order by t.until, t.id, t.person_id
on conflict (person_id, cause) do nothing;
-- name: tell_refused
with refused as (
  select 'project' as thing, s.project_id::text as thing_id, s.developer_id as owner_id, s.about, s.why,
    null::bigint as quantity_kg, 'sent-back:' || s.id as cause, s.at
  from registry.sent_back s where s.report_id is null and s.at >= $1
  union all
  select 'report', s.report_id::text, s.developer_id, s.about, s.why, null, 'sent-back:' || s.id, s.at
  from registry.sent_back s where s.report_id is not null and s.at >= $1
  union all
  select 'transfer', t.id::text, t.owner_id, '', t.state, t.quantity_kg, 'transfer:' || t.id, t.at
  from registry.refused_transfer t where t.at >= $1
), told as (
  select distinct a.person_id, r.*
  from refused r join registry.acting a
    on a.organisation_id = r.owner_id and a.role in ('developer', 'enterprise', 'organiser')
)
insert into registry.notification (person_id, cause, kind, thing, thing_id, about, why, quantity_kg, by_mail)
select t.person_id, t.cause, 'refused', t.thing, t.thing_id, left(t.about, 300), left(t.why, 4000), t.quantity_kg,
  case when p.person_id is null then $2::text is not null else p.address is not null and 'refused' = any(p.kinds) end
from told t left join registry.mail_preference p on p.person_id = t.person_id
order by t.at, t.cause, t.person_id
on conflict (person_id, cause) do nothing;
-- name: tell_retirements
-- One for each order, with its first receipt: from $1 to $2 of the log.
with done as (
  select r.owner_id, r.order_id, min(r.receipt_id) as receipt_id, max(r.order_kg) as quantity_kg,
    min(r.leaf_index) as leaf_index
  from registry.logged_retirement r where r.leaf_index > $1 and r.leaf_index <= $2
  group by r.owner_id, r.order_id
), told as (
  select distinct a.person_id, d.*
  from done d join registry.acting a
    on a.organisation_id = d.owner_id and a.role in ('developer', 'enterprise', 'organiser')
)
insert into registry.notification (person_id, cause, kind, thing, thing_id, about, quantity_kg, by_mail)
select t.person_id, 'retirement:' || t.order_id, 'retirement', 'retirement', t.receipt_id, '', t.quantity_kg,
  case when p.person_id is null then $3::text is not null else p.address is not null and 'retirement' = any(p.kinds) end
from told t left join registry.mail_preference p on p.person_id = t.person_id
order by t.leaf_index, t.person_id
on conflict (person_id, cause) do nothing;
-- name: tell_accounts
with told as (
  select distinct a.person_id, h.*
  from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::text[])
    with ordinality as h (cause, kind, account_id, about, quantity_kg, why, place)
  join registry.known_account k on k.id = h.account_id
  join registry.acting a on a.organisation_id = k.owner_id and a.role in ('developer', 'enterprise', 'organiser')
)
insert into registry.notification (person_id, cause, kind, thing, thing_id, about, why, quantity_kg, by_mail)
select t.person_id, t.cause, t.kind, 'account', t.account_id, left(t.about, 300), t.why, t.quantity_kg,
  case when p.person_id is null then $7::text is not null else p.address is not null and t.kind = any(p.kinds) end
from told t left join registry.mail_preference p on p.person_id = t.person_id
order by t.place, t.person_id
on conflict (person_id, cause) do nothing;
-- name: of (either order)
select id, kind, thing, thing_id, about, action, why, quantity_kg, until, at, read_at from registry.notification
where person_id = $3 and id > $1 and ($4::text is null or kind = $4) and (not $5 or read_at is null)
order by id limit $2;
-- name: unread
-- Not counted further than is shown.
select count(*) from (select from registry.notification where person_id = $1 and read_at is null limit 100) few;
-- name: read
update registry.notification set read_at = now()
where person_id = $1 and (id = $2 or $3 and id <= $2) and read_at is null;
-- name: exists
select exists (select from registry.notification where person_id = $1 and id = $2);
-- name: preference
select address, case when code_until > now() then pending_address end as pending_address, language, kinds
from registry.mail_preference where person_id = $1;
-- name: set_preference
insert into registry.mail_preference (person_id, language, kinds) values ($1, $2, $3)
on conflict (person_id) do update set language = excluded.language, kinds = excluded.kinds;
-- name: set_pending
insert into registry.mail_preference (person_id, pending_address, code_sha256, code_until, language, kinds)
values ($1, $2, $3, now() + $4::interval, $5, $6)
on conflict (person_id) do update set pending_address = excluded.pending_address, code_sha256 = excluded.code_sha256,
  code_until = excluded.code_until;
-- name: confirm
update registry.mail_preference
set address = pending_address, pending_address = null, code_sha256 = null, code_until = null
where person_id = $1 and code_sha256 = $2 and code_until > now();
-- name: remove_address
update registry.mail_preference
set address = null, pending_address = null, code_sha256 = null, code_until = null where person_id = $1;
-- name: confirmations_today
select count(*) from registry.mail
where person_id = $1 and purpose = 'confirmation' and made_at > now() - interval '1 day';
-- name: lock_person
select pg_advisory_xact_lock(hashtextextended('mail of person ' || $1::bigint, 0));
-- name: insert_mail
insert into registry.mail (person_id, address, language, purpose, subject, body)
values ($1, $2, $3, $4, $5, $6) returning id;
-- name: due_people
-- Whoever has something to be told and got no mail lately. What was read in the desk meanwhile needs none.
-- $3: the demo's domain, where everybody gets mail who has said nothing else.
select n.person_id, coalesce(p.address, 'person-' || n.person_id || '@' || $3::text) as address,
  coalesce(p.language, 'zh') as language, count(*) as waiting
from registry.notification n left join registry.mail_preference p on p.person_id = n.person_id
where n.by_mail and n.mail_id is null and n.read_at is null
  and (p.address is not null or (p.person_id is null and $3::text is not null))
  and not exists (select from registry.mail m where m.person_id = n.person_id and m.purpose = 'notifications'
    and m.made_at > now() - $1::interval)
group by n.person_id, p.address, p.language order by n.person_id limit $2;
-- name: unmailed
select id, kind, thing, thing_id, about, action, why, quantity_kg, until, at, read_at from registry.notification
where person_id = $1 and by_mail and mail_id is null and read_at is null order by id limit 10000 for update;
-- name: mailed
update registry.notification set mail_id = $1 where id = any($2::bigint[]) and mail_id is null;
-- name: take_mails
-- Taken for one attempt: whoever crashes leaves them to be tried again after the wait.
update registry.mail m set tries = m.tries + 1, next_at = now() + $2::interval * power(2, least(m.tries, 20))
from (
  select id from registry.mail where state = 'due' and next_at <= now() order by next_at, id limit $1
  for update skip locked
) due
where m.id = due.id
returning m.id, m.person_id, m.address, m.language, m.subject, m.body, m.tries, m.made_at;
-- name: end_mail
-- A body that was sent is needed no more, but where it is shown (the demo's outbox).
update registry.mail set state = $2, ended_at = now(), body = case when $3 then body else '' end
where id = $1 and state = 'due';
-- name: wait_at_most
update registry.mail set next_at = least(next_at, now() + $2::interval) where id = $1 and state = 'due';
-- name: outbox
select id, address, language, subject, body, state, tries, made_at from registry.mail where id < $1
order by id desc limit $2;
-- name: forget
delete from registry.notification n where n.id in (
  select id from registry.notification
  where made_at < now() - case when read_at is null then $1::interval else $2::interval end order by made_at limit 10000
);
-- name: forget_surplus
delete from registry.notification n using (
  select person_id, id from (
    select person_id, id, row_number() over (partition by person_id order by id desc) as place from registry.notification
  ) numbered where place > $1 limit 10000
) surplus where n.id = surplus.id;
-- name: forget_mails
delete from registry.mail where id in (
  select id from registry.mail where state <> 'due' and ended_at < now() - $1::interval order by id limit 10000
);
