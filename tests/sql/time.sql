-- The office's calendar as the administrator keeps it, what a change does to promises, and the time that each stage took.
begin;
\ir lib/setup.sql
select plan(68);

-- the working day that is n working days from today
create function t.day(n int) returns date language sql stable
as $$ select rule.add_working_days(t.office(), rule.office_date(t.office()), n) $$;
create function t.left_of(app bigint) returns int language sql stable as $$
  select rule.working_days_between(a.office_id, rule.office_date(a.office_id), a.promised_on) from application.application a where a.application_id = app $$;
create function t.promised(app bigint) returns date language sql stable
as $$ select promised_on from application.application where application_id = app $$;
create function t.save(username text, day date, kind text default 'national', name text default 'Libur uji', opens text default null,
                       closes text default null, was date default null) returns text language sql volatile as $$
  select format('select api.calendar_day_save(%L, %L, %L, %L, %L, %L, %L, %L)', t.token(username), t.key(), day, kind, name, opens, closes, was) $$;
create function t.drop_day(username text, day date) returns text language sql volatile
as $$ select format('select api.calendar_day_remove(%L, %L, %L)', t.token(username), t.key(), day) $$;
create function t.hours(username text, variadic spans text[]) returns text language sql volatile as $$
  select format('select api.calendar_hours_save(%L, %L, %L, %L, %L, %L, %L, %L, %L)', t.token(username), t.key(), spans[1], spans[2], spans[3], spans[4],
                spans[5], spans[6], spans[7]) $$;
create function t.do(call text) returns void language plpgsql as $$ begin execute call; end $$;

-- ------------------------------------------------------------------------------------------- who may
select is(t.try(t.save(u, t.day(1))), 'LK005', u || ' does not change the calendar')
  from unnest('{fo1,an1,sh1,hd1,kd1,sd1,tr1,ar1,co1,au1,mg1}'::text[]) u;
select is(t.try(t.drop_day(u, t.day(1))), 'LK005', u || ' removes no day') from unnest('{hd1,au1}'::text[]) u;
select is(t.try(t.hours(u, '08:00-12:00', null, null, null, null, null, null)), 'LK005', u || ' changes no hours') from unnest('{hd1,au1}'::text[]) u;
select is(t.try(format('select api.calendar_year(%L, 0)', t.token(u))), r, u || ' reads the calendar, or not') from (values ('ad1', 'ok'), ('au1', 'ok'), ('hd1', 'LK005')) v(u, r);

-- ---------------------------------------------------------------------------------------- a day off
create table t.app as select t.submit() as a, t.at('correction') as paused, t.at('drafting') as drafting;
create table t.before as select t.promised(a) as promised, t.day(1) as day from t.app;
create table t.reply as select * from api.calendar_day_save(t.token('ad1'), sha256('key')::bytea, t.day(1)::text, 'collective', 'Cuti bersama', null, null, null) where false;
insert into t.reply select * from api.calendar_day_save(t.token('ad1'), substr(sha256('key'), 1, 16), (select day::text from t.before), 'collective', 'Cuti bersama', null, null, null);
select is(t.promised(a), (select rule.add_working_days(t.office(), promised, 1) from t.before), 'a new day off moves the promise by a day') from t.app;
select is((select moved from t.reply), 3, 'and says how many it moved');
select is((select due_on from application.task where application_id = a and closed_at is null), t.promised(a), 'the work is due then') from t.app;
select is((select e.detail->>'after' from audit.event e, t.app where e.application_id = a and e.action = 'promise_moved' and e.actor_id = t.user_id('ad1')),
          (select t.promised(a)::text from t.app), 'and it is recorded who moved it');
select is((select rule.chain_break(x) from application.application x, t.app where application_id = a), null, 'in the application''s chain');
select is((select e.detail->>'name' from audit.event e where e.office_id = t.office() and e.action = 'calendar_day'), 'Cuti bersama', 'the change itself is recorded');
select is((select moved from api.calendar_day_save(t.token('ad1'), substr(sha256('key'), 1, 16), (select day::text from t.before), 'collective', 'Cuti bersama', null, null, null)), 3,
          'sent again it is done once');
select is((select d.kind || ' ' || d.name from api.calendar_year(t.token('ad1'), extract(year from (select day from t.before))::int) y, unnest(y.days) d where d.day_on = (select day::text from t.before)),
          'collective Cuti bersama', 'the day stands in its year');
