-- Several permits in one visit: the applications stay apart, each with its number, promise and workflow; what is shared is the code and
-- the PIN to follow them, and the files of what several of them ask for.

create type api.visit_row as (number text, permit_name text, stage_name text, outcome text, promised_on text, fee bigint);

create function rule.visit_of(app application.application)
returns application.visit
language plpgsql stable
as $$
begin
  return (
  select v from application.visit v where v.office_id = app.office_id and v.visit_id = app.visit_id);
end
$$;

-- One that changes several applications of a visit waits here for another, before it locks the first of them.
create function rule.lock_visit(office_id bigint, application_id bigint)
returns void
language sql
as $$
  select pg_advisory_xact_lock(hashtextextended('visit:' || a.visit_id, a.office_id))
    from application.application a
   where a.office_id = lock_visit.office_id and a.application_id = lock_visit.application_id and a.visit_id is not null;
$$;

-- The application that another permit is applied for beside: of today, and its PIN is known, so that the paper lies on the counter. Locked.
-- NOT_FOUND, INVALID, NOT_NOW.
create function rule.first_of_visit(who rule.who, beside bigint, pin text)
returns application.application
language plpgsql
as $$
declare
  app application.application;
begin
  app := rule.lock_application(who, beside, null);
  if app.pin_hash <> rule.pin_hash(app.office_id, app.number, btrim(rule.require(pin, 'beside_pin'))) then
    perform rule.fail(7, 'beside_pin', 'This is not the PIN of that application');
  end if;
  if app.kind = 'revoke' or rule.office_date(app.office_id, app.submitted_at) <> rule.office_date(app.office_id) then
    perform rule.fail(11, 'beside', 'That visit is over: begin a new application');
  end if;
  return app;
end
$$;

-- The visit of that application, begun when this is its second.
create function rule.join_visit(who rule.who, app application.application, pin text)
returns application.visit
language plpgsql
as $$
declare
  v application.visit := rule.visit_of(app);
  year int := extract(year from rule.office_date(app.office_id));
begin
  if v.visit_id is not null then
    if (select count(*) from application.application a where a.office_id = v.office_id and a.visit_id = v.visit_id) >= 10 then
      perform rule.fail(14, 'beside', 'A visit has at most %s applications', '10');
    end if;
    return v;
  end if;
  v.code := format('V-%s-%s', year, lpad(rule.next_number(app.office_id, 'visit', year)::text, 6, '0'));
  insert into application.visit (office_id, code, pin_hash, begun_by)
  values (app.office_id, v.code, rule.pin_hash(app.office_id, v.code, btrim(pin)), who.user_id)
  returning * into v;
  update application.application a set visit_id = v.visit_id where a.office_id = app.office_id and a.application_id = app.application_id;
  perform rule.record(who, 'begin_visit', app.application_id, app.stage, detail => jsonb_build_object('visit', v.code));
  return v;
end
$$;

-- A file of one application belongs to another of the visit too, where that asks for the same requirement, can take a file now and takes
-- files of this kind. The bytes are linked. Where it corrects a file that was shared, it corrects it there as well.
create function rule.share_document(d document.document, app application.application)
returns void
language plpgsql
as $$
declare
  b document.content;
  old document.document;
  new document.document;
  names jsonb := '{"application/pdf": "pdf", "image/jpeg": "jpeg", "image/png": "png", "image/tiff": "tiff"}';
begin
  select c.* into b from document.content c where c.office_id = d.office_id and c.content_id = d.content_id;
  if not exists (select from rule.attachable(app) c
                  where c.code = d.code and c.code ~ '^[A-Z]' and b.size <= c.max_bytes and names->>b.media_type = any (c.formats))
     or exists (select from document.document x
                 where x.office_id = app.office_id and x.application_id = app.application_id and x.kind = 'requirement' and x.code = d.code
                   and x.state = 'current' and x.content_id = d.content_id) then
    return;
  end if;
  select x.* into old
    from document.document x
    join document.document r on r.office_id = x.office_id and r.document_id = d.replaces and r.content_id = x.content_id
   where x.office_id = app.office_id and x.application_id = app.application_id and x.kind = 'requirement' and x.code = d.code
     and x.state = 'current';
  insert into document.document (office_id, application_id, kind, code, name, version, state, content_id, replaces, added_by, shared_from)
  values (app.office_id, app.application_id, 'requirement', d.code, d.name, coalesce(old.version, 0) + 1, 'current', d.content_id,
          old.document_id, d.added_by, coalesce(d.shared_from, d.document_id))
  returning * into new;
  update document.document x set state = 'replaced' where x.office_id = app.office_id and x.document_id = old.document_id;
  perform rule.record((app.office_id, d.added_by, rule.user_name(app.office_id, d.added_by), null, 'job.check', '{front_office}', null, null)::rule.who,
    'attach_document', app.application_id, app.stage,
    detail => jsonb_build_object('document_id', new.document_id, 'code', new.code, 'name', rule.kept_name(new), 'version', new.version, 'size', b.size,
                                 'sha256', encode(b.sha256, 'hex'), 'media_type', b.media_type, 'shared_from', new.shared_from));
end
$$;

-- A file that arrived, for the other applications of its visit.
create function rule.share_with_visit(app application.application, d document.document)
returns void
language plpgsql
as $$
declare
  other application.application;
begin
  for other in
    select a.* from application.application a
     where a.office_id = app.office_id and a.visit_id = app.visit_id and a.application_id <> app.application_id
     order by a.application_id
       for update
  loop
    perform rule.share_document(d, other);
  end loop;
end
$$;

-- The files of the visit by now, for an application that is new in it.
create function rule.share_from_visit(app application.application)
returns void
language plpgsql
as $$
declare
  d document.document;
begin
  for d in
    select x.* from document.document x
      join application.application a on a.office_id = x.office_id and a.application_id = x.application_id
     where a.office_id = app.office_id and a.visit_id = app.visit_id and a.application_id <> app.application_id
       and x.kind = 'requirement' and x.state = 'current'
     order by x.document_id
  loop
    perform rule.share_document(d, app);
  end loop;
end
$$;

-- Where a document of this visit was judged before, of which number and days it is the same: "2026-000012", by whom, and how. Told to the
-- analyst, who judges for themselves.
create function rule.judged_elsewhere(app application.application, r application.requirement)
returns table (number text, judge text, status text)
language sql stable
as $$
  select a.number, rule.user_name(o.office_id, o.judged_by), o.status
    from application.application a
    join application.requirement o on o.office_id = a.office_id and o.application_id = a.application_id and o.code = r.code
   where a.office_id = app.office_id and a.visit_id = app.visit_id and a.application_id <> app.application_id
     and o.present and o.status <> 'pending' and o.judged_by is not null
     and (o.document_number, o.issued_on, o.valid_until_on) is not distinct from (r.document_number, r.issued_on, r.valid_until_on)
   order by o.judged_at desc limit 1;
$$;
