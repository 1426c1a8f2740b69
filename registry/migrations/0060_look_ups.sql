-- Lists by time, and retirements by serial, beneficiary and claimant.

-- Times rise with the rows, nearly: an index of ranges is small, and costs a write next to nothing.
create index movement_at on registry.movement using brin (at) with (pages_per_range = 32);
create index transfer_at on registry.transfer using brin (proposed_at) with (pages_per_range = 32);
create index retirement_at on registry.retirement using brin (at) with (pages_per_range = 32);
create index retirement_issuance on registry.retirement (issuance_id, id);

-- Claims: who made one.
create view registry.known_claim as select id, claimant_id from registry.claim;

-- The public log: for whom a statement says that it retired, as its holder wrote it.
create view registry.opened_beneficiary as
select statement_id, text::jsonb ->> 'name' as name from registry.opening where label = 'beneficiary';

create or replace view registry.shown_retirement as
select r.id, r.receipt_id, r.order_id, r.claim_id, r.account_id, r.quantity_kg, r.at, r.statement_id, i.code,
  lower(i.span) as base, r.spans, s.sha256, r.issuance_id, r.reason, a.owner_id, c.claimant_id
from registry.retirement r
join registry.issuance i on i.id = r.issuance_id
join registry.statement_hash s on s.id = r.statement_id
join registry.known_account a on a.id = r.account_id
join registry.known_claim c on c.id = r.claim_id;

grant select on registry.known_claim, registry.opened_beneficiary to kilnwood_api;
