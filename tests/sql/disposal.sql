-- Disposal of archives: due by the schedule alone, proposed by one and decided by another, the bytes gone and the proof kept.
begin;
\ir lib/setup.sql
select plan(66);

create function t.render() returns int language plpgsql as $$
declare
  w api_job.render_work;
  n int := 0;
begin
  loop
    w := api_job.render_next();
    exit when w.document_id is null;
    n := n + 1;
    perform api_job.render_done(w.office_id, w.document_id, convert_to('pdf ' || w.document_id, 'UTF8'), null);
  end loop;
  return n;
end $$;
create function t.today() returns date language sql stable as $$ select rule.office_date(t.office()) $$;
-- Filed so long ago that its retention ended `days` ago, and its permit with it.
create function t.age(app bigint, days int default 1) returns void language sql as $$
  update application.archive_file set retain_until_on = t.today() - days where application_id = app;
  update application.permit set valid_until_on = t.today() - days, status = 'expired' where application_id = app;
$$;
create function t.due(username text default 'ar1', permit text default null) returns text language sql as $$
  select coalesce(string_agg(f.number, ' ' order by f.number), '') from api.disposal_due(t.token(username), permit) d, unnest(d.files) f $$;
create function t.propose_call(username text, ids bigint[], reason text default 'JRA 2026') returns text language sql as $$
  select format('select api.disposal_propose(%L, %L, %L, %L)', t.token(username), t.key(), ids, reason) $$;
create function t.decide_call(username text, id bigint, approve boolean, reason text default null) returns text language sql as $$
  select format('select api.disposal_decide(%L, %L, %s, %L, %L)', t.token(username), t.key(), id, approve, reason) $$;
create function t.number(app bigint) returns text language sql stable as $$ select number from application.application where application_id = app $$;
create function t.chunks(app bigint) returns bigint language sql stable as $$
  select count(*) from document.chunk k join document.document d on d.office_id = k.office_id and d.content_id = k.content_id where d.application_id = app $$;
create function t.proposal() returns bigint language sql stable as $$ select max(disposal_id) from application.disposal where office_id = t.office() $$;

-- the schedule of the permit type
create table t.filed as select t.at('archive') as id;
select is(t.try(t.call('ar1', (select id from t.filed), 'file')), 'ok', 'without a schedule the archivist says how long');
update catalogue.permit_type_version set active_years = 3, inactive_years = 8, disposal = 'destroy' where office_id = t.office() and permit_type_id = (
  select permit_type_id from catalogue.permit_type where office_id = t.office() and code = 'TES');
select is(t.try(t.call('ar1', (select id from t.filed), 'file')), 'LK007 active_years', 'a file is not kept shorter than the schedule says');
update catalogue.permit_type_version set active_years = 2, inactive_years = 9 where office_id = t.office() and disposal = 'destroy';
select is(t.try(t.call('ar1', (select id from t.filed), 'file')), 'LK007 inactive_years', 'in neither of its two parts');
update catalogue.permit_type_version set inactive_years = 8 where office_id = t.office() and disposal = 'destroy';
select throws_ok($$ update catalogue.permit_type_version set active_years = null where disposal = 'destroy' $$, '23514', null, 'nothing is destroyed without a schedule');

create table t.app as select t.at('closed', 'TES', t.person(t.nik(1), 'Ani')) as a, t.at('closed', 'TES', t.person(t.nik(2), 'Budi')) as b,
  t.at('closed', 'TESL', t.person(t.nik(3), 'Cici')) as kept, t.at('archive', 'TES', t.person(t.nik(4), 'Didi')) as open,
  t.at('closed', 'TES', t.person(t.nik(5), 'Eka')) as c;
