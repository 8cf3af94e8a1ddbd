-- Disposal of archives: what is due by the retention schedule of its permit type, proposed by the archivist, approved by somebody
-- else. The bytes of the documents and what they said are destroyed; rows, hashes, the chain and a certificate stay.

create type api.disposal_file as (
  application_id bigint, number text, applicant text, permit_type text, classification text, place text, retain_until_on text,
  documents int, bytes bigint, state text);
create type api.disposal_due_reply as (files api.disposal_file[], total int);
create type api.disposal_propose_reply as (disposal_id bigint, announce text[]);
create type api.disposal_row as (
  disposal_id bigint, state text, number text, reason text, proposed_by text, proposed_at bigint, decided_by text, decided_at bigint,
  decision_reason text, files int, documents int, bytes bigint, document_id bigint);
create type api.disposal_list_reply as (disposals api.disposal_row[]);
create type api.disposal_open_reply as (disposal api.disposal_row, files api.disposal_file[]);

-- Why this file can't be disposed of now, as an English msgid; null: it can. `open_id`: a proposal that it may be part of.
create function rule.disposal_objection(app application.application, open_id bigint)
returns text
language plpgsql stable
as $$
declare
  f application.archive_file;
  today date := rule.office_date(app.office_id);
begin
  select x.* into f from application.archive_file x where x.office_id = app.office_id and x.application_id = app.application_id;
  if not found or app.closed_at is null then
    return 'This is not in the archive: %s';
  end if;
  if (rule.version_of(app)).disposal <> 'destroy' then
    return 'The retention schedule keeps this for good: %s';
  end if;
  if f.retain_until_on >= today then
    return 'The retention of this is not over: %s';
  end if;
  if exists (select from application.permit p
              where p.office_id = app.office_id and p.application_id = app.application_id and p.kind = 'permit'
                and rule.permit_status(p) in ('current', 'suspended')) then
    return 'The permit of this is still in force: %s';
  end if;
  if exists (select from document.document d
              where d.office_id = app.office_id and d.application_id = app.application_id and not d.preview
                and d.state in ('to_render', 'to_sign')) then
    return 'A document of this is still being made: %s';
  end if;
  if f.erased or exists (select from application.disposal_item i
              where i.office_id = app.office_id and i.application_id = app.application_id
                and (i.state = 'destroyed' or i.state = 'proposed' and i.disposal_id is distinct from open_id)) then
    return 'This is proposed or destroyed already: %s';
  end if;
  return null;
end
$$;

create function rule.disposal_file(app application.application, state text)
returns api.disposal_file
language plpgsql stable
as $$
begin
  return (
  select (app.application_id, app.number, x.name, t.code, f.classification, concat_ws(' / ', f.room, f.shelf, f.box, f.folder),
          f.retain_until_on::text, coalesce(d.documents, 0), coalesce(d.bytes, 0), disposal_file.state)::api.disposal_file
    from application.applicant x
    join catalogue.permit_type t on t.office_id = app.office_id and t.permit_type_id = app.permit_type_id
    join application.archive_file f on f.office_id = app.office_id and f.application_id = app.application_id
    left join lateral (select count(*)::int as documents, sum(c.size)::bigint as bytes
                         from document.document y
                         join document.content c on c.office_id = y.office_id and c.content_id = y.content_id
                        where y.office_id = app.office_id and y.application_id = app.application_id and not y.preview) d on true
   where x.office_id = app.office_id and x.applicant_id = app.applicant_id);
end
$$;

-- What is due, the longest ago first. `permit_type` '': of all.
create function api.disposal_due(session_token bytea, permit_type text)
returns api.disposal_due_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'disposal.due');
  today date := rule.office_date(who.office_id);
  due bigint[];
