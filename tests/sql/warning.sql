-- Warnings: three quarters of a promise, the promise itself, and a working day more. Each once, to who must know.
begin;
\ir lib/setup.sql
select plan(57);
create function t.day(n int) returns date language sql stable
as $$ select rule.add_working_days(t.office(), rule.office_date(t.office()), n) $$;
create function t.due_in(app bigint, days int) returns void language sql
as $$ update application.application set promised_on = t.day(days), service_days = 30 where application_id = app $$;
create function t.levels(app bigint) returns text language sql stable as $$
  select string_agg(w.stage || ' ' || w.level, ', ' order by w.stage, array_position('{officer,section_head,head}', w.level))
    from application.warning w where w.application_id = app $$;
create function t.warn() returns text language sql as $$ select array_to_string(array(select distinct split_part(x, ':', 2) from unnest(api_job.warn()) x order by 1), ' ') $$;
create function t.word(username text, app bigint) returns text language sql as $$
  select coalesce(r.warning, '') from api.queue_list(t.token(username), null, null, null, 100) q, unnest(q.rows) r where r.application_id = app $$;
create function t.listed(username text) returns text language sql as $$
  select string_agg(r.level || ' ' || r.days_left || coalesce(' ' || r.holder, ''), ', ' order by r.application_id)
    from api.warning_list(t.token(username)) w, unnest(w.rows) r $$;

-- a week of its own: Monday to Thursday 08:00 to 16:00, Friday half a day until 10:00, Saturday and Sunday off; the office is UTC+7
insert into catalogue.holiday (office_id, day, name, kind, opens, closes) values (t.office(), '2026-11-27', 'Setengah hari', 'half', '08:00', '10:00');
select rule.calendar_build(t.office()) \g /dev/null
create function t.levels_at(promised date, days int, at text) returns text language plpgsql as $$
declare app application.application;
begin
  app.office_id := t.office();
  app.promised_on := promised;
  app.service_days := days;
  return array_to_string(rule.warning_levels(app.office_id, app.promised_on, app.service_days, at::timestamp at time zone 'Asia/Jakarta'), ' ');
end $$;
select is(t.levels_at(p, d, a), r, format('%s days until %s: at %s %s', d, p, a, coalesce(nullif(r, ''), 'nobody'))) from (values
  -- three full days, 24 hours: a quarter is 6
  ('2026-11-25'::date, 3, '2026-11-25 09:59', ''), ('2026-11-25', 3, '2026-11-25 10:00', 'officer'), ('2026-11-25', 3, '2026-11-24 16:00', ''),
  ('2026-11-25', 3, '2026-11-25 23:59', 'officer'), ('2026-11-25', 3, '2026-11-26 00:00', 'officer section_head'),
  -- the last day is a half one of 2 hours, 18 in all: a quarter is 4:30, and begins the day before
  ('2026-11-27', 3, '2026-11-26 13:29', ''), ('2026-11-27', 3, '2026-11-26 13:30', 'officer'), ('2026-11-27', 3, '2026-11-27 07:00', 'officer'),
  -- one day: of 8 hours 2, of 2 hours half an hour
  ('2026-11-25', 1, '2026-11-25 13:59', ''), ('2026-11-25', 1, '2026-11-25 14:00', 'officer'), ('2026-11-27', 1, '2026-11-27 09:29', ''), ('2026-11-27', 1, '2026-11-27 09:30', 'officer'),
  -- twenty days
  ('2026-12-24', 20, '2026-12-14 09:00', ''), ('2026-12-24', 20, '2026-12-21 09:00', 'officer'),
  -- a weekend is no time: it is late when work begins again, and the head is not told on Monday
  ('2026-11-27', 3, '2026-11-28 12:00', 'officer'), ('2026-11-27', 3, '2026-11-30 16:00', 'officer section_head'), ('2026-11-27', 3, '2026-12-01 08:01', 'officer section_head head'),
  -- a half day is not a working day that went by
  ('2026-11-26', 3, '2026-11-27 16:00', 'officer section_head'), ('2026-11-26', 3, '2026-11-30 13:59', 'officer section_head'), ('2026-11-26', 3, '2026-11-30 14:01', 'officer section_head head')) v(p, d, a, r);
delete from catalogue.holiday where office_id = t.office() and name = 'Setengah hari';
select rule.calendar_build(t.office()) \g /dev/null

