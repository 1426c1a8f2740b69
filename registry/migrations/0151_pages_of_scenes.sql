-- Whose an event or a place is that has a page here, when, and whether its guests offset their own travel.
create or replace view registry.known_event as
select code, organisation_id, kind, begins, ends, not 'travel' = any(organiser_covers) as guests_travel
from registry.community_event;
