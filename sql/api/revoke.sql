-- A revocation begins: at the counter by the holder's request, or in the office with a legal reason. A head decides it.

create function rule.begin_revocation(who rule.who, p application.permit, pin text)
returns application.application
language plpgsql
as $$
declare
  old application.application;
  app application.application;
  v catalogue.permit_type_version;
begin
  select a.* into old from application.application a where a.office_id = p.office_id and a.application_id = p.application_id;
  if not exists (select from workflow.workflow w where w.office_id = who.office_id and w.code = 'revocation' and w.current_version > 0) then
    perform rule.fail(11, 'permit_number', 'The office has no workflow for revocations');
  end if;
  perform rule.template_of(who.office_id, 'revocation', old.permit_type_id);
  v := rule.version_of(old);
  v.workflow := 'revocation';
  app.applicant_id := old.applicant_id;
  app.kind := 'revoke';
  app.location := old.location;
  app.previous_permit := p.number;
  app := rule.new_application(who, v, app, pin);
  insert into application.search_name (office_id, application_id, name)
  select who.office_id, app.application_id, lower(x.name) from application.applicant x
   where x.office_id = old.office_id and x.applicant_id = old.applicant_id;
  return app;
end
$$;

-- The permit of that number, its application locked, if no revocation of it is under way. NOT_FOUND, NOT_NOW, DUPLICATE.
create function rule.permit_to_revoke(who rule.who, number text)
returns application.permit
language plpgsql
as $$
declare
  p application.permit;
  under_way text;
begin
  select x.* into p from application.permit x
   where x.office_id = who.office_id and x.kind = 'permit' and x.number = upper(btrim(permit_to_revoke.number));
  if not found then
    perform rule.fail(9, 'permit_number', 'There is no permit with this number');
  end if;
  perform rule.lock_application(who, p.application_id, null);
  select x.* into p from application.permit x where x.office_id = p.office_id and x.permit_id = p.permit_id;
  perform rule.refuse_unrevocable(p, 'permit_number');
  if exists (select from document.document d
              where d.office_id = p.office_id and d.application_id = p.application_id and d.kind in ('permit', 'decree')
                and d.state in ('to_render', 'to_sign') and not d.preview) then
    perform rule.fail(11, 'permit_number', 'This permit is not signed yet');
  end if;
  select a.number into under_way
    from application.revocation r
    join application.application a on a.office_id = r.office_id and a.application_id = r.application_id
   where r.office_id = p.office_id and r.permit_id = p.permit_id and r.revoked_at is null
     and coalesce(a.outcome, 'approved') = 'approved' and a.closed_at is null
   limit 1;
  if found then
    perform rule.fail(13, 'permit_number', 'Its revocation is under way already: %s', under_way);
  end if;
  return p;
end
$$;

create function api.intake_revoke(session_token bytea, idempotency_key bytea, permit_number text, asked_by text, reason text, rule text)
returns api.intake_submit_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'intake.revoke');
  request jsonb := jsonb_build_array(permit_number, asked_by, reason, rule);
  before jsonb := rule.replay(who, idempotency_key, request);
  p application.permit;
  app application.application;
  step api.step_reply;
  reply api.intake_submit_reply;
begin
  if before is not null then
    return jsonb_populate_record(null::api.intake_submit_reply, before);
  end if;
  perform rule.is_one_of(asked_by, 'asked_by', 'holder', 'office');
  -- who asks comes to the counter; the office's own reasons are those of the people who know the file
  if not (case asked_by when 'holder' then 'front_office' = any (who.roles) else who.roles && '{analyst,section_head}' end) then
    perform rule.fail(5, 'asked_by', 'The counter takes in what a holder asks for, an analyst or section head proposes for the office');
  end if;
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 2000);
  intake_revoke.rule := rule.text(intake_revoke.rule, 'rule', 500);
  if asked_by = 'office' then
    perform rule.require(intake_revoke.rule, 'rule');
  end if;
  p := rule.permit_to_revoke(who, rule.require(permit_number, 'permit_number'));
  reply.pin := rule.random_pin();
  app := rule.begin_revocation(who, p, reply.pin);
  insert into application.revocation (office_id, application_id, permit_id, asked_by, reason, rule, begun_by)
  values (app.office_id, app.application_id, p.permit_id, asked_by, reason, intake_revoke.rule, who.user_id);
  -- the workflow's first step is the system's, because the counter and the office begin it; who did stands here, and decides nothing
  perform rule.record(who, 'ask_revocation', app.application_id, app.stage, null, reason,
                      jsonb_build_object('number', p.number, 'asked_by', asked_by, 'rule', intake_revoke.rule));
  step := rule.advance(rule.system_who(who.office_id, 'intake.revoke'), app, 'submit');
  select a.* into app from application.application a where a.office_id = who.office_id and a.application_id = app.application_id;
  reply.application_id := app.application_id;
  reply.number := app.number;
  reply.promised_on := app.promised_on::text;
  reply.service_days := app.service_days;
  reply.permit_name := (rule.version_of(app)).name;
  reply.fee := 0;
  reply.version := step.version;
  reply.document_id := rule.produce(who, app, 'receipt', jsonb_build_object('receipt', jsonb_build_object('pin', reply.pin, 'fee', 0)));
  reply.announce := step.announce || rule.announcement(who.office_id, 'system', null, app.application_id, rule.last_event(who.office_id));
  return rule.remember(who, idempotency_key, request, reply);
end
$$;
