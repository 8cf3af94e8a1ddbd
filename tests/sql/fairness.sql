-- Work is taken in order, who leaves the order says why, work goes round by turn, and the auditor sees patterns.
begin;
\ir lib/setup.sql
select plan(67);

create function t.claim(username text, app bigint, reason text default null) returns text language sql as $$
  select format('select api.task_claim(%L, %L, %s, %L)', t.token(username), t.key(), t.task(app), reason) $$;
create function t.strict(wanted text default 'strict') returns void language sql as $$
  update catalogue.office set work_order = wanted where office_id = t.office() $$;
create function t.assignment(mode text) returns void language sql as $$
  update catalogue.office set assignment = mode where office_id = t.office() $$;
create function t.holder(app bigint) returns text language sql stable as $$
  select u.username from application.task x join identity.user_account u on u.user_id = x.holder_id
   where x.application_id = app and x.closed_at is null $$;
create function t.number(app bigint) returns text language sql stable as $$ select number from application.application where application_id = app $$;
create function t.release(username text, app bigint) returns void language plpgsql as $$
begin perform api.task_release(t.token(username), t.key(), t.task(app), null); end $$;

-- ------------------------------------------------------------------------------------------------ the order
create table t.app as select t.submit(applicant => t.person(t.nik(1), 'Pertama')) as a, t.submit(applicant => t.person(t.nik(2), 'Kedua')) as b,
                             t.submit(applicant => t.person(t.nik(3), 'Ketiga')) as c;
update application.task set due_on = due_on - 1 where application_id = (select a from t.app);

select is(t.try(t.claim('an1', b)), 'ok', 'an office that only advises lets anybody take what they want') from t.app;
select t.strict() \g /dev/null
select is(t.try(t.claim('an1', a)), 'ok', 'what is next is taken without a word') from t.app;
select is(t.try(t.claim('an1', b)), 'LK008 reason', 'in a strict office what is not next needs a reason') from t.app;
select is(t.complaint(t.claim('an1', c)), 'Next in order is ' || t.number(a) || ': say why you take another first', 'the number that is next is told') from t.app;
select is(t.try(t.claim('an1', c, '  ')), 'LK008 reason', 'blanks are no reason') from t.app;
select is(t.try(t.call('an1', c, 'save')), 'LK008 reason', 'working on it without taking it is no way round') from t.app;
do $$ begin execute t.claim('an1', (select c from t.app), 'The applicant flies tomorrow'); end $$;
select is((select row(u.username, d.places, d.reason, d.application_id = a.c, d.next_application_id = a.a)::text from application.deviation d
             join identity.user_account u using (office_id, user_id), t.app a where d.office_id = t.office()), '(an1,2,"The applicant flies tomorrow",t,t)', 'the deviation is a row');
select is((select row(e.reason, e.detail->>'next', e.detail->>'places', (select p.name from application.applicant p where p.applicant_id = (e.detail->>'gained')::bigint))::text from audit.event e, t.app x
            where e.application_id = x.c and e.action = 'claim'),
          (select row('The applicant flies tomorrow', t.number(a), '2', 'Ketiga')::text from t.app), 'and stands in the audit log');
select is(t.try(t.claim('an1', c)), 'ok', 'what is taken already is opened again without a word') from t.app;
select is((select count(*) from application.deviation where office_id = t.office()), 1::bigint, '... and without another row');
do $$ begin execute t.claim('an2', (select a from t.app)); end $$;
select is(t.try(t.claim('an1', b)), 'ok', 'what a colleague works on is not next for me') from t.app;
select t.strict('advisory'), t.release('an2', a) from t.app \g /dev/null
do $$ begin execute t.claim('an2', (select b from t.app)); end $$;
select is((select row(places, reason)::text from application.deviation where office_id = t.office() order by deviation_id desc limit 1), '(1,)', 'an office that only advises records the deviation all the same');
select t.strict(), t.release('an2', b) from t.app \g /dev/null

-- vulnerable applicants first
update application.task set urgent = true where application_id = (select b from t.app) and closed_at is null;
select is(t.try(t.claim('an2', a)), 'LK008 reason', 'a vulnerable applicant comes before the promised day') from t.app;
select is(t.try(t.claim('an2', b)), 'ok', 'and is taken without a word') from t.app;

