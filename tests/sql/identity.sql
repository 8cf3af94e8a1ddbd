-- Who you are, and what you may: passwords of before, lockout, one-time codes, sessions, proofs and second administrators.
begin;
\ir lib/setup.sql
select plan(78);

create function t.set_office(what text) returns void language plpgsql as $$
begin execute format('update catalogue.office set %s where code = %L', what, 'uji'); end $$;
create function t.stored(u text) returns text language sql stable as $$ select password_hash from identity.credential where user_id = t.user_id(u) $$;
insert into identity.credential (office_id, user_id, password_hash)
select u.office_id, u.user_id, 'hash 0 of ' || u.username from identity.user_account u where u.office_id = t.office();

-- passwords
select api_auth.password_change(t.token('an1'), 'hash ' || n) from generate_series(1, 7) n \g /dev/null
select is(array(select api_auth.password_history(t.token('an1'))), '{hash 6,hash 5,hash 4,hash 3,hash 2}', 'the last five passwords are kept, and no more');
select is(t.stored('an1'), 'hash 7', 'beside the present one');
select api_auth.login_done(t.office(), t.user_id('an1'), sha256('an1 again'), '192.0.2.1', 'hash 7 dearer', null, null) \g /dev/null
select is((select array_agg(h) from api_auth.password_history(t.token('an1')) h), '{hash 6,hash 5,hash 4,hash 3,hash 2}', 'a hash made anew at the log-in is no new password');
select is(t.stored('an1'), 'hash 7 dearer', 'it takes the old one''s place');
select is(t.try(format('select api_auth.password_history(%L)', sha256('nobody'))), 'LK004', 'nobody reads what a stranger''s were');
select api_auth.password_reset(t.token('ad1'), t.user_id('an2'), 'random') \g /dev/null
select is((select count(*)::int from identity.password_history where user_id = t.user_id('an2')), 1, 'one that an administrator replaced is kept as well');

-- lockout
create function t.fail_login(u text, address text, times int, kind text default 'password') returns void language sql as $$
  select api_auth.login_failed(t.office(), u, address, kind) from generate_series(1, times) $$;
create function t.try_login(u text, address text) returns text language sql as $$
  select t.try(format('select api_auth.login_lookup(%L, %L, %L)', 'uji', u, address)) $$;
create function t.login_done(u text, address text, token text default null, proof bytea default null, certificate text default null) returns void language sql as $$
  select api_auth.login_done(t.office(), t.user_id(u), sha256(coalesce(token, u || address)::bytea), address, null, proof, certificate) $$;

select t.fail_login('hd1', '203.0.113.' || n, 5) from generate_series(1, 200) n \g /dev/null
select is(t.try_login('hd1', '203.0.113.7'), 'LK014', 'who guesses the head''s password is stopped');
select is(t.try_login('hd1', '192.0.2.1'), 'ok', 'the head at her desk is not, however many guess elsewhere');
select is(t.try_login('hd1', '198.51.100.9'), 'ok', 'nor on a journey');
select is(t.try_login('HD1', '203.0.113.7'), 'LK014', 'another case of the letters is the same name');
select t.login_done('hd1', '192.0.2.1') \g /dev/null
select t.fail_login('nobody' || n, '192.0.2.1', 1) from generate_series(1, 60) n \g /dev/null
select is(t.try_login('fo1', '192.0.2.1'), 'LK014', 'an address that tries many names is stopped');
select is(t.try_login('hd1', '192.0.2.1'), 'ok', 'but not for who logged in there before');
select t.fail_login('an1', '2001:db8:1:2::' || to_hex(n), 1) from generate_series(1, 5) n \g /dev/null
select is(t.try_login('an1', '2001:db8:1:2:ffff::1'), 'LK014', 'a network of IPv6 is one address');
select is(t.try_login('an1', '2001:db8:1:3::1'), 'ok', 'another network is another');
select t.fail_login('sh1', '198.51.100.5', 4), t.login_done('sh1', '198.51.100.5'), t.fail_login('sh1', '198.51.100.5', 4) \g /dev/null
select is(t.try_login('sh1', '198.51.100.5'), 'ok', 'a log-in that succeeds makes the failures before it forgotten');
select ok(exists (select from audit.event where action = 'login_failed' and actor = 'hd1' and address = '203.0.113.7'), 'failures are recorded with their address');
select t.fail_login('fo2', '192.0.2.77', 5) \g /dev/null
update session.session set address = '192.0.2.77' where user_id = t.user_id('fo2');
select is(t.try(format('select api_auth.owner(%L, %L)', t.token('fo2'), 'auth.unlock')), 'LK014', 'nor can a locked screen be guessed at for ever');

