-- What one capability lets others read of its tables, and the join that every movement of kilograms begins with.

-- Access: the freezes in effect.
create view registry.freeze_in_effect as
select id, scope, target_id from registry.restriction where upper_inf(during);

-- Credits: blocks with what their issuance says, and whether the account, the project or the issuance is frozen. Read it
-- after the accounts are locked and with the gate of freezes passed: blocks and freezes are then of the same instant.
create view registry.block_of_lot as
select lower(b.span) as lower, upper(b.span) as upper, b.span, b.account_id, b.state, b.hold_id, b.issuance_id, i.code,
  lower(i.span) as base, i.project_id, i.methodology, i.vintage, exists (
    select from registry.freeze_in_effect f where f.scope = 'account' and f.target_id = b.account_id
      or f.scope = 'project' and f.target_id = i.project_id
      or f.scope = 'issuance' and f.target_id = i.id) as frozen
from registry.block b join registry.issuance i on i.id = b.issuance_id;

grant select on registry.freeze_in_effect, registry.block_of_lot to kilnwood_api;
