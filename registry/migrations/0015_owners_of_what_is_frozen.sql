-- Nobody decides for an organisation they belong to: lifting a freeze is refused to people of whoever owns its target.
create or replace view registry.known_project as select id, code, developer_id from registry.project;
create or replace view registry.known_issuance as select id, code, project_id from registry.issuance;