select cmp_ok(t.render(), '>', 0, 'documents were made');
select is(t.due(), '', 'nothing is due before its day');
select t.age(a), t.age(b), t.age(kept), t.age(c) from t.app \g /dev/null
update application.archive_file set retain_until_on = t.today() where application_id = (select c from t.app);
select is(t.due(), (select t.number(a) || ' ' || t.number(b) from t.app), 'due is whose last day is over, and not what is kept for good');
select is(t.due('ar1', 'tesv'), '', 'of one permit type');
select is((select min(f.documents) || ' ' || bool_and(f.bytes > 0) || ' ' || min(f.place) from api.disposal_due(t.token('ar1'), null) d, unnest(d.files) f), '4 true R1 / B1', 'with its documents and its place');
select is(t.try(t.propose_call('ar1', array[(select c from t.app)])), 'LK011 application_ids', 'on its last day it can''t be proposed either');
update application.permit set valid_until_on = t.today(), status = 'current' where application_id = (select b from t.app);
select is(t.due(), (select t.number(a) from t.app), 'whose permit is in force is not due');
update application.permit set status = 'suspended' where application_id = (select b from t.app);
select is(t.due(), (select t.number(a) from t.app), 'nor whose permit is suspended');
select is(t.try(t.propose_call('ar1', array[(select b from t.app)])), 'LK011 application_ids', 'nor can it be proposed');
select t.age(b) from t.app \g /dev/null

-- who may
select is(t.try(format('select api.disposal_due(%L, null)', t.token(u))), 'LK005', u || ' does not see what is due') from unnest('{fo1,an1,sh1,tr1,sd1,mg1,ad1}'::text[]) u;
select is(t.try(t.propose_call(u, array[(select a from t.app)])), 'LK005', u || ' does not propose a disposal') from unnest('{fo1,hd1,au1,ad1}'::text[]) u;
select is(t.try(format('select api.disposal_due(%L, null)', t.token('au1'))), 'ok', 'the auditor sees it');
select is(t.due('ar9'), '', 'another office sees nothing of it');
select is(t.try(t.propose_call('ar9', array[(select a from t.app)])), 'LK009 application_id', 'and proposes nothing of it');

-- what can be proposed
select is(t.try(t.propose_call('ar1', '{}')), 'LK008 application_ids', 'nothing is not proposed');
select is(t.try(t.propose_call('ar1', array[(select a from t.app)], null)), 'LK008 reason', 'nor without what it rests on');
select is(t.try(t.propose_call('ar1', array[(select a from t.app), (select kept from t.app)])), 'LK011 application_ids', 'what is kept for good is not proposed with others');
select is(t.try(t.propose_call('ar1', array[(select open from t.app)])), 'LK011 application_ids', 'what is not filed is not proposed');
do $$ begin execute t.propose_call('ar1', (select array[a, b] from t.app)); end $$;
select is(t.due(), '', 'what is proposed is not due twice');
select is(t.try(t.propose_call('ar1', array[(select a from t.app)])), 'LK011 application_ids', 'nor proposed twice');
select is((select p.state || ' ' || p.files || ' ' || p.documents from api.disposal_list(t.token('hd1')) l, unnest(l.disposals) p), 'proposed 2 8', 'the head sees it');
select is((select string_agg(f.applicant, ' ') from api.disposal_open(t.token('hd1'), t.proposal()) o, unnest(o.files) f), 'Ani Budi', 'and its files');

-- who decides
select is(t.try(t.decide_call(u, t.proposal(), true)), 'LK005', u || ' does not decide') from unnest('{ar1,sh1,au1,ad1}'::text[]) u;
insert into identity.user_role (office_id, user_id, role) values (t.office(), t.user_id('ar1'), 'head');
select is(t.try(t.decide_call('ar1', t.proposal(), true)), 'LK005 disposal_id', 'an archivist who is a head as well does not decide what they proposed');
delete from identity.user_role where user_id = t.user_id('ar1') and role = 'head';
select throws_ok(format('update application.disposal set decided_by = proposed_by, decided_at = now(), approved = true, number = %L where disposal_id = %s', 'X', t.proposal()), '23514', null, 'not even in the table');
select is(t.try(t.decide_call('hd1', t.proposal(), false)), 'LK008 reason', 'a rejection has a reason');
update application.permit set status = 'current', valid_until_on = t.today() + 9 where application_id = (select a from t.app);
select is(t.try(t.decide_call('hd1', t.proposal(), true)), 'LK011 application_ids', 'a permit that came into force again meanwhile stops it');
select t.age(a) from t.app \g /dev/null

-- bytes are not destroyed by any other way
select throws_ok($$ delete from document.chunk k using document.document d, t.app where d.content_id = k.content_id and d.application_id = a $$, 'LK005', null, 'the bytes are kept until then');
select throws_ok($$ update document.content c set destroyed_at = now() from document.document d, t.app where d.content_id = c.content_id and d.application_id = a $$, 'LK005', null, 'and nobody calls them destroyed');

