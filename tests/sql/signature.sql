-- Permits as documents: numbered, made once, signed by who decided, checked by everybody; and what happens to them later.
begin;
\ir lib/setup.sql
select plan(61);
update catalogue.office set electronic_signature = true, verification_address = 'https://cek/{code}', signatory_title = 'Kepala' where office_id = t.office();

create function t.render(pdf bytea default 'pdf') returns int language plpgsql as $$
declare
  w api_job.render_work;
  n int := 0;
  signed boolean;
begin
  loop
    w := api_job.render_next();
    exit when w.document_id is null;
    n := n + 1;
    signed := w.signer is not null;
    perform api_job.render_done(w.office_id, w.document_id, convert_to('pdf ' || w.document_id, 'UTF8'),
                                case when signed then sha256(convert_to('digest ' || w.document_id, 'UTF8')) end);
  end loop;
  return n;
end $$;
create function t.sign_all(username text, fingerprint text default 'cert of ') returns int language plpgsql as $$
declare
  r api.signature_asked_row;
  w api_job.sign_work;
  n int := 0;
begin
  foreach r in array coalesce((api.signature_list(t.token(username))).rows, '{}') loop
    continue when r.given or r.digest is null;
    perform api.signature_submit(t.token(username), t.key(), r.document_id, 'cms');
    w := api_job.sign_next();
    perform api_job.sign_done(w.office_id, w.document_id, w.prepared || 'signed', initcap(username), 'CA', '01', sha256(convert_to(fingerprint || username, 'UTF8')), false);
    n := n + 1;
  end loop;
  return n;
end $$;
create function t.doc(app bigint, kind text) returns document.document language sql stable as $$
  select d from document.document d where d.application_id = app and d.kind = doc.kind and not d.preview order by d.document_id desc limit 1
$$;
create function t.data(app bigint, kind text, variadic path text[]) returns text language sql stable
as $$ select (t.doc(app, kind)).data #>> path $$;

create table t.app as select t.at('signing') as id;
select is(t.stage((select id from t.app)), 'signing', 'an office that signs does not hand over what is not signed');
select is((select role || ' ' || (holder_id = t.user_id('hd1')) from application.task, t.app a where application_id = a.id and closed_at is null), 'head true', 'who decided signs');
select is((select array_agg(kind order by document_id) from document.document d, t.app a where d.application_id = a.id), '{receipt,decree,permit}', 'a receipt, a decree and a permit are made');
select matches((select code from application.permit p, t.app a where p.application_id = a.id), '^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$', 'the permit has a code');
select is(t.data((select id from t.app), 'permit', 'document', 'address'), 'https://cek/' || (select code from application.permit p, t.app a where p.application_id = a.id), 'that stands in its address');
select is(t.data((select id from t.app), 'permit', 'signatory', 'name'), 'Hd1', 'the signatory is named');
select is(t.data((select id from t.app), 'permit', 'initials', '0', 'name'), 'Sh1', 'and who initialled');
select is(t.data((select id from t.app), 'receipt', 'receipt', 'fee'), '0', 'the receipt says what it costs');
select ok(exists (select from rule.flatten((t.doc((select id from t.app), 'permit')).data) f where f.key = 'requirements.1.name' and f.value = 'KTP'), 'lists are counted from 1');

create table t.listed as select r.* from unnest((api.signature_list(t.token('hd1'))).rows) r;
select is((select count(*) || ' ' || count(digest) from t.listed), '2 0', 'what is not drawn yet is seen, without a hash');
select is(t.try(format('select api.signature_submit(%L, %L, %s, %L)', t.token('hd1'), t.key(), (select min(document_id) from t.listed), 'cms')), 'LK011 document_id', 'and cannot be signed');
select is(t.render(), 3, 'each is drawn once');
select is(t.render(), 0, 'and not again');
select is((t.doc((select id from t.app), 'receipt')).state || ' ' || (t.doc((select id from t.app), 'permit')).state, 'current to_sign', 'a receipt stands, a permit waits');
select lives_ok(format('select api.document_open(%L, %s)', t.token('hd1'), (t.doc((select id from t.app), 'permit')).document_id), 'the head reads what is to be signed');
select is(t.try(format('select api.signature_submit(%L, %L, %s, %L)', t.token('hd2'), t.key(), (select min(document_id) from t.listed), 'cms')), 'LK005 document_id', 'another head does not sign it');
select is(t.try(format('select api.signature_submit(%L, %L, %s, %L)', t.token(u), t.key(), (select min(document_id) from t.listed), 'cms')), 'LK005', u || ' signs nothing') from unnest('{fo1,an1,sh1,ad1,au1}'::text[]) u;
select is(t.try(format('select api.signature_submit(%L, %L, %s, %L)', t.token('hd1'), t.key(), (select min(document_id) from t.listed), repeat('x', 16385)::bytea)), 'LK007 cms', 'a signature without an end is refused');

