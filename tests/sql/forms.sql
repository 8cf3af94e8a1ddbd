-- Forms with places, tables and files: whatever somebody sends, only what the permit type asks for is kept.
begin;
\ir lib/setup.sql
select plan(93);

-- TES asks for a place, a table of staff and a file, none of which must be there; the office lies around Metro.
update catalogue.office set bounds = '{-5.25,105.20,-5.00,105.42}' where office_id = t.office();
insert into catalogue.form_field (office_id, permit_type_id, version, position, code, label, type, inside, min_rows, max_rows, requirement)
select p.office_id, p.permit_type_id, 1, x.* from catalogue.permit_type p, (values
  (10, 'site', 'Titik', 'coordinates', true, 0, 100, null), (11, 'anywhere', 'Titik lain', 'coordinates', false, 0, 100, null),
  (12, 'staff', 'Tenaga', 'table', false, 2, 3, null), (13, 'drawing', 'Gambar', 'file', false, 0, 100, 'PHOTO')) x
 where p.office_id = t.office() and p.code = 'TES';
insert into catalogue.form_column (office_id, permit_type_id, version, field, position, code, label, type, required, max_length, choices)
select p.office_id, p.permit_type_id, 1, 'staff', x.* from catalogue.permit_type p, (values
  (1, 'name', 'Nama', 'text', true, 10, '{}'::text[]), (2, 'job', 'Profesi', 'choice', true, 20, '{nurse=Perawat,doctor=Dokter}'),
  (3, 'since', 'Sejak', 'date', false, 20, '{}'), (4, 'hours', 'Jam', 'number', false, 20, '{}')) x
 where p.office_id = t.office() and p.code = 'TES';

create function t.form(code text, value text, username text default 'fo1') returns text language sql volatile as $$
  select format('select api.intake_submit(%L, %L, %L, %L, %L, %L, %L, null, null, null)', t.token(username), t.key(), 'TES', 'new', t.person(),
                t.fields() || jsonb_build_array(jsonb_build_object('code', form.code, 'value', form.value)), t.documents()) $$;
create function t.taken(code text, value text) returns text language plpgsql as $$
declare r api.intake_submit_reply;
begin
  r := api.intake_submit(t.token('fo1'), t.key(), 'TES', 'new', t.person(), t.fields() || jsonb_build_array(jsonb_build_object('code', code, 'value', value)),
                         t.documents(), null, null, null);
  return (select f.value from application.field_value f where f.application_id = r.application_id and f.code = taken.code);
end $$;

-- places
select is(t.taken('anywhere', given), expected, 'the place ' || given) from (values
  ('-5.1131, 105.3067', '-5.113100, 105.306700'), ('-5.1131 105.3067', '-5.113100, 105.306700'), ('-5,1131 105,3067', '-5.113100, 105.306700'),
  ('-5.1131;105.3067', '-5.113100, 105.306700'), ('-5.1131/105.3067', '-5.113100, 105.306700'), ('+5, +105', '5.000000, 105.000000'),
  ('5°06''47.2"S 105°18''24.1"E', '-5.113111, 105.306694'), ('5° 6′ 47.2″ S, 105° 18′ 24.1″ E', '-5.113111, 105.306694'),
  ('5 6 47 LS, 105 18 24 BT', '-5.113056, 105.306667'), ('5.1131 LU 105.3067 BB', '5.113100, -105.306700'),
  ('S 5 6.5 E 105 18.25', '-5.108333, 105.304167'), ('105.3067E 5.1131S', '-5.113100, 105.306700'), ('-5 6 47.2, 105 18 24.1', '-5.113111, 105.306694'),
  ('0,0 0,0', '0.000000, 0.000000'), ('-0.0000001, 0', '0.000000, 0.000000'), ('90, 180', '90.000000, 180.000000'), (' ', null)) v(given, expected);
select is(t.try(t.form('anywhere', given)), 'LK007 fields.anywhere', 'no place: ' || given) from (values
  ('NaN, NaN'), ('Infinity, 0'), ('1e3, 2'), ('0x10, 5'), ('90.1, 0'), ('0, 180.1'), ('-5.1131'), ('-5,105'), ('1 2 3'), ('1 2 3 4 5 6 7 8'), ('5 60 0 S 105 0 0 E'),
  ('5 6 60 S 105 0 0 E'), ('5.5 6 0 S 105 0 0 E'), ('-5 S 105 E'), ('5 S 105 N'), ('5 S E 105'), ('5.1.3, 105'), ('5-6'), ('1000, 5'), ('drop table, 5'), ('NSEW'),
  (repeat('9', 90) || ', 1'), (repeat('1 ', 200))) v(given);
