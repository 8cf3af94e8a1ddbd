-- What the clock does by itself, asked for by the job process once a minute. Each function does at most 500 things, each in
-- a subtransaction of its own so that one that fails does not stop the others, and returns what to announce. Two job processes
-- may ask at once: an application that is locked is left to whoever holds it, and done the next time.

create type rule.due as (office_id bigint, application_id bigint, what text);

-- The application that is due, locked and fresh; no row while somebody else has it.
create function rule.take_due(d rule.due)
returns setof application.application
language sql
as $$
  select a.* from application.application a
   where a.office_id = d.office_id and a.application_id = d.application_id
     for no key update skip locked;
$$;

-- Does `work` (a function of application.application and text that returns text[]) for everything of `due` (a function of the office's
-- id that returns rule.due).
create function rule.do_due(due regproc, work regproc)
returns text[]
language plpgsql
as $$
declare
  office catalogue.office;
  d rule.due;
  app application.application;
  said text[];
  result text[] := '{}';
begin
  for office in select o.* from catalogue.office o order by o.office_id loop
    perform rule.work_for(office.office_id, null);
    for d in execute format('select * from %s($1) limit 500', due) using office.office_id loop
      begin
        select a.* into app from rule.take_due(d) a;
        continue when not found;
        execute format('select %s($1, $2)', work) into said using app, d.what;
        result := result || said;
      exception
        when others then
          raise warning '% of application % of office % failed: %', work, d.application_id, office.code, sqlerrm;
      end;
    end loop;
  end loop;
  return nullif(result[1:100], '{}');
end
$$;

-- ------------------------------------------------------------------------------------------------ warnings

-- What runs out does so by the day that was promised and the days there are for it: asked once for each such pair, not for all that is open.
create function rule.warnings_due(office_id bigint)
returns setof rule.due
language sql stable
as $$
  with promise as materialized (
    select x.*, rule.warning_levels(warnings_due.office_id, x.promised_on, x.service_days) as levels
      from (select distinct a.promised_on, a.service_days from application.application a
             where a.office_id = warnings_due.office_id and a.closed_at is null and a.stopped_at is null) x)
  select (a.office_id, a.application_id, null)::rule.due
    from promise p
    join application.application a on a.office_id = warnings_due.office_id and a.closed_at is null and a.stopped_at is null
                                  and a.promised_on = p.promised_on and a.service_days = p.service_days
   where p.levels <> '{}' and rule.promise_runs(a)
     and cardinality(p.levels) > (select count(*) from application.warning w
                                   where w.office_id = a.office_id and w.application_id = a.application_id and w.stage = a.stage
                                     and w.level = any (p.levels))
   order by a.promised_on, a.application_id;
$$;

-- Who holds work of a stage that reassigns lets go of it. Where the office gives work out itself, another gets it at once: never the
-- one who is late.
create function rule.reassign(app application.application)
returns void
language plpgsql
as $$
declare
  who rule.who := rule.system_who(app.office_id, 'job.warn');
  t application.task;
  late bigint;
begin
  for t in
    select x.* from application.task x
     where x.office_id = app.office_id and x.application_id = app.application_id and x.closed_at is null and x.holder_id is not null
  loop
    late := t.holder_id;
    perform rule.hold_task(who, t, null, 'release_late', null, jsonb_build_object('from', late));
    t.holder_id := null;
    perform rule.give_task(app, t, late);
  end loop;
end
$$;

create function rule.warn(app application.application, what text)
returns text[]
language plpgsql
as $$
declare
  given text[];
  held bigint;
begin
  if not rule.promise_runs(app) then
    return null;
  end if;
  held := (select t.holder_id from application.task t
            where t.office_id = app.office_id and t.application_id = app.application_id and t.closed_at is null and t.holder_id is not null
            order by t.task_id limit 1);
  with written as (
    insert into application.warning (office_id, application_id, stage, level, holder_id)
    select app.office_id, app.application_id, app.stage, l, held
      from unnest(rule.warning_levels(app.office_id, app.promised_on, app.service_days)) l
        on conflict do nothing
    returning level)
  select array_agg(w.level) into given from written w;
  if given is null then
    return null;
  end if;
  perform rule.record(rule.system_who(app.office_id, 'job.warn'), 'warn', app.application_id, app.stage, null, null,
                      jsonb_build_object('levels', given, 'promised_on', app.promised_on, 'holder', held));
  if 'section_head' = any (given) and (rule.stage_of(app)).reassign then
    perform rule.reassign(app);
  end if;
  return array(
    select rule.announcement(app.office_id, q.role, q.unit_id, app.application_id, rule.last_event(app.office_id))
      from (select t.role, t.unit_id from application.task t
             where t.office_id = app.office_id and t.application_id = app.application_id and t.closed_at is null
            union
            select l, null from unnest(given) l where l <> 'officer') q);
end
$$;

