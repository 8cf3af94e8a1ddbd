-- The technical departments: assign and schedule, visit, report, sign. Each department has its own inspection, in
-- parallel; when the last is signed the application moves on by itself. Another department's does not exist here.

create type api.checklist_row as (code text, question text, answer text, note text);
create type api.signature_row as (user_id bigint, name text, signed_at bigint);
create type api.inspection_open_reply as (
  inspection_id bigint, task_id bigint, application_id bigint, number text, version int, unit text, unit_name text,
  status text, permit_type text, permit_name text, applicant text, phone text, location text, promised_on text,
  days_left int, appointment_at bigint, visit boolean, members api.signature_row[], checklist api.checklist_row[],
  fields api.field_row[], requirements api.requirement_row[], findings text, recommendation text, conditions text,
  visited_at bigint, coordinates text, holder_id bigint, holder text, instruction text);

-- What this department answers for this permit type.
create function rule.checklist_items(app application.application, unit_id bigint)
returns setof catalogue.checklist_item
language sql stable
as $$
  select c.*
    from catalogue.checklist_item c
    join catalogue.unit u on u.office_id = app.office_id and u.unit_id = checklist_items.unit_id
   where c.office_id = app.office_id and c.permit_type_id = app.permit_type_id and c.version = app.permit_version
     and c.unit_code in ('*', u.code)
   order by c.position;
$$;

create function rule.checklist_rows(app application.application, i application.inspection)
returns api.checklist_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((c.code, c.question, a.answer, a.note)::api.checklist_row order by c.position)
    from rule.checklist_items(app, i.unit_id) c
    left join application.inspection_answer a
      on a.office_id = i.office_id and a.inspection_id = i.inspection_id and a.code = c.code);
end
$$;

create function api.inspection_open(session_token bytea, task_id bigint)
returns api.inspection_open_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'inspection.open');
  app application.application;
  i application.inspection;
  t application.task;
  u catalogue.unit;
  p application.applicant;
  r api.inspection_open_reply;
begin
  select x.* into t from application.task x
   where x.office_id = who.office_id and x.task_id = inspection_open.task_id and x.inspection_id is not null
     and x.unit_id = who.unit_id;
  if not found then
    perform rule.fail(9, 'task_id', 'This work is not there any more');
  end if;
  select x.* into i from application.inspection x where x.office_id = t.office_id and x.inspection_id = t.inspection_id;
  select x.* into app from application.application x where x.office_id = t.office_id and x.application_id = t.application_id;
  select x.* into u from catalogue.unit x where x.office_id = t.office_id and x.unit_id = i.unit_id;
  select x.* into p from application.applicant x where x.office_id = t.office_id and x.applicant_id = app.applicant_id;
  perform rule.refuse_household(app, who);
  r.inspection_id := i.inspection_id;
  r.task_id := t.task_id;
  r.application_id := app.application_id;
  r.number := app.number;
  r.version := i.version;
  r.unit := u.code;
  r.unit_name := u.name;
  r.status := i.status;
  r.permit_type := (select x.code from catalogue.permit_type x
                     where x.office_id = app.office_id and x.permit_type_id = app.permit_type_id);
  r.permit_name := (rule.version_of(app)).name;
  r.applicant := p.name;
  r.phone := p.phone;
  r.location := app.location;
  r.promised_on := app.promised_on::text;
  r.days_left := rule.working_days_between(app.office_id, rule.office_date(app.office_id), app.promised_on);
  r.appointment_at := rule.to_seconds(i.appointment_at);
  r.visit := i.visit;
  r.members := (select array_agg((m.user_id, rule.user_name(m.office_id, m.user_id), rule.to_seconds(m.signed_at))::api.signature_row
                                 order by m.position)
                  from application.inspection_member m
                 where m.office_id = i.office_id and m.inspection_id = i.inspection_id);
  r.checklist := rule.checklist_rows(app, i);
  r.fields := rule.field_rows(app);
  r.requirements := rule.requirement_rows(app);
  r.findings := i.findings;
  r.recommendation := i.recommendation;
  r.conditions := i.conditions;
  r.visited_at := rule.to_seconds(i.visited_at);
  r.coordinates := i.coordinates;
  r.holder_id := t.holder_id;
  r.holder := rule.user_name(t.office_id, t.holder_id);
  r.instruction := i.instruction;
  perform rule.record(who, 'view', app.application_id, chained => false);
  return r;
end
$$;

-- The inspection behind a task, locked for a change of `version`. NOT_FOUND, FORBIDDEN, HELD, STALE.
create function rule.lock_inspection(who rule.who, t application.task, version int)
returns application.inspection
language plpgsql
as $$
declare
  i application.inspection;
