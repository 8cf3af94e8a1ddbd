-- The end of personal data: only when nothing keeps it, proposed by one and decided by another, and then nothing of the person is left in
-- any column, while number, steps, hashes and chain stay.
begin;
\ir lib/setup.sql
select plan(100);

create function t.token(nik text, unused int) returns text language sql immutable as $$ select '#' || left(encode(sha256(convert_to('key' || nik, 'UTF8')), 'hex'), 40) $$;
create function t.sealed(nik text) returns text language sql immutable as $$ select t.token(nik, 0) || ':' || left(nik, 2) || '0101' || substr(nik, 7, 6) || '0001' $$;
create function t.kept(nik text) returns text language sql immutable as $$ select t.token(nik, 0) || ':' || repeat('00', 3) || '01' || repeat('ab', 44) $$;
create function t.render() returns int language plpgsql as $$
declare w api_job.render_work; n int := 0;
begin
  loop
    w := api_job.render_next();
    exit when w.document_id is null;
    n := n + 1;
    perform api_job.render_done(w.office_id, w.document_id, convert_to('pdf ' || w.document_id || ' of ' || coalesce((select d.data->'applicant'->>'name' from document.document d where d.document_id = w.document_id), 'nobody'), 'UTF8'), null);
  end loop;
  return n;
end $$;
create function t.today() returns date language sql stable as $$ select rule.office_date(t.office()) $$;
create function t.age(app bigint, days int default 1) returns void language sql as $$
  update application.archive_file set retain_until_on = t.today() - days where application_id = app;
  update application.permit set valid_until_on = t.today() - days, status = 'expired' where application_id = app;
$$;
create function t.number(app bigint) returns text language sql stable as $$ select number from application.application where application_id = app $$;
create function t.record_of(app bigint) returns bigint language sql stable as $$ select applicant_id from application.application where application_id = app $$;
create function t.propose(username text, app bigint, ground text default 'request', reason text default 'Asked in person, letter 12') returns text language sql as $$
  select format('select api.erasure_propose(%L, %L, %s, %L, %L)', t.token(username), t.key(), app, ground, reason) $$;
create function t.decide(username text, id bigint, approve boolean, reason text default null) returns text language sql as $$
  select format('select api.erasure_decide(%L, %L, %s, %L, %L)', t.token(username), t.key(), id, approve, reason) $$;
create function t.proposal() returns bigint language sql stable as $$ select max(erasure_id) from application.erasure where office_id = t.office() $$;
create function t.due(username text default 'ar1') returns text language sql as $$
  select coalesce(string_agg(p.applicant || ' ' || p.applications, ', ' order by p.applicant), '') from api.erasure_due(t.token(username)) d, unnest(d.people) p $$;
-- Every column of every table in which somebody's words stand: schema.table.column, where the text is found.
create function t.leaks(needle text) returns text language plpgsql as $$
declare c record; hit boolean; found_in text := '';
begin
  for c in select table_schema, table_name, column_name, data_type from information_schema.columns
            where table_schema in ('application', 'document', 'identity', 'session') and data_type in ('text', 'jsonb', 'ARRAY', 'bytea') order by 1, 2, 3 loop
    execute format('select exists (select from %I.%I where %s ilike $1)', c.table_schema, c.table_name,
                   case c.data_type when 'bytea' then format('encode(%I, ''escape'')', c.column_name) else format('%I::text', c.column_name) end)
       into hit using '%' || needle || '%';
    if hit then found_in := found_in || format(' %s.%s.%s', c.table_schema, c.table_name, c.column_name); end if;
  end loop;
  return btrim(found_in);
end $$;

-- ------------------------------------------------------------------------------------------------ the person, known in every way
create function t.zulaikha(nik text default t.nik(41)) returns jsonb language sql immutable as $$
  select t.person(t.sealed(nik), 'Zulaikha Qomariyah') || '{"address":"Jalan Kenanga 77","phone":"081377788899","email":"zulaikha@contoh.id","birth_place":"Pringsewu","responsible_name":"Zulaikha Sendiri"}' $$;