-- one-time codes
select is((select count(*)::int from api_auth.code_lookup(t.office(), t.user_id('hd1'))), 0, 'without codes the password is enough');
select is(t.try(format('select api_auth.code_pending(%L)', t.token('hd1'))), 'LK011 code', 'nothing begun is nothing to confirm');
select api_auth.code_begin(t.token('hd1'), 'sealed 1') \g /dev/null
select is((select count(*)::int from api_auth.code_lookup(t.office(), t.user_id('hd1'))), 0, 'a secret that no code came from is not asked for');
select is(api_auth.code_pending(t.token('hd1')), 'sealed 1'::bytea, 'it waits for its first code');
insert into session.session (token_hash, office_id, user_id, address, expires_at) values (sha256('elsewhere'), t.office(), t.user_id('hd1'), '192.0.2.3', now() + interval '1 hour');
select api_auth.code_confirm(t.token('hd1'), 100, array[sha256('r1'), sha256('r2')]) \g /dev/null
select is((select array_agg(s) from api_auth.code_lookup(t.office(), t.user_id('hd1')) s), array['sealed 1'::bytea], 'confirmed, it is asked for');
select ok((select ended_at is not null from session.session where token_hash = sha256('elsewhere')), 'and who is in elsewhere with the password alone is out');
select is(api_auth.code_spend(t.office(), t.user_id('hd1'), 100), false, 'the code that confirmed it opens nothing more');
select is(api_auth.code_spend(t.office(), t.user_id('hd1'), 101), true, 'the next one does');
select is(api_auth.code_spend(t.office(), t.user_id('hd1'), 101), false, 'once');
select is(api_auth.code_spend(t.office(), t.user_id('hd1'), 100), false, 'and none before it');
select is(api_auth.recovery_spend(t.office(), t.user_id('hd1'), sha256('r1'), '192.0.2.1'), true, 'a recovery code is good');
select is(api_auth.recovery_spend(t.office(), t.user_id('hd1'), sha256('r1'), '192.0.2.1'), false, 'once');
select is(api_auth.recovery_spend(t.office(), t.user_id('hd2'), sha256('r2'), '192.0.2.1'), false, 'and only its owner''s');
select ok(exists (select from audit.event where action = 'recovery_code_used' and actor_id = t.user_id('hd1')), 'its use is recorded');
select api_auth.code_begin(t.token('hd1'), 'sealed 2') \g /dev/null
select is((select array_agg(s) from api_auth.code_lookup(t.office(), t.user_id('hd1')) s), array['sealed 1'::bytea], 'the old ones are good until the new ones are confirmed');
select t.fail_login('hd1', '203.0.114.' || n, 1, 'code') from generate_series(1, 20) n \g /dev/null
select is(t.try(format('select api_auth.code_lookup(%s, %s)', t.office(), t.user_id('hd1'))), 'LK014 code', 'with the password, from many places, a million codes are not tried');

select t.set_office($$one_time_codes = 'required'$$) \g /dev/null
select is(string_agg(u || ' ' || t.try(format('select api.catalogue_calendar(%L)', t.token(u))), ', ' order by u), 'ad1 LK020, au1 LK020, fo1 ok, hd1 ok, hd2 LK020, tr1 LK020',
          'head, administrator, auditor and treasurer set up codes before anything else') from unnest('{hd1,hd2,ad1,au1,tr1,fo1}'::text[]) u;