create function api_job.warn()
returns text[]
language sql security definer set search_path = pg_catalog, pg_temp
as $$ select rule.do_due('rule.warnings_due', 'rule.warn') $$;

-- ------------------------------------------------------------------------------- returned and never answered

-- Tells the reminders of one return from those of the next.
create function rule.return_occasion(app application.application, what text)
returns text
language sql stable
as $$
  select v.visit_id || '/' || what
    from application.stage_visit v
   where v.office_id = app.office_id and v.application_id = app.application_id and v.end_at is null;
$$;

-- What is returned and waits at the counter: reminded at half and at three quarters of the days, lapsed after them.
create function rule.lapses_due(office_id bigint)
returns setof rule.due
language sql stable
as $$
  select (a.office_id, a.application_id, w.what)::rule.due
    from application.application a
    join workflow.stage s on s.office_id = a.office_id and s.workflow_id = a.workflow_id and s.version = a.workflow_version
                         and s.code = a.stage and not s.clock_runs and s.role = 'front_office'
    join catalogue.permit_type_version v on v.office_id = a.office_id and v.permit_type_id = a.permit_type_id and v.version = a.permit_version
   cross join lateral rule.working_days_between(a.office_id, rule.office_date(a.office_id, a.stopped_at), rule.office_date(a.office_id)) used
   cross join lateral (select case when used > v.lapse_days then 'lapse' when used * 4 >= v.lapse_days * 3 then 'second'
                                   when used * 2 >= v.lapse_days then 'first' end as what) w
   where a.office_id = lapses_due.office_id and a.closed_at is null and a.stopped_at is not null and w.what is not null
     and case when w.what = 'lapse'
              then exists (select from workflow.transition t
                            where t.office_id = a.office_id and t.workflow_id = a.workflow_id and t.version = a.workflow_version
                              and t.from_stage = a.stage and t.action = 'lapse' and t.role = 'system')
              else not exists (select from application.notice n
                                where n.office_id = a.office_id and n.application_id = a.application_id and n.kind = 'lapse_reminder'
                                  and n.occasion = rule.return_occasion(a, w.what)) end
   order by a.application_id;
$$;

create function rule.lapse(app application.application, what text)
returns text[]
language plpgsql
as $$
begin
  if app.stopped_at is null then
    return null;
  end if;
  if what <> 'lapse' then
    perform rule.notify(app, 'lapse_reminder', rule.return_occasion(app, what));
    return null;
  end if;
  return (rule.advance(rule.system_who(app.office_id, 'job.lapse'), app, 'lapse', null,
                       jsonb_build_object('days', (rule.version_of(app)).lapse_days, 'returned_on', rule.office_date(app.office_id, app.stopped_at)))).announce;
end
$$;

create function api_job.lapse()
returns text[]
language sql security definer set search_path = pg_catalog, pg_temp
as $$ select rule.do_due('rule.lapses_due', 'rule.lapse') $$;

-- ---------------------------------------------------------------------- what counts as granted (fiktif positif)

-- What nobody decided in time, where the permit type says that it counts as granted and the workflow has the step.
create function rule.deemed_due(office_id bigint)
returns setof rule.due
language sql stable
as $$
  select (a.office_id, a.application_id, null)::rule.due
    from application.application a
    join catalogue.permit_type_version v on v.office_id = a.office_id and v.permit_type_id = a.permit_type_id and v.version = a.permit_version
                                        and v.deemed_approval
   where a.office_id = deemed_due.office_id and a.closed_at is null and a.stopped_at is null and a.outcome is null
     and rule.working_days_between(a.office_id, rule.office_date(a.office_id), a.promised_on) < 0
     and exists (select from workflow.transition t
                  where t.office_id = a.office_id and t.workflow_id = a.workflow_id and t.version = a.workflow_version
                    and t.from_stage = a.stage and t.action = 'deem' and t.role = 'system')
   order by a.promised_on, a.application_id;
$$;

-- By the step `deem`, with the legal basis in the audit row and in the applicant's notice. Not where a guard of the step objects (a
-- levy that is not paid), nor past the document that the permit hangs on: then people must decide, and are warned.
create function rule.deem(app application.application, what text)
returns text[]
language plpgsql
as $$
declare
  v catalogue.permit_type_version := rule.version_of(app);
  who rule.who := rule.system_who(app.office_id, 'job.deem');
begin
  app.proposal := 'approve';
  if rule.deemed_on(app) is null or rule.valid_until(app, rule.office_date(app.office_id)) <= rule.office_date(app.office_id)
     or exists (select from workflow.transition t, unnest(t.guards) g
                 where t.office_id = app.office_id and t.workflow_id = app.workflow_id and t.version = app.workflow_version
                   and t.from_stage = app.stage and t.action = 'deem' and rule.guard_objection(app, g, who) is not null) then
    return null;
  end if;
  update application.application a set proposal = 'approve', decision_reason = null, decision_rule = v.deemed_basis
   where a.office_id = app.office_id and a.application_id = app.application_id;
  return (rule.advance(who, app, 'deem', v.deemed_basis, jsonb_build_object('promised_on', app.promised_on, 'basis', v.deemed_basis))).announce;