select is(t.try(t.form('site', '-5.1131, 105.3067')), 'ok', 'a place within the office''s area is taken');
select is(t.try(t.form('site', '-6.2, 106.8')), 'LK007 fields.site', 'a place in another city is refused');
select is(t.complaint(t.form('site', '-6.2, 106.8')), 'This place is outside the area of the office', 'and it is said why');

-- tables
create function t.staff(rows text) returns text language sql volatile as $$ select t.form('staff', rows) $$;
create table t.row as select '{"name":"Sari","job":"nurse"}'::text as one;
select is(t.taken('staff', format('[%s, {"job":"doctor", "name":"Budi", "since":"2026-01-02", "hours":"7,5"}]', one)),
          '[{"job": "nurse", "name": "Sari"}, {"job": "doctor", "name": "Budi", "hours": "7.5", "since": "2026-01-02"}]', 'a table is kept, each cell by its type') from t.row;
select is(t.taken('staff', '[]'), null, 'a table without rows is none, where none is required');
select is(t.try(t.staff(given)), 'LK' || code || ' fields.staff' || field, 'no such table: ' || left(given, 60)) from t.row, lateral (values
  ('007', '', 'not json'), ('007', '', '{"a":1}'), ('007', '', '"text"'), ('007', '', '7'), ('007', '.1', '[[["deep"]]]'), ('007', '.1', '[1,2]'), ('007', '.1', '[null, null]'),
  ('007', '.2', format('[%s, ["x"]]', one)), ('007', '.2.secret', format('[%s, {"name":"B","job":"nurse","secret":"x"}]', one)),
  ('007', '.2.name', format('[%s, {"name":{"a":"b"},"job":"nurse"}]', one)), ('007', '.2.name', format('[%s, {"name":7,"job":"nurse"}]', one)),
  ('008', '.2.name', format('[%s, {"job":"nurse"}]', one)), ('008', '.2.name', format('[%s, {"name":"  ","job":"nurse"}]', one)),
  ('007', '.2.job', format('[%s, {"name":"B","job":"king"}]', one)), ('007', '.2.since', format('[%s, {"name":"B","job":"nurse","since":"2026-02-30"}]', one)),
  ('007', '.2.hours', format('[%s, {"name":"B","job":"nurse","hours":"NaN"}]', one)), ('007', '.2.name', format('[%s, {"name":"%s","job":"nurse"}]', one, repeat('x', 11))),
  ('007', '.2.name', format('[%s, {"name":"a\u0007b","job":"nurse"}]', one)), ('007', '', '[{"name":"a\u0000b","job":"nurse"}]'),
  ('008', '', format('[%s]', one)), ('007', '', format('[%1$s,%1$s,%1$s,%1$s]', one)),
  ('007', '', '[' || repeat('[', 60000)), ('007', '', '[' || repeat('{"a":', 10000)), ('007', '', '[' || repeat('{},', 100000) || '{}]')) v(code, field, given);
select cmp_ok(clock_timestamp() - now_before, '<', interval '2 seconds', 'a table of 100,000 rows is refused before it is read')
  from (select clock_timestamp() as now_before, t.try(t.staff('[' || repeat('{"name":"Sari","job":"nurse"},', 100000) || '{}]')) as said offset 0) x;
select is(t.complaint(t.staff('[' || repeat('{},', 30000) || '{}]')), 'This table is larger than 64 KiB', 'and it is said why');
update catalogue.form_field set required = true where office_id = t.office() and code = 'staff';
select is(t.try(t.form('anywhere', '')), 'LK008 fields.staff', 'a table that must be there is missed');
select is(t.try(t.staff('[]')), 'LK008 fields.staff', 'also when it has no rows');
update catalogue.form_field set required = false where office_id = t.office() and code = 'staff';

