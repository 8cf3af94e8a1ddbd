-- Files in and out: uploads in chunks that go on where they were, reading that is recorded, previews, copies.

create type api.document_begin_reply as (upload_id bigint, next int, announce text[]);
create type api.document_chunk_reply as (number int);
create type api.document_row as (
  document_id bigint, kind text, code text, label text, name text, version int, state text, size bigint, media_type text,
  sha256 text, added_at bigint, added_by text, signer text, signed_at bigint, problem text);
create type api.upload_row as (
  upload_id bigint, code text, name text, size bigint, received int, state text, problem text, argument text);
create type api.attach_row as (code text, name text, max_bytes bigint, formats text[]);
create type api.document_list_reply as (documents api.document_row[], uploads api.upload_row[], attach api.attach_row[], number text,
  application_id bigint);
create type api.document_open_reply as (
  reading_id bigint, name text, media_type text, size bigint, sha256 bytea, chunks int);
create type api.document_read_reply as (number int, data bytea);
create type api.document_preview_reply as (document_id bigint, announce text[]);
create type api.document_copy_reply as (number text, document_id bigint, announce text[]);

create function rule.chunk_count(size bigint)
returns int
language sql immutable
as $$ select ((size + 65535) / 65536)::int $$;

-- The first chunk that is not there.
create function rule.next_chunk(u document.upload)
returns int
language plpgsql stable
as $$
begin
  return (
  select coalesce(min(n), rule.chunk_count(u.size))
    from generate_series(0, rule.chunk_count(u.size) - 1) n
   where not exists (select from document.chunk c
                      where c.office_id = u.office_id and c.content_id = u.content_id and c.number = n));
end
$$;

create function rule.megabytes(bytes bigint)
returns text
language sql immutable
as $$ select replace(trim_scale(round(bytes / 1048576.0, 1))::text, '.', ',') || ' MiB' $$;

-- The requirement, if a file of that size may be attached to it now. NOT_NOW, INVALID, TOO_MANY.
create function rule.check_attachable(app application.application, code text, size bigint, replaces bigint)
returns catalogue.requirement
language plpgsql stable
as $$
declare
  c catalogue.requirement;
begin
  select x.* into c from rule.attachable(app) x where x.code = check_attachable.code;
  if not found then
    perform rule.fail(11, 'code', 'No document can be attached to this now');
  end if;
  if size < 1 then
    perform rule.fail(7, 'size', 'This file is empty');
  end if;
  if size > c.max_bytes then
    perform rule.fail(7, 'size', 'This file is larger than %s', rule.megabytes(c.max_bytes));
  end if;
  if check_attachable.replaces is not null and not exists (
       select from document.document d
        where d.office_id = app.office_id and d.document_id = check_attachable.replaces and d.application_id = app.application_id
          and d.kind = 'requirement' and d.code = c.code and d.state = 'current') then
    perform rule.fail(7, 'replaces', 'The document that this one corrects is not there');
  end if;
  if (select count(*) from document.document d
       where d.office_id = app.office_id and d.application_id = app.application_id and d.kind = 'requirement'
         and d.code = c.code and d.state = 'current') >= 20 then
    perform rule.fail(14, 'code', 'This has %s documents already', '20');
  end if;
  return c;
end
$$;

create function api.document_begin(session_token bytea, idempotency_key bytea, application_id bigint, code text, replaces bigint,
                                   name text, size bigint, sha256 bytea)
returns api.document_begin_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'document.begin');
  request jsonb := jsonb_build_array(application_id, code, replaces, name, size, encode(sha256, 'hex'));
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  u document.upload;
  reply api.document_begin_reply;
