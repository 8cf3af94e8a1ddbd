-- Documents in: chunks, checking, versions, who may; reading that is recorded; bytes that nobody changes.
begin;
\ir lib/setup.sql
select plan(53);

-- A file of `size` bytes that differs by its seed.
create function t.bytes(size int, seed text default 'a') returns bytea language sql immutable
as $$ select substr(decode(repeat(md5(seed), size / 16 + 1), 'hex'), 1, size) $$;

create function t.begin(username text, app bigint, code text, file bytea, replaces bigint default 0, name text default 'scan.pdf')
returns api.document_begin_reply language sql as $$
  select api.document_begin(t.token(username), t.key(), app, code, replaces, name, octet_length(file), sha256(file))
$$;
create function t.send(username text, upload bigint, file bytea, number int) returns int language sql as $$
  select (api.document_chunk(t.token(username), upload, number, substr(file, number * 65536 + 1, 65536))).number
$$;
create function t.send_all(username text, upload bigint, file bytea) returns void language sql as $$
  select t.send(username, upload, file, n) from generate_series(0, (octet_length(file) - 1) / 65536) n;
  select api.document_finish(t.token(username), t.key(), upload);
$$;
-- What the job process finds: the true hash, the type that it is told.
create function t.check(file bytea, media_type text default 'application/pdf', problem text default null) returns text[] language plpgsql as $$
declare w api_job.check_work;
begin
  w := api_job.check_next();
  return api_job.check_done(w.office_id, w.upload_id, sha256(file), media_type, problem, null);
end $$;
create function t.attach(username text, app bigint, code text, file bytea, replaces bigint default 0, name text default 'scan.pdf') returns bigint language plpgsql as $$
declare r api.document_begin_reply := t.begin(username, app, code, file, replaces, name);
begin
  perform t.send_all(username, r.upload_id, file);
  perform t.check(file);
  return (select max(document_id) from document.document d where d.application_id = app and d.kind = 'requirement');
end $$;

create table t.app as select t.submit() as id;
create table t.file as select t.bytes(150000) as bytes;
create table t.up as select r.* from t.app a, t.file f, t.begin('fo1', a.id, 'KTP', f.bytes) r;

select is((select next from t.up), 0, 'a new file begins at its beginning');
select is(t.try(format('select t.send(%L, %s, %L, 3)', 'fo1', (select upload_id from t.up), (select bytes from t.file))), 'LK007 number', 'a part behind the end is refused');
select is(t.try(format('select api.document_chunk(%L, %s, 0, %L)', t.token('fo1'), (select upload_id from t.up), '\x00'::bytea)), 'LK007 data', 'a short part is refused');
select is(t.send('fo1', (select upload_id from t.up), (select bytes from t.file), 2), 2, 'parts come in any order');
select is(t.send('fo1', (select upload_id from t.up), (select bytes from t.file), 0), 0, 'each is acknowledged');
select is(t.send('fo1', (select upload_id from t.up), (select bytes from t.file), 0), 0, 'twice changes nothing');
select is(t.try(format('select api.document_finish(%L, %L, %s)', t.token('fo1'), t.key(), (select upload_id from t.up))), 'LK011 upload_id', 'a file with a hole is not whole');
select is((t.begin('fo1', (select id from t.app), 'KTP', (select bytes from t.file))).next, 1, 'begun again it goes on at the first hole');
select is((t.begin('fo1', (select id from t.app), 'KTP', (select bytes from t.file))).upload_id, (select upload_id from t.up), 'and is the same upload');
select is(t.try(format('select t.send(%L, %s, %L, 1)', 'fo2', (select upload_id from t.up), (select bytes from t.file))), 'LK009 upload_id', 'nobody else sends into it');
select is((api.document_list(t.token('fo1'), (select id from t.app))).uploads[1].received, 2, 'its progress is seen');
do $$ begin perform t.send_all('fo1', (select upload_id from t.up), (select bytes from t.file)); end $$;
select matches((t.check((select bytes from t.file)))[1], '^uji:user/[0-9]+:[0-9]+:[0-9]+$', 'checked, its sender is told');
create table t.doc as select d.* from document.document d, t.app a where d.application_id = a.id and d.kind = 'requirement';
select results_eq($$ select code, name, version, state from t.doc $$, $$ values ('KTP', 'scan.pdf', 1, 'current') $$, 'and it is attached');
select is(rule.content_bytes(t.office(), (select content_id from t.doc)), (select bytes from t.file), 'byte for byte');
select is((select e.detail->>'sha256' from audit.event e, t.app a where e.application_id = a.id and e.action = 'attach_document'),
          encode(sha256((select bytes from t.file)), 'hex'), 'its hash is in the audit row');
