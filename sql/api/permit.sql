-- After a permit is issued: corrected, suspended, reinstated; how one is revoked is in revoke.sql. One proposes, the head decides; what was issued stays.

create type api.permit_change_row as (
  change_id bigint, application_id bigint, number text, applicant text, kind text, reason text, rule text,
  fields api.field_row[], proposed_by text, proposed_at bigint);
create type api.permit_changes_reply as (changes api.permit_change_row[]);

-- The permit of an application, for a change of that kind. NOT_FOUND, NOT_NOW.
create function rule.permit_to_change(app application.application, kind text)
returns application.permit
language plpgsql stable
as $$
declare
  p application.permit;
begin
  select x.* into p
    from application.permit x
   where x.office_id = app.office_id and x.application_id = app.application_id and x.kind = 'permit';
  if not found then
    perform rule.fail(9, 'application_id', 'This application has no permit');
  end if;
  if p.status <> all (case kind when 'reinstatement' then '{suspended}' else '{current}' end::text[]) then
    perform rule.fail(11, 'kind', 'This permit is not in force: %s', rule.permit_status(p));
  end if;
  if exists (select from document.document d
              where d.office_id = app.office_id and d.application_id = app.application_id and d.kind in ('permit', 'decree')
                and d.state in ('to_render', 'to_sign') and not d.preview) then
    perform rule.fail(11, 'application_id', 'This permit is not signed yet');
  end if;
  return p;
end
$$;

-- Which fields a correction is of, for the trail: what they say is in permit_change, from where it can go.
create function rule.field_names(fields jsonb)
returns text
language sql immutable
as $$ select string_agg(k, ' ' order by k) from jsonb_object_keys(fields) k $$;

-- What is to stand on the corrected permit: {"code": value}, each checked as at the counter. INVALID, REQUIRED.
create function rule.checked_correction(app application.application, fields jsonb)
returns jsonb
language plpgsql stable
as $$
declare
  f catalogue.form_field;
  given record;
  known text[] := rule.catalogue_codes(rule.version_of(app), true) || '{applicant.name,applicant.address,applicant.birth_place}'::text[];
  result jsonb := '{}';
  value text;
begin
  for given in select x.key as code, x.value->>'value' as value from jsonb_each(rule.by_code(fields, known, 'fields')) x loop
    value := rule.require(given.value, 'fields.' || given.code);
    if given.code like 'applicant.%' then
      value := rule.text(value, 'fields.' || given.code, case given.code when 'applicant.address' then 400 else 200 end);
    else
      select x.* into f from catalogue.form_field x
       where x.office_id = app.office_id and x.permit_type_id = app.permit_type_id and x.version = app.permit_version and x.code = given.code;
      value := rule.check_field(f, value, app, 'fields.' || given.code);
    end if;
    result := result || jsonb_build_object(given.code, value);
  end loop;
  if result = '{}' then
    perform rule.fail(8, 'fields', 'Nothing was corrected');
  end if;
  return result;
end
$$;

create function api.permit_propose(session_token bytea, idempotency_key bytea, application_id bigint, kind text, reason text,
                                   rule text, fields jsonb)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'permit.propose');
  request jsonb := jsonb_build_array(application_id, kind, reason, rule, fields);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  p application.permit;
  corrected jsonb;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  perform rule.is_one_of(kind, 'kind', 'correction', 'suspension', 'reinstatement');
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 2000);
  permit_propose.rule := rule.text(rule.require(permit_propose.rule, 'rule'), 'rule', 500);
  app := rule.lock_application(who, application_id, null);
  p := rule.permit_to_change(app, kind);
  if kind = 'correction' then
    corrected := rule.checked_correction(app, fields);
  end if;
  if exists (select from application.permit_change c
              where c.office_id = p.office_id and c.permit_id = p.permit_id and c.decided_at is null) then
    perform rule.fail(13, 'application_id', 'A change of this permit waits for the head already');
  end if;
  insert into application.permit_change (office_id, permit_id, kind, reason, rule, fields, proposed_by)
  values (p.office_id, p.permit_id, kind, reason, permit_propose.rule, corrected, who.user_id);
  perform rule.record(who, 'propose_change', app.application_id, app.stage, null, reason,
                      jsonb_build_object('kind', kind, 'number', p.number, 'rule', permit_propose.rule, 'fields', rule.field_names(corrected)));
  return rule.remember(who, idempotency_key, request,
    row(array[rule.announcement(app.office_id, 'head', null, app.application_id, rule.last_event(app.office_id))])::api.empty);
end
$$;

-- What a correction changes, new beside old.
create function rule.correction_rows(app application.application, fields jsonb)
returns api.field_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((x.key, coalesce(f.label, x.key), coalesce(f.type, 'text'), rule.shown(app.office_id, x.value),
                    coalesce(rule.shown(app.office_id, v.value), case x.key when 'applicant.name' then a.name when 'applicant.address' then a.address
                                                 when 'applicant.birth_place' then a.birth_place end),
                    true, false, case when f.code is null then '{}' else rule.field_choices(f, array[x.value, v.value]) end,
                    case when f.code is not null then rule.table_columns(f) end, f.min_rows, f.max_rows)::api.field_row order by f.position nulls last, x.key)
    from jsonb_each_text(fields) x
    join application.applicant a on a.office_id = app.office_id and a.applicant_id = app.applicant_id
    left join catalogue.form_field f on f.office_id = app.office_id and f.permit_type_id = app.permit_type_id
                                    and f.version = app.permit_version and f.code = x.key
    left join application.field_value v on v.office_id = app.office_id and v.application_id = app.application_id and v.code = x.key);
