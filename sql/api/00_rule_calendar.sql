-- Working time: days and minutes that count against the office's promise, and what a changed calendar does to promises.

-- The office's date at an instant.
create function rule.office_date(office_id bigint, at timestamptz default now())
returns date
language plpgsql stable
as $$
begin
  return (select (at at time zone o.time_zone)::date from catalogue.office o where o.office_id = office_date.office_id);
end
$$;

-- Writes the calendar anew: from 2 years before this one, or the oldest application that is under way, to 20 after it. A half
-- day is a working day.
create function rule.calendar_build(office_id bigint)
returns void
language sql
as $$
  delete from catalogue.calendar_day d where d.office_id = calendar_build.office_id;
  insert into catalogue.calendar_day (office_id, day, working, ordinal)
  select calendar_build.office_id, x.day, x.working, count(*) filter (where x.working) over (order by x.day)
    from (select s.day::date as day,
                 o.weekly_off & (1 << (extract(isodow from s.day)::int - 1)) = 0
                   and not exists (select from catalogue.holiday h
                                    where h.office_id = calendar_build.office_id and h.day = s.day::date
                                      and h.kind <> 'half') as working
            from catalogue.office o,
                 generate_series(date_trunc('year', least(now() - interval '2 years',
                                   (select min(a.submitted_at) from application.application a
                                     where a.office_id = calendar_build.office_id and a.closed_at is null)) at time zone 'UTC'),
                                 date_trunc('year', now() at time zone 'UTC') + interval '21 years' - interval '1 day',
                                 interval '1 day') s(day)
           where o.office_id = calendar_build.office_id) x;
$$;

-- The day that is `days` working days after `day`. The day itself does not count: on Friday, 1 is Monday.
-- NOT_NOW where the calendar does not reach: a promise that can't be computed is not made.
create function rule.add_working_days(office_id bigint, day date, days int)
returns date
language plpgsql stable
as $$
declare
  result date;
begin
  select c.day into result
    from catalogue.calendar_day c
   where c.office_id = add_working_days.office_id and c.working
     and c.ordinal = days + (select d.ordinal from catalogue.calendar_day d
                              where d.office_id = add_working_days.office_id and d.day = add_working_days.day);
  if result is null and days <> 0 then
    perform rule.fail(11, null, 'The office calendar does not reach that far');
  end if;
  return coalesce(result, day);
end
$$;

-- Working days from `day` to `until`: 0 on the same day, negative when `until` is earlier; null outside the calendar.
create function rule.working_days_between(office_id bigint, day date, until date)
returns int
language plpgsql stable
as $$
begin
  return (
  select b.ordinal - a.ordinal
    from catalogue.calendar_day a, catalogue.calendar_day b
   where a.office_id = working_days_between.office_id and a.day = working_days_between.day
     and b.office_id = working_days_between.office_id and b.day = until);
end
$$;

-- Office hours between two instants, in the office's time zone, exactly: what is cut into pieces adds up to the whole. A half
-- day has its own hours instead of those of its weekday.
create function rule.working_time(office_id bigint, begin_at timestamptz, end_at timestamptz)
returns interval
language plpgsql stable
as $$
declare
  -- computed before: in the condition the time zone would keep the days from their index (README.md)
  zone constant text := (select o.time_zone from catalogue.office o where o.office_id = working_time.office_id);
  first constant timestamp := begin_at at time zone zone;
  last constant timestamp := end_at at time zone zone;
  first_day constant date := first;
  last_day constant date := last;
begin
  return (
  select coalesce(sum(least(last, d.day + h.closes) - greatest(first, d.day + h.opens)), interval '0')
    from catalogue.calendar_day d
    left join catalogue.holiday s on s.office_id = d.office_id and s.day = d.day and s.kind = 'half'
   cross join lateral (select s.opens, s.closes where s.day is not null
                       union all
                       select x.opens, x.closes from catalogue.office_hours x
                        where s.day is null and x.office_id = d.office_id and x.weekday = extract(isodow from d.day)) h
   where d.office_id = working_time.office_id and d.working and d.day between first_day and last_day
     and d.day + h.closes > first and d.day + h.opens < last);
