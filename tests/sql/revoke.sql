-- A permit ends before its day: by the holder's wish or the office's reason, decided by somebody else, and only when the decree is signed.
begin;
\ir lib/setup.sql
select plan(57);

update catalogue.office set electronic_signature = true, verification_address = 'https://cek/{code}', signatory_title = 'Kepala' where office_id = t.office();
insert into document.template (office_id, kind, path, text, sha256) values (t.office(), 'revocation', 'revocation.tmpl', '@document revocation', '\x00');
create function t.add_workflow() returns void language plpgsql as $$
declare w bigint;
begin
  insert into workflow.workflow (office_id, code, current_version) values (t.office(), 'revocation', 1) returning workflow_id into w;
  insert into workflow.version (office_id, workflow_id, version, content_hash) values (t.office(), w, 1, '\x00');
  insert into workflow.stage (office_id, workflow_id, version, position, code, name, role, clock_runs, kind)
  select t.office(), w, 1, s.* from (values (1, 'intake', 'Intake', 'front_office', true, 'task'), (2, 'drafting', 'Drafting', 'analyst', true, 'task'),
    (3, 'approval', 'Approval', 'head', true, 'task'), (4, 'issuance', 'Issuance', 'system', true, 'issue'), (5, 'refusal', 'Refusal', 'system', true, 'refuse'),
    (6, 'signing', 'Signing', 'head', true, 'sign'), (7, 'handover', 'Handover', 'front_office', true, 'task'), (8, 'archive', 'Archive', 'archivist', true, 'task'),
    (9, 'closed', 'Closed', '', false, 'end')) s;
  insert into workflow.transition (office_id, workflow_id, version, position, from_stage, action, role, guards, needs_reason, outcome, to_stage, label)
  select t.office(), w, 1, row_number() over (), x.*, x.column2 from (values
    ('intake', 'submit', 'system', '{}'::text[], false, null, 'drafting'), ('drafting', 'submit', 'analyst', '{}', false, null, 'approval'),
    ('drafting', 'withdraw', 'front_office', '{}', true, 'withdrawn', 'archive'), ('approval', 'approve', 'head', '{not_involved}', false, 'approved', 'issuance'),
    ('approval', 'refuse', 'head', '{not_involved}', true, 'refused', 'refusal'), ('approval', 'send_back', 'head', '{}', true, null, 'drafting'),
    ('issuance', 'issue', 'system', '{signature_due}', false, null, 'signing'), ('issuance', 'issue', 'system', '{no_signature}', false, null, 'handover'),
    ('refusal', 'issue', 'system', '{signature_due}', false, null, 'signing'), ('refusal', 'issue', 'system', '{no_signature}', false, null, 'handover'),
    ('signing', 'sign', 'system', '{}', false, null, 'handover'), ('handover', 'hand_over', 'front_office', '{}', false, null, 'archive'),
    ('archive', 'file', 'archivist', '{}', false, null, 'closed')) x;
end $$;
create function t.render() returns void language plpgsql as $$
declare w api_job.render_work;
begin
  loop
    w := api_job.render_next();
    exit when w.document_id is null;
    perform api_job.render_done(w.office_id, w.document_id, convert_to('pdf ' || w.document_id, 'UTF8'), case when w.signer is not null then sha256(convert_to(w.document_id::text, 'UTF8')) end);
  end loop;
end $$;
create function t.sign_all(username text) returns int language plpgsql as $$
declare r api.signature_asked_row; w api_job.sign_work; n int := 0;
begin
  foreach r in array coalesce((api.signature_list(t.token(username))).rows, '{}') loop
    perform api.signature_submit(t.token(username), t.key(), r.document_id, 'cms');
    w := api_job.sign_next();
    perform api_job.sign_done(w.office_id, w.document_id, w.prepared || 'signed', initcap(username), 'CA', '01', sha256(convert_to(username, 'UTF8')), false);
    n := n + 1;
  end loop;
  return n;
end $$;
-- a permit that is signed and in force
create function t.permit(serial int) returns text language plpgsql as $$
declare app bigint := t.at('issuance', 'TES', t.person(t.nik(serial)));
begin
  perform t.issue_all(), t.render(), t.sign_all('hd1');
  return (select p.number from application.permit p where p.application_id = app);
end $$;
create function t.revoke(username text, number text, asked_by text default 'holder', reason text default 'The practice closes', rule text default null) returns text language sql volatile as $$
  select format('select application_id from api.intake_revoke(%L, %L, %L, %L, %L, %L)', t.token(username), t.key(), number, asked_by, reason, rule) $$;
