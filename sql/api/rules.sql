-- An office changes its rules: workflows and permit types are edited as drafts, proposed by one administrator with the
-- day on which they start, and approved by another who had no part in them. Running applications keep their versions.

create type api.rule_row as (
  kind text, code text, name text, version int, since_on text, next_version int, starts_on text, draft_id bigint,
  draft_state text, draft_by text, running int);
create type api.rules_list_reply as (rules api.rule_row[]);
create type api.rule_entry as (key text, value text);
create type api.rule_section as (kind text, code text, entries api.rule_entry[]);
create type api.rule_version_row as (version int, starts_on text, made_at bigint, proposed_by text, approved_by text, running int);
create type api.rule_mistake as (place text, field text, message text, argument text);
create type api.rule_difference as (place text, change text, field text, was text, becomes text);
create type api.rule_open_reply as (
  kind text, code text, version int, draft_id bigint, draft_version int, state text, base_version int, starts_on text, reason text,
  proposed_by text, decision_reason text, sections api.rule_section[], versions api.rule_version_row[], mistakes api.rule_mistake[],
  differences api.rule_difference[], report text[]);
create type api.rule_draft_reply as (draft_id bigint, version int, announce text[]);
create type api.rule_history_row as (at bigint, actor text, action text, code text, detail text);
create type api.rules_history_reply as (rows api.rule_history_row[], next text);

-- How many applications run under a version (null: under any).
create function rule.running_under(office bigint, kind text, code text, version int)
returns int
language plpgsql stable
as $$
begin
  return (
  select case running_under.kind
    when 'workflow' then (select count(*) from application.application a join workflow.workflow w on w.office_id = a.office_id and w.workflow_id = a.workflow_id
                           where a.office_id = office and w.code = running_under.code and a.closed_at is null
                             and (running_under.version is null or a.workflow_version = running_under.version))
    else (select count(*) from application.application a join catalogue.permit_type p on p.office_id = a.office_id and p.permit_type_id = a.permit_type_id
           where a.office_id = office and p.code = running_under.code and a.closed_at is null
             and (running_under.version is null or a.permit_version = running_under.version)) end::int);
end
$$;

-- Every version of every rule of the office.
create function rule.rule_versions(office bigint)
returns table (kind text, code text, version int, starts_on date, made_at timestamptz, draft_id bigint)
language sql stable
as $$
  select 'workflow', w.code, v.version, v.starts_on, v.created_at, v.draft_id
    from workflow.workflow w join workflow.version v on v.office_id = w.office_id and v.workflow_id = w.workflow_id where w.office_id = office
   union all
  select 'permit', p.code, v.version, v.starts_on, v.created_at, v.draft_id
    from catalogue.permit_type p join catalogue.permit_type_version v on v.office_id = p.office_id and v.permit_type_id = p.permit_type_id
   where p.office_id = office;
$$;

create function api.rules_list(session_token bytea)
returns api.rules_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.list');
  today date := rule.office_date(who.office_id);
begin
  return row((
    with v as materialized (select * from rule.rule_versions(who.office_id)),
         d as (select x.* from workflow.draft x where x.office_id = who.office_id and x.state in ('open', 'proposed')),
         codes as (select v.kind, v.code from v union select d.kind, d.code from d)
    select array_agg((c.kind, c.code,
             coalesce(rule.section_values(coalesce(rule.rule_document(who.office_id, c.kind, c.code, 0), d.document), c.kind)->>'name', c.code),
             coalesce(f.version, 0), nullif(f.starts_on, '-infinity')::text, coalesce(n.version, 0), n.starts_on::text, coalesce(d.draft_id, 0), d.state,
             rule.user_name(who.office_id, coalesce(d.proposed_by, d.authors[cardinality(d.authors)])),
             rule.running_under(who.office_id, c.kind, c.code, null))::api.rule_row order by c.kind desc, c.code)
      from codes c
      left join d on d.kind = c.kind and d.code = c.code
      left join lateral (select * from v where v.kind = c.kind and v.code = c.code and v.starts_on <= today
                          order by v.starts_on desc, v.version desc limit 1) f on true
      left join lateral (select * from v where v.kind = c.kind and v.code = c.code and v.starts_on > today
                          order by v.starts_on, v.version desc limit 1) n on true))::api.rules_list_reply;
