-- What waits for me, and finding an application again.

create type api.queue_row as (
  application_id bigint, task_id bigint, number text, applicant text, permit_type text, stage text, stage_name text,
  unit text, promised_on text, days_left int, clock_stopped boolean, holder_id bigint, holder text, priority text,
  version int, submitted_at bigint, outcome text, since_at bigint, role text, warning text);
create type api.queue_list_reply as (rows api.queue_row[], next text, total int);

-- The rows of a page, in the order of the given numbers; `tasks` null: rows of applications. All of a page in one query, each by
-- its key: row by row it costs several times as much.
create function rule.queue_rows(office_id bigint, applications bigint[], tasks bigint[], today date)
returns api.queue_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((a.application_id, t.task_id, a.number, p.name, pt.code, a.stage, s.name, u.code, a.promised_on::text,
                    due.ordinal - day.ordinal, a.stopped_at is not null, t.holder_id, h.name, a.priority, a.version,
                    rule.to_seconds(a.submitted_at), a.outcome, rule.to_seconds(coalesce(t.opened_at, a.submitted_at)), t.role,
                    -- is its time running out, or over? Only what the job warned of, while the clock runs and nothing is decided
                    (select case when bool_or(w.level <> 'officer') and promised.ordinal < day.ordinal then 'late'
                                 when count(*) > 0 then '75' end
                       from application.warning w
                      where w.office_id = queue_rows.office_id and w.application_id = a.application_id and w.stage = a.stage
                        and a.stopped_at is null and a.closed_at is null))::api.queue_row order by x.place)
    from unnest(applications, tasks) with ordinality x (application_id, task_id, place)
    join application.application a on a.office_id = queue_rows.office_id and a.application_id = x.application_id
    join application.applicant p on p.office_id = queue_rows.office_id and p.applicant_id = a.applicant_id
    join catalogue.permit_type pt on pt.office_id = queue_rows.office_id and pt.permit_type_id = a.permit_type_id
    join workflow.stage s on s.office_id = queue_rows.office_id and s.workflow_id = a.workflow_id and s.version = a.workflow_version
                         and s.code = a.stage
    left join application.task t on t.office_id = queue_rows.office_id and t.task_id = x.task_id
    left join catalogue.unit u on u.office_id = queue_rows.office_id and u.unit_id = t.unit_id
    left join identity.user_account h on h.office_id = queue_rows.office_id and h.user_id = t.holder_id
    left join catalogue.calendar_day day on day.office_id = queue_rows.office_id and day.day = today
    left join catalogue.calendar_day due on due.office_id = queue_rows.office_id and due.day = least(a.promised_on, t.due_on)
    left join catalogue.calendar_day promised on promised.office_id = queue_rows.office_id and promised.day = a.promised_on);
end
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

-- Does the number, or the applicant's name, hold the text?
create function rule.task_named(office_id bigint, application_id bigint, needle text)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select exists (select from application.application a
                   join application.applicant p on p.office_id = a.office_id and p.applicant_id = a.applicant_id
                  where a.office_id = task_named.office_id and a.application_id = task_named.application_id
                    and (a.number like '%' || needle || '%' or position(needle in lower(p.name)) > 0)));
end
$$;

-- A person's queue: at most `most` pieces of work that come after the place given, in order. Each role's vulnerable applicants and each
-- role's others are a range of the index task_open, read from the place on and no further than is asked for; what somebody holds is a
-- range of task_held. So a page costs the same however long the queue is.
create type rule.queued as (task_id bigint, application_id bigint, urgent boolean, due_on date);

-- The roles whose work the caller sees, and of which permit types. Whoever assigns work must see it; null: work on every permit type.
create function rule.queue_roles(who rule.who, filter text)
returns table (role text, permits bigint[], every_permit boolean)
language sql stable
as $$
  select r.role, array_agg(x.permit_type_id) filter (where x.permit_type_id is not null),
         filter = 'unit' and 'section_head' = any (who.roles) or bool_or(x.permit_type_id is null)
    from unnest(case when filter = 'unit' and 'section_head' = any (who.roles) then rule.assignable_roles() else who.roles end) r (role)
    left join rule.roles_of(who.office_id, who.user_id) x on x.role = r.role
   group by r.role;
$$;