begin
  -- one file after the other by its day, so that nothing is looked at that is not over
  due := array(
    select x.application_id
      from application.archive_file f
     cross join lateral (
           select a.application_id
             from application.application a
             join catalogue.permit_type t on t.office_id = a.office_id and t.permit_type_id = a.permit_type_id
            where a.office_id = f.office_id and a.application_id = f.application_id
              and (disposal_due.permit_type is null or t.code = upper(disposal_due.permit_type))
              and rule.disposal_objection(a, null) is null
           offset 0) x
     where f.office_id = who.office_id and f.retain_until_on < today
     order by f.retain_until_on, f.application_id
     limit 1000);
  return row((
    select array_agg(rule.disposal_file(a, 'due') order by x.place)
      from unnest(due[1:200]) with ordinality x(id, place)
      join application.application a on a.office_id = who.office_id and a.application_id = x.id),
    cardinality(due))::api.disposal_due_reply;
end
$$;

-- The applications of a proposal, locked in one order, each checked. NOT_NOW with the number of the first that is not to be disposed of.
create function rule.lock_for_disposal(who rule.who, application_ids bigint[], open_id bigint)
returns setof application.application
language plpgsql
as $$
declare
  id bigint;
  app application.application;
  objection text;
begin
  for id in select distinct x from unnest(application_ids) x order by x loop
    app := rule.lock_application(who, id, null);
    objection := rule.disposal_objection(app, open_id);
    if objection is not null then
      perform rule.fail(11, 'application_ids', objection, app.number);
    end if;
    return next app;
  end loop;
end
$$;

create function api.disposal_propose(session_token bytea, idempotency_key bytea, application_ids bigint[], reason text)
returns api.disposal_propose_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'disposal.propose');
  request jsonb := jsonb_build_array(application_ids, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  reply api.disposal_propose_reply;
begin
  if before is not null then
    return jsonb_populate_record(null::api.disposal_propose_reply, before);
  end if;
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 500);
  if coalesce(cardinality(application_ids), 0) = 0 then
    perform rule.fail(8, 'application_ids', 'Mark the files that are to be disposed of');
  end if;
  if cardinality(application_ids) > 200 then
    perform rule.fail(7, 'application_ids', 'At most %s files at once', '200');
  end if;
  insert into application.disposal (office_id, reason, proposed_by)
  values (who.office_id, reason, who.user_id)
  returning disposal_id into reply.disposal_id;
  for app in select * from rule.lock_for_disposal(who, application_ids, null) loop
    insert into application.disposal_item (office_id, disposal_id, application_id)
    values (who.office_id, reply.disposal_id, app.application_id);
    perform rule.record(who, 'propose_disposal', app.application_id, app.stage, null, reason,
                        jsonb_build_object('disposal_id', reply.disposal_id));
  end loop;
  reply.announce := array[rule.announcement(who.office_id, 'head', null, 0, rule.last_event(who.office_id))];
  return rule.remember(who, idempotency_key, request, reply);
end
$$;

create function rule.disposal_row(x application.disposal)
returns api.disposal_row
language plpgsql stable
as $$
begin
  return (
  select (x.disposal_id, case when x.approved then 'destroyed' when x.decided_at is not null then 'kept' else 'proposed' end, x.number,
          x.reason, rule.user_name(x.office_id, x.proposed_by), rule.to_seconds(x.proposed_at), rule.user_name(x.office_id, x.decided_by),
          rule.to_seconds(x.decided_at), x.decision_reason, count(*)::int,
          coalesce(sum(case when x.approved then i.documents else f.documents end), 0)::int,
          coalesce(sum(case when x.approved then i.bytes else f.bytes end), 0)::bigint, x.document_id)::api.disposal_row
    from application.disposal_item i
    join application.application a on a.office_id = i.office_id and a.application_id = i.application_id
   cross join lateral rule.disposal_file(a, i.state) f
   where i.office_id = x.office_id and i.disposal_id = x.disposal_id);
end
$$;