select is(t.try(t.save('ad1', (select day from t.before))), 'LK013 day_on', 'a day is not there twice');
select t.do(t.drop_day('ad1', (select day from t.before))) \g /dev/null
select is(t.promised(a), (select promised from t.before), 'taken away again, the promise is what it was') from t.app;
select is(t.try(t.drop_day('ad1', (select day from t.before))), 'LK009 day_on', 'what is not there is not removed');

-- a day that is moved leaves its place
select t.do(t.save('ad1', t.day(1))) \g /dev/null
select t.do(t.save('ad1', t.day(1), was => (select day from t.before))) \g /dev/null
select is((select count(*) from catalogue.holiday h where h.office_id = t.office()), 1::bigint, 'a day that is moved is one day');
select t.do(t.drop_day('ad1', day)) from catalogue.holiday where office_id = t.office() \g /dev/null

-- ------------------------------------------------------------------------------------------- a pause
update application.application set stopped_at = stopped_at - interval '14 days' where application_id = (select paused from t.app);
update application.stage_visit set begin_at = begin_at - interval '14 days', end_at = end_at - interval '14 days' where application_id = (select paused from t.app) and end_at is not null;
update application.stage_visit set begin_at = begin_at - interval '14 days' where application_id = (select paused from t.app) and end_at is null;
select t.act('fo1', paused, 'resubmit') from t.app \g /dev/null
create table t.paused as select t.promised(paused) as promised from t.app;
select cmp_ok((select promised from t.paused), '>', (select promised from t.before), 'a pause moved the promise');
select t.do(t.save('ad1', t.day(1))) \g /dev/null
select is(t.promised(paused), (select rule.add_working_days(t.office(), promised, 1) from t.paused), 'a change of the calendar loses no pause') from t.app;
select t.do(t.drop_day('ad1', day)) from catalogue.holiday where office_id = t.office() \g /dev/null
select is(t.promised(paused), (select promised from t.paused), 'also when it is taken back') from t.app;

-- ---------------------------------------------------------------------------------------- half a day
select t.do(t.save('ad1', t.day(1), 'half', 'Malam takbiran', '08:00', '10:30')) \g /dev/null
select is(t.promised(a), (select promised from t.before), 'half a day moves no promise') from t.app;
select is((select rule.working_minutes(t.office(), day::timestamp at time zone 'Asia/Jakarta', (day + 1)::timestamp at time zone 'Asia/Jakarta') from t.before), 150,
          'it has its own hours');
select is(t.try(t.save('ad1', t.day(2), k, n, o, c)), r, 'refused: ' || r || ' ' || coalesce(k, '') || ' ' || coalesce(o, '')) from (values
  ('weekly', 'x', null, null, 'LK007 kind'), ('national', '', null, null, 'LK008 name'), ('national', repeat('x', 121), null, null, 'LK007 name'),
  ('half', 'x', null, null, 'LK008 opens'), ('half', 'x', '8', '9', 'LK007 opens'), ('half', 'x', '08:00', '25:00', 'LK007 closes'),
  ('half', 'x', '10:00', '08:00', 'LK007 closes'), (null, 'x', null, null, 'LK007 kind')) v(k, n, o, c, r);
select is(t.try(t.save('ad1', date '2200-01-01')), 'LK007 day_on', 'no day beyond the calendar');
select is(t.try(format('select api.calendar_day_save(%L, %L, %L, %L, %L, null, null, null)', t.token('ad1'), t.key(), '2026-02-30', 'national', 'x')), 'LK007 day_on', 'no day that does not exist');
select t.do(t.drop_day('ad1', day)) from catalogue.holiday where office_id = t.office() \g /dev/null

-- --------------------------------------------------------------------------------------- office hours
create table t.today as select extract(isodow from rule.office_date(t.office()))::int as weekday;
select is(t.try(t.hours('ad1', m, null, null, null, null, null, null)), r, 'hours "' || coalesce(m, '') || '"') from (values
  ('8-12', 'LK007 monday'), ('12:00-08:00', 'LK007 monday'), ('08:00-12:00, 11:00-13:00', 'LK007 monday'), (null, 'LK008 monday'), ('08:00-12:00, 13:00-16:00', 'ok')) v(m, r);
