-- The counter: an applicant and an application come in, are corrected or withdrawn, and the result is handed over.
-- What is asked for comes from the catalogue's version; nothing is registered while something is missing.

create type api.applicant_find_reply as (applicants api.applicant[]);
create type api.missing_row as (code text, name text);
create type api.intake_submit_reply as (
  missing api.missing_row[], application_id bigint, number text, pin text, promised_on text, service_days int,
  permit_name text, fee bigint, version int, document_id bigint, visit text, applications api.visit_row[], announce text[]);

create function api.applicant_find(session_token bytea, text text)
returns api.applicant_find_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'applicant.find');
  needle text := lower(rule.require(applicant_find.text, 'text'));
  digits text := regexp_replace(needle, '[.\- ]', '', 'g');
  found_ids bigint[];
begin
  if length(needle) < 3 then
    perform rule.fail(7, 'text', 'Type at least 3 characters');
  end if;
  perform rule.refuse_plain_number(digits);
  digits := rule.number_of(digits);
  if digits ~ '^([0-9]{13,16}|#[0-9a-f]{40})$' then
    found_ids := array(
      select p.applicant_id from application.applicant p
       where p.office_id = who.office_id and p.kind = 'person' and p.nik = digits and p.merged_into is null
      union
      select p.applicant_id from application.applicant p where p.office_id = who.office_id and p.npwp = digits and p.merged_into is null
      union
      select p.applicant_id from application.applicant p
       where p.office_id = who.office_id and p.kind = 'company' and p.nib = digits and p.merged_into is null
       limit 20);
  else
    found_ids := array(
      select a.applicant_id
        from rule.search_applications(who, needle) h
        join application.application a on a.office_id = who.office_id and a.application_id = h
       group by a.applicant_id order by max(a.application_id) desc limit 20);
  end if;
  perform rule.record(who, 'find_applicant', detail => rule.search_detail(applicant_find.text, cardinality(found_ids)));
  return row((select array_agg(rule.applicant_row(who.office_id, x.id, true) order by x.place)
                from unnest(found_ids) with ordinality x(id, place)))::api.applicant_find_reply;
end
$$;

-- The applicant of a request, every attribute checked, as a row that is not stored yet.
create function rule.checked_applicant(given jsonb, today date)
returns application.applicant
language plpgsql stable
as $$
declare
  a application.applicant;
  century int;
  digits text;
begin
  given := coalesce(given, '{}');
  a.kind := rule.is_one_of(given->>'kind', 'applicant.kind', 'person', 'company');
  a.name := rule.text(rule.require(given->>'name', 'applicant.name'), 'applicant.name', 200);
  a.birth_on := rule.to_date(given->>'birth_on', 'applicant.birth_on');
  if a.birth_on > today then
    perform rule.fail(7, 'applicant.birth_on', 'This day is still to come');
  end if;
  a.gender := given->>'gender';
  if a.gender is not null then
    perform rule.is_one_of(a.gender, 'applicant.gender', 'm', 'f');
  end if;
  a.nik := rule.require(given->>'nik', 'applicant.nik');
  digits := rule.shape_of(a.nik);
  if a.kind = 'person' then
    perform rule.check_nik(a.nik, 'applicant.nik', a.birth_on, a.gender);
    a.gender := case when substr(digits, 7, 2)::int > 40 then 'f' else 'm' end;
    if a.birth_on is null then
      -- applicants are grown up: the later century in which this person is at least 17
      century := case when 2000 + substr(digits, 11, 2)::int > extract(year from today) - 17 then 1900 else 2000 end;
      a.birth_on := rule.to_date(format('%s-%s-%s', century + substr(digits, 11, 2)::int, substr(digits, 9, 2),
                                        lpad((substr(digits, 7, 2)::int % 40)::text, 2, '0')), 'applicant.nik');
    end if;
  else
    perform rule.check_nik(a.nik, 'applicant.nik');
    a.responsible_name := rule.require(given->>'responsible_name', 'applicant.responsible_name');
    if coalesce(given->>'npwp', given->>'nib') is null then
      perform rule.fail(8, 'applicant.npwp', 'A company needs an NPWP or a NIB');
    end if;
  end if;
  a.nik := rule.number_of(a.nik);
  if given->>'npwp' is not null then
    a.npwp := rule.check_npwp(given->>'npwp', 'applicant.npwp');
  end if;
  if given->>'nib' is not null then
    a.nib := rule.check_nib(given->>'nib', 'applicant.nib');
  end if;
  a.address := rule.text(rule.require(given->>'address', 'applicant.address'), 'applicant.address', 400);
  a.birth_place := rule.text(given->>'birth_place', 'applicant.birth_place', 100);
  a.region := rule.text(given->>'region', 'applicant.region', 200);
  a.responsible_name := rule.text(a.responsible_name, 'applicant.responsible_name', 200);
  a.phone := rule.check_value(given->>'phone', 'phone', null, 25, 'applicant.phone');
  a.email := rule.check_value(given->>'email', 'email', null, 200, 'applicant.email');
  if coalesce(a.phone, a.email) is null then
    perform rule.fail(8, 'applicant.phone', 'A telephone number or an e-mail address is needed for notices');
  end if;
  return a;
