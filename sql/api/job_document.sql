-- Documents in the job process: drawn, checked as they come in, signed, read back. Each function of the kind ..._next
-- locks one piece of work until the transaction ends, so that any number of job processes may ask at once, and one that
-- dies leaves its piece for the next. They return null (no row) when nothing is due.

create type api_job.render_work as (
  office_id bigint, document_id bigint, kind text, path text, template text, arms bytea, signer text, reason text, place text,
  keys text[], "values" text[]);
create type api_job.check_work as (
  office_id bigint, upload_id bigint, content_id bigint, chunks int);
create type api_job.sign_work as (
  office_id bigint, document_id bigint, prepared bytea, digest bytea, cms bytea, sealed_key bytea, sha256 bytea);
create type api_job.content_work as (
  office_id bigint, content_id bigint, size bigint, sha256 bytea, chunks int, name text);

create function api_job.render_next()
returns api_job.render_work
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office catalogue.office;
  d document.document;
  w api_job.render_work;
begin
  for office in select o.* from catalogue.office o order by o.office_id loop
    perform rule.work_for(office.office_id, null);
    select x.* into d
      from document.document x
     where x.office_id = office.office_id and x.state = 'to_render'
     order by x.document_id limit 1
       for update skip locked;
    continue when not found;
    w.office_id := d.office_id;
    w.document_id := d.document_id;
    w.kind := d.kind;
    select t.path, t.text into w.path, w.template
      from document.template t where t.office_id = d.office_id and t.template_id = d.template_id;
    w.arms := office.arms;
    w.signer := (select rule.user_name(s.office_id, s.signer_id) from document.signature s
                  where s.office_id = d.office_id and s.document_id = d.document_id);
    w.reason := (select v.name from catalogue.permit_type_version v
                   join application.application a on a.office_id = v.office_id and a.permit_type_id = v.permit_type_id and a.permit_version = v.version
                  where a.office_id = d.office_id and a.application_id = d.application_id);
    w.place := office.city;
    select array_agg(f.key order by f.key), array_agg(f.value order by f.key) into w.keys, w.values from rule.flatten(d.data) f;
    return w;
  end loop;
  return null;
end
$$;

-- The document stands: what it replaces does no longer. Recorded in the application's chain.
create function rule.document_stands(d document.document, content_id bigint)
returns void
language plpgsql
as $$
declare
  b document.content;
begin
  update document.document x set state = 'current', content_id = document_stands.content_id, problem = null
   where x.office_id = d.office_id and x.document_id = d.document_id;
  update document.document x set state = 'replaced'
   where x.office_id = d.office_id and x.document_id = d.replaces and x.state <> 'replaced';
  if d.preview then
    return;
  end if;
  select c.* into b from document.content c where c.office_id = d.office_id and c.content_id = document_stands.content_id;
  perform rule.record(rule.system_who(d.office_id, 'job.document'), 'make_document', d.application_id,
    detail => jsonb_build_object('document_id', d.document_id, 'kind', d.kind, 'name', d.name, 'version', d.version,
                                 'size', b.size, 'sha256', encode(b.sha256, 'hex')));
end
$$;

-- The application's row first, as in every step: one order of locks.
create function rule.lock_document(office_id bigint, document_id bigint)
returns document.document
language plpgsql
as $$
declare
  d document.document;
begin
  perform rule.work_for(office_id, null);
  select x.* into d from document.document x where x.office_id = lock_document.office_id and x.document_id = lock_document.document_id;
  perform from application.application a where a.office_id = d.office_id and a.application_id = d.application_id for no key update;
  select x.* into d from document.document x
   where x.office_id = lock_document.office_id and x.document_id = lock_document.document_id
     for update;
  return d;
end
$$;

-- Drawn. With a digest the file has room for a signature and waits for it.
create function api_job.render_done(office_id bigint, document_id bigint, pdf bytea, digest bytea, sha256 bytea default null,
                                    size bigint default null, sealed_key bytea default null)
