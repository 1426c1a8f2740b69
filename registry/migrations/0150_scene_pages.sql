-- What guests did not offset themselves may be the organiser's, in a claim of its own beside that of its own share.
alter table registry.community_event add column others_claim_id bigint unique references registry.claim;
grant update (others_claim_id) on registry.community_event to kilnwood_api;

-- Pages of places may be counted by the place's own profile, as the place's own claim is.
alter table registry.community_event
  drop constraint community_event_profile_check,
  add constraint community_event_profile_check
    check (profile in ('chengdu-event', 'national-event') or profile = kind and kind <> 'event');
