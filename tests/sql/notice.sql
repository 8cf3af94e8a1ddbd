-- Notices that did not go out: who sees them, who sends them again, and what is written down of it.
begin;
\ir lib/setup.sql
select plan(30);
create function t.resend_call(username text, notice bigint) returns text language sql as $$
  select format('select api.notice_resend(%L, %L, %s)', t.token(username), t.key(), notice) $$;
create function t.listed(username text, filter text default null) returns text language sql as $$
  select coalesce(string_agg(r.kind || ' ' || coalesce(r.email, '-') || ' ' || r.tries || ' ' || coalesce(r.problem, '-'), ', ' order by r.notice_id), '')
    from api.notice_list(t.token(username), filter) l, unnest(l.rows) r $$;
create function t.notice(app bigint) returns application.notice language sql stable as $$ select n from application.notice n where application_id = app $$;
create function t.fail_all(problem text) returns int language plpgsql as $$
declare w api_job.notice_work; n int := 0;
begin
  loop
    w := api_job.notice_next();
    exit when w.notice_id is null;
    perform api_job.notice_done(w.office_id, w.notice_id, problem, true);
    n := n + 1;
  end loop;
  return n;
end $$;

create table t.app as select t.submit('TES', 'fo1', t.person() || '{"email":"budi@salah.example"}') as a, t.submit('TES', 'fo1', t.person(t.nik(2), 'Tanpa Surel')) as none,
  t.submit('TES', 'fo1', t.person(t.nik(3), 'Nanti') || '{"email":"nanti@kota.example"}') as later;
update application.notice set next_try_at = now() + interval '1 hour', tries = 3, problem = 'Busy (451)' where application_id = (select later from t.app);
select is(t.listed('fo1'), '', 'nothing failed yet');
select is(t.fail_all('No such mailbox (550)'), 1, 'a mail is refused for good');
select is(t.listed('fo1'), 'registered budi@salah.example 1 No such mailbox (550)', 'the counter sees it, with the reason');
select is(t.listed('ad1'), 'registered bu***@salah.example 1 No such mailbox (550)', 'an administrator sees what they need for the mail, not who it is');
select is(t.listed('fo1', 'waiting'), 'registered - 0 -, registered nanti@kota.example 3 Busy (451)', 'what waits is listed apart');
select is(t.try(format('select api.notice_list(%L, %L)', t.token('fo1'), 'lost')), 'LK007 filter', 'another filter is none');
select is(t.listed('fo9'), '', 'another office sees nothing of it');
select is(t.try(format('select api.notice_list(%L, null)', t.token(u))), 'LK005', u || ' does not see the notices') from unnest('{an1,sh1,hd1,tr1,ar1,sd1,mg1}'::text[]) u;
select is(t.try(t.resend_call(u, (t.notice((select a from t.app))).notice_id)), 'LK005', u || ' sends nothing again') from unnest('{an1,hd1,au1,ar1}'::text[]) u;
select is(t.try(t.resend_call('fo9', (t.notice((select a from t.app))).notice_id)), 'LK009 notice_id', 'nor does another office');

update application.applicant set email = 'budi@benar.example' where applicant_id = (select applicant_id from application.application, t.app where application_id = a);
create table t.key as select t.key() as key;
do $$ begin perform api.notice_resend(t.token('fo1'), (select key from t.key), (t.notice((select a from t.app))).notice_id); end $$;
select is((t.notice((select a from t.app))).state || ' ' || (t.notice((select a from t.app))).tries || ' ' || (t.notice((select a from t.app))).email, 'waiting 0 budi@benar.example', 'sent again it waits, for the address of today');
select is((select actor || ' ' || (detail->>'problem') from audit.event, t.app where application_id = a and action = 'resend_notice'), 'Fo1 No such mailbox (550)', 'who did it and why is in the chain');
select is((select rule.chain_break(x) from application.application x, t.app where application_id = a), null, 'which holds');
select is((select count(*) from t.app, api.application_open(t.token('fo1'), a) r, unnest(r.history) h where h.action = 'resend_notice'), 1::bigint, 'and in the history');
select is(t.try(t.resend_call('fo1', (t.notice((select a from t.app))).notice_id)), 'LK011 notice_id', 'what is about to go out is not sent again');
select is((select count(*) from audit.event, t.app, api.notice_resend(t.token('fo1'), (select key from t.key), (t.notice(a)).notice_id) r where application_id = a and action = 'resend_notice'), 1::bigint, 'the same request again does nothing');
select is((api_job.notice_next()).email, 'budi@benar.example', 'the job process takes it');
do $$ begin perform api_job.notice_done(t.office(), (t.notice((select a from t.app))).notice_id, null, false); end $$;
select is(t.try(t.resend_call('fo1', (t.notice((select a from t.app))).notice_id)), 'LK011 notice_id', 'what was sent is not sent twice');
select is(t.try(t.resend_call('fo1', (t.notice((select none from t.app))).notice_id)), 'LK011 notice_id', 'who has no address is called');
select is(t.try(t.resend_call('ad1', (t.notice((select later from t.app))).notice_id)), 'ok', 'an administrator sends again what was put off');
do $$ begin perform api.notice_resend(t.token('ad1'), t.key(), (t.notice((select later from t.app))).notice_id); end $$;
select is((t.notice((select later from t.app))).next_try_at <= now(), true, 'and it is due at once');
select * from finish();
rollback;
