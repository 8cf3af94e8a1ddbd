-- A stage that an office added: its role takes one of the steps that lead out of it. Stages with work of their own
-- (verification, drafting ...) have their own functions, and are refused here.

create function api.stage_decide(session_token bytea, idempotency_key bytea, application_id bigint, version int,
                                 action text, reason text, rule text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'stage.decide');
  request jsonb := jsonb_build_array(application_id, version, action, reason, rule);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  here workflow.stage;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  app := rule.lock_application(who, application_id, version);
  here := rule.stage_of(app);
  if here.kind <> 'task' or exists (select from rule.known_stages() k where k.code = here.code) then
    perform rule.fail(11, 'action', 'This step is not possible in the stage "%s"', here.name);
  end if;
  if action = 'withdraw' then
    perform rule.fail(7, 'action', 'This is not one of the choices');
  end if;
  perform rule.take_task(who, app, here.code);
  return rule.remember(who, idempotency_key, request, rule.advance(who, app, rule.require(action, 'action'), reason));
end
$$;