select from api.number_keep(t.token('fo1'), decode(repeat('11', 16), 'hex'), array[t.kept(t.nik(41)), t.kept(t.nik(42)), t.kept(t.nik(43)), t.kept(t.nik(44)), t.kept(t.nik(45))], false) \g /dev/null
delete from meta.key_check;
create table t.elder_app as select t.submit('TES', 'fo1', t.person(t.sealed(t.nik(49)), 'Aan Elder')) as app;
create table t.elder as select t.record_of(app) as id from t.elder_app;
create table t.app as select t.at('closed', 'TES', t.zulaikha()) as a, t.at('closed', 'TESL', t.zulaikha()) as levy, t.at('closed', 'TES', t.zulaikha(t.nik(42))) as second,
  t.at('closed', 'TES', t.person(t.sealed(t.nik(50)), 'Wati Rahayu')) as wati, t.at('closed', 'TES', t.person(t.sealed(t.nik(51)), 'Budi Raharjo')) as budi;
select from api.intake_submit(t.token('fo1'), t.key(), 'TES', 'new', t.zulaikha(), t.fields(), '[]', null, null, null) \g /dev/null
select cmp_ok(t.render(), '>', 10, 'documents were made');
-- a second record of the person was merged into the first; and the first was once merged into a stranger's by mistake
select from t.app, api.applicant_merge(t.token('sh1'), t.key(), t.record_of(a), null, t.record_of(second), null, '{}', 'Zulaikha has two') \g /dev/null
create table t.stranger as select t.record_of(wati) as id, t.record_of(a) as zulaikha from t.app;
select from t.stranger s, api.applicant_merge(t.token('sh1'), t.key(), s.id, null, s.zulaikha, null, '{address,phone}', 'Looks like Zulaikha') \g /dev/null
select from api.applicant_undo_merge(t.token('sh1'), t.key(), (select max(merge_id) from application.applicant_merge), 'Not Zulaikha') \g /dev/null
select from t.stranger s, api.applicant_distinct(t.token('sh1'), t.key(), s.id, s.zulaikha, 'Zulaikha is another') \g /dev/null
select from t.elder e, t.stranger s, api.applicant_distinct(t.token('sh1'), t.key(), e.id, s.zulaikha, 'Zulaikha is younger') \g /dev/null
select is((select name || address from application.applicant, t.stranger where applicant_id = id), 'Wati RahayuJalan Uji 1', 'the stranger is as she was');
select from t.app, api.applicant_open(t.token('fo1'), a) o, api.applicant_correct(t.token('fo1'), t.key(), a, o.version, t.zulaikha() || '{"phone":"081377788800"}', 'New number of Zulaikha') \g /dev/null
-- what people write down in their own words, wherever they can
update application.application set location = 'Kenanga', priority = 'elderly', return_note = 'Zulaikha', considerations = 'Zulaikha', conditions = 'Zulaikha', decision_reason = 'Zulaikha' where application_id in (select a from t.app);
update application.field_value set value = case code when 'place' then 'Zulaikha ' || t.token(t.nik(43), 0) else value end, old_value = 'Kenanga' where application_id in (select a from t.app);
update application.requirement set document_number = t.token(t.nik(44), 0), old_document_number = 'Zulaikha', reason = 'Zulaikha', issued_on = '2001-02-03', old_issued_on = '2001-02-03' where application_id in (select a from t.app);
update application.requirement set document_number = t.token(t.nik(45), 0) where application_id in (select a from t.app) and code = 'STR';
update application.requirement set document_number = t.token(t.nik(45), 0) where application_id in (select budi from t.app) and code = 'STR';
update application.handover set recipient = 'Bapak Zulaikha', recipient_nik = t.token(t.nik(43), 0) where application_id in (select a from t.app);
update application.notice set text = 'Yth. Zulaikha', subject = 'Zulaikha', email = 'zulaikha@contoh.id', phone = '081377788899', problem = 'no zulaikha@contoh.id' where application_id in (select a from t.app);
update application.archive_file set folder = 'Zulaikha' where application_id in (select a from t.app);
insert into application.inspection (office_id, application_id, unit_id, status, instruction, coordinates, findings, conditions) select t.office(), a, t.unit('DINKES'), 'done', 'Zulaikha', 'Kenanga', 'Zulaikha', 'Zulaikha' from t.app;
insert into application.inspection_answer (office_id, inspection_id, unit_id, code, answer, note) select t.office(), max(inspection_id), t.unit('DINKES'), 'clean', 'yes', 'Zulaikha' from application.inspection;
insert into application.permit_change (office_id, permit_id, kind, reason, rule, fields, proposed_by, decided_by, decided_at, approved, decision_reason)
select t.office(), permit_id, 'correction', 'Zulaikha', 'r', '{"applicant.name":"Zulaikha"}', t.user_id('an1'), t.user_id('hd1'), now(), true, 'Zulaikha' from application.permit, t.app where application_id = a;
insert into application.revocation (office_id, application_id, permit_id, asked_by, reason, begun_by) select t.office(), a, permit_id, 'holder', 'Zulaikha moved', t.user_id('fo1') from application.permit, t.app where application_id = a;
insert into application.refund (office_id, application_id, payment_id, amount, reason, proposed_by, decided_by, decided_at, approved, decision_reason)
select t.office(), application_id, payment_id, 1, 'Zulaikha', t.user_id('tr1'), t.user_id('hd1'), now(), false, 'Zulaikha' from application.payment, t.app where application_id = levy;
insert into application.waiver (office_id, application_id, percent, reason, rule, proposed_by, decided_by, decided_at, approved, decision_reason) select t.office(), levy, 5, 'Zulaikha', 'r', t.user_id('tr1'), t.user_id('hd1'), now(), false, 'Zulaikha' from t.app;
insert into application.deviation (office_id, user_id, role, task_id, application_id, next_application_id, places, reason)
select t.office(), t.user_id('an1'), 'analyst', (select min(task_id) from application.task where application_id = a), a, budi, 1, 'Zulaikha is old' from t.app;
with i as (insert into application.bank_import (office_id, name, sha256, line_count, imported_by) values (t.office(), 'x.csv', sha256('x'), 1, t.user_id('tr1')) returning import_id)
insert into application.bank_line (office_id, import_id, line, paid_on, reference, amount, description, transaction_key) select t.office(), import_id, 1, t.today(), reference, 1, 'TRF ZULAIKHA', sha256('y') from i, application.bill, t.app where application_id = levy;
with c as (insert into document.content (office_id, size, sha256, media_type, sealed_key) values (t.office(), 5, sha256('k'), 'image/png', decode(repeat('07', 64), 'hex')) returning content_id),
     k as (insert into document.chunk (office_id, content_id, number, bytes) select t.office(), content_id, 0, 'Zulaikha KTP' from c),
     u as (insert into document.upload (office_id, user_id, application_id, code, name, size, sha256, content_id, state, problem, argument) select t.office(), t.user_id('fo1'), a, 'KTP', 'zulaikha.png', 5, sha256('k'), content_id, 'done', 'Zulaikha', 'Zulaikha' from c, t.app)