returns text[]
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  d document.document := rule.lock_document(office_id, document_id);
begin
  if d.state <> 'to_render' then
    return '{}';
  end if;
  if digest is null then
    perform rule.document_stands(d, rule.store_content(d.office_id, pdf, 'application/pdf', d.preview, sealed_key, sha256, size));
    return coalesce(rule.announce_to(d.office_id, d.added_by, d.application_id), '{}');
  end if;
  update document.signature s
     set digest = render_done.digest, prepared_id = rule.store_content(d.office_id, pdf, 'application/pdf', true, sealed_key, sha256, size)
   where s.office_id = d.office_id and s.document_id = d.document_id;
  update document.document x set state = 'to_sign', problem = null
   where x.office_id = d.office_id and x.document_id = d.document_id;
  return coalesce((select rule.announce_to(s.office_id, s.signer_id, d.application_id) from document.signature s
                    where s.office_id = d.office_id and s.document_id = d.document_id), '{}');
end
$$;

-- Could not be drawn: tried again twice, then it is shown as failed, with the reason.
create function api_job.render_failed(office_id bigint, document_id bigint, problem text)
returns text[]
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  d document.document := rule.lock_document(office_id, document_id);
begin
  update document.document x
     set tries = x.tries + 1, problem = left(render_failed.problem, 300), state = case when x.tries >= 2 then 'failed' else x.state end
   where x.office_id = d.office_id and x.document_id = d.document_id and x.state = 'to_render';
  return coalesce(rule.announce_to(d.office_id, d.added_by, d.application_id), '{}');
end
$$;

create function api_job.check_next()
returns api_job.check_work
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office catalogue.office;
  u document.upload;
begin
  for office in select o.* from catalogue.office o order by o.office_id loop
    perform rule.work_for(office.office_id, null);
    select x.* into u
      from document.upload x
     where x.office_id = office.office_id and x.state = 'checking'
     order by x.upload_id limit 1
       for update skip locked;
    if found then
      return (u.office_id, u.upload_id, u.content_id, rule.chunk_count(u.size))::api_job.check_work;
    end if;
  end loop;
  return null;
end
$$;

-- One chunk of a content: for checking an upload, and for reading back.
create function api_job.chunk(office_id bigint, content_id bigint, number int)
returns bytea
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rule.work_for(office_id, null);
  return (select rule.chunk_bytes(b, chunk.number) from document.content b
           where b.office_id = chunk.office_id and b.content_id = chunk.content_id);
end
$$;

-- Why an upload is not taken, if so: what the reader of its bytes found, or what has changed since it was begun.
create function rule.upload_objection(u document.upload, app application.application, sha256 bytea, media_type text,
                                      inout problem text, inout argument text)
language plpgsql stable
as $$
declare
  c catalogue.requirement;
  names jsonb := '{"application/pdf": "pdf", "image/jpeg": "jpeg", "image/png": "png", "image/tiff": "tiff"}';
begin
  if sha256 is distinct from u.sha256 then
    problem := 'This file did not arrive as it was sent: send it again';
    argument := null;
    return;
  elsif problem is not null then
    return;
  end if;
  select x.* into c from rule.attachable(app) x where x.code = u.code;
  if not found then
    problem := 'The application went on meanwhile: nothing can be attached to this now';
  elsif not coalesce(names->>media_type = any (c.formats), false) then
    problem := 'This is not a type that is taken here: %s';
    argument := array_to_string(c.formats, ', ');
  end if;
end
$$;

-- Read through: attached, or refused with the reason. The same bytes as another document's are kept once.
create function api_job.check_done(office_id bigint, upload_id bigint, sha256 bytea, media_type text, problem text, argument text,
                                   sealed_key bytea default null)
returns text[]
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  u document.upload;
  app application.application;
  same bigint;
  d document.document;
