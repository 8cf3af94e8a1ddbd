-- What is no step and an event all the same: refusals, stopped logins, sessions that end, readings of personal data.
begin;
\ir lib/setup.sql
select plan(16);

create function t.last(who text, action text) returns audit.event language sql stable as $$
  select e from audit.event e where e.office_id = t.office() and e.actor_id = t.user_id(who) and e.action = last.action order by e.event_id desc limit 1 $$;
create function t.count(who text, action text) returns bigint language sql stable as $$
  select count(*) from audit.event e where e.office_id = t.office() and e.actor_id = t.user_id(who) and e.action = count.action $$;
create table t.app as select t.submit() as a;

-- refusals
select api.session_refused(t.token('fo1'), 'approval.decide', a, 'application_id', 'Your role may not do this') from t.app \g /dev/null
select is((select e.application_id || ' ' || e.reason || ' ' || (e.detail->>'method') || ' ' || e.role || ' ' || e.address from t.last('fo1', 'forbidden') e),
          (select a || ' Your role may not do this approval.decide front_office 192.0.2.1' from t.app), 'a refusal is not recorded with who, what and why');
select is((select e.hash from t.last('fo1', 'forbidden') e), null, 'a refusal takes a place in the application''s chain');
select api.session_refused(t.token('fo1'), 'application.open', 99999999, '', 'No') \g /dev/null
select is((select e.application_id from t.last('fo1', 'forbidden') e), null, 'an application that never was is put into the log');
select api.session_refused(t.token('fo9'), 'application.open', a, '', 'No') from t.app \g /dev/null
select t.meta_set(t.office()) \g /dev/null
select is((select count(*) from audit.event e, t.app where e.office_id <> t.office() and e.application_id = a), 0::bigint, 'another office''s application is named in this one''s log');
select api.session_refused(t.token('fo2'), 'x.y', null, null, 'No') from generate_series(1, 100) \g /dev/null
select is(t.count('fo2', 'forbidden'), 60::bigint, 'one user fills the log with refusals');
select is((select e.detail->>'not_recorded_for' from t.last('fo2', 'forbidden') e), '1 hour', 'nobody is told that refusals are not recorded any more');
select is(t.try('select api.session_refused(''\x00'', ''x'', null, null, null)'), 'LK004', 'a stranger writes refusals');

-- logins
select api_auth.login_failed(t.office(), 'fo1', '192.0.2.7', 'password') from generate_series(1, 5) \g /dev/null
select is(t.try('select api_auth.login_lookup(''uji'', ''fo1'', ''192.0.2.7'')'), 'LK014', '(too many)');
select api_auth.login_blocked('uji', 'fo1', '192.0.2.7') from generate_series(1, 3) \g /dev/null
select is((select string_agg(e.action || ' ' || e.n, ', ' order by e.action) from (select action, count(*) n from audit.event where office_id = t.office() and address = '192.0.2.7' group by 1) e),
          'login_blocked 1, login_failed 5', 'failed and stopped logins are not in the log, or fill it');

-- sessions
select api_auth.resume_done(t.token('an1'), '192.0.2.9', null), api_auth.resume_done(t.token('an1'), '192.0.2.9', null) \g /dev/null
select is((select e.address || ' ' || (e.detail->>'from') from t.last('an1', 'session_moved') e), '192.0.2.9 192.0.2.1', 'a session that goes on from another address is not recorded');
select is(t.count('an1', 'session_moved'), 1::bigint, 'each reconnection is recorded though nothing moved');
update session.session set expires_at = now() - interval '1 minute' where user_id = t.user_id('an2');
select api_job.prune(), api_job.prune() \g /dev/null
select t.meta_set(t.office()) \g /dev/null
select is(t.count('an2', 'session_ended'), 1::bigint, 'a session that ends by itself is not recorded once');

-- readings
select api.applicant_find(t.token('fo1'), t.nik()), api.application_search(t.token('fo1'), 'Sari Wulandari', true, null, 10),
       api.admin_users(t.token('ad1'), 'fo', null), api.audit_list(t.token('au1'), null, 'fo1', null, null, null) \g /dev/null
select is((select e.detail from t.last('fo1', 'find_applicant') e), jsonb_build_object('text', rule.mask(t.nik()), 'found', 1), 'who looked somebody up is not recorded, or with the whole number');
select is((select e.detail->>'text' from t.last('fo1', 'search') e), 'S… W…', 'a search is not recorded, or with the name in full');
select is((select e.detail->>'text' from t.last('ad1', 'list_users') e), 'fo', 'reading the users is not recorded');
select is((select e.detail->>'user' from t.last('au1', 'read_audit') e), 'fo1', 'reading the log is not recorded');
select * from finish();
rollback;
