-- When a promise runs, and who must know that it runs out.

-- The first instant after a day of the office.
create function rule.day_end(office_id bigint, day date)
returns timestamptz
language plpgsql stable
as $$
begin
  return (
  select (day + 1)::timestamp at time zone o.time_zone from catalogue.office o where o.office_id = day_end.office_id);
end
$$;

-- The office's longest day, in minutes: what "a working day" is where days differ.
create function rule.day_minutes(office_id bigint)
returns int
language sql stable
as $$
  select coalesce(max(x.minutes), 0)
    from (select rule.to_minutes(sum(h.closes - h.opens)) as minutes
            from catalogue.office_hours h where h.office_id = day_minutes.office_id group by h.weekday) x;
$$;

-- Who must know at that instant, in minutes of office hours: the officer when a quarter of the promise is left, the section head when
-- its day is over and work begins again, the head when more than a whole working day has gone by since. While more than half of the days are left nothing is
-- measured: an office where that much is less than a quarter of the minutes does not exist.
create function rule.warning_levels(office_id bigint, promised_on date, service_days int, at timestamptz default now())
returns text[]
language plpgsql stable
as $$
declare
  days_left int := rule.working_days_between(office_id, rule.office_date(office_id, at), promised_on);
  ends_at timestamptz := rule.day_end(office_id, promised_on);
  in_all int;
begin
  if days_left is null or days_left * 2 > service_days then
    return '{}';
  end if;
  if days_left < 0 then
    return '{officer,section_head}'::text[]
           || case when rule.working_minutes(office_id, ends_at, at) > rule.day_minutes(office_id) then '{head}' else '{}' end::text[];
  end if;
  in_all := rule.working_minutes(office_id,
    rule.day_end(office_id, rule.add_working_days(office_id, promised_on, -service_days)), ends_at);
  return case when rule.working_minutes(office_id, at, ends_at) * 4 <= in_all then '{officer}' else '{}' end;
end
$$;

-- Does the promise still run? Not while the applicant is waited for, and not once the result is there.
create function rule.promise_runs(app application.application)
returns boolean
language sql stable
as $$
  select app.closed_at is null and app.stopped_at is null
         and (app.outcome is null or (rule.stage_of(app)).kind in ('issue', 'refuse', 'sign'));
$$;

-- The day on which an application counts as granted by law unless it is decided before; null where it does not, or while there is
-- time enough.
create function rule.deemed_on(app application.application)
returns date
language plpgsql stable
as $$
begin
  return (
  select rule.add_working_days(app.office_id, app.promised_on, 1)
    from rule.version_of(app) v
   where v.deemed_approval and app.kind <> 'revoke' and app.outcome is null and rule.promise_runs(app)
     and cardinality(rule.warning_levels(app.office_id, app.promised_on, app.service_days)) > 0);
end
$$;

-- A head who signs what nobody decided: of those who may, the one who has been here longest. Another may take it over.
create function rule.head_for(app application.application)
returns bigint
language plpgsql stable
as $$
begin
  return (
  select u.user_id
    from identity.user_account u
    join identity.user_role r on r.office_id = u.office_id and r.user_id = u.user_id and r.role = 'head'
                             and (r.permit_type_id is null or r.permit_type_id = app.permit_type_id)
    join application.applicant a on a.office_id = app.office_id and a.applicant_id = app.applicant_id
   where u.office_id = app.office_id and u.active and u.nik is distinct from a.nik
     and (u.family_card = a.family_card) is not true
   order by u.user_id limit 1);
end
$$;