begin
  perform rule.work_for(office_id, null);
  select x.* into u from document.upload x where x.office_id = check_done.office_id and x.upload_id = check_done.upload_id;
  perform rule.lock_visit(u.office_id, u.application_id);
  select a.* into app from application.application a where a.office_id = u.office_id and a.application_id = u.application_id for no key update;
  select o.problem, o.argument into problem, argument from rule.upload_objection(u, app, sha256, media_type, problem, argument) o;
  if problem is not null then
    update document.upload x set state = 'refused', problem = check_done.problem, argument = check_done.argument, content_id = null
     where x.office_id = u.office_id and x.upload_id = u.upload_id;
    delete from document.content c where c.office_id = u.office_id and c.content_id = u.content_id;
    return rule.announce_to(u.office_id, u.user_id, u.application_id);
  end if;
  select c.content_id into same
    from document.content c
   where c.office_id = u.office_id and c.sha256 = check_done.sha256 and c.size = u.size and not c.temporary
     and c.destroyed_at is null;
  update document.upload x set state = 'done', content_id = coalesce(same, u.content_id)
   where x.office_id = u.office_id and x.upload_id = u.upload_id;
  if same is not null then
    delete from document.content c where c.office_id = u.office_id and c.content_id = u.content_id;
  else
    update document.content c
       set sha256 = check_done.sha256, media_type = check_done.media_type, checked_at = now(), sealed_key = check_done.sealed_key
     where c.office_id = u.office_id and c.content_id = u.content_id;
  end if;
  insert into document.document (office_id, application_id, kind, code, name, version, state, content_id, replaces, added_by)
  values (u.office_id, u.application_id, 'requirement', u.code, u.name,
          coalesce((select x.version + 1 from document.document x where x.office_id = u.office_id and x.document_id = u.replaces), 1),
          'current', coalesce(same, u.content_id), u.replaces, u.user_id)
  returning * into d;
  update document.document x set state = 'replaced' where x.office_id = u.office_id and x.document_id = u.replaces;
  perform rule.take_file(app, d);
  perform rule.record((u.office_id, u.user_id, rule.user_name(u.office_id, u.user_id), null, 'job.check', '{front_office}', null, null)::rule.who,
    'attach_document', app.application_id, app.stage,
    detail => jsonb_build_object('document_id', d.document_id, 'code', d.code, 'name', rule.kept_name(d), 'version', d.version, 'size', u.size,
                                 'sha256', encode(check_done.sha256, 'hex'), 'media_type', media_type));
  perform rule.share_with_visit(app, d);
  return rule.announce_to(u.office_id, u.user_id, u.application_id)
         || (select array_agg(rule.announcement(t.office_id, t.role, t.unit_id, t.application_id, rule.last_event(t.office_id)))
               from application.task t
              where t.office_id = app.office_id and t.application_id = app.application_id and t.closed_at is null);
end
$$;

create function api_job.sign_next()
returns api_job.sign_work
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office catalogue.office;
  s document.signature;
begin
  for office in select o.* from catalogue.office o order by o.office_id loop
    perform rule.work_for(office.office_id, null);
    select x.* into s
      from document.signature x
     where x.office_id = office.office_id and x.state = 'given' and (x.retry_at is null or x.retry_at < now())
     order by x.document_id limit 1
       for update skip locked;
    if found then
      return (select (s.office_id, s.document_id, rule.content_bytes(s.office_id, s.prepared_id), s.digest, s.cms, b.sealed_key,
                      b.sha256)::api_job.sign_work
                from document.content b where b.office_id = s.office_id and b.content_id = s.prepared_id);
    end if;
  end loop;
  return null;
end
$$;

-- Not now: the time-stamping service is away. Tried again, and shown until then.
create function api_job.sign_later(office_id bigint, document_id bigint, problem text, argument text)
returns text[]
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  s document.signature;
begin
  perform rule.work_for(office_id, null);
  update document.signature x
     set retry_at = now() + interval '20 seconds', problem = sign_later.problem, argument = sign_later.argument
   where x.office_id = sign_later.office_id and x.document_id = sign_later.document_id
  returning x.* into s;
  return rule.announce_to(s.office_id, s.signer_id, null);
end
$$;

create function api_job.sign_refused(office_id bigint, document_id bigint, problem text, argument text)
returns text[]
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  d document.document := rule.lock_document(office_id, document_id);
  s document.signature;
begin
  update document.signature x
     set state = 'asked', cms = null, problem = sign_refused.problem, argument = sign_refused.argument
   where x.office_id = d.office_id and x.document_id = d.document_id
  returning x.* into s;
  perform rule.record(rule.system_who(d.office_id, 'job.sign'), 'refuse_signature', d.application_id,
    detail => jsonb_build_object('document_id', d.document_id, 'problem', problem, 'argument', argument));
  return rule.announce_to(s.office_id, s.signer_id, d.application_id);
