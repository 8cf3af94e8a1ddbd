-- The machine's clock was set back: what began later than now is ended all the same, and the ledger of time still adds up.
begin;
\ir lib/setup.sql
select plan(5);
create table t.app as select t.at('review') as a;
update application.stage_visit set begin_at = begin_at + interval '2 hours', end_at = end_at + interval '2 hours';
update application.custody set begin_at = begin_at + interval '2 hours', end_at = end_at + interval '2 hours';
update application.application set submitted_at = now() + interval '1 hour';
select is(t.try(t.call('sh1', a, 'initial')), 'ok', 'nobody has to wait with a step until the clock is where it was') from t.app;
select t.act('sh1', a, 'initial') from t.app \g /dev/null
select is((select stage from application.application where application_id = a), 'approval', 'and the step is done') from t.app;
select is((select count(*) from application.custody where end_at < begin_at), 0::bigint, 'nobody had anything for less than no time');
select is((select count(*) from (select begin_at, lag(end_at) over (partition by application_id order by visit_id) as before
  from application.stage_visit) x where before <> begin_at), 0::bigint, 'the ledger of stages has no hole and no overlap');
select is((select count(*) from (select begin_at, lag(end_at) over (partition by task_id order by custody_id) as before
  from application.custody) x where before <> begin_at), 0::bigint, 'nor has that of who had it');
select * from finish();
rollback;