-- a refused one is asked for again
do $$ begin perform api.signature_submit(t.token('hd1'), t.key(), (select min(document_id) from t.listed), 'bad'); end $$;
create table t.work as select * from api_job.sign_next();
do $$ begin perform api_job.sign_refused(office_id, document_id, 'The certificate expired on %s', '2026-01-01') from t.work; end $$;
select is((select problem from unnest((api.signature_list(t.token('hd1'))).rows) r where r.document_id = (select document_id from t.work)), 'The certificate expired on %s', 'a bad signature is told to the head');
select is(t.stage((select id from t.app)), 'signing', 'and nothing goes on');
select is(t.sign_all('hd1'), 2, 'both are signed');
select is(t.stage((select id from t.app)), 'handover', 'the last signature lets it go on');
select is((t.doc((select id from t.app), 'permit')).state, 'current', 'the permit stands');
select is((select array_agg(e.action order by e.event_id) from audit.event e, t.app a where e.application_id = a.id and e.action ~ 'sign' and e.actor_id = t.user_id('hd1')),
          '{give_signature,give_signature,sign_document,give_signature,sign_document}', 'each signature is in the chain');
select is((select count(*) from document.signature s where s.state = 'done' and s.cms is null and s.prepared_id is null), 2::bigint, 'what was needed on the way is gone');

-- a certificate belongs to one person
create table t.other as select t.at('signing', 'TES', t.person(t.nik(2))) as id;
update document.certificate set user_id = t.user_id('hd2');
do $$ begin perform t.render(); end $$;
do $$ begin perform t.sign_all('hd1'); end $$;
select is((select distinct problem || ' ' || argument from document.signature s where s.state = 'asked'), 'This certificate belongs to %s Hd2', 'nobody signs with another''s certificate');
update document.certificate set user_id = t.user_id('hd1');
-- the work passes to another head
do $$ begin perform api.task_take_over(t.token('hd2'), t.key(), t.task((select id from t.other)), 'Away'); end $$;
select is(t.data((select id from t.other), 'permit', 'signatory', 'name'), 'Hd2', 'the head who takes it over stands on the permit');
select is((select count(*) from unnest((api.signature_list(t.token('hd1'))).rows) r), 0::bigint, 'the first has nothing to sign any more');
do $$ begin perform t.render(); end $$;
select is(t.sign_all('hd2'), 2, 'the second signs');
select is(t.stage((select id from t.other)), 'handover', 'and it goes on');

-- checked by everybody
create table t.code as select p.code, p.number from application.permit p, t.app a where p.application_id = a.id;
create function t.status(code text) returns text language sql as $$ select (api.public_verify('192.0.2.9', 'uji', code)).status $$;
select is((select status || ' ' || number || ' ' || holder || ' ' || signer from api.public_verify('192.0.2.9', 'uji', (select code from t.code))),
          'current ' || (select number from t.code) || ' Sari Wulandari Hd1', 'a permit is checked by its code');
select is((select sha256 from api.public_verify('192.0.2.9', 'uji', (select code from t.code))),
          encode(sha256(convert_to('pdf ' || (t.doc((select id from t.app), 'permit')).document_id || 'signed', 'UTF8')), 'hex'), 'and its file by its hash');
select is(t.status(lower(replace((select code from t.code), '-', ' '))), 'current', 'however it is typed');
select is((api.public_verify('192.0.2.9', 'uji', '0000-0000-0000-0000')).code, null, 'an invented one is not known');
select is(t.try($$ select api.public_verify('192.0.2.9', 'uji', 'abc') $$), 'LK007 code', 'what is no code is told');
select is((api_job.find_issued(sha256(convert_to('pdf ' || (t.doc((select id from t.app), 'permit')).document_id || 'signed', 'UTF8')), null)).match, 'file', 'a file of ours is found');
select is((api_job.find_issued(sha256('altered'), (select code from t.code))).match, 'code', 'an altered one by its code');