-- What waits, then what was decided, the latest first.
create function api.disposal_list(session_token bytea)
returns api.disposal_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'disposal.list');
begin
  return row((
    select array_agg(rule.disposal_row(x.d) order by (x.d).decided_at is not null, (x.d).disposal_id desc)
      from (select d from application.disposal d
             where d.office_id = who.office_id
             order by d.decided_at is not null, d.disposal_id desc
             limit 100) x))::api.disposal_list_reply;
end
$$;

create function api.disposal_open(session_token bytea, disposal_id bigint)
returns api.disposal_open_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'disposal.open');
  x application.disposal;
begin
  select d.* into x from application.disposal d where d.office_id = who.office_id and d.disposal_id = disposal_open.disposal_id;
  if not found then
    perform rule.fail(9, 'disposal_id', 'This proposal is not there');
  end if;
  return row(rule.disposal_row(x), (
    select array_agg(rule.disposal_file(a, i.state) order by a.number)
      from application.disposal_item i
      join application.application a on a.office_id = i.office_id and a.application_id = i.application_id
     where i.office_id = x.office_id and i.disposal_id = x.disposal_id))::api.disposal_open_reply;
end
$$;

-- Destroys what the documents of one application say: their bytes, unless another file that stays has the same ones, and the values
-- that they were made from. Returns what was destroyed, for the certificate and the chain.
create function rule.destroy_documents(app application.application)
returns jsonb
language plpgsql
as $$
declare
  gone bigint[];
  proof jsonb := (
    select coalesce(jsonb_agg(jsonb_build_object('document_id', d.document_id, 'name', rule.kept_name(d), 'size', c.size,
                                                 'sha256', encode(c.sha256, 'hex')) order by d.document_id), '[]')
      from document.document d
      join document.content c on c.office_id = d.office_id and c.content_id = d.content_id
     where d.office_id = app.office_id and d.application_id = app.application_id and not d.preview);
begin
  gone := array(
    select distinct d.content_id
      from document.document d
     where d.office_id = app.office_id and d.application_id = app.application_id and d.content_id is not null
       and not exists (select from document.document o
                        where o.office_id = d.office_id and o.content_id = d.content_id
                          and o.application_id is distinct from d.application_id
                          and not document.may_destroy(o)));
  update document.document d set data = null where d.office_id = app.office_id and d.application_id = app.application_id;
  update document.content c set destroyed_at = now(), sealed_key = null
   where c.office_id = app.office_id and c.content_id = any (gone) and c.destroyed_at is null and not c.temporary;
  delete from document.chunk k where k.office_id = app.office_id and k.content_id = any (gone);
  return proof;
end
$$;

-- What the certificate says: who, when, by which rule, which files and which documents with their hashes.
create function rule.disposal_data(x application.disposal)
returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'disposal', jsonb_build_object('number', x.number, 'reason', x.reason, 'proposed_by', rule.user_name(x.office_id, x.proposed_by),
                                   'proposed_on', rule.office_date(x.office_id, x.proposed_at),
                                   'approved_by', rule.user_name(x.office_id, x.decided_by),
                                   'approved_on', rule.office_date(x.office_id, x.decided_at),
                                   'files', count(*), 'documents', sum(i.documents)),
    'files', jsonb_agg(jsonb_build_object('number', a.number, 'permit_type', f.permit_type, 'classification', f.classification,
                                          'place', f.place, 'retain_until_on', f.retain_until_on, 'documents', i.documents) order by a.number),
    'hashes', (select coalesce(jsonb_agg(jsonb_build_object('number', b.number, 'name', rule.kept_name(d), 'sha256', encode(c.sha256, 'hex'))
                                         order by b.number, d.document_id), '[]')
                 from application.disposal_item y
                 join application.application b on b.office_id = y.office_id and b.application_id = y.application_id
                 join document.document d on d.office_id = y.office_id and d.application_id = y.application_id and not d.preview
                 join document.content c on c.office_id = d.office_id and c.content_id = d.content_id
                where y.office_id = x.office_id and y.disposal_id = x.disposal_id))
    from application.disposal_item i
    join application.application a on a.office_id = i.office_id and a.application_id = i.application_id
   cross join lateral rule.disposal_file(a, i.state) f
   where i.office_id = x.office_id and i.disposal_id = x.disposal_id;
