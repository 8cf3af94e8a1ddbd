-- Taking work, letting it go, passing it on. None of these changes the application's version: whoever reads it
-- stays up to date. Each is an audit row and an interval of the ledger.

-- The open task, locked, if the caller may work on it. NOT_FOUND, FORBIDDEN.
create function rule.lock_task(who rule.who, task_id bigint, of_any_role boolean default false)
returns application.task
language plpgsql
as $$
declare
  t application.task;
  app application.application;
begin
  select x.* into t from application.task x where x.office_id = who.office_id and x.task_id = lock_task.task_id;
  if not found then
    perform rule.fail(9, 'task_id', 'This work is not there any more');
  end if;
  -- the application's row first, as in every step: one order of locks
  app := rule.lock_application(who, t.application_id, null);
  select x.* into t from application.task x
   where x.office_id = who.office_id and x.task_id = lock_task.task_id and x.closed_at is null
     for update;
  if not found then
    perform rule.fail(9, 'task_id', 'This work is not there any more');
  end if;
  if not of_any_role and not (t.role = any (who.roles) and rule.holds_role(who, t.role, t.permit_type_id)) then
    perform rule.fail(5, 'task_id', 'This work belongs to another role');
  end if;
  if t.role = 'surveyor' and not of_any_role and not exists (select from application.inspection_member m
        where m.office_id = t.office_id and m.inspection_id = t.inspection_id and m.user_id = who.user_id) then
    perform rule.fail(5, 'task_id', 'You are not a member of this inspection');
  end if;
  return t;
end
$$;

create function rule.hold_task(who rule.who, t application.task, holder_id bigint, action text, reason text, detail jsonb)
returns api.step_reply
language plpgsql
as $$
declare
  app application.application;
  stage workflow.stage;
  event_id bigint;
begin
  update application.task x
     set holder_id = hold_task.holder_id, held_at = case when hold_task.holder_id is not null then now() end,
         on_behalf_of = case when hold_task.holder_id = who.user_id and rule.is_delegate_of(who, t.holder_id, t.role) then t.holder_id end
   where x.office_id = t.office_id and x.task_id = t.task_id;
  perform rule.pass_custody(t, holder_id, case when holder_id is null then rule.waiting_reason(t) else 'working' end);
  event_id := rule.record(who, action, t.application_id, t.stage, null, reason, detail,
                          role => case when t.role = any (who.roles) then t.role end);
  select a.* into app from application.application a
   where a.office_id = t.office_id and a.application_id = t.application_id;
  stage := rule.stage_of(app);
  if stage.kind = 'sign' and holder_id is not null then
    perform rule.ask_signatures_of(app, holder_id);
  end if;
  return (app.application_id, app.number, app.version, stage.code, stage.name,
          array[rule.announcement(t.office_id, t.role, t.unit_id, t.application_id, event_id)])::api.step_reply;
end
$$;

create function api.task_claim(session_token bytea, idempotency_key bytea, task_id bigint, reason text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'task.claim');
  t application.task := rule.lock_task(who, task_id);
begin
  reason := rule.text(reason, 'reason');
  if rule.is_delegate_of(who, t.holder_id, t.role) then   -- it waits for somebody who is away
    return rule.hold_task(who, t, who.user_id, 'take_over', reason, jsonb_build_object('from', t.holder_id));
  end if;
  if t.holder_id is not null and t.holder_id <> who.user_id then
    perform rule.fail(12, 'task_id', '%s is working on it',
                      (select u.name from identity.user_account u where u.office_id = t.office_id and u.user_id = t.holder_id));
  end if;
  if t.holder_id = who.user_id then   -- already ours: a repeated request, or a second window
    return (select (a.application_id, a.number, a.version, a.stage, (rule.stage_of(a)).name, null)::api.step_reply
              from application.application a
             where a.office_id = t.office_id and a.application_id = t.application_id);
  end if;
  return rule.hold_task(who, t, who.user_id, 'claim', reason, rule.keep_order(who, t, reason));
end
$$;

create function api.task_release(session_token bytea, idempotency_key bytea, task_id bigint, reason text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'task.release');
  request jsonb := jsonb_build_array(task_id, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  t application.task;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  t := rule.lock_task(who, task_id);
  if t.holder_id is distinct from who.user_id then
    perform rule.fail(11, 'task_id', 'You are not working on it');
  end if;
  return rule.remember(who, idempotency_key, request, rule.hold_task(who, t, null, 'release', rule.text(reason, 'reason'), null));
end
$$;

-- Takes work from the colleague who holds it, for a reason that is recorded.
create function api.task_take_over(session_token bytea, idempotency_key bytea, task_id bigint, reason text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'task.take_over');
  request jsonb := jsonb_build_array(task_id, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  t application.task;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  reason := rule.text(reason, 'reason');
  t := rule.lock_task(who, task_id);
  if not rule.is_delegate_of(who, t.holder_id, t.role) then
    perform rule.require(reason, 'reason');
  end if;
  return rule.remember(who, idempotency_key, request,
    rule.hold_task(who, t, who.user_id, 'take_over', reason, jsonb_build_object('from', t.holder_id)));
end
$$;

-- A section head gives work to somebody of the role that it needs.
create function api.task_assign(session_token bytea, idempotency_key bytea, task_id bigint, user_id bigint, reason text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'task.assign');
  request jsonb := jsonb_build_array(task_id, user_id, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  t application.task;
  assignee rule.who;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  t := rule.lock_task(who, task_id, of_any_role => true);
  if t.role <> all (rule.assignable_roles()) then
    perform rule.fail(5, 'task_id', 'This work is not yours to give');
  end if;
  assignee.office_id := who.office_id;
  assignee.user_id := user_id;
  if not exists (select from identity.user_account u
                  where u.office_id = who.office_id and u.user_id = task_assign.user_id and u.active)
     or not rule.holds_role(assignee, t.role, t.permit_type_id) then
    perform rule.fail(7, 'user_id', 'This person does not have the role for it');
  end if;
  perform rule.refuse_absent(who.office_id, user_id, 'user_id');
  perform rule.refuse_household((select a from application.application a
                                  where a.office_id = t.office_id and a.application_id = t.application_id), assignee);
  return rule.remember(who, idempotency_key, request,
    rule.hold_task(who, t, user_id, 'assign', rule.text(reason, 'reason'),
                   jsonb_build_object('from', t.holder_id, 'to', user_id)));
end
$$;

create type api.staff_row as (user_id bigint, name text, unit text, open_tasks int);
create type api.staff_list_reply as (staff api.staff_row[]);

create function api.staff_list(session_token bytea, role text)
returns api.staff_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'staff.list');
begin
  if who.unit_id is not null then
    perform rule.is_one_of(role, 'role', 'surveyor');
  end if;
  return row((
    select array_agg((u.user_id, u.name, n.code,
                      (select count(*) from application.task t
                        where t.office_id = u.office_id and t.holder_id = u.user_id and t.closed_at is null))::api.staff_row
                     order by u.name, u.user_id)
      from (select distinct r.user_id, r.unit_id from identity.user_role r
             where r.office_id = who.office_id and r.role = staff_list.role
               and rule.away_until(who.office_id, r.user_id) is null
               and (who.unit_id is null or r.unit_id = who.unit_id)) x
      join identity.user_account u on u.office_id = who.office_id and u.user_id = x.user_id and u.active
      left join catalogue.unit n on n.office_id = who.office_id and n.unit_id = x.unit_id))::api.staff_list_reply;
end
$$;
