-- name: document_usage
select documents, size_bytes from registry.document_usage where organisation_id = $1;
-- name: region_document_bytes
select coalesce(sum(size_bytes), 0)::bigint from registry.document_usage;
-- name: drafts_of
select count(*) from registry.project where developer_id = $1 and state in ('draft', 'rejected');
-- name: projects_of
select count(*) from registry.project where developer_id = $1;
-- name: reports_of
select count(*) from registry.monitoring_report where project_id = $1;
-- name: versions_of
select count(*) from registry.report_version where report_id = $1;
-- name: objections_to
select count(*) from registry.notice_objection where project_id = $1;
-- name: comments_by
select count(*) from registry.notice_comment where project_id = $1 and person_id = $2;
