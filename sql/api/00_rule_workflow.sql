-- The one way an application moves: rule.advance(). A transition is a row of workflow.transition; what is
-- not a row cannot happen.

-- The queue that a task stands in: 'analyst', or 'surveyor@DINKES' for a department's people.
create function rule.queue_name(office_id bigint, role text, unit_id bigint)
returns text
language plpgsql stable
as $$
begin
  return (
  select role || coalesce('@' || (select u.code from catalogue.unit u
                                   where u.office_id = queue_name.office_id and u.unit_id = queue_name.unit_id), ''));
end
$$;

create function rule.announcement(office_id bigint, role text, unit_id bigint, application_id bigint, event_id bigint)
returns text
language plpgsql stable
as $$
begin
  return (select concat_ws(':', (select o.code from catalogue.office o where o.office_id = announcement.office_id), rule.queue_name(office_id, role, unit_id), application_id, event_id));
end
$$;

-- Does the permit type ask for a visit, with what the applicant filled in?
create function rule.visit_required(app application.application)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select app.kind <> 'revoke' and case v.visit
           when 'always' then true
           when 'when' then exists (select from application.field_value f
                                     where f.office_id = app.office_id and f.application_id = app.application_id
                                       and f.code = v.visit_field and f.value = v.visit_value)
           else false end
         -- the shorter way of a change or a copy may be one without inspections
         and (app.kind not in ('change', 'copy')
              or exists (select from workflow.transition x
                          where x.office_id = app.office_id and x.workflow_id = app.workflow_id and x.version = app.workflow_version
                            and x.action = 'inspect'))
    from catalogue.permit_type_version v
   where v.office_id = app.office_id and v.permit_type_id = app.permit_type_id and v.version = app.permit_version);
end
$$;

-- Did this person take part in it before `stage`, so that they must not decide there?
create function rule.took_part(app application.application, stage text, user_id bigint)
returns boolean
language plpgsql stable
as $$
begin
  return exists (select from rule.events_of(app) e
                  where e.actor_id = took_part.user_id and e.hash is not null
                    and e.stage not in ('payment', 'approval', case when took_part.stage = 'approval' then 'approval' else 'review' end)
                    and e.action not in ('claim', 'release', 'take_over', 'assign', 'approve_waiver', 'reject_waiver',
                                         'approve_refund', 'reject_refund'));
end
$$;

-- Why a guard does not hold, as a msgid; null when it holds. A closed set: see the check on workflow.transition.
create function rule.guard_objection(app application.application, guard text, who rule.who)
returns text
language plpgsql stable
as $$
begin
  return case guard
    when 'all_accepted' then
      case when exists (select from application.requirement r
                         where r.office_id = app.office_id and r.application_id = app.application_id
                           and r.present and r.status <> 'accepted')
           then 'Every document must be accepted first'
           when rule.file_missing(app) then 'A file that the form asks for is not attached yet' end
    when 'some_refused' then
      case when not exists (select from application.requirement r
                             where r.office_id = app.office_id and r.application_id = app.application_id and r.status = 'refused')
            and not exists (select from application.field_value f
                             where f.office_id = app.office_id and f.application_id = app.application_id and f.returned)
           then 'Nothing is refused: there is nothing to return' end
    when 'no_visit_needed' then
      case when rule.visit_required(app)
            and not exists (select from application.inspection i
                             where i.office_id = app.office_id and i.application_id = app.application_id and i.status = 'done')
           then 'This permit needs an inspection first' end
    when 'inspections_done' then
      case when exists (select from application.inspection i
                         where i.office_id = app.office_id and i.application_id = app.application_id
                           and i.status not in ('done', 'cancelled'))
           then 'A department has not reported yet' end
    when 'levy_due' then
      case when not rule.levy_due(app) then 'There is nothing to pay' end
    when 'no_levy' then
      case when rule.levy_due(app) then 'The levy must be paid first' end
    when 'fee_paid' then
      case when not exists (select from application.bill b
                             where b.office_id = app.office_id and b.application_id = app.application_id
                               and (b.paid_on is not null or b.amount = 0 and b.waived > 0))
           then 'The levy must be paid first' end
    when 'signature_due' then
      case when not (select o.electronic_signature from catalogue.office o where o.office_id = app.office_id)
           then 'This office does not sign electronically' end
    when 'no_signature' then
      case when (select o.electronic_signature from catalogue.office o where o.office_id = app.office_id)
           then 'This must be signed first' end
    when 'initialled' then
      case when not exists (select from rule.events_of(app) e where e.action = 'initial')
           then 'The draft must be initialled first' end
    when 'not_involved' then
      case when rule.took_part(app, app.stage, who.user_id)
           then 'You took part in this application earlier: somebody else must decide' end
    else 'This rule is not known' end;
