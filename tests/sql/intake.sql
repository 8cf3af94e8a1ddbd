-- The counter: each field checked by its type, what is missing listed, nothing registered while something is missing.
begin;
\ir lib/setup.sql
select plan(65);

create function t.intake(change jsonb default '{}', username text default 'fo1') returns text language sql volatile as $$
  select format('select api.intake_submit(%L, %L, %L, %L, %L, %L, %L, %L, %L, %L)', t.token(username), t.key(), x->>'permit_type',
                x->>'kind', x->'applicant', x->'fields', x->'requirements', x->>'location', x->>'priority', x->>'previous_permit')
    from (select jsonb_build_object('permit_type', 'TES', 'kind', 'new', 'applicant', t.person(), 'fields', t.fields(),
                                    'requirements', t.documents(), 'location', 'Jalan Uji') || change as x) y $$;
create function t.applicant(change jsonb) returns text language sql volatile
as $$ select t.intake(jsonb_build_object('applicant', t.person() || change)) $$;
create function t.field(code text, value text) returns text language sql volatile as $$
  select t.intake(jsonb_build_object('fields', (select jsonb_agg(case when f->>'code' = field.code then jsonb_build_object('code', field.code, 'value', field.value) else f end)
    from jsonb_array_elements(t.fields()) f) || case when t.fields() @> jsonb_build_array(jsonb_build_object('code', field.code)) then '[]'
      else jsonb_build_array(jsonb_build_object('code', field.code, 'value', field.value)) end)) $$;
create function t.document(change jsonb) returns text language sql volatile as $$
  select t.intake(jsonb_build_object('requirements', jsonb_build_array(t.documents()->0, (t.documents()->1) || change))) $$;

select is(t.try(t.intake()), 'ok', 'a complete application is taken in');
select is(t.try(t.intake(c::jsonb)), expected, 'request ' || c) from (values
  ('{"permit_type":""}', 'LK008 permit_type'), ('{"permit_type":"NONE"}', 'LK007 permit_type'), ('{"permit_type":"TESO"}', 'LK007 permit_type'),
  ('{"permit_type":"tes"}', 'ok'), ('{"kind":"strange"}', 'LK007 kind'), ('{"kind":"renewal"}', 'LK008 previous_permit'),
  ('{"kind":"renewal","previous_permit":"503/1"}', 'ok'), ('{"priority":"elderly"}', 'ok'), ('{"priority":"friend"}', 'LK007 priority')) v(c, expected);
select is(t.try(t.applicant(c::jsonb)), expected, 'applicant ' || c) from (values
  ('{"kind":"ghost"}', 'LK007 applicant.kind'), ('{"name":" "}', 'LK008 applicant.name'), ('{"nik":""}', 'LK008 applicant.nik'),
  ('{"nik":"123"}', 'LK007 applicant.nik'), ('{"nik":"1872015708800001"}', 'ok'), ('{"birth_on":"1980-08-18"}', 'LK007 applicant.nik'),
  ('{"gender":"f"}', 'LK007 applicant.nik'), ('{"gender":"x"}', 'LK007 applicant.gender'), ('{"birth_on":"2999-01-01"}', 'LK007 applicant.birth_on'),
  ('{"birth_on":"1980-02-30"}', 'LK007 applicant.birth_on'), ('{"address":""}', 'LK008 applicant.address'),
  ('{"phone":""}', 'LK008 applicant.phone'), ('{"phone":"","email":"a@b.id"}', 'ok'), ('{"email":"nowhere"}', 'LK007 applicant.email'),
  ('{"phone":"call me"}', 'LK007 applicant.phone'), ('{"npwp":"12"}', 'LK007 applicant.npwp'), ('{"nib":"12"}', 'LK007 applicant.nib'),
  ('{"kind":"company"}', 'LK008 applicant.responsible_name'), ('{"kind":"company","responsible_name":"Sari"}', 'LK008 applicant.npwp'),
  ('{"kind":"company","responsible_name":"Sari","nib":"1234567890123"}', 'ok'),
  ('{"name":"a\u0007b"}', 'LK007 applicant.name')) v(c, expected);