create table t.app as select t.submit() as a, t.submit() as fresh, t.at('correction') as returned, t.at('handover') as decided, t.at('archive') as filed;
select is(t.warn(), '', 'nobody is warned of what has time');
select t.due_in(a, 0), t.due_in(returned, -5), t.due_in(decided, -5), t.due_in(filed, -5) from t.app \g /dev/null
select is(t.warn(), 'analyst', 'on the last quarter the officer''s queue is told');
select is(t.levels(a), 'verification officer', 'and it is written down') from t.app;
select is(t.warn(), '', 'once');
select is(t.word('an1', a), '75', 'the queue carries it') from t.app;
select is(t.word('an1', fresh), '', 'and only there') from t.app;
select is(t.levels(returned), null, 'what waits for the applicant is not late') from t.app;
select is(t.levels(decided), null, 'nor is what is decided and waits to be collected') from t.app;
select is(t.levels(filed), null, 'nor what waits for the archive') from t.app;
select is((select detail->>'levels' from audit.event e, t.app where e.application_id = a and e.action = 'warn'), '["officer"]', 'the warning is in the chain') from t.app;
select is((select rule.chain_break(x) from application.application x, t.app where application_id = a), null, 'which holds');

select t.due_in(a, -1) from t.app \g /dev/null
select is(t.warn(), 'analyst section_head', 'a broken promise tells the section head');
select is(t.word('an1', a), 'late', 'and is a word in the queue') from t.app;
select is(t.listed('sh1'), 'section_head -1', 'the section head sees it');
select t.due_in(a, -3) from t.app \g /dev/null
select is(t.warn(), 'analyst head', 'a day later the head is told, and the section head not again');
select is(t.listed('hd1'), 'head -3', 'the head sees it');
select is(t.levels(a), 'verification officer, verification section_head, verification head', 'three warnings, each once') from t.app;
select is(t.try(format('select api.warning_list(%L)', t.token(u))), 'LK005', u || ' does not see the warnings of others') from unnest('{fo1,an1,kd1,sd1,tr1,ar1,ad1}'::text[]) u;

-- the next stage is warned anew
select t.act('an1', a, 'draft') from t.app \g /dev/null
select is(t.word('an1', a), '', 'the next stage is not warned yet') from t.app;
select is(t.warn(), 'analyst head section_head', 'and then all at once');
select is(t.levels(a), 'drafting officer, drafting section_head, drafting head, verification officer, verification section_head, verification head', 'once for each stage') from t.app;

-- who is late lets go of it, where the workflow says so
create table t.kept as select t.at('review') as held, t.at('review') as free;
select api.task_claim(t.token('sh1'), t.key(), t.task(held), null) from t.kept \g /dev/null
update workflow.stage set reassign = true where office_id = t.office() and code = 'review';
select t.due_in(held, 0), t.due_in(free, -1) from t.kept \g /dev/null
select t.warn() \g /dev/null
select is((select holder_id from application.task where task_id = t.task(held)), t.user_id('sh1'), 'near its end it is still theirs') from t.kept;
select t.due_in(held, -1) from t.kept \g /dev/null
select t.warn() \g /dev/null
select is((select holder_id from application.task where task_id = t.task(held)), null, 'late work is let go of') from t.kept;
select is((select (e.detail->>'from')::bigint from audit.event e, t.kept where e.application_id = held and e.action = 'release_late'), t.user_id('sh1'), 'and it is recorded from whom') from t.kept;
select is((select w.holder_id from application.warning w, t.kept where w.application_id = held and w.level = 'section_head'), t.user_id('sh1'), 'the warning keeps who had it') from t.kept;
select is((select c.reason from application.custody c where c.task_id = t.task(held) and c.end_at is null), 'waiting', 'from then on it waits') from t.kept;
select is(t.try(t.call('sh2', held, 'initial')), 'ok', 'another can take it') from t.kept;
-- where the office gives work out itself, another gets it
create table t.late as select t.at('drafting') as id, t.at('drafting') as alone;
update catalogue.office set assignment = 'turn' where office_id = t.office();
select t.act('an1', id, 'submit_draft'), t.act('an1', alone, 'submit_draft') from t.late \g /dev/null
create table t.first as select holder_id as id from application.task where task_id = t.task((select id from t.late));
select isnt(id, null, 'the office gives the work out') from t.first;
select t.due_in(id, -1), t.warn() from t.late \g /dev/null
select is((select holder_id from application.task where task_id = t.task((select id from t.late))), (select x from unnest(array[t.user_id('sh1'), t.user_id('sh2')]) x, t.first where x <> id), 'late, it goes to somebody else');
select is((select string_agg(action, ' ' order by event_id) from audit.event, t.late where application_id = id and action in ('release_late', 'assign') and stage = 'review'), 'assign release_late assign', 'and each is recorded');
update identity.user_account u set active = false from application.task x, t.late
 where x.task_id = t.task(alone) and u.user_id in (t.user_id('sh1'), t.user_id('sh2')) and u.user_id <> x.holder_id;
select t.due_in(alone, -1), t.warn() from t.late \g /dev/null
select is((select holder_id from application.task where task_id = t.task((select alone from t.late))), null, 'where nobody else is there, nobody has it: the late one does not get it back');
select * from finish();
rollback;