end
$$;

-- Finds the applicant by NIK, NPWP or NIB and brings the data up to date, keeping what it was; else registers.
-- What is not given stays as it is.
create function rule.save_applicant(who rule.who, given application.applicant)
returns bigint
language plpgsql
as $$
declare
  same application.applicant[];
  before application.applicant;
  now_known application.applicant;
  id bigint;
begin
  -- two counters registering one applicant at the same moment: the second waits and finds the first's
  perform pg_advisory_xact_lock(hashtextextended(x.number, who.office_id))
     from (select n.number
             from unnest(case when given.kind = 'person' then array[given.nik] else array[given.npwp, given.nib] end) n(number)
            where n.number is not null order by 1) x;
  same := array(
    select p from application.applicant p
     where p.office_id = who.office_id and p.kind = given.kind and p.merged_into is null
       and case when given.kind = 'person' then p.nik = given.nik else p.npwp = given.npwp or p.nib = given.nib end
     order by p.applicant_id limit 2);
  if cardinality(same) > 1 then
    perform rule.fail(13, 'applicant.nib', 'This NPWP and this NIB belong to two different companies');
  end if;
  if cardinality(same) = 0 then
    insert into application.applicant (office_id, kind, nik, npwp, nib, name, birth_place, birth_on, gender, address,
                                       region, phone, email, responsible_name)
    values (who.office_id, given.kind, given.nik, given.npwp, given.nib, given.name, given.birth_place, given.birth_on,
            given.gender, given.address, given.region, given.phone, given.email, given.responsible_name)
    returning applicant_id into id;
    return id;
  end if;
  before := same[1];
  now_known := before;
  now_known.nik := given.nik;
  now_known.npwp := coalesce(given.npwp, before.npwp);
  now_known.nib := coalesce(given.nib, before.nib);
  now_known.name := given.name;
  now_known.birth_place := coalesce(given.birth_place, before.birth_place);
  now_known.birth_on := coalesce(given.birth_on, before.birth_on);
  now_known.gender := coalesce(given.gender, before.gender);
  now_known.address := given.address;
  now_known.region := coalesce(given.region, before.region);
  now_known.phone := coalesce(given.phone, before.phone);
  now_known.email := coalesce(given.email, before.email);
  now_known.responsible_name := coalesce(given.responsible_name, before.responsible_name);
  if now_known is distinct from before then
    insert into application.applicant_history (office_id, applicant_id, changed_by, before)
    values (who.office_id, before.applicant_id, who.user_id, to_jsonb(before) - 'office_id');
    update application.applicant p
       set nik = now_known.nik, npwp = now_known.npwp, nib = now_known.nib, name = now_known.name,
           birth_place = now_known.birth_place, birth_on = now_known.birth_on, gender = now_known.gender,
           address = now_known.address, region = now_known.region, phone = now_known.phone, email = now_known.email,
           responsible_name = now_known.responsible_name, changed_at = now()
     where p.office_id = who.office_id and p.applicant_id = before.applicant_id;
  end if;
  return before.applicant_id;
end
$$;

-- [{"code": "A", ...}] as {"A": {...}}. INVALID when a code is missing, given twice or not in `known`.
create function rule.by_code(items jsonb, known text[], field text)
returns jsonb
language plpgsql immutable
as $$
declare
  item jsonb;
  result jsonb := '{}';