end
$$;

-- Is a levy due that is not paid? A proposal to refuse costs nothing. One that cannot be computed is due: the step to the bill
-- then says why.
create function rule.levy_due(app application.application)
returns boolean
language plpgsql stable
as $$
begin
  return app.kind <> 'revoke' and app.proposal = 'approve' and not rule.bill_paid(app) and coalesce(rule.levy_estimate(app) > 0, true);
end
$$;

-- Nobody works on their own or their household's application. FORBIDDEN.
create function rule.refuse_household(app application.application, who rule.who)
returns void
language plpgsql stable
as $$
begin
  if rule.is_household(app, who.user_id) then
    perform rule.fail(5, null, 'This is your own or your household''s application');
  end if;
end
$$;

-- The application, locked for a step: alone against other steps, but not against rows that refer to it (a deviation names what was next),
-- so that two who take work do not wait for each other. NOT_FOUND, STALE (naming who changed it), FORBIDDEN (household).
create function rule.lock_application(who rule.who, application_id bigint, version int)
returns application.application
language plpgsql
as $$
declare
  app application.application;
begin
  select a.* into app
    from application.application a
   where a.office_id = who.office_id and a.application_id = lock_application.application_id
     for no key update;
  if not found then
    perform rule.fail(9, 'application_id', 'There is no such application');
  end if;
  if version is not null and app.version <> version then
    perform rule.fail(10, 'version', 'Changed meanwhile by %s: read it again',
                      coalesce((select u.name from identity.user_account u
                                 where u.office_id = app.office_id and u.user_id = app.changed_by), 'system'));
  end if;
  perform rule.refuse_household(app, who);
  return app;
end
$$;

-- Begins an interval of the ledger for a task; the one before ends, not before it began, though the clock was set back.
create function rule.pass_custody(t application.task, holder_id bigint, reason text)
returns void
language plpgsql
as $$
begin
  with before as (
    update application.custody c set end_at = greatest(now(), c.begin_at)
     where c.office_id = t.office_id and c.task_id = t.task_id and c.end_at is null
    returning c.end_at)
  insert into application.custody (office_id, application_id, task_id, holder_id, reason, begin_at)
  select t.office_id, t.application_id, t.task_id, pass_custody.holder_id, pass_custody.reason,
         coalesce((select b.end_at from before b), now())
   where pass_custody.reason is not null;
end
$$;

-- For whom a task that nobody holds waits: another office, or us.
create function rule.waiting_reason(t application.task)
returns text
language sql immutable
as $$ select case when t.unit_id is null then 'waiting' else 'office' end $$;

-- The application is in this stage from now on: the ledger that adds up to the whole time. An end takes no time.
create function rule.visit_stage(app application.application, stage workflow.stage)
returns void
language plpgsql
as $$
begin
  with before as (
    update application.stage_visit v set end_at = greatest(now(), v.begin_at)
     where v.office_id = app.office_id and v.application_id = app.application_id and v.end_at is null
    returning v.end_at)
  insert into application.stage_visit (office_id, application_id, stage, clock_runs, begin_at)
  select app.office_id, app.application_id, stage.code, stage.clock_runs, coalesce((select b.end_at from before b), now())
   where stage.kind <> 'end';
end
$$;

create function rule.open_task(app application.application, role text, unit_id bigint default null,
                               inspection_id bigint default null, waits_for_applicant boolean default false)