create function rule.queue_tasks(who rule.who, filter text, needle text, today date, after rule.queued, most int)
returns setof rule.queued
language plpgsql stable
as $$
begin
  return query
  with allowed as materialized (select r.* from rule.queue_roles(who, filter) r),
  found as (
    select t.task_id, t.application_id, t.urgent, t.due_on
      from allowed l
     cross join (values (true), (false)) c (urgent)
     cross join lateral (
           select x.task_id, x.application_id, x.urgent, x.due_on
             from application.task x
            where x.office_id = who.office_id and x.closed_at is null and x.role = l.role and x.urgent = c.urgent
              and x.due_on <= case filter when 'today' then today when 'late' then today - 1 else 'infinity' end
              and (x.due_on, x.task_id) > (case when c.urgent = after.urgent then after.due_on else '-infinity' end,
                                           case when c.urgent = after.urgent then after.task_id else 0 end)
              and (l.every_permit or x.permit_type_id = any (l.permits))
              and (needle is null or rule.task_named(x.office_id, x.application_id, needle))
            order by x.due_on, x.task_id
            limit most) t
     where filter is distinct from 'mine' and (after.urgent or not c.urgent)
    union all
    select x.task_id, x.application_id, x.urgent, x.due_on
      from allowed l
      join application.task x on x.office_id = who.office_id and x.closed_at is null and x.holder_id = who.user_id and x.role = l.role
     where filter = 'mine' and (not x.urgent, x.due_on, x.task_id) > (not after.urgent, after.due_on, after.task_id)
       and (l.every_permit or x.permit_type_id = any (l.permits))
       and (needle is null or rule.task_named(x.office_id, x.application_id, needle)))
  select f.task_id, f.application_id, f.urgent, f.due_on
    from found f
   order by not f.urgent, f.due_on, f.task_id
   limit most;
end
$$;

-- How many pieces of work there are in the queue, as far as a screen tells a number: from the index alone where no name is looked for
-- and nobody's own work.
create function rule.queue_count(who rule.who, filter text, needle text, today date, most int)
returns int
language plpgsql stable
as $$
begin
  if needle is not null or filter = 'mine' then
    return (select count(*) from rule.queue_tasks(who, filter, needle, today, (0, null, true, '-infinity'), most));
  end if;
  return (
  with allowed as materialized (select r.* from rule.queue_roles(who, filter) r)
  select least(coalesce(sum(n.rows), 0), most)
    from allowed l
   cross join (values (true), (false)) c (urgent)
   cross join lateral (
         select count(*) as rows
           from (select
                   from application.task x
                  where x.office_id = who.office_id and x.closed_at is null and x.role = l.role and x.urgent = c.urgent
                    and x.due_on <= case filter when 'today' then today when 'late' then today - 1 else 'infinity' end
                    and (l.every_permit or x.permit_type_id = any (l.permits))
                  limit most) t) n);
end
$$;

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
  start constant rule.queued := (0, null, true, '-infinity');
  tasks rule.queued[];
  reply api.queue_list_reply;
begin
  if filter is not null then
    perform rule.is_one_of(filter, 'filter', 'mine', 'today', 'late', 'unit');
  end if;
  tasks := array(select t from rule.queue_tasks(who, filter, needle, today,
                   case when place is null then start
                        else (place[3]::bigint, null, place[1] = '1', place[2]::date)::rule.queued end, page + 1) t);
  -- counted as far as the screen tells a number, and not at all where the page is all there is
  reply.total := case when place is null and cardinality(tasks) <= page then cardinality(tasks)
                      else rule.queue_count(who, filter, needle, today, 500) end;
  if cardinality(tasks) > page then
    tasks := tasks[1:page];
    reply.next := concat_ws('/', (tasks[page]).urgent::int, (tasks[page]).due_on, (tasks[page]).task_id);
  end if;
  reply.rows := rule.queue_rows(who.office_id, array(select f.application_id from unnest(tasks) f),
                                array(select f.task_id from unnest(tasks) f), today);
  return reply;
end
$$;

-- Numbers first, names last: what is typed decides which index answers.
create function rule.search_applications(who rule.who, needle text)
returns setof bigint
language plpgsql stable
as $$
declare
  start text collate "C" := left(needle, 24);
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
  -- up to the last character that there is: all that begins so
  return query
    select p.application_id from application.name_part p
     where p.office_id = who.office_id and p.part >= start and p.part < start || U&'\+10FFFF'
       and (length(needle) <= 24 or exists (select from application.search_name n
                                             where n.office_id = p.office_id and n.application_id = p.application_id
                                               and position(needle in n.name) > 0))
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
  hits bigint[];
  reply api.queue_list_reply;
begin
  if length(needle) < 3 then
    perform rule.fail(7, 'text', 'Type at least 3 characters');
  end if;
  hits := array(
    select a.application_id
      from (select distinct h as application_id from rule.search_applications(who, needle) h) h
      join application.application a on a.office_id = who.office_id and a.application_id = h.application_id
     where (closed or a.closed_at is null)
       and (who.unit_id is null or exists (select from application.inspection i
                                            where i.office_id = a.office_id and i.application_id = a.application_id))
     order by a.application_id desc);
  reply.total := least(cardinality(hits), 500);
  if place is not null then
    hits := array(select f from unnest(hits) with ordinality x (f, nth) where x.f < place[1]::bigint order by x.nth);
  end if;
  if cardinality(hits) > page then
    reply.next := hits[page]::text;
  end if;
  reply.rows := rule.queue_rows(who.office_id, hits[1:page], null, today);
  if place is null then
    perform rule.record(who, 'search', detail => rule.search_detail(application_search.text, reply.total));
  end if;
  return reply;
end
$$;
