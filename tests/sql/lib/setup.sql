-- What every test file starts from, inside its own transaction: an office with a small catalogue, people of every
-- role with sessions, and functions to act for them. Independent of the shipped catalogue. Nothing is committed.

\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset pager off
set client_min_messages = warning;

create schema t;
set search_path = t, tap, pg_catalog;

-- these tests give plain numbers, as a server without keys does; privacy.sql gives sealed ones
delete from meta.key_check;

insert into catalogue.province (code, name) values ('18', 'Lampung') on conflict do nothing;

create function t.office(code text default 'uji') returns bigint language sql stable
as $$ select office_id from catalogue.office o where o.code = office.code $$;

create function t.unit(code text) returns bigint language sql stable
as $$ select unit_id from catalogue.unit u where u.office_id = t.office() and u.code = unit.code $$;

create function t.user_id(username text) returns bigint language sql stable
as $$ select user_id from identity.user_account u where u.username = user_id.username and u.office_id in (t.office(), t.office('lain')) $$;

-- A session's token is known from the name; a key is new each time.
create function t.token(username text) returns bytea language sql immutable
as $$ select sha256(convert_to('token of ' || username, 'UTF8')) $$;
create function t.key() returns bytea language sql volatile
as $$ select uuid_send(gen_random_uuid()) $$;

create function t.add_user(office text, username text, role text, unit text default null) returns void language sql as $$
  insert into identity.user_account (office_id, username, name) values (t.office(office), username, initcap(username));
  insert into identity.user_role (office_id, user_id, role, unit_id)
  select t.office(office), t.user_id(username), role,
         (select u.unit_id from catalogue.unit u where u.office_id = t.office(office) and u.code = unit);
  insert into session.session (token_hash, office_id, user_id, address, expires_at)
  values (sha256(t.token(username)), t.office(office), t.user_id(username), '192.0.2.1', now() + interval '1 hour');
$$;

-- An office with the standard workflow and four permit types: TES needs no visit and costs nothing, TESV is visited by
-- two departments, TESL costs a levy, TESO comes from the OSS only.
create function t.add_office(code text) returns void language plpgsql as $$
declare
  o bigint;
  w bigint;
  p text;
  id bigint;
