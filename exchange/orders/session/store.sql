-- name: begin
-- Real time, not business time: it is about processes.
insert into exchange.order_session (account_id, after_order_id)
select $1, least($2::bigint, coalesce(max(id), 0)) from exchange.shown_placed where account_id = $1
returning id;
-- name: seen
-- Guarded: 0 rows means that somebody has taken this session for left behind.
update exchange.order_session set seen_at = clock_timestamp() where id = $1 and not left_behind;
-- name: leave_behind
update exchange.order_session set left_behind = true
where left_behind or seen_at < clock_timestamp() - make_interval(secs => $1)
returning id, account_id, after_order_id;
-- name: open_since
select id from exchange.shown_placed where account_id = $1 and id > $2 and kind = 'order' and open_t > 0 order by id;
-- name: end_session
delete from exchange.order_session where id = $1;
