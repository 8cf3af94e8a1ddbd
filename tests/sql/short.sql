-- A change of data and a copy go a shorter way, and only for a permit that the applicant has; neither makes a permit longer.
begin;
\ir lib/setup.sql
select plan(16);
insert into workflow.workflow (office_id, code, current_version) values (t.office(), 'short', 1);
insert into workflow.version (office_id, workflow_id, version, content_hash) select office_id, workflow_id, 1, '\x01' from workflow.workflow where office_id = t.office() and code = 'short';
insert into workflow.stage (office_id, workflow_id, version, position, code, name, role, clock_runs, kind)
select s.office_id, n.workflow_id, 1, s.position, s.code, s.name, s.role, s.clock_runs, s.kind
  from workflow.stage s join workflow.workflow w using (office_id, workflow_id) join workflow.workflow n on n.office_id = w.office_id and n.code = 'short'
 where s.office_id = t.office() and w.code = 'standard' and s.code not in ('inspection', 'payment', 'review');
insert into workflow.transition (office_id, workflow_id, version, position, from_stage, action, role, guards, needs_reason, outcome, to_stage, label)
select x.office_id, n.workflow_id, 1, x.position, x.from_stage, x.action, x.role, array_remove(array_remove(array_remove(x.guards, 'no_visit_needed'), 'initialled'), 'no_levy'),
       x.needs_reason, x.outcome, case when x.action = 'submit' and x.from_stage = 'drafting' then 'approval' else x.to_stage end, x.label
  from workflow.transition x join workflow.workflow w using (office_id, workflow_id) join workflow.workflow n on n.office_id = w.office_id and n.code = 'short'
 where x.office_id = t.office() and w.code = 'standard' and x.from_stage not in ('inspection', 'payment', 'review') and x.to_stage not in ('inspection', 'payment');
update catalogue.permit_type_version set short_workflow = 'short', short_days = 1 where office_id = t.office() and levy is false;

create function t.apply(kind text, number text, permit text default 'TESV', applicant jsonb default t.person()) returns bigint language sql as $$
  select application_id from api.intake_submit(t.token('fo1'), t.key(), permit, kind, applicant, t.fields(), t.documents(), null, null, number) $$;
create function t.way(app bigint) returns text language sql stable as $$
  select w.code || ' ' || a.service_days from application.application a join workflow.workflow w using (office_id, workflow_id) where a.application_id = app $$;
create function t.permit(app bigint) returns text language sql stable as $$ select number from application.permit where application_id = app $$;

create table t.app as select t.at('reported', 'TESV') as old, t.at('closed', 'TES', t.person(t.nik(2), 'Lain')) as other;
do $$ declare a bigint := (select old from t.app); begin
  perform t.act('sd2', a, 'sign'); perform t.act('kp1', a, 'assign'); perform t.act('sp1', a, 'report'); perform t.act('an1', a, 'submit_draft');
  perform t.act('sh1', a, 'initial'); perform t.act('hd1', a, 'approve'); perform t.issue_all();
end $$;
update application.permit set valid_until_on = rule.office_date(office_id) + 100 where application_id = (select old from t.app);
create table t.now as select t.apply('change', t.permit(old)) as change, t.apply('copy', t.permit(old)) as copy, t.apply('new', null) as new, t.apply('renewal', t.permit(old)) as renewal,
  t.apply('change', 'no such permit') as unknown, t.apply('change', t.permit(old), 'TESV', t.person(t.nik(3), 'Orang Lain')) as stranger,
  t.apply('change', t.permit(other), 'TESV', t.person(t.nik(2), 'Lain')) as kind from t.app;
select is(t.way(change), 'short 1', 'a change goes the shorter way') from t.now;
select is(t.way(copy), 'short 1', 'and a copy') from t.now;
select is((select promised_on from application.application where application_id = change), rule.add_working_days(t.office(), rule.office_date(t.office()), 1), 'with its own promise') from t.now;
select is(t.way(new), 'standard 3', 'what is new goes the whole way') from t.now;
select is(t.way(renewal), 'standard 3', 'so does a renewal') from t.now;
select is(t.way(unknown), 'standard 3', 'and what is not in the register') from t.now;
select is(t.way(stranger), 'standard 3', 'nobody gets another''s permit the shorter way') from t.now;
select is(t.way(kind), 'standard 3', 'nor one of another type') from t.now;
select is((select r.visit_required from api.application_open(t.token('an1'), change) r), false, 'nobody is asked to visit again') from t.now;
select is((select r.visit_required from api.application_open(t.token('an1'), new) r), true, 'as they are for a new one') from t.now;
select is(t.act('an1', change, 'draft'), 'drafting', 'the analyst drafts without a visit') from t.now;
select is(t.act('an1', change, 'submit_draft'), 'approval', 'and hands it to the head') from t.now;
select is(t.try(t.call('an1', change, 'approve')), 'LK005', 'who drafted it does not decide') from t.now;
do $$ begin perform t.act('hd1', (select change from t.now), 'approve'); perform t.issue_all(); end $$;
select is((select valid_until_on from application.permit, t.now where application_id = change), rule.office_date(t.office()) + 100, 'the changed permit ends with the one before');
select is((select status from application.permit, t.app where application_id = old), 'replaced', 'which it replaces');
create table t.again as select t.apply('change', t.permit(old)) as id from t.app;
select is(t.way((select id from t.again)), 'standard 3', 'and is no longer changed the shorter way');
select * from finish();
rollback;