-- what cannot be mine is not next
update identity.user_account set nik = t.nik(2) where user_id = t.user_id('an2');
select is(t.try(t.claim('an2', a)), 'ok', 'my own application is nothing that I pass by') from t.app;
update identity.user_account set nik = null where user_id = t.user_id('an2');
update identity.user_role set permit_type_id = (select permit_type_id from catalogue.permit_type where office_id = t.office() and code = 'TESV') where user_id = t.user_id('an2');
create table t.limited as select t.submit('TESV', applicant => t.person(t.nik(4), 'Keempat')) as v;
select is(t.try(t.claim('an2', v)), 'ok', 'who works on one permit type is measured by that queue') from t.limited;
update identity.user_role set permit_type_id = null where user_id = t.user_id('an2');

-- what waits for the applicant has no order
select t.strict('advisory') \g /dev/null
create table t.back as select t.at('correction', 'TES', t.person(t.nik(5))) as one, t.at('correction', 'TES', t.person(t.nik(6))) as two;
select t.strict() \g /dev/null
select is(t.try(t.claim('fo1', two)), 'ok', 'the counter serves whoever comes') from t.back;

-- the next one
create table t.next as select * from api.task_next(t.token('an2'), t.key());
select is((select application_id from t.next), (select b from t.app), 'n takes what is next');
select is(t.holder(b), 'an2', 'and it is theirs') from t.app;
select is(t.try(format('select api.task_next(%L, %L)', t.token('tr1'), t.key())), 'LK009', 'where nothing waits it says so');
select is(t.try(format('select api.task_next(%L, %L)', t.token(u), t.key())), 'LK005', u || ' takes no work') from unnest('{au1,mg1,ad1,co1}'::text[]) u;
create table t.key_of_next as select t.key() as k;
do $$ begin perform api.task_next(t.token('an2'), (select k from t.key_of_next)); end $$;
select is((select application_id from api.task_next(t.token('an2'), (select k from t.key_of_next))), (select a from t.app), 'sent twice it takes one');
select is((select count(*) from application.task where holder_id = t.user_id('an2') and closed_at is null and application_id in (select v from t.limited)), 0::bigint, 'and not another');
select t.strict('advisory') \g /dev/null

-- ------------------------------------------------------------------------------------------------ turns and loads
insert into identity.absence (office_id, user_id, from_on, until_on, reason, recorded_by)
values (t.office(), t.user_id('sh2'), rule.office_date(t.office()) - 1, rule.office_date(t.office()) + 1, 'Ill', t.user_id('sh2'));
select t.assignment('turn') \g /dev/null
create table t.turn as select n, t.submit(applicant => t.person(t.nik(10 + n))) as app from generate_series(1, 4) n;
select is((select array_agg(t.holder(app) order by n) from t.turn), '{an1,an2,an1,an2}', 'by turn the work goes round');
select is((select row(actor, detail->>'by')::text from audit.event e, t.turn where e.application_id = app and n = 1 and action = 'assign'), '(system,turn)', 'nobody chose it, and that is recorded');
select is(t.try(t.call('an2', app, 'draft')), 'LK012', 'whose turn it is not cannot work on it') from t.turn where n = 1;
update identity.user_account set active = false where user_id = t.user_id('an2');
create table t.inactive as select t.submit(applicant => t.person(t.nik(20))) as a, t.submit(applicant => t.person(t.nik(21))) as b;
select is(t.holder(a) || t.holder(b), 'an1an1', 'a closed account gets no work') from t.inactive;
update identity.user_account set active = true where user_id = t.user_id('an2');
update identity.user_account set nik = t.nik(22) where user_id = t.user_id('an2');
create table t.own as select t.submit(applicant => t.person(t.nik(22))) as a;
select is(t.holder(a), 'an1', 'nobody gets their own application') from t.own;
update identity.user_account set nik = null where user_id = t.user_id('an2');
select t.act('an1', a, 'draft') from t.own \g /dev/null
select t.act(t.holder(a), a, 'submit_draft') from t.own \g /dev/null
select is(t.holder(a), 'sh1', 'who is away gets nothing') from t.own;
insert into identity.user_role (office_id, user_id, role) select t.office(), t.user_id('an1'), 'section_head';
delete from identity.user_role where user_id = t.user_id('sh1');
create table t.part as select t.submit(applicant => t.person(t.nik(23))) as a;
update application.task set holder_id = t.user_id('an1') where application_id = (select a from t.part);
select t.act('an1', a, 'draft') from t.part \g /dev/null
update application.task set holder_id = t.user_id('an1') where application_id = (select a from t.part) and closed_at is null;
select t.act('an1', a, 'submit_draft') from t.part \g /dev/null
select is(t.holder(a), null, 'nobody gets to decide what they took part in: it waits') from t.part;
insert into identity.user_role (office_id, user_id, role) select t.office(), t.user_id('sh1'), 'section_head';
delete from identity.user_role where user_id = t.user_id('an1') and role = 'section_head';
select t.assignment('load') \g /dev/null
create table t.load as select t.submit(applicant => t.person(t.nik(30))) as a;
select is(t.holder(a), 'an2', 'by load it goes to who has the least') from t.load;
update identity.user_role set permit_type_id = (select permit_type_id from catalogue.permit_type where office_id = t.office() and code = 'TESV') where user_id = t.user_id('an2');
create table t.other_type as select n, t.submit(applicant => t.person(t.nik(30 + n))) as a from generate_series(1, 5) n;
select is((select array_agg(distinct t.holder(a)) from t.other_type), '{an1}', 'and never to who may not work on that permit');
update identity.user_role set permit_type_id = null where user_id = t.user_id('an2');
select is(t.try(format('select api.task_assign(%L, %L, %s, %s, null)', t.token('sh1'), t.key(), t.task(a), t.user_id('sh2'))), 'LK007 user_id', 'a section head gives nobody work who lacks the role') from t.load;
insert into identity.absence (office_id, user_id, from_on, until_on, reason, recorded_by)
values (t.office(), t.user_id('an1'), rule.office_date(t.office()), rule.office_date(t.office()), 'Ill', t.user_id('an1'));
select is(t.try(format('select api.task_assign(%L, %L, %s, %s, null)', t.token('sh1'), t.key(), t.task(a), t.user_id('an1'))), 'LK007 user_id', 'nor who is away') from t.load;
select is((select count(*) from unnest((api.staff_list(t.token('sh1'), 'analyst')).staff) s where s.name = 'An1'), 0::bigint, 'nor is offered who is away');
select t.assignment('manual') \g /dev/null
delete from identity.absence;

