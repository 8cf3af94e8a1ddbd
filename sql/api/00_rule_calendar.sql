-- Working time: days and minutes that count against the office's promise.

-- The office's date at an instant.
create function rule.office_date(office_id bigint, at timestamptz default now())
returns date
language sql stable
as $$
  select (at at time zone o.time_zone)::date from catalogue.office o where o.office_id = office_date.office_id;
$$;

-- Writes the calendar anew: from 2 years before this one to 20 after it.
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
                                    where h.office_id = calendar_build.office_id and h.day = s.day::date) as working
            from catalogue.office o,
                 generate_series(date_trunc('year', now() at time zone 'UTC') - interval '2 years',
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
language sql stable
as $$
  select b.ordinal - a.ordinal
    from catalogue.calendar_day a, catalogue.calendar_day b
   where a.office_id = working_days_between.office_id and a.day = working_days_between.day
     and b.office_id = working_days_between.office_id and b.day = until;
$$;

-- Minutes of office hours between two instants, in the office's time zone.
create function rule.working_minutes(office_id bigint, begin_at timestamptz, end_at timestamptz)
returns int
language sql stable
as $$
  select coalesce(sum(extract(epoch from
           least(end_at at time zone o.time_zone, d.day + h.closes)
           - greatest(begin_at at time zone o.time_zone, d.day + h.opens)) / 60), 0)::int
    from catalogue.office o
    join catalogue.calendar_day d on d.office_id = o.office_id and d.working
     and d.day between (begin_at at time zone o.time_zone)::date and (end_at at time zone o.time_zone)::date
    join catalogue.office_hours h on h.office_id = o.office_id and h.weekday = extract(isodow from d.day)
   where o.office_id = working_minutes.office_id
     and d.day + h.closes > begin_at at time zone o.time_zone
     and d.day + h.opens < end_at at time zone o.time_zone;
$$;
