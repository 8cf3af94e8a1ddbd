-- Sealed identity numbers: what the database is given, keeps and gives out; and what it refuses when a server comes without the keys.
begin;
\ir lib/setup.sql
select plan(75);

-- a number as a server with keys sends it: a keyed hash (any will do here) and a shape that is judged like the number
create function t.token(nik text, unused int) returns text language sql immutable as $$ select '#' || left(encode(sha256(convert_to('key' || nik, 'UTF8')), 'hex'), 40) $$;
create function t.sealed(nik text) returns text language sql immutable as $$
  select t.token(nik, 0) || ':' || case when length(nik) = 16 and nik !~ '^0' then
    left(nik, 2) || case substr(nik, 3, 2) when '00' then '00' else '01' end || case substr(nik, 5, 2) when '00' then '00' else '01' end
    || substr(nik, 7, 6) || case right(nik, 4) when '0000' then '0000' else '0001' end else nik end $$;
create function t.kept(nik text) returns text language sql immutable as $$
  select t.token(nik, 0) || ':' || repeat('00', 3) || '01' || repeat('ab', 44) $$;
create function t.keep(username text, niks text[], only_known boolean default false, proof bytea default decode(repeat('11', 16), 'hex')) returns text language sql as $$
  select format('select api.number_keep(%L, %L, %L, %L)', t.token(username), proof, array(select t.kept(n) from unnest(niks) n), only_known) $$;
create function t.numbers() returns bigint language sql stable as $$ select count(*) from identity.number where office_id = t.office() $$;

-- ------------------------------------------------------------------------------------------------ judged as the number is
select is(t.try(format('select rule.check_nik(%L, %L, %L, %L)', t.sealed(nik), 'nik', birth::date, gender)),
          t.try(format('select rule.check_nik(%L, %L, %L, %L)', nik, 'nik', birth::date, gender)), format('%s is judged otherwise when it is sealed', nik))
  from (values ('1871014507900001', null, null), ('9971014507900001', null, null), ('1800014507900001', null, null), ('1871004507900001', null, null),
               ('1871013202900001', null, null), ('1871013002900001', null, null), ('1871014513900001', null, null), ('1871014507900000', null, null),
               ('1871014507900001', '1990-07-06', null), ('1871014507900001', '1990-07-05', 'm'), ('1871014507900001', '1990-07-05', 'f')) x(nik, birth, gender);
select is(rule.check_nik(t.sealed('1871014507900001'), 'nik'), t.token('1871014507900001', 0), 'what is kept of it is more than the token');
select is(rule.check_npwp(t.token('n', 0) || ':100000009000000', 'npwp'), t.token('n', 0), 'nor of an NPWP');
select is(t.try(format('select rule.check_npwp(%L, %L)', t.token('n', 0) || ':100000001000000', 'npwp')), 'LK007 npwp', 'a wrong check digit passes when it is sealed');
select is(rule.check_value(t.sealed('1871014507900001'), 'text', null, 50, 'x'), t.token('1871014507900001', 0), 'a number in a text is kept plain, or its shape with it');
select is(t.try(format('select rule.check_value(%L, %L, null, 10, %L)', t.sealed('1871014507900001'), 'text', 'x')), 'LK007 x', 'a number is longer than its field');
select is(t.try(format('select rule.check_value(%L, %L, null, 50, %L)', t.sealed('1871014507900001'), 'money', 'x')), 'LK007 x', 'a number is an amount');

-- ------------------------------------------------------------------------------------------------ who may keep one
select is(t.try(t.keep('fo1', array[t.nik(1)])), 'ok', 'a request with a number is not taken');
select is(t.try(format('select api.number_keep(%L, %L, %L, false)', '\x00'::bytea, decode(repeat('11', 16), 'hex'), array[t.kept(t.nik(1))])), 'LK004', 'numbers are kept for nobody');
do $$ begin execute t.keep('fo1', array[t.nik(1), t.nik(2)]); end $$;
select is(t.numbers(), 2::bigint, 'a number is not kept');
do $$ begin execute t.keep('fo1', array[t.nik(1), t.nik(3)], true); end $$;
select is(t.numbers(), 2::bigint, 'what was only looked for is kept');
do $$ begin execute t.keep('fo9', array[t.nik(1)]); end $$;
select is(t.numbers(), 2::bigint, 'another office keeps numbers here');
select is(t.try(t.keep('fo1', array[t.nik(4)], false, decode(repeat('22', 16), 'hex'))), 'LK015', 'a server with other keys fills the same database');
select ok(not has_schema_privilege('loket_worker', 'api_job', 'usage') and not has_table_privilege('loket_worker', 'identity.number', 'select')
          and not has_table_privilege('loket_job', 'identity.number', 'select'), 'a server reads all sealed numbers at once');

-- ------------------------------------------------------------------------------------------------ from here on nothing plain
select is(t.try(format('select t.submit(applicant => %L::jsonb)', t.person(t.nik(5)))), 'LK015', 'a server without keys writes a plain number');
select is(t.try(format('select api.applicant_find(%L, %L)', t.token('fo1'), t.nik(1))), 'LK015', 'or answers a search as if nobody were known');

