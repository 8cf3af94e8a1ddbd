-- The office's calendar, kept by the administrator: days off, half days, office hours. A change computes every open promise
-- again, at once and recorded. From the first change on the catalogue's files leave the calendar alone.

create type api.calendar_day as (day_on text, kind text, name text, opens text, closes text);
create type api.calendar_year_reply as (
  year int, days api.calendar_day[], monday text, tuesday text, wednesday text, thursday text, friday text, saturday text,
  sunday text);
create type api.calendar_change_reply as (moved int, announce text[]);

-- The office hours of a weekday as they are typed; null on one that is off.
create function rule.hours_text(office_id bigint, weekday int)
returns text
language sql stable
as $$
  select string_agg(to_char(h.opens, 'HH24:MI') || '-' || to_char(h.closes, 'HH24:MI'), ', ' order by h.opens)
    from catalogue.office_hours h
    join catalogue.office o on o.office_id = h.office_id and o.weekly_off & (1 << (h.weekday - 1)) = 0
   where h.office_id = hours_text.office_id and h.weekday = hours_text.weekday;
$$;

create function rule.calendar_years(office_id bigint)
returns int4range
language sql stable
as $$
  select int4range(extract(year from min(d.day))::int, extract(year from max(d.day))::int, '[]')
    from catalogue.calendar_day d where d.office_id = calendar_years.office_id;
$$;

create function api.calendar_year(session_token bytea, year int)
returns api.calendar_year_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'calendar.year');
  r api.calendar_year_reply;
begin
  r.year := coalesce(nullif(year, 0), extract(year from rule.office_date(who.office_id))::int);
  if not rule.calendar_years(who.office_id) @> r.year then
    perform rule.fail(7, 'year', 'The office calendar does not reach that far');
  end if;
  r.days := (select array_agg((h.day::text, h.kind, h.name, to_char(h.opens, 'HH24:MI'), to_char(h.closes, 'HH24:MI'))::api.calendar_day
                              order by h.day)
               from catalogue.holiday h
              where h.office_id = who.office_id and h.day >= make_date(r.year, 1, 1) and h.day <= make_date(r.year, 12, 31));
  select rule.hours_text(who.office_id, 1), rule.hours_text(who.office_id, 2), rule.hours_text(who.office_id, 3),
         rule.hours_text(who.office_id, 4), rule.hours_text(who.office_id, 5), rule.hours_text(who.office_id, 6),
         rule.hours_text(who.office_id, 7)
    into r.monday, r.tuesday, r.wednesday, r.thursday, r.friday, r.saturday, r.sunday;
  return r;
end
$$;

-- The queues of all open work: their deadlines may have moved.
create function rule.announce_queues(office_id bigint)
returns text[]
language plpgsql stable
as $$
begin
  return (
  select array_agg(rule.announcement(announce_queues.office_id, t.role, t.unit_id, t.application_id, rule.last_event(announce_queues.office_id)))
    from (select x.role, x.unit_id, max(x.application_id) as application_id
            from application.task x
           where x.office_id = announce_queues.office_id and x.closed_at is null and x.role <> 'system'
           group by x.role, x.unit_id) t);
end
$$;

-- Ends each change: from now on the office keeps its calendar itself; promises follow; who did it is recorded.
create function rule.calendar_changed(who rule.who, action text, detail jsonb)
returns api.calendar_change_reply
language plpgsql
as $$
declare
  reply api.calendar_change_reply;
begin
  update catalogue.office o set own_calendar = true where o.office_id = who.office_id;
  reply.moved := rule.calendar_apply(who);
  perform rule.record(who, action, detail => detail || jsonb_build_object('moved', reply.moved));
  reply.announce := case when reply.moved > 0 then rule.announce_queues(who.office_id) end;
  return reply;
end
$$;

create function rule.to_time(value text, field text)
returns time
language plpgsql immutable
as $$
begin
  if rule.require(value, field) !~ '^([01]?[0-9]|2[0-3])[:.][0-5][0-9]$' then
    perform rule.fail(7, field, 'Write a time like 08:00');
  end if;
  return replace(value, '.', ':')::time;