end
$$;

-- The signature is good and in the file. The last one of a decision lets the application go on.
create function api_job.sign_done(office_id bigint, document_id bigint, pdf bytea, signer text, issuer text, serial text,
                                  fingerprint bytea, stamped boolean, sha256 bytea default null, size bigint default null,
                                  sealed_key bytea default null)
returns text[]
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  d document.document := rule.lock_document(office_id, document_id);
  s document.signature;
  app application.application;
  owner bigint;
  announce text[];
begin
  select x.* into s from document.signature x where x.office_id = d.office_id and x.document_id = d.document_id for update;
  if s.state <> 'given' then
    return '{}';
  end if;
  insert into document.certificate (office_id, fingerprint, user_id, subject) values (d.office_id, fingerprint, s.signer_id, signer)
  on conflict on constraint certificate_pkey do nothing;
  owner := (select c.user_id from document.certificate c
             where c.office_id = d.office_id and c.fingerprint = sign_done.fingerprint);
  if owner <> s.signer_id then
    return api_job.sign_refused(d.office_id, d.document_id, 'This certificate belongs to %s', rule.user_name(d.office_id, owner));
  end if;
  perform rule.document_stands(d, rule.store_content(d.office_id, pdf, 'application/pdf', false, sealed_key, sha256, size));
  update document.signature x
     set state = 'done', cms = null, prepared_id = null, problem = null, argument = null, retry_at = null, signer = sign_done.signer, issuer = sign_done.issuer, serial = sign_done.serial,
         fingerprint = sign_done.fingerprint, stamped = sign_done.stamped
   where x.office_id = d.office_id and x.document_id = d.document_id;
  perform rule.record((d.office_id, s.signer_id, rule.user_name(d.office_id, s.signer_id), null, 'job.sign', '{head}', null, null)::rule.who,
    'sign_document', d.application_id, detail => jsonb_build_object('document_id', d.document_id, 'kind', d.kind, 'signer', signer,
      'issuer', issuer, 'serial', serial, 'certificate', encode(sign_done.fingerprint, 'hex'), 'stamped', stamped));
  announce := rule.announce_to(s.office_id, s.signer_id, d.application_id);
  select a.* into app from application.application a where a.office_id = d.office_id and a.application_id = d.application_id;
  if (rule.stage_of(app)).kind = 'sign' and not exists (
       select from document.signature x
         join document.document y on y.office_id = x.office_id and y.document_id = x.document_id
        where y.office_id = d.office_id and y.application_id = d.application_id and x.state <> 'done') then
    perform rule.revoke_permit(app);
    announce := announce || (rule.advance(rule.system_who(d.office_id, 'job.sign'), app, 'sign')).announce;
  end if;
  return announce;
end
$$;

-- The content that was not read back for the longest time, when that is 30 days or more.
create function api_job.recheck_next()
returns api_job.content_work
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office catalogue.office;
  b document.content;
begin
  for office in select o.* from catalogue.office o order by o.office_id loop
    perform rule.work_for(office.office_id, null);
    select c.* into b
      from document.content c
     where c.office_id = office.office_id and c.sha256 is not null and not c.temporary and c.checked_at < now() - interval '30 days'
       and c.destroyed_at is null
     order by c.checked_at limit 1
       for update skip locked;
    if found then
      return rule.content_work(b);
    end if;
  end loop;
  return null;
end
$$;

create function rule.content_work(b document.content)
returns api_job.content_work
language plpgsql stable
as $$
begin
  return (
  select (b.office_id, b.content_id, b.size, b.sha256, rule.chunk_count(b.size),
          (select concat_ws(' ', a.number, d.kind, d.name) from document.document d
             left join application.application a on a.office_id = d.office_id and a.application_id = d.application_id
            where d.office_id = b.office_id and d.content_id = b.content_id order by d.document_id limit 1))::api_job.content_work);
end
$$;

-- Every content after the one named, in order: for `loketd documents check`.
create function api_job.content_after(office_id bigint, content_id bigint)
returns api_job.content_work
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office catalogue.office;
  b document.content;
