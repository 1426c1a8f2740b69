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
-- name: results
-- What an ended campaign came to, by account: its seller, and who had pledges in it when it closed (see `pledges`).
select p.account_id, p.kind, c.code, c.allotted_t as sold_in_all_t, c.ended_because, sum(p.quantity_t)::bigint as wanted_t,
  sum(p.traded_t)::bigint as allotted_t, sum(p.traded_t * p.price_fen)::bigint as amount_fen,
  sum(p.quantity_t * p.price_fen)::bigint as locked_fen
from exchange.shown_campaign c
join exchange.shown_placed p on p.id = c.id or p.kind = 'pledge' and p.listing_id = c.id
  and coalesce(p.closed_because, 0) not in (1, 4, 5)
where c.id = $1 and c.state = 'ended' group by 1, 2, 3, 4, 5 order by 2, 1;
-- name: own
select id from exchange.shown_placed
where account_id = $2 and (id = $1 and kind = 'campaign' or listing_id = $1 and kind = 'pledge') order by id desc;
-- name: running
-- None while an instruction about campaigns waits: what it will come to is not known yet.
select id, state, opens_at, closes_at, open_t > 0 as offered, halted > 0 as halted from exchange.shown_campaign
where state <> 'ended' and not exists (select from exchange.shown_instruction
  where state = 'stored' and kind in ('begin_campaign', 'close_campaign', 'call_off_campaign'))
order by id;
