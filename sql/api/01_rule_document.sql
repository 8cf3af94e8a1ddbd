-- Documents: what they say, where their bytes are, and what may be attached to an application now.

-- What is announced to one person: their own queue.
create function rule.announce_to(office_id bigint, user_id bigint, application_id bigint)
returns text[]
language sql stable
as $$
  select case when user_id is not null
              then array[concat_ws(':', (select o.code from catalogue.office o where o.office_id = announce_to.office_id),
                                   'user/' || user_id, coalesce(application_id, 0), rule.last_event(announce_to.office_id))] end;
$$;

-- 80 bits that nobody guesses, in letters and digits that are not taken for one another (Crockford's base 32).
create function rule.random_code()
returns text
language sql volatile
as $$
  select string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', get_byte(r.bytes, n) % 32 + 1, 1)
                    || case when n in (3, 7, 11) then '-' else '' end, '' order by n)
    from (select sha256(convert_to(concat(gen_random_uuid(), gen_random_uuid()), 'UTF8')) as bytes) r, generate_series(0, 15) n;
$$;

-- The name of a file as it came: no folder, nothing that a terminal or a reader could take for something else.
create function rule.file_name(name text)
returns text
language plpgsql immutable
as $$
begin
  name := rule.require(name, 'name');
  if length(name) > 200 then
    perform rule.fail(7, 'name', 'This is longer than %s characters', '200');
  end if;
  if name ~ '[/\\]' or name in ('.', '..') then
    perform rule.fail(7, 'name', 'The name of a file has no folder in it');
  end if;
  if name ~ '[\x01-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]' then
    perform rule.fail(7, 'name', 'This has characters that cannot be shown');
  end if;
  return name;
end
$$;

-- Bytes that are whole already (rendered here): kept in chunks, once. Returns the content's id.
-- With `sealed_key` the bytes are those of the file's sealed chunks (server/privacy/file.h), and its hash and size are given.
create function rule.store_content(office_id bigint, bytes bytea, media_type text, temporary boolean, sealed_key bytea default null,
                                   sha256 bytea default null, size bigint default null)
returns bigint
language plpgsql
as $$
declare
  id bigint;
  chunk constant int := case when sealed_key is null then 65536 else 65536 + 16 end;
begin
  sha256 := coalesce(sha256, pg_catalog.sha256(bytes));
  size := coalesce(size, octet_length(bytes));
  if not temporary then
    select c.content_id into id
      from document.content c
     where c.office_id = store_content.office_id and c.sha256 = store_content.sha256 and c.size = store_content.size and not c.temporary
       and c.destroyed_at is null;
    if found then
      return id;
    end if;
  end if;
  insert into document.content (office_id, size, media_type, temporary, checked_at, sealed_key)
  values (office_id, size, media_type, temporary, now(), sealed_key)
  returning content_id into id;
  insert into document.chunk (office_id, content_id, number, bytes)
  select store_content.office_id, id, n, substr(store_content.bytes, n * chunk + 1, chunk)
    from generate_series(0, (octet_length(bytes) - 1) / chunk) n;
  update document.content c set sha256 = store_content.sha256
   where c.office_id = store_content.office_id and c.content_id = id;
  return id;
end
$$;

-- One chunk as the server opens it, with what that needs.
create function rule.chunk_bytes(b document.content, number int)
returns bytea
language plpgsql stable
as $$
begin
  return (
  select case when b.sealed_key is null then c.bytes
              else '\x4c4b4601'::bytea || b.sealed_key || b.sha256 || int4send(c.number) || int4send(((b.size + 65535) / 65536)::int) || c.bytes end
    from document.chunk c
   where c.office_id = b.office_id and c.content_id = b.content_id and c.number = chunk_bytes.number);
end
$$;

-- All of them, as they are kept.
create function rule.content_bytes(office_id bigint, content_id bigint)
returns bytea
language plpgsql stable
as $$
begin
  return (
  select string_agg(c.bytes, ''::bytea order by c.number)
    from document.chunk c where c.office_id = content_bytes.office_id and c.content_id = content_bytes.content_id);
end
$$;

-- {"a": {"b": "x"}, "c": ["y"]} as rows a.b = x, c.1 = y.
create function rule.flatten(data jsonb)
returns table (key text, value text)
language sql immutable
as $$
  with recursive walk(path, item) as (
    select '', data
    union all
    select case when w.path = '' then e.key else w.path || '.' || e.key end, e.item
      from walk w
     cross join lateral (
       select o.key, o.value as item
         from jsonb_each(case when jsonb_typeof(w.item) = 'object' then w.item else '{}' end) o
       union all
       select a.n::text, a.item
         from jsonb_array_elements(case when jsonb_typeof(w.item) = 'array' then w.item else '[]' end) with ordinality a(item, n)) e)
  select w.path, w.item #>> '{}' from walk w where jsonb_typeof(w.item) not in ('object', 'array', 'null');
$$;

-- An instant as a template takes it: the office's own time.
create function rule.local_instant(office_id bigint, at timestamptz)
returns text
language sql stable
as $$
  select to_char(at at time zone o.time_zone, 'YYYY-MM-DD"T"HH24:MI') from catalogue.office o where o.office_id = local_instant.office_id;
