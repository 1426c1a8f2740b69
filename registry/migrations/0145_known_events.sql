-- Whose an event is that has a page here: nobody else claims it by its code.
create view registry.known_event as select code, organisation_id from registry.community_event;
grant select on registry.known_event to kilnwood_api;
