-- Fiktif positif: what nobody decided in time counts as granted, only where permit type and workflow say so, and never silently.
begin;
\ir lib/setup.sql
select plan(29);
create function t.day(n int) returns date language sql stable
as $$ select rule.add_working_days(t.office(), rule.office_date(t.office()), n) $$;
create function t.due_in(app bigint, days int) returns void language sql
as $$ update application.application set promised_on = t.day(days), service_days = 30 where application_id = app $$;
create function t.seen(app bigint) returns text language sql as $$ select (api.application_open(t.token('an1'), app)).deemed_on $$;
create function t.deem() returns boolean language sql as $$ select api_job.deem() is not null $$;

create table t.app as select t.at('review') as a, t.at('drafting') as drafting, t.submit() as fresh, t.at('correction') as returned,
  t.at('drafting', 'TESL') as levied, t.at('review') as ended, t.at('inspection', 'TESV') as visited;
select t.due_in(x, -1) from t.app, unnest(array[a, drafting, returned, levied, ended, visited]) x \g /dev/null
select is(t.deem(), false, 'nothing is granted by itself where nobody said so');
update catalogue.permit_type_version set deemed_approval = true, deemed_basis = 'UU 30/2014 ps. 53' where office_id = t.office();
select is(t.deem(), false, 'nor where the workflow has no such step');
select is(t.stage(a), 'review', 'it stays where it was') from t.app;
insert into workflow.transition (office_id, workflow_id, version, position, from_stage, action, role, guards, outcome, to_stage, label)
select s.office_id, s.workflow_id, 1, 90 + s.position, s.code, 'deem', 'system', '{no_levy}', 'approved', 'issuance', 'Deemed'
  from workflow.stage s where s.office_id = t.office() and s.code in ('verification', 'inspection', 'drafting', 'review', 'approval');

-- seen before
select is(t.seen(fresh), null, 'an application with time enough says nothing of it') from t.app;
select t.due_in(fresh, 0) from t.app \g /dev/null
select is(t.seen(fresh), t.day(1)::text, 'on the last quarter it says when it counts as granted') from t.app;
select is(t.seen(returned), null, 'not while the applicant is waited for') from t.app;
select t.due_in(ended, -1), t.due_in(fresh, 0) from t.app \g /dev/null
update application.requirement set valid_until_on = rule.office_date(t.office()) where application_id = (select ended from t.app) and code = 'STR';

select is(t.deem(), true, 'the working day after the promise it is granted');
select is((select stage || ' ' || outcome || ' ' || proposal from application.application, t.app where application_id = a), 'issuance approved approve', 'and on its way to be issued') from t.app;
select is((select e.reason || ' ' || e.actor || ' ' || coalesce(e.actor_id::text, 'nobody') from audit.event e, t.app where e.application_id = a and e.action = 'deem'),
          'UU 30/2014 ps. 53 system nobody', 'recorded with the rule that it rests on');
select is((select e.detail->>'basis' from audit.event e, t.app where e.application_id = a and e.action = 'deem'), 'UU 30/2014 ps. 53', 'in the detail too');
select is((select rule.chain_break(x) from application.application x, t.app where application_id = a), null, 'in its chain');
select matches((select text from application.notice, t.app where application_id = a and kind = 'decided'), 'dianggap dikabulkan.*UU 30/2014 ps. 53', 'the applicant is told, with the rule');
select is(t.stage(drafting), 'issuance', 'from any stage that has the step') from t.app;
select is(t.stage(visited), 'issuance', 'also while departments inspect') from t.app;
select is((select string_agg(distinct status, ' ') from application.inspection, t.app where application_id = visited), 'cancelled', 'whose inspections end') from t.app;
select is(t.stage(fresh), 'verification', 'what has a day left is not') from t.app;
select is(t.stage(returned), 'correction', 'nor what waits for the applicant') from t.app;
select is(t.stage(levied), 'drafting', 'nor what is to be paid first') from t.app;
select is(t.stage(ended), 'review', 'nor what hangs on a document that is no longer valid') from t.app;
select is(t.deem(), false, 'each once');
select is(t.seen(a), null, 'what is granted no longer threatens to be') from t.app;

-- issued like any other
update catalogue.office set electronic_signature = true where office_id = t.office();
select cmp_ok(t.issue_all(), '>=', 3, 'they are issued');
select is((select p.kind || ' ' || p.status from application.permit p, t.app where application_id = a), 'permit current', 'with a permit');
select is(t.stage(a), 'signing', 'that a head signs') from t.app;
select is((select holder_id from application.task where task_id = t.task(a)), t.user_id('hd1'), 'somebody who may') from t.app;
select is(t.try(format('select api.task_take_over(%L, %L, %s, %L)', t.token('hd2'), t.key(), t.task(a), 'Away')), 'ok', 'or another head') from t.app;
select is((select s.signer_id from document.signature s join document.document d on d.document_id = s.document_id, t.app where d.application_id = a and d.kind = 'permit'), t.user_id('hd1'), 'who is asked for the signature') from t.app;

-- nobody does it by hand
select is(t.try(format('select rule.advance((%s, %s, %L, null, %L, %L, null, null)::rule.who, (select a from application.application a where application_id = %s), %L)', t.office(), t.user_id('hd1'), 'hd1', 'x', '{head}', ended, 'deem')),
          'LK005 action', 'no head takes this step by hand') from t.app;
select is(t.try(format('update catalogue.permit_type_version set deemed_basis = null where office_id = %s', t.office())), '23514: new row for relation "permit_type_version" violates check constraint "permit_type_version_check"', 'no rule, no grant');
select * from finish();
rollback;