create function t.begin_revoke(username text, number text, asked_by text default 'holder', rule text default null) returns bigint language plpgsql as $$
declare id bigint;
begin
  execute t.revoke(username, number, asked_by, 'The practice closes', rule) into id;
  return id;
end $$;
create function t.status(number text) returns text language sql as $$ select r.status || coalesce(': ' || r.reason, '') from application.permit p, api.public_verify('192.0.2.1', 'uji', p.code) r where p.number = status.number $$;
create function t.notice(app bigint, kind text) returns text language sql stable as $$ select n.text from application.notice n where n.application_id = app and n.kind = notice.kind $$;

create table t.number as select t.permit(1) as one, t.permit(2) as two, t.permit(3) as three, t.permit(4) as four;
-- a permit of this type needs a visit and costs something: a revocation does not
update catalogue.permit_type_version set levy = true, visit = 'always' where office_id = t.office() and name = 'Izin TES';

select is(t.try(t.revoke('fo1', one)), 'LK011 permit_number', 'without a workflow for it the office revokes nothing') from t.number;
select t.add_workflow() \g /dev/null
update document.template set current = false where office_id = t.office() and kind = 'revocation';
select is(t.try(t.revoke('fo1', one)), 'LK011 kind', 'nor without a text for its decree') from t.number;
update document.template set current = true where office_id = t.office() and kind = 'revocation';

-- who may begin it, and what must be said
select is(t.try(t.revoke('fo1', '503/9999')), 'LK009 permit_number', 'a permit that is not there is not revoked');
select is(t.try(t.revoke('fo1', one, 'friend')), 'LK007 asked_by', 'nobody else asks') from t.number;
select is(t.try(t.revoke('fo1', one, 'holder', ' ')), 'LK008 reason', 'the holder says why') from t.number;
select is(t.try(t.revoke('an1', one, 'office')), 'LK008 rule', 'the office says by which rule') from t.number;
select is(t.try(t.revoke('fo1', one, 'office', 'x', 'Perda 1')), 'LK005 asked_by', 'the counter has no reasons of the office') from t.number;
select is(t.try(t.revoke('an1', one, 'holder')), 'LK005 asked_by', 'an analyst speaks for no holder') from t.number;
select is(t.try(t.revoke(u, one, 'office', 'x', 'Perda 1')), 'LK005', u || ' begins none') from t.number, unnest('{hd1,tr1,ar1,au1,ad1,sd1,mg1,co1}'::text[]) u;
select is(t.try(t.revoke('fo9', one)), 'LK009 permit_number', 'another office finds no permit of this one') from t.number;
create function t.try_as(status text) returns text language plpgsql as $$
declare said text;
begin
  update application.permit p set status = try_as.status where p.number = (select one from t.number);
  said := t.try(t.revoke('fo1', (select one from t.number)));
  update application.permit p set status = 'current' where p.number = (select one from t.number);
  return said;
end $$;
select is(t.try_as(s), expected, 'a permit that is ' || s) from (values ('current', 'ok'), ('suspended', 'ok'), ('replaced', 'LK011 permit_number'), ('revoked', 'LK011 permit_number'), ('expired', 'LK011 permit_number')) v(s, expected);

-- at the holder's request
create table t.app as select t.begin_revoke('fo1', one) as id from t.number;
select is(array[a.kind, a.previous_permit, a.stage, w.code], array['revoke', one, 'drafting', 'revocation'], 'it is an application of its own, in its own workflow')
  from t.number, t.app, application.application a join workflow.workflow w using (office_id, workflow_id) where a.application_id = id;