-- ------------------------------------------------------------------------------------------------ surveyors go round
create table t.visit as select t.at('reported', 'TESV', t.person(t.nik(40), 'Dikunjungi')) as done;
create table t.again as select t.at('inspection', 'TESV', t.person(t.nik(40), 'Dikunjungi')) as app, t.at('inspection', 'TESV', t.person(t.nik(41), 'Lain')) as other;
create function t.send(app bigint, surveyor text, reason text default null) returns text language sql as $$
  select format('select api.inspection_assign(%L, %L, %s, 1, %L, %s, true, null, %L)', t.token('kd1'), t.key(), t.task(app, 'technical_coordinator', 'DINKES'),
                array[t.user_id(surveyor)], extract(epoch from now() + interval '1 day')::bigint, reason) $$;
select is(t.try(t.send(app, 'sd1')), 'LK008 reason', 'a surveyor who met the applicant is not sent again without a reason') from t.again;
select is(t.try(t.send(app, 'sd2')), 'ok', 'one who did not is') from t.again;
select is(t.try(t.send(other, 'sd1')), 'ok', 'nor is another applicant meant') from t.again;
select is((select name || ' ' || met from unnest((api.inspection_proposal(t.token('kd1'), t.task(app, 'technical_coordinator', 'DINKES'))).people) p limit 1), 'Sd2 false', 'the other one is proposed') from t.again;
select is(t.try(format('select api.inspection_proposal(%L, %s)', t.token('kp1'), t.task(app, 'technical_coordinator', 'DINKES'))), 'LK009 task_id', 'another department gets no proposal') from t.again;
update catalogue.office set surveyor_rest_days = 0 where office_id = t.office();
select is(t.try(t.send(app, 'sd1')), 'ok', 'an office without days of rest sends whom it wants') from t.again;
update catalogue.office set surveyor_rest_days = 180 where office_id = t.office();
do $$ begin execute t.send((select app from t.again), 'sd1', 'The only specialist'); end $$;
select is((select reason || ' ' || (detail->>'met_before') from audit.event e, t.again where e.application_id = app and action = 'assign_surveyors'), 'The only specialist Sd1', 'the reason is recorded');

-- ------------------------------------------------------------------------------------------------ the auditor's report
create function t.report(username text default 'au1', from_on text default null, until_on text default null) returns api.fairness_report_reply
language sql as $$ select api.fairness_report(t.token(username), from_on, until_on) $$;
create function t.finding(kind text) returns text language sql as $$
  select string_agg(concat_ws(' ', f.officer, f.subject, f.value, cardinality(f.application_ids)), '; ' order by f.officer) from unnest((t.report()).findings) f where f.kind = finding.kind $$;
