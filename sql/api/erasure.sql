-- The end of personal data (UU 27/2022): once no application is under way, no permit is in force, nothing is owed and every file is past
-- its retention, one person proposes and a head approves that what the office knows of somebody goes. The application's number, type,
-- dates, steps and hashes stay, and so does the erasure.

create type api.erasure_person as (application_id bigint, number text, applicant text, applications int, retain_until_on text);
create type api.erasure_due_reply as (people api.erasure_person[]);
create type api.erasure_row as (
  erasure_id bigint, application_id bigint, state text, number text, ground text, reason text, applicant text, applications int,
  documents int, proposed_by text, proposed_at bigint, decided_by text, decided_at bigint, decision_reason text, document_id bigint);
create type api.erasure_list_reply as (erasures api.erasure_row[]);
create type rule.objection as (message text, argument text);

-- ------------------------------------------------------------------------------------------- what still stands

-- Why the data in this application can't go, as an English msgid; null: nothing keeps it.
create function rule.file_keeps(app application.application)
returns text
language plpgsql stable
as $$
declare
  f application.archive_file;
  v catalogue.permit_type_version := rule.version_of(app);
begin
  if app.closed_at is null then
    return 'An application is still under way: %s';
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
  if exists (select from application.disposal_item i
              where i.office_id = app.office_id and i.application_id = app.application_id and i.state = 'destroyed') then
    return null;
  end if;
  select x.* into f from application.archive_file x where x.office_id = app.office_id and x.application_id = app.application_id;
  if not found then
    return 'This is not in the archive: %s';
  end if;
  if v.disposal = 'keep' and v.active_years is not null then
    return 'The retention schedule keeps this for good: %s';
  end if;
  if f.retain_until_on >= rule.office_date(app.office_id) then
    return 'The retention of this is not over: %s';
  end if;
  return null;
end
$$;

-- What is owed or waits for somebody's decision.
create function rule.claim_keeps(app application.application)
returns text
language plpgsql stable
as $$
begin
  if app.outcome = 'approved' and exists (
       select from application.bill b
        where b.office_id = app.office_id and b.application_id = app.application_id
          and b.amount > rule.bill_balance(b.office_id, b.application_id)) then
    return 'A levy is not paid yet: %s';
  end if;
  if exists (select from application.refund r
              where r.office_id = app.office_id and r.application_id = app.application_id and r.decided_at is null) then
    return 'A refund waits for a decision: %s';
  end if;
  if exists (select from application.permit p
               join application.permit_change c on c.office_id = p.office_id and c.permit_id = p.permit_id
              where p.office_id = app.office_id and p.application_id = app.application_id and c.decided_at is null) then
    return 'A change of its permit waits for a decision: %s';
  end if;
  if exists (select from application.disposal_item i
              where i.office_id = app.office_id and i.application_id = app.application_id and i.state = 'proposed') then
    return 'Its disposal waits for a decision: %s';
  end if;
  return null;
end
$$;

-- The records that are one person: this one, and what was merged into it.
create function rule.records_of(office bigint, person bigint)
returns bigint[]
language plpgsql stable
as $$
begin
  return array(
    with recursive r(id) as (
      select person
      union
      select a.applicant_id from r join application.applicant a on a.office_id = office and a.merged_into = r.id)
    select id from r order by id);
end
$$;

-- The first thing that still stands, with the number of its application; null: nothing does.
create function rule.erasure_objection(office bigint, people bigint[])
returns rule.objection
language plpgsql stable
as $$
declare
  app application.application;
  message text;
begin
  for app in
    select a.* from application.application a where a.office_id = office and a.applicant_id = any (people) order by a.application_id
  loop
    message := coalesce(rule.file_keeps(app), rule.claim_keeps(app));
    if message is not null then
      return (message, app.number)::rule.objection;
    end if;
  end loop;
  return null;
end
$$;

-- NOT_NOW, naming what still stands.
create function rule.refuse_erasure(office bigint, people bigint[])
returns void
language plpgsql stable
as $$
declare
  o rule.objection := rule.erasure_objection(office, people);