begin
  if t.holder_id is not null and t.holder_id <> who.user_id and t.role = 'technical_coordinator' then
    perform rule.fail(12, 'task_id', '%s is working on it', rule.user_name(t.office_id, t.holder_id));
  end if;
  select x.* into i
    from application.inspection x
   where x.office_id = who.office_id and x.inspection_id = t.inspection_id and x.unit_id = who.unit_id
     for update;
  if not found then
    perform rule.fail(9, 'task_id', 'This work is not there any more');
  end if;
  if i.version <> lock_inspection.version then
    perform rule.fail(10, 'version', 'Changed meanwhile by %s: read it again', coalesce(
      (select e.actor from audit.event e
        where e.office_id = i.office_id and e.application_id = i.application_id
          and e.detail->>'inspection_id' = i.inspection_id::text
        order by e.event_id desc limit 1), 'system'));
  end if;
  return i;
end
$$;

-- Each person named may do it: a surveyor of this department and this permit type, and no relative of the applicant.
create function rule.check_surveyors(who rule.who, app application.application, surveyors bigint[])
returns void
language plpgsql stable
as $$
declare
  member rule.who;
begin
  if coalesce(cardinality(surveyors), 0) = 0 then
    perform rule.fail(8, 'surveyors', 'Choose at least one surveyor');
  end if;
  if cardinality(surveyors) <> (select count(distinct s) from unnest(surveyors) s) then
    perform rule.fail(7, 'surveyors', 'This was given twice');
  end if;
  member.office_id := who.office_id;
  foreach member.user_id in array surveyors loop
    if not exists (select from identity.user_account u
                     join identity.user_role r on r.office_id = u.office_id and r.user_id = u.user_id
                    where u.office_id = who.office_id and u.user_id = member.user_id and u.active
                      and r.role = 'surveyor' and r.unit_id = who.unit_id
                      and (r.permit_type_id is null or r.permit_type_id = app.permit_type_id)) then
      perform rule.fail(7, 'surveyors', 'This person is not a surveyor of your department');
    end if;
    perform rule.refuse_absent(who.office_id, member.user_id, 'surveyors');
    perform rule.refuse_household(app, member);
  end loop;
end
$$;

-- The answer of a step on an inspection: the application's version does not change, departments work side by side.
create function rule.inspection_reply(app application.application, event_id bigint, unit_id bigint)
returns api.step_reply
language sql stable
as $$
  select (app.application_id, app.number, app.version, app.stage, rule.stage_name(app, app.stage),
          array[rule.announcement(app.office_id, 'technical_coordinator', unit_id, app.application_id, event_id),
                rule.announcement(app.office_id, 'surveyor', unit_id, app.application_id, event_id)])::api.step_reply;
$$;

