-- name: campaign
select * from exchange.campaign_with_pledges where id = $1;
-- name: campaigns (either order)
select * from exchange.campaign_with_pledges
where id > $1 and ($3::text is null or code = $3) and ($4::text is null or case
    when state = 'ended' and allotted_t > 0 then 'allotted' else state end = $4)
order by id limit $2;
-- name: pledges (either order)
-- Without those that ended before the allotment: by their owner (1), a freeze (4) or another band (5).
select id, quantity_t, open_t, traded_t, at from exchange.shown_placed
where kind = 'pledge' and listing_id = $3 and coalesce(closed_because, 0) not in (1, 4, 5) and id > $1 order by id limit $2;
-- name: own
select id from exchange.shown_placed
where account_id = $2 and (id = $1 and kind = 'campaign' or listing_id = $1 and kind = 'pledge') order by id desc;
-- name: running
-- None while an instruction about campaigns waits: what it will come to is not known yet.
select id, state, opens_at, closes_at, open_t > 0 as offered, halted > 0 as halted from exchange.shown_campaign
where state <> 'ended' and not exists (select from exchange.shown_instruction
  where state = 'stored' and kind in ('begin_campaign', 'close_campaign', 'call_off_campaign'))
order by id;
