-- After intake, at the counter: what was returned is corrected, an application is withdrawn, the result is handed over.

-- The fields of a correction. Only what was returned may change, or what an answer newly asks; what it was is kept.
create function rule.correct_fields(app application.application, v catalogue.permit_type_version, given jsonb)
returns jsonb
language plpgsql
as $$
declare
  stored jsonb;
  answers jsonb;
  code text;
begin
  select coalesce(jsonb_object_agg(f.code, jsonb_build_object('value', f.value)), '{}') into stored
    from application.field_value f
   where f.office_id = app.office_id and f.application_id = app.application_id;
  answers := rule.checked_fields(v, stored || given, app);
  select f.code into code
    from application.field_value f
   where f.office_id = app.office_id and f.application_id = app.application_id and not f.returned
     and answers ? f.code and answers->>f.code is distinct from f.value
   order by f.code limit 1;
  if found then
    perform rule.fail(5, 'fields.' || code, 'Only what was returned may be changed');
  end if;
  -- a file that was attached anew is in its place already, and stays marked as changed
  update application.field_value f
     set old_value = case when changing then f.value when arrived then f.old_value end, value = a.value, changed = changing or arrived,
         returned = false
    from application.field_value o
    left join jsonb_each_text(answers) a on a.key = o.code
   cross join lateral (select a.value is distinct from o.value, o.changed and o.returned) c(changing, arrived)
   where f.office_id = app.office_id and f.application_id = app.application_id
     and o.office_id = f.office_id and o.application_id = f.application_id and o.code = f.code;
  insert into application.field_value (office_id, application_id, code, value, changed)
  select app.office_id, app.application_id, a.key, a.value, true
    from jsonb_each_text(answers) a
      on conflict on constraint field_value_pkey do nothing;
  return answers;
end
$$;

-- The documents of a correction. What was returned or changed is to be verified again; what was accepted stays.
create function rule.correct_requirements(app application.application, v catalogue.permit_type_version, answers jsonb, given jsonb)
returns void
language plpgsql
as $$
declare
  c catalogue.requirement;
  r application.requirement;
  fresh application.requirement;
  today date := rule.office_date(app.office_id);
begin
  update application.requirement x
     set changed = false, old_document_number = null, old_issued_on = null, old_valid_until_on = null
   where x.office_id = app.office_id and x.application_id = app.application_id;
  for c in select x.* from rule.asked_requirements(v, answers) x loop
    select x.* into r from application.requirement x
     where x.office_id = app.office_id and x.application_id = app.application_id and x.code = c.code;
    if not found then
      fresh := rule.checked_requirement(c, given->c.code, today);
      if c.required and not fresh.present then
        perform rule.fail(8, 'requirements.' || c.code, 'This must be filled in');
      end if;
      insert into application.requirement (office_id, application_id, code, present, document_number, issued_on,
                                           valid_until_on, changed)
      values (app.office_id, app.application_id, c.code, fresh.present, fresh.document_number, fresh.issued_on,
              fresh.valid_until_on, true);
      continue;
    end if;
    continue when not given ? c.code;
    if not r.returned then
      if (coalesce((given->c.code->>'present')::boolean, false), coalesce(rule.number_of(given->c.code->>'document_number'), ''),
          coalesce(given->c.code->>'issued_on', ''), coalesce(given->c.code->>'valid_until_on', ''))
         is distinct from (r.present, coalesce(r.document_number, ''), coalesce(r.issued_on::text, ''),
                           coalesce(r.valid_until_on::text, '')) then
        perform rule.fail(5, 'requirements.' || c.code, 'Only what was returned may be changed');
      end if;
      continue;
    end if;
    fresh := rule.checked_requirement(c, given->c.code, today);
    if c.required and not fresh.present then
      perform rule.fail(8, 'requirements.' || c.code, 'This must be filled in');
    end if;
    update application.requirement x
       set present = fresh.present, document_number = fresh.document_number, issued_on = fresh.issued_on,
           valid_until_on = fresh.valid_until_on, status = 'pending', reason = null, changed = true,
           old_document_number = x.document_number, old_issued_on = x.issued_on, old_valid_until_on = x.valid_until_on
     where x.office_id = app.office_id and x.application_id = app.application_id and x.code = c.code;
  end loop;
  -- a document that the corrected answers no longer ask for stands in nobody's way
  update application.requirement x
     set present = false, status = 'pending', reason = null
   where x.office_id = app.office_id and x.application_id = app.application_id
     and x.code not in (select c2.code from rule.asked_requirements(v, answers) c2);
  update application.requirement x set returned = false
   where x.office_id = app.office_id and x.application_id = app.application_id and x.returned;
