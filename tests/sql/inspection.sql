-- Two departments side by side; each sees its own alone, and when the last has signed the application moves on.
begin;
\ir lib/setup.sql
select plan(38);

create table t.app as select t.at('inspection', 'TESV') as a;
create function t.dinkes() returns bigint language sql stable as $$
  select coalesce(t.task(a, 'technical_coordinator', 'DINKES'), t.task(a, 'surveyor', 'DINKES')) from t.app $$;
create function t.pupr() returns bigint language sql stable as $$
  select coalesce(t.task(a, 'technical_coordinator', 'PUPR'), t.task(a, 'surveyor', 'PUPR')) from t.app $$;
create function t.assign(surveyors text[], at bigint default extract(epoch from now())::bigint, visit boolean default true,
                         version int default 1, username text default 'kd1') returns text language sql volatile as $$
  select format('select api.inspection_assign(%L, %L, %s, %s, %L, %s, %L, null)', t.token(username), t.key(), t.dinkes(), version,
                (select array_agg(t.user_id(s)) from unnest(surveyors) s), at, visit) $$;
create function t.report(change jsonb default '{}', username text default 'sd1', version int default 2) returns text
language sql volatile as $$
  select format('select api.inspection_report(%L, %L, %s, %s, %L, %L, %L, %L, %L, %L)', t.token(username), t.key(), t.dinkes(), version,
                x->>'checklist', x->>'findings', x->>'recommendation', x->>'conditions', x->>'visited_at', x->>'coordinates')
    from (select '{"checklist":[{"code":"address_fits","answer":"yes"},{"code":"clean","answer":"no"}],"findings":"Well",
                   "recommendation":"approve","coordinates":"-5.113,105.307"}'::jsonb
                 || jsonb_build_object('visited_at', extract(epoch from now())::bigint) || change as x) y $$;

select is((select count(*) from application.inspection i, t.app where i.application_id = a), 2::bigint, 'each department gets an inspection');
select is((select count(*) from application.task k, t.app where k.application_id = a and k.closed_at is null and k.role = 'technical_coordinator'),
          2::bigint, 'and its coordinator a task');
select is((api.queue_list(t.token('kd1'), null, null, null, 0)).total, 1, 'a coordinator sees one');
select is((api.queue_list(t.token('sp1'), null, null, null, 0)).total, 0, 'a surveyor sees none before the assignment');
select is((api.inspection_open(t.token('kd1'), t.dinkes())).unit, 'DINKES', 'the coordinator opens their department''s');
select is(t.try(format('select api.inspection_open(%L, %s)', t.token(u), t.dinkes())), 'LK009 task_id',
          u || ' of another department or office cannot open it') from unnest('{kp1,sp1,kd9,sd9}'::text[]) u;
select is(t.try(format('select api.inspection_open(%L, %s)', t.token('an1'), t.dinkes())), 'LK005', 'an analyst has the application instead');

select is(t.try(t.assign(null)), 'LK008 surveyors', 'an assignment names somebody');
select is(t.try(t.assign('{sp1}')), 'LK007 surveyors', 'not of another department');
select is(t.try(t.assign('{an1}')), 'LK007 surveyors', 'nor somebody who is no surveyor');
select is(t.try(t.assign('{sd1,sd1}')), 'LK007 surveyors', 'nor the same twice');
select is(t.try(t.assign('{sd1}', at => 0)), 'LK008 appointment_at', 'a visit has an appointment');
select is(t.try(t.assign('{sd1}', visit => false)), 'LK007 visit', 'this permit type is visited');
select is(t.try(t.assign('{sd1}', version => 7)), 'LK010 version', 'an inspection that changed is refused');
select is(t.try(t.assign('{sd1}', username => 'kp1')), 'LK009 task_id', 'another department assigns nobody here');
select lives_ok(t.assign('{sd1,sd2}'), 'two surveyors are assigned');

select t.add_user('uji', 'sd3', 'surveyor', 'DINKES') \g /dev/null
select is(t.try(format('select api.task_claim(%L, %L, %s, null)', t.token('sd3'), t.key(), t.dinkes())), 'LK005 task_id',
          'a colleague who is no member cannot claim it');
select is(t.try(t.report(username => 'sd3')), 'LK005 task_id', 'nor report');
select is(t.try(t.report(username => 'sp1')), 'LK009 task_id', 'another department''s surveyor cannot report');
select is(t.try(t.report('{"findings":""}')), 'LK008 findings', 'a report has findings');
select is(t.try(t.report('{"checklist":[{"code":"clean","answer":"yes"}]}')), 'LK008 checklist.address_fits', 'every question is answered');
select is(t.try(t.report('{"checklist":[{"code":"solid","answer":"yes"}]}')), 'LK007 checklist.solid', 'another department''s question is not asked');
select is(t.try(t.report('{"recommendation":"perhaps"}')), 'LK007 recommendation', 'a recommendation is one of three');
select is(t.try(t.report('{"recommendation":"approve_with_conditions"}')), 'LK008 conditions', 'conditions are written down');
select is(t.try(t.report('{"visited_at":0}')), 'LK008 visited_at', 'a visit has a time');
select is(t.try(t.report('{"visited_at":32503680000}')), 'LK007 visited_at', 'that is not to come');
select is(t.try(t.report('{"coordinates":"somewhere"}')), 'LK007 coordinates', 'coordinates are two numbers');
select is(t.try(t.call('sd1', a, 'sign')), 'LK011 task_id', 'there is nothing to sign before the report') from t.app;
select lives_ok(t.report(), 'a member reports, and signs by it');
select is(t.try(t.call('sd1', a, 'sign')), 'LK011 task_id', 'nobody signs twice') from t.app;
select is(t.stage(a), 'inspection', 'one signature of two is not the end') from t.app;
select is(t.act('sd2', a, 'sign'), 'inspection', 'one department of two is not the end') from t.app;
select t.act('kp1', a, 'assign') from t.app \g /dev/null
select is(t.act('sp1', a, 'report'), 'drafting', 'when the last department has signed, it moves on by itself') from t.app;
select is((select e.actor || ' ' || e.role from audit.event e, t.app where e.application_id = a and e.action = 'complete'), 'system system',
          'by the system''s hand');
select is(t.try(t.call('an1', a, 'submit_draft')), 'ok', 'and the analyst drafts') from t.app;
select * from finish();
rollback;