begin
  if o.message is not null then
    perform rule.fail(11, 'application_id', o.message, o.argument);
  end if;
end
$$;

-- What is written down here outlives the person's data. INVALID when it names them.
create function rule.refuse_name(a application.applicant, said text, field text)
returns void
language plpgsql immutable
as $$
declare
  words text[] := regexp_split_to_array(lower(said), '[^[:alnum:]]+');
begin
  if regexp_replace(said, '[.\- ]', '', 'g') ~ '[0-9]{13}' or exists (
       select from regexp_split_to_table(lower(concat_ws(' ', a.name, a.responsible_name)), '[^[:alnum:]]+') w
        where length(w) > 2 and w = any (words)) then
    perform rule.fail(7, field, 'This stays after the erasure: say it without name or number');
  end if;
end
$$;

-- ------------------------------------------------------------------------------------------- due and proposed

-- Whom retention no longer covers, the longest ago first: at most 200, of those whose files are the 2,000 that are over for longest.
create function api.erasure_due(session_token bytea)
returns api.erasure_due_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'erasure.due');
  today date := rule.office_date(who.office_id);
begin
  return row((
    select array_agg((y.application_id, y.number, y.name, y.files, y.until::text)::api.erasure_person order by y.since, y.applicant_id)
      from (select x.*
              from (select p.applicant_id, p.name, max(a.application_id) as application_id, max(a.number) as number, count(*)::int as files,
                           min(f.retain_until_on) as since, max(f.retain_until_on) as until
                      from (select k.* from application.archive_file k
                             where k.office_id = who.office_id and k.retain_until_on < today and not k.erased
                             order by k.retain_until_on, k.application_id limit 2000) f
                     cross join lateral (select z.* from application.application z  -- one by one, however many there are
                                          where z.office_id = f.office_id and z.application_id = f.application_id offset 0) a
                      join application.applicant p on p.office_id = a.office_id and p.applicant_id = a.applicant_id
                     where not exists (select from application.erasure e
                                        where e.office_id = p.office_id and e.applicant_id = p.applicant_id and e.decided_at is null)
                     group by p.applicant_id, p.name
                     order by min(f.retain_until_on), p.applicant_id limit 2000) x  -- asked one after the other, until there are enough
             where (rule.erasure_objection(who.office_id, rule.records_of(who.office_id, x.applicant_id))).message is null
             limit 200) y))::api.erasure_due_reply;
end
$$;

create function api.erasure_propose(session_token bytea, idempotency_key bytea, application_id bigint, ground text, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'erasure.propose');
  request jsonb := jsonb_build_array(application_id, ground, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  a application.applicant;
  id bigint;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  app := rule.lock_application(who, application_id, null);
  a := rule.lock_applicant(who.office_id, app.applicant_id, null, 'application_id');
  perform rule.is_one_of(ground, 'ground', 'request', 'retention');
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 500);
  perform rule.refuse_name(a, reason, 'reason');
  if exists (select from application.erasure e
              where e.office_id = a.office_id and e.applicant_id = a.applicant_id and e.decided_at is null) then
    perform rule.fail(13, 'application_id', 'The erasure of this person waits for the head already');
  end if;
  perform rule.refuse_erasure(a.office_id, rule.records_of(a.office_id, a.applicant_id));
  insert into application.erasure (office_id, applicant_id, application_id, ground, reason, proposed_by)
  values (a.office_id, a.applicant_id, app.application_id, ground, reason, who.user_id)
  returning erasure_id into id;
  perform rule.record(who, 'propose_erasure', app.application_id, app.stage, null, reason,
                      jsonb_build_object('erasure_id', id, 'applicant_id', a.applicant_id, 'ground', ground));
  return rule.remember(who, idempotency_key, request,
    row(array[rule.announcement(who.office_id, 'head', null, 0, rule.last_event(who.office_id))])::api.empty);
end
$$;