begin
  if before is not null then
    return jsonb_populate_record(null::api.document_begin_reply, before);
  end if;
  app := rule.lock_application(who, application_id, null);
  code := rule.require(code, 'code');
  replaces := nullif(replaces, 0);
  name := rule.file_name(name);
  if octet_length(sha256) is distinct from 32 then
    perform rule.fail(7, 'sha256', 'The hash of the file is missing');
  end if;
  perform rule.check_attachable(app, code, size, replaces);
  -- the same file again goes on where it was
  select x.* into u
    from document.upload x
   where x.office_id = app.office_id and x.application_id = app.application_id and x.user_id = who.user_id
     and x.code = document_begin.code and x.sha256 = document_begin.sha256 and x.size = document_begin.size and x.state = 'receiving'
     and x.replaces is not distinct from document_begin.replaces
   order by x.upload_id limit 1;
  if not found then
    if (select count(*) from document.upload x
         where x.office_id = app.office_id and x.application_id = app.application_id and x.state in ('receiving', 'checking')) >= 50 then
      perform rule.fail(14, 'application_id', 'Too many files are on their way already');
    end if;
    insert into document.content (office_id, size) values (app.office_id, size) returning content_id into u.content_id;
    insert into document.upload (office_id, user_id, application_id, code, replaces, name, size, sha256, content_id)
    values (app.office_id, who.user_id, app.application_id, code, replaces, name, size, sha256, u.content_id)
    returning * into u;
  end if;
  reply.upload_id := u.upload_id;
  reply.next := rule.next_chunk(u);
  return rule.remember(who, idempotency_key, request, reply);
end
$$;

-- No idempotency key: the chunk's number is one. The same chunk again changes nothing.
create function api.document_chunk(session_token bytea, upload_id bigint, number int, data bytea)
returns api.document_chunk_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'document.chunk');
  u document.upload;
  expected int;
begin
  select x.* into u
    from document.upload x
   where x.office_id = who.office_id and x.upload_id = document_chunk.upload_id and x.user_id = who.user_id
     for share;
  if not found then
    perform rule.fail(9, 'upload_id', 'This file is not expected any more');
  end if;
  if u.state <> 'receiving' then
    return row(number)::api.document_chunk_reply;
  end if;
  if number is null or number not between 0 and rule.chunk_count(u.size) - 1 then
    perform rule.fail(7, 'number', 'The file has no such part');
  end if;
  expected := least(65536, u.size - number::bigint * 65536)::int;
  -- sealed by the server on its way in: mark, nonce and tag more
  if octet_length(data) is distinct from expected + (case when substr(data, 1, 4) = '\x4c4b5401' then 36 else 0 end)
     and octet_length(data) is distinct from expected then
    perform rule.fail(7, 'data', 'This part does not have the size that it should have');
  end if;
  insert into document.chunk (office_id, content_id, number, bytes) values (u.office_id, u.content_id, number, data)
  on conflict on constraint chunk_pkey do nothing;
  return row(number)::api.document_chunk_reply;
end
$$;

create function api.document_finish(session_token bytea, idempotency_key bytea, upload_id bigint)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'document.finish');
  u document.upload;
begin
  perform rule.require(encode(idempotency_key, 'hex'), 'key');
  select x.* into u
    from document.upload x
   where x.office_id = who.office_id and x.upload_id = document_finish.upload_id and x.user_id = who.user_id
     for update;
  if not found then
    perform rule.fail(9, 'upload_id', 'This file is not expected any more');
  end if;
  if u.state = 'receiving' then
    if rule.next_chunk(u) < rule.chunk_count(u.size) then
      perform rule.fail(11, 'upload_id', 'Parts of this file are missing: send it again');
    end if;
    update document.upload x set state = 'checking', heard_at = now()
     where x.office_id = u.office_id and x.upload_id = u.upload_id;
  end if;
  return row(array[rule.announcement(u.office_id, 'system', null, u.application_id, rule.last_event(u.office_id))])::api.empty;
end
$$;

create function api.document_cancel(session_token bytea, idempotency_key bytea, upload_id bigint)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'document.cancel');
  content bigint;
begin
  perform rule.require(encode(idempotency_key, 'hex'), 'key');
  delete from document.upload x
   where x.office_id = who.office_id and x.upload_id = document_cancel.upload_id and x.user_id = who.user_id
     and x.state in ('receiving', 'refused')
  returning x.content_id into content;
  delete from document.content c where c.office_id = who.office_id and c.content_id = content and c.sha256 is null;
  return row(null)::api.empty;
end
$$;

