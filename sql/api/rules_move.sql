-- Running applications go on under another version of their workflow: proposed with a stage for each stage, previewed
-- with how many stand where, approved by another administrator, and done in one transaction.

create type api.rule_move_stage as (stage text, name text, running int, to_stage text, problem text);
create type api.rule_move_row as (
  move_id bigint, code text, from_version int, to_version int, reason text, proposed_by text, proposed_at bigint, stages api.rule_move_stage[]);
create type api.rule_moves_reply as (moves api.rule_move_row[]);
create type api.rule_move_preview_reply as (stages api.rule_move_stage[], running int, stuck int);

-- Where the running applications of a version stand, and where each goes on: in the stage that the mapping names, else
-- in the stage of the same code. What cannot go on is told.
create function rule.move_stages(office bigint, workflow bigint, from_version int, to_version int, mapping jsonb)
returns setof api.rule_move_stage
language sql stable
as $$
  select s.code, s.name, coalesce(c.running, 0), t.code,
         case when s.kind = 'end' then null
              when n.code is null then 'has no stage to go on in'
              when n.kind <> s.kind then 'goes on in a stage of another kind'
              when s.kind = 'inspection' and n.code <> s.code then 'an inspection goes on where it is'
              when s.kind in ('issue', 'refuse') then 'is being issued: wait until it is done' end
    from workflow.stage s
   cross join lateral (select coalesce(nullif(mapping->>s.code, ''), s.code) as code) t
    left join workflow.stage n on n.office_id = s.office_id and n.workflow_id = s.workflow_id and n.version = move_stages.to_version and n.code = t.code
    left join (select a.stage, count(*)::int as running from application.application a
                where a.office_id = office and a.workflow_id = workflow and a.workflow_version = move_stages.from_version and a.closed_at is null
                group by a.stage) c on c.stage = s.code
   where s.office_id = office and s.workflow_id = workflow and s.version = move_stages.from_version
   order by s.position;
$$;

-- A workflow by its code with both versions there. NOT_FOUND, INVALID.
create function rule.move_workflow(office bigint, code text, from_version int, to_version int)
returns workflow.workflow
language plpgsql stable
as $$
declare
  w workflow.workflow;
begin
  select x.* into w from workflow.workflow x where x.office_id = office and x.code = move_workflow.code;
  if not found then
    perform rule.fail(9, 'code', 'There is no such rule');
  end if;
  if not exists (select from workflow.version v where v.office_id = office and v.workflow_id = w.workflow_id and v.version = from_version) then
    perform rule.fail(9, 'from_version', 'There is no such version');
  end if;
  if not exists (select from workflow.version v where v.office_id = office and v.workflow_id = w.workflow_id and v.version = to_version) then
    perform rule.fail(9, 'to_version', 'There is no such version');
  end if;
  if from_version = to_version then
    perform rule.fail(7, 'to_version', 'Applications stay where they are: choose another version');
  end if;
  return w;
end
$$;

-- [{"key": stage, "value": stage}] as {"stage": "stage"}; what is not a stage of the versions is refused.
create function rule.checked_mapping(w workflow.workflow, from_version int, to_version int, mapping jsonb)
returns jsonb
language plpgsql stable
as $$
declare
  given record;
  result jsonb := '{}';
begin
  for given in select x->>'key' as stage, btrim(x->>'value') as goes_to from jsonb_array_elements(coalesce(mapping, '[]')) x loop
    continue when coalesce(given.goes_to, '') = '';
    if not exists (select from workflow.stage s where s.office_id = w.office_id and s.workflow_id = w.workflow_id and s.version = from_version and s.code = given.stage) then
      perform rule.fail(7, 'mapping.' || given.stage, 'there is no [stage:%s]', given.stage);
    end if;
    if not exists (select from workflow.stage s where s.office_id = w.office_id and s.workflow_id = w.workflow_id and s.version = to_version and s.code = given.goes_to) then
      perform rule.fail(7, 'mapping.' || given.stage, 'there is no [stage:%s]', given.goes_to);
    end if;
    result := result || jsonb_build_object(given.stage, given.goes_to);
  end loop;
  return result;
end
$$;

create function api.rules_move_preview(session_token bytea, code text, from_version int, to_version int, mapping jsonb)
returns api.rule_move_preview_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.move_preview');
  w workflow.workflow := rule.move_workflow(who.office_id, code, from_version, to_version);
  stages api.rule_move_stage[];
begin
  stages := array(select m from rule.move_stages(who.office_id, w.workflow_id, from_version, to_version,
                                                 rule.checked_mapping(w, from_version, to_version, mapping)) m);
  return (stages, (select sum(s.running)::int from unnest(stages) s),
          (select coalesce(sum(s.running), 0)::int from unnest(stages) s where s.problem is not null))::api.rule_move_preview_reply;
end
$$;

create function api.rules_moves(session_token bytea)
returns api.rule_moves_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.moves');
begin
  return row((
    select array_agg((m.move_id, w.code, m.from_version, m.to_version, m.reason, rule.user_name(m.office_id, m.proposed_by), rule.to_seconds(m.proposed_at),
             array(select s from rule.move_stages(m.office_id, m.workflow_id, m.from_version, m.to_version, m.mapping) s where s.running > 0))::api.rule_move_row
             order by m.move_id)
      from workflow.move m join workflow.workflow w on w.office_id = m.office_id and w.workflow_id = m.workflow_id
     where m.office_id = who.office_id and m.state = 'proposed'))::api.rule_moves_reply;
end
$$;

-- Every application that runs under the version has a place to go. NOT_NOW.
create function rule.refuse_stuck(office bigint, workflow bigint, from_version int, to_version int, mapping jsonb)
returns void
language plpgsql stable
as $$
declare
  s record;