-- c keeps the same bytes as one document of a
update document.document d set content_id = (select x.content_id from document.document x, t.app where x.application_id = a and x.kind = 'permit')
 where d.kind = 'receipt' and d.application_id = (select c from t.app);
do $$ begin execute t.decide_call('hd1', t.proposal(), true); end $$;
select is((select count(*) from t.app, application.disposal_item i where i.application_id in (a, b) and i.state = 'destroyed'), 2::bigint, 'approved, both files are destroyed');
select is((select t.chunks(b) from t.app), 0::bigint, 'no byte of their documents is left');
select is((select count(*) from document.document d, t.app where d.application_id in (a, b) and d.data is not null), 0::bigint, 'nor what they said');
select is((select convert_from(rule.content_bytes(d.office_id, d.content_id), 'UTF8') like 'pdf %' from document.document d, t.app where d.application_id = c and d.kind = 'receipt'), true, 'bytes that a file that stays has as well are not destroyed');
select is((select count(c.sha256) from document.document d join document.content c on c.content_id = d.content_id, t.app where d.application_id = b), 4::bigint, 'the hashes stay');
select is((select count(*) from document.document d join document.content c on c.content_id = d.content_id, audit.event e, t.app, jsonb_array_elements(e.detail->'documents') p
            where e.application_id = b and e.action = 'destroy_documents' and d.application_id = b and p->>'sha256' = encode(c.sha256, 'hex')), 4::bigint, 'and stand in the chain');
select is((select rule.chain_break(x) from application.application x, t.app where application_id = b), null, 'which holds');
select is(t.try(format('select api.document_open(%L, %s)', t.token('ar1'), (select min(document_id) from document.document d, t.app where application_id = b))), 'LK009 document_id', 'what is destroyed is not opened');
select is(t.try(format('select api.document_copy(%L, %L, %s, false, %L)', t.token('ar1'), t.key(), (select min(document_id) from document.document d, t.app where application_id = b), 'x')), 'LK009 document_id', 'nor copied');
select is((select string_agg(distinct r.state, ' ') from t.app, api.document_list(t.token('ar1'), b) l, unnest(l.documents) r), 'destroyed', 'and is shown as destroyed');
update document.content set checked_at = now() - interval '99 days' where office_id = t.office() and destroyed_at is not null;
select is((select content_id from api_job.recheck_next()), null, 'the read-back does not call it damaged');
select isnt(rule.store_content(t.office(), (select convert_to('pdf ' || document_id, 'UTF8') from document.document d, t.app where d.application_id = b and d.kind = 'decree'), 'application/pdf', false),
            (select content_id from document.document d, t.app where d.application_id = b and d.kind = 'decree'), 'the same bytes that come again are kept anew');
select is((select number from api.public_verify('192.0.2.9', 'uji', (select code from application.permit, t.app where application_id = b))), (select number from application.permit, t.app where application_id = b), 'whoever has the paper can still check it');

-- the certificate
select cmp_ok(t.render(), '=', 1, 'a certificate is made');
create table t.cert as select d.* from document.document d where d.kind = 'disposal' and d.office_id = t.office();
select is((select name from t.cert), 'BAP-' || extract(year from t.today()) || '-0001.pdf', 'with a number');
select is((select r.number || ' ' || (r.document_id = (select document_id from t.cert)) from api.disposal_list(t.token('au1')) l, unnest(l.disposals) r), (select rtrim(name, '.pdf') || ' true' from t.cert), 'that the list has');
select is((select 'ok' from api.document_open(t.token('au1'), (select document_id from t.cert))), 'ok', 'the auditor reads it');
select is(t.try(format('select api.document_open(%L, %s)', t.token('sd1'), (select document_id from t.cert))), 'LK009 document_id', 'a surveyor does not');
select is(t.try(t.decide_call('hd1', t.proposal(), true)), 'LK011 disposal_id', 'it is decided once');

-- rejected: kept, and may be proposed again
select t.age(c) from t.app \g /dev/null
do $$ begin execute t.propose_call('ar1', (select array[c] from t.app)); execute t.decide_call('hd1', t.proposal(), false, 'A lawsuit is pending'); end $$;
select is(t.due(), (select t.number(c) from t.app), 'what was rejected is due again');
select is((select count(*) from t.app where t.chunks(c) > 0), 1::bigint, 'with all its bytes');
select * from finish();
rollback;
