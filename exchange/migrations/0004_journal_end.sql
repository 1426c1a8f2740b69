-- The journal publishes how far it is; what projections say of it is read from there.
create view exchange.journalled as select sequence from exchange.head;
create or replace view exchange.progress as
select j.sequence as journalled, p.sequence as projected from exchange.journalled j, exchange.projection p;
grant select on exchange.journalled to kilnwood_api;
