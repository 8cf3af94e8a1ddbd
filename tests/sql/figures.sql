-- Figures of the offices' work: what a metrics page shows of it, and that it shows nobody's data.
begin;
\ir lib/setup.sql
select plan(13);

create function t.figure(name text, permit text default null, stage text default null) returns bigint language sql stable
as $$ select sum(f.value)::bigint from api_job.figures() f where f.office = 'uji' and f.name = figure.name
         and (figure.permit is null or f.permit_type = permit) and (figure.stage is null or f.stage = figure.stage) $$;
create table t.app as select t.submit() as fresh, t.at('drafting') as drafting, t.at('correction') as returned, t.at('closed') as closed;

select is(t.figure('applications_open'), 3::bigint, 'what is closed is not open work');
select is(t.figure('applications_open', 'TES', 'drafting'), 1::bigint, 'each stage is counted for itself');
select is(t.figure('applications_late'), null::bigint, 'nothing is late on the day of its promise');
update application.application a set promised_on = rule.office_date(a.office_id) - 1 from t.app where application_id in (fresh, returned, closed);
select is(t.figure('applications_late'), 1::bigint, 'late is what is past its promise, unless its clock stands still or it is closed');
select is(t.figure('applications_late', 'TES', 'verification'), 1::bigint, 'by permit type and stage');
update application.task k set opened_at = now() - interval '3 hours' from t.app where application_id = drafting and closed_at is null;
select is(t.figure('oldest_waiting_seconds', null, 'drafting'), 10800::bigint, 'how long the oldest work of a stage waits');

select is(t.figure('notices_waiting'), 0::bigint, 'a notice without an address waits for nobody');
update application.notice set email = 'a@example.org', tries = 2 where application_id = (select fresh from t.app);
select is(t.figure('notices_waiting'), 1::bigint, 'a notice that waits');
select is(t.figure('notices_failing'), 1::bigint, 'and was tried in vain');

select is(t.figure('jobs_late'), 0::bigint, 'what was asked for just now is not late');
update document.document d set added_at = now() - interval '6 minutes' from t.app where d.application_id = fresh and d.state = 'to_render';
select is(t.figure('jobs_late'), 1::bigint, 'a document that is not drawn for six minutes is');


select is((select count(*) from api_job.figures() f where f.office = 'lain' and f.name = 'applications_open'), 0::bigint, 'another office''s work is not counted as its own');
select throws_ok($$ set local role loket_worker; select * from api_job.figures() $$, '42501', null, 'a worker does not read them');

select * from finish();
rollback;