insert into document.document (office_id, application_id, kind, code, name, state, content_id, problem) select t.office(), a, 'requirement', 'KTP', 'zulaikha.png', 'current', content_id, 'Zulaikha' from c, t.app;
insert into document.copy (office_id, application_id, document_id, certified, number, reason, made_by) select t.office(), a, min(document_id), false, 'C-1', 'Zulaikha lost it', t.user_id('ar1') from document.document, t.app where application_id = a group by a;
select cmp_ok(array_length(string_to_array(t.leaks('Zulaikha'), ' '), 1), '>', 35, 'the person is known in many places');

-- ------------------------------------------------------------------------------------------------ what keeps the data
create function t.refusal(app bigint) returns text language sql as $$ select t.complaint(t.propose('fo1', app)) $$;
select is(t.refusal(a), 'The permit of this is still in force: ' || t.number(a), 'a person whose permit is in force is erased') from t.app;
update application.permit set status = 'suspended' where application_id = (select a from t.app);
select is(t.refusal(a), 'The permit of this is still in force: ' || t.number(a), 'or is suspended') from t.app;
update application.permit set status = 'expired' where application_id in (select unnest(array[a, levy, second, wati, budi]) from t.app);
select is(t.refusal(a), 'The retention of this is not over: ' || t.number(a), 'a file that has to be kept goes') from t.app;
select t.age(a), t.age(second) from t.app \g /dev/null
select is(t.refusal(a), 'The retention of this is not over: ' || t.number(levy), 'one file that has to be kept among others goes') from t.app;
update application.archive_file set retain_until_on = t.today() where application_id = (select levy from t.app);
select is(t.try(t.propose('fo1', a)), 'LK011 application_id', 'its last day counts as over') from t.app;
select is(t.due(), '', 'whose last file is kept is due');
select t.age(levy) from t.app \g /dev/null
update catalogue.permit_type_version set active_years = 2, inactive_years = 3 where office_id = t.office() and permit_type_id = (select permit_type_id from application.application, t.app where application_id = levy);
select is(t.refusal(a), 'The retention schedule keeps this for good: ' || t.number(levy), 'what is kept for good goes') from t.app;
update catalogue.permit_type_version set active_years = null, inactive_years = null where office_id = t.office();
update application.application set closed_at = null where application_id = (select second from t.app);
select is(t.refusal(a), 'An application is still under way: ' || t.number(second), 'a person whose application is under way is erased') from t.app;
update application.application set closed_at = now() where application_id = (select second from t.app);
update application.bill set amount = amount + 1 where application_id = (select levy from t.app);
select is(t.refusal(a), 'A levy is not paid yet: ' || t.number(levy), 'who owes the office is forgotten') from t.app;
update application.bill set amount = amount - 1 where application_id = (select levy from t.app);
update application.refund set decided_at = null, decided_by = null, approved = null where application_id = (select levy from t.app);
select is(t.refusal(a), 'A refund waits for a decision: ' || t.number(levy), 'who is owed a refund is forgotten') from t.app;
update application.refund set decided_at = now(), decided_by = t.user_id('hd1'), approved = false where application_id = (select levy from t.app);
update application.permit_change set decided_at = null, decided_by = null, approved = null;
select is(t.refusal(a), 'A change of its permit waits for a decision: ' || t.number(a), 'a change of the permit is left without its permit') from t.app;
update application.permit_change set decided_at = now(), decided_by = t.user_id('hd1'), approved = true;
update document.document set state = 'to_sign' where kind = 'permit' and application_id = (select a from t.app);
select is(t.refusal(a), 'A document of this is still being made: ' || t.number(a), 'a document is signed after its person is gone') from t.app;
update document.document set state = 'current' where kind = 'permit' and application_id = (select a from t.app);
insert into application.disposal (office_id, reason, proposed_by) values (t.office(), 'JRA', t.user_id('ar1'));
insert into application.disposal_item (office_id, disposal_id, application_id) select t.office(), max(disposal_id), (select a from t.app) from application.disposal;
select is(t.refusal(a), 'Its disposal waits for a decision: ' || t.number(a), 'two proposals destroy one file') from t.app;
delete from application.disposal_item;
create table t.filed as select * from application.archive_file where application_id = (select second from t.app);
delete from application.archive_file where application_id = (select second from t.app);
select is(t.refusal(a), 'This is not in the archive: ' || t.number(second), 'what was never filed goes') from t.app;
insert into application.disposal_item (office_id, disposal_id, application_id, state) select t.office(), max(disposal_id), (select second from t.app), 'destroyed' from application.disposal;
select is(t.try(t.propose('fo1', a)), 'ok', 'what was disposed of keeps its person') from t.app;
delete from application.disposal_item;
insert into application.archive_file select * from t.filed;