create function api.inspection_assign(session_token bytea, idempotency_key bytea, task_id bigint, version int,
                                      surveyors bigint[], appointment_at bigint, visit boolean, instruction text,
                                      reason text default null)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'inspection.assign');
  request jsonb := jsonb_build_array(task_id, version, surveyors, appointment_at, visit, instruction, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  t application.task;
  i application.inspection;
  app application.application;
  event_id bigint;
  met text;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  reason := rule.text(reason, 'reason');
  -- the surveyors' task too: the coordinator may assign anew until somebody has reported
  t := rule.lock_task(who, task_id, of_any_role => true);
  i := rule.lock_inspection(who, t, version);
  select a.* into app from application.application a where a.office_id = t.office_id and a.application_id = t.application_id;
  if not rule.holds_role(who, 'technical_coordinator', app.permit_type_id) then
    perform rule.fail(5, 'task_id', 'This work belongs to another role');
  end if;
  if i.status not in ('asked', 'assigned') then
    perform rule.fail(11, 'task_id', 'The report is filed already');
  end if;
  perform rule.check_surveyors(who, app, surveyors);
  met := rule.surveyors_who_met(app, surveyors);
  if met is not null and reason is null then
    perform rule.fail(8, 'reason', 'Met this applicant not long ago: %s. Choose somebody else, or say why', met);
  end if;
  visit := coalesce(visit, false);
  if rule.visit_required(app) and not visit then
    perform rule.fail(7, 'visit', 'This permit type asks for a visit');
  end if;
  if visit and coalesce(appointment_at, 0) = 0 then
    perform rule.fail(8, 'appointment_at', 'A visit needs an appointment');
  end if;
  update application.inspection x
     set status = 'assigned', version = x.version + 1, visit = inspection_assign.visit,
         appointment_at = to_timestamp(nullif(inspection_assign.appointment_at, 0)),
         instruction = rule.text(inspection_assign.instruction, 'instruction', 2000)
   where x.office_id = i.office_id and x.inspection_id = i.inspection_id;
  delete from application.inspection_member m where m.office_id = i.office_id and m.inspection_id = i.inspection_id;
  insert into application.inspection_member (office_id, inspection_id, unit_id, user_id, position)
  select i.office_id, i.inspection_id, i.unit_id, s.id, s.place from unnest(surveyors) with ordinality s(id, place);
  if t.role = 'technical_coordinator' then
    perform rule.close_task(t, who, 'assign_surveyors');
    perform rule.open_task(app, 'surveyor', i.unit_id, i.inspection_id);
  elsif t.holder_id <> all (surveyors) then
    update application.task x set holder_id = null, held_at = null where x.office_id = t.office_id and x.task_id = t.task_id;
    perform rule.pass_custody(t, null, 'waiting');
  end if;
  event_id := rule.record(who, 'assign_surveyors', app.application_id, app.stage, null, concat_ws(' | ', reason, instruction),
    jsonb_strip_nulls(jsonb_build_object('inspection_id', i.inspection_id, 'surveyors', surveyors, 'appointment_at', appointment_at,
                                         'visit', visit, 'met_before', met)));
  return rule.remember(who, idempotency_key, request, rule.inspection_reply(app, event_id, i.unit_id));
end
$$;

-- Writes the checklist's answers. Every question is answered: REQUIRED, INVALID.
create function rule.answer_checklist(app application.application, i application.inspection, checklist jsonb)
returns void
language plpgsql
as $$
declare
  item catalogue.checklist_item;
  given jsonb := rule.by_code(checklist, array(select c.code from rule.checklist_items(app, i.unit_id) c), 'checklist');
begin
  for item in select c.* from rule.checklist_items(app, i.unit_id) c loop
    perform rule.require(given->item.code->>'answer', 'checklist.' || item.code);
    perform rule.is_one_of(given->item.code->>'answer', 'checklist.' || item.code, 'yes', 'no', 'not_applicable');
    insert into application.inspection_answer (office_id, inspection_id, unit_id, code, answer, note)
    values (i.office_id, i.inspection_id, i.unit_id, item.code, given->item.code->>'answer',
            rule.text(given->item.code->>'note', 'checklist.' || item.code, 1000));
  end loop;
end
$$;

-- The report (Berita Acara Pemeriksaan) as it was signed by everybody.
create function rule.produce_inspection_report(who rule.who, app application.application, inspection_id bigint, preview boolean default false)
returns bigint
language sql
as $$
  select rule.produce(who, app, 'inspection_report', jsonb_build_object(
      'inspection', jsonb_build_object('unit', u.name, 'status', i.status, 'visit', case when i.visit then 'yes' end,
        'appointment_at', rule.local_instant(i.office_id, i.appointment_at), 'visited_at', rule.local_instant(i.office_id, i.visited_at),
        'coordinates', i.coordinates, 'findings', i.findings, 'recommendation', i.recommendation, 'conditions', i.conditions),
      'members', (select jsonb_agg(jsonb_build_object('name', rule.user_name(m.office_id, m.user_id),
                                                      'signed_at', rule.local_instant(m.office_id, m.signed_at)) order by m.position)
                    from application.inspection_member m where m.office_id = i.office_id and m.inspection_id = i.inspection_id),
      'checklist', (select jsonb_agg(jsonb_build_object('question', c.question, 'answer', w.answer, 'note', w.note) order by c.position)
                      from rule.checklist_items(app, i.unit_id) c
                      left join application.inspection_answer w on w.office_id = i.office_id and w.inspection_id = i.inspection_id and w.code = c.code)),
    code => u.code, preview => produce_inspection_report.preview)
    from application.inspection i
    join catalogue.unit u on u.office_id = i.office_id and u.unit_id = i.unit_id
   where i.office_id = app.office_id and i.inspection_id = produce_inspection_report.inspection_id;
$$;

-- Signs for the caller. The last signature ends the inspection, and the last inspection the stage.
create function rule.sign_inspection(who rule.who, app application.application, t application.task,
                                     i application.inspection, action text, detail jsonb)
returns api.step_reply
language plpgsql
as $$
declare
  event_id bigint;
  reply api.step_reply;
  moved api.step_reply;
  complete boolean;
begin
  update application.inspection_member m set signed_at = now()
   where m.office_id = i.office_id and m.inspection_id = i.inspection_id and m.user_id = who.user_id and m.signed_at is null;
  if not found then
    perform rule.fail(11, 'task_id', 'You have signed already');
  end if;
  complete := not exists (select from application.inspection_member m
                           where m.office_id = i.office_id and m.inspection_id = i.inspection_id and m.signed_at is null);
  update application.inspection x
     set version = x.version + 1, status = case when complete then 'done' else 'reported' end
   where x.office_id = i.office_id and x.inspection_id = i.inspection_id;
  event_id := rule.record(who, action, app.application_id, app.stage, null, null,
                          detail || jsonb_build_object('inspection_id', i.inspection_id));
  reply := rule.inspection_reply(app, event_id, i.unit_id);
  if not complete then
    -- the others sign next: nobody holds it back from them
    update application.task x set holder_id = null, held_at = null where x.office_id = t.office_id and x.task_id = t.task_id;
    perform rule.pass_custody(t, null, 'waiting');
    return reply;
  end if;
  perform rule.close_task(t, who, action);
  perform rule.produce_inspection_report(who, app, i.inspection_id);
  -- whether the other departments are done too is seen by the office, not by this one
  perform rule.work_for(app.office_id, null);
  if rule.guard_objection(app, 'inspections_done', who) is null then
    moved := rule.advance(rule.system_who(app.office_id, who.method), app, 'complete');
    moved.announce := reply.announce || moved.announce;
    return moved;
  end if;
  return reply;
end
$$;

create function rule.check_coordinates(coordinates text)
returns text
language plpgsql immutable
as $$
declare
  part text[] := regexp_match(coordinates, '^\s*(-?[0-9]{1,2}(?:\.[0-9]{1,8})?)\s*,\s*(-?[0-9]{1,3}(?:\.[0-9]{1,8})?)\s*$');
begin
  if coordinates is null or btrim(coordinates) = '' then
    return null;
  end if;
  if part is null or abs(part[1]::numeric) > 90 or abs(part[2]::numeric) > 180 then
    perform rule.fail(7, 'coordinates', 'Coordinates are latitude, longitude: -5.113, 105.307');
  end if;
  return part[1] || ', ' || part[2];
end
$$;

create function api.inspection_report(session_token bytea, idempotency_key bytea, task_id bigint, version int, checklist jsonb,
                                      findings text, recommendation text, conditions text, visited_at bigint, coordinates text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'inspection.report');
  request jsonb := jsonb_build_array(task_id, version, checklist, findings, recommendation, conditions, visited_at, coordinates);
  before jsonb := rule.replay(who, idempotency_key, request);
  t application.task;
  i application.inspection;
  app application.application;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  t := rule.lock_task(who, task_id);
  i := rule.lock_inspection(who, t, version);
  select a.* into app from application.application a where a.office_id = t.office_id and a.application_id = t.application_id;
  if i.status <> 'assigned' then
    perform rule.fail(11, 'task_id', 'The report is filed already');
  end if;
  if t.holder_id is not null and t.holder_id <> who.user_id then
    perform rule.fail(12, 'task_id', '%s is working on it', rule.user_name(t.office_id, t.holder_id));
  end if;
  perform rule.answer_checklist(app, i, checklist);
  findings := rule.text(rule.require(findings, 'findings'), 'findings', 8000);
  perform rule.is_one_of(recommendation, 'recommendation', 'approve', 'approve_with_conditions', 'refuse');
  conditions := rule.text(conditions, 'conditions', 4000);
  if recommendation = 'approve_with_conditions' then
    perform rule.require(conditions, 'conditions');
  end if;
  visited_at := nullif(visited_at, 0);
  if i.visit and visited_at is null then
    perform rule.fail(8, 'visited_at', 'When was the visit?');
  end if;
  if to_timestamp(visited_at) > now() + interval '5 minutes' then
    perform rule.fail(7, 'visited_at', 'This day is still to come');
  end if;
  update application.inspection x
     set findings = inspection_report.findings, recommendation = inspection_report.recommendation,
         conditions = inspection_report.conditions, visited_at = to_timestamp(inspection_report.visited_at),
         coordinates = rule.check_coordinates(inspection_report.coordinates)
   where x.office_id = i.office_id and x.inspection_id = i.inspection_id;
  return rule.remember(who, idempotency_key, request,
    rule.sign_inspection(who, app, t, i, 'report', jsonb_build_object('recommendation', recommendation)));
end
$$;

create function api.inspection_sign(session_token bytea, idempotency_key bytea, task_id bigint, version int)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'inspection.sign');
  request jsonb := jsonb_build_array(task_id, version);
  before jsonb := rule.replay(who, idempotency_key, request);
  t application.task;
  i application.inspection;
  app application.application;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  t := rule.lock_task(who, task_id);
  i := rule.lock_inspection(who, t, version);
  select a.* into app from application.application a where a.office_id = t.office_id and a.application_id = t.application_id;
  if i.status <> 'reported' then
    perform rule.fail(11, 'task_id', 'There is no report to sign yet');
  end if;
  return rule.remember(who, idempotency_key, request, rule.sign_inspection(who, app, t, i, 'sign', '{}'));
end
$$;