returns application.task
language plpgsql
as $$
declare
  t application.task;
begin
  insert into application.task (office_id, application_id, stage, role, unit_id, inspection_id, permit_type_id, urgent, due_on)
  values (app.office_id, app.application_id, app.stage, role, unit_id, inspection_id, app.permit_type_id,
          app.priority is not null, rule.task_due(app, app.stage, now()))
  returning * into t;
  perform rule.pass_custody(t, null, case when waits_for_applicant then 'applicant' else rule.waiting_reason(t) end);
  return rule.give_task(app, t);
end
$$;

create function rule.close_task(t application.task, who rule.who, action text)
returns void
language plpgsql
as $$
begin
  update application.task x
     set closed_at = now(), closed_by = who.user_id, action = close_task.action
   where x.office_id = t.office_id and x.task_id = t.task_id;
  perform rule.pass_custody(t, null, null);
end
$$;

create function rule.stage_of(app application.application)
returns workflow.stage
language plpgsql stable
as $$
begin
  return (
  select s
    from workflow.stage s
   where s.office_id = app.office_id and s.workflow_id = app.workflow_id and s.version = app.workflow_version
     and s.code = app.stage);
end
$$;

-- Chooses the transition of `action` whose guards hold. NOT_NOW when the stage has none or a guard objects,
-- FORBIDDEN when the role is another's, REQUIRED when its reason is missing.
create function rule.choose_transition(app application.application, who rule.who, action text, reason text)
returns workflow.transition
language plpgsql stable
as $$
declare
  t workflow.transition;
  objection text;
  allowed boolean := false;
  known boolean := false;
begin
  for t in
    select x.*
      from workflow.transition x
     where x.office_id = app.office_id and x.workflow_id = app.workflow_id and x.version = app.workflow_version
       and x.from_stage = app.stage and x.action = choose_transition.action
     order by x.position
  loop
    known := true;
    continue when not (who.user_id is null and t.role = 'system'
                       or who.user_id is not null and t.role = any (who.roles)
                          and rule.holds_role(who, t.role, app.permit_type_id));
    allowed := true;
    objection := (select o from unnest(t.guards) g, rule.guard_objection(app, g, who) o where o is not null limit 1);
    continue when objection is not null;
    if t.needs_reason and coalesce(btrim(reason), '') = '' then
      perform rule.fail(8, 'reason', 'This step needs a reason');
    end if;
    return t;
  end loop;
  if not known then
    perform rule.fail(11, 'action', 'This step is not possible in the stage "%s"', (rule.stage_of(app)).name);
  elsif not allowed then
    perform rule.fail(5, 'action', 'Your role may not take this step');
  end if;
  perform rule.fail(case when objection like 'You took part%' then 5 else 11 end, 'action', objection);
  return null;
end
$$;

-- Performs one step: the application (locked by rule.lock_application) goes where the transition leads. Tasks,
-- custody, clock, audit row and announcements included. `detail` goes into the audit row. `app` holds what the
-- caller already wrote to the row. Returns the reply of the step.
create function rule.advance(who rule.who, app application.application, action text, reason text default null,
                             detail jsonb default null)
returns api.step_reply
language plpgsql
as $$
declare
  step workflow.transition;
  before workflow.stage := rule.stage_of(app);
  after workflow.stage;
  t application.task;
  event_id bigint;
  queues text[] := '{}';
  today date := rule.office_date(app.office_id);