create function rule.document_rows(who rule.who, app application.application)
returns api.document_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((d.document_id, d.kind, d.code,
                    case when d.kind = 'requirement' then coalesce(c.name, f.label) when d.kind = 'inspection_report' then u.name end,
                    d.name, d.version, case when b.destroyed_at is not null then 'destroyed' else d.state end, coalesce(b.size, 0), coalesce(b.media_type, 'application/pdf'), encode(b.sha256, 'hex'),
                    rule.to_seconds(d.added_at), coalesce(rule.user_name(d.office_id, d.added_by), 'system'), s.signer,
                    rule.to_seconds(s.signed_at), d.problem)::api.document_row
                   order by d.kind <> 'requirement', c.position, d.document_id)
    from document.document d
    left join catalogue.requirement c on c.office_id = d.office_id and c.permit_type_id = app.permit_type_id
                                     and c.version = app.permit_version and c.code = d.code and d.kind = 'requirement'
    left join catalogue.form_field f on f.office_id = d.office_id and f.permit_type_id = app.permit_type_id
                                    and f.version = app.permit_version and f.code = d.code and d.kind = 'requirement'
    left join catalogue.unit u on u.office_id = d.office_id and u.code = d.code and d.kind = 'inspection_report'
    left join document.signature s on s.office_id = d.office_id and s.document_id = d.document_id
    left join document.content b on b.office_id = d.office_id and b.content_id = coalesce(d.content_id, s.prepared_id)
   where d.office_id = app.office_id and d.application_id = app.application_id
     and (not d.preview or d.added_by = who.user_id));
end
$$;

create function api.document_list(session_token bytea, application_id bigint)
returns api.document_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'document.list');
  app application.application := rule.readable_application(who, application_id);
  reply api.document_list_reply;
begin
  reply.documents := rule.document_rows(who, app);
  reply.uploads := (
    select array_agg((u.upload_id, u.code, u.name, u.size,
                      (select count(*) from document.chunk c where c.office_id = u.office_id and c.content_id = u.content_id),
                      u.state, u.problem, u.argument)::api.upload_row order by u.upload_id)
      from document.upload u
     where u.office_id = app.office_id and u.application_id = app.application_id and u.user_id = who.user_id and u.state <> 'done');
  if exists (select from identity.user_role r
              where r.office_id = who.office_id and r.user_id = who.user_id and r.role = 'front_office') then
    reply.attach := (select array_agg((c.code, c.name, c.max_bytes, c.formats)::api.attach_row) from rule.attachable(app) c);
  end if;
  reply.number := app.number;
  reply.application_id := app.application_id;
  return reply;
end
$$;

-- NOT_FOUND when its bytes were disposed of with the file: nothing is to be waited for.
create function rule.refuse_destroyed(b document.content)
returns void
language plpgsql stable
as $$
begin
  if b.destroyed_at is not null then
    perform rule.fail(9, 'document_id', 'This document was destroyed on %s: its certificate is in the archive',
                      rule.office_date(b.office_id, b.destroyed_at)::text);
  end if;
end
$$;

-- The certificates belong to no application: whoever answers for the archive reads them.
create function rule.may_read_disposals(who rule.who)
returns boolean
language sql stable
as $$
  select exists (select from rule.roles_of(who.office_id, who.user_id) r where r.role in ('archivist', 'head', 'auditor'));
$$;

-- Reading is recorded before the first byte goes out: chunks are only given for a reading.
create function api.document_open(session_token bytea, document_id bigint)
returns api.document_open_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'document.open');
  d document.document;
  b document.content;
  reply api.document_open_reply;