end
$$;

create function rule.section_rows(document jsonb)
returns api.rule_section[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((d.item->>'kind', d.item->>'code',
                    (select array_agg((e.key, e.value)::api.rule_entry order by e.place) from rule.section_entries(d.item) e))::api.rule_section order by d.n)
    from jsonb_array_elements(document) with ordinality d(item, n));
end
$$;

create function rule.difference_rows(before jsonb, after jsonb)
returns api.rule_difference[]
language sql stable
as $$
  select array_agg((d.place, d.change, d.field, left(d.was, 1000), left(d.becomes, 1000))::api.rule_difference)
    from rule.document_differences(before, after) d;
$$;

-- A draft, with what is wrong with it and what it changes; or a version, with what it changed.
create function api.rules_open(session_token bytea, kind text, code text, version int, draft_id bigint)
returns api.rule_open_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.open');
  d workflow.draft;
  document jsonb;
  r api.rule_open_reply;
begin
  if coalesce(draft_id, 0) <> 0 then
    select x.* into d from workflow.draft x where x.office_id = who.office_id and x.draft_id = rules_open.draft_id;
    if not found then
      perform rule.fail(9, 'draft_id', 'There is no such draft');
    end if;
    document := d.document;
    r.kind := d.kind;
    r.code := d.code;
    r.draft_id := d.draft_id;
    r.draft_version := d.version;
    r.state := d.state;
    r.base_version := d.base_version;
    r.starts_on := d.starts_on::text;
    r.reason := d.reason;
    r.proposed_by := rule.user_name(who.office_id, d.proposed_by);
    r.decision_reason := d.decision_reason;
    r.report := d.report;
    r.mistakes := array(select (m.place, m.field, m.message, m.argument)::api.rule_mistake
                          from rule.draft_mistakes(who.office_id, d.kind, d.code, document) m limit 200);
    r.differences := rule.difference_rows(rule.version_document(who.office_id, d.kind, d.code, d.base_version), document);
  else
    r.kind := rule.is_one_of(kind, 'kind', 'workflow', 'permit');
    r.code := rule.require(code, 'code');
    document := rule.rule_document(who.office_id, r.kind, r.code, coalesce(version, 0));
    if document is null then
      perform rule.fail(9, 'code', 'There is no such rule');
    end if;
    r.version := coalesce(nullif(version, 0), (select v.version from rule.rule_versions(who.office_id) v
                   where v.kind = r.kind and v.code = r.code and v.starts_on <= rule.office_date(who.office_id)
                   order by v.starts_on desc, v.version desc limit 1));
    r.base_version := r.version - 1;
    r.differences := rule.difference_rows(rule.version_document(who.office_id, r.kind, r.code, r.base_version), document);
  end if;
  r.sections := rule.section_rows(document);
  r.versions := array(
    select (v.version, nullif(v.starts_on, '-infinity')::text, rule.to_seconds(v.made_at), rule.user_name(who.office_id, p.proposed_by),
            rule.user_name(who.office_id, p.decided_by), rule.running_under(who.office_id, v.kind, v.code, v.version))::api.rule_version_row
      from rule.rule_versions(who.office_id) v
      left join workflow.draft p on p.office_id = who.office_id and p.draft_id = v.draft_id
     where v.kind = r.kind and v.code = r.code order by v.version desc);
  return r;
end
$$;

-- The draft, locked to be changed. NOT_FOUND, NOT_NOW (published or discarded), STALE.
create function rule.lock_draft(who rule.who, draft_id bigint, version int, state text)
returns workflow.draft
language plpgsql
as $$
declare
  d workflow.draft;
begin
  select x.* into d from workflow.draft x where x.office_id = who.office_id and x.draft_id = lock_draft.draft_id for update;
  if not found then
    perform rule.fail(9, 'draft_id', 'There is no such draft');
  end if;
  if d.version <> version then
    perform rule.fail(10, 'version', 'Changed meanwhile by %s: read it again',
                      coalesce(rule.user_name(who.office_id, coalesce(d.decided_by, d.authors[cardinality(d.authors)])), 'system'));
  end if;
  if d.state <> state then
    perform rule.fail(11, 'draft_id', case d.state when 'proposed' then 'This draft is proposed: it is approved or sent back first'
                                                   when 'open' then 'This draft is not proposed yet'
                                                   else 'This draft is closed' end);
  end if;
  return d;
