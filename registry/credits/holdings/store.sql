-- name: issuance_conservation
select i.code, upper(i.span) - lower(i.span) as issued_kg,
  coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'active'), 0)::bigint as active_kg,
  coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'held'), 0)::bigint as held_kg,
  coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'buffer'), 0)::bigint as buffer_kg,
  coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'retired'), 0)::bigint as retired_kg,
  coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'cancelled'), 0)::bigint as cancelled_kg,
  coalesce(range_agg(b.span) = int8multirange(i.span), false) as covered
from registry.issuance i left join registry.block b on b.issuance_id = i.id
where i.code = $1 group by i.id;
-- name: snapshot
-- Equal snapshots see the same transactions, so the same rows.
select pg_current_snapshot()::text;
-- name: region_conservation
select (select coalesce(sum(upper(span) - lower(span)), 0) from registry.issuance)::bigint as issued_kg,
  coalesce(sum(upper(span) - lower(span)) filter (where state = 'active'), 0)::bigint as active_kg,
  coalesce(sum(upper(span) - lower(span)) filter (where state = 'held'), 0)::bigint as held_kg,
  coalesce(sum(upper(span) - lower(span)) filter (where state = 'buffer'), 0)::bigint as buffer_kg,
  coalesce(sum(upper(span) - lower(span)) filter (where state = 'retired'), 0)::bigint as retired_kg,
  coalesce(sum(upper(span) - lower(span)) filter (where state = 'cancelled'), 0)::bigint as cancelled_kg,
  coalesce(range_agg(span), '{}') = coalesce((select range_agg(span) from registry.issuance), '{}') as covered
from registry.block;
-- name: project_totals
select p.id, t.* from registry.known_project p left join (
  select i.project_id, i.vintage, sum(upper(b.span) - lower(b.span))::bigint as issued_kg,
    coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'active'), 0)::bigint as active_kg,
    coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'held'), 0)::bigint as held_kg,
    coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'buffer'), 0)::bigint as buffer_kg,
    coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'retired'), 0)::bigint as retired_kg,
    coalesce(sum(upper(b.span) - lower(b.span)) filter (where b.state = 'cancelled'), 0)::bigint as cancelled_kg
  from registry.issuance i join registry.block b on b.issuance_id = i.id
  where i.project_id = $1 group by i.project_id, i.vintage
) t on t.project_id = p.id
where p.id = $1 order by t.vintage;
-- name: serial_parts
-- The blocks that have some of it, cut to it; a row goes by its first number on the line. First the page, then for each of
-- its retired parts the pieces that were retired there, fifty at most: the index of their first numbers finds them.
with wanted as (
  select lower(i.span) + $4::bigint - 1 as lower, lower(i.span) + $5::bigint as upper, i.id as issuance_id
  from registry.issuance i where i.code = $3
), page as materialized (
  select b.lower as id, b.code, b.base, b.state, b.project_id, b.vintage, b.issuance_id,
    greatest(b.lower, wanted.lower) as lower, least(b.upper, wanted.upper) as upper
  from wanted join registry.block_of_lot b
    on b.span && int8range(wanted.lower, wanted.upper) and b.issuance_id = wanted.issuance_id
  where b.lower > $1 order by b.lower limit $2
)
select page.*, case when page.state = 'retired' then array(
  select r.receipt_id from registry.retirement r
  where r.issuance_id = page.issuance_id and r.order_id = any(array(
    (select substr(m.cause, length('retirement:') + 1) from registry.movement m
     where m.to_state = 'retired' and lower(m.span) <= page.lower order by lower(m.span) desc limit 1)
    union
    (select substr(m.cause, length('retirement:') + 1) from registry.movement m
     where m.to_state = 'retired' and lower(m.span) > page.lower and lower(m.span) < page.upper
     order by lower(m.span) limit 49)))
  order by r.id limit 20) else '{}' end as receipts
from page order by page.id;
-- name: holdings
select i.code as issuance, b.state, sum(upper(b.span) - lower(b.span))::bigint as quantity_kg
from registry.block b join registry.issuance i on i.id = b.issuance_id
where b.account_id = $1 group by i.id, b.state order by i.id, b.state;
-- name: holdings_of
select b.account_id, i.code as issuance, b.state, sum(upper(b.span) - lower(b.span))::bigint as quantity_kg
from registry.block b join registry.issuance i on i.id = b.issuance_id
where b.account_id = any($1::bigint[]) group by b.account_id, i.id, b.state order by b.account_id, i.id, b.state;
-- name: holdings_as_of
-- Double entry: what came minus what went, up to and including the instant.
select i.code as issuance, m.state, sum(m.kg)::bigint as quantity_kg
from (
  select issuance_id, to_state as state, upper(span) - lower(span) as kg from registry.movement
  where to_account_id = $1 and at <= $2
  union all
  select issuance_id, from_state, lower(span) - upper(span) from registry.movement
  where from_account_id = $1 and at <= $2
) m join registry.issuance i on i.id = m.issuance_id
group by i.id, m.state having sum(m.kg) <> 0 order by i.id, m.state;
-- name: movements (either order)
-- Two indexed halves; an `or` would walk the whole table.
select m.id, m.at, m.cause, i.code, lower(i.span) as base, lower(m.span) as lower, upper(m.span) as upper,
  m.from_account_id, m.from_state, m.to_account_id, m.to_state
from (
  (select * from registry.movement where id > $1 and to_account_id = $3
   and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5) order by id limit $2)
  union
  (select * from registry.movement where id > $1 and from_account_id = $3
   and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5) order by id limit $2)
) m join registry.issuance i on i.id = m.issuance_id order by m.id limit $2;