begin
  select x.* into d from document.document x where x.office_id = who.office_id and x.document_id = document_open.document_id;
  if not found or (d.preview or d.application_id is null) and d.added_by is distinct from who.user_id
                  and not (d.kind in ('disposal', 'erasure') and rule.may_read_disposals(who)) then
    perform rule.fail(9, 'document_id', 'There is no such document');
  end if;
  if d.state = 'failed' then
    perform rule.fail(11, 'document_id', 'This document could not be made: %s', d.problem);
  end if;
  select c.* into b
    from document.content c
   where c.office_id = d.office_id
     and c.content_id = coalesce(d.content_id, (select s.prepared_id from document.signature s
                                                 where s.office_id = d.office_id and s.document_id = d.document_id));
  if not found then
    perform rule.fail(11, 'document_id', 'This document is still being made');
  end if;
  perform rule.refuse_destroyed(b);
  insert into document.reading (office_id, document_id, content_id, user_id)
  values (d.office_id, d.document_id, b.content_id, who.user_id)
  returning reading_id into reply.reading_id;
  perform rule.record(who, 'read_document', d.application_id, chained => false,
    detail => jsonb_build_object('document_id', d.document_id, 'kind', d.kind, 'name', rule.kept_name(d), 'sha256', encode(b.sha256, 'hex')));
  reply.name := d.name;
  reply.media_type := b.media_type;
  reply.size := b.size;
  reply.sha256 := b.sha256;
  reply.chunks := rule.chunk_count(b.size);
  return reply;
end
$$;

create function api.document_read(session_token bytea, reading_id bigint, number int)
returns api.document_read_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'document.read');
  reply api.document_read_reply;
begin
  select document_read.number, rule.chunk_bytes(c, document_read.number) into reply.number, reply.data
    from document.reading r
    join document.content c on c.office_id = r.office_id and c.content_id = r.content_id
   where r.office_id = who.office_id and r.reading_id = document_read.reading_id and r.user_id = who.user_id
     and r.at > now() - interval '1 hour';
  if reply.data is null then
    perform rule.fail(9, 'reading_id', 'Open this document again');
  end if;
  return reply;
end
$$;

-- What a document of that kind would say of this application now, beside what every document says.
create function rule.preview_data(app application.application, kind text)
returns jsonb
language plpgsql stable
as $$
declare
  p application.permit;
  today date := rule.office_date(app.office_id);
  total bigint := coalesce(rule.levy_estimate(app), 0);
begin
  select x.* into p from application.permit x where x.office_id = app.office_id and x.application_id = app.application_id;
  if not found then
    p.number := '(nomor diberikan saat terbit)';
    p.issued_on := today;
    p.valid_until_on := rule.valid_until(app, today);
    p.code := '0000-0000-0000-0000';
    p.version := 1;
  end if;
  return rule.decision_data(app, p, null, false) || case kind
    when 'receipt' then jsonb_build_object('receipt', jsonb_build_object('pin', '******', 'fee', total))
    when 'missing' then jsonb_build_object('missing', (
      select coalesce(jsonb_agg(jsonb_build_object('name', c.name) order by c.position), '[]')
        from catalogue.requirement c
       where c.office_id = app.office_id and c.permit_type_id = app.permit_type_id and c.version = app.permit_version and c.required
         and not exists (select from application.requirement r where r.office_id = app.office_id and r.application_id = app.application_id
                           and r.code = c.code and r.present)))
    when 'bill' then jsonb_build_object('bill', jsonb_build_object('number', '(nomor diberikan saat terbit)', 'amount', total, 'issued_on', today),
      'lines', (select coalesce(jsonb_agg(jsonb_build_object('item', l.item, 'legal_basis', l.legal_basis, 'price', l.price,
                                                             'arithmetic', l.arithmetic, 'amount', l.amount) order by l.position), '[]')
                  from rule.levy_lines(app) l))
    when 'handover' then jsonb_build_object('handover', jsonb_build_object('recipient', '', 'relation', 'self', 'method', 'counter',
                                                                          'at', rule.local_instant(app.office_id, now())))
    when 'certified_copy' then jsonb_build_object('copy', jsonb_build_object('number', '(nomor diberikan saat terbit)', 'reason', '', 'made_on', today))
    else '{}' end;
end
$$;

-- What a document would look like, for those who write and decide it. It is none, and says so across the page.
create function api.document_preview(session_token bytea, idempotency_key bytea, application_id bigint, kind text)
returns api.document_preview_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'document.preview');
  request jsonb := jsonb_build_array(application_id, kind);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  inspection bigint;
  reply api.document_preview_reply;