select is(t.try(format('select api.fairness_report(%L, null, null)', t.token(u))), 'LK005', u || ' does not read the report') from unnest('{fo1,an1,sh1,hd1,ad1}'::text[]) u;
select is((select officer || ' ' || places || ' ' || reason from unnest((t.report()).deviations) d order by at, deviation_id limit 1), 'An1 2 The applicant flies tomorrow', 'who left the order is in it');
select is(cardinality((t.report('mg1', '2020-01-01', '2020-06-01')).deviations), null, 'and only of the period that is asked for');
select is(t.try($$ select t.report('au1', '2020-01-01', '2026-01-01') $$), 'LK007 from_on', 'without an end it is not read');
select is((select count(*) > 0 from audit.event where action = 'view_fairness' and actor = 'Au1'), true, 'reading it is recorded');

-- made data: what happened on a Sunday, in seconds, again and again
create table t.made as select n, t.submit(applicant => t.person(t.nik(100 + n % 3), 'Orang ' || n % 3)) as app from generate_series(1, 24) n;
create function t.event(app bigint, username text, role text, action text, stage text, to_stage text, at timestamptz) returns void language sql as $$
  insert into audit.event (office_id, at, actor_id, actor, role, action, application_id, stage, to_stage, hash)
  values (t.office(), at, t.user_id(username), initcap(username), role, action, app, stage, to_stage, '\x00') $$;
create function t.workday(offset_days int) returns timestamptz language sql as $$
  select (max(day) + time '10:00') at time zone 'Asia/Jakarta' from catalogue.calendar_day where office_id = t.office() and working and day < current_date - offset_days $$;
select is(t.finding('outside_hours') is null or t.finding('outside_hours') ~ 'Sh1|Sh2|Hd1', true, 'only deciders are looked at');
create table t.before as select t.finding('returns') as r, t.finding('refusal_points') as p;
select t.event(app, 'hd2', 'head', 'view', 'approval', null, t.workday(5)), t.event(app, 'hd2', 'head', 'approve', 'approval', 'issuance', t.workday(5) + interval '30 seconds') from t.made where n <= 2 \g /dev/null
select is(t.finding('fast_minutes') ~ 'Hd2 2 2', true, 'approvals within seconds of opening are found');
select t.event(app, 'hd1', 'head', 'approve', 'approval', 'issuance', t.workday(5)) from t.made where n = 3 \g /dev/null
select is(t.finding('fast_minutes') ~ 'Hd1 [0-9]+ 1', true, 'and those that nobody opened');
select t.event(app, 'hd2', 'head', 'approve', 'approval', 'issuance', date_trunc('week', now()) - interval '1 day') from t.made where n = 4 \g /dev/null
select is(t.finding('outside_hours') ~ 'Hd2 1 1', true, 'a decision on a day off is found');
select t.event(app, 'an2', 'analyst', 'return', 'verification', 'correction', t.workday(i)) from t.made, generate_series(1, 3) i where n = 5 \g /dev/null
select is(t.finding('returns') ~ 'An2 Orang 2 3 1', true, 'what was returned three times is found');
select t.event(app, 'an2', 'analyst', 'save', 'verification', null, t.workday(1)) from t.made where n % 3 = 0 and n <= 15 \g /dev/null
select is(t.finding('same_pair') ~ 'An2 Orang 0 5 5', true, 'one officer and one applicant again and again are found');
select t.event(app, case when n <= 12 then 'hd1' else 'hd2' end, 'head', case when n <= 11 then 'refuse' else 'approve' end, 'approval', 'refusal', t.workday(3)) from t.made \g /dev/null
select is(t.finding('refusal_points') ~ 'Hd1 TES [0-9]+ 11', true, 'refusing far more than the colleagues is found');

-- thresholds are data
create function t.save(username text, code text, value int) returns text language sql as $$
  select format('select api.admin_threshold_save(%L, %L, %L)', t.token(username), t.key(), jsonb_build_array(jsonb_build_object('code', code, 'value', value))) $$;
select is(t.try(t.save(u, 'returns', 4)), 'LK005', u || ' changes no threshold') from unnest('{au1,mg1,sh1}'::text[]) u;
select is(t.try(t.save('ad1', 'returns', 1)), 'LK007 thresholds.returns', 'one out of its bounds is refused');
do $$ begin execute t.save('ad1', 'returns', 4); end $$;
select is(t.finding('returns'), (select r from t.before), 'a higher one finds less');
select is((select detail->>'returns' from audit.event where action = 'thresholds' and office_id = t.office()), '3 > 4', 'who changed it is recorded');
select * from finish();
rollback;
