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

-- The day on which an application counts as granted by law unless it is decided before; null where it does not, or while there is
-- time enough.
create function rule.deemed_on(app application.application)
returns date
language sql stable
as $$
  select rule.add_working_days(app.office_id, app.promised_on, 1)
    from rule.version_of(app) v
   where v.deemed_approval and app.kind <> 'revoke' and app.outcome is null and rule.promise_runs(app)
     and cardinality(rule.warning_levels(rule.working_days_between(app.office_id, rule.office_date(app.office_id), app.promised_on),
                                         app.service_days)) > 0;
$$;

-- A head who signs what nobody decided: of those who may, the one who has been here longest. Another may take it over.
create function rule.head_for(app application.application)
returns bigint
language sql stable
as $$
  select u.user_id
    from identity.user_account u
    join identity.user_role r on r.office_id = u.office_id and r.user_id = u.user_id and r.role = 'head'
                             and (r.permit_type_id is null or r.permit_type_id = app.permit_type_id)
    join application.applicant a on a.office_id = app.office_id and a.applicant_id = app.applicant_id
   where u.office_id = app.office_id and u.active and u.nik is distinct from a.nik
     and (u.family_card = a.family_card) is not true
   order by u.user_id limit 1;
$$;
