-- What a claim is about, so that one event is not called neutral twice: the parts of its key in the spelling that is
-- compared (registry/claims/subjects.py), its share (null: the organiser's; else the number of an attendee), and
-- whether it leaves shares to others. Claims made before are compared by their words, claimant and period.
alter table registry.claim
  add column subject_kind text,
  add column subject_id text,
  add column subject_place text,
  add column subject_words text,
  add column begins timestamptz,
  add column ends timestamptz,
  add column attendee integer check (attendee > 0),
  add column exclusive boolean;
-- As registry/kit/spelling.py spells. A database of the locale C knows the small letters of ASCII only: one of these
-- knows them all.
do $$
declare
  letters text := (select quote_ident(collname) from pg_collation
    where collname in ('pg_c_utf8', 'und-x-icu', 'C.utf8', 'C.UTF-8')
      and collencoding in (-1, pg_char_to_encoding(getdatabaseencoding()))
    order by array_position(array['pg_c_utf8', 'und-x-icu', 'C.utf8', 'C.UTF-8'], collname::text) limit 1);
begin
  execute format($update$
    update registry.claim set
      subject_kind = type,
      subject_words = btrim(regexp_replace(
        replace(lower(normalize(body::json ->> 'subject', NFKC) collate %s), 'ς', 'σ'), '\s+', ' ', 'g')),
      begins = (body::json ->> 'begins')::timestamptz,
      ends = (body::json ->> 'ends')::timestamptz,
      exclusive = (body::json ->> 'exclusive')::boolean
  $update$, coalesce(letters, '"default"'));
end $$;
alter table registry.claim
  alter column subject_kind set not null,
  alter column subject_words set not null,
  alter column begins set not null,
  alter column ends set not null,
  alter column exclusive set not null;
create index claim_subject_id on registry.claim (subject_id) where type <> 'contribution';
create index claim_period on registry.claim (begins, ends) where type <> 'contribution';
