-- The register of permits: what is in it, when a permit ends and who is told before, and the renewal that begins from it.
begin;
\ir lib/setup.sql
select plan(58);
create function t.permit(app bigint) returns application.permit language sql stable as $$ select p from application.permit p where p.application_id = app $$;
create function t.ends_in(app bigint, days int) returns void language sql
as $$ update application.permit p set valid_until_on = rule.office_date(p.office_id) + days where application_id = app $$;
create function t.list(filter text default null, search text default null, username text default 'fo1') returns text language sql as $$
  select coalesce(string_agg(r.holder || ' ' || r.days_left || ' ' || r.status, ', '), '')
    from api.permit_list(t.token(username), search, filter, null, 100) l, unnest(l.rows) r $$;
create function t.renew(username text, number text) returns text language sql stable
as $$ select format('select api.intake_renewal_of(%L, %L)', t.token(username), number) $$;
create function t.notices(app bigint) returns text language sql stable
as $$ select string_agg(occasion, ' ' order by notice_id) from application.notice where application_id = app and kind = 'permit_ends' $$;

create table t.app as select t.at('handover', 'TES', t.person(t.nik(1), 'Anita')) as a, t.at('handover', 'TES', t.person(t.nik(2), 'Budi')) as b,
  t.at('handover', 'TES', t.person(t.nik(3), 'Citra')) as c, t.at('refusal', 'TES', t.person(t.nik(4), 'Dodi')) as refused;
select t.issue_all() \g /dev/null
select t.ends_in(a, 60), t.ends_in(b, -1), t.ends_in(c, 400) from t.app \g /dev/null

-- ------------------------------------------------------------------------------------------ who may
select is(t.try(format('select api.permit_list(%L, null, null, null, 0)', t.token(u))), r, u || ' reads the register, or not') from (values
  ('fo1', 'ok'), ('an1', 'ok'), ('sh1', 'ok'), ('hd1', 'ok'), ('ar1', 'ok'), ('mg1', 'ok'), ('au1', 'ok'), ('kd1', 'LK005'), ('sd1', 'LK005'), ('tr1', 'LK005'),
  ('co1', 'LK005'), ('ad1', 'LK005')) v(u, r);
select is(t.try(t.renew(u, (t.permit(a)).number)), r, u || ' begins a renewal, or not') from t.app, (values
  ('fo1', 'ok'), ('an1', 'LK005'), ('sh1', 'LK005'), ('hd1', 'LK005'), ('ar1', 'LK005'), ('au1', 'LK005'), ('ad1', 'LK005')) v(u, r);

-- ------------------------------------------------------------------------------------------ the list
select is(t.list(), 'Budi -1 expired, Anita 60 current, Citra 400 current', 'permits by their end, and no refusal');
select is(t.list('expiring'), 'Anita 60 current', 'what ends within 90 days');
select is(t.list('expired'), 'Budi -1 expired', 'what has ended, before the job has said so');
select is(t.list('suspended'), '', 'nothing is suspended');
update application.permit set status = 'suspended' where application_id = (select c from t.app);
select is(t.list('suspended'), 'Citra 400 suspended', 'what is suspended');
update application.permit set status = 'current' where application_id = (select c from t.app);
select is(t.list(null, 'nita'), 'Anita 60 current', 'found by a part of the name');
select is(t.list(null, (t.permit(c)).number), 'Citra 400 current', 'found by its number') from t.app;
select is(t.list(null, 'xyz'), '', 'or not');
select is(t.try(format('select api.permit_list(%L, %L, %L, %L, 0)', t.token('fo1'), x, f, after)), r, 'refused: ' || r) from (values
  ('ab', null, null, 'LK007 text'), (null, 'all', null, 'LK007 filter'), (null, null, '1; drop', 'LK007 after')) v(x, f, after, r);
create table t.page as select * from api.permit_list(t.token('fo1'), null, null, null, 2);
select is((select total || ' ' || cardinality(rows) from t.page), '3 2', 'a page');
select is((select r.holder || coalesce(l.next, '') from t.page p, api.permit_list(t.token('fo1'), null, null, p.next, 2) l, unnest(l.rows) r), 'Citra', 'and the next, without gap or double');
select is((select count(*) from api.permit_list(t.token('fo9'), null, null, null, 0) l, unnest(l.rows) r), 0::bigint, 'another office''s register is its own');

