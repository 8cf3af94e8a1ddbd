-- Who is away, and what their delegate may do: that role, in that time, and always on behalf of somebody.
begin;
\ir lib/setup.sql
select plan(46);
update catalogue.office set signatory_title = 'Kepala Dinas' where office_id = t.office();

create function t.day(n int) returns text language sql as $$ select (rule.office_date(t.office()) + n)::text $$;
create function t.away(username text, whose text, from_day int default 0, until_day int default 3, delegate text default null,
                       role text default null, decree text default null, reason text default 'Leave') returns text language sql as $$
  select format('select api.absence_save(%L, %L, %s, %L, %L, %L, %s, %L, %L)', t.token(username), t.key(), t.user_id(whose), t.day(from_day),
                t.day(until_day), reason, coalesce(t.user_id(delegate), 0), role, decree) $$;
create function t.move(days int) returns void language sql as $$
  update identity.absence set from_on = from_on + days, until_on = until_on + days where office_id = t.office() $$;
create function t.claim(username text, app bigint) returns text language sql as $$
  select format('select api.task_claim(%L, %L, %s, null)', t.token(username), t.key(), t.task(app)) $$;
create function t.roles(username text) returns text[] language sql as $$
  select array(select (r).role from unnest(rule.present_role_rows(t.office(), t.user_id(username))) r) $$;

-- ------------------------------------------------------------------------------------------------ recording
select is(t.try(t.away('an1', 'an1')), 'ok', 'everybody records their own');
select is(t.try(t.away('sh1', 'an1')), 'ok', 'a section head that of an analyst');
select is(t.try(t.away('ad1', 'hd1')), 'ok', 'an administrator anybody''s');
select is(t.try(t.away('an2', 'an1')), 'LK005 user_id', 'a colleague nobody else''s');
select is(t.try(t.away('sh1', 'hd1')), 'LK005 user_id', 'a section head not the head''s');
select is(t.try(t.away('sh1', 'sd1')), 'LK005 user_id', 'nor another department''s');
select is(t.try(t.away('ad9', 'an1')), 'LK009 user_id', 'another office''s administrator nobody''s here');
select is(t.try(t.away('an1', 'an1', -1)), 'LK007 from_on', 'no day that is over');
select is(t.try(t.away('an1', 'an1', 3, 2)), 'LK007 until_on', 'no end before its beginning');
select is(t.try(t.away('an1', 'an1', 0, 400)), 'LK007 until_on', 'not for years');
select is(t.try(t.away('an1', 'an1', reason => ' ')), 'LK008 reason', 'never without a reason');
select is(t.try(t.away('an1', 'an1', 0, 3, 'an2', 'analyst')), 'ok', 'a colleague of the same role takes over');
select is(t.try(t.away('an1', 'an1', 0, 3, 'fo1', 'analyst')), 'LK007 delegate_id', 'nobody who lacks the role');
select is(t.try(t.away('an1', 'an1', 0, 3, 'an2', 'head')), 'LK007 delegate_id', 'nobody gets a role that the absent one has not');
select is(t.try(t.away('kd1', 'kd1', 0, 3, 'kp1', 'technical_coordinator')), 'LK007 delegate_id', 'nobody of another department');
select is(t.try(t.away('hd1', 'hd1', 0, 3, 'sh1', 'head')), 'LK008 decree', 'a head''s delegate is named by a decree');
select is(t.try(t.away('hd1', 'hd1', 0, 3, 'sh1', 'head', '800/12')), 'ok', 'then it may be a section head');
select is(t.try(t.away('hd1', 'hd1', 0, 3, 'an1', 'head', '800/12')), 'LK007 delegate_id', 'but no analyst');
select is(t.try(t.away('hd1', 'hd1', 0, 3, 'ad1', 'head', '800/12')), 'LK007 delegate_id', 'and never an administrator');
select is(t.try(t.away('ad1', 'ad1', 0, 3, 'ad2', 'admin')), 'LK007 delegate_id', 'nor is an administrator''s role left to anybody');
select is(t.try(t.away('sh1', 'sh2', 0, 3, 'sh1', 'section_head')), 'LK005 delegate_id', 'nobody names themselves for another');
do $$ begin execute t.away('sh2', 'sh2', 1, 5); end $$;
select is(t.try(t.away('sh2', 'sh2', 5, 6)), 'LK013 from_on', 'two absences do not overlap');
select is(t.try(t.away('hd1', 'hd1', 0, 3, 'sh2', 'head', '800/12')), 'LK007 delegate_id', 'nobody who is away then, too');

