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
    select array_agg(((x.a).application_id, (x.a).number, p.name, pt.code, rule.stage_name(x.a, (x.a).stage), x.level, rule.to_seconds(x.at),
                      (select string_agg(distinct rule.user_name(t.office_id, t.holder_id), ', ') from application.task t
                        where t.office_id = who.office_id and t.application_id = (x.a).application_id and t.closed_at is null),
                      (x.a).promised_on::text, rule.working_days_between(who.office_id, today, (x.a).promised_on))::api.warning_row
                     order by (x.a).promised_on, (x.a).application_id)
      from (select a, w.level, w.at
              from application.application a
              join lateral (select y.level, y.at from application.warning y
                             where y.office_id = a.office_id and y.application_id = a.application_id and y.stage = a.stage
                             order by array_position('{officer,section_head,head}', y.level) desc limit 1) w on true
             where a.office_id = who.office_id and a.closed_at is null and rule.promise_runs(a)
             order by a.promised_on, a.application_id
             limit 200) x
      join application.applicant p on p.office_id = who.office_id and p.applicant_id = (x.a).applicant_id
      join catalogue.permit_type pt on pt.office_id = who.office_id and pt.permit_type_id = (x.a).permit_type_id))::api.warning_list_reply;
end
$$;
