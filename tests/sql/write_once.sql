-- One worker at a time, and every write once: claims, stale versions, idempotency keys.
begin;
\ir lib/setup.sql
select plan(24);

create table t.app as select t.submit() as a;
create table t.k as select t.key() as key;
create function t.claim(username text, task bigint, verb text default 'claim', reason text default null) returns text language sql volatile
as $$ select format('select api.task_%s(%L, %L, %s, %L)', verb, t.token(username), t.key(), task, reason) $$;

select is(t.try(t.claim('sh1', t.task(a))), 'LK005 task_id', 'work of another role cannot be claimed') from t.app;
select lives_ok(t.claim('an1', t.task(a)), 'an analyst claims it') from t.app;
select is(t.version(a), 1, 'claiming does not change the application''s version') from t.app;
select alike(t.try(t.claim('an2', t.task(a))), 'LK012%', 'a second analyst cannot claim it') from t.app;
select is(t.try(t.call('an2', a, 'draft')), 'LK012', 'nor act on it') from t.app;
select is(t.try(t.call('an2', a, 'save')), 'LK012', 'nor save on it') from t.app;
select alike(t.complaint(t.call('an2', a, 'draft')), '%An1%', 'and is told who works on it') from t.app;
select is(t.try(t.claim('an2', t.task(a), 'take_over')), 'LK008 reason', 'taking over needs a reason') from t.app;
select lives_ok(t.claim('an2', t.task(a), 'take_over', 'An1 is ill'), 'taking over with a reason') from t.app;
select is(t.try(t.call('an1', a, 'draft')), 'LK012', 'the first then cannot act') from t.app;
select ok(exists (select from audit.event e where e.application_id = a and e.action = 'take_over' and e.reason = 'An1 is ill'),
          'the take-over is in the audit log') from t.app;
select is(t.try(t.claim('an1', t.task(a), 'release')), 'LK011 task_id', 'only the holder releases') from t.app;
select lives_ok(t.claim('an2', t.task(a), 'release'), 'the holder releases') from t.app;
select is(t.try(t.call('an1', a, 'draft')), 'ok', 'then anybody of the role acts') from t.app;

-- who saves without claiming holds it from then on
select lives_ok(t.call('an1', a, 'save'), 'saving works without a claim') from t.app;
select is(t.try(t.call('an2', a, 'save')), 'LK012', 'and claims') from t.app;

-- stale: the other's version
select is(t.try(replace(t.call('an1', a, 'draft'), format(', %s, %s, ', a, t.version(a)), format(', %s, %s, ', a, t.version(a) - 1))),
          'LK010 version', 'a version that somebody changed is refused') from t.app;
select alike(t.complaint(replace(t.call('an1', a, 'draft'), format(', %s, %s, ', a, t.version(a)), format(', %s, %s, ', a, t.version(a) - 1))),
          '%An1%', 'and says who changed it') from t.app;

-- the same key
create table t.first as
select (api.verify_submit(t.token('an1'), key, a, t.version(a), '[{"code":"KTP","accepted":true},{"code":"STR","accepted":true}]',
                          'draft', null, null, null)).* from t.app, t.k;
create function t.again(username text, action text) returns text language sql stable as $$
  select format('select (api.verify_submit(%L, %L, %s, %s, %L, %L, null, null, null)).version', t.token(username), key, a, 2,
                '[{"code":"KTP","accepted":true},{"code":"STR","accepted":true}]', action) from t.app, t.k $$;
select results_eq(t.again('an1', 'draft'), 'select version from t.first', 'the same key gives the first answer again');
select is((select count(*) from audit.event e, t.app where e.application_id = a and e.action = 'draft'), 1::bigint,
          'and the step is done once');
select is(t.try(t.again('an1', 'inspect')), 'LK013 key', 'the key for another request is refused');
select is(t.try(format('select api.task_release(%L, %L, %s, null)', t.token('an1'), key, t.task(a))), 'LK013 key',
          'or for another method') from t.app, t.k;
select is(t.try(replace(t.again('an1', 'draft'), encode(key, 'hex'), '0011')), 'LK008 key', 'a key has 16 bytes') from t.k;
-- a refused write leaves its key free
select is((select count(*) from session.answer n where n.key = (select key from t.k)), 1::bigint, 'one answer is kept');
select * from finish();
rollback;
