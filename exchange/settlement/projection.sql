-- name: end_deliveries
update exchange.delivery d set state = e.state
from unnest($1::bigint[], $2::text[]) as e (id, state) where d.id = e.id;