create table t.app as select t.submit(applicant => t.person(t.sealed(t.nik(1)), 'Sari')) as a, t.submit(applicant => t.person(t.sealed(t.nik(2)), 'Budi')) as b;
select is(t.try(format('select api.application_search(%L, %L, true, null, 0)', t.token('fo1'), t.nik(1))), 'LK015', 'here too');
select is((select row(nik, birth_on, gender)::text from application.applicant where name = 'Sari'), format('(%s,1980-08-17,m)', t.token(t.nik(1), 0)),
          'the day of birth and the sex are not taken from the shape');
select is(t.submit(applicant => t.person(t.sealed(t.nik(1)), 'Sari')) is not null
          and (select count(*) = 1 from application.applicant where nik = t.token(t.nik(1), 0)), true, 'one number makes two applicants');
select is((select array_agg(x.name) from unnest((api.applicant_find(t.token('fo1'), t.sealed(t.nik(2)))).applicants) x), '{Budi}', 'an applicant is not found by the number');
select is((select count(*) from unnest((api.application_search(t.token('an1'), t.sealed(t.nik(1)), true, null, 0)).rows)), 2::bigint, 'nor the applications');
select is((select detail->>'text' from audit.event where action = 'find_applicant' order by event_id desc limit 1), '*' || substr(t.token(t.nik(2), 0), 2), 'the log says what was looked for');
do $$ begin perform api.task_claim(t.token('an2'), t.key(), t.task((select b from t.app)), null); end $$;
select is((select (r.applicant).nik from t.app, api.application_open(t.token('an2'), b) r), t.kept(t.nik(2)), 'who checks the application does not see its number');
select is((select (r.applicant).nik from t.app, api.application_open(t.token('an1'), b) r), '*' || substr(t.kept(t.nik(2)), 2), 'who does not sees it');
select is((select (r.applicant).nik from t.app, api.application_open(t.token('au1'), a) r), '*' || substr(t.kept(t.nik(1)), 2), 'who does not need it gets more than a mask');
update identity.user_account set nik = t.token(t.nik(1), 0) where user_id = t.user_id('an1');
select is(t.try(format('select api.task_claim(%L, %L, %s, null)', t.token('an1'), t.key(), t.task(a))), 'LK005', 'an officer works on their own application') from t.app;
select ok(not exists (select from document.document d where d.data::text ~ '[0-9]{16}'), 'what is to be printed holds a plain number');
select ok(not exists (select from audit.event e where e.detail::text ~ t.nik(1) or e.detail::text ~ t.nik(2)), 'so does the audit log');
-- ------------------------------------------------------------------------------------------------ whole for a reason, and all of it for its person
select is((select (r.applicant).nik from t.app, api.application_open(t.token('fo1'), a) r), '*' || substr(t.kept(t.nik(1)), 2), 'who took it in sees the number whole for ever');
create function t.reveal(username text, app bigint, reason text default 'Called the bank about it') returns text language sql as $$
  select format('select api.applicant_reveal(%L, %s, %L)', t.token(username), app, reason) $$;
select is(t.try(t.reveal('sh1', a, ' ')), 'LK008 reason', 'a number is seen without a reason') from t.app;
select is(t.try(t.reveal('sh1', a, 'need it')), 'LK007 reason', 'two words are a reason') from t.app;
select is(t.try(t.reveal(u, a)), 'LK005', u || ' sees numbers whole') from t.app, unnest('{tr1,ar1,co1,mg1,ad1,kd1,sd1}'::text[]) u;
select is(t.try(t.reveal('fo9', a)), 'LK009 application_id', 'another office sees them') from t.app;
select is((select (r.applicant).nik from t.app, api.applicant_reveal(t.token('sh1'), a, 'Called the bank about it') r), t.kept(t.nik(1)), 'who says why does not see it');
select is((select e.actor || ' ' || e.reason from audit.event e where e.action = 'reveal_number'), 'Sh1 Called the bank about it', 'nobody knows who saw it');
select is((select count(*) from unnest((api.audit_list(t.token('au1'), null, null, null, null, null)).rows) x where x.action = 'reveal_number'), 1::bigint, 'the auditor is not shown it');

create function t.exported(username text, app bigint, reason text default 'At the counter, with KTP') returns text language sql as $$
  select format('select api.applicant_export(%L, %s, %L)', t.token(username), app, reason) $$;
