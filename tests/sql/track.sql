-- Tracking without an account: number and PIN, or one and the same answer; guessing is slowed down.
begin;
\ir lib/setup.sql
select plan(17);

create table t.app as
select r.* from api.intake_submit(t.token('fo1'), t.key(), 'TES', 'new', t.person(), t.fields(), t.documents(), null, null, null) r;
create function t.track(number text, pin text, address text default '192.0.2.7', office text default 'uji') returns api.public_track_reply
language sql volatile as $$ select api.public_track(address, office, number, pin) $$;
create function t.wrong(pin text) returns text language sql immutable as $$ select translate(pin, '0123456789', '1234567890') $$;

select is((x.r).number || ' ' || (x.r).stage_name, number || ' Verification', 'number and PIN show the stage') from t.app, lateral (select t.track(number, pin) as r) x;
select is((x.r).fee, 0::bigint, 'and Rp 0') from t.app, lateral (select t.track(number, pin) as r) x;
select is((x.r).number, null, 'a wrong PIN shows nothing') from t.app, lateral (select t.track(number, t.wrong(pin)) as r) x;
select ok(t.track(number, t.wrong(pin)) is not distinct from t.track('2001-000001', pin), 'an unknown number gives the same answer') from t.app;
select is((t.track(number, pin, office => 'lain')).number, null, 'nor does another office know it') from t.app;
select is(t.try(format('select t.track(%L, %L, %L, %L)', number, pin, '192.0.2.7', 'none')), 'LK009 office', 'an unknown office is refused') from t.app;
select is(t.try(format('select t.track(%L, null)', number)), 'LK008 pin', 'a PIN is needed') from t.app;

select t.act('an1', application_id, 'return', 'Bring a better copy') from t.app \g /dev/null
select is((x.r).return_note || ': ' || (x.r).returned[1].name, 'Bring a better copy: KTP: Blurred', 'what to bring is told')
  from t.app, lateral (select t.track(number, pin) as r) x;
select ok((x.r).clock_stopped, 'and that it waits for the applicant') from t.app, lateral (select t.track(number, pin) as r) x;
select is((select count(*) from application.track_attempt where address = '192.0.2.7' and office_id = t.office()), 3::bigint, 'each wrong try is counted') from t.app;

select t.track(number, t.wrong(pin)) from t.app, generate_series(1, 3) \g /dev/null
select is(t.try(format('select t.track(%L, %L)', number, pin)), 'LK014', 'after five wrong tries even the right PIN waits') from t.app;
select ok(t.complaint(format('select t.track(%L, %L)', number, pin)) ~ 'again in 15 minutes', 'and is told how long') from t.app;
select is(t.try(format('select t.track(%L, %L, %L)', number, pin, '192.0.2.8')), 'ok', 'the applicant elsewhere does not wait') from t.app;
update application.track_attempt set at = at - interval '16 minutes';
select is((t.track(number, pin)).number, number, 'a quarter of an hour later it works again') from t.app;
select t.track('2001-' || lpad(n::text, 6, '0'), '000000') from generate_series(1, 50) n \g /dev/null
select is(t.try(format('select t.track(%L, %L)', number, pin)), 'LK014', 'trying many numbers from one address is slowed too') from t.app;
select t.track(number, t.wrong(pin), '198.51.100.' || n) from t.app, generate_series(1, 95) n \g /dev/null
select is(t.try(format('select t.track(%L, %L, %L)', number, pin, '203.0.113.1')), 'LK014', 'and many addresses at one number') from t.app;
select api_job.prune() \g /dev/null
select cmp_ok((select count(*) from application.track_attempt), '>', 0::bigint, 'clearing away keeps what the limits look at');
select * from finish();
rollback;
