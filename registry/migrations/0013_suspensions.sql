-- Emergency suspensions: one regulator stops another one and is stopped as well, until a pair or the operator decides.

create table registry.suspension (
  id bigint generated always as identity primary key,
  person_id bigint not null references registry.party,
  placed_by bigint not null references registry.party,
  reason text not null,
  placed_at timestamptz not null default now(),
  lapses_at timestamptz not null default now() + interval '7 days',
  -- Confirmed: the suspender decides again, and the other one stays suspended until it is lifted.
  confirmed_at timestamptz,
  lifted_at timestamptz,
  approval_id bigint references registry.approval,
  constraint suspension_of_somebody_else check (person_id <> placed_by)
);
create index on registry.suspension (person_id);
create index on registry.suspension (placed_by);

-- Who may not decide now, because of which suspension, until when; a confirmed one has no end. Real time, not business
-- time: a simulated region's regulator moves that.
create view registry.suspended as
select person_id, id as suspension_id, case when confirmed_at is null then lapses_at end as until
from registry.suspension where lifted_at is null and (confirmed_at is not null or lapses_at > now())
union all
select placed_by, id, lapses_at from registry.suspension
where lifted_at is null and confirmed_at is null and lapses_at > now();

grant select, insert on registry.suspension to kilnwood_api;
grant update (confirmed_at, lifted_at, approval_id) on registry.suspension to kilnwood_api;
grant select on registry.suspended to kilnwood_api;

create constraint trigger suspension_moves_authority after insert or update or delete on registry.suspension
  deferrable initially deferred for each row execute function registry.move_authority_epoch();