end
$$;

-- A day of the calendar as it was typed, checked. INVALID, REQUIRED.
create function rule.checked_day(office_id bigint, day_on text, kind text, name text, opens text, closes text)
returns catalogue.holiday
language plpgsql stable
as $$
declare
  h catalogue.holiday;
begin
  h.office_id := office_id;
  h.day := rule.to_date(rule.require(day_on, 'day_on'), 'day_on');
  if not rule.calendar_years(office_id) @> extract(year from h.day)::int then
    perform rule.fail(7, 'day_on', 'The office calendar does not reach that far');
  end if;
  h.kind := rule.is_one_of(kind, 'kind', 'national', 'collective', 'half');
  h.name := rule.text(rule.require(name, 'name'), 'name', 120);
  if h.kind = 'half' then
    h.opens := rule.to_time(opens, 'opens');
    h.closes := rule.to_time(closes, 'closes');
    if h.closes <= h.opens then
      perform rule.fail(7, 'closes', 'The office closes after it opens');
    end if;
  end if;
  return h;
end
$$;

create function api.calendar_day_save(session_token bytea, idempotency_key bytea, day_on text, kind text, name text, opens text,
                                      closes text, was_on text)
returns api.calendar_change_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'calendar.day_save');
  request jsonb := jsonb_build_array(day_on, kind, name, opens, closes, was_on);
  before jsonb := rule.replay(who, idempotency_key, request);
  h catalogue.holiday;
  was catalogue.holiday;
begin
  if before is not null then
    return jsonb_populate_record(null::api.calendar_change_reply, before);
  end if;
  perform rule.lock_calendar(who.office_id);
  h := rule.checked_day(who.office_id, day_on, kind, name, opens, closes);
  if nullif(was_on, '') is not null then
    delete from catalogue.holiday x
     where x.office_id = who.office_id and x.day = rule.to_date(was_on, 'was_on')
    returning x.* into was;
    if not found then
      perform rule.fail(9, 'day_on', 'This day is not in the calendar any more');
    end if;
  end if;
  if exists (select from catalogue.holiday x where x.office_id = who.office_id and x.day = h.day) then
    perform rule.fail(13, 'day_on', 'This day is in the calendar already');
  end if;
  insert into catalogue.holiday select h.*;
  return rule.remember(who, idempotency_key, request, rule.calendar_changed(who, 'calendar_day',
    jsonb_strip_nulls(jsonb_build_object('day', h.day, 'kind', h.kind, 'name', h.name, 'opens', h.opens, 'closes', h.closes,
                                         'was', was.day, 'was_kind', was.kind, 'was_name', was.name))));
end
$$;

create function api.calendar_day_remove(session_token bytea, idempotency_key bytea, day_on text)
returns api.calendar_change_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'calendar.day_remove');
  request jsonb := jsonb_build_array(day_on);
  before jsonb := rule.replay(who, idempotency_key, request);
  h catalogue.holiday;
begin
  if before is not null then
    return jsonb_populate_record(null::api.calendar_change_reply, before);
  end if;
  perform rule.lock_calendar(who.office_id);
  delete from catalogue.holiday x
   where x.office_id = who.office_id and x.day = rule.to_date(rule.require(day_on, 'day_on'), 'day_on')
  returning x.* into h;
  if not found then
    perform rule.fail(9, 'day_on', 'This day is not in the calendar any more');
  end if;
  return rule.remember(who, idempotency_key, request, rule.calendar_changed(who, 'calendar_day_removed',
    jsonb_build_object('day', h.day, 'kind', h.kind, 'name', h.name)));
end
$$;

-- "08:00-12:00, 13:00-16:00" as rows of a weekday. INVALID names the weekday's field.
create function rule.checked_hours(office_id bigint, weekday int, spans text, field text)
returns setof catalogue.office_hours
language plpgsql stable
as $$
declare
  h catalogue.office_hours;
  span text;
  before time;