-- What waits, then what was decided, the latest first. Who was erased has no name any more.
create function api.erasure_list(session_token bytea)
returns api.erasure_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'erasure.list');
begin
  return row((
    select array_agg((e.erasure_id, e.application_id,
                      case when e.approved then 'erased' when e.decided_at is not null then 'kept' else 'proposed' end,
                      e.number, e.ground, e.reason, p.name,
                      case when e.approved then e.applications
                           else (select count(*)::int from application.application a
                                  where a.office_id = e.office_id and a.applicant_id = e.applicant_id) end,
                      e.documents, rule.user_name(e.office_id, e.proposed_by), rule.to_seconds(e.proposed_at),
                      rule.user_name(e.office_id, e.decided_by), rule.to_seconds(e.decided_at), e.decision_reason,
                      e.document_id)::api.erasure_row order by e.decided_at is not null, e.erasure_id desc)
      from (select x.* from application.erasure x
             where x.office_id = who.office_id
             order by x.decided_at is not null, x.erasure_id desc
             limit 100) e
      join application.applicant p on p.office_id = e.office_id and p.applicant_id = e.applicant_id))::api.erasure_list_reply;
end
$$;

-- ------------------------------------------------------------------------------------------------ the erasure

-- Which sealed numbers are these people's, in their records and in their applications.
create function rule.numbers_of(office bigint, people bigint[], apps bigint[])
returns text[]
language plpgsql stable
as $$
begin
  return array(
    select distinct x.token
      from (select unnest(array[a.nik, a.npwp]) as token from application.applicant a
             where a.office_id = office and a.applicant_id = any (people)
            union all
            select unnest(array[h.before->>'nik', h.before->>'npwp']) from application.applicant_history h
             where h.office_id = office and h.applicant_id = any (people)
            union all
            select u.token from application.number_use u where u.office_id = office and u.application_id = any (apps)) x
     where x.token like '#%');
end
$$;

-- Does a row that stays need this number? What was noted as a use may have been corrected since: it is looked at.
create function rule.number_is_used(office bigint, wanted text)
returns boolean
language plpgsql stable
as $$
begin
  return exists (select from application.applicant a where a.office_id = office and a.nik = wanted)
      or exists (select from application.applicant a where a.office_id = office and a.npwp = wanted)
      or exists (select from identity.user_account u where u.office_id = office and u.nik = wanted)
      or exists (
        select from application.number_use n
         where n.office_id = office and n.token = wanted
           and (exists (select from application.field_value f
                         where f.office_id = office and f.application_id = n.application_id
                           and position(wanted in concat_ws(' ', f.value, f.old_value)) > 0)
                or exists (select from application.requirement r
                            where r.office_id = office and r.application_id = n.application_id
                              and wanted in (r.document_number, r.old_document_number))
                or exists (select from application.handover h
                            where h.office_id = office and h.application_id = n.application_id and h.recipient_nik = wanted)));
end
$$;

-- Without its sealed form a token is a random number. The rows are locked first: a request that needs the number waits, and brings it anew.
create function rule.shred_numbers(office bigint, tokens text[])
returns void
language plpgsql
as $$
begin
  perform from identity.number n where n.office_id = office and n.token = any (tokens) order by n.token for update;
  delete from identity.number n
   where n.office_id = office and n.token = any (tokens) and not rule.number_is_used(office, n.token);
end
$$;

-- The records themselves, their history and their merges. An undone merge left the other record's history with values of this one.
create function rule.erase_records(office bigint, people bigint[])
returns void
language plpgsql
as $$
begin
  update application.applicant_history h
     set before = case h.action when 'undo_merge' then '{}' else h.before end, reason = 'dihapus'
    from application.applicant_merge m
   where m.office_id = office and m.merged_id = any (people) and m.undone_at is not null
     and h.office_id = m.office_id and h.applicant_id = m.kept_id
     and (h.action = 'merge' and h.at = m.merged_at or h.action = 'undo_merge' and h.at = m.undone_at);
  update application.applicant_history h set before = '{}', reason = case when h.reason is not null then 'dihapus' end
   where h.office_id = office and h.applicant_id = any (people);
  update application.applicant_merge m set kept_before = '{}', reason = 'dihapus', undo_reason = case when m.undone_at is not null then 'dihapus' end
   where m.office_id = office and m.kept_id = any (people);
  update application.applicant_merge m set reason = 'dihapus', undo_reason = case when m.undone_at is not null then 'dihapus' end
   where m.office_id = office and m.merged_id = any (people);
  update application.applicant_distinct d set reason = 'dihapus' where d.office_id = office and d.first_id = any (people);
  update application.applicant_distinct d set reason = 'dihapus' where d.office_id = office and d.second_id = any (people);
  update application.applicant a
     set nik = null, npwp = null, nib = null, family_card = null, name = 'dihapus', birth_place = null, birth_on = null, gender = null,
         address = null, region = null, phone = null, email = null, responsible_name = null, changed_at = clock_timestamp(),
         erased_at = now()
   where a.office_id = office and a.applicant_id = any (people);
