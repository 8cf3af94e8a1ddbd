-- Review and approval. Whoever took part earlier cannot decide: the guard not_involved of the workflow.

-- What both have in common: the role's task in `stage`, then the step.
create function rule.decide(who rule.who, app application.application, stage text, action text, reason text, rule text)
returns api.step_reply
language plpgsql
as $$
declare
  document text;
begin
  perform rule.take_task(who, app, stage);
  if action = 'approve' and app.proposal is distinct from 'approve' then
    perform rule.fail(11, 'action', 'The draft proposes a refusal: refuse it, or send it back');
  end if;
  if action = 'approve' then
    perform rule.check_revocable(app);
    select c.name into document
      from rule.version_of(app) v
      join application.requirement r on r.office_id = app.office_id and r.application_id = app.application_id
                                    and r.code = v.valid_not_past
      join catalogue.requirement c on c.office_id = app.office_id and c.permit_type_id = app.permit_type_id
                                  and c.version = app.permit_version and c.code = r.code
     where r.valid_until_on <= rule.office_date(app.office_id);
    if found then
      perform rule.fail(11, 'action', '"%s" is no longer valid: the permit cannot outlast it', document);
    end if;
  end if;
  if action = 'refuse' then
    app.decision_reason := rule.text(rule.require(reason, 'reason'), 'reason');
    app.decision_rule := rule.text(rule.require(rule, 'rule'), 'rule', 500);
    update application.application a set decision_reason = app.decision_reason, decision_rule = app.decision_rule
     where a.office_id = app.office_id and a.application_id = app.application_id;
  end if;
  return rule.advance(who, app, action, reason,
                      case when action = 'refuse' then jsonb_build_object('rule', app.decision_rule) end);
end
$$;

create function api.review_decide(session_token bytea, idempotency_key bytea, application_id bigint, version int,
                                  action text, reason text, rule text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'review.decide');
  request jsonb := jsonb_build_array(application_id, version, action, reason, rule);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  perform rule.is_one_of(action, 'action', 'initial', 'send_back');
  app := rule.lock_application(who, application_id, version);
  return rule.remember(who, idempotency_key, request, rule.decide(who, app, 'review', action, reason, rule));
end
$$;

create function api.approval_decide(session_token bytea, idempotency_key bytea, application_id bigint, version int,
                                    action text, reason text, rule text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'approval.decide');
  request jsonb := jsonb_build_array(application_id, version, action, reason, rule);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  perform rule.is_one_of(action, 'action', 'approve', 'refuse', 'send_back');
  if action <> 'send_back' then
    perform rule.need_proof(session_token);
  end if;
  app := rule.lock_application(who, application_id, version);
  return rule.remember(who, idempotency_key, request, rule.decide(who, app, 'approval', action, reason, rule));
end
$$;
