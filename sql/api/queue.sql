-- What waits for me, and finding an application again.

create type api.queue_row as (
  application_id bigint, task_id bigint, number text, applicant text, permit_type text, stage text, stage_name text,
  unit text, promised_on text, days_left int, clock_stopped boolean, holder_id bigint, holder text, priority text,
  version int, submitted_at bigint, outcome text, since_at bigint, role text, warning text);
create type api.queue_list_reply as (rows api.queue_row[], next text, total int, counter bigint);

-- Is this application's time running out, or over? Only what the job warned of, while the clock runs and nothing is decided.
create function rule.queue_warning(app application.application, days_left int)
returns text
language sql stable
as $$
  select case when bool_or(w.level <> 'officer') and days_left < 0 then 'late' when count(*) > 0 then '75' end
    from application.warning w
   where w.office_id = app.office_id and w.application_id = app.application_id and w.stage = app.stage
     and app.stopped_at is null and app.closed_at is null;
$$;

create function rule.queue_row(app application.application, t application.task, today date)
returns api.queue_row
language sql stable
as $$
  select (app.application_id, t.task_id, app.number, p.name, pt.code, app.stage, s.name,
          (select u.code from catalogue.unit u where u.office_id = t.office_id and u.unit_id = t.unit_id),
          app.promised_on::text, rule.working_days_between(app.office_id, today, least(app.promised_on, t.due_on)),
          app.stopped_at is not null, t.holder_id,
          (select u.name from identity.user_account u where u.office_id = t.office_id and u.user_id = t.holder_id),
          app.priority, app.version, rule.to_seconds(app.submitted_at), app.outcome,
          rule.to_seconds(coalesce(t.opened_at, app.submitted_at)), t.role,
          rule.queue_warning(app, rule.working_days_between(app.office_id, today, app.promised_on)))::api.queue_row
    from application.applicant p, catalogue.permit_type pt, workflow.stage s
   where p.office_id = app.office_id and p.applicant_id = app.applicant_id
     and pt.office_id = app.office_id and pt.permit_type_id = app.permit_type_id
     and s.office_id = app.office_id and s.workflow_id = app.workflow_id and s.version = app.workflow_version
     and s.code = app.stage;
$$;

-- A page's place: (urgent, due, task) of its last row, as "1/2026-11-27/42".
create function rule.read_cursor(after text, pattern text)
returns text[]
language plpgsql immutable
as $$
begin
  if after is null then
    return null;
  end if;
  if after !~ pattern then
    perform rule.fail(7, 'after', 'This is not a page of this list');
  end if;
  return string_to_array(after, '/');
end
$$;

-- Whose work a section head may give to somebody.
create function rule.assignable_roles()
returns text[]
language sql immutable
as $$ select '{front_office,analyst,section_head,treasurer,archivist}'::text[] $$;

create function api.queue_list(session_token bytea, filter text, text text, after text, "limit" int)
returns api.queue_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'queue.list');
  today date := rule.office_date(who.office_id);
  place text[] := rule.read_cursor(after, '^[01]/[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9]{1,18}$');
  page int := least(greatest(coalesce(nullif("limit", 0), 25), 1), 100);
  needle text := lower(nullif(btrim(queue_list.text), ''));
  reply api.queue_list_reply;
  last_task application.task;
