-- The analyst: each document accepted or refused, one return that lists everything, the way on; then the draft.

-- Writes the decisions down. REQUIRED where a refusal has no reason.
create function rule.decide_requirements(app application.application, decisions jsonb, judge bigint)
returns void
language plpgsql
as $$
declare
  known text[] := array(select r.code from application.requirement r
                         where r.office_id = app.office_id and r.application_id = app.application_id and r.present);
  decided record;
  why text;
begin
  for decided in select d.key as code, d.value from jsonb_each(rule.by_code(decisions, known, 'decisions')) d order by d.key loop
    why := null;
    if not coalesce((decided.value->>'accepted')::boolean, false) then
      why := rule.text(rule.require(decided.value->>'reason', 'decisions.' || decided.code), 'decisions.' || decided.code, 500);
    end if;
    update application.requirement r
       set status = case when why is null then 'accepted' else 'refused' end,
           reason = why, judged_by = judge, judged_at = now()
     where r.office_id = app.office_id and r.application_id = app.application_id and r.code = decided.code;
  end loop;
end
$$;

-- Marks what goes back to the applicant. Everything wrong goes back at once: nothing may be left undecided.
create function rule.return_to_applicant(app application.application, note text, returned_fields text[])
returns void
language plpgsql
as $$
declare
  c text;
begin
  select r.code into c
    from application.requirement r
   where r.office_id = app.office_id and r.application_id = app.application_id and r.present and r.status = 'pending'
   order by r.code limit 1;
  if found then
    perform rule.fail(8, 'decisions.' || c, 'Decide every document first: one return lists everything');
  end if;
  foreach c in array coalesce(returned_fields, '{}') loop
    update application.field_value f set returned = true, changed = false, old_value = null
     where f.office_id = app.office_id and f.application_id = app.application_id and f.code = c;
    if not found then
      perform rule.fail(7, 'returned_fields', 'There is no field "%s" in this application', c);
    end if;
  end loop;
  update application.requirement r set returned = r.status = 'refused'
   where r.office_id = app.office_id and r.application_id = app.application_id;
  update application.application a set return_note = note
   where a.office_id = app.office_id and a.application_id = app.application_id;
end
$$;

-- The departments to ask: those named, or those of the permit type. INVALID when one is no department.
create function rule.departments(app application.application, units text[])
returns bigint[]
language plpgsql stable
as $$
declare
  unknown text;
  ids bigint[];
begin
  if coalesce(cardinality(units), 0) = 0 then
    ids := array(select p.unit_id from catalogue.permit_type_unit p
                  where p.office_id = app.office_id and p.permit_type_id = app.permit_type_id
                    and p.version = app.permit_version order by p.unit_id);
  else
    select x.code into unknown
      from unnest(units) x(code)
     where not exists (select from catalogue.unit u
                        where u.office_id = app.office_id and u.code = x.code and u.department) limit 1;
    if found then
      perform rule.fail(7, 'units', '"%s" is not a technical department', unknown);
    end if;
    ids := array(select u.unit_id from catalogue.unit u
                  where u.office_id = app.office_id and u.code = any (units) order by u.unit_id);
  end if;
  if cardinality(ids) = 0 then
    perform rule.fail(8, 'units', 'Choose at least one department');
  end if;
  return ids;
end
$$;

-- Moves on to the inspection: each department gets its own, with a task for its coordinator.
create function rule.ask_departments(who rule.who, app application.application, units text[], reason text)
returns api.step_reply
language plpgsql
as $$
declare
  ids bigint[] := rule.departments(app, units);
  asked bigint;
  i application.inspection;
  t application.task;
  reply api.step_reply;
begin
  reply := rule.advance(who, app, 'inspect', reason, jsonb_build_object('units',
             (select jsonb_agg(u.code order by u.code) from catalogue.unit u
               where u.office_id = app.office_id and u.unit_id = any (ids))));
  app.stage := reply.stage;
  foreach asked in array ids loop
    insert into application.inspection (office_id, application_id, unit_id, visit)
    values (app.office_id, app.application_id, asked, rule.visit_required(app))
    returning * into i;
    t := rule.open_task(app, 'technical_coordinator', asked, i.inspection_id);
    reply.announce := reply.announce || rule.announcement(app.office_id, t.role, t.unit_id, app.application_id,
                                                          rule.last_event(app.office_id));
  end loop;
  return reply;