select is(t.try(t.exported(u, a)), 'LK005', u || ' takes out everything of a person') from t.app, unnest('{an1,sh1,hd1,ad1,au1}'::text[]) u;
select is(t.try(t.exported('fo9', a)), 'LK009 application_id', 'another office takes it out') from t.app;
select is(t.try(t.exported('fo1', a, '')), 'LK008 reason', 'nobody asked for it') from t.app;
create table t.export as select x.* from t.app, api.applicant_export(t.token('fo1'), a, 'At the counter, with KTP') r, unnest(r.rows) x;
select is((select value from t.export where section = 'applicant' and name = 'nik'), t.kept(t.nik(1)), 'the person does not get their own number');
select is((select count(distinct item) from t.export where section = 'application'), 2::bigint, 'an application is left out');
select is((select string_agg(distinct section, ' ') from t.export), 'access applicant application form notice requirement', 'a part is left out');
select is((select count(*) from t.export where value like '%Budi%'), 0::bigint, 'another''s data is in it');
select ok(exists (select from t.export where section = 'access' and name like '% reveal_number' and value like 'Sh1, section_head, %'), 'the person is not told who saw the number');
delete from identity.number where token = t.token(t.nik(2), 0);
select is((select (r.applicant).nik from t.app, api.application_open(t.token('an2'), b) r), '-', 'what was erased is shown, or stops the screen');
select throws_ok('update application.applicant set nik = ''#12''', '23514', null, 'a column takes what is neither number nor token');

-- ------------------------------------------------------------------------------------------------ the cells of a form's table
insert into catalogue.form_field (office_id, permit_type_id, version, position, code, label, type, max_rows)
select p.office_id, p.permit_type_id, 1, 12, 'staff', 'Tenaga', 'table', 300 from catalogue.permit_type p where p.office_id = t.office() and p.code = 'TES';
insert into catalogue.form_column (office_id, permit_type_id, version, field, position, code, label, type, max_length)
select p.office_id, p.permit_type_id, 1, 'staff', x.* from catalogue.permit_type p, (values (1, 'name', 'Nama', 'text', 200), (2, 'nik', 'NIK', 'nik', 40), (3, 'tax', 'NPWP', 'npwp', 40)) x
 where p.office_id = t.office() and p.code = 'TES';
create function t.staffed(staff text, place text default 'Klinik') returns text language sql volatile as $$
  select format('select api.intake_submit(%L, %L, %L, %L, %L, %L, %L, null, null, null)', t.token('fo1'), t.key(), 'TES', 'new', t.person(t.sealed(t.nik(7))),
                jsonb_build_array(jsonb_build_object('code', 'place', 'value', place), '{"code":"own","value":"no"}'::jsonb, jsonb_build_object('code', 'staff', 'value', staff)), t.documents()) $$;
create function t.cell(app bigint, code text) returns text language sql stable as $$ select value from application.field_value v where v.application_id = app and v.code = cell.code $$;
select is(t.try(t.staffed(format('[{"nik":"%s"}]', t.nik(8)))), 'LK015', 'a plain number comes into a cell');
select is(t.try(t.staffed(format('[{"nik":"%s"}]', t.sealed('1871014507900000')))), 'LK007 fields.staff.1.nik', 'a wrong number is taken in a cell when it is sealed');
select is(t.try(t.staffed((select jsonb_agg(jsonb_build_object('name', repeat('x', 120), 'nik', t.sealed(t.nik(n)), 'tax', t.token(n::text, 0) || ':100000009000000'))::text from generate_series(1, 300) n))),
          'ok', 'a table is too long because its numbers are sealed');
do $$ begin execute t.staffed(format('[{"name":"Tono","nik":"%s","tax":"%s:100000009000000"}]', t.sealed(t.nik(8)), t.token('n', 0)), format('["%s"]', t.sealed(t.nik(8)))); end $$;
create table t.staffed_app as select max(application_id) as id from application.application where office_id = t.office();
select is((select t.cell(id, 'staff')::jsonb from t.staffed_app), jsonb_build_array(jsonb_build_object('name', 'Tono', 'nik', t.token(t.nik(8), 0), 'tax', t.token('n', 0))), 'more than tokens is kept in a cell');
select is((select t.cell(id, 'place') from t.staffed_app), format('["%s"]', t.token(t.nik(8), 0)), 'a text that looks like a table keeps the shape');
do $$ begin execute t.keep('fo1', array[t.nik(8)]); end $$;
select is((select f.value::jsonb->0->>'nik' from t.staffed_app, api.application_open(t.token('an1'), id) r, unnest(r.fields) f where f.code = 'staff'), t.kept(t.nik(8)), 'who reads the form does not see the cell');
select is((select f.value::jsonb->0->>'tax' from t.staffed_app, api.application_open(t.token('an1'), id) r, unnest(r.fields) f where f.code = 'staff'), '-', 'a cell that was erased is shown');
select is((select rule.table_lines(f, t.cell(id, 'staff')) from t.staffed_app, catalogue.form_field f where f.office_id = t.office() and f.code = 'staff'),
          format(e'1. Tono, \x02%s\x03, \x02%s\x03', t.token(t.nik(8), 0), t.token('n', 0)), 'what draws a document can''t tell a number in a line');
select is(t.try(t.staffed(format(e'[{"name":"\\u0002%s\\u0003"}]', t.token(t.nik(8), 0)))), 'LK007 fields.staff.1.name', 'a text passes itself off as a number in a line');

select * from finish();
rollback;