begin
  if filter is not null then
    perform rule.is_one_of(filter, 'filter', 'mine', 'today', 'late', 'unit');
  end if;
  with mine as (
    select t
      from application.task t
     where t.office_id = who.office_id and t.closed_at is null
       -- whoever assigns work must see it
       and case when filter = 'unit' and 'section_head' = any (who.roles) then t.role = any (rule.assignable_roles())
                else t.role = any (who.roles)
                     and exists (select from rule.roles_of(who.office_id, who.user_id) r
                                  where r.role = t.role
                                    and (r.permit_type_id is null or r.permit_type_id = t.permit_type_id)) end
       and case filter when 'mine' then t.holder_id = who.user_id
                       when 'today' then t.due_on <= today
                       when 'late' then t.due_on < today
                       else true end),
  found as (
    select x.t as m, a
      from mine x
      join application.application a on a.office_id = (x.t).office_id and a.application_id = (x.t).application_id
     where needle is null
        or a.number like '%' || needle || '%'
        or exists (select from application.applicant p
                    where p.office_id = a.office_id and p.applicant_id = a.applicant_id
                      and position(needle in lower(p.name)) > 0)),
  paged as (
    select f.m, f.a
      from found f
     where place is null
        or (not (f.m).urgent, (f.m).due_on, (f.m).task_id) > (place[1] = '0', place[2]::date, place[3]::bigint)
     order by not (f.m).urgent, (f.m).due_on, (f.m).task_id
     limit page + 1)
  select array_agg(rule.queue_row(x.a, x.m, today) order by not (x.m).urgent, (x.m).due_on, (x.m).task_id),
         (select count(*) from (select from found limit 1000) c)
    into reply.rows, reply.total
    from paged x;
  if cardinality(reply.rows) > page then
    reply.rows := reply.rows[1:page];
    select t.* into last_task from application.task t
     where t.office_id = who.office_id and t.task_id = (reply.rows[page]).task_id;
    reply.next := concat_ws('/', last_task.urgent::int, last_task.due_on, last_task.task_id);
  end if;
  reply.counter := rule.last_event(who.office_id);
  return reply;
end
$$;

-- Numbers first, names last: what is typed decides which index answers. Reads without a row policy's help, so
-- the office stands in every condition.
create function rule.search_applications(who rule.who, needle text)
returns setof bigint
language plpgsql stable
as $$
begin
  if needle ~ '^[0-9]{4}-?[0-9]{1,6}$' then
    return query
      select a.application_id from application.application a
       where a.office_id = who.office_id
         and a.number = left(needle, 4) || '-' || lpad(substr(replace(needle, '-', ''), 5), 6, '0');
  end if;
  perform rule.refuse_plain_number(needle);
  if needle ~ '^([0-9.\- ]{13,20}|#[0-9a-f]{40}:[0-9]{15,16})$' then
    return query
      select a.application_id
        from application.applicant p
        join application.application a on a.office_id = p.office_id and a.applicant_id = p.applicant_id
       where p.office_id = who.office_id
         and case when needle like '#%' then rule.number_of(needle) else regexp_replace(needle, '[^0-9]', '', 'g') end
             in (p.nik, p.npwp, p.nib);
    return;
  end if;
  return query
    select p.application_id from application.permit p where p.office_id = who.office_id and p.number = upper(needle);
  return query
    select n.application_id from application.search_name n
     where n.office_id = who.office_id
       and n.name like '%' || replace(replace(replace(needle, '\', '\\'), '%', '\%'), '_', '\_') || '%'
     limit 1000;
end
$$;

create function api.application_search(session_token bytea, text text, closed boolean, after text, "limit" int)
returns api.queue_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'application.search');
  today date := rule.office_date(who.office_id);
  place text[] := rule.read_cursor(after, '^[0-9]{1,18}$');
  page int := least(greatest(coalesce(nullif("limit", 0), 25), 1), 100);
  needle text := lower(rule.require(application_search.text, 'text'));
  reply api.queue_list_reply;
begin
  if length(needle) < 3 then
    perform rule.fail(7, 'text', 'Type at least 3 characters');
  end if;
  with hits as (
    select distinct h as application_id from rule.search_applications(who, needle) h),
  found as (
    select a
      from hits h
      join application.application a on a.office_id = who.office_id and a.application_id = h.application_id
     where (closed or a.closed_at is null)
       and (who.unit_id is null or exists (select from application.inspection i
                                            where i.office_id = a.office_id and i.application_id = a.application_id))),
  paged as (
    select f.a from found f
     where place is null or (f.a).application_id < place[1]::bigint
     order by (f.a).application_id desc
     limit page + 1)
  select array_agg(rule.queue_row(x.a, null::application.task, today) order by (x.a).application_id desc),
         (select count(*) from (select from found limit 1000) c)
    into reply.rows, reply.total
    from paged x;
  if cardinality(reply.rows) > page then
    reply.rows := reply.rows[1:page];
    reply.next := (reply.rows[page]).application_id::text;
  end if;
  if place is null then
    perform rule.record(who, 'search', detail => rule.search_detail(application_search.text, reply.total));
  end if;
  return reply;
end
$$;