end
$$;

-- What was written down of one application: what the applicant said, and what officers wrote about it in their own words.
create function rule.erase_application(app application.application)
returns void
language plpgsql
as $$
begin
  delete from application.search_name n where n.office_id = app.office_id and n.application_id = app.application_id;
  update application.application a
     set location = null, priority = null, return_note = null, considerations = null, conditions = null,
         decision_reason = case when a.decision_reason is not null then 'dihapus' end
   where a.office_id = app.office_id and a.application_id = app.application_id;
  update application.field_value f set value = null, old_value = null
   where f.office_id = app.office_id and f.application_id = app.application_id;
  update application.requirement r
     set document_number = null, issued_on = null, valid_until_on = null, old_document_number = null, old_issued_on = null,
         old_valid_until_on = null, reason = case when r.reason is not null then 'dihapus' end
   where r.office_id = app.office_id and r.application_id = app.application_id;
  update application.inspection_answer q set note = null
    from application.inspection i
   where i.office_id = app.office_id and i.application_id = app.application_id
     and q.office_id = i.office_id and q.inspection_id = i.inspection_id;
  update application.inspection i set instruction = null, coordinates = null, findings = null, conditions = null
   where i.office_id = app.office_id and i.application_id = app.application_id;
  update application.handover h set recipient = 'dihapus', recipient_nik = null
   where h.office_id = app.office_id and h.application_id = app.application_id;
  update application.notice n
     set subject = 'dihapus', text = 'dihapus', email = null, phone = null, problem = null
   where n.office_id = app.office_id and n.application_id = app.application_id;
  update application.archive_file f set erased = true, folder = null
   where f.office_id = app.office_id and f.application_id = app.application_id;
  delete from application.number_use u where u.office_id = app.office_id and u.application_id = app.application_id;
  perform rule.erase_exceptions(app);
end
$$;

-- The reasons of what was out of the ordinary; that it was, who decided it and which sum it was about stay.
create function rule.erase_exceptions(app application.application)
returns void
language plpgsql
as $$
begin
  update application.permit_change c
     set reason = 'dihapus', decision_reason = case when c.decision_reason is not null then 'dihapus' end,
         fields = case when c.fields is not null then '{}'::jsonb end
    from application.permit p
   where p.office_id = app.office_id and p.application_id = app.application_id and c.office_id = p.office_id and c.permit_id = p.permit_id;
  update application.revocation r set reason = 'dihapus' where r.office_id = app.office_id and r.application_id = app.application_id;
  update application.refund r set reason = 'dihapus', decision_reason = case when r.decision_reason is not null then 'dihapus' end
   where r.office_id = app.office_id and r.application_id = app.application_id;
  update application.waiver w set reason = 'dihapus', decision_reason = case when w.decision_reason is not null then 'dihapus' end
   where w.office_id = app.office_id and w.application_id = app.application_id;
  update application.deviation d set reason = case when d.reason is not null then 'dihapus' end
   where d.office_id = app.office_id and d.application_id = app.application_id;
  update document.copy c set reason = 'dihapus' where c.office_id = app.office_id and c.application_id = app.application_id;
  update application.bank_line l set description = null
    from application.bill b
   where b.office_id = app.office_id and b.application_id = app.application_id and l.office_id = b.office_id and l.reference = b.reference;
end
$$;

-- What the documents are and say, by the way of a disposal; and how the applicant called the files.
create function rule.erase_documents(app application.application)
returns jsonb
language plpgsql
as $$
declare
  proof jsonb := rule.destroy_documents(app);