begin
  for item in select x from jsonb_array_elements(coalesce(items, '[]')) x loop
    if coalesce(item->>'code', '') <> all (known) then
      perform rule.fail(7, concat_ws('.', field, item->>'code'), 'This is not asked for');
    end if;
    if result ? (item->>'code') then
      perform rule.fail(7, concat_ws('.', field, item->>'code'), 'This was given twice');
    end if;
    result := result || jsonb_build_object(item->>'code', item);
  end loop;
  return result;
end
$$;

create function rule.is_asked(when_field text, when_value text, answers jsonb)
returns boolean
language sql immutable
as $$ select when_field is null or coalesce(answers->>when_field = when_value, false); $$;

-- The form of a permit type filled in: {"code": value or null} of every field that is asked, checked by its type.
-- `app`: the application that the form is of, where there is one already. A file is not waited for: the step out of verification
-- asks for it.
create function rule.checked_fields(v catalogue.permit_type_version, given jsonb, app application.application default null)
returns jsonb
language plpgsql stable
as $$
declare
  f catalogue.form_field;
  value text;
  answers jsonb := '{}';
begin
  for f in
    select x.* from catalogue.form_field x
     where x.office_id = v.office_id and x.permit_type_id = v.permit_type_id and x.version = v.version
     order by x.position
  loop
    continue when not rule.is_asked(f.when_field, f.when_value, answers);
    value := rule.check_field(f, given->f.code->>'value', app, 'fields.' || f.code);
    if f.required and value is null and f.type <> 'file' then
      perform rule.fail(8, 'fields.' || f.code, 'This must be filled in');
    end if;
    answers := answers || jsonb_build_object(f.code, value);
  end loop;
  return answers;
end
$$;

-- One line of the requirements checklist, checked: its number, its dates.
create function rule.checked_requirement(c catalogue.requirement, given jsonb, today date)
returns application.requirement
language plpgsql stable
as $$
declare
  r application.requirement;
  field text := 'requirements.' || c.code;
begin
  r.code := c.code;
  r.present := coalesce((given->>'present')::boolean, false);
  r.status := 'pending';
  if not r.present then
    return r;
  end if;
  r.document_number := rule.number_of(rule.text(given->>'document_number', field, 100));
  r.issued_on := rule.to_date(given->>'issued_on', field);
  r.valid_until_on := rule.to_date(given->>'valid_until_on', field);
  if c.needs_number and r.document_number is null then
    perform rule.fail(8, field, 'The number of this document is needed');
  end if;
  if c.needs_expiry and r.valid_until_on is null then
    perform rule.fail(8, field, 'The day until which this document is valid is needed');
  end if;
  if r.issued_on > today then
    perform rule.fail(7, field, 'This document is dated after today');
  end if;
  if r.valid_until_on < r.issued_on then
    perform rule.fail(7, field, 'This document ends before it begins');
  end if;
  if r.valid_until_on < today then
    perform rule.fail(7, field, 'This document is no longer valid');
  end if;
  return r;
end
$$;

create function rule.catalogue_codes(v catalogue.permit_type_version, fields boolean)
returns text[]
language sql stable
as $$
  select array(select f.code from catalogue.form_field f
                where fields and f.office_id = v.office_id and f.permit_type_id = v.permit_type_id and f.version = v.version
               union all
               select r.code from catalogue.requirement r
                where not fields and r.office_id = v.office_id and r.permit_type_id = v.permit_type_id and r.version = v.version);
$$;

-- What this permit type asks of these answers.
create function rule.asked_requirements(v catalogue.permit_type_version, answers jsonb)
returns setof catalogue.requirement
language sql stable
as $$
  select r.* from catalogue.requirement r
   where r.office_id = v.office_id and r.permit_type_id = v.permit_type_id and r.version = v.version
     and rule.is_asked(r.when_field, r.when_value, answers)
   order by r.position;
$$;

-- The permit type as it is now, for the counter. INVALID when there is none, or it comes from the OSS alone.
create function rule.open_permit_type(office_id bigint, permit_type text)
returns catalogue.permit_type_version
language plpgsql stable
as $$
declare
  v catalogue.permit_type_version;