end
$$;

create function api.permit_changes(session_token bytea)
returns api.permit_changes_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'permit.changes');
begin
  return row((
    select array_agg((c.change_id, a.application_id, p.number, x.name, c.kind, c.reason, c.rule,
                      case when c.kind = 'correction' then rule.correction_rows(a, c.fields) end,
                      rule.user_name(c.office_id, c.proposed_by), rule.to_seconds(c.proposed_at))::api.permit_change_row order by c.change_id)
      from (select * from application.permit_change y where y.office_id = who.office_id and y.decided_at is null
             order by y.change_id limit 100) c
      join application.permit p on p.office_id = c.office_id and p.permit_id = c.permit_id
      join application.application a on a.office_id = p.office_id and a.application_id = p.application_id
      join application.applicant x on x.office_id = a.office_id and x.applicant_id = a.applicant_id))::api.permit_changes_reply;
end
$$;

-- The corrected data takes its place, with what it was kept beside it; permit and decree are made anew and signed again.
-- The old ones stand until the new are signed, and stay as replaced.
create function rule.apply_correction(who rule.who, app application.application, p application.permit, c application.permit_change)
returns void
language plpgsql
as $$
declare
  electronic boolean := (select o.electronic_signature from catalogue.office o where o.office_id = app.office_id);
  old document.document;
  a application.applicant;
begin
  update application.field_value f
     set old_value = f.value, value = c.fields->>f.code, changed = true
   where f.office_id = app.office_id and f.application_id = app.application_id and c.fields ? f.code;
  select x.* into a from application.applicant x where x.office_id = app.office_id and x.applicant_id = app.applicant_id;
  if c.fields ?| '{applicant.name,applicant.address,applicant.birth_place}'::text[] then
    insert into application.applicant_history (office_id, applicant_id, changed_by, before)
    values (a.office_id, a.applicant_id, who.user_id, to_jsonb(a) - 'office_id');
    update application.applicant x
       set name = coalesce(c.fields->>'applicant.name', x.name), address = coalesce(c.fields->>'applicant.address', x.address),
           birth_place = coalesce(c.fields->>'applicant.birth_place', x.birth_place), changed_at = now()
     where x.office_id = a.office_id and x.applicant_id = a.applicant_id;
    update application.search_name n set name = lower(coalesce(c.fields->>'applicant.name', a.name))
     where n.office_id = app.office_id and n.application_id = app.application_id;
  end if;
  update application.permit x set version = x.version + 1
   where x.office_id = p.office_id and x.permit_id = p.permit_id
  returning x.* into p;
  for old in
    select d.* from document.document d
     where d.office_id = app.office_id and d.application_id = app.application_id and d.kind in ('permit', 'decree')
       and d.state = 'current' and not d.preview
     order by d.document_id
  loop
    perform rule.produce(who, app, old.kind,
      rule.merged(rule.decision_data(app, p, who.user_id, electronic),
                  jsonb_build_object('permit', jsonb_build_object('correction_reason', c.reason))),
      signer_id => case when electronic then who.user_id end, replaces => old.document_id, version => p.version);
  end loop;
end
$$;

create function api.permit_decide(session_token bytea, idempotency_key bytea, change_id bigint, approve boolean, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'permit.decide');
  request jsonb := jsonb_build_array(change_id, approve, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  c application.permit_change;
  p application.permit;
  app application.application;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  perform rule.need_proof(session_token);
  reason := rule.text(reason, 'reason', 2000);
  select a.* into app
    from application.permit_change x
    join application.permit y on y.office_id = x.office_id and y.permit_id = x.permit_id
    join application.application a on a.office_id = y.office_id and a.application_id = y.application_id
   where x.office_id = who.office_id and x.change_id = permit_decide.change_id;
  if not found then
    perform rule.fail(9, 'change_id', 'This change is not there any more');
  end if;
  app := rule.lock_application(who, app.application_id, null);
  select x.* into c from application.permit_change x
   where x.office_id = who.office_id and x.change_id = permit_decide.change_id
     for update;
  if c.decided_at is not null then
    perform rule.fail(11, 'change_id', 'This change is decided already');
  end if;
  if c.proposed_by = who.user_id then
    perform rule.fail(5, 'change_id', 'You proposed this: somebody else must decide');
  end if;
  if approve then
    if c.kind = 'revocation' then
      perform rule.fail(11, 'change_id', 'A revocation is an application of its own now: reject this one');
    end if;
    p := rule.permit_to_change(app, c.kind);
    if c.kind = 'correction' then
      perform rule.apply_correction(who, app, p, c);
    else
      update application.permit x
         set status = case c.kind when 'suspension' then 'suspended' else 'current' end
       where x.office_id = p.office_id and x.permit_id = p.permit_id;
    end if;
  else
    perform rule.require(reason, 'reason');
  end if;
  update application.permit_change x
     set decided_by = who.user_id, decided_at = now(), approved = approve, decision_reason = permit_decide.reason
   where x.office_id = c.office_id and x.change_id = c.change_id;
  perform rule.record(who, case when approve then c.kind else 'reject_change' end, app.application_id, app.stage, null,
                      coalesce(reason, c.reason), jsonb_build_object('kind', c.kind, 'rule', c.rule, 'fields', rule.field_names(c.fields), 'proposed_by', c.proposed_by));
  return rule.remember(who, idempotency_key, request,
    row(rule.announce_to(app.office_id, c.proposed_by, app.application_id)
        || rule.announcement(app.office_id, 'system', null, app.application_id, rule.last_event(app.office_id)))::api.empty);
end
$$;
