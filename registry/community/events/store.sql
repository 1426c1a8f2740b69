-- name: insert_event
insert into registry.community_event (code, organisation_id, kind, title, place, begins, ends, profile,
  organiser_covers, expected_guests, pool_id, created_by, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, registry.business_now());
-- name: events (either order)
-- What two regulators annulled counts for nothing: neither a guest's share, nor the claim of the organiser's.
select e.id, e.code, e.organisation_id, o.name as organiser, e.kind, e.title, e.place, e.begins, e.ends, e.profile,
  e.organiser_covers, e.expected_guests, e.pool_id, p.price_fen,
  case p.state when 'open' then p.held_kg - p.reserved_kg else 0 end as available_kg,
  case when m.id is null then e.claim_id end as claim_id,
  case when a.id is null then e.others_claim_id end as others_claim_id, e.closed_at is not null as closed, coalesce(g.guests, 0) as guests,
  coalesce(g.offset_kg, 0)::bigint as offset_kg, e.created_at, e.created_by
from registry.community_event e
join registry.organisation o on o.id = e.organisation_id
join registry.retail_pool p on p.id = e.pool_id
left join registry.known_annulment m on m.claim_id = e.claim_id and m.receipt_id is null
left join registry.known_annulment a on a.claim_id = e.others_claim_id and a.receipt_id is null
left join lateral (
  select count(*) as guests, sum(r.footprint_kg) as offset_kg from registry.event_guest r
  where r.event_id = e.id and r.receipt_id is not null
    and not exists (select from registry.known_annulment n where n.claim_id = r.claim_id)) g on true
where e.id > $1 and ($3::text is null or e.code = $3) and ($4::bigint is null or e.organisation_id = $4)
  and ($5::text is null or e.kind = $5) and ($6::boolean is null or $6 = (e.closed_at is not null))
order by e.id limit $2;
-- name: search
-- By the code on the poster, or by words of the name or the place, among the newest.
select e.code, e.title, e.place, e.code = upper($1) as exact
from (select id, code, title, place from registry.community_event order by id desc limit 10000) e
where e.code = upper($1) or lower(e.title) like '%' || $1 || '%' or lower(e.place) like '%' || $1 || '%'
order by e.id desc limit $2;
-- name: lock_event
select id from registry.community_event where code = $1 for no key update;
-- name: events_of
select count(*) from registry.community_event where organisation_id = $1;
-- name: close_event
update registry.community_event set closed_at = registry.business_now() where id = $1 and closed_at is null;
-- name: set_pool
update registry.community_event set pool_id = $2 where id = $1;
-- name: set_claim
-- In place of one that was annulled, if there was one: the event is locked.
update registry.community_event set claim_id = $2 where id = $1;
-- name: set_others_claim
update registry.community_event set others_claim_id = $2 where id = $1;
-- name: next_number
update registry.community_event set joined = joined + 1 where id = $1 returning joined;
-- name: waiting
select count(*) as guests, coalesce(sum(p.quantity_kg), 0)::bigint as quantity_kg from registry.event_guest g join registry.retail_payment p on p.id = g.payment_id
where g.event_id = $1 and p.state = 'held';
-- name: insert_guest
insert into registry.event_guest (event_id, number, secret, name, listed, request, result, footprint_kg, payment_id,
  joined_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, registry.business_now());
-- name: guests
select g.id, e.code, g.event_id, g.number, g.name, g.listed, g.hidden, g.request, g.result,
  g.footprint_kg as quantity_kg, g.payment_id,
  g.claim_id, g.receipt_id, g.joined_at
from registry.event_guest g join registry.community_event e on e.id = g.event_id
where ($1::bytea is null or g.secret = $1) and ($2::bigint is null or g.payment_id = $2);
-- name: set_retired
update registry.event_guest set claim_id = $2, receipt_id = $3 where id = $1 and receipt_id is null;
-- name: hide
update registry.event_guest set hidden = true where event_id = $1 and number = $2;
-- name: ranking
select g.number, g.name, g.footprint_kg as quantity_kg, g.joined_at from registry.event_guest g
where g.event_id = $1 and g.listed and not g.hidden and g.receipt_id is not null
  and not exists (select from registry.known_annulment n where n.claim_id = g.claim_id)
order by g.footprint_kg desc, g.number limit 100;
-- name: progress
select count(*) filter (where p.state = 'held') as waiting,
  coalesce(sum(p.quantity_kg) filter (where p.state = 'held'), 0)::bigint as waiting_kg,
  coalesce(sum(p.quantity_kg) filter (where p.state = 'paid'), 0)::bigint as paid_kg,
  count(*) filter (where p.state in ('held', 'paid')) as not_settled,
  count(*) filter (where p.state = 'refunded') as refunded,
  coalesce(sum(p.amount_fen) filter (where p.state = 'retired'), 0)::bigint as sold_fen
from registry.event_guest g join registry.retail_payment p on p.id = g.payment_id where g.event_id = $1;