select is(t.try(format('select api.session_ping(%L)', t.token('hd2'))), 'ok', 'their line stays alive');
select ok((api_auth.resume_done(t.token('hd2'), '192.0.2.1', null)).must_enrol, 'and the client is told');
select ok(not (api_auth.resume_done(t.token('hd1'), '192.0.2.1', null)).must_enrol, 'once they are there it is not');
select t.set_office($$one_time_codes = 'optional'$$) \g /dev/null

-- sessions
select is(api_auth.resume_lookup(t.token('fo1')), null, 'a session without a key of the client cannot be resumed');
select t.login_done('fo1', '192.0.2.50', 'second', decode(repeat('ab', 32), 'hex'), 'PC-7') \g /dev/null
select is(api_auth.resume_lookup('second'::bytea), decode(repeat('ab', 32), 'hex'), 'one with a key needs that key');
select is((select array_agg(s.this_one order by s.address) from unnest((api.session_list(t.token('fo1'))).sessions) s), '{t,f}', 'one sees where one is logged in');
select is((select s.certificate from unnest((api.session_list(t.token('fo1'))).sessions) s where not s.this_one), 'PC-7', 'and with whose certificate');
select ok(exists (select from audit.event where action = 'login' and detail->>'certificate' = 'PC-7'), 'which stands beside the log-in in the audit log');
create function t.other_session(u text) returns bigint language sql stable as $$
  select min(session_id) from session.session where user_id = t.user_id(u) and ended_at is null and token_hash <> sha256(t.token(u)) $$;
create function t.own_session(u text) returns bigint language sql stable as $$ select session_id from session.session where token_hash = sha256(t.token(u)) $$;
create function t.end(u text, what text, id bigint) returns text language sql volatile as $$
  select t.try(format('select api.%s(%L, %L, %s)', what, t.token(u), t.key(), id)) $$;
select is(t.end('fo2', 'session_end', t.other_session('fo1')), 'LK009 session_id', 'nobody ends another''s session');
select is(t.end('fo2', 'admin_session_end', t.other_session('fo1')), 'LK005', 'unless an administrator');
select is(t.end('au1', 'admin_session_end', t.other_session('fo1')), 'LK005', 'the auditor only looks');
select is(t.end('ad9', 'admin_session_end', t.other_session('fo1')), 'LK009 session_id', 'an administrator of this office');
select is(t.end('fo1', 'session_end', t.own_session('fo1')), 'LK011 session_id', 'the one in use is ended by logging out');
select is(t.end('ad1', 'admin_session_end', t.other_session('fo1')), 'ok', 'the administrator may');
select is(cardinality((api.admin_sessions(t.token('au1'), t.user_id('fo1'))).sessions), 2, 'the auditor sees them');
select is((api.admin_sessions(t.token('ad9'), t.user_id('fo1'))).sessions, null, 'those of another office nobody');
select lives_ok(format('select api.session_end(%L, %L, %s)', t.token('fo1'), t.key(), t.other_session('fo1')), 'one''s own other session is ended');
select is(t.try($$select api_auth.resume_lookup('second')$$), 'LK004 token', 'and is over');

-- proofs
create table t.app as select t.at('approval') as a;
create function t.save_user(u text, roles text, who text default 'ad1') returns text language sql volatile as $$
  select format('select api.admin_user_save(%L, %L, %s, %s, %L, %L, null, true, %L)', t.token(who), t.key(), x.user_id, x.version, x.username, x.name, roles)
    from identity.user_account x where x.user_id = t.user_id(u) $$;