end
$$;

create function rule.to_minutes(span interval)
returns int
language sql immutable
as $$ select (extract(epoch from span) / 60)::int $$;

-- Minutes of office hours between two instants.
create function rule.working_minutes(office_id bigint, begin_at timestamptz, end_at timestamptz)
returns int
language sql stable
as $$ select rule.to_minutes(rule.working_time(office_id, begin_at, end_at)) $$;

-- What is promised by what happened: the service days, and each pause that is over.
create function rule.promise(app application.application)
returns date
language plpgsql stable
as $$
declare
  promised date := rule.add_working_days(app.office_id, rule.office_date(app.office_id, app.submitted_at), app.service_days);
  pause application.stage_visit;
begin
  for pause in
    select v.* from application.stage_visit v
     where v.office_id = app.office_id and v.application_id = app.application_id and not v.clock_runs and v.end_at is not null
     order by v.begin_at
  loop
    promised := rule.add_working_days(app.office_id, promised,
      rule.working_days_between(app.office_id, rule.office_date(app.office_id, pause.begin_at),
                                rule.office_date(app.office_id, pause.end_at)));
  end loop;
  return promised;
end
$$;

-- When a piece of work is due: the promise, or the days of its stage where these end earlier.
create function rule.task_due(app application.application, stage text, opened_at timestamptz)
returns date
language plpgsql stable
as $$
declare
  days int := (select s.days from workflow.stage s
                where s.office_id = app.office_id and s.workflow_id = app.workflow_id and s.version = app.workflow_version
                  and s.code = task_due.stage);
begin
  if days is null then
    return app.promised_on;
  end if;
  return least(app.promised_on, rule.add_working_days(app.office_id, rule.office_date(app.office_id, opened_at), days));
end
$$;

-- While a promise is computed, the calendar stays; while the calendar changes, no promise is made.
create function rule.keep_calendar(office_id bigint)
returns void
language sql
as $$ select pg_advisory_xact_lock_shared(hashtextextended('calendar', office_id)) $$;

create function rule.lock_calendar(office_id bigint)
returns void
language sql
as $$ select pg_advisory_xact_lock(hashtextextended('calendar', office_id)) $$;

-- One application's promise under the calendar as it is now. `beyond`: working days that it had beyond rule.promise() under the
-- calendar before; they stay. True when it moved.
create function rule.move_promise(who rule.who, app application.application, beyond int)
returns boolean
language plpgsql
as $$
declare
  promised date := rule.add_working_days(app.office_id, rule.promise(app), beyond);
  before date := app.promised_on;
begin
  app.promised_on := promised;
  update application.application a set promised_on = promised
   where a.office_id = app.office_id and a.application_id = app.application_id and promised <> before;
  update application.task t set due_on = rule.task_due(app, t.stage, t.opened_at)
   where t.office_id = app.office_id and t.application_id = app.application_id and t.closed_at is null;
  if promised = before then
    return false;
  end if;
  perform rule.record(who, 'promise_moved', app.application_id, app.stage, null, null,
                      jsonb_build_object('before', before, 'after', promised));
  return true;
end
$$;

-- The office's days or hours were changed (under rule.lock_calendar): makes the calendar anew and computes every promise that
-- is open again. Returns how many moved.
create function rule.calendar_apply(who rule.who)
returns int
language plpgsql
as $$
declare
  moved int := 0;
  app application.application;
  beyond jsonb;
begin
  -- in one order, as every step locks its one: nobody waits for ever
  perform from application.application a
    where a.office_id = who.office_id and a.closed_at is null order by a.application_id for no key update;
  beyond := (select jsonb_object_agg(a.application_id, rule.working_days_between(a.office_id, rule.promise(a), a.promised_on))
               from application.application a where a.office_id = who.office_id and a.closed_at is null);
  perform rule.calendar_build(who.office_id);
  for app in
    select a.* from application.application a
     where a.office_id = who.office_id and a.closed_at is null order by a.application_id
  loop
    moved := moved + rule.move_promise(who, app, coalesce((beyond->>app.application_id::text)::int, 0))::int;
  end loop;
  return moved;
end
$$;