select is(array[r.asked_by, r.reason, rule.user_name(r.office_id, r.begun_by)], '{holder,The practice closes,Fo1}', 'who asked, why, and who took it in are recorded') from t.app, application.revocation r where r.application_id = id;
select is((select e.actor || ' ' || (e.detail->>'number' = one) from t.number, audit.event e where e.application_id = id and e.action = 'ask_revocation'), 'Fo1 true', 'in its chain too') from t.app;
select matches(t.notice(id, 'registered'), 'Permohonan Anda untuk mencabut izin nomor', 'the holder is told that it was taken in') from t.app;
select is(t.try(t.revoke('fo1', one)), 'LK013 permit_number', 'it is not begun twice') from t.number;
select is(t.status(one), 'current', 'the permit is in force meanwhile') from t.number;
select is(t.try(t.call('hd1', id, 'approve')), 'LK011 action', 'it is not decided before it is drafted') from t.app;
select is(t.act('an1', id, 'submit_draft'), 'approval', 'no visit, no levy and no documents stand in its way') from t.app;
select is(array[a.revoke_asked_by, a.revoke_reason, a.previous_permit], array['holder', 'The practice closes', one], 'the head reads what it is about') from t.number, t.app, api.application_open(t.token('hd1'), id) a;
select is(t.try(t.call(u, id, 'approve')), 'LK005', u || ' does not decide it') from t.app, unnest('{fo1,an1,sh1}'::text[]) u;
select is(t.act('hd1', id, 'approve'), 'issuance', 'the head approves it') from t.app;
select is(t.status(one), 'current', 'approved, the permit is still in force') from t.number;
select t.issue_all() \g /dev/null
select t.render() \g /dev/null
select is(t.stage(id) || ' ' || t.status(one), 'signing current', 'drawn, it is still in force') from t.app, t.number;
select is(t.try(t.revoke('fo1', one)), 'LK013 permit_number', 'and still not begun twice') from t.number;
select is((select d.data #>> '{revocation,number}' || ', ' || (d.data #>> '{revocation,reason}') from document.document d where d.application_id = id and d.kind = 'revocation'), one || ', The practice closes', 'the decree says which permit ends, and why') from t.app, t.number;
select is(t.sign_all('hd1'), 1, 'the decree is signed');
select is(t.status(one), 'revoked: The practice closes', 'and the public check says that the permit is revoked') from t.number;
select is(t.stage(id), 'handover', 'the decree can be handed over') from t.app;
select is((select r.status from t.app, application.permit p, api.public_verify('192.0.2.1', 'uji', p.code) r where p.application_id = id), 'revocation', 'the decree''s own code tells what it is');
select matches((select p.number from t.app, application.permit p where p.application_id = id), '/CABUT$', 'its number is not one of the permits''');
select matches(t.notice(id, 'ready'), 'telah dicabut', 'the holder is told') from t.app;
select is((select count(*) from t.number, application.permit p join audit.event e on e.application_id = p.application_id and e.action = 'revocation' where p.number = one), 1::bigint, 'the permit''s own history has it');
select is(t.try(t.revoke('fo1', one)), 'LK011 permit_number', 'a revoked permit is not revoked again') from t.number;

-- by the office
create table t.office_app as select t.begin_revoke('sh1', two, 'office', 'Perda 1/2024 art. 9') as id from t.number;
select matches(t.notice(id, 'registered'), 'Dasar: Perda 1/2024 art. 9', 'a holder who did not ask is told why, and by which rule') from t.office_app;
select is(t.try(t.call('fo1', id, 'withdraw')), 'LK005 action', 'the counter does not withdraw what the office began') from t.office_app;
select is(t.act('an1', id, 'submit_draft'), 'approval', 'an analyst drafts it') from t.office_app;
select t.issue_all() \g /dev/null
insert into identity.user_role (office_id, user_id, role) values (t.office(), t.user_id('sh1'), 'head');
select is(t.try(t.call('sh1', id, 'approve')), 'LK005 action', 'who began it does not decide it, whatever else they are') from t.office_app;
delete from identity.user_role where user_id = t.user_id('sh1') and role = 'head';
select is(t.act('hd1', id, 'refuse'), 'refusal', 'a head may refuse it') from t.office_app;
select t.issue_all() \g /dev/null
select t.render() \g /dev/null
select t.sign_all('hd1') \g /dev/null
select is(t.status(two), 'current', 'a refused one ends nothing') from t.number;

-- what happened meanwhile
create table t.regret as select t.begin_revoke('fo1', three) as id from t.number;
select is(t.act('fo1', id, 'withdraw'), 'archive', 'a holder may think better of it') from t.regret;
create table t.late as select t.begin_revoke('fo1', three) as id from t.number;
select t.act('an1', id, 'submit_draft') from t.late \g /dev/null
update application.permit set status = 'replaced' where number = (select three from t.number);
select is(t.try(t.call('hd1', id, 'approve')), 'LK011 action', 'a permit that was replaced meanwhile is not revoked') from t.late;

-- an office that signs on paper
update catalogue.office set electronic_signature = false where office_id = t.office();
create table t.paper as select t.begin_revoke('fo1', four) as id from t.number;
select t.act('an1', id, 'submit_draft'), t.act('hd1', id, 'approve') from t.paper \g /dev/null
select is(t.status(four), 'current', 'on paper too nothing ends with the decision alone') from t.number;
select t.issue_all() \g /dev/null
select is(t.status(four), 'revoked: The practice closes', 'but with the decree') from t.number;

select * from finish();
rollback;