begin
  select x.* into v
    from catalogue.permit_type t
    join catalogue.permit_type_version x
      on x.office_id = t.office_id and x.permit_type_id = t.permit_type_id
     and x.version = rule.permit_version_at(t.office_id, t.permit_type_id, rule.office_date(t.office_id))
   where t.office_id = open_permit_type.office_id and t.code = upper(rule.require(permit_type, 'permit_type'));
  if not found then
    perform rule.fail(7, 'permit_type', 'There is no such permit');
  end if;
  if v.source <> 'counter' then
    perform rule.fail(7, 'permit_type', 'This licence is applied for in the national OSS');
  end if;
  return v;
end
$$;

create function rule.pin_hash(office_id bigint, number text, pin text)
returns bytea
language sql immutable
as $$ select sha256(convert_to(concat_ws(':', office_id, number, pin), 'UTF8')); $$;

-- Six digits nobody can guess: from the server's strong random source, evenly spread.
create function rule.random_pin()
returns text
language sql volatile
as $$
  select lpad((('x' || encode(substr(sha256(convert_to(concat(gen_random_uuid(), gen_random_uuid()), 'UTF8')), 1, 7),
                              'hex'))::bit(56)::bigint % 1000000)::text, 6, '0');
$$;

-- Is this a change or a copy of a permit of the same applicant and type that is in force? What is not in the register goes the whole way.
create function rule.goes_short(v catalogue.permit_type_version, app application.application)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select app.kind in ('change', 'copy') and v.short_workflow is not null and exists (
    select from application.permit p
      join application.application a on a.office_id = p.office_id and a.application_id = p.application_id
     where p.office_id = v.office_id and p.number = app.previous_permit and p.permit_type_id = v.permit_type_id
       and p.kind = 'permit' and rule.permit_status(p) = 'current' and a.applicant_id = app.applicant_id));
end
$$;

-- The row of a new application, before its first step: in the first stage of the permit type's workflow, version 0.
-- `app` has its applicant, kind and previous permit.
create function rule.new_application(who rule.who, v catalogue.permit_type_version, app application.application, pin text)
returns application.application
language plpgsql
as $$
declare
  today date := rule.office_date(who.office_id);
  short boolean := rule.goes_short(v, app);
begin
  perform rule.keep_calendar(who.office_id);
  app.office_id := who.office_id;
  app.version := 0;
  app.permit_type_id := v.permit_type_id;
  app.permit_version := v.version;
  app.service_days := case when short then coalesce(v.short_days, v.service_days) else v.service_days end;
  app.submitted_at := now();
  app.promised_on := rule.add_working_days(who.office_id, today, app.service_days);
  perform rule.begin_versions(who.office_id);
  select w.workflow_id, w.current_version, s.code
    into app.workflow_id, app.workflow_version, app.stage
    from workflow.workflow w
    join workflow.stage s on s.office_id = w.office_id and s.workflow_id = w.workflow_id and s.version = w.current_version
   where w.office_id = who.office_id and w.code = case when short then v.short_workflow else v.workflow end
   order by s.position limit 1;
  app.number := concat(extract(year from today), '-', lpad(rule.next_number(who.office_id, 'application',
                       extract(year from today)::int)::text, 6, '0'));
  insert into application.application (office_id, number, version, applicant_id, permit_type_id, permit_version, workflow_id,
    workflow_version, kind, location, priority, previous_permit, stage, pin_hash, service_days, submitted_at, promised_on)
  values (app.office_id, app.number, app.version, app.applicant_id, app.permit_type_id, app.permit_version, app.workflow_id,
    app.workflow_version, app.kind, app.location, app.priority, app.previous_permit, app.stage,
    rule.pin_hash(app.office_id, app.number, pin), app.service_days, app.submitted_at, app.promised_on)
  returning application_id into app.application_id;
  return app;
end
$$;

create function api.intake_submit(session_token bytea, idempotency_key bytea, permit_type text, kind text, applicant jsonb,
                                  fields jsonb, requirements jsonb, location text, priority text, previous_permit text,
                                  beside bigint default null, beside_pin text default null)
returns api.intake_submit_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'intake.submit');
  request jsonb := jsonb_build_array(permit_type, kind, applicant, fields, requirements, location, priority, previous_permit)
    || case when beside > 0 then jsonb_build_array(beside, beside_pin) else '[]' end;
  before jsonb := rule.replay(who, idempotency_key, request);
  today date := rule.office_date(who.office_id);
  v catalogue.permit_type_version;
  given application.applicant;
  answers jsonb;
  entries jsonb;
  checklist application.requirement[];
  app application.application;
  first application.application;
  visit application.visit;
  step api.step_reply;
  reply api.intake_submit_reply;
