-- Warnings before a promise is broken and after: written by the job, once for each stage, and listed for those who answer for it.

create type api.warning_row as (
  application_id bigint, number text, applicant text, permit_type text, stage_name text, level text, at bigint, holder text,
  promised_on text, days_left int);
create type api.warning_list_reply as (rows api.warning_row[]);

-- The warnings of open applications in the stage where they are now, the most overdue first.
create function api.warning_list(session_token bytea)
returns api.warning_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'warning.list');
  today date := rule.office_date(who.office_id);
begin
  return row((
    select array_agg((x.application_id, x.number, x.applicant, x.permit_type, x.stage_name, x.level, rule.to_seconds(x.at), x.holder,
                      x.promised_on::text, rule.working_days_between(who.office_id, today, x.promised_on))::api.warning_row
                     order by x.promised_on, x.application_id)
      from (select a.application_id, a.number, p.name as applicant, pt.code as permit_type, rule.stage_name(a, a.stage) as stage_name,
                   w.level, w.at, a.promised_on,
                   (select string_agg(distinct rule.user_name(t.office_id, t.holder_id), ', ') from application.task t
                     where t.office_id = a.office_id and t.application_id = a.application_id and t.closed_at is null) as holder
              from application.application a
              join lateral (select y.level, y.at from application.warning y
                             where y.office_id = a.office_id and y.application_id = a.application_id and y.stage = a.stage
                             order by array_position('{officer,section_head,head}', y.level) desc limit 1) w on true
              join application.applicant p on p.office_id = a.office_id and p.applicant_id = a.applicant_id
              join catalogue.permit_type pt on pt.office_id = a.office_id and pt.permit_type_id = a.permit_type_id
             where a.office_id = who.office_id and a.closed_at is null and rule.promise_runs(a)
             order by a.promised_on, a.application_id
             limit 200) x))::api.warning_list_reply;
end
$$;