select is((select e.detail->>'size' from audit.event e, t.app a where e.application_id = a.id and e.action = 'attach_document'), '150000', 'and its size');

-- the same bytes once
select isnt(t.attach('fo1', (select id from t.app), 'STR', (select bytes from t.file)), (select document_id from t.doc), 'the same bytes may be two documents');
select is((select count(distinct content_id) from document.document d, t.app a where d.application_id = a.id and d.kind = 'requirement'), 1::bigint, 'and are kept once');

-- versions
create table t.second as select t.attach('fo1', a.id, 'KTP', t.bytes(70000, 'b'), d.document_id) as id from t.app a, t.doc d;
select is((select version from document.document where document_id = (select id from t.second)), 2, 'what corrects a document is its next version');
select is((select state from document.document where document_id = (select document_id from t.doc)), 'replaced', 'the one before is marked');
select is((select count(*) from document.chunk c where c.content_id = (select content_id from t.doc)), 3::bigint, 'and stays');
select is(t.try(format('select t.begin(%L, %s, %L, %L, %s)', 'fo1', (select id from t.app), 'KTP', t.bytes(9), (select document_id from t.doc))), 'LK007 replaces', 'a replaced one is not corrected again');

-- bad files
create function t.refusal(file bytea, media_type text, problem text default null) returns text language plpgsql as $$
declare r api.document_begin_reply := t.begin('fo1', (select id from t.app), 'STR', file);
begin
  perform t.send_all('fo1', r.upload_id, file);
  perform t.check(file, media_type, problem);
  return (select u.problem from document.upload u where u.upload_id = r.upload_id and u.state = 'refused');
end $$;
select is(t.refusal(t.bytes(10, 'x'), 'application/zip'), 'This is not a type that is taken here: %s', 'a wrong type with a right name is refused');
select is(t.refusal(t.bytes(10, 'y'), null, 'A bomb'), 'A bomb', 'what the checker found is told');
update catalogue.requirement set formats = '{jpeg}', max_bytes = 100 where code = 'STR';
select is(t.refusal(t.bytes(10, 'z'), 'application/pdf'), 'This is not a type that is taken here: %s', 'the requirement says which types');
select is(t.try(format('select t.begin(%L, %s, %L, %L)', 'fo1', (select id from t.app), 'STR', t.bytes(101))), 'LK007 size', 'and how large');
select is(t.try(format('select api.document_begin(%L, %L, %s, %L, 0, %L, 2147483648, %L)', t.token('fo1'), t.key(), (select id from t.app), 'KTP', 'a.pdf', sha256('a'))), 'LK007 size', '2 GiB are refused before they come');
select is(t.try(format('select api.document_begin(%L, %L, %s, %L, 0, %L, 0, %L)', t.token('fo1'), t.key(), (select id from t.app), 'KTP', 'a.pdf', sha256('a'))), 'LK007 size', 'an empty file too');
select is(t.try(format('select t.begin(%L, %s, %L, %L, 0, %L)', 'fo1', (select id from t.app), 'KTP', t.bytes(9), n.name)), 'LK007 name', 'the name ' || n.what || ' is refused')
  from (values ('../../etc/passwd', 'of a path'), ('..', 'of a folder'), (e'a\x1b[31m.pdf', 'with an escape'), (e'scan\u202efdp.exe', 'that reads backwards'), (repeat('a', 201), 'without an end')) n(name, what);
