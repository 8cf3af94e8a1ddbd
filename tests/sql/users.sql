-- Users and sessions: an administrator runs the office's accounts and takes no part in its work.
begin;
\ir lib/setup.sql
select plan(40);

create function t.save(change jsonb default '{}', username text default 'ad1', id bigint default 0, version int default 0) returns text language sql volatile as $$
  select format('select api.admin_user_save(%L, %L, %s, %s, %L, %L, %L, %L, %L)', t.token(save.username), t.key(), id, version, x->>'username',
                x->>'name', x->>'nik', x->>'active', x->>'roles')
    from (select '{"username":"baru","name":"Orang Baru","active":true,"roles":[{"role":"analyst"}]}'::jsonb || change as x) y $$;
create function t.uversion(u text) returns int language sql stable as $$ select version from identity.user_account where user_id = t.user_id(u) $$;

select is(t.try(t.save(c::jsonb)), expected, 'user ' || c) from (values
  ('{}', 'ok'), ('{"username":""}', 'LK008 username'), ('{"username":"No Spaces"}', 'LK007 username'), ('{"username":"fo1"}', 'LK013 username'),
  ('{"username":"fo9"}', 'ok'), ('{"name":""}', 'LK008 name'), ('{"nik":"1"}', 'LK007 nik'), ('{"nik":"1872011708800001"}', 'ok'),
  ('{"roles":[]}', 'ok'), ('{"roles":[{"role":"king"}]}', 'LK007 roles'), ('{"roles":[{"role":"surveyor"}]}', 'LK007 roles'),
  ('{"roles":[{"role":"surveyor","unit":"UMUM"}]}', 'LK007 roles'), ('{"roles":[{"role":"surveyor","unit":"DINKES"}]}', 'ok'),
  ('{"roles":[{"role":"surveyor","unit":"DINKES"},{"role":"surveyor","unit":"PUPR"}]}', 'LK007 roles'),
  ('{"roles":[{"role":"analyst","unit":"NONE"}]}', 'LK007 roles'), ('{"roles":[{"role":"analyst","permit_type":"NONE"}]}', 'LK007 roles'),
  ('{"roles":[{"role":"analyst","permit_type":"TES"},{"role":"front_office"}]}', 'ok'), ('{"roles":[{"role":"admin"}]}', 'ok'),
  ('{"roles":[{"role":"admin"},{"role":"head"}]}', 'LK007 roles')) v(c, expected);
select is_empty($$ select u from unnest('{fo1,an1,sh1,hd1,kd1,sd1,tr1,ar1,co1,au1,mg1}'::text[]) u where t.try(t.save('{}', u)) <> 'LK005' $$,
                'nobody but an administrator makes users');
select is(t.try(t.save('{"username":"ad1","roles":[{"role":"head"}]}', 'ad1', t.user_id('ad1'), t.uversion('ad1'))), 'LK005 roles',
          'nobody changes their own roles');
select is(t.try(t.save('{"username":"ad1","roles":[{"role":"admin"}],"active":false}', 'ad1', t.user_id('ad1'), t.uversion('ad1'))), 'LK005 active',
          'nobody closes their own account');
select is(t.try(t.save('{"username":"ad1","roles":[{"role":"admin"}]}', 'ad1', t.user_id('ad1'), t.uversion('ad1'))), 'ok', 'their name they may change');
select is(t.try(t.save('{"username":"an1"}', 'ad1', t.user_id('an1'), 99)), 'LK010 version', 'a user that was changed meanwhile is refused');
select is(t.try(t.save('{"username":"an1"}', 'ad1', 0, 0)), 'LK013 username', 'a name is given once');
select is(t.try(t.save('{}', 'ad1', 987654321, 1)), 'LK009 user_id', 'an unknown user is refused');
select lives_ok(t.save('{"username":"an1","roles":[{"role":"analyst","permit_type":"TESL"}]}', 'ad1', t.user_id('an1'), t.uversion('an1')), 'a role for one permit type');
create table t.app as select t.submit() as a;
select is(t.try(t.call('an1', a, 'draft')), 'LK004', 'who lost what they could do is logged out') from t.app;
update session.session set ended_at = null where user_id = t.user_id('an1');
select is(t.try(t.call('an1', a, 'draft')), 'LK005 action', 'and logged in again, does not reach another') from t.app;
select is((api.queue_list(t.token('an1'), null, null, null, 0)).total, 0, 'nor see it in the queue');
select lives_ok(t.save('{"username":"an2","active":false}', 'ad1', t.user_id('an2'), t.uversion('an2')), 'an account is closed');
select is(t.try(t.call('an2', a, 'draft')), 'LK004', 'and its open session ends') from t.app;
select ok(exists (select from audit.event where action = 'user_roles' and detail->'after' @> '[{"permit_type":"TESL"}]'), 'a change of roles is recorded, before and after');

-- sessions
select is(t.try(format('select api.queue_list(%L, null, null, null, 0)', sha256('nobody'))), 'LK004', 'an unknown token is nobody');
update session.session set last_seen_at = now() - interval '9 hours' where user_id = t.user_id('fo1');
select is(t.try(format('select api.queue_list(%L, null, null, null, 0)', t.token('fo1'))), 'LK004', 'an idle session ends');
update session.session set expires_at = now() - interval '1 second' where user_id = t.user_id('fo2');
select is(t.try(format('select api.queue_list(%L, null, null, null, 0)', t.token('fo2'))), 'LK004', 'every session ends at last');
update identity.user_account set must_change_password = true where user_id = t.user_id('sh1');
select is(t.try(format('select api.queue_list(%L, null, null, null, 0)', t.token('sh1'))), 'LK017', 'a password to be changed comes first');
select is(t.try(format('select api.session_ping(%L)', t.token('sh1'))), 'ok', 'but the line stays alive');
select is((select array_agg(r.nik) from unnest((api.admin_users(t.token('ad1'), 'an1', null)).users) r), '{NULL}', 'the list shows no NIK that is not there');

-- clearing away
insert into session.answer (office_id, user_id, key, method, request_hash, at)
values (t.office(), t.user_id('fo1'), t.key(), 'x', '\x00', now() - interval '8 days'), (t.office(), t.user_id('hd1'), t.key(), 'x', '\x00', now());
update session.session set ended_at = now() - interval '2 days' where user_id = t.user_id('fo1');
select api_job.prune() \g /dev/null
select is(row((select count(*) from session.answer where method = 'x'), (select count(*) from session.session where user_id = t.user_id('fo1')))::text,
          '(1,0)', 'old answers and ended sessions are cleared away');
select * from finish();
rollback;