select t.do(t.hours('ad1', '08:00-12:00', '08:00-12:00', '08:00-12:00', '08:00-12:00', '08:00-12:00', '08:00-12:00', '08:00-12:00')) \g /dev/null
select is(t.left_of(a), 3, 'an office that works every day is no later than it promised') from t.app;
select is(t.promised(a), rule.office_date(t.office()) + 3, 'three days are three days then') from t.app;
select is((select saturday || '|' || sunday from api.calendar_year(t.token('ad1'), 0)), '08:00-12:00|08:00-12:00', 'the hours stand in the calendar');
select is((select weekly_off from catalogue.office where office_id = t.office('lain')), 96, 'another office is not touched');

-- ------------------------------------------------------------------------ files, once the office keeps it itself
select rule.load_calendar(t.office(), '{"office":[[{"kind":"hours","values":{"monday":["09:00-10:00"]}}]],"holidays":[[{"kind":"holidays","rows":[["2026-12-25","Natal"]]}]]}') \g /dev/null
select is((select count(*) from catalogue.holiday where office_id = t.office()), 0::bigint, 'the files leave a calendar alone that the office keeps');
select matches(rule.calendar_import('uji', '[{"from":"2026-12-24","until":"2026-12-25","name":"Natal","kind":"national"},{"from":"2026-12-25","until":"2026-12-25","name":"x","kind":"national"}]'),
               '^2 days', 'days are imported, each once');
select is((select name from catalogue.holiday where office_id = t.office() and day = '2026-12-25'), 'Natal', 'the first name counts');
select is(t.try($$ select rule.calendar_import('nowhere', '[]') $$), 'LK009 office', 'an unknown office imports nothing');

-- ------------------------------------------------------------------------------------------ whose time it is
create table t.asked as select t.at('inspection', 'TESV') as a;
select is((select string_agg(distinct c.reason, ' ') from application.custody c, t.asked where c.application_id = a and c.end_at is null), 'office', 'what another office has to do waits for that office');
select api.task_claim(t.token('kd1'), t.key(), t.task(a, 'technical_coordinator', 'DINKES'), null), api.task_release(t.token('kd1'), t.key(), t.task(a, 'technical_coordinator', 'DINKES'), null) from t.asked \g /dev/null
select is((select string_agg(c.reason, ' ' order by c.custody_id) from application.custody c, t.asked where c.task_id = t.task(a, 'technical_coordinator', 'DINKES')), 'office working office', 'also when it was let go of again');

-- ----------------------------------------------------------------------------------------- days of a stage
update workflow.stage set days = 1 where office_id = t.office() and code = 'verification';
create table t.staged as select t.submit() as a;
select is((select due_on from application.task where application_id = a), t.day(1), 'a stage''s own days end before the promise') from t.staged;
select is((select r.days_left from api.queue_list(t.token('an1'), null, null, null, 100) q, unnest(q.rows) r, t.staged where r.application_id = a), 1, 'and the queue shows them');
select is((select days from api.application_custody(t.token('an1'), a) c, unnest(c.stages) s where stage_name = 'Verification'), 1, 'as the control slip does') from t.staged;
update workflow.stage set days = 365 where office_id = t.office() and code = 'drafting';
select is(t.act('an1', a, 'draft'), 'drafting', 'a long stage ends with the promise') from t.staged;
select is((select due_on from application.task where application_id = a and closed_at is null), t.promised(a), 'not after it') from t.staged;
delete from catalogue.calendar_day where office_id = t.office() and day > rule.office_date(t.office()) + 30;
select is(t.try(t.call('an1', a, 'draft_back')), 'ok', 'a limit that can be computed is') from t.staged;
update workflow.stage set days = 100 where office_id = t.office() and code = 'verification';
select is(t.try(t.call('an1', a, 'draft_back')), 'LK011', 'a limit that cannot be computed refuses the step') from t.staged;
-- a promise that can't be computed is not made
update catalogue.permit_type_version set service_days = 365 where office_id = t.office();
delete from catalogue.calendar_day where office_id = t.office() and day > rule.office_date(t.office()) + 90;
select is(t.try('select t.submit()'), 'LK011', 'nothing is taken in when its promise lies beyond the calendar');
select * from finish();
rollback;
