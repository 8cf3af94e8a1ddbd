-- The workflow's table: of every step tried by every role in every stage, exactly these succeed.
begin;
\ir lib/setup.sql
select plan(7);

create table t.place (name text primary key, app bigint);
insert into t.place
select s, t.at(s, case when s in ('inspection', 'assigned', 'reported') then 'TESV' when s = 'payment' then 'TESL' else 'TES' end)
  from unnest('{verification,correction,inspection,assigned,reported,drafting,payment,review,approval,handover,archive,closed}'::text[]) s;
-- these two last: issuing takes whatever is due
insert into t.place select s, t.at(s) from unnest('{issuance,refusal}'::text[]) s;

select results_eq(
  $$ select p.name from t.place p
      where t.stage(p.app) <> case when p.name in ('assigned', 'reported') then 'inspection' else p.name end $$,
  $$ select ''::text where false $$, 'every stage can be reached');

create table t.tried as
select p.name as place, a.action, u.username, t.try(t.call(u.username, p.app, a.action)) as outcome
  from t.place p,
       unnest('{save,return,inspect,draft,propose_refusal,resubmit,save_draft,submit_draft,submit_refusal,draft_back,confirm,initial,
                review_back,approve,refuse,approval_back,hand_over,file,withdraw,assign,report,sign}'::text[]) a(action),
       unnest('{fo2,an2,sh2,hd2,kd1,kp1,sd1,sd2,sp1,tr1,ar1,co1,au1,mg1,ad1}'::text[]) u(username);

create table t.allowed (place text, action text, username text);
insert into t.allowed values
  ('verification', 'save', 'an2'), ('verification', 'return', 'an2'), ('verification', 'inspect', 'an2'),
  ('verification', 'draft', 'an2'), ('verification', 'propose_refusal', 'an2'), ('verification', 'withdraw', 'fo2'),
  ('correction', 'resubmit', 'fo2'), ('correction', 'withdraw', 'fo2'),
  ('inspection', 'assign', 'kd1'), ('inspection', 'assign', 'kp1'), ('inspection', 'withdraw', 'fo2'),
  ('assigned', 'assign', 'kd1'), ('assigned', 'assign', 'kp1'), ('assigned', 'report', 'sd1'), ('assigned', 'report', 'sd2'), ('assigned', 'withdraw', 'fo2'),
  ('reported', 'assign', 'kp1'), ('reported', 'sign', 'sd2'), ('reported', 'withdraw', 'fo2'),
  ('drafting', 'save_draft', 'an2'), ('drafting', 'submit_draft', 'an2'), ('drafting', 'submit_refusal', 'an2'),
  ('drafting', 'draft_back', 'an2'), ('drafting', 'withdraw', 'fo2'),
  ('payment', 'confirm', 'tr1'), ('payment', 'withdraw', 'fo2'),
  ('review', 'initial', 'sh2'), ('review', 'review_back', 'sh2'), ('review', 'withdraw', 'fo2'),
  ('approval', 'approve', 'hd2'), ('approval', 'refuse', 'hd2'), ('approval', 'approval_back', 'hd2'),
  ('handover', 'hand_over', 'fo2'), ('archive', 'file', 'ar1');

select set_eq($$ select place, action, username from t.tried where outcome = 'ok' $$,
              $$ select place, action, username from t.allowed $$, 'exactly the allowed steps succeed');
select is_empty($$ select place, action, username, outcome from t.tried
                    where outcome !~ '^(ok|LK005|LK009|LK011|LK012)' $$,
                'every other one is refused for its role, its department or its stage');
select is_empty($$ select place, action, username, outcome from t.tried
                    where username in ('ad1', 'au1', 'mg1', 'co1') and outcome <> 'LK005' $$,
                'administrator, auditor, manager and complaints officer take no step at all');
select is_empty($$ select place, action, outcome from t.tried where place in ('issuance', 'refusal', 'closed') and outcome = 'ok' $$,
                'nobody touches what the system issues, or what is closed');

select is(t.try('select rule.advance(rule.system_who(t.office(), ''x''), (select a from application.application a where application_id = '
                || (select app from t.place where name = 'approval') || '), ''approve'')'), 'LK005 action',
          'the system itself may not approve');
select is(t.try('select rule.advance(rule.system_who(t.office(), ''x''), (select a from application.application a where application_id = '
                || (select app from t.place where name = 'verification') || '), ''issue'')'), 'LK011 action',
          'nothing is issued out of turn');
select * from finish();
rollback;