end
$$;

create function api.verify_submit(session_token bytea, idempotency_key bytea, application_id bigint, version int,
                                  decisions jsonb, action text, reason text, returned_fields text[], units text[])
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'verify.submit');
  request jsonb := jsonb_build_array(application_id, version, decisions, action, reason, returned_fields, units);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  reply api.step_reply;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  if action is not null then
    perform rule.is_one_of(action, 'action', 'return', 'inspect', 'draft', 'propose_refusal');
  end if;
  app := rule.lock_application(who, application_id, version);
  perform rule.take_task(who, app, 'verification');
  reason := rule.text(reason, 'reason');
  perform rule.decide_requirements(app, decisions, who.user_id);
  if action is null then
    reply := rule.touch(who, app, 'save', null, jsonb_build_object('decisions', decisions));
  elsif action = 'inspect' then
    reply := rule.ask_departments(who, app, units, reason);
  else
    if action = 'return' then
      perform rule.return_to_applicant(app, reason, returned_fields);
    end if;
    app.proposal := case when action = 'propose_refusal' then 'refuse' end;
    update application.application a
       set proposal = app.proposal, decision_reason = case when action = 'propose_refusal' then verify_submit.reason end
     where a.office_id = app.office_id and a.application_id = app.application_id and action <> 'return';
    reply := rule.advance(who, app, action, reason, jsonb_build_object('decisions', decisions, 'returned_fields', returned_fields));
  end if;
  return rule.remember(who, idempotency_key, request, reply);
end
$$;

-- An approval may be drafted only of what is in order, whatever way led to the draft.
create function rule.refuse_unfounded(app application.application, who rule.who)
returns void
language plpgsql stable
as $$
declare
  objection text := coalesce(rule.guard_objection(app, 'all_accepted', who), rule.guard_objection(app, 'no_visit_needed', who));
begin
  if app.proposal = 'approve' and objection is not null then
    perform rule.fail(11, 'proposal', objection);
  end if;
end
$$;

create function api.draft_submit(session_token bytea, idempotency_key bytea, application_id bigint, version int,
                                 action text, proposal text, considerations text, conditions text, reason text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'draft.submit');
  request jsonb := jsonb_build_array(application_id, version, action, proposal, considerations, conditions, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  reply api.step_reply;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  if action is not null then
    perform rule.is_one_of(action, 'action', 'submit', 'send_back');
  end if;
  app := rule.lock_application(who, application_id, version);
  perform rule.take_task(who, app, 'drafting');
  if proposal is not null or action = 'submit' then
    perform rule.require(proposal, 'proposal');
    app.proposal := rule.is_one_of(proposal, 'proposal', 'approve', 'refuse');
  end if;
  app.considerations := rule.text(considerations, 'considerations', 4000);
  app.conditions := rule.text(conditions, 'conditions', 4000);
  if app.proposal is distinct from 'refuse' then
    app.decision_reason := null;
  elsif action is distinct from 'send_back' then
    app.decision_reason := coalesce(rule.text(reason, 'reason'), app.decision_reason);
  end if;
  if action = 'submit' then
    perform rule.refuse_unfounded(app, who);
    if app.proposal = 'refuse' then
      perform rule.require(app.decision_reason, 'reason');
    end if;
  end if;
  update application.application a
     set proposal = app.proposal, considerations = app.considerations, conditions = app.conditions,
         decision_reason = app.decision_reason
   where a.office_id = app.office_id and a.application_id = app.application_id;
  if action is null then
    reply := rule.touch(who, app, 'save', null, jsonb_build_object('proposal', app.proposal));
  else
    if action = 'submit' and rule.bill_due(app) then
      perform rule.issue_bill(app);
      perform rule.produce_bill(who, app);
    end if;
    reply := rule.advance(who, app, action, reason, jsonb_build_object('proposal', app.proposal));
  end if;
  return rule.remember(who, idempotency_key, request, reply);
end
$$;