-- what is shown and printed of it
create table t.app as
select r.application_id as id from t.row, api.intake_submit(t.token('fo1'), t.key(), 'TES', 'new', t.person(), t.fields() || jsonb_build_array(jsonb_build_object('code', 'staff', 'value', format('[%1$s,%1$s]', one))), t.documents(), null, null, null) r;
select is((select f.columns[2].choices from t.app, api.application_open(t.token('an1'), id) a, unnest(a.fields) f where f.code = 'staff'), '{nurse=Perawat,doctor=Dokter}', 'who reads it is told what the columns are');
select is((select d.data #>> '{field,staff,1,job}' from document.document d, t.app where d.application_id = id and d.kind = 'receipt'), 'Perawat', 'a document has the rows, with the labels of choices');
select is((select f->>'value' from document.document d, t.app, jsonb_array_elements(d.data->'fields') f where d.application_id = id and d.kind = 'receipt' and f->>'label' = 'Tenaga'),
          e'1. Sari, Perawat\n2. Sari, Perawat', 'and in the list of fields each row is a line');

-- files
select is(t.try(t.form('drawing', '1')), 'LK007 fields.drawing', 'before there is an application no file of it can be named');
select is((select count(*) from t.app, api.document_list(t.token('fo1'), id) l, unnest(l.attach) a where a.code = 'drawing' and a.max_bytes = 10485760), 1::bigint, 'the file that the form asks for can be attached, with the size of its requirement');
update catalogue.form_field set required = true where office_id = t.office() and code = 'drawing';
select is(t.complaint(t.call('an1', id, 'draft')), 'A file that the form asks for is not attached yet', 'without a file that must be there nothing goes on') from t.app;
create function t.attach(app bigint, code text, file bytea, media_type text default 'application/pdf') returns text language plpgsql as $$
declare b api.document_begin_reply; w api_job.check_work;
begin
  b := api.document_begin(t.token('fo1'), t.key(), app, code, 0, 'denah.pdf', octet_length(file), sha256(file));
  perform api.document_chunk(t.token('fo1'), b.upload_id, 0, file);
  perform api.document_finish(t.token('fo1'), t.key(), b.upload_id);
  w := api_job.check_next();
  perform api_job.check_done(w.office_id, w.upload_id, sha256(file), media_type, null, null);
  return (select u.state from document.upload u where u.upload_id = b.upload_id);
end $$;
select is(t.try(format('select t.attach(%s, %L, %L)', id, 'place', 'x')), 'LK011 code', 'to a field of another type nothing is attached') from t.app;
update catalogue.requirement set formats = '{pdf}', max_bytes = 10 where office_id = t.office() and code = 'PHOTO';
select is(t.try(format('select t.attach(%s, %L, %L)', id, 'drawing', 'more than ten bytes')), 'LK007 size', 'a file larger than the requirement allows is refused') from t.app;
select is(t.attach(id, 'drawing', 'picture', 'image/png'), 'refused', 'so is one of another format') from t.app;
select is(t.attach(id, 'drawing', 'plan 1'), 'done', 'a good one is taken') from t.app;
select is((select v.value from t.app, application.field_value v where v.application_id = id and v.code = 'drawing'), (select d.document_id::text from t.app, document.document d where d.application_id = id and d.code = 'drawing'), 'and is the field''s value');
select is((select f.choices[1] from t.app, api.application_open(t.token('an1'), id) a, unnest(a.fields) f where f.code = 'drawing'), (select d.document_id || '=denah.pdf' from t.app, document.document d where d.application_id = id and d.code = 'drawing'), 'who reads it sees the file''s name');
select is(t.try(t.call('an1', id, 'draft')), 'ok', 'now it goes on') from t.app;

-- returned and attached anew
select is(r.stage, 'correction', 'a file goes back like any other field') from t.app, api.verify_submit(t.token('an1'), t.key(), id, t.version(id), '[{"code":"KTP","accepted":true},{"code":"STR","accepted":true}]', 'return', 'Blurred', '{drawing}', null) r;
select is(t.attach(id, 'drawing', 'plan 2'), 'done', 'a better one is attached') from t.app;
create function t.correct(value text) returns text language sql volatile as $$
  select format('select api.intake_correct(%L, %L, %s, %s, %L, null)', t.token('fo1'), t.key(), id, t.version(id), jsonb_build_array(jsonb_build_object('code', 'drawing', 'value', value))) from t.app $$;
select is(t.try(t.correct('1')), 'LK007 fields.drawing', 'a document of another application can''t take its place');
select is(t.try(t.correct('-1')), 'LK007 fields.drawing', 'nor what is no document');
select is(t.try(t.correct((select d.document_id::text from t.app, document.document d where d.application_id = id and d.code = 'drawing' and d.state = 'replaced'))), 'LK007 fields.drawing', 'nor the one that was replaced');
select is(r.stage, 'verification', 'it is submitted again') from t.app, api.intake_correct(t.token('fo1'), t.key(), id, t.version(id), jsonb_build_array(jsonb_build_object('code', 'drawing', 'value', (select v.value from application.field_value v where v.application_id = id and v.code = 'drawing'))), null) r;
select is((select array[f.changed::text, (f.old_value <> f.value)::text] from t.app, api.application_open(t.token('an1'), id) a, unnest(a.fields) f where f.code = 'drawing'), '{true,true}', 'the analyst sees the old file beside the new');

select * from finish();
rollback;