begin
  insert into catalogue.office (code, name, city) values (add_office.code, 'Kantor ' || add_office.code, 'Kota Uji')
  returning office_id into o;
  insert into catalogue.office_hours select o, d, '08:00', '16:00' from generate_series(1, 5) d;
  perform meta_set(o);
  perform rule.calendar_build(o);
  insert into catalogue.unit (office_id, code, name, department)
  values (o, 'DINKES', 'Dinas Kesehatan', true), (o, 'PUPR', 'Dinas PU', true), (o, 'UMUM', 'Bidang Umum', false);
  insert into workflow.workflow (office_id, code, current_version) values (o, 'standard', 1) returning workflow_id into w;
  insert into workflow.version (office_id, workflow_id, version, content_hash) values (o, w, 1, '\x00');
  insert into workflow.stage (office_id, workflow_id, version, position, code, name, role, clock_runs, kind)
  select o, w, 1, s.* from (values
    (1, 'intake', 'Intake', 'front_office', true, 'task'),
    (2, 'verification', 'Verification', 'analyst', true, 'task'),
    (3, 'correction', 'Correction', 'front_office', false, 'task'),
    (4, 'inspection', 'Inspection', 'technical_coordinator', true, 'inspection'),
    (5, 'drafting', 'Drafting', 'analyst', true, 'task'),
    (6, 'payment', 'Payment', 'treasurer', false, 'task'),
    (7, 'review', 'Review', 'section_head', true, 'task'),
    (8, 'approval', 'Approval', 'head', true, 'task'),
    (9, 'issuance', 'Issuance', 'system', true, 'issue'),
    (10, 'refusal', 'Refusal', 'system', true, 'refuse'),
    (11, 'signing', 'Signing', 'head', true, 'sign'),
    (12, 'handover', 'Handover', 'front_office', true, 'task'),
    (13, 'archive', 'Archive', 'archivist', true, 'task'),
    (14, 'closed', 'Closed', '', false, 'end')) s;
  insert into workflow.transition (office_id, workflow_id, version, position, from_stage, action, role, guards, needs_reason, outcome, to_stage, label)
  select o, w, 1, row_number() over (), x.*, x.column2 from (values
    ('intake', 'submit', 'front_office', '{}'::text[], false, null, 'verification'),
    ('verification', 'return', 'analyst', '{some_refused}', false, null, 'correction'),
    ('verification', 'inspect', 'analyst', '{all_accepted}', false, null, 'inspection'),
    ('verification', 'draft', 'analyst', '{all_accepted,no_visit_needed}', false, null, 'drafting'),
    ('verification', 'propose_refusal', 'analyst', '{}', true, null, 'drafting'),
    ('correction', 'resubmit', 'front_office', '{}', false, null, 'verification'),
    ('inspection', 'complete', 'system', '{inspections_done}', false, null, 'drafting'),
    ('drafting', 'submit', 'analyst', '{levy_due}', false, null, 'payment'),
    ('drafting', 'submit', 'analyst', '{no_levy}', false, null, 'review'),
    ('drafting', 'send_back', 'analyst', '{}', true, null, 'verification'),
    ('payment', 'confirm', 'treasurer', '{}', false, null, 'review'),
    ('review', 'initial', 'section_head', '{not_involved}', false, null, 'approval'),
    ('review', 'send_back', 'section_head', '{}', true, null, 'drafting'),
    ('approval', 'approve', 'head', '{not_involved,initialled}', false, 'approved', 'issuance'),
    ('approval', 'refuse', 'head', '{not_involved}', true, 'refused', 'refusal'),
    ('approval', 'send_back', 'head', '{}', true, null, 'drafting'),
    ('issuance', 'issue', 'system', '{signature_due}', false, null, 'signing'),
    ('issuance', 'issue', 'system', '{no_signature}', false, null, 'handover'),
    ('refusal', 'issue', 'system', '{signature_due}', false, null, 'signing'),
    ('refusal', 'issue', 'system', '{no_signature}', false, null, 'handover'),
    ('signing', 'sign', 'system', '{}', false, null, 'handover'),
    ('handover', 'hand_over', 'front_office', '{}', false, null, 'archive'),
    ('archive', 'file', 'archivist', '{}', false, null, 'closed')) x
  union all
  select o, w, 1, 100, s, 'withdraw', 'front_office', '{}', true, 'withdrawn', 'archive', 'withdraw'
    from unnest('{verification,correction,inspection,drafting,payment,review}'::text[]) s;
  insert into document.template (office_id, kind, path, text, sha256)
  select o, k, k || '.tmpl', '@document ' || k, sha256(convert_to(k, 'UTF8'))
    from unnest('{receipt,missing,inspection_report,bill,decree,permit,refusal,handover,certified_copy,disposal,erasure}'::text[]) k;
  foreach p in array '{TES,TESV,TESL,TESO}'::text[] loop
    insert into catalogue.permit_type (office_id, code, current_version) values (o, p, 1) returning permit_type_id into id;
    insert into catalogue.permit_type_version (office_id, permit_type_id, version, name, sector, service_days, valid_years,
      valid_not_past, number_pattern, source, visit, levy, workflow, content_hash)
    values (o, id, 1, 'Izin ' || p, 'uji', 3, 5, 'STR', '503/{NNNN}/{J}/{MM}/{YYYY}',
      case p when 'TESO' then 'oss' else 'counter' end, case p when 'TESV' then 'always' else 'never' end, p = 'TESL',
      'standard', '\x00');
    insert into catalogue.permit_type_unit
    select o, id, 1, u.unit_id from catalogue.unit u
     where u.office_id = o and u.department and (p = 'TESV' or u.code = 'DINKES');
    insert into catalogue.form_field (office_id, permit_type_id, version, position, code, label, type, required, max_length, choices, when_field, when_value)
    values (o, id, 1, 1, 'place', 'Tempat', 'text', true, 100, '{}', null, null),
           (o, id, 1, 2, 'own', 'Praktik mandiri', 'choice', true, 10, '{yes=Ya,no=Tidak}', null, null),
           (o, id, 1, 3, 'rooms', 'ruang', 'number', true, 10, '{}', 'own', 'yes'),
           (o, id, 1, 4, 'opens', 'Mulai buka', 'date', false, 10, '{}', null, null),
           (o, id, 1, 5, 'sides', 'sisi', 'number', false, 10, '{}', null, null),
           (o, id, 1, 6, 'area', 'm²', 'number', false, 10, '{}', null, null);
    insert into catalogue.requirement (office_id, permit_type_id, version, position, code, name, required, needs_number, needs_expiry, when_field, when_value)
    values (o, id, 1, 1, 'KTP', 'KTP', true, false, false, null, null),
           (o, id, 1, 2, 'STR', 'STR', true, true, true, null, null),
           (o, id, 1, 3, 'PLAN', 'Denah', true, false, false, 'own', 'yes'),
           (o, id, 1, 4, 'PHOTO', 'Foto', false, false, false, null, null);
    insert into catalogue.checklist_item (office_id, permit_type_id, version, unit_code, code, position, question)
    values (o, id, 1, '*', 'address_fits', 1, 'Alamat sesuai?'), (o, id, 1, 'DINKES', 'clean', 2, 'Bersih?'),
           (o, id, 1, 'PUPR', 'solid', 2, 'Kokoh?');
    insert into catalogue.levy_item (office_id, permit_type_id, version, code, position, name, legal_basis, price, valid_from, quantity_fields)
    values (o, id, 1, 'board', 1, 'Papan', 'Perda 1/2024', 10000, '2020-01-01', '{sides,area}'),
           (o, id, 1, 'board', 1, 'Papan', 'Perda 9/2025', 15000, (now() - interval '3 days')::date, '{sides,area}'),
           (o, id, 1, 'board', 1, 'Papan', 'Perda 2/2099', 99000, '2099-01-01', '{sides,area}');
  end loop;