begin
  update document.document d
     set name = case when d.kind = 'requirement' then 'dihapus' else d.name end, problem = null
   where d.office_id = app.office_id and d.application_id = app.application_id;
  update document.upload u set name = 'dihapus', problem = null, argument = null
   where u.office_id = app.office_id and u.application_id = app.application_id;
  return proof;
end
$$;

-- Lists of what was missing were given out before anything was registered: they know a person by the name alone.
create function rule.erase_missing_lists(office bigint, names text[])
returns void
language plpgsql
as $$
declare
  lists bigint[];
  gone bigint[];
begin
  lists := array(select d.document_id from unnest(names) n join document.document d on d.office_id = office and d.missing_for = n);
  update document.document d set data = null where d.office_id = office and d.document_id = any (lists);
  gone := array(select d.content_id from document.document d
                 where d.office_id = office and d.document_id = any (lists) and d.state = 'current');
  update document.content c set destroyed_at = now(), sealed_key = null
   where c.office_id = office and c.content_id = any (gone) and c.destroyed_at is null and not c.temporary;
  delete from document.chunk k where k.office_id = office and k.content_id = any (gone);
end
$$;

-- Replies that are remembered for requests that are sent again, for 7 days.
create function rule.forget_answers(office bigint, apps bigint[], numbers text[])
returns void
language plpgsql
as $$
begin
  delete from session.answer s
   where s.office_id = office and ((s.reply->>'application_id')::bigint = any (apps) or s.reply->>'number' = any (numbers));
end
$$;

-- What the certificate says: who, when, on which ground, and the proof of what was there. Of whom, it does not.
create function rule.erasure_data(x application.erasure, apps application.application[])
returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'erasure', jsonb_build_object('number', x.number, 'ground', x.ground, 'reason', x.reason, 'record', x.applicant_id,
                                  'proposed_by', rule.user_name(x.office_id, x.proposed_by),
                                  'proposed_on', rule.office_date(x.office_id, x.proposed_at),
                                  'approved_by', rule.user_name(x.office_id, x.decided_by),
                                  'approved_on', rule.office_date(x.office_id, x.decided_at),
                                  'applications', x.applications, 'documents', x.documents),
    'files', (select coalesce(jsonb_agg(to_jsonb(f) - '{application_id,applicant,bytes,state}'::text[] order by f.number), '[]')
                from unnest(apps) a cross join lateral rule.disposal_file(a, 'erased') f),
    'hashes', (select coalesce(jsonb_agg(jsonb_build_object('number', a.number, 'name', rule.kept_name(d), 'sha256', encode(c.sha256, 'hex'))
                                         order by a.number, d.document_id), '[]')
                 from unnest(apps) a
                 join document.document d on d.office_id = a.office_id and d.application_id = a.application_id and not d.preview
                 join document.content c on c.office_id = d.office_id and c.content_id = d.content_id));
$$;

-- Nobody registers this applicant anew while they are erased: as rule.save_applicant.
create function rule.lock_numbers(office bigint, people bigint[])
returns void
language plpgsql
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(x.number, office))
     from (select distinct n.number
             from application.applicant a cross join lateral unnest(array[a.nik, a.npwp, a.nib]) n(number)
            where a.office_id = office and a.applicant_id = any (people) and n.number is not null order by 1) x;
end
$$;

-- Approved: everything is checked anew, then all of it goes or nothing. Returns the certificate.
create function rule.carry_out_erasure(who rule.who, x application.erasure)
returns bigint
language plpgsql
as $$
declare
  people bigint[] := rule.records_of(x.office_id, x.applicant_id);
  year int := extract(year from rule.office_date(who.office_id));
  app application.application;
  apps application.application[];
  ids bigint[];
  tokens text[];
  proofs jsonb := '{}';
  none application.application;
  certificate bigint;
