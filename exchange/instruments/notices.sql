-- name: announce
insert into exchange.delisting (instrument_id, basket_id, day, reason, person_id, announced_at)
values ($1, $2, $3, $4, $5, registry.business_now()) returning id;
-- name: withdraw
-- Guarded: what was carried out, or withdrawn before, stays as it is.
update exchange.delisting set withdrawn_at = registry.business_now(), withdrawn_by = $3, withdrawn_because = $4
where instrument_id = $1 and basket_id is not distinct from $2::int and withdrawn_at is null and carried_out_at is null
returning id;
-- name: carry_out
-- Guarded: whoever comes second is given none of them.
update exchange.delisting set carried_out_at = registry.business_now()
where id in (select id from exchange.delisting
    where day <= $1 and carried_out_at is null and withdrawn_at is null order by id for update)
returning instrument_id, basket_id, reason;
-- name: due
select exists (select from exchange.delisting where day <= $1 and carried_out_at is null and withdrawn_at is null);
-- name: campaigns
select c.id from exchange.shown_campaign c join exchange.instrument n on n.code = c.code
where n.id = $1 and c.state <> 'ended' order by c.id;
-- name: auctions
select a.id from exchange.shown_auction a join exchange.instrument n on n.code = a.code
where n.id = $1 and a.state <> 'ended' order by a.id;
-- name: await_delisting
-- Whoever looks first goes first: a delisting that is due waits until what was decided by this look is committed.
select from exchange.delisting where instrument_id = $1 and basket_id is null and withdrawn_at is null for share;
-- name: delisted_on
select day from exchange.delisting where instrument_id = $1 and basket_id is null and carried_out_at is not null;
-- name: delistings (either order)
select d.id, n.code as instrument, n.project_name as name, b.code as basket, d.day, said.state, d.reason, d.announced_at,
  d.withdrawn_at, d.withdrawn_because, d.carried_out_at
from exchange.delisting d join exchange.instrument n on n.id = d.instrument_id
left join exchange.instrument b on b.id = d.basket_id
cross join lateral (select case
    when d.withdrawn_at is not null then 'withdrawn'
    when d.carried_out_at is not null then 'done' else 'announced' end as state) said
where d.id > $1::bigint and ($3::text is null or $3 in (n.code, b.code)) and ($4::text is null or $4 = said.state)
order by d.id limit $2;