select is(t.try(t.field(c, value)), expected, c || ' = ' || translate(value, E'\n', ' ')) from (values
  ('place', '', 'LK008 fields.place'), ('place', repeat('x', 101), 'LK007 fields.place'), ('place', E'a\nb', 'LK007 fields.place'),
  ('own', 'perhaps', 'LK007 fields.own'), ('own', 'yes', 'LK008 fields.rooms'), ('opens', '2026-13-01', 'LK007 fields.opens'),
  ('opens', '2026-02-29', 'LK007 fields.opens'), ('opens', '2028-02-29', 'ok'), ('area', 'wide', 'LK007 fields.area'),
  ('area', '12,5', 'ok'), ('nowhere', 'x', 'LK007 fields.nowhere'), ('rooms', 'not asked', 'ok')) v(c, value, expected);
select is(t.try(t.document(c::jsonb)), expected, 'STR ' || c) from (values
  ('{"document_number":""}', 'LK008 requirements.STR'), ('{"valid_until_on":""}', 'LK008 requirements.STR'),
  ('{"valid_until_on":"2020-01-01"}', 'LK007 requirements.STR'), ('{"issued_on":"2999-01-01","valid_until_on":"3000-01-01"}', 'LK007 requirements.STR'),
  ('{"issued_on":"yesterday"}', 'LK007 requirements.STR'), ('{"code":"XYZ"}', 'LK007 requirements.XYZ'), ('{"code":"KTP"}', 'LK007 requirements.KTP'))
  v(c, expected);

-- incomplete: the list, and nothing else
create table t.incomplete as select * from api.intake_submit(t.token('fo1'), t.key(), 'TES', 'new', t.person(t.nik(9)),
  '[{"code":"place","value":"x"},{"code":"own","value":"yes"},{"code":"rooms","value":"2"}]', '[{"code":"KTP","present":true}]',
  null, null, null);
select is((select array_agg(m.code) from t.incomplete, unnest(missing) m), '{STR,PLAN}', 'what is missing is listed, the conditional too');
select is((select number from t.incomplete), null, 'and no number is given');
select is((select count(*) from application.applicant where nik = t.nik(9)), 0::bigint, 'nobody is registered');
select is((select count(*) from application.application where office_id = t.office()), 0::bigint, 'no application is registered');

-- complete
create table t.complete as select * from api.intake_submit(t.token('fo1'), t.key(), 'TES', 'new', t.person(t.nik(9)), t.fields(), t.documents(),
  'Jalan Uji', null, null);
select matches(number, '^[0-9]{4}-000001$', 'the first application of the office''s year is number 1') from t.complete;
select matches(pin, '^[0-9]{6}$', 'the PIN has six digits') from t.complete;
select is(promised_on, rule.add_working_days(t.office(), rule.office_date(t.office()), 3)::text, 'the promise is 3 working days') from t.complete;
select is(row(fee, cardinality(missing))::text, '(0,0)', 'it costs nothing, nothing is missing') from t.complete;
select is((select a.pin_hash from application.application a, t.complete c where a.application_id = c.application_id),
          (select sha256(convert_to(t.office() || ':' || number || ':' || pin, 'UTF8')) from t.complete), 'the PIN is kept as a hash');
select alike((select announce[1] from t.complete), 'uji:analyst:%', 'the analysts are told');

-- known again
select t.submit(applicant => t.person(t.nik(9), 'Sari Baru') || '{"phone":"0899999999"}') \g /dev/null
select is((select array_agg(name || ' ' || phone) from application.applicant where nik = t.nik(9)), '{Sari Baru 0899999999}',
          'a known NIK is the same person, brought up to date');
select is((select before->>'name' from application.applicant_history h join application.applicant p using (applicant_id) where p.nik = t.nik(9)),
          'Sari Wulandari', 'what it was is kept');
select is((select name from unnest((api.applicant_find(t.token('fo1'), t.nik(9))).applicants)), 'Sari Baru', 'found by NIK');
select is((select name from unnest((api.applicant_find(t.token('fo1'), 'ARI BA')).applicants)), 'Sari Baru', 'found by a part of the name');
select is(cardinality((api.applicant_find(t.token('fo9'), t.nik(9))).applicants), null, 'but not by another office');
select * from finish();
rollback;