-- ------------------------------------------------------------------------------------------------ the delegate's power
create table t.app as select t.at('approval') as held, t.at('approval') as free, t.at('approval') as later;
update application.task set holder_id = t.user_id('hd1') where application_id = (select held from t.app) and closed_at is null;
select is(t.try(t.claim('sh2', free)), 'LK005 task_id', 'without a decree a section head is no head') from t.app;
delete from identity.absence;
do $$ begin execute t.away('hd1', 'hd1', 0, 3, 'sh2', 'head', '800/12'); end $$;
select is(t.roles('sh2'), '{section_head,head}', 'the delegate logs in with the role');
select is(t.try(t.claim('sh2', held)), 'ok', 'takes what the absent one holds, without a reason') from t.app;
select is(t.try(t.claim('hd2', held)), 'LK012 task_id', 'another head does not') from t.app;
select is(t.try(format('select api.task_take_over(%L, %L, %s, null)', t.token('hd2'), t.key(), t.task(held))), 'LK008 reason', '... or only with a reason') from t.app;
select is(t.try(t.call('sh1', held, 'approve')), 'LK005', 'who is no delegate does not approve') from t.app;
do $$ begin execute t.claim('sh2', (select held from t.app)); perform t.act('sh2', (select held from t.app), 'approve'); end $$;
select is((select array_agg(e.action || ' ' || e.role || ' ' || (e.detail->>'on_behalf_of') order by event_id) from audit.event e, t.app
            where application_id = held and actor = 'Sh2'), '{"take_over head Hd1","approve head Hd1"}', 'each act is recorded on behalf of');
select is((select h.on_behalf_of from t.app, unnest((api.application_open(t.token('an1'), held)).history) h where h.action = 'approve'), 'Hd1', 'the history says so');
select is(rule.chain_break(a), null, 'and it is in the chain of hashes') from application.application a, t.app where application_id = held;
select t.issue_all() \g /dev/null
select is((select data #>> '{signatory,name}' || ', ' || (data #>> '{signatory,title}') from document.document d, t.app where d.application_id = held and kind = 'permit'),
          'Sh2, a.n. Kepala Dinas', 'the permit says a.n.');
select t.act('hd2', free, 'approve') from t.app \g /dev/null
select t.issue_all() \g /dev/null
select is((select data #>> '{signatory,title}' from document.document d, t.app where d.application_id = free and kind = 'permit'), 'Kepala Dinas', 'a head''s own says nothing of it');
select is((select count(*) from audit.event e, t.app where application_id = free and detail ? 'on_behalf_of'), 0::bigint, 'nor does the history');
create table t.draft as select t.at('review') as app;
select t.act('sh2', app, 'initial') from t.draft \g /dev/null
select is((select role || (detail is null) from audit.event e, t.draft where application_id = app and action = 'initial'), 'section_headtrue', 'what they do in their own role is their own');
select is(t.try(t.call('sh2', app, 'approve')), 'LK005 action', 'what they initialled they do not approve, whoever they stand for') from t.draft;
select is(t.try(format('select api.fairness_report(%L, null, null)', t.token('sh2'))), 'LK005', 'no other role comes with it');
select t.move(-4) \g /dev/null
select is(t.try(t.call('sh2', later, 'approve')), 'LK005', 'after the last day the power is gone') from t.app;
select t.move(5) \g /dev/null
select is(t.try(t.call('sh2', later, 'approve')), 'LK005', 'before the first it is not there') from t.app;
select t.move(-1) \g /dev/null
select is(t.try(t.call('sh2', later, 'approve')), 'ok', 'within it it is') from t.app;
select is(t.try(format('select api.absence_end(%L, %L, %s)', t.token('an1'), t.key(), absence_id)), 'LK005 absence_id', 'nobody ends another''s') from identity.absence;
do $$ begin perform api.absence_end(t.token('hd1'), t.key(), absence_id) from identity.absence; end $$;
select is(t.try(t.call('sh2', later, 'approve')), 'LK005', 'who is back has the role back at once') from t.app;
select is(t.try(format('select api.absence_end(%L, %L, %s)', t.token('hd1'), t.key(), absence_id)), 'LK011 absence_id', 'and comes back once') from identity.absence;

-- a delegate of the same role
create table t.taken as select t.submit() as app;
do $$ begin execute t.claim('an1', (select app from t.taken)); execute t.away('an1', 'an1', 0, 1, 'an2', 'analyst'); end $$;
do $$ begin perform api.task_take_over(t.token('an2'), t.key(), t.task((select app from t.taken)), null); end $$;
select t.act('an2', app, 'draft') from t.taken \g /dev/null
select is((select string_agg(coalesce(detail->>'on_behalf_of', '-'), ' ' order by event_id) from audit.event e, t.taken where application_id = app and actor = 'An2'), 'An1 An1', 'work that the absent one had begun is done on their behalf');
select is((select count(*) from unnest((api.absence_list(t.token('an2'))).absences)), 1::bigint, 'the delegate sees whose work they have');
select * from finish();
rollback;
