-- The applicant's own data: corrected with what it was, and two records made one and two again, exactly.
begin;
\ir lib/setup.sql
select plan(46);

create function t.applicant(app bigint) returns application.applicant language sql stable as $$
  select p from application.application a join application.applicant p using (office_id, applicant_id) where a.application_id = app $$;
create function t.row_version(app bigint) returns bigint language sql stable as $$ select rule.applicant_version(t.applicant(app)) $$;
create function t.correct(username text, app bigint, data jsonb, reason text default 'Typing mistake', version bigint default null) returns text language sql as $$
  select format('select api.applicant_correct(%L, %L, %s, %s, %L, %L)', t.token(username), t.key(), app, coalesce(version, t.row_version(app)), data, reason) $$;

create table t.app as select t.submit(applicant => t.person(t.nik(1), 'Siti Aminah')) as a, t.submit(applicant => t.person(t.nik(2), 'Siti Aminnah')) as b,
                             t.submit(applicant => t.person(t.nik(3), 'Bambang Sutrisno')) as c;
insert into t.app (a) select t.submit(applicant => t.person(t.nik(2), 'Siti Aminnah'));
create table t.id as select (t.applicant(a)).applicant_id as a, (t.applicant(b)).applicant_id as b, (t.applicant(c)).applicant_id as c from t.app where b is not null;
create view t.first as select * from t.app where b is not null;

-- ------------------------------------------------------------------------------------------------ corrections
select is(t.try(t.correct('fo1', c, t.person(t.nik(3), 'Bambang Soetrisno'))), 'ok', 'the counter corrects a name') from t.first;
select is(t.try(t.correct(u, c, t.person(t.nik(3), 'X'))), 'LK005', u || ' corrects nobody''s data') from t.first, unnest('{an1,sh1,hd1,ad1,au1}'::text[]) u;
select is(t.try(t.correct('fo9', c, t.person(t.nik(3), 'X'))), 'LK009 application_id', 'nor another office') from t.first;
select is(t.try(t.correct('fo1', c, t.person(t.nik(3), 'Bambang S'), ' ')), 'LK008 reason', 'never without a reason') from t.first;
select is(t.try(t.correct('fo1', c, t.person(t.nik(3), 'Bambang Sutrisno'))), 'LK008 applicant.name', 'nothing is not a correction') from t.first;
select is(t.try(t.correct('fo1', c, t.person('187201170880', 'X'))), 'LK007 applicant.nik', 'a wrong NIK is refused beside its field') from t.first;
select is(t.try(t.correct('fo1', c, t.person(t.nik(1), 'Bambang Sutrisno'))), 'LK013 applicant.nik', 'another''s NIK is not taken') from t.first;
select is(t.try(t.correct('fo1', c, t.person(t.nik(3), 'Bambang S'), 'Why', 1)), 'LK010 version', 'what somebody changed meanwhile is read again first') from t.first;
do $$ begin execute t.correct('fo1', (select c from t.first), t.person(t.nik(3), 'Bambang Soetrisno') || '{"phone":"0899999999"}'); end $$;
select is((select before->>'name' || ' ' || (before->>'phone') || ' ' || reason || ' ' || action from application.applicant_history h, t.id where h.applicant_id = c), 'Bambang Sutrisno 0812345678 Typing mistake correct', 'what it was is kept');
select is((select (h.before).name || ' > ' || (r.applicant).name || ' by ' || h.officer from t.first, api.applicant_open(t.token('fo2'), c) r, unnest(r.history) h), 'Bambang Sutrisno > Bambang Soetrisno by Fo1', 'and seen');
select is((select detail->>'fields' from audit.event e, t.first where application_id = c and action = 'correct_applicant'), 'name phone', 'the audit log says which fields, not what they say');
select is((select count(*) from unnest((api.application_search(t.token('fo1'), 'soetrisno', true, null, 0)).rows)), 1::bigint, 'it is found by the new name');
select is((select count(*) from audit.event where action = 'view_applicant' and actor = 'Fo2'), 1::bigint, 'reading it is recorded');
update identity.user_account set nik = t.nik(3) where user_id = t.user_id('fo2');
select is(t.try(t.correct('fo2', c, t.person(t.nik(3), 'X'))), 'LK005', 'nobody corrects their own') from t.first;

-- ------------------------------------------------------------------------------------------------ duplicates
create function t.pairs() returns text language sql as $$
  select string_agg(x.first || ' = ' || x.second, '; ') from unnest((api.applicant_duplicates(t.token('sh1'), 0)).duplicates) x $$;
