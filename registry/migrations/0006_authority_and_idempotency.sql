-- How long a key is remembered is the application's to say, for each operation: the index no longer names one.
drop index registry.idempotency_created_at_idx;
create index on registry.idempotency (operation, created_at);
