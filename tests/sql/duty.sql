-- Rules above all configuration: who took part does not decide, nobody works on their household's application.
begin;
\ir lib/setup.sql
select plan(17);

-- every person holds the deciding roles too: what forbids is the part they took, not the role they lack
insert into identity.user_role (office_id, user_id, role)
select t.office(), t.user_id(u), r from unnest('{fo1,an1,sh1,hd1}'::text[]) u, unnest('{section_head,head}'::text[]) r
    on conflict do nothing;

create table t.app as select t.at('review') as review, t.at('approval') as approval, t.at('approval') as sent_back;
select is(t.try(t.call('fo1', review, 'initial')), 'LK005 action', 'who took it in does not initial it') from t.app;
select is(t.try(t.call('an1', review, 'initial')), 'LK005 action', 'who verified it does not initial it') from t.app;
select is(t.try(t.call('sh2', review, 'initial')), 'ok', 'a section head who took no part does') from t.app;
select is(t.try(t.call('fo1', approval, 'approve')), 'LK005 action', 'who took it in does not approve it') from t.app;
select is(t.try(t.call('an1', approval, 'approve')), 'LK005 action', 'who verified and drafted it does not approve it') from t.app;
select is(t.try(t.call('an1', approval, 'refuse')), 'LK005 action', '... nor refuse it') from t.app;
select is(t.try(t.call('sh1', approval, 'approve')), 'LK005 action', 'who initialled it does not approve it') from t.app;
select is(t.try(t.call('hd1', approval, 'approve')), 'ok', 'a head who took no part does') from t.app;

insert into identity.user_role (office_id, user_id, role) select t.office(), t.user_id(u), 'head' from unnest('{fo2,sd1}'::text[]) u;
create table t.visited as select t.at('reported', 'TESV') as app;
select t.act('sd2', app, 'sign'), t.act('kp1', app, 'assign'), t.act('sp1', app, 'report'), t.act('an2', app, 'submit_draft'),
       t.act('sh2', app, 'initial') from t.visited \g /dev/null
select is(t.try(t.call('sd1', app, 'approve')), 'LK005 action', 'who inspected it does not approve it') from t.visited;

select t.act('hd1', sent_back, 'approval_back') from t.app \g /dev/null
select t.act('an1', sent_back, 'submit_draft') from t.app \g /dev/null
select is(t.try(t.call('hd1', sent_back, 'initial')), 'ok', 'sending back is no part that forbids reviewing') from t.app;
select is(t.try(t.call('an2', sent_back, 'approve')), 'LK005', 'an analyst decides nothing') from t.app;

-- own and household
update identity.user_account set nik = t.nik(77) where user_id = t.user_id('an2');
update identity.user_account set family_card = '1872010101010001' where user_id = t.user_id('an1');
create table t.own as select t.submit(applicant => t.person(t.nik(77), 'Anita')) as app;
create table t.family as select t.submit(applicant => t.person(t.nik(78), 'Anton')) as app;
update application.applicant set family_card = '1872010101010001' where nik = t.nik(78);
select is(t.try(t.call('an2', app, 'draft')), 'LK005', 'nobody works on their own application') from t.own;
select is(t.try(t.call('an1', app, 'draft')), 'ok', 'a colleague does') from t.own;
select is(t.try(t.call('an1', app, 'draft')), 'LK005', 'nobody works on their household''s application') from t.family;
select is(t.try(format('select api.task_claim(%L, %L, %s, null)', t.token('an2'), t.key(), t.task(app))), 'LK005',
          'nor claims their own') from t.own;
select is(t.try(format('select api.task_assign(%L, %L, %s, %s, null)', t.token('sh1'), t.key(), t.task(app), t.user_id('an2'))),
          'LK005', 'nor is given their own') from t.own;
update identity.user_account set nik = t.nik(79) where user_id = t.user_id('fo1');
select is(t.try(format('select t.submit(applicant => t.person(%L))', t.nik(79))), 'LK005', 'nor takes in their own');
select * from finish();
rollback;