begin
  perform rule.lock_numbers(x.office_id, people);
  apps := array(select rule.lock_application(who, i.id, null)
                  from (select a.application_id as id from application.application a
                         where a.office_id = x.office_id and a.applicant_id = any (people) order by 1) i);
  perform rule.lock_applicant(x.office_id, x.applicant_id, null, 'erasure_id');
  perform rule.refuse_erasure(x.office_id, people);
  ids := array(select a.application_id from unnest(apps) a);
  tokens := rule.numbers_of(x.office_id, people, ids);
  perform rule.erase_missing_lists(x.office_id, array(select lower(a.name) from application.applicant a
                                                       where a.office_id = x.office_id and a.applicant_id = any (people)));
  -- the records first: bytes that two of their files share are nobody's any more
  perform rule.erase_records(x.office_id, people);
  foreach app in array apps loop
    proofs := proofs || jsonb_build_object(app.application_id::text, rule.erase_documents(app));
    perform rule.erase_application(app);
  end loop;
  perform rule.forget_answers(x.office_id, ids, array(select a.number from unnest(apps) a));
  perform rule.shred_numbers(x.office_id, tokens);
  update application.erasure e
     set number = format('BAH-%s-%s', year, lpad(rule.next_number(who.office_id, 'erasure', year)::text, 4, '0')),
         approved = true, decided_by = who.user_id, decided_at = now(), applications = cardinality(apps),
         documents = (select coalesce(sum(jsonb_array_length(p.value)), 0) from jsonb_each(proofs) p)
   where e.office_id = x.office_id and e.erasure_id = x.erasure_id
  returning e.* into x;
  foreach app in array apps loop
    perform rule.record(who, 'erase_applicant', app.application_id, app.stage, null, x.reason,
                        jsonb_build_object('number', x.number, 'ground', x.ground, 'proposed_by', x.proposed_by,
                                           'documents', proofs->(app.application_id::text)));
  end loop;
  certificate := rule.produce(who, none, 'erasure', rule.erasure_data(x, apps));
  update document.document d set name = x.number || '.pdf' where d.office_id = x.office_id and d.document_id = certificate;
  update application.erasure e set document_id = certificate where e.office_id = x.office_id and e.erasure_id = x.erasure_id;
  return certificate;
end
$$;

create function rule.reject_erasure(who rule.who, x application.erasure, reason text)
returns void
language plpgsql
as $$
begin
  perform rule.require(reason, 'reason');
  perform rule.lock_application(who, x.application_id, null);
  update application.erasure e set approved = false, decided_by = who.user_id, decided_at = now()
   where e.office_id = x.office_id and e.erasure_id = x.erasure_id;
  perform rule.record(who, 'reject_erasure', x.application_id, null, null, reason, jsonb_build_object('erasure_id', x.erasure_id));
end
$$;

create function api.erasure_decide(session_token bytea, idempotency_key bytea, erasure_id bigint, approve boolean, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'erasure.decide');
  request jsonb := jsonb_build_array(erasure_id, approve, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  x application.erasure;
  a application.applicant;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  perform rule.need_proof(session_token);
  reason := rule.text(reason, 'reason', 500);
  select e.* into x from application.erasure e
   where e.office_id = who.office_id and e.erasure_id = erasure_decide.erasure_id for update;
  if not found then
    perform rule.fail(9, 'erasure_id', 'This proposal is not there');
  end if;
  if x.decided_at is not null then
    perform rule.fail(11, 'erasure_id', 'This is decided already');
  end if;
  if x.proposed_by = who.user_id then
    perform rule.fail(5, 'erasure_id', 'You proposed this: somebody else must decide');
  end if;
  select p.* into a from application.applicant p where p.office_id = x.office_id and p.applicant_id = x.applicant_id;
  perform rule.refuse_name(a, reason, 'reason');
  if approve then
    perform rule.carry_out_erasure(who, x);
  else
    perform rule.reject_erasure(who, x, reason);
  end if;
  update application.erasure e set decision_reason = erasure_decide.reason
   where e.office_id = x.office_id and e.erasure_id = x.erasure_id;
  return rule.remember(who, idempotency_key, request,
    row(rule.announce_to(who.office_id, x.proposed_by, null)
        || rule.announcement(who.office_id, 'system', null, 0, rule.last_event(who.office_id)))::api.empty);
end
$$;