end
$$;

create function api.intake_correct(session_token bytea, idempotency_key bytea, application_id bigint, version int,
                                   fields jsonb, requirements jsonb)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'intake.correct');
  request jsonb := jsonb_build_array(application_id, version, fields, requirements);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  v catalogue.permit_type_version;
  given_fields jsonb;
  given_entries jsonb;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  app := rule.lock_application(who, application_id, version);
  perform rule.take_task(who, app, 'correction');
  v := rule.version_of(app);
  given_fields := rule.by_code(fields, rule.catalogue_codes(v, true), 'fields');
  given_entries := rule.by_code(requirements, rule.catalogue_codes(v, false), 'requirements');
  if given_fields = '{}' and given_entries = '{}' then
    perform rule.fail(8, 'requirements', 'Nothing was corrected');
  end if;
  perform rule.correct_requirements(app, v, rule.correct_fields(app, v, given_fields), given_entries);
  return rule.remember(who, idempotency_key, request, rule.advance(who, app, 'resubmit'));
end
$$;

create function api.intake_withdraw(session_token bytea, idempotency_key bytea, application_id bigint, version int, reason text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'intake.withdraw');
  request jsonb := jsonb_build_array(application_id, version, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  app := rule.lock_application(who, application_id, version);
  perform rule.refuse_withdrawal(app);
  return rule.remember(who, idempotency_key, request, rule.advance(who, app, 'withdraw', reason));
end
$$;

create function api.handover_record(session_token bytea, idempotency_key bytea, application_id bigint, version int,
                                    recipient text, recipient_nik text, relation text, method text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'handover.record');
  request jsonb := jsonb_build_array(application_id, version, recipient, recipient_nik, relation, method);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  app := rule.lock_application(who, application_id, version);
  perform rule.take_task(who, app, 'handover');
  recipient := rule.text(rule.require(recipient, 'recipient'), 'recipient', 200);
  perform rule.is_one_of(relation, 'relation', 'self', 'family', 'proxy', 'employee');
  perform rule.is_one_of(method, 'method', 'counter', 'electronic');
  recipient_nik := nullif(recipient_nik, '');
  if recipient_nik is not null then
    recipient_nik := rule.check_nik(recipient_nik, 'recipient_nik');
  elsif relation <> 'self' and method = 'counter' then
    perform rule.fail(8, 'recipient_nik', 'Whoever collects for somebody else shows an identity card');
  end if;
  insert into application.handover (office_id, application_id, recipient, recipient_nik, relation, method, recorded_by)
  values (app.office_id, app.application_id, recipient, recipient_nik, relation, method, who.user_id);
  perform rule.produce(who, app, 'handover', jsonb_build_object(
    'handover', jsonb_build_object('recipient', recipient, 'recipient_nik', rule.mask(recipient_nik), 'relation', relation, 'method', method,
                                   'at', rule.local_instant(who.office_id, now())),
    'permit', (select jsonb_build_object('number', p.number, 'valid_until_on', p.valid_until_on) from application.permit p
                where p.office_id = app.office_id and p.application_id = app.application_id)));
  return rule.remember(who, idempotency_key, request,
    -- not who it was: the trail can't be rewritten when their data goes
    rule.advance(who, app, 'hand_over', null, jsonb_build_object('relation', relation, 'method', method)));
end
$$;
