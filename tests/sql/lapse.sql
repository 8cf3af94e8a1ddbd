-- What is returned and never answered: two reminders, then it lapses by itself; and what an applicant is told.
begin;
\ir lib/setup.sql
select plan(41);
insert into workflow.transition (office_id, workflow_id, version, position, from_stage, action, role, outcome, to_stage, label)
select office_id, workflow_id, version, 99, 'correction', 'lapse', 'system', 'lapsed', 'archive', 'lapse'
  from workflow.stage where code = 'correction' and office_id = t.office();
update catalogue.permit_type_version set lapse_days = 8 where office_id = t.office();
create function t.returned_before(app bigint, days int) returns void language sql as $$
  update application.application a set stopped_at = rule.add_working_days(a.office_id, rule.office_date(a.office_id), -days) + time '12:00' where application_id = app $$;
create function t.notices(app bigint) returns text language sql stable
as $$ select string_agg(kind, ' ' order by notice_id) from application.notice where application_id = app $$;
create function t.text_of(app bigint, kind text) returns text language sql stable
as $$ select text from application.notice n where n.application_id = app and n.kind = text_of.kind order by notice_id desc limit 1 $$;

create table t.app as select t.at('correction') as a, t.at('correction') as other, t.at('drafting') as working, t.at('payment', 'TESL') as paying;
select is(t.notices(a), 'registered returned', 'who is registered and returned is told') from t.app;
select matches(t.text_of(a, 'registered'), 'Yth. Sari Wulandari,.*Izin TES.*2026-[0-9]{6}|20[0-9]{2}-[0-9]{6}', 'with the number') from t.app;
select matches(t.text_of(a, 'returned'), '- KTP: Blurred', 'and everything that is to be brought') from t.app;
select unalike(t.text_of(a, 'registered'), '%' || t.nik() || '%', 'but no NIK') from t.app;
select is((select state || ' ' || phone from application.notice n, t.app where application_id = a and kind = 'returned'), 'waiting 0812345678', 'it waits in the outbox') from t.app;

select is(api_job.lapse(), null, 'nothing lapses on the first day');
select t.returned_before(a, 3) from t.app \g /dev/null
select is(api_job.lapse(), null, 'nor is there a reminder before half the days');
select is(t.notices(a), 'registered returned', 'nothing was said') from t.app;
select t.returned_before(a, 4) from t.app \g /dev/null
select api_job.lapse() \g /dev/null
select is(t.notices(a), 'registered returned lapse_reminder', 'a reminder at half') from t.app;
select matches(t.text_of(a, 'lapse_reminder'), 'sampai [0-9]+ [A-Z][a-z]+ [0-9]{4}', 'that says until when') from t.app;
select api_job.lapse() \g /dev/null
select is(t.notices(a), 'registered returned lapse_reminder', 'once') from t.app;
select t.returned_before(a, 6) from t.app \g /dev/null
select api_job.lapse() \g /dev/null
select is(t.notices(a), 'registered returned lapse_reminder lapse_reminder', 'a second at three quarters') from t.app;
select t.returned_before(a, 8) from t.app \g /dev/null
select api_job.lapse() \g /dev/null
select is(t.stage(a), 'correction', 'the last day is still the applicant''s') from t.app;
select t.returned_before(a, 9) from t.app \g /dev/null
select isnt(api_job.lapse(), null, 'after it the archive''s queue is told');
select is((select stage || ' ' || outcome from application.application, t.app where application_id = a), 'archive lapsed', 'it lapsed') from t.app;
select is((select actor || ' ' || coalesce(actor_id::text, 'nobody') from audit.event e, t.app where e.application_id = a and e.action = 'lapse'), 'system nobody', 'by the system, recorded') from t.app;
select is(t.notices(a), 'registered returned lapse_reminder lapse_reminder lapsed', 'and the applicant is told') from t.app;
select is(t.act('ar1', a, 'file'), 'closed', 'it is filed like any other') from t.app;
select is(t.stage(other), 'correction', 'another is not touched') from t.app;
update application.application set pin_hash = rule.pin_hash(t.office(), number, '123456') where application_id = (select a from t.app);
select is((select r.outcome from application.application x, api.public_track('192.0.2.9', 'uji', x.number, '123456') r, t.app where x.application_id = a), 'lapsed', 'tracking shows it') from t.app;

