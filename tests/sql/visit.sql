-- Several permits in one visit: brought once, followed together, decided each by itself.
begin;
\ir lib/setup.sql
select plan(47);

create function t.beside(username text, permit text, beside bigint, pin text, applicant jsonb default t.person()) returns text language sql volatile as $$
  select format('select application_id from api.intake_submit(%L, %L, %L, %L, %L, %L, %L, null, null, null, %s, %L)', t.token(username), t.key(), permit, 'new', applicant,
                t.fields(), t.documents(), beside, pin) $$;
create function t.begin_beside(permit text, beside bigint, pin text, username text default 'fo1') returns bigint language plpgsql as $$
declare id bigint;
begin
  execute t.beside(username, permit, beside, pin) into id;
  return id;
end $$;
create function t.attach(app bigint, code text, file bytea, replaces bigint default 0, media_type text default 'application/pdf') returns bigint language plpgsql as $$
declare b api.document_begin_reply; w api_job.check_work;
begin
  b := api.document_begin(t.token('fo1'), t.key(), app, code, replaces, 'scan.pdf', octet_length(file), sha256(file));
  perform api.document_chunk(t.token('fo1'), b.upload_id, 0, file);
  perform api.document_finish(t.token('fo1'), t.key(), b.upload_id);
  w := api_job.check_next();
  perform api_job.check_done(w.office_id, w.upload_id, sha256(file), media_type, null, null);
  return (select max(d.document_id) from document.document d where d.application_id = app and d.code = attach.code and d.kind = 'requirement');
end $$;
create function t.files(app bigint, code text) returns text language sql stable as $$
  select string_agg(concat_ws(' ', d.state, d.version, case when d.shared_from is not null then 'shared' end), ', ' order by d.document_id)
    from document.document d where d.application_id = app and d.code = files.code and d.kind = 'requirement' $$;

create table t.first as select r.* from api.intake_submit(t.token('fo1'), t.key(), 'TES', 'new', t.person(), t.fields(), t.documents(), 'Jalan Uji 1', null, null) r;
select is(visit, null, 'one application is no visit') from t.first;
select t.attach(application_id, 'KTP', 'the card') from t.first \g /dev/null

-- who may, and of what
select is(t.try(t.beside('fo1', 'TESV', application_id, '000000x')), 'LK007 beside_pin', 'without the PIN nothing is put beside it') from t.first;
select is(t.try(t.beside('fo1', 'TESV', application_id, null)), 'LK008 beside_pin', 'nor with none') from t.first;
select is(t.try(t.beside('fo1', 'TESV', 999999, pin)), 'LK009 application_id', 'nor beside nothing') from t.first;
select is(t.try(t.beside('fo9', 'TESV', application_id, pin)), 'LK009 application_id', 'nor in another office') from t.first;
select is(t.try(t.beside('an1', 'TESV', application_id, pin)), 'LK005', 'an analyst takes nothing in') from t.first;
select is(t.try(t.beside('fo1', 'TESV', application_id, pin, t.person(t.nik(2), 'Somebody Else'))), 'LK007 applicant.nik', 'another applicant is no part of it') from t.first;
update application.application a set submitted_at = now() - interval '2 days' from t.first f where a.application_id = f.application_id;
select is(t.try(t.beside('fo1', 'TESV', application_id, pin)), 'LK011 beside', 'yesterday''s visit is over') from t.first;
update application.application a set submitted_at = now() from t.first f where a.application_id = f.application_id;
select is(t.try(format('select api.intake_beside(%L, %s, %L)', t.token(u), application_id, pin)), expected, 'what it may begin with: ' || u) from t.first, (values ('fo1', 'ok'), ('fo2', 'ok'), ('an1', 'LK005'), ('au1', 'LK005'), ('fo9', 'LK009 application_id')) v(u, expected);
select is(t.try(format('select api.intake_beside(%L, %s, %L)', t.token('fo1'), application_id, '1')), 'LK007 beside_pin', 'no PIN, no data') from t.first;
select is(array[(b.applicant).nik, b.requirements[2].code, b.requirements[2].document_number], array[t.nik(), 'STR', 'STR-1'], 'it begins with the applicant and what was brought') from t.first, api.intake_beside(t.token('fo1'), application_id, pin) b;