begin
  reason := rule.text(reason, 'reason', 2000);
  step := rule.choose_transition(app, who, action, reason);
  perform rule.refuse_missing(app, before, step);
  -- all departments' tasks and inspections, also when one department's last report moves the application on
  perform rule.work_for(app.office_id, null);
  for t in
    select x.* from application.task x
     where x.office_id = app.office_id and x.application_id = app.application_id and x.closed_at is null
     for update
  loop
    if t.holder_id is not null and t.holder_id <> who.user_id and t.role = step.role then
      perform rule.fail(12, null, '%s is working on it', (select u.name from identity.user_account u
                         where u.office_id = app.office_id and u.user_id = t.holder_id));
    end if;
    perform rule.close_task(t, who, action);
    queues := queues || concat_ws('|', t.role, t.unit_id);
  end loop;
  if before.kind = 'inspection' and step.to_stage <> 'drafting' then
    update application.inspection i set status = 'cancelled'
     where i.office_id = app.office_id and i.application_id = app.application_id and i.status not in ('done', 'cancelled');
  end if;

  app.stage := step.to_stage;
  after := rule.stage_of(app);
  if app.stopped_at is not null and after.clock_runs then
    app.promised_on := rule.add_working_days(app.office_id, app.promised_on,
      greatest(rule.working_days_between(app.office_id, rule.office_date(app.office_id, app.stopped_at), today), 0));
    app.stopped_at := null;
  elsif app.stopped_at is null and not after.clock_runs then
    app.stopped_at := now();
  end if;
  app.outcome := coalesce(step.outcome, app.outcome);
  app.version := app.version + 1;
  update application.application a
     set stage = app.stage, version = app.version, promised_on = app.promised_on, stopped_at = app.stopped_at,
         outcome = app.outcome, changed_by = who.user_id, closed_at = case when after.kind = 'end' then now() end
   where a.office_id = app.office_id and a.application_id = app.application_id;
  perform rule.visit_stage(app, after);
  event_id := rule.record(who, action, app.application_id, before.code, after.code, reason, detail, step.role);
  perform rule.notify_step(app, before, after, step.outcome, event_id);
  if after.kind <> 'end' and after.kind <> 'inspection' then
    t := rule.open_task(app, after.role, waits_for_applicant => not after.clock_runs);
    queues := queues || concat_ws('|', t.role, t.unit_id);
  end if;
  return (app.application_id, app.number, app.version, after.code, after.name,
          (select array_agg(distinct rule.announcement(app.office_id, split_part(q, '|', 1),
                                                       nullif(split_part(q, '|', 2), '')::bigint, app.application_id, event_id))
             from unnest(queues) q))::api.step_reply;
end
$$;

-- A change that is no transition (a save, an assignment): version, audit row, and the queues of the open tasks.
create function rule.touch(who rule.who, app application.application, action text, reason text default null,
                           detail jsonb default null)
returns api.step_reply
language plpgsql
as $$
declare
  event_id bigint;
  now_at workflow.stage := rule.stage_of(app);
begin
  update application.application a
     set version = a.version + 1, changed_by = who.user_id
   where a.office_id = app.office_id and a.application_id = app.application_id
  returning a.version into app.version;
  event_id := rule.record(who, action, app.application_id, app.stage, null, reason, detail);
  return (app.application_id, app.number, app.version, now_at.code, now_at.name,
          (select array_agg(distinct rule.announcement(app.office_id, t.role, t.unit_id, app.application_id, event_id))
             from application.task t
            where t.office_id = app.office_id and t.application_id = app.application_id and t.closed_at is null))::api.step_reply;
end
$$;

-- The caller's open task on this application at its stage, if nobody else holds it. HELD, FORBIDDEN, NOT_NOW.
create function rule.own_task(who rule.who, app application.application, stage text)
returns application.task
language plpgsql
as $$
declare
  t application.task;
begin
  select x.* into t
    from application.task x
   where x.office_id = app.office_id and x.application_id = app.application_id and x.closed_at is null
     and x.stage = own_task.stage and x.role = any (who.roles)
   order by x.task_id
   limit 1;
  if not found then
    perform rule.fail(11, 'action', 'This step is not possible in the stage "%s"', (rule.stage_of(app)).name);
  end if;
  if not rule.holds_role(who, t.role, app.permit_type_id) then
    perform rule.fail(5, 'action', 'Your role may not take this step');
  end if;
  if t.holder_id is not null and t.holder_id <> who.user_id then
    perform rule.fail(12, null, '%s is working on it', (select u.name from identity.user_account u
                       where u.office_id = app.office_id and u.user_id = t.holder_id));
  end if;
  return t;
end
$$;