end
$$;

create function api_job.deem()
returns text[]
language sql security definer set search_path = pg_catalog, pg_temp
as $$ select rule.do_due('rule.deemed_due', 'rule.deem') $$;

-- ------------------------------------------------------------------------------------- the register of permits

-- Permits whose day has passed, and reminders of those that end in 90, 30 and 7 days; not while a renewal is under way. What
-- was missed is not made up for: only the nearest of the three is sent. The date in a select of its own is asked for once, not for each permit.
create function rule.permits_due(office_id bigint)
returns setof rule.due
language sql stable
as $$
  select (p.office_id, p.application_id, w.what)::rule.due
    from application.permit p
   cross join lateral (select p.valid_until_on - (select rule.office_date(permits_due.office_id)) as days) d
   cross join lateral (select case when d.days < 0 then 'expire' when d.days <= 7 then '7' when d.days <= 30 then '30' else '90' end as what) w
   where p.office_id = permits_due.office_id and p.kind = 'permit' and p.status = 'current'
     and p.valid_until_on <= (select rule.office_date(permits_due.office_id)) + 90
     and case when w.what = 'expire' then true
              else not exists (select from application.notice n
                                where n.office_id = p.office_id and n.application_id = p.application_id and n.kind = 'permit_ends'
                                  and n.occasion in (p.valid_until_on || '/' || w.what))
                   and not exists (select from application.application a
                                    where a.office_id = p.office_id and a.previous_permit = p.number and a.kind = 'renewal' and a.outcome is null
                                    offset 0) end  -- one by one by its index, not all applications at once
   order by p.valid_until_on, p.permit_id;
$$;

create function rule.end_permit(app application.application, what text)
returns text[]
language plpgsql
as $$
declare
  p application.permit;
begin
  select x.* into p from application.permit x
   where x.office_id = app.office_id and x.application_id = app.application_id and x.kind = 'permit' and x.status = 'current'
     for update;
  if not found then
    return null;
  end if;
  if what <> 'expire' then
    perform rule.notify(app, 'permit_ends', p.valid_until_on || '/' || what);
    return null;
  end if;
  update application.permit x set status = 'expired' where x.office_id = p.office_id and x.permit_id = p.permit_id;
  perform rule.record(rule.system_who(app.office_id, 'job.permits'), 'permit_expired', app.application_id, app.stage, null, null,
                      jsonb_build_object('number', p.number, 'valid_until_on', p.valid_until_on));
  return null;
end
$$;

create function api_job.permits()
returns text[]
language sql security definer set search_path = pg_catalog, pg_temp
as $$ select rule.do_due('rule.permits_due', 'rule.end_permit') $$;

-- -------------------------------------------------------------------------------------------------- the outbox

create type api_job.notice_work as (office_id bigint, notice_id bigint, email text, subject text, text text, from_name text, made_at bigint);

-- The next notice that is due by mail, taken: its try counts from now on and the next one is not before a while, so that a crash
-- while it is sent repeats it then, and never at once. No row when none is due.
create function api_job.notice_next()
returns api_job.notice_work
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office catalogue.office;
  n application.notice;
begin
  for office in select o.* from catalogue.office o order by o.office_id loop
    perform rule.work_for(office.office_id, null);
    select x.* into n
      from application.notice x
     where x.office_id = office.office_id and x.state = 'waiting' and x.email is not null and x.next_try_at <= now()
     order by x.next_try_at, x.notice_id limit 1
       for update skip locked;
    continue when not found;
    update application.notice x
       set tries = x.tries + 1, next_try_at = now() + interval '2 minutes' * 2 ^ least(x.tries, 9)
     where x.office_id = n.office_id and x.notice_id = n.notice_id;
    return (n.office_id, n.notice_id, n.email, n.subject, n.text, office.name, rule.to_seconds(n.made_at))::api_job.notice_work;
  end loop;
  return null;
end
$$;

-- What became of it. `problem` null: the mail server took it. It fails for good when the mail server refuses it for good, or
-- after ten tries (the last some seventeen hours after the one before).
create function api_job.notice_done(office_id bigint, notice_id bigint, problem text, for_good boolean)
returns text[]
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  update application.notice n
     set state = case when notice_done.problem is null then 'sent' when for_good or n.tries >= 10 then 'failed' else 'waiting' end,
         sent_at = case when notice_done.problem is null then now() end,
         problem = left(notice_done.problem, 300)
   where n.office_id = notice_done.office_id and n.notice_id = notice_done.notice_id and n.state = 'waiting';
  return null;
end
$$;