$$;

-- What every document may say of an application; `app` is all null for the list of what is missing.
create function rule.document_data(who rule.who, app application.application)
returns jsonb
language plpgsql stable
as $$
begin
  return (
  select jsonb_build_object(
    'office', (select jsonb_build_object('name', o.name, 'city', o.city, 'header', o.header, 'address', o.address, 'phone', o.phone,
                                         'signatory_title', o.signatory_title)
                 from catalogue.office o where o.office_id = who.office_id),
    'application', jsonb_build_object('number', app.number, 'kind', app.kind,
      'submitted_on', rule.office_date(app.office_id, app.submitted_at), 'promised_on', app.promised_on,
      'service_days', app.service_days, 'location', app.location, 'priority', app.priority),
    'applicant', (select to_jsonb(a) - '{office_id,applicant_id,changed_at,created_at,family_card}'::text[]
                    from application.applicant a
                   where a.office_id = app.office_id and a.applicant_id = app.applicant_id),
    'permit_type', (select jsonb_build_object('code', t.code, 'name', v.name, 'legal_basis', v.legal_basis, 'sector', v.sector,
                                              'valid_years', v.valid_years)
                      from rule.version_of(app) v
                      join catalogue.permit_type t on t.office_id = v.office_id and t.permit_type_id = v.permit_type_id),
    'document', (select jsonb_build_object('made_on', rule.office_date(who.office_id), 'made_at', rule.local_instant(who.office_id, now()),
                                           'code', app.number, 'address', replace(o.verification_address, '{code}', app.number))
                   from catalogue.office o where o.office_id = who.office_id),
    'officer', jsonb_build_object('name', who.name, 'role', who.roles[1]),
    'fields', (select coalesce(jsonb_agg(jsonb_build_object('label', f.label, 'value', rule.shown_value(f, v.value)) order by f.position), '[]')
                 from catalogue.form_field f
                 join application.field_value v on v.office_id = f.office_id and v.application_id = app.application_id and v.code = f.code
                where f.office_id = app.office_id and f.permit_type_id = app.permit_type_id and f.version = app.permit_version
                  and v.value is not null),
    'field', (select coalesce(jsonb_object_agg(f.code, rule.field_data(f, v.value)), '{}')
                from catalogue.form_field f
                join application.field_value v on v.office_id = f.office_id and v.application_id = app.application_id and v.code = f.code
               where f.office_id = app.office_id and f.permit_type_id = app.permit_type_id and f.version = app.permit_version),
    'requirements', (select coalesce(jsonb_agg(jsonb_build_object('name', c.name, 'status', r.status, 'document_number', r.document_number,
                              'issued_on', r.issued_on, 'valid_until_on', r.valid_until_on, 'reason', r.reason,
                              'present', case when r.present then 'yes' end) order by c.position), '[]')
                       from application.requirement r
                       join catalogue.requirement c on c.office_id = r.office_id and c.permit_type_id = app.permit_type_id
                                                   and c.version = app.permit_version and c.code = r.code
                      where r.office_id = app.office_id and r.application_id = app.application_id)));
end
$$;

-- {"a": {"x": 1}} and {"a": {"y": 2}} as {"a": {"x": 1, "y": 2}}.
create function rule.merged(base jsonb, more jsonb)
returns jsonb
language sql immutable
as $$
  select base || coalesce(jsonb_object_agg(m.key, case when jsonb_typeof(m.value) = 'object' and jsonb_typeof(base->m.key) = 'object'
                                                       then (base->m.key) || m.value else m.value end), '{}')
    from jsonb_each(more) m;
$$;

-- What an event or a certificate calls a document: a file of the applicant's has a name that they chose, and may be their own.
create function rule.kept_name(d document.document)
returns text
language sql immutable
as $$ select case when d.kind = 'requirement' then d.code else d.name end $$;

-- The template of a kind of document: the permit type's own, else the one for all. NOT_NOW when the office has none.
create function rule.template_of(office_id bigint, kind text, permit_type_id bigint)
returns bigint
language plpgsql stable
as $$
declare
  id bigint;
begin
  select t.template_id into id
    from document.template t
   where t.office_id = template_of.office_id and t.kind = template_of.kind and t.current
     and (t.permit_type is null or t.permit_type = (select p.code from catalogue.permit_type p
                                                     where p.office_id = template_of.office_id and p.permit_type_id = template_of.permit_type_id))
   order by t.permit_type nulls last limit 1;
  if not found then
    perform rule.fail(11, 'kind', 'The office has no template for this document: %s', kind);
  end if;
  return id;
end
$$;

-- Asks for a document: what it says is fixed here, the job process draws it. With a signer it waits for their signature.
create function rule.produce(who rule.who, app application.application, kind text, more jsonb default '{}', code text default null,
                             preview boolean default false, signer_id bigint default null, replaces bigint default null,
                             version int default 1)
returns bigint
language plpgsql
as $$
declare
  id bigint;
  data jsonb := rule.merged(rule.document_data(who, app), more);