-- ------------------------------------------------------------------------------------------------ who may, and what is written down
select is(t.try(t.propose(u, a)), 'LK005', u || ' proposes an erasure') from t.app, unnest('{an1,sh1,hd1,tr1,sd1,co1,au1,mg1,ad1}'::text[]) u;
select is(t.try(format('select api.erasure_due(%L)', t.token(u))), 'LK005', u || ' sees who is due') from unnest('{an1,sh1,tr1,mg1,ad1}'::text[]) u;
select is(t.try(t.propose('fo9', a)), 'LK009 application_id', 'another office proposes it') from t.app;
select is(t.due('ar9'), '', 'another office sees who is due');
update identity.user_account set nik = t.token(t.nik(41), 0) where user_id = t.user_id('fo2');
select is(t.try(t.propose('fo2', a)), 'LK005', 'an officer erases what the office knows of themself') from t.app;
update identity.user_account set nik = null where user_id = t.user_id('fo2');
select is(t.due(), 'Zulaikha Qomariyah 3', 'the archivist is not told whom retention no longer covers');
select is(t.try(t.propose('fo1', a, 'mood')), 'LK007 ground', 'a person is erased on any ground') from t.app;
select is(t.try(t.propose('fo1', a, 'request', ' ')), 'LK008 reason', 'or without saying why') from t.app;
select is(t.try(t.propose('fo1', a, 'request', said)), 'LK007 reason', 'what stays names the person: ' || said) from t.app, unnest(array['Asked by ZULAIKHA.', 'Ibu Qomariyah', 'NIK 18.72 0117-08800041']) said;
do $$ begin execute t.propose('ar1', (select a from t.app), 'retention'); end $$;
select is(t.try(t.propose('fo1', levy)), 'LK013 application_id', 'one person is proposed twice') from t.app;
select is(t.due(), '', 'who is proposed is due again');
select is((select concat_ws(' ', r.state, r.ground, r.applicant, r.applications) from api.erasure_list(t.token('hd1')) l, unnest(l.erasures) r), 'proposed retention Zulaikha Qomariyah 3', 'the head does not see it');
select is(t.try(t.decide(u, t.proposal(), true)), 'LK005', u || ' decides') from unnest('{fo1,ar1,sh1,au1,ad1}'::text[]) u;
insert into identity.user_role (office_id, user_id, role) values (t.office(), t.user_id('ar1'), 'head');
select is(t.try(t.decide('ar1', t.proposal(), true)), 'LK005 erasure_id', 'an archivist who is a head as well decides what they proposed');
delete from identity.user_role where user_id = t.user_id('ar1') and role = 'head';
select throws_ok(format('update application.erasure set decided_by = proposed_by, decided_at = now(), approved = true, number = %L where erasure_id = %s', 'X', t.proposal()), '23514', null, 'even in the table');
select is(t.try(t.decide('hd9', t.proposal(), true)), 'LK009 erasure_id', 'another office''s head decides');
select is(t.try(t.decide('hd1', t.proposal(), false)), 'LK008 reason', 'a rejection has no reason');
select is(t.try(t.decide('hd1', t.proposal(), false, 'Zulaikha has a lawsuit')), 'LK007 reason', 'or one that names the person');
update application.application set closed_at = null where application_id = (select levy from t.app);
select is(t.try(t.decide('hd1', t.proposal(), true)), 'LK011 application_id', 'an application that came in meanwhile does not stop it');
update application.application set closed_at = now() where application_id = (select levy from t.app);
do $$ begin execute t.decide('hd1', t.proposal(), false, 'A lawsuit is pending'); end $$;
select isnt(t.leaks('Zulaikha Qomariyah'), '', 'what was rejected is erased');
select is(t.try(t.decide('hd1', t.proposal(), true)), 'LK011 erasure_id', 'or can be approved after all');
do $$ begin execute t.propose('fo1', (select a from t.app)); end $$;
update application.applicant set merged_into = (select id from t.elder) where applicant_id = (select zulaikha from t.stranger);
select is(t.try(t.decide('hd1', t.proposal(), true)), 'LK011 erasure_id', 'a record that was merged into another meanwhile is erased without it');
update application.applicant set merged_into = null where applicant_id = (select zulaikha from t.stranger);
select cmp_ok((select count(*) from session.answer s, t.app where s.reply->>'number' = t.number(a)), '>', 0::bigint, 'answers are remembered');
select throws_ok($$ update document.content c set destroyed_at = now() from document.document d, t.app where d.content_id = c.content_id and d.application_id = a $$, 'LK005', null, 'bytes are called destroyed before it is approved');

