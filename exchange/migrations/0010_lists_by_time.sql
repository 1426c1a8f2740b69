-- Times rise with the rows, nearly: an index of ranges is small, and costs a write next to nothing.
create index placed_at on exchange.placed using brin (at) with (pages_per_range = 32);
create index trade_at on exchange.trade using brin (at) with (pages_per_range = 32);
create index delivery_at on exchange.delivery using brin (at) with (pages_per_range = 32);
create index instruction_at on exchange.instruction using brin (at) with (pages_per_range = 32);
