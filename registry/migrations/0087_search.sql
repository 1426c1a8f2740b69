-- Search: names and subjects by how they begin; what they have anywhere is looked for among the newest only.

create index project_name on registry.project (lower(name) text_pattern_ops);
create index party_name on registry.party (lower(name) text_pattern_ops);
create index claim_words on registry.claim (subject_words text_pattern_ops);

-- Lists by time, as those of 0060.
create index cancellation_at on registry.cancellation using brin (at) with (pages_per_range = 32);
create index claim_at on registry.claim using brin (created_at) with (pages_per_range = 32);
create index issuance_at on registry.issuance using brin (issued_at) with (pages_per_range = 32);