select t.set_office('step_up = true') \g /dev/null
select is(t.try(t.call('hd1', a, 'approve')), 'LK019', 'an approval asks for the password again') from t.app;
select is(t.try(t.call('hd1', a, 'refuse')), 'LK019', 'a refusal does') from t.app;
select is(t.try(t.call('hd1', a, 'approval_back')), 'ok', 'sending back does not') from t.app;
select is(t.try(format('select api.permit_decide(%L, %L, 1, true, null)', t.token('hd1'), t.key())), 'LK019', 'a revocation does');
select is(t.try(t.save_user('co1', '[{"role":"manager"}]')), 'LK019', 'another role does');
select is(t.try(t.save_user('co1', '[{"role":"complaints_officer"}]')), 'ok', 'another spelling of a name does not');
select api_auth.proved(t.token('hd1'), 'auth.prove') \g /dev/null
select is(t.try(t.call('hd1', a, 'approve')), 'ok', 'given again, it is enough') from t.app;
select is(t.try(t.call('hd2', a, 'approve')), 'LK019', 'in that session alone') from t.app;
update session.session set proved_at = now() - interval '301 seconds' where user_id = t.user_id('hd1');
select is(t.try(t.call('hd1', a, 'approve')), 'LK019', 'for five minutes') from t.app;
select t.set_office('step_up = false') \g /dev/null

-- four eyes
create function t.decide(u text, yes boolean, why text default null, kind text default 'roles') returns text language sql volatile as $$
  select format('select api.admin_change_decide(%L, %L, %s, %L, %L)', t.token(u), t.key(), max(change_id), yes, why) from identity.account_change c where c.kind = decide.kind $$;
select t.set_office('four_eyes_roles = true') \g /dev/null
select ok((r).waiting, 'a new role waits') from (select api.admin_user_save(t.token('ad1'), t.key(), x.user_id, x.version, x.username, x.name, null, true, '[{"role":"head"}]') r
  from identity.user_account x where x.user_id = t.user_id('co1')) y;
select is((select array_agg(role) from identity.user_role where user_id = t.user_id('co1')), '{complaints_officer}', 'and is not there yet');
select is(t.try(t.save_user('co1', '[{"role":"analyst"}]')), 'LK011 roles', 'one change at a time');
select is(t.try(t.save_user('ad1', '[{"role":"head"}]')), 'LK005 roles', 'nobody asks for their own');
select is(t.try(t.save_user('mg1', '[{"role":"admin"},{"role":"head"}]')), 'LK007 roles', 'what can never be is not asked for');
select is(string_agg(t.try(t.decide(u, true)), ', ' order by u), 'LK005 change_id, ok, LK005, LK005', 'another administrator approves, not the one who asked, not the auditor, not the head') from unnest('{ad1,ad2,au1,hd1}'::text[]) u;
select is(t.try(t.decide('ad2', false)), 'LK008 reason', 'a rejection says why');
select is(t.try(t.decide('ad1', false)), 'ok', 'who asked may take it back');
select lives_ok(t.decide('ad2', true), 'it is approved');
select is((select array_agg(role) from identity.user_role where user_id = t.user_id('co1')), '{head}', 'and done');
select ok(exists (select from audit.event where action = 'account_change_approved' and actor_id = t.user_id('ad2') and detail->>'asked_by' = 'Ad1'), 'with both names');
select is(t.try(t.decide('ad2', true)), 'LK011 change_id', 'once');

select is(t.try(format('select api.admin_codes_reset(%L, %L, %s, %L)', t.token('ad1'), t.key(), t.user_id('hd2'), 'x')), 'LK011 user_id', 'codes that are not there are not taken away');
select api.admin_codes_reset(t.token('ad1'), t.key(), t.user_id('hd1'), 'Lost it, seen in person') \g /dev/null
select is(t.try(t.decide('ad1', true, null, 'codes')), 'LK005 change_id', 'one administrator alone takes nobody''s codes away');
select lives_ok(t.decide('ad2', true, null, 'codes'), 'two do');
select is((select count(*) from identity.one_time_code where user_id = t.user_id('hd1')), 0::bigint, 'and they are gone');
select is(t.try(format('select api.session_ping(%L)', t.token('hd1'))), 'LK004', 'with the sessions');
select * from finish();
rollback;
