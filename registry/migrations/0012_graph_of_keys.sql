-- Who may act as whom: a key that somebody else made joins its maker and its holder, until a third person has confirmed
-- the key that the holder then made alone (registry/access/persons/rules.py).

alter table registry.api_key
  -- Made for somebody else: works once, to make one's own. Keys from before this migration work as they did.
  add column first boolean not null default false,
  -- The key with which its holder made this one; null for a key that somebody else made.
  add column parent_id bigint references registry.api_key,
  -- What two people compare (keys/rules.py); null for keys from before this migration, whose secret nobody has.
  add column fingerprint text,
  add column spent_at timestamptz,
  -- On the key that somebody else made: which own key of its holder was confirmed, by whom.
  add column confirmed_key_id bigint references registry.api_key,
  add column confirmed_by bigint references registry.party,
  add column confirmed_at timestamptz,
  add constraint api_key_confirmed_whole check (num_nulls(confirmed_key_id, confirmed_by, confirmed_at) in (0, 3));

-- Own keys from before were made with a key of the same person; with which one was not stored. The newest of the keys
-- that somebody else had made until then is taken: it is the last one that has to be confirmed.
update registry.api_key k set parent_id = (
  select max(g.id) from registry.api_key g
  where g.person_id = k.person_id and g.id < k.id and g.created_by is distinct from g.person_id)
where k.created_by = k.person_id;

-- The update has queued what moves the epoch of authority at the commit, and no index is made before that is done.
set constraints all immediate;

create index api_key_unconfirmed on registry.api_key (person_id)
  where created_by is distinct from person_id and confirmed_at is null;
create index on registry.api_key (confirmed_key_id) where confirmed_key_id is not null;
grant update (spent_at, confirmed_key_id, confirmed_by, confirmed_at) on registry.api_key to kilnwood_api;
