-- What quotas count, so that it is quick: documents by the organisation that uploaded them, proposals and transfers
-- that are open.
alter table registry.document
  add column organisation_id bigint references registry.party,
  add column stored_at timestamptz not null default now();
comment on column registry.document.organisation_id is 'Whose quota it uses';
comment on column registry.document.stored_at is 'In real time, also where business time is simulated';

-- Those from before: the first organisation at which the uploader held a role then, or ever.
update registry.document d set organisation_id = (
  select g.organisation_id from registry.role_grant g where g.person_id = d.uploaded_by
  order by g.during @> d.uploaded_at desc, g.organisation_id limit 1);

-- One row for each organisation, 0 for documents of none; kept by a trigger, so that whoever adds or removes is counted.
create table registry.document_usage (
  organisation_id bigint primary key,
  documents bigint not null check (documents >= 0),
  size_bytes bigint not null check (size_bytes >= 0)
);
insert into registry.document_usage (organisation_id, documents, size_bytes)
select coalesce(organisation_id, 0), count(*), sum(octet_length(content)) from registry.document group by 1;
grant select on registry.document_usage to kilnwood_api;

create function registry.count_document() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  held registry.document;
  one int := case tg_op when 'DELETE' then -1 else 1 end;
begin
  if tg_op = 'DELETE' then held := old; else held := new; end if;
  insert into registry.document_usage as u (organisation_id, documents, size_bytes)
  values (coalesce(held.organisation_id, 0), greatest(one, 0), greatest(one * octet_length(held.content), 0))
  on conflict (organisation_id) do update
  set documents = u.documents + one, size_bytes = u.size_bytes + one * octet_length(held.content);
  return null;
end $$;
revoke execute on function registry.count_document() from public;
create trigger document_counted after insert or delete on registry.document
for each row execute function registry.count_document();

create index transfer_pending on registry.transfer (sender_id) where state = 'proposed';
create index approval_not_used on registry.approval (proposer_id, proposed_at) where used_at is null;
