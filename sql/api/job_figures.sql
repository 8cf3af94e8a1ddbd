-- Figures of the offices' work for whoever watches the system: numbers, and nobody's data. The job process asks once a minute, so that
-- a scrape costs the database nothing.

create type api_job.figure as (name text, office text, permit_type text, stage text, value bigint);

-- Open work, and what of it is late by its promise; a promise that stands still is not late.
create function rule.figures_of_work(office catalogue.office)
returns setof api_job.figure
language sql stable
as $$
  with open as (
    select t.code as permit_type, a.stage,
           a.stopped_at is null and a.promised_on < rule.office_date(a.office_id) as late
      from application.application a
      join catalogue.permit_type t on t.office_id = a.office_id and t.permit_type_id = a.permit_type_id
     where a.office_id = office.office_id and a.closed_at is null)
  select 'applications_open', office.code, o.permit_type, o.stage, count(*) from open o group by o.permit_type, o.stage
  union all
  select 'applications_late', office.code, o.permit_type, o.stage, count(*) from open o where o.late group by o.permit_type, o.stage
  union all
  select 'oldest_waiting_seconds', office.code, null, t.stage, max(extract(epoch from now() - t.opened_at))::bigint
    from application.task t
   where t.office_id = office.office_id and t.closed_at is null
   group by t.stage;
$$;

-- What the job process itself has to do; late is what waits for more than five minutes.
create function rule.figures_of_jobs(office catalogue.office)
returns setof api_job.figure
language sql stable
as $$
  select 'notices_waiting', office.code, null, null, count(*)
    from application.notice n
   where n.office_id = office.office_id and n.state = 'waiting' and n.email is not null
  union all
  select 'notices_failing', office.code, null, null, count(*)
    from application.notice n
   where n.office_id = office.office_id and n.state = 'waiting' and n.email is not null and n.tries > 0
  union all
  select 'jobs_late', office.code, null, null,
         (select count(*) from application.task t
           where t.office_id = office.office_id and t.role = 'system' and t.closed_at is null and t.opened_at < now() - interval '5 minutes')
       + (select count(*) from document.document d
           where d.office_id = office.office_id and d.state = 'to_render' and d.added_at < now() - interval '5 minutes')
       + (select count(*) from document.upload u
           where u.office_id = office.office_id and u.state = 'checking' and u.heard_at < now() - interval '5 minutes');
$$;

create function api_job.figures()
returns setof api_job.figure
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office catalogue.office;
  found_figures api_job.figure[] := '{}';
begin
  for office in select o.* from catalogue.office o order by o.office_id loop
    perform rule.work_for(office.office_id, null);
    found_figures := found_figures
      || array(select f from rule.figures_of_work(office) f)
      || array(select f from rule.figures_of_jobs(office) f);
  end loop;
  return query select f.* from unnest(found_figures) f order by f.name, f.office, f.permit_type nulls first, f.stage nulls first;
end
$$;
