-- Returned to the applicant: everything at once, and only that is open to correction; old beside new.
begin;
\ir lib/setup.sql
select plan(27);

create table t.app as select t.submit() as a;
create function t.verify(action text, decisions text, fields text default null, reason text default 'See the list', who text default 'an1')
returns text language sql volatile as $$
  select format('select api.verify_submit(%L, %L, %s, %s, %L, %L, %L, %L, null)', t.token(who), t.key(), a, t.version(a),
                decisions, action, reason, fields) from t.app $$;
create function t.correct(fields text, requirements text, who text default 'fo2') returns text language sql volatile as $$
  select format('select api.intake_correct(%L, %L, %s, %s, %L, %L)', t.token(who), t.key(), a, t.version(a), fields, requirements) from t.app $$;
create function t.requirement(code text) returns application.requirement language sql stable as $$
  select r from application.requirement r, t.app where r.application_id = a and r.code = requirement.code $$;
create function t.field(code text) returns application.field_value language sql stable as $$
  select f from application.field_value f, t.app where f.application_id = a and f.code = field.code $$;

select is(t.try(t.verify('return', '[]')), 'LK008 decisions.KTP', 'a return decides every document first');
select is(t.try(t.verify('return', '[{"code":"KTP","accepted":true},{"code":"STR","accepted":true}]')), 'LK011 action',
          'with nothing refused there is nothing to return');
select is(t.try(t.verify('draft', '[{"code":"KTP","accepted":true}]')), 'LK011 action', 'a draft needs every document accepted');
select is(t.try(t.verify('return', '[{"code":"KTP","accepted":false},{"code":"STR","accepted":true}]')), 'LK008 decisions.KTP',
          'refusing a document needs a reason');
select is(t.try(t.verify('return', '[{"code":"NONE","accepted":true}]')), 'LK007 decisions.NONE', 'an unknown document is refused');
select is(t.try(t.verify('return', '[{"code":"KTP","accepted":true},{"code":"STR","accepted":true}]', '{nowhere}')),
          'LK007 returned_fields', 'an unknown field is refused');
select is(t.try(t.verify('destroy', '[]')), 'LK007 action', 'an unknown action is refused');
select is(t.try(t.verify('propose_refusal', '[]', null, '')), 'LK008 reason', 'proposing a refusal needs a reason');

select lives_ok(t.verify('return', '[{"code":"KTP","accepted":true},{"code":"STR","accepted":false,"reason":"Blurred"}]', '{place}'),
                'one document and one field are returned');
select is(t.stage(a), 'correction', 'it waits at the counter') from t.app;
select ok((select x.stopped_at is not null from application.application x where x.application_id = a), 'the clock stands still') from t.app;
select is(t.try(t.verify('draft', '[]')), 'LK011 action', 'the analyst cannot go on meanwhile');

select is(t.try(t.correct('[{"code":"area","value":"99"}]', null)), 'LK005 fields.area', 'a field that was not returned stays');
select is(t.try(t.correct(null, '[{"code":"KTP","present":true,"document_number":"X"}]')), 'LK005 requirements.KTP',
          'a document that was not returned stays');
select is(t.try(t.correct(null, null)), 'LK008 requirements', 'a correction corrects something');
select is(t.try(t.correct(null, '[{"code":"STR"}]')), 'LK008 requirements.STR', 'a required document does not go away by it');
select is(t.try(t.correct('[{"code":"place","value":""}]', null)), 'LK008 fields.place', 'nor a required field');

select lives_ok(t.correct('[{"code":"place","value":"Rumah"},{"code":"area","value":"12.5"}]',
  format('[{"code":"STR","present":true,"document_number":"STR-2","issued_on":"2024-01-02","valid_until_on":"%s"}]', current_date + 500)),
  'what was returned is corrected');
select is(t.stage(a), 'verification', 'and goes back to the analyst') from t.app;
select is(row((t.field('place')).value, (t.field('place')).old_value, (t.field('place')).changed, (t.field('place')).returned)::text,
          '(Rumah,Klinik,t,f)', 'the analyst sees the old value beside the new');
select is(row((t.requirement('STR')).document_number, (t.requirement('STR')).old_document_number, (t.requirement('STR')).status)::text,
          '(STR-2,STR-1,pending)', 'the corrected document waits for a decision, its old number beside it');
select is((t.requirement('KTP')).status, 'accepted', 'what was accepted stays accepted');
select is((select count(*) from application.task k, t.app where k.application_id = a and k.closed_at is null), 1::bigint,
          'one task is open, for the analyst');

-- an answer that newly asks for a document
select t.act('an1', t.submit(applicant => t.person(t.nik(5))), 'draft') \g /dev/null
update t.app set a = t.submit(applicant => t.person(t.nik(6)));
select lives_ok(t.verify('return', '[{"code":"KTP","accepted":true},{"code":"STR","accepted":true}]', '{own}'), 'a field alone is returned');
select is(t.try(t.correct('[{"code":"own","value":"yes"},{"code":"rooms","value":"2"}]', null)), 'LK008 requirements.PLAN',
          'a new answer asks for its document');
select is(t.try(t.correct('[{"code":"own","value":"yes"},{"code":"rooms","value":"2"}]', '[{"code":"PLAN","present":true}]')), 'ok',
          'with it the correction is taken');
select is(t.try(t.correct('[{"code":"own","value":"yes"}]', '[{"code":"PLAN","present":true}]')), 'LK008 fields.rooms',
          'a new answer asks for its fields too');
select * from finish();
rollback;