-- ------------------------------------------------------------------------------------------- the end
select is(api_job.permits(), null, 'the job looks at the register');
select is((t.permit(b)).status, 'expired', 'a permit whose day has passed is expired') from t.app;
select is((select count(*) from audit.event e, t.app where e.application_id = b and e.action = 'permit_expired'), 1::bigint, 'recorded');
select is((select rule.chain_break(x) from application.application x, t.app where application_id = b), null, 'in its chain');
select api_job.permits() \g /dev/null
select is((select count(*) from audit.event e, t.app where e.application_id = b and e.action = 'permit_expired'), 1::bigint, 'once');
select is((t.permit(a)).status, 'current', 'the others stay in force') from t.app;

select is(t.notices(a), (t.permit(a)).valid_until_on || '/90', 'the holder is reminded') from t.app;
select is(t.notices(c), null, 'not too early') from t.app;
select t.ends_in(c, n), api_job.permits(), api_job.permits() from t.app, unnest('{91,90,31,30,8,7,0}'::int[]) n \g /dev/null
select is((select string_agg(split_part(occasion, '/', 2), ' ' order by notice_id) from application.notice, t.app where application_id = c and kind = 'permit_ends'), '90 90 30 30 7 7', 'within 90, 30 and 7 days');
create table t.late as select t.at('handover', 'TES', t.person(t.nik(5), 'Eka')) as e;
select t.ends_in(e, 20) from t.late \g /dev/null
select api_job.permits(), api_job.permits() \g /dev/null
select is(t.notices(e), (t.permit(e)).valid_until_on || '/30', 'what was missed is not made up for') from t.late;
select matches((select text from application.notice, t.late where application_id = e and kind = 'permit_ends'), 'berlaku sampai', 'the notice says until when');

-- ------------------------------------------------------------------------------------------- renewal
create table t.r as select r.* from t.app, api.intake_renewal_of(t.token('fo1'), (t.permit(a)).number) r;
select is((select permit_type || ' ' || (applicant).name || ' ' || (applicant).nik || ' ' || location from t.r), 'TES Anita ' || t.nik(1) || ' Jalan Uji 1', 'a renewal knows permit and holder');
select is((select string_agg(f.code || '=' || f.value, ' ' order by f.code) from t.r, unnest(fields) f), 'area=12.5 own=no place=Klinik sides=2', 'and the form');
select is((select string_agg(x.code || ' ' || x.present || coalesce(' ' || x.document_number, ''), ', ') from t.r, unnest(requirements) x), 'KTP true, STR true STR-1, PLAN false, PHOTO false', 'and which documents are there');
update application.requirement set valid_until_on = rule.office_date(t.office()) - 1 where application_id = (select a from t.app) and code = 'STR';
select is((select x.present::text || coalesce(x.document_number, '') from t.app, api.intake_renewal_of(t.token('fo1'), (t.permit(a)).number) r, unnest(r.requirements) x where x.code = 'STR'), 'false', 'a document that is no longer valid is asked for again');
select is(t.try(t.renew('fo1', lower((t.permit(b)).number))), 'ok', 'what has expired can be renewed') from t.app;
select is(t.try(t.renew('fo1', n)), r, 'renewal of "' || coalesce(n, '') || '"') from (values ('503/0000/X', 'LK009 permit_number'), (null, 'LK008 permit_number')) v(n, r);
select is(t.try(t.renew('fo1', (t.permit(refused)).number)), 'LK009 permit_number', 'a refusal is not renewed') from t.app;
select is(t.try(t.renew('fo9', (t.permit(a)).number)), 'LK009 permit_number', 'nor another office''s permit') from t.app;
update application.permit set status = 'revoked' where application_id = (select c from t.app);
select is(t.try(t.renew('fo1', (t.permit(c)).number)), 'LK011 permit_number', 'nor a revoked one') from t.app;
update identity.user_account set nik = t.nik(1) where user_id = t.user_id('fo2');
select is(t.try(t.renew('fo2', (t.permit(a)).number)), 'LK005', 'nobody renews their own') from t.app;
create table t.new as select r.application_id from t.app, api.intake_submit(t.token('fo1'), t.key(), 'TES', 'renewal', t.person(t.nik(1), 'Anita'), t.fields(), t.documents(), 'Jalan Uji 1', null, (t.permit(a)).number) r;
select is(t.try(t.renew('fo1', (t.permit(a)).number)), 'LK013 permit_number', 'a permit is renewed by one application at a time') from t.app;
select t.ends_in(a, 5), api_job.permits() from t.app \g /dev/null
select unalike(t.notices(a), '%/7', 'who renews already is not reminded') from t.app;
update catalogue.permit_type_version v set kinds = '{new}' where office_id = t.office();
select is(t.try(t.renew('fo1', (t.permit(b)).number)), 'LK011 permit_number', 'what is not renewed is told so') from t.app;
select * from finish();
rollback;
