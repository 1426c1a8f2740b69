-- name: calendar_years
select distinct on (year) arranged from registry.calendar_year order by year, id desc;
-- name: add_calendar_year
insert into registry.calendar_year (year, arranged) values ($1, $2);