end
$$;
create function t.meta_set(office_id bigint) returns void language sql
as $$ select set_config('loket.office_id', office_id::text, true), set_config('loket.unit_id', '', true) $$;

select t.add_office('uji'), t.add_office('lain') \g /dev/null

select t.add_user(x.office, x.username, x.role, x.unit) from (values
  ('uji', 'fo1', 'front_office', null), ('uji', 'fo2', 'front_office', null),
  ('uji', 'an1', 'analyst', null), ('uji', 'an2', 'analyst', null),
  ('uji', 'sh1', 'section_head', null), ('uji', 'sh2', 'section_head', null),
  ('uji', 'hd1', 'head', null), ('uji', 'hd2', 'head', null),
  ('uji', 'kd1', 'technical_coordinator', 'DINKES'), ('uji', 'kp1', 'technical_coordinator', 'PUPR'),
  ('uji', 'sd1', 'surveyor', 'DINKES'), ('uji', 'sd2', 'surveyor', 'DINKES'), ('uji', 'sp1', 'surveyor', 'PUPR'),
  ('uji', 'tr1', 'treasurer', null), ('uji', 'ar1', 'archivist', null), ('uji', 'co1', 'complaints_officer', null),
  ('uji', 'au1', 'auditor', null), ('uji', 'mg1', 'manager', null), ('uji', 'ad1', 'admin', null), ('uji', 'ad2', 'admin', null),
  ('lain', 'fo9', 'front_office', null), ('lain', 'an9', 'analyst', null), ('lain', 'kd9', 'technical_coordinator', 'DINKES'),
  ('lain', 'sd9', 'surveyor', 'DINKES'), ('lain', 'ar9', 'archivist', null), ('lain', 'ad9', 'admin', null),
  ('lain', 'hd9', 'head', null)) x(office, username, role, unit) \g /dev/null

-- ------------------------------------------------------------------------------------------------ acting

-- What a call would answer: 'ok', or the code and field of its refusal. Either way it is taken back.
create function t.try(call text) returns text language plpgsql as $$
declare
  state text;
  col text;
  said text;
begin
  begin
    execute call;
    raise exception using errcode = 'ZZ000';
  exception when others then
    get stacked diagnostics state = returned_sqlstate, col = column_name, said = message_text;
  end;
  return case when state = 'ZZ000' then 'ok'
              when state like 'LK%' then concat_ws(' ', state, nullif(col, ''))
              else state || ': ' || said end;
end
$$;

-- The same, with the message and its argument.
create function t.complaint(call text) returns text language plpgsql as $$
declare
  said text;
  argument text;
begin
  execute call;
  return '';