select is(t.try(format('select t.begin(%L, %s, %L, %L)', 'fo1', (select id from t.app), 'NOPE', t.bytes(9))), 'LK011 code', 'nothing is attached to what is not asked');
create table t.damaged as select (t.begin('fo1', (select id from t.app), 'KTP', t.bytes(20, 'q'))).upload_id as id;
do $$ begin perform t.send_all('fo1', (select id from t.damaged), t.bytes(20, 'q')); end $$;
do $$ begin perform t.check(t.bytes(20, 'other')); end $$;
select is((select problem from document.upload where upload_id = (select id from t.damaged)), 'This file did not arrive as it was sent: send it again', 'what arrives damaged is not taken');
select is((select count(*) from document.upload u join document.content c using (office_id, content_id) where u.state = 'refused'), 0::bigint, 'of what is refused no bytes stay');
select is((api.document_list(t.token('fo1'), (select id from t.app))).uploads[1].state, 'refused', 'the sender sees why');
select lives_ok(format('select api.document_cancel(%L, %L, %s)', t.token('fo1'), t.key(), (select id from t.damaged)), 'and puts it aside');

-- who and when
select is_empty($$ select u.username from unnest('{an1,sh1,hd1,kd1,sd1,tr1,ar1,co1,au1,mg1,ad1,hd9}'::text[]) u(username), t.app a
                    where t.try(format('select t.begin(%L, %s, %L, %L)', u.username, a.id, 'KTP', t.bytes(9))) !~ '^LK005' $$, 'only the counter attaches');
select is(t.try(format('select t.begin(%L, %s, %L, %L)', 'fo9', (select id from t.app), 'KTP', t.bytes(9))), 'LK009 application_id', 'of this office');
do $$ begin perform t.act('an1', (select id from t.app), 'save'); end $$;
select is(t.try(format('select t.begin(%L, %s, %L, %L)', 'fo1', (select id from t.app), 'KTP', t.bytes(9))), 'LK011 code', 'what is accepted is not touched any more');
do $$ begin perform t.act('an1', (select id from t.app), 'return'); end $$;
select is(t.try(format('select t.begin(%L, %s, %L, %L)', 'fo1', (select id from t.app), 'KTP', t.bytes(9))), 'ok', 'what was returned can be corrected');
select is(t.try(format('select t.begin(%L, %s, %L, %L)', 'fo1', (select id from t.app), 'STR', t.bytes(9))), 'LK011 code', 'and nothing else');

-- reading
create table t.reading as select r.* from t.doc d, api.document_open(t.token('an1'), d.document_id) r;
select is((select row(name, size, chunks)::text from t.reading), '(scan.pdf,150000,3)', 'a reader is told what it is');
select is((select string_agg((api.document_read(t.token('an1'), r.reading_id, n)).data, ''::bytea order by n) from t.reading r, generate_series(0, 2) n),
          (select bytes from t.file), 'and reads it whole');
select is((select count(*) from audit.event e, t.app a where e.application_id = a.id and e.action = 'read_document' and e.actor_id = t.user_id('an1')), 1::bigint, 'which is recorded');
select is(t.try(format('select api.document_read(%L, %s, 0)', t.token('an2'), (select reading_id from t.reading))), 'LK009 reading_id', 'nobody reads along');
update document.reading set at = now() - interval '61 minutes';
select is(t.try(format('select api.document_read(%L, %s, 0)', t.token('an1'), (select reading_id from t.reading))), 'LK009 reading_id', 'or goes on for ever');
select is(t.try(format('select api.document_open(%L, %s)', t.token('sd1'), (select document_id from t.doc))), 'LK009 document_id', 'a department sees only what it inspects');
create table t.visited as select t.at('assigned', 'TESV') as id;
insert into document.document (office_id, application_id, kind, code, name, state, content_id, added_by)
select office_id, (select id from t.visited), 'requirement', 'KTP', 'a.pdf', 'current', content_id, added_by from t.doc;
select is(t.try(format('select api.document_open(%L, %s)', t.token('sd1'), (select max(document_id) from document.document))), 'ok', 'and that it does see');
select is(t.try(format('select api.document_open(%L, %s)', t.token('ad1'), (select document_id from t.doc))), 'LK005', 'an administrator reads none');

-- bytes stay
select is(t.try('update document.chunk set bytes = ''\x00'''), 'LK005', 'nobody changes bytes');
select is(t.try('delete from document.content where sha256 is not null'), 'LK005', 'or removes them');
select * from finish();
rollback;