-- who may, and what may not
select is(t.try(format('select rule.advance((%s, %s, %L, null, %L, %L, null, null)::rule.who, (select a from application.application a where application_id = %s), %L)', t.office(), t.user_id('fo1'), 'fo1', 'x', '{front_office}', other, 'lapse')),
          'LK005 action', 'nobody lapses one by hand') from t.app;
select t.returned_before(working, 100), t.returned_before(paying, 100) from t.app \g /dev/null
select api_job.lapse() \g /dev/null
select is(t.stage(working), 'drafting', 'what is worked on does not lapse') from t.app;
select is(t.stage(paying), 'payment', 'nor what waits for a payment') from t.app;
update application.application set stopped_at = null where application_id = (select working from t.app);
delete from workflow.transition where office_id = t.office() and action = 'lapse';
select t.returned_before(other, 100) from t.app \g /dev/null
select is(api_job.lapse(), null, 'nothing lapses where the workflow has no such step');
select is(t.act('fo1', other, 'resubmit'), 'verification', 'a late answer is taken as long as it did not lapse') from t.app;
select t.act('an1', other, 'return') from t.app \g /dev/null
select is(t.notices(other), 'registered returned returned', 'each return is told') from t.app;

-- decided, ready
create table t.end as select t.at('handover') as ok, t.at('refusal', 'TES', t.person(t.nik(2), 'Budi')) as no;
select is(t.notices(ok), 'registered decided ready', 'a decision and its result are told') from t.end;
select matches(t.text_of(ok, 'decided'), 'disetujui', 'approved') from t.end;
select matches(t.text_of(ok, 'ready'), 'Izin nomor 503/', 'with the permit''s number') from t.end;
select matches(t.text_of(no, 'decided'), 'ditolak.*Alasan: A good reason.*Dasar: Perda 1/2024', 'refused, with reason and rule') from t.end;
select is((select count(*) from api.application_open(t.token('an1'), (select ok from t.end)) o, unnest(o.history) h where h.action = 'notice_waiting'), 3::bigint, 'notices are in the history');

-- the outbox
update application.notice set state = 'failed';
update application.applicant set email = 'sari@example.org' where office_id = t.office() and nik = t.nik();
create table t.mail as select t.submit() as a;
create table t.work as select * from api_job.notice_next();
select is((select email || ' ' || subject from t.work), 'sari@example.org Permohonan ' || (select number from application.application x, t.mail where x.application_id = a) || ' diterima', 'the next mail');
select is((select notice_id from api_job.notice_next()), null, 'is taken once');
do $$ begin perform api_job.notice_done(office_id, notice_id, 'the server is away', false) from t.work; end $$;
select is((select state || ' ' || tries from application.notice n, t.work w where n.notice_id = w.notice_id), 'waiting 1', 'one that did not go is tried again');
select cmp_ok((select next_try_at from application.notice n, t.work w where n.notice_id = w.notice_id), '>', now() + interval '1 minute', 'later');
update application.notice set next_try_at = now() where state = 'waiting';
select is((select notice_id from api_job.notice_next()), (select notice_id from t.work), 'then');
do $$ begin perform api_job.notice_done(office_id, notice_id, null, false) from t.work; end $$;
select is((select state from application.notice n, t.work w where n.notice_id = w.notice_id), 'sent', 'what went is sent');
update application.notice set next_try_at = now();
select is((select notice_id from api_job.notice_next()), null, 'and never again');
do $$ begin perform api_job.notice_done(office_id, notice_id, 'refused', true) from t.work; end $$;
select is((select state from application.notice n, t.work w where n.notice_id = w.notice_id), 'sent', 'a late answer changes nothing');
create table t.again as select t.submit() as a;
create table t.next as select * from api_job.notice_next();
do $$ begin perform api_job.notice_done(office_id, notice_id, '550 no such user', true) from t.next; end $$;
select is((select state || ' ' || problem from application.notice n, t.next w where n.notice_id = w.notice_id), 'failed 550 no such user', 'what is refused for good is not tried again');
update application.notice set state = 'waiting', tries = 9, next_try_at = now() where notice_id = (select notice_id from t.next);
do $$ begin perform api_job.notice_next(); perform api_job.notice_done(office_id, notice_id, 'away', false) from t.next; end $$;
select is((select state from application.notice n, t.next w where n.notice_id = w.notice_id), 'failed', 'nor after ten tries');
select * from finish();
rollback;