-- the second application
create table t.second as
select r.* from t.first f, api.intake_submit(t.token('fo1'), t.key(), 'TESV', 'new', t.person(), t.fields(), t.documents(), null, null, null, f.application_id, f.pin) r;
select matches(visit, '^V-[0-9]{4}-[0-9]{6}$', 'two are a visit, with a code') from t.second;
select is((select array_agg(r.number order by r.number) from t.second, unnest(applications) r), (select array[f.number, s.number] from t.first f, t.second s), 'the receipt lists both');
select is((select jsonb_array_length(d.data->'applications') || (d.data #>> '{visit,code}') from document.document d, t.second s where d.document_id = s.document_id), '2' || visit, 'on paper too') from t.second;
select is(s.pin, f.pin, 'there is one PIN to remember') from t.first f, t.second s;
select isnt(s.number, f.number, 'each has its own number') from t.first f, t.second s;
select is(array[t.stage(f.application_id), t.stage(s.application_id)], '{verification,verification}', 'and its own way') from t.first f, t.second s;
select is((select a.permit_type_id from application.application a where a.application_id = s.application_id), (select p.permit_type_id from catalogue.permit_type p where p.office_id = t.office() and p.code = 'TESV'), 'of its own permit') from t.second s;

-- documents, once
select is(t.files(application_id, 'KTP'), 'current 1 shared', 'what was attached before is there') from t.second;
select is((select count(distinct d.content_id) from document.document d, t.first f, t.second s where d.application_id in (f.application_id, s.application_id) and d.code = 'KTP'), 1::bigint, 'its bytes are kept once');
select t.attach(application_id, 'STR', 'the licence') from t.second \g /dev/null
select is(t.files(application_id, 'STR'), 'current 1 shared', 'what is attached later goes to the first one too') from t.first;
select is((select count(*) from audit.event e, t.first f where e.application_id = f.application_id and e.action = 'attach_document' and e.detail ? 'shared_from'), 1::bigint, 'its chain says where it is from');
create table t.third as select t.begin_beside('TES', s.application_id, s.pin) as id from t.second s;
select is(t.files(id, 'KTP') || ', ' || t.files(id, 'STR'), 'current 1 shared, current 1 shared', 'a third takes part by the second''s number') from t.third;
select is((select count(distinct a.visit_id) from application.application a, t.first f, t.third where a.application_id in (f.application_id, id)), 1::bigint, 'in the same visit');
update catalogue.requirement r set formats = '{png}' from catalogue.permit_type p where p.office_id = r.office_id and p.permit_type_id = r.permit_type_id and p.code = 'TESL' and r.code = 'KTP';
create table t.fourth as select t.begin_beside('TESL', s.application_id, s.pin) as id from t.second s;
select is(t.files(id, 'KTP'), null, 'a permit that takes no file of that kind does not get it') from t.fourth;
select is(t.files(id, 'STR'), 'current 1 shared', 'but the others') from t.fourth;

-- judged each by itself
select is((select r.judged_in from t.second s, api.application_open(t.token('an2'), s.application_id) a, unnest(a.requirements) r where r.code = 'KTP'), null, 'before anybody judged it nothing is told');
select t.act('an1', application_id, 'save') from t.first \g /dev/null
select is((select array[r.judged_in, r.judged_by, r.judged_as, r.status] from t.second s, api.application_open(t.token('an2'), s.application_id) a, unnest(a.requirements) r where r.code = 'KTP'),
          array[f.number, 'An1', 'accepted', 'pending'], 'an analyst is told where, by whom and how it was judged, and judges for themselves') from t.first f;
select is(t.complaint(t.call('an2', application_id, 'draft')), 'This permit needs an inspection first', 'the second goes its own way') from t.second;
update application.requirement q set document_number = 'STR-2' from t.second s where q.application_id = s.application_id and q.code = 'STR';
select is((select r.judged_in from t.second s, api.application_open(t.token('an2'), s.application_id) a, unnest(a.requirements) r where r.code = 'STR'), null, 'another document of the same kind is not told as judged');
select is((select r.judged_in from api.application_open(t.token('an2'), t.submit('TES', 'fo1', t.person())) a, unnest(a.requirements) r where r.code = 'KTP'), null, 'nor one of another visit');

-- corrected once
select t.act('an1', application_id, 'return') from t.first \g /dev/null
select t.attach(f.application_id, 'KTP', 'a better card', d.document_id) from t.first f, document.document d where d.application_id = f.application_id and d.code = 'KTP' and d.state = 'current' \g /dev/null
select is(t.files(application_id, 'KTP'), 'replaced 1 shared, current 2 shared', 'a better file takes the place of the shared one') from t.second;
select t.act('an2', application_id, 'inspect') from t.second \g /dev/null
select is((select count(*) from t.first f, lateral (select t.attach(f.application_id, 'KTP', 'the best card', (select d.document_id from document.document d where d.application_id = f.application_id and d.code = 'KTP' and d.state = 'current')) as x) y), 1::bigint, 'again');
select is(t.files(application_id, 'KTP'), 'replaced 1 shared, current 2 shared', 'but not where it was accepted already') from t.second;

-- followed together
create table t.tracked as select r.* from t.second s, api.public_track('192.0.2.9', 'uji', s.visit, s.pin) r;
select is(number || ' ' || cardinality(applications), (select visit || ' 4' from t.second), 'the visit''s code shows all of them') from t.tracked;
select is((select r.stage_name from t.tracked, unnest(applications) r where r.number = (select number from t.first)), 'Correction', 'each where it is');
select is(r.number || ' ' || r.visit, s.number || ' ' || s.visit, 'each can be followed alone, with the same PIN') from t.second s, api.public_track('192.0.2.9', 'uji', s.number, s.pin) r;
select is(r.number, null, 'a wrong PIN shows nothing of a visit') from t.second s, api.public_track('192.0.2.9', 'uji', s.visit, '0') r;
select is((select count(*) from application.track_attempt a, t.second s where a.number = s.visit), 1::bigint, 'and is counted');
select is(r.number, null, 'nor does a visit of another office') from t.second s, api.public_track('192.0.2.9', 'lain', s.visit, s.pin) r;

-- the same request twice is one application
create table t.key as select t.key() as key, application_id as id, pin from t.first;
select is((select count(distinct a.application_id) from t.key, generate_series(1, 2), api.intake_submit(t.token('fo1'), key, 'TES', 'new', t.person(), t.fields(), t.documents(), null, null, null, id, pin) a), 1::bigint, 'a repeated request adds no second one');
select is(t.try(format('select api.intake_submit(%L, %L, %L, %L, %L, %L, %L, null, null, null)', t.token('fo1'), key, 'TES', 'new', t.person(), t.fields(), t.documents())), 'LK013 key', 'the same key without the visit is another request') from t.key;
select t.begin_beside('TES', f.application_id, f.pin) from t.first f, generate_series(1, 5) \g /dev/null
select is(t.try(t.beside('fo1', 'TES', application_id, pin)), 'LK014 beside', 'a visit has an end') from t.first;

select * from finish();
rollback;