begin
  if before is not null then
    return jsonb_populate_record(null::api.document_preview_reply, before);
  end if;
  app := rule.readable_application(who, application_id);
  perform rule.is_one_of(kind, 'kind', 'receipt', 'missing', 'inspection_report', 'bill', 'decree', 'permit', 'refusal', 'handover',
                         'certified_copy', 'revocation');
  if kind = 'inspection_report' then
    select max(i.inspection_id) into inspection from application.inspection i
     where i.office_id = app.office_id and i.application_id = app.application_id;
    if inspection is null then
      perform rule.fail(11, 'kind', 'There is no inspection of this application');
    end if;
    reply.document_id := rule.produce_inspection_report(who, app, inspection, preview => true);
  else
    reply.document_id := rule.produce(who, app, kind, rule.preview_data(app, kind), preview => true);
  end if;
  reply.announce := array[rule.announcement(app.office_id, 'system', null, app.application_id, rule.last_event(app.office_id))];
  return rule.remember(who, idempotency_key, request, reply);
end
$$;

-- A reprint is the same file once more; a certified copy is a document of its own. Each has a number and a reason.
create function api.document_copy(session_token bytea, idempotency_key bytea, document_id bigint, certified boolean, reason text)
returns api.document_copy_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'document.copy');
  request jsonb := jsonb_build_array(document_id, certified, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  d document.document;
  app application.application;
  p application.permit;
  year int := extract(year from rule.office_date(who.office_id));
  reply api.document_copy_reply;
begin
  if before is not null then
    return jsonb_populate_record(null::api.document_copy_reply, before);
  end if;
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 500);
  select x.* into d from document.document x
   where x.office_id = who.office_id and x.document_id = document_copy.document_id and not x.preview;
  if not found or d.application_id is null then
    perform rule.fail(9, 'document_id', 'There is no such document');
  end if;
  app := rule.lock_application(who, d.application_id, null);
  if d.content_id is null then
    perform rule.fail(11, 'document_id', 'This document is still being made');
  end if;
  perform rule.refuse_destroyed(c) from document.content c where c.office_id = d.office_id and c.content_id = d.content_id;
  if certified then
    select x.* into p from application.permit x where x.office_id = app.office_id and x.application_id = app.application_id;
    if d.kind not in ('permit', 'decree', 'refusal', 'revocation') or d.state <> 'current' then
      perform rule.fail(11, 'document_id', 'Only a permit, a decree or a letter of refusal in force is certified');
    end if;
    if rule.permit_status(p) not in ('current', 'expired') then
      perform rule.fail(11, 'document_id', 'This permit is not in force: %s', rule.permit_status(p));
    end if;
  end if;
  reply.number := format(case when certified then 'SALINAN-%s-%s' else 'CETAK-%s-%s' end, year,
    lpad(rule.next_number(who.office_id, case when certified then 'certified_copy' else 'reprint' end, year)::text, 4, '0'));
  reply.document_id := d.document_id;
  if certified then
    reply.document_id := rule.produce(who, app, 'certified_copy',
      rule.merged(rule.merged(d.data, jsonb_build_object('officer', jsonb_build_object('name', who.name, 'role', who.roles[1]),
                              'document', jsonb_build_object('made_on', rule.office_date(who.office_id),
                                                             'made_at', rule.local_instant(who.office_id, now()), 'watermark', 'SALINAN'),
                              'signatory', '{"electronic": null}'::jsonb)),
                  jsonb_build_object('copy', jsonb_build_object('number', reply.number, 'reason', reason, 'made_on', rule.office_date(who.office_id)),
                                     'original', (select jsonb_build_object('sha256', encode(c.sha256, 'hex')) from document.content c
                                                   where c.office_id = d.office_id and c.content_id = d.content_id))));
  end if;
  insert into document.copy (office_id, application_id, document_id, certified, number, reason, made_by, copy_document_id)
  values (who.office_id, app.application_id, d.document_id, certified, reply.number, reason, who.user_id,
          case when certified then reply.document_id end);
  perform rule.record(who, case when certified then 'certify_copy' else 'reprint' end, app.application_id, app.stage, null, reason,
                      jsonb_build_object('number', reply.number, 'document_id', d.document_id, 'name', d.name));
  reply.announce := array[rule.announcement(app.office_id, 'system', null, app.application_id, rule.last_event(app.office_id))];
  return rule.remember(who, idempotency_key, request, reply);
end
$$;