end
$$;

-- A new draft of a document, begun by somebody or (authors empty) read from a file. DUPLICATE.
create function rule.begin_draft(who rule.who, kind text, code text, document jsonb, report text[] default '{}')
returns workflow.draft
language plpgsql
as $$
declare
  d workflow.draft;
begin
  insert into workflow.draft (office_id, kind, code, document, base_version, report, authors)
  values (who.office_id, kind, code, document,
          coalesce((select max(v.version) from rule.rule_versions(who.office_id) v where v.kind = begin_draft.kind and v.code = begin_draft.code), 0),
          report, case when who.user_id is not null then array[who.user_id] else '{}' end)
  on conflict do nothing
  returning * into d;
  if d.draft_id is null then
    perform rule.fail(13, 'code', 'There is a draft of %s already', code);
  end if;
  perform rule.record(who, 'rules_draft', detail => jsonb_build_object('kind', kind, 'code', code, 'draft', d.draft_id, 'from_version', d.base_version));
  return d;
end
$$;

create function api.rules_draft(session_token bytea, idempotency_key bytea, kind text, code text, copy_of text)
returns api.rule_draft_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.draft');
  request jsonb := jsonb_build_array(kind, code, copy_of);
  before jsonb := rule.replay(who, idempotency_key, request);
  document jsonb;
  d workflow.draft;
  wrong record;
begin
  if before is not null then
    return jsonb_populate_record(null::api.rule_draft_reply, before);
  end if;
  perform rule.is_one_of(kind, 'kind', 'workflow', 'permit');
  code := rule.require(code, 'code');
  if nullif(copy_of, '') is not null then
    select * into wrong from rule.value_mistake(case kind when 'workflow' then 'code_stage' else 'code_upper' end, 0, 0, null, code);
    if found then
      perform rule.fail(7, 'code', wrong.message, wrong.argument);
    end if;
    if exists (select from rule.rule_versions(who.office_id) v where v.kind = rules_draft.kind and v.code = rules_draft.code) then
      perform rule.fail(13, 'code', '%s is there already: open it and begin a draft', code);
    end if;
  end if;
  document := rule.rule_document(who.office_id, kind, coalesce(nullif(copy_of, ''), code), 0);
  if document is null then
    perform rule.fail(9, case when nullif(copy_of, '') is null then 'code' else 'copy_of' end, 'There is no such rule');
  end if;
  if nullif(copy_of, '') is not null then
    document := (select jsonb_agg(case when x.item->>'kind' = rules_draft.kind then jsonb_set(x.item, '{values,code}', to_jsonb(code)) else x.item end order by x.n)
                   from jsonb_array_elements(document) with ordinality x(item, n));
  end if;
  d := rule.begin_draft(who, kind, code, document);
  return rule.remember(who, idempotency_key, request, (d.draft_id, d.version, null)::api.rule_draft_reply);
end
$$;

-- A section as a form gives it, its values checked one by one. INVALID and REQUIRED name the entry.
create function rule.checked_section(file text, kind text, code text, entries jsonb)
returns jsonb
language plpgsql stable
as $$
declare
  s record;
  wrong record;
  given record;
  content jsonb := '{}';
  rows jsonb := '[]';