begin
  if before is not null then
    return jsonb_populate_record(null::api.intake_submit_reply, before);
  end if;
  v := rule.open_permit_type(who.office_id, permit_type);
  app.kind := rule.is_one_of(kind, 'kind', variadic v.kinds);
  app.previous_permit := rule.text(previous_permit, 'previous_permit', 100);
  if app.kind <> 'new' then
    perform rule.require(app.previous_permit, 'previous_permit');
  end if;
  if beside > 0 then
    first := rule.first_of_visit(who, beside, beside_pin);
  end if;
  given := rule.checked_applicant(applicant, today);
  app.location := rule.text(location, 'location', 400);
  app.priority := nullif(priority, '');
  if app.priority is not null then
    perform rule.is_one_of(app.priority, 'priority', 'elderly', 'disabled', 'pregnant');
  end if;
  answers := rule.checked_fields(v, rule.by_code(fields, rule.catalogue_codes(v, true), 'fields'));
  entries := rule.by_code(requirements, rule.catalogue_codes(v, false), 'requirements');
  checklist := array(select rule.checked_requirement(c, entries->c.code, today) from rule.asked_requirements(v, answers) c);
  reply.missing := array(
    select (c.code, c.name)::api.missing_row
      from rule.asked_requirements(v, answers) c
      join unnest(checklist) r on r.code = c.code
     where c.required and not r.present);
  reply.permit_name := v.name;
  reply.service_days := v.service_days;
  if cardinality(reply.missing) > 0 then
    -- nothing is registered; the applicant goes home with a list
    app.office_id := null;
    reply.document_id := rule.produce(who, app, 'missing', jsonb_build_object(
      'applicant', jsonb_build_object('name', given.name, 'kind', given.kind),
      'permit_type', jsonb_build_object('code', upper(permit_type), 'name', v.name, 'service_days', v.service_days),
      'missing', (select jsonb_agg(jsonb_build_object('name', m.name)) from unnest(reply.missing) m)));
    reply.announce := array[rule.announcement(who.office_id, 'system', null, 0, rule.last_event(who.office_id))];
    return rule.remember(who, idempotency_key, request, reply);
  end if;

  app.applicant_id := rule.save_applicant(who, given);
  reply.pin := coalesce(btrim(case when beside > 0 then beside_pin end), rule.random_pin());
  if beside > 0 then
    if first.applicant_id <> app.applicant_id then
      perform rule.fail(7, 'applicant.nik', 'This is another applicant than in this visit');
    end if;
    visit := rule.join_visit(who, first, reply.pin);
  end if;
  app := rule.new_application(who, v, app, reply.pin);
  perform rule.refuse_household(app, who);
  update application.application a set visit_id = visit.visit_id
   where a.office_id = app.office_id and a.application_id = app.application_id and visit.visit_id is not null;
  insert into application.search_name (office_id, application_id, name)
  values (who.office_id, app.application_id, lower(given.name));
  insert into application.field_value (office_id, application_id, code, value)
  select who.office_id, app.application_id, a.key, a.value from jsonb_each_text(answers) a;
  insert into application.requirement (office_id, application_id, code, present, document_number, issued_on, valid_until_on)
  select who.office_id, app.application_id, r.code, r.present, r.document_number, r.issued_on, r.valid_until_on
    from unnest(checklist) r;
  step := rule.advance(who, app, 'submit');
  reply.application_id := app.application_id;
  reply.number := app.number;
  reply.promised_on := app.promised_on::text;
  reply.service_days := app.service_days;
  reply.fee := rule.levy_amount(app);
  reply.version := step.version;
  select a.* into app from application.application a where a.office_id = who.office_id and a.application_id = app.application_id;
  if app.visit_id is not null then
    perform rule.share_from_visit(app);
    reply.visit := visit.code;
    reply.applications := rule.visit_rows(app.office_id, app.visit_id);
  end if;
  reply.document_id := rule.produce(who, app, 'receipt',
    jsonb_build_object('receipt', jsonb_build_object('pin', reply.pin, 'fee', reply.fee)) || rule.visit_data(app));
  reply.announce := step.announce || rule.announcement(who.office_id, 'system', null, app.application_id, rule.last_event(who.office_id));
  return rule.remember(who, idempotency_key, request, reply);
end
$$;