begin
  if preview then
    data := rule.merged(data, '{"document": {"watermark": "PRATINJAU"}}');
  end if;
  data := rule.merged(data, jsonb_build_object('document', jsonb_build_object('version', version)));
  insert into document.document (office_id, application_id, kind, code, name, version, state, template_id, data, preview, replaces, added_by)
  values (who.office_id, app.application_id, kind, code,
          concat_ws('-', kind, coalesce(app.number, rule.office_date(who.office_id)::text), code, case when version > 1 then version end) || '.pdf',
          version, 'to_render', rule.template_of(who.office_id, kind, app.permit_type_id), data, preview, replaces, who.user_id)
  returning document_id into id;
  if signer_id is not null then
    insert into document.signature (office_id, document_id, signer_id) values (who.office_id, id, signer_id);
  end if;
  return id;
end
$$;

-- Until when a permit issued on that day is good: its type's years, but not past the document that it hangs on; a change or a copy
-- makes no permit longer.
create function rule.valid_until(app application.application, issued_on date)
returns date
language plpgsql stable
as $$
begin
  return (
  select least((issued_on + make_interval(years => v.valid_years))::date,
               (select r.valid_until_on from application.requirement r
                 where r.office_id = app.office_id and r.application_id = app.application_id and r.code = v.valid_not_past),
               (select p.valid_until_on from application.permit p
                 where p.office_id = app.office_id and p.number = app.previous_permit and p.permit_type_id = app.permit_type_id
                   and p.kind = 'permit' and app.kind in ('change', 'copy')))
    from rule.version_of(app) v);
end
$$;

-- What a permit is today.
create function rule.permit_status(p application.permit)
returns text
language sql stable
as $$
  select case when p.status = 'current' and p.valid_until_on < rule.office_date(p.office_id) then 'expired' else p.status end;
$$;

-- The office's title for who signs; a delegate signs "a.n." (on behalf of) the head who is away. `task` of the decision is over
-- when the job process asks: the event of the decision tells then.
create function rule.signatory_title(app application.application, signer_id bigint)
returns text
language sql stable
as $$
  select case when rule.on_behalf_of((app.office_id, signer_id, null, null, null, null, null, null)::rule.who, 'head', app.application_id) is not null
                or (select e.detail ? 'on_behalf_of' from rule.events_of(app) e
                     where e.actor_id = signer_id and e.action in ('approve', 'refuse')
                     order by e.event_id desc limit 1)
              then 'a.n. ' || o.signatory_title else o.signatory_title end
    from catalogue.office o where o.office_id = app.office_id;
$$;

-- What a permit, a decree or a refusal says: of the permit's row, the decision, those who initialled, and who signs.
create function rule.decision_data(app application.application, p application.permit, signer_id bigint, electronic boolean)
returns jsonb
language plpgsql stable
as $$
begin
  return (
  select jsonb_build_object(
    'permit', jsonb_build_object('number', p.number, 'issued_on', p.issued_on, 'valid_until_on', p.valid_until_on,
                                 'previous', app.previous_permit, 'version', p.version),
    'document', jsonb_build_object('code', p.code, 'address', replace(o.verification_address, '{code}', coalesce(p.code, ''))),
    'decision', jsonb_build_object('considerations', app.considerations, 'conditions', app.conditions,
                                   'reason', app.decision_reason, 'rule', app.decision_rule),
    'initials', (select coalesce(jsonb_agg(jsonb_build_object('name', e.actor, 'role', e.role, 'at', rule.local_instant(e.office_id, e.at))
                                           order by e.event_id), '[]')
                   from rule.events_of(app) e where e.action = 'initial'),
    'signatory', jsonb_build_object('name', rule.user_name(app.office_id, signer_id), 'title', rule.signatory_title(app, signer_id),
                                    'electronic', case when electronic then 'yes' end)) || rule.revocation_data(app)
    from catalogue.office o where o.office_id = app.office_id);
end
$$;

-- What a file can be attached to now. At verification: what is not decided yet; at correction: what was returned.
create function rule.attachable(app application.application)
returns setof catalogue.requirement
language sql stable
as $$
  select c.*
    from application.requirement r
    join catalogue.requirement c on c.office_id = r.office_id and c.permit_type_id = app.permit_type_id
                                and c.version = app.permit_version and c.code = r.code
   where r.office_id = app.office_id and r.application_id = app.application_id
     and (app.stage = 'verification' and r.present and r.status = 'pending' or app.stage = 'correction' and r.returned)
   union all
  select f.* from rule.attachable_fields(app) f
   order by position;
$$;

-- The application that a reader asks for, if this reader may see it. NOT_FOUND.
create function rule.readable_application(who rule.who, application_id bigint)
returns application.application
language plpgsql stable
as $$
declare
  app application.application;
begin
  select a.* into app
    from application.application a
   where a.office_id = who.office_id and a.application_id = readable_application.application_id;
  if not found or who.unit_id is not null and not exists (
       select from application.inspection i where i.office_id = app.office_id and i.application_id = app.application_id) then
    perform rule.fail(9, 'application_id', 'There is no such application');
  end if;
  return app;
end
$$;