-- ------------------------------------------------------------------------------------------------ what is left
create table t.before as select application_id, number, stage, submitted_at, promised_on, permit_type_id from application.application where applicant_id = (select t.record_of(a) from t.app);
create table t.tree as select count(*) as events from audit.event;
do $$ begin execute t.decide('hd1', t.proposal(), true); end $$;
select is(t.leaks(needle), '', needle || ' is left') from unnest(array['Zulaikha', 'Qomariyah', 'Kenanga', '0813777888', 'Pringsewu', t.token(t.nik(41), 0), t.token(t.nik(42), 0), t.token(t.nik(43), 0), t.token(t.nik(44), 0)]) needle;
select is((select count(*) from application.requirement where issued_on = '2001-02-03' or old_issued_on = '2001-02-03') + (select count(*) from application.applicant where birth_on is not null and erased_at is not null), 0::bigint, 'days of theirs are left');
select is((select count(*) from session.answer s, t.app where s.office_id = t.office() and s.reply->>'number' in (t.number(a), t.number(second))), 0::bigint, 'an answer with their number is remembered');
select is((select count(*) from audit.event where detail ? 'recipient'), 0::bigint, 'the trail says who collected a permit');
select is((select count(*) from document.content where sealed_key = decode(repeat('07', 64), 'hex')), 0::bigint, 'the key of a document is left');
select is((select string_agg(x.name || coalesce(x.nik, ''), ' ' order by x.name) from application.applicant x, t.app where x.applicant_id in (t.record_of(budi), t.record_of(wati))), (select string_agg(n, ' ' order by n) from unnest(array['Budi Raharjo' || t.token(t.nik(51), 0), 'Wati Rahayu' || t.token(t.nik(50), 0)]) n), 'others lose their data with it');
select is((select count(*) from identity.number where token in (t.token(t.nik(41), 0), t.token(t.nik(42), 0), t.token(t.nik(43), 0), t.token(t.nik(44), 0))), 0::bigint, 'a number can still be opened');
select is((select count(*) from identity.number where token = t.token(t.nik(45), 0)), 1::bigint, 'a number that another application needs is shredded');
select results_eq('select application_id, number, stage, submitted_at, promised_on, permit_type_id from application.application where applicant_id = (select t.record_of(a) from t.app) order by 1', 'select * from t.before order by 1', 'number, stage, dates or type go with it');
select is((select count(*) from t.before b, application.application x where x.application_id = b.application_id and rule.chain_break(x) is not null), 0::bigint, 'the chain of an application is broken');
select is((select count(*) from document.document d join document.content c on c.content_id = d.content_id, t.app where d.application_id = a and (c.sha256 is null or c.destroyed_at is null)), 0::bigint, 'a hash is gone, or bytes are called kept');
select is((select count(*) from document.document d join document.content c on c.content_id = d.content_id, audit.event e, t.app, jsonb_array_elements(e.detail->'documents') p
            where e.application_id = a and e.action = 'erase_applicant' and d.application_id = a and p->>'sha256' = encode(c.sha256, 'hex')),
          (select count(*) from document.document, t.app where application_id = a and not preview), 'a hash does not stand in the chain');
