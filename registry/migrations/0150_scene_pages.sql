-- Pages of places may be counted by the place's own profile, as the place's own claim is.
alter table registry.community_event
  drop constraint community_event_profile_check,
  add constraint community_event_profile_check
    check (profile in ('chengdu-event', 'national-event') or profile = kind and kind <> 'event');
