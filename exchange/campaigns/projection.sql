-- name: open_campaigns
insert into exchange.campaign (id, instrument_id, least_t, most_t, floor_t, allotment, opens_at, closes_at)
select * from unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[],
  $8::timestamptz[]);
-- name: begin_campaigns
update exchange.campaign set state = 'open' where id = any($1::bigint[]);
-- name: end_campaigns
update exchange.campaign c set state = 'ended', pledges = e.pledges, pledged_t = e.pledged_t, allotted_t = e.allotted_t,
  ended_because = nullif(e.cause, 0)
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[])
  as e (id, pledges, pledged_t, allotted_t, cause)
where c.id = e.id;