select is((select count(*) from audit.event e where e.office_id = t.office() and (e.detail::text ilike '%zulaikha%' or e.detail::text ilike '%kenanga%')), 0::bigint, 'the trail, which nobody can change, holds the person''s data');

-- the certificate says that it was done, and not of whom
select is(t.render(), 1, 'there is no certificate');
create table t.cert as select d.* from document.document d where d.kind = 'erasure' and d.office_id = t.office();
select is((select concat_ws(' ', c.name, c.data->'erasure'->>'applications', jsonb_array_length(c.data->'hashes') > 10, c.data::text ~* 'zulaikha') from t.cert c), 'BAH-' || extract(year from t.today()) || '-0001.pdf 3 t f', 'what it certifies is another, or names the person');
select is((select concat_ws(' ', r.state, r.applicant, r.document_id = (select document_id from t.cert)) from api.erasure_list(t.token('au1')) l, unnest(l.erasures) r where r.number is not null), 'erased dihapus t', 'the list does not have it');
select is((select 'ok' from api.document_open(t.token('au1'), (select document_id from t.cert))), 'ok', 'the auditor can''t read it');
select is(t.try(format('select api.document_open(%L, %s)', t.token('sd1'), (select document_id from t.cert))), 'LK009 document_id', 'a surveyor can');

