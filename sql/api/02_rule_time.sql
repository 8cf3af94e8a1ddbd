-- When a promise runs, and who must know that it runs out.

-- Who must know by now: the officer when three quarters of the promise are used, the section head when it is broken, the head
-- one working day later.
create function rule.warning_levels(days_left int, service_days int)
returns text[]
language sql immutable
as $$
  select array_remove(array[case when days_left * 4 <= service_days then 'officer' end,
                            case when days_left < 0 then 'section_head' end,
                            case when days_left < -1 then 'head' end], null);
$$;

-- Does the promise still run? Not while the applicant is waited for, and not once the result is there.
create function rule.promise_runs(app application.application)
returns boolean
language sql stable
as $$
  select app.closed_at is null and app.stopped_at is null
         and (app.outcome is null or (rule.stage_of(app)).kind in ('issue', 'refuse', 'sign'));
$$;