exception when others then
  get stacked diagnostics said = message_text, argument = pg_exception_detail;
  return replace(said, '%s', argument);
end
$$;

create function t.stage(app bigint) returns text language sql stable
as $$ select a.stage from application.application a where a.application_id = app $$;
create function t.version(app bigint) returns int language sql stable
as $$ select a.version from application.application a where a.application_id = app $$;

-- The open task of an application: of a role, of a department.
create function t.task(app bigint, role text default null, unit text default null) returns bigint language sql stable as $$
  select max(x.task_id) from application.task x
   where x.application_id = app and x.closed_at is null and (task.role is null or x.role = task.role)
     and (task.unit is null or x.unit_id = t.unit(task.unit))
$$;
create function t.inspection_version(task bigint) returns int language sql stable as $$
  select i.version from application.task x join application.inspection i on i.inspection_id = x.inspection_id
   where x.task_id = inspection_version.task
$$;

-- A NIK of the test region: born on 17 August 1980; `serial` makes it somebody.
create function t.nik(serial int default 1) returns text language sql immutable
as $$ select '187201170880' || lpad(serial::text, 4, '0') $$;
create function t.person(nik text default t.nik(), name text default 'Sari Wulandari') returns jsonb language sql immutable as $$
  select jsonb_build_object('kind', 'person', 'nik', nik, 'name', name, 'address', 'Jalan Uji 1', 'phone', '0812345678',
                            'birth_on', '1980-08-17')
$$;
create function t.fields() returns jsonb language sql immutable
as $$ select '[{"code":"place","value":"Klinik"},{"code":"own","value":"no"},{"code":"sides","value":"2"},{"code":"area","value":"12.5"}]'::jsonb $$;
create function t.documents() returns jsonb language sql stable as $$
  select jsonb_build_array('{"code":"KTP","present":true}'::jsonb,
    jsonb_build_object('code', 'STR', 'present', true, 'document_number', 'STR-1', 'issued_on', '2024-01-02',
                       'valid_until_on', (current_date + 400)::text))
$$;

create function t.submit(permit text default 'TES', username text default 'fo1', applicant jsonb default t.person())
returns bigint language plpgsql as $$
declare
  r api.intake_submit_reply;
begin
  r := api.intake_submit(t.token(username), t.key(), permit, 'new', applicant, t.fields(), t.documents(), 'Jalan Uji 1', null, null);
  return r.application_id;
end
$$;

-- The call that takes one step, well filled in, as text: action is what the workflow calls it.
create function t.call(username text, app bigint, action text, reason text default 'A good reason') returns text
language plpgsql stable as $$
declare
  head text := format('%L, %L, %s, %s', t.token(username), t.key(), app, t.version(app));
  accept text := '[{"code":"KTP","accepted":true},{"code":"STR","accepted":true}]';
  why text := quote_nullable(reason);
  department text := (select u.code from identity.user_role r join catalogue.unit u on u.unit_id = r.unit_id
                       where r.user_id = t.user_id(username));
  task bigint := case when action = 'assign' then t.task(app, 'technical_coordinator', department)
                      else t.task(app, 'surveyor', department) end;
  task_head text;