begin
  select x.* into s from rule.draft_sections() x where x.file = checked_section.file and x.section = checked_section.kind;
  if not found then
    perform rule.fail(7, 'kind', 'This is not one of the choices');
  end if;
  if s.code_type is not null then
    select * into wrong from rule.value_mistake(s.code_type, 0, 0, null, rule.require(code, 'code'));
    if found then
      perform rule.fail(7, 'code', wrong.message, wrong.argument);
    end if;
  end if;
  for given in select x.item->>'key' as name, btrim(x.item->>'value') as value, k.type, k.low, k.high, k.words, k.key is not null as known
                 from jsonb_array_elements(coalesce(entries, '[]')) with ordinality x(item, n)
                 left join rule.draft_keys() k on k.file = checked_section.file and k.section = checked_section.kind and k.key = x.item->>'key'
                order by x.n loop
    continue when coalesce(given.value, '') = '';
    if not s.rows and not given.known then
      perform rule.fail(7, 'entries.' || given.name, 'is not a key of this section');
    end if;
    select * into wrong from rule.value_mistake(case when s.rows then 'text' else given.type end, given.low,
                                                case when s.rows then 300 else given.high end, given.words, given.value);
    if found then
      perform rule.fail(7, 'entries.' || given.name, wrong.message, wrong.argument);
    end if;
    content := content || jsonb_build_object(given.name, rule.value_json(given.type, given.value));
    rows := rows || jsonb_build_array(jsonb_build_array(given.name, given.value));
  end loop;
  for given in select k.key from rule.draft_keys() k where k.section = checked_section.kind and k.needed order by k.place loop
    if not content ? given.key then
      perform rule.fail(8, 'entries.' || given.key, 'This must be filled in');
    end if;
  end loop;
  return jsonb_build_object('kind', kind, 'code', case when s.code_type is null then '' else btrim(code) end)
         || case when s.rows then jsonb_build_object('rows', rows) else jsonb_build_object('values', content) end;
end
$$;