begin
  for office in select o.* from catalogue.office o where o.office_id >= content_after.office_id order by o.office_id loop
    perform rule.work_for(office.office_id, null);
    select c.* into b
      from document.content c
     where c.office_id = office.office_id and c.sha256 is not null and not c.temporary and c.destroyed_at is null
       and (office.office_id > content_after.office_id or c.content_id > content_after.content_id)
     order by c.content_id limit 1;
    if found then
      return rule.content_work(b);
    end if;
  end loop;
  return null;
end
$$;

-- Read back. Damage is recorded with every application that has the content.
create function api_job.recheck_done(office_id bigint, content_id bigint, good boolean)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  d record;
begin
  perform rule.work_for(office_id, null);
  update document.content c
     set checked_at = now(), damaged_at = case when good then c.damaged_at else now() end
   where c.office_id = recheck_done.office_id and c.content_id = recheck_done.content_id;
  if good then
    return;
  end if;
  for d in select x.document_id, x.application_id, rule.kept_name(x) as name from document.document x
            where x.office_id = recheck_done.office_id and x.content_id = recheck_done.content_id loop
    perform rule.record(rule.system_who(office_id, 'job.recheck'), 'document_damaged', d.application_id, chained => false,
                        detail => jsonb_build_object('document_id', d.document_id, 'name', d.name));
  end loop;
end
$$;

-- What this file is to us, by its hash, or else by the code that stands in it: for `loketd verify FILE`.
create type api_job.issued as (
  match text, office_name text, kind text, number text, code text, permit_name text, holder text, issued_on text, valid_until_on text,
  status text, state text, version int);

create function api_job.find_issued(sha256 bytea, code text)
returns api_job.issued
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  office catalogue.office;
  r api_job.issued;
begin
  for office in select o.* from catalogue.office o order by o.office_id loop
    perform rule.work_for(office.office_id, null);
    select case when c.sha256 = find_issued.sha256 then 'file' else 'code' end, office.name, d.kind, p.number, p.code, v.name, x.name,
           p.issued_on::text, p.valid_until_on::text, rule.permit_status(p), d.state, d.version
      into r
      from document.document d
      left join document.content c on c.office_id = d.office_id and c.content_id = d.content_id
      left join application.permit p on p.office_id = d.office_id and p.application_id = d.application_id
      left join application.application a on a.office_id = d.office_id and a.application_id = d.application_id
      left join application.applicant x on x.office_id = a.office_id and x.applicant_id = a.applicant_id
      left join catalogue.permit_type_version v on v.office_id = a.office_id and v.permit_type_id = a.permit_type_id and v.version = a.permit_version
     where d.office_id = office.office_id and not d.preview and d.kind <> 'requirement'
       and (c.sha256 = find_issued.sha256
            or p.permit_id = (select y.permit_id from application.permit y where y.office_id = office.office_id and y.code = find_issued.code))
     order by c.sha256 = find_issued.sha256 desc nulls last, d.kind = 'permit' desc, d.document_id desc limit 1;
    if found then
      return r;
    end if;
  end loop;
  return null;
end
$$;

-- Removes previews and readings of yesterday, files that nobody sent on for a week, and the room that signed files had.
create function rule.prune_documents(office_id bigint)
returns void
language plpgsql
as $$
begin
  delete from document.reading r where r.office_id = prune_documents.office_id and r.at < now() - interval '1 day';
  delete from document.document d where d.office_id = prune_documents.office_id and d.preview and d.added_at < now() - interval '1 day';
  delete from document.upload u
   where u.office_id = prune_documents.office_id and u.state <> 'done' and u.heard_at < now() - interval '7 days';
  delete from document.content c
   where c.office_id = prune_documents.office_id and (c.temporary or c.sha256 is null) and c.created_at < now() - interval '1 day'
     and not exists (select from document.document d where d.office_id = c.office_id and d.content_id = c.content_id)
     and not exists (select from document.signature s where s.office_id = c.office_id and s.prepared_id = c.content_id)
     and not exists (select from document.reading r where r.office_id = c.office_id and r.content_id = c.content_id)
     and not exists (select from document.upload u where u.office_id = c.office_id and u.content_id = c.content_id);
end
$$;