$$;

-- Approved: every file is checked anew, the documents go, the certificate is asked for. All or nothing.
create function rule.carry_out_disposal(who rule.who, x application.disposal)
returns bigint
language plpgsql
as $$
declare
  year int := extract(year from rule.office_date(who.office_id));
  app application.application;
  apps application.application[] := array(
    select a from rule.lock_for_disposal(who, array(select i.application_id from application.disposal_item i
                                                     where i.office_id = x.office_id and i.disposal_id = x.disposal_id), x.disposal_id) a);
  proof jsonb;
  none application.application;
  certificate bigint;
begin
  update application.disposal d
     set number = format('BAP-%s-%s', year, lpad(rule.next_number(who.office_id, 'disposal', year)::text, 4, '0')),
         approved = true, decided_by = who.user_id, decided_at = now()
   where d.office_id = x.office_id and d.disposal_id = x.disposal_id
  returning d.* into x;
  -- all of them first: bytes that two of these files share are nobody's any more
  update application.disposal_item i set state = 'destroyed' where i.office_id = x.office_id and i.disposal_id = x.disposal_id;
  foreach app in array apps loop
    proof := rule.destroy_documents(app);
    update application.disposal_item i
       set documents = jsonb_array_length(proof), bytes = (select coalesce(sum((p->>'size')::bigint), 0) from jsonb_array_elements(proof) p)
     where i.office_id = x.office_id and i.disposal_id = x.disposal_id and i.application_id = app.application_id;
    perform rule.record(who, 'destroy_documents', app.application_id, app.stage, null, x.reason,
                        jsonb_build_object('number', x.number, 'proposed_by', x.proposed_by, 'documents', proof));
  end loop;
  certificate := rule.produce(who, none, 'disposal', rule.disposal_data(x));
  update document.document d set name = x.number || '.pdf' where d.office_id = x.office_id and d.document_id = certificate;
  update application.disposal d set document_id = certificate where d.office_id = x.office_id and d.disposal_id = x.disposal_id;
  return certificate;
end
$$;

create function api.disposal_decide(session_token bytea, idempotency_key bytea, disposal_id bigint, approve boolean, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'disposal.decide');
  request jsonb := jsonb_build_array(disposal_id, approve, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  x application.disposal;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  perform rule.need_proof(session_token);
  reason := rule.text(reason, 'reason', 500);
  select d.* into x from application.disposal d
   where d.office_id = who.office_id and d.disposal_id = disposal_decide.disposal_id for update;
  if not found then
    perform rule.fail(9, 'disposal_id', 'This proposal is not there');
  end if;
  if x.decided_at is not null then
    perform rule.fail(11, 'disposal_id', 'This is decided already');
  end if;
  if x.proposed_by = who.user_id then
    perform rule.fail(5, 'disposal_id', 'You proposed this: somebody else must decide');
  end if;
  if approve then
    perform rule.carry_out_disposal(who, x);
  else
    perform rule.require(reason, 'reason');
    update application.disposal d set approved = false, decided_by = who.user_id, decided_at = now()
     where d.office_id = x.office_id and d.disposal_id = x.disposal_id;
    update application.disposal_item i set state = 'kept' where i.office_id = x.office_id and i.disposal_id = x.disposal_id;
    perform rule.record(who, 'reject_disposal', null, null, null, reason, jsonb_build_object('disposal_id', x.disposal_id));
  end if;
  update application.disposal d set decision_reason = disposal_decide.reason
   where d.office_id = x.office_id and d.disposal_id = x.disposal_id;
  return rule.remember(who, idempotency_key, request,
    row(rule.announce_to(who.office_id, x.proposed_by, null)
        || rule.announcement(who.office_id, 'system', null, 0, rule.last_event(who.office_id)))::api.empty);
end
$$;