-- copies
create table t.copy as select * from api.document_copy(t.token('fo1'), t.key(), (t.doc((select id from t.app), 'permit')).document_id, true, 'Lost');
select matches((select number from t.copy), '^SALINAN-[0-9]{4}-0001$', 'a certified copy is numbered');
select is((select reason from document.copy), 'Lost', 'and has its reason');
select is(t.data((select id from t.app), 'certified_copy', 'original', 'sha256'), (select sha256 from api.public_verify('192.0.2.9', 'uji', (select code from t.code))), 'it names the original''s hash');
select is(t.try(format('select api.document_copy(%L, %L, %s, true, null)', t.token('fo1'), t.key(), (t.doc((select id from t.app), 'permit')).document_id)), 'LK008 reason', 'without a reason there is none');
select is(t.try(format('select api.document_copy(%L, %L, %s, true, %L)', t.token('an1'), t.key(), (t.doc((select id from t.app), 'permit')).document_id, 'x')), 'LK005', 'or by another role');

-- changes: one proposes, the head decides
create function t.propose(username text, kind text, fields jsonb default null) returns text language sql as $$
  select format('select api.permit_propose(%L, %L, %s, %L, %L, %L, %L)', t.token(username), t.key(), (select id from t.app), kind, 'Why', 'Perda 1', fields) $$;
create function t.decide(username text, approve boolean default true) returns text language sql as $$
  select format('select api.permit_decide(%L, %L, %s, %L, %L)', t.token(username), t.key(), coalesce((select max(change_id) from application.permit_change), 0), approve, 'So') $$;
select is(t.try(t.propose('an1', 'correction')), 'LK008 fields', 'a correction says what is wrong');
select is(t.try(t.propose('an1', 'correction', '[{"code":"rooms","value":"many"}]')), 'LK007 fields.rooms', 'checked as at the counter');
select is(t.try(t.propose('an1', 'reinstatement')), 'LK011 kind', 'what is in force is not reinstated');
select is(t.try(t.propose('fo1', 'suspension')), 'LK005', 'the counter proposes nothing');
select is(t.try(t.propose('sh1', 'revocation')), 'LK007 kind', 'a revocation is an application of its own: nobody goes round its decree');
do $$ begin execute t.propose('an1', 'correction', '[{"code":"applicant.name","value":"Sari Wulandari, S.Kep"},{"code":"place","value":"Klinik Baru"}]'); end $$;
select is((select old_value || ' > ' || value from unnest((api.permit_changes(t.token('hd1'))).changes[1].fields) f where f.code = 'place'), 'Klinik > Klinik Baru', 'the head sees old beside new');
select is(t.try(t.propose('an1', 'suspension')), 'LK013 application_id', 'one change at a time');
select is(t.try(t.decide('sh1')), 'LK005', 'only a head decides');
do $$ begin execute t.decide('hd1'); end $$;
select is((select string_agg(state, ' ' order by document_id) from document.document d, t.app a where d.application_id = a.id and d.kind = 'permit'), 'current to_render', 'the old permit stands until the new one is signed');
do $$ begin perform t.render(), t.sign_all('hd1'); end $$;
select is((select string_agg(state || version, ' ' order by document_id) from document.document d, t.app a where d.application_id = a.id and d.kind = 'permit'), 'replaced1 current2', 'then it is replaced, and stays');
select is(t.data((select id from t.app), 'permit', 'applicant', 'name'), 'Sari Wulandari, S.Kep', 'the new one says what is right');
do $$ begin execute t.propose('sh1', 'suspension'); execute t.decide('hd1'); end $$;
select is(t.status((select code from t.code)), 'suspended', 'a suspended permit is told so');
update application.permit set status = 'revoked';
select is(t.status((select code from t.code)), 'revoked', 'a revoked one too');
select is(t.try(format('select api.document_copy(%L, %L, %s, true, %L)', t.token('fo1'), t.key(), (t.doc((select id from t.app), 'permit')).document_id, 'x')), 'LK011 document_id', 'of which there is no certified copy');
update application.permit set status = 'current', valid_until_on = current_date - 3;
select is(t.status((select code from t.code)), 'expired', 'and one whose time is over');
select * from finish();
rollback;