begin
  task := coalesce(task, t.task(app), 0);
  task_head := format('%L, %L, %s, %s', t.token(username), t.key(), task, coalesce(t.inspection_version(task), 1));
  return 'select ' || case action
    when 'save' then format('api.verify_submit(%s, %L, null, null, null, null)', head, accept)
    when 'return' then format('api.verify_submit(%s, %L, %L, %s, null, null)', head,
           '[{"code":"KTP","accepted":false,"reason":"Blurred"},{"code":"STR","accepted":true}]', 'return', why)
    when 'inspect' then format('api.verify_submit(%s, %L, %L, null, null, null)', head, accept, 'inspect')
    when 'draft' then format('api.verify_submit(%s, %L, %L, null, null, null)', head, accept, 'draft')
    when 'propose_refusal' then format('api.verify_submit(%s, null, %L, %s, null, null)', head, 'propose_refusal', why)
    when 'resubmit' then format('api.intake_correct(%s, null, %L)', head, '[{"code":"KTP","present":true,"document_number":"2"}]')
    when 'save_draft' then format('api.draft_submit(%s, null, %L, %L, null, null)', head, 'approve', 'Considering')
    when 'submit_draft' then format('api.draft_submit(%s, %L, %L, %L, null, null)', head, 'submit', 'approve', 'Considering')
    when 'submit_refusal' then format('api.draft_submit(%s, %L, %L, null, null, %s)', head, 'submit', 'refuse', why)
    when 'draft_back' then format('api.draft_submit(%s, %L, null, null, null, %s)', head, 'send_back', why)
    when 'confirm' then format('api.payment_confirm(%s, %L, %L, %L)', head, 'BANK-1', (now() at time zone 'Asia/Jakarta')::date,
           (select b.amount from application.bill b where b.application_id = app))
    when 'initial' then format('api.review_decide(%s, %L, null, null)', head, 'initial')
    when 'review_back' then format('api.review_decide(%s, %L, %s, null)', head, 'send_back', why)
    when 'approve' then format('api.approval_decide(%s, %L, null, null)', head, 'approve')
    when 'refuse' then format('api.approval_decide(%s, %L, %s, %L)', head, 'refuse', why, 'Perda 1/2024 art. 2')
    when 'approval_back' then format('api.approval_decide(%s, %L, %s, null)', head, 'send_back', why)
    when 'hand_over' then format('api.handover_record(%s, %L, null, %L, %L)', head, 'Sari', 'self', 'counter')
    when 'file' then format('api.archive_file(%s, %L, %L, null, %L, null, 2, 8)', head, '503.1', 'R1', 'B1')
    when 'withdraw' then format('api.intake_withdraw(%s, %s)', head, why)
    when 'assign' then format('api.inspection_assign(%s, %L, %s, true, %L, %s)', task_head,
           case department when 'PUPR' then array[t.user_id('sp1')] else array[t.user_id('sd1'), t.user_id('sd2')] end,
           extract(epoch from now() + interval '1 day')::bigint, 'Look well', why)
    when 'report' then format('api.inspection_report(%s, %L, %L, %L, null, %s, %L)', task_head,
           case department when 'PUPR' then '[{"code":"address_fits","answer":"yes"},{"code":"solid","answer":"yes"}]'
                           else '[{"code":"address_fits","answer":"yes"},{"code":"clean","answer":"no","note":"Dust"}]' end,
           'All well', 'approve', extract(epoch from now() - interval '1 minute')::bigint, '-5.113, 105.307')
    when 'sign' then format('api.inspection_sign(%s)', task_head)
  end;
end
$$;

create function t.act(username text, app bigint, action text, reason text default 'A good reason') returns text
language plpgsql as $$
begin
  execute t.call(username, app, action, reason);
  return t.stage(app);
end
$$;

-- An application of `permit` brought to a stage by the first officer of each role. 'assigned' and 'reported' are the
-- DINKES inspection's states within the stage inspection.
create function t.at(wanted text, permit text default 'TES', applicant jsonb default t.person()) returns bigint
language plpgsql as $$
declare
  app bigint := t.submit(permit, 'fo1', applicant);
  step text[];
  path text[] := case
    when wanted = 'correction' then '{an1,return}'
    when wanted in ('inspection', 'assigned', 'reported') then '{an1,inspect,kd1,assign,sd1,report}'
    when wanted = 'refusal' then '{an1,propose_refusal,an1,submit_refusal,sh1,initial,hd1,refuse}'
    when permit = 'TESL' then '{an1,draft,an1,submit_draft,tr1,confirm,sh1,initial,hd1,approve,job,issue,fo1,hand_over,ar1,file}'
    else '{an1,draft,an1,submit_draft,sh1,initial,hd1,approve,job,issue,fo1,hand_over,ar1,file}' end;
begin
  for i in 1 .. cardinality(path) by 2 loop
    exit when t.stage(app) = wanted or t.stage(app) = 'inspection' and wanted = 'assigned' and path[i] = 'sd1';
    if path[i] = 'job' then
      perform t.issue_all();
    else
      perform t.act(path[i], app, path[i + 1]);
    end if;
  end loop;
  return app;
end
$$;

create function t.issue_all() returns int language plpgsql as $$
declare
  n int := 0;
begin
  while api_job.issue_next() is not null loop
    n := n + 1;
  end loop;
  return n;
end
$$;