begin
  select x.* into s from rule.move_stages(office, workflow, from_version, to_version, mapping) x where x.running > 0 and x.problem is not null limit 1;
  if found then
    perform rule.fail(11, 'mapping.' || s.stage, 'Applications in the stage "%s" have no place to go', s.name);
  end if;
end
$$;

create function api.rules_move_propose(session_token bytea, idempotency_key bytea, code text, from_version int, to_version int,
                                       mapping jsonb, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.move_propose');
  request jsonb := jsonb_build_array(code, from_version, to_version, mapping, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  w workflow.workflow;
  goes jsonb;
  added bigint;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  w := rule.move_workflow(who.office_id, code, from_version, to_version);
  goes := rule.checked_mapping(w, from_version, to_version, mapping);
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 2000);
  perform rule.refuse_stuck(who.office_id, w.workflow_id, from_version, to_version, goes);
  insert into workflow.move (office_id, workflow_id, from_version, to_version, mapping, reason, proposed_by)
  values (who.office_id, w.workflow_id, from_version, to_version, goes, reason, who.user_id)
  on conflict do nothing
  returning move_id into added;
  if added is null then
    perform rule.fail(13, 'code', 'Applications of %s wait to be moved already', code);
  end if;
  perform rule.record(who, 'rules_move_propose', reason => reason, detail => jsonb_build_object('code', code, 'from', from_version, 'to', to_version,
                      'mapping', goes));
  return rule.remember(who, idempotency_key, request, row(null)::api.empty);
end
$$;

-- One application goes on under the other version. Its promise stays; work that somebody holds is given back, when its
-- stage or role is another.
create function rule.move_application(who rule.who, app application.application, m workflow.move)
returns text[]
language plpgsql
as $$
declare
  before workflow.stage := rule.stage_of(app);
  after workflow.stage;
  t application.task;
  event_id bigint;
  queues text[] := '{}';
begin
  app.stage := coalesce(m.mapping->>app.stage, app.stage);
  app.workflow_version := m.to_version;
  after := rule.stage_of(app);
  if app.stopped_at is not null and after.clock_runs then
    app.promised_on := rule.add_working_days(app.office_id, app.promised_on,
      greatest(rule.working_days_between(app.office_id, rule.office_date(app.office_id, app.stopped_at), rule.office_date(app.office_id)), 0));
    app.stopped_at := null;
  elsif app.stopped_at is null and not after.clock_runs then
    app.stopped_at := now();
  end if;
  update application.application a
     set stage = app.stage, workflow_version = app.workflow_version, promised_on = app.promised_on, stopped_at = app.stopped_at,
         version = a.version + 1, changed_by = who.user_id
   where a.office_id = app.office_id and a.application_id = app.application_id;
  event_id := rule.record(who, 'move_version', app.application_id, before.code, after.code, m.reason,
                          jsonb_build_object('from_version', m.from_version, 'to_version', m.to_version, 'proposed_by', rule.user_name(m.office_id, m.proposed_by)));
  if after.kind not in ('end', 'inspection') and (before.code <> after.code or before.role <> after.role) then
    for t in select x.* from application.task x
              where x.office_id = app.office_id and x.application_id = app.application_id and x.closed_at is null for update loop
      perform rule.close_task(t, who, 'move_version');
      queues := queues || t.role;
    end loop;
    t := rule.open_task(app, after.role, waits_for_applicant => not after.clock_runs);
    queues := queues || t.role;
  end if;
  return array(select distinct rule.announcement(app.office_id, q, null, app.application_id, event_id) from unnest(queues) q);
end
$$;

create function api.rules_move_decide(session_token bytea, idempotency_key bytea, move_id bigint, approve boolean, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.move_decide');
  request jsonb := jsonb_build_array(move_id, approve, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  m workflow.move;
  app application.application;
  announce text[] := '{}';
  done_now int := 0;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  reason := rule.text(reason, 'reason', 2000);
  select x.* into m from workflow.move x where x.office_id = who.office_id and x.move_id = rules_move_decide.move_id for update;
  if not found or m.state <> 'proposed' then
    perform rule.fail(9, 'move_id', 'This is decided already, or was never proposed');
  end if;
  if m.proposed_by = who.user_id then
    perform rule.fail(5, 'move_id', 'You proposed this: somebody else must decide');
  end if;
  if approve then
    -- first all of them stand still, then it is asked where they stand
    perform from application.application a
      where a.office_id = who.office_id and a.workflow_id = m.workflow_id and a.workflow_version = m.from_version and a.closed_at is null
      order by a.application_id for no key update;
    perform rule.refuse_stuck(who.office_id, m.workflow_id, m.from_version, m.to_version, m.mapping);
    for app in select a.* from application.application a
                where a.office_id = who.office_id and a.workflow_id = m.workflow_id and a.workflow_version = m.from_version and a.closed_at is null
                order by a.application_id loop
      announce := announce || rule.move_application(who, app, m);
      done_now := done_now + 1;
    end loop;
  else
    perform rule.require(reason, 'reason');
  end if;
  update workflow.move x
     set state = case when approve then 'done' else 'rejected' end, decided_by = who.user_id, decided_at = now(),
         moved = case when approve then done_now end
   where x.office_id = m.office_id and x.move_id = m.move_id;
  perform rule.record(who, case when approve then 'rules_move' else 'rules_move_reject' end, reason => coalesce(reason, m.reason),
                      detail => jsonb_build_object('code', (select w.code from workflow.workflow w where w.office_id = m.office_id and w.workflow_id = m.workflow_id),
                                'from', m.from_version, 'to', m.to_version, 'moved', done_now, 'proposed_by', rule.user_name(m.office_id, m.proposed_by)));
  return rule.remember(who, idempotency_key, request, row(announce)::api.empty);
end
$$;