-- A stage that is called otherwise: its steps go with it.
create function rule.rename_stage(document jsonb, was text, becomes text)
returns jsonb
language sql immutable
as $$
  select jsonb_agg(case when x.item->>'kind' <> 'step' then x.item
                        else jsonb_set(jsonb_set(x.item, '{code}', to_jsonb(case when split_part(x.item->>'code', '.', 1) = was
                                                                                 then becomes || '.' || split_part(x.item->>'code', '.', 2) else x.item->>'code' end)),
                                       '{values,to}', to_jsonb(case when x.item #>> '{values,to}' = was then becomes else x.item #>> '{values,to}' end)) end order by x.n)
    from jsonb_array_elements(document) with ordinality x(item, n);
$$;

-- The document with the section at `place` (from 1; 0: a new one, behind the last of its kind) replaced.
create function rule.put_section(document jsonb, place int, section jsonb)
returns jsonb
language plpgsql immutable
as $$
declare
  was jsonb := document->(place - 1);
  behind int;
begin
  if place > 0 then
    document := jsonb_set(document, array[(place - 1)::text], section);
    if section->>'kind' = 'stage' and was->>'code' <> section->>'code' then
      document := rule.rename_stage(document, was->>'code', section->>'code');
    end if;
    return document;
  end if;
  select max(x.n) into behind from jsonb_array_elements(document) with ordinality x(item, n) where x.item->>'kind' = section->>'kind';
  return case when behind is null then document || jsonb_build_array(section)
              else jsonb_insert(document, array[(behind - 1)::text], section, true) end;
end
$$;

-- A formula is checked with the names of its draft when it is saved: INVALID, with the column of the first mistake.
create function rule.refuse_formula(section jsonb, document jsonb)
returns void
language plpgsql stable
as $$
declare
  wrong jsonb;
begin
  if coalesce(section #>> '{values,levy_formula}', '') = '' then
    return;
  end if;
  select f.mistakes->0 into wrong from rule.read_formula(section #>> '{values,levy_formula}', rule.formula_names(document)) f;
  if wrong is not null then
    perform rule.fail(7, 'entries.levy_formula', 'column %s', (wrong->>0) || ': ' || (wrong->>1));
  end if;
end
$$;

-- One section of a draft is saved, removed or moved to another place.
create function api.rules_section(session_token bytea, idempotency_key bytea, draft_id bigint, version int, place int, change text,
                                  kind text, code text, entries jsonb, to_place int)
returns api.rule_draft_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.section');
  request jsonb := jsonb_build_array(draft_id, version, place, change, kind, code, entries, to_place);
  before jsonb := rule.replay(who, idempotency_key, request);
  d workflow.draft;
  was jsonb;
  section jsonb;
  changed jsonb;
begin
  if before is not null then
    return jsonb_populate_record(null::api.rule_draft_reply, before);
  end if;
  perform rule.is_one_of(change, 'change', 'save', 'remove', 'move');
  d := rule.lock_draft(who, draft_id, version, 'open');
  was := d.document->(place - 1);
  if place < 0 or (was is null and not (place = 0 and change = 'save')) or (place = 0 and change <> 'save') then
    perform rule.fail(9, 'place', 'This part is not there any more');
  end if;
  if change = 'save' then
    section := rule.checked_section(d.kind, case when place > 0 then was->>'kind' else kind end, code, entries);
    changed := rule.put_section(d.document, place, section);
    perform rule.refuse_formula(section, changed);
    if jsonb_array_length(changed) > 400 then
      perform rule.fail(7, 'kind', 'This draft has too many parts');
    end if;
  elsif change = 'remove' then
    changed := d.document - (place - 1);
  else
    if d.document->(to_place - 1) is null or to_place < 1 then
      perform rule.fail(9, 'to_place', 'This part is not there any more');
    end if;
    changed := jsonb_insert(d.document - (place - 1), array[(to_place - 1)::text], was);
  end if;
  update workflow.draft x
     set document = changed, version = x.version + 1, changed_at = now(),
         authors = array_remove(x.authors, who.user_id) || who.user_id
   where x.office_id = d.office_id and x.draft_id = d.draft_id
  returning x.version into d.version;
  perform rule.record(who, 'rules_' || change, detail => jsonb_strip_nulls(jsonb_build_object('kind', d.kind, 'code', d.code, 'draft', d.draft_id,
                      'place', rule.section_place(coalesce(section, was)), 'before', was, 'after', section)));
  return rule.remember(who, idempotency_key, request, (d.draft_id, d.version, null)::api.rule_draft_reply);
end
$$;

-- Nothing is published that has a mistake, changes nothing, or would take back what was published since. NOT_NOW, INVALID.
create function rule.refuse_unready(d workflow.draft, starts_on date)
returns void
language plpgsql stable
as $$
declare
  wrong record;
begin
  select m.* into wrong from rule.draft_mistakes(d.office_id, d.kind, d.code, d.document) m limit 1;
  if found then
    perform rule.fail(11, 'draft_id', 'This draft has mistakes: %s', concat_ws(' ', wrong.place, wrong.field) || ': ' || replace(wrong.message, '%s', coalesce(wrong.argument, '')));
  end if;
  if d.base_version <> coalesce((select max(v.version) from rule.rule_versions(d.office_id) v where v.kind = d.kind and v.code = d.code), 0) then
    perform rule.fail(11, 'draft_id', 'A newer version was made since this draft was begun: begin another');
  end if;
  if not exists (select from rule.document_differences(rule.version_document(d.office_id, d.kind, d.code, d.base_version), d.document)) then
    perform rule.fail(11, 'draft_id', 'This draft changes nothing');
  end if;
  if starts_on < rule.office_date(d.office_id) then
    perform rule.fail(7, 'starts_on', 'This day is in the past');
  end if;
end
$$;

create function api.rules_propose(session_token bytea, idempotency_key bytea, draft_id bigint, version int, starts_on text, reason text)
returns api.rule_draft_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.propose');
  request jsonb := jsonb_build_array(draft_id, version, starts_on, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  d workflow.draft;
  day date := rule.to_date(rule.require(starts_on, 'starts_on'), 'starts_on');
begin
  if before is not null then
    return jsonb_populate_record(null::api.rule_draft_reply, before);
  end if;
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 2000);
  d := rule.lock_draft(who, draft_id, version, 'open');
  perform rule.refuse_unready(d, day);
  update workflow.draft x
     set state = 'proposed', starts_on = day, reason = rules_propose.reason, proposed_by = who.user_id, proposed_at = now(),
         decision_reason = null, decided_by = null, decided_at = null, version = x.version + 1
   where x.office_id = d.office_id and x.draft_id = d.draft_id
  returning x.version into d.version;
  perform rule.record(who, 'rules_propose', reason => reason,
                      detail => jsonb_build_object('kind', d.kind, 'code', d.code, 'draft', d.draft_id, 'starts_on', day));
  return rule.remember(who, idempotency_key, request, (d.draft_id, d.version, null)::api.rule_draft_reply);
end
$$;

-- Makes the version of an approved draft. Its number.
create function rule.publish_draft(d workflow.draft)
returns int
language plpgsql
as $$
declare
  id bigint;
begin
  if d.kind = 'workflow' then
    insert into workflow.workflow (office_id, code) values (d.office_id, d.code)
    on conflict (office_id, code) do update set code = excluded.code
    returning workflow_id into id;
    return rule.add_workflow_version(d.office_id, id, d.document, d.starts_on, d.draft_id);
  end if;
  insert into catalogue.permit_type (office_id, code) values (d.office_id, d.code)
  on conflict (office_id, code) do update set code = excluded.code
  returning permit_type_id into id;
  return rule.add_permit_version(d.office_id, id, d.document, d.starts_on, d.draft_id);
end
$$;

create function api.rules_decide(session_token bytea, idempotency_key bytea, draft_id bigint, version int, approve boolean, reason text)
returns api.rule_draft_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.decide');
  request jsonb := jsonb_build_array(draft_id, version, approve, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  d workflow.draft;
  made int;
begin
  if before is not null then
    return jsonb_populate_record(null::api.rule_draft_reply, before);
  end if;
  reason := rule.text(reason, 'reason', 2000);
  d := rule.lock_draft(who, draft_id, version, 'proposed');
  if approve then
    if who.user_id = d.proposed_by or who.user_id = any (d.authors) then
      perform rule.fail(5, 'draft_id', 'You worked on this draft: somebody else must approve it');
    end if;
    perform rule.refuse_unready(d, d.starts_on);
    made := rule.publish_draft(d);
  else
    perform rule.require(reason, 'reason');
  end if;
  update workflow.draft x
     set state = case when approve then 'published' else 'open' end, decided_by = who.user_id, decided_at = now(),
         decision_reason = rules_decide.reason, published_version = made, version = x.version + 1
   where x.office_id = d.office_id and x.draft_id = d.draft_id
  returning x.version into d.version;
  perform rule.record(who, case when approve then 'rules_publish' else 'rules_send_back' end, reason => coalesce(reason, d.reason),
                      detail => jsonb_strip_nulls(jsonb_build_object('kind', d.kind, 'code', d.code, 'draft', d.draft_id, 'version', made,
                                'starts_on', d.starts_on, 'proposed_by', rule.user_name(who.office_id, d.proposed_by))));
  return rule.remember(who, idempotency_key, request, (d.draft_id, d.version, null)::api.rule_draft_reply);
end
$$;

create function api.rules_discard(session_token bytea, idempotency_key bytea, draft_id bigint, version int)
returns api.rule_draft_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.discard');
  request jsonb := jsonb_build_array(draft_id, version);
  before jsonb := rule.replay(who, idempotency_key, request);
  d workflow.draft;
begin
  if before is not null then
    return jsonb_populate_record(null::api.rule_draft_reply, before);
  end if;
  d := rule.lock_draft(who, draft_id, version, 'open');
  update workflow.draft x set state = 'discarded', decided_by = who.user_id, decided_at = now(), version = x.version + 1
   where x.office_id = d.office_id and x.draft_id = d.draft_id
  returning x.version into d.version;
  perform rule.record(who, 'rules_discard', detail => jsonb_build_object('kind', d.kind, 'code', d.code, 'draft', d.draft_id));
  return rule.remember(who, idempotency_key, request, (d.draft_id, d.version, null)::api.rule_draft_reply);
end
$$;

-- What happened to the rules, the newest first.
create function api.rules_history(session_token bytea, after text)
returns api.rules_history_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'rules.history');
  before_id bigint := (rule.read_cursor(after, '^[0-9]{1,18}$'))[1]::bigint;
  page constant int := 50;
  ids bigint[];
  reply api.rules_history_reply;
begin
  ids := array(select e.event_id from audit.event e
                where e.office_id = who.office_id and e.action like 'rules%' and (before_id is null or e.event_id < before_id)
                order by e.event_id desc limit page + 1);
  select array_agg((rule.to_seconds(e.at), e.actor, e.action, e.detail->>'code',
                    concat_ws(' | ', e.detail->>'place', 'version ' || (e.detail->>'version'), 'from ' || (e.detail->>'starts_on'),
                              'proposed by ' || (e.detail->>'proposed_by'), e.reason))::api.rule_history_row order by e.event_id desc)
    into reply.rows
    from audit.event e where e.office_id = who.office_id and e.event_id = any (ids[1:page]);
  if cardinality(ids) > page then
    reply.next := ids[page]::text;
  end if;
  return reply;
end
$$;
