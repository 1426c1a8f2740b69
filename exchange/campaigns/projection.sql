-- name: open_campaigns
insert into exchange.campaign (id, instrument_id, least_t, most_t, floor_t, allotment, opens_at, closes_at)
select * from unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[],
  $8::timestamptz[]);
-- name: put_courses
insert into exchange.campaign_course (id, state, pledges, pledged_t, allotted_t, ended_because)
select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[])
on conflict (id) do update set state = excluded.state, pledges = excluded.pledges, pledged_t = excluded.pledged_t,
  allotted_t = excluded.allotted_t, ended_because = excluded.ended_because;