select is(t.try(format('select api.applicant_duplicates(%L, 0)', t.token(u))), 'LK005', u || ' does not look through everybody''s data') from unnest('{fo1,an1,ad1,au1}'::text[]) u;
select is(t.pairs(), 'Siti Aminah = Siti Aminnah', 'the same day of birth and nearly the same name are found, and nothing else');
do $$ begin perform api.admin_threshold_save(t.token('ad1'), t.key(), '[{"code":"duplicate_score","value":150}]'); end $$;
select is(t.pairs(), null, 'the threshold is data');
do $$ begin perform api.admin_threshold_save(t.token('ad1'), t.key(), '[{"code":"duplicate_score","value":75}]'); end $$;
update application.applicant set npwp = '1234567890123456' where applicant_id in (select c from t.id);
insert into application.applicant (office_id, kind, nik, npwp, name) select t.office(), 'company', t.nik(9), '1234567890123456', 'PT Bambang';
select is((select x.equal from unnest((api.applicant_duplicates(t.token('sh1'), 0)).duplicates) x where 'npwp' = any (x.equal)), '{npwp}', 'an equal number is found across kinds');
do $$ begin perform api.applicant_distinct(t.token('sh1'), t.key(), (select c from t.id), (select applicant_id from application.applicant where name = 'PT Bambang'), 'His company'); end $$;
select is(t.pairs(), 'Siti Aminah = Siti Aminnah', 'what was found to be two is not listed again');

-- ------------------------------------------------------------------------------------------------ merging, and back
create table t.applicants_before as select * from application.applicant;
create table t.applications_before as select application_id, applicant_id from application.application;
create table t.names_before as select * from application.search_name;
create function t.version_of(id bigint) returns bigint language sql stable as $$ select rule.applicant_version(a) from application.applicant a where applicant_id = id $$;
create function t.merge(username text, from_other text[] default '{name,phone}', reason text default 'One person', version bigint default null) returns text language sql as $$
  select format('select api.applicant_merge(%L, %L, %s, %s, %s, %s, %L, %L)', t.token(username), t.key(), a, coalesce(version, t.version_of(a)), b, t.version_of(b), from_other, reason) from t.id $$;
create function t.undo(username text, reason text default 'They are two') returns text language sql as $$
  select format('select api.applicant_undo_merge(%L, %L, %s, %L)', t.token(username), t.key(), (select max(merge_id) from application.applicant_merge), reason) $$;
select is((select count(*) from unnest((api.applicant_pair(t.token('sh1'), (select a from t.id), (select b from t.id))).sides)), 2::bigint, 'both are read side by side');
select is(t.try(t.merge(u)), 'LK005', u || ' merges nobody') from unnest('{fo1,ad1}'::text[]) u;
select is(t.try(t.merge('sh1', reason => null)), 'LK008 reason', 'never without a reason');
select is(t.try(t.merge('sh1', version => 5)), 'LK010 version', 'never what was changed meanwhile');
select is(t.try(t.merge('sh1', '{password}')), 'LK007 from_other', 'only what an applicant has');
update identity.user_account set nik = t.nik(2) where user_id = t.user_id('sh2');
select is(t.try(t.merge('sh2')), 'LK005', 'nobody merges their own record');
do $$ begin execute t.merge('sh1'); end $$;
select is((select row(name, nik = t.nik(1))::text from application.applicant, t.id where applicant_id = a), '("Siti Aminnah",t)', 'the survivor has what was chosen, and keeps the rest');
select is((select count(*) from application.application x, t.id where x.applicant_id = a), 3::bigint, 'every application is the survivor''s');
select is((select merged_into = a from application.applicant, t.id where applicant_id = b), true, 'the other row stays, and says where it went');
select is((select count(*) from audit.event where action = 'merge_applicant' and application_id is not null and office_id = t.office()), 2::bigint, 'each application that moved has its audit row');
select is(t.pairs(), null, 'it is no duplicate any more');
select is((select count(*) from unnest((api.applicant_find(t.token('fo1'), t.nik(2))).applicants)), 0::bigint, 'the number that was merged away names nobody');
select is(t.try(t.undo('fo1')), 'LK005', 'the counter undoes nothing');
select is(t.try(t.correct('fo1', a, t.person(t.nik(1), 'Siti Aminah Zahra'))), 'ok', 'the survivor can be corrected') from t.first;
do $$ begin execute t.undo('sh1'); end $$;
select is_empty($$ (select * from t.applicants_before except select * from application.applicant) union all (select * from application.applicant except select * from t.applicants_before) $$, 'undone, each record is what it was, to the instant');
select is_empty($$ select * from t.applications_before except select application_id, applicant_id from application.application $$, 'and each application is whose it was');
select is_empty($$ select * from t.names_before except select * from application.search_name $$, 'and is found by the name that it had');
select is(t.try(t.undo('sh1')), 'LK009 merge_id', 'once');
do $$ begin execute t.merge('sh1', '{}'); execute t.correct('fo1', (select a from t.first), t.person(t.nik(1), 'Siti Aminah Zahra')); end $$;
select is(t.try(t.undo('sh1')), 'LK010 merge_id', 'a later correction is not lost by undoing');
select * from finish();
rollback;