-- ------------------------------------------------------------------------------------------------ afterwards
select is(t.try(t.decide('hd1', t.proposal(), true)), 'LK011 erasure_id', 'it is decided twice');
select is(t.try(t.propose('fo1', a)), 'LK011 application_id', 'who was erased is proposed again') from t.app;
select is(t.due(), '', 'who was erased is due');
select is((select count(*) from unnest((api.application_search(t.token('an1'), 'qomariyah', true, null, 0)).rows)), 0::bigint, 'the search finds them by name');
select is((select count(*) from unnest((api.application_search(t.token('an1'), t.sealed(t.nik(41)), true, null, 0)).rows)), 0::bigint, 'or by number');
select is((select count(*) from unnest((api.application_search(t.token('an1'), 'dihapus', true, null, 0)).rows)), 0::bigint, 'or all who were erased by the mark');
select is((select (r.applicant).name from t.app, api.application_open(t.token('an1'), a) r), 'dihapus', 'an officer can''t read what is left of the application');
select is(t.try(format('select api.applicant_undo_merge(%L, %L, %s, %L)', t.token('sh1'), t.key(), min(merge_id), 'x')), 'LK011 merge_id', 'undoing a merge brings them back') from application.applicant_merge;
select is(t.try(format('select api.applicant_correct(%L, %L, %s, null, %L, %L)', t.token('fo1'), t.key(), a, t.zulaikha(), 'x')), 'LK011 application_id', 'a correction brings them back') from t.app;
select is(t.try(format('select api.applicant_merge(%L, %L, %s, null, %s, null, null, %L)', t.token('sh1'), t.key(), t.record_of(budi), t.record_of(a), 'x')), 'LK011 merged_id', 'they are merged into somebody') from t.app;
select is(t.try(format('select api.intake_renewal_of(%L, %L)', t.token('fo1'), (select number from application.permit where application_id = a))), 'LK011 permit_number', 'an erased permit is renewed') from t.app;
update application.application x set pin_hash = rule.pin_hash(x.office_id, x.number, '123456') where application_id = (select a from t.app);
select is((select concat_ws(' ', r.number = t.number(a), r.erased_on, r.return_note) from t.app, api.public_track('192.0.2.7', 'uji', t.number(a), '123456') r), 't ' || t.today(), 'who follows it is told nothing, or a name');
select is((select concat_ws(' ', r.code is not null, r.erased_on, r.holder, r.reason) from api.public_verify('192.0.2.9', 'uji', (select code from application.permit, t.app where application_id = a)) r), 't ' || t.today(), 'who has the paper is told nothing, or a name');
create table t.again as select t.submit('TES', 'fo1', t.zulaikha()) as id;
select isnt((select t.record_of(id) from t.again), (select t.record_of(a) from t.app), 'who comes again is put into the erased record');
select * from finish();
rollback;
