-- Warnings: three quarters of a promise, the promise itself, and a working day more. Each once, to who must know.
begin;
\ir lib/setup.sql
select plan(45);
create function t.day(n int) returns date language sql stable
as $$ select rule.add_working_days(t.office(), rule.office_date(t.office()), n) $$;
create function t.due_in(app bigint, days int) returns void language sql
as $$ update application.application set promised_on = t.day(days) where application_id = app $$;
create function t.levels(app bigint) returns text language sql stable as $$
  select string_agg(w.stage || ' ' || w.level, ', ' order by w.stage, array_position('{officer,section_head,head}', w.level))
    from application.warning w where w.application_id = app $$;
create function t.warn() returns text language sql as $$ select array_to_string(array(select distinct split_part(x, ':', 2) from unnest(api_job.warn()) x order by 1), ' ') $$;
create function t.word(username text, app bigint) returns text language sql as $$
  select coalesce(r.warning, '') from api.queue_list(t.token(username), null, null, null, 100) q, unnest(q.rows) r where r.application_id = app $$;
create function t.listed(username text) returns text language sql as $$
  select string_agg(r.level || ' ' || r.days_left || coalesce(' ' || r.holder, ''), ', ' order by r.application_id)
    from api.warning_list(t.token(username)) w, unnest(w.rows) r $$;

select is(array_to_string(rule.warning_levels(l, s), ' '), r, format('%s days left of %s', l, s)) from (values
  (3, 3, ''), (1, 3, ''), (0, 3, 'officer'), (1, 4, 'officer'), (2, 4, ''), (1, 1, ''), (0, 1, 'officer'), (5, 20, 'officer'), (6, 20, ''),
  (-1, 3, 'officer section_head'), (-2, 3, 'officer section_head head'), (-9, 365, 'officer section_head head')) v(l, s, r);

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
select t.due_in(a, -2) from t.app \g /dev/null
select is(t.warn(), 'analyst head', 'a day later the head is told, and the section head not again');
select is(t.listed('hd1'), 'head -2', 'the head sees it');
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
select * from finish();
rollback;