begin
  for span in select btrim(x) from unnest(string_to_array(nullif(btrim(spans), ''), ',')) x loop
    if span !~ '^([01]?[0-9]|2[0-3])[:.][0-5][0-9] *- *([01]?[0-9]|2[0-3])[:.][0-5][0-9]$' then
      perform rule.fail(7, field, 'Write office hours like 08:00-12:00, 13:00-16:00');
    end if;
    h.office_id := office_id;
    h.weekday := weekday;
    h.opens := rule.to_time(btrim(split_part(span, '-', 1)), field);
    h.closes := rule.to_time(btrim(split_part(span, '-', 2)), field);
    if h.closes <= h.opens or h.opens < before then
      perform rule.fail(7, field, 'Each span begins after the one before it and ends after it begins');
    end if;
    before := h.closes;
    return next h;
  end loop;
end
$$;

create function api.calendar_hours_save(session_token bytea, idempotency_key bytea, monday text, tuesday text, wednesday text,
                                        thursday text, friday text, saturday text, sunday text)
returns api.calendar_change_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'calendar.hours_save');
  request jsonb := jsonb_build_array(monday, tuesday, wednesday, thursday, friday, saturday, sunday);
  before jsonb := rule.replay(who, idempotency_key, request);
  hours catalogue.office_hours[];
begin
  if before is not null then
    return jsonb_populate_record(null::api.calendar_change_reply, before);
  end if;
  perform rule.lock_calendar(who.office_id);
  hours := array(
    select h
      from unnest(array[monday, tuesday, wednesday, thursday, friday, saturday, sunday],
                  '{monday,tuesday,wednesday,thursday,friday,saturday,sunday}'::text[]) with ordinality d(spans, field, weekday),
           rule.checked_hours(who.office_id, d.weekday::int, d.spans, d.field) h);
  if cardinality(hours) = 0 then
    perform rule.fail(8, 'monday', 'The office works on one day of the week at least');
  end if;
  delete from catalogue.office_hours x where x.office_id = who.office_id;
  insert into catalogue.office_hours select (h).* from unnest(hours) h;
  update catalogue.office o
     set weekly_off = 127 & ~(select bit_or(1 << (h.weekday - 1)) from unnest(hours) h)
   where o.office_id = who.office_id;
  return rule.remember(who, idempotency_key, request, rule.calendar_changed(who, 'calendar_hours', jsonb_build_object('hours', request)));
end
$$;

-- `loketd calendar import`: days that were read from an iCalendar file, [{"from", "until", "name", "kind"}], all or nothing.
-- A day that is there already takes the file's name. Says in a line what it did.
create function rule.calendar_import(office text, days jsonb)
returns text
language plpgsql
as $$
declare
  id bigint := (select o.office_id from catalogue.office o where o.code = office);
  who rule.who;
  written int;
  reply api.calendar_change_reply;
begin
  if id is null then
    perform rule.fail(9, 'office', 'There is no such office');
  end if;
  perform rule.work_for(id, null);
  who := (id, null, 'loketd calendar', null, 'calendar.import', '{}', null, null)::rule.who;
  perform rule.lock_calendar(id);
  with given as (
    select distinct on (d.day) d.day::date as day, g->>'name' as name, g->>'kind' as kind
      from jsonb_array_elements(days) with ordinality x(g, n),
           generate_series((g->>'from')::date, (g->>'until')::date, interval '1 day') d(day)
     order by d.day, x.n)
  insert into catalogue.holiday as h (office_id, day, name, kind)
  select id, x.day, x.name, x.kind from given x
  on conflict (office_id, day) do update set name = excluded.name, kind = excluded.kind, opens = null, closes = null;
  get diagnostics written = row_count;
  reply := rule.calendar_changed(who, 'calendar_imported', jsonb_build_object('days', written));
  return format('%s days; the promises of %s open applications moved', written, reply.moved);
end
$$;
