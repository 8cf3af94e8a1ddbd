-- Workflows and permit types as documents: the list of sections that `loketd catalogue load` makes of a file
-- (server/catalogue_json.c). Here are the keys that they may have, values as a person writes them and back, the file
-- that a document makes, and what is different between two. What is wrong with one: 02_rule_draft_check.sql.

-- What each section may hold, in the order of a file; server/catalogue_rules.c says the same of files.
create function rule.draft_keys()
returns table (file text, section text, key text, type text, needed boolean, low bigint, high bigint, words text[], place int)
language sql immutable
as $$
  select k.*, (row_number() over ())::int
    from (values
      ('workflow', 'workflow', 'code', 'code_stage', true, 0::bigint, 0::bigint, null::text[]),
      ('workflow', 'workflow', 'name', 'text', false, 0, 120, null),
      ('workflow', 'stage', 'name', 'text', true, 0, 60, null),
      ('workflow', 'stage', 'role', 'word', false, 0, 0, '{front_office,analyst,section_head,head,technical_coordinator,surveyor,treasurer,archivist,complaints_officer,system}'),
      ('workflow', 'stage', 'clock', 'word', false, 0, 0, '{runs,stands}'),
      ('workflow', 'stage', 'kind', 'word', false, 0, 0, '{task,inspection,issue,refuse,sign,end}'),
      ('workflow', 'stage', 'days', 'number', false, 1, 365, null),
      ('workflow', 'stage', 'reassign', 'flag', false, 0, 0, null),
      ('workflow', 'stage', 'demands', 'words', false, 0, 0, '{receipt,inspection_report,bill,draft_decree,decree,permit,refusal,signed_decision,handover}'),
      ('workflow', 'stage', 'produces', 'words', false, 0, 0, '{receipt,inspection_report,bill,draft_decree,decree,permit,refusal,signed_decision,handover}'),
      ('workflow', 'step', 'to', 'code_stage', true, 0, 0, null),
      ('workflow', 'step', 'role', 'word', true, 0, 0, '{front_office,analyst,section_head,head,technical_coordinator,surveyor,treasurer,archivist,complaints_officer,system}'),
      ('workflow', 'step', 'label', 'text', true, 0, 60, null),
      ('workflow', 'step', 'guards', 'words', false, 0, 0, '{all_accepted,some_refused,no_visit_needed,inspections_done,levy_due,no_levy,fee_paid,initialled,not_involved,signature_due,no_signature}'),
      ('workflow', 'step', 'reason', 'flag', false, 0, 0, null),
      ('workflow', 'step', 'outcome', 'word', false, 0, 0, '{approved,refused,withdrawn,lapsed}'),
      ('permit', 'permit', 'code', 'code_upper', true, 0, 0, null),
      ('permit', 'permit', 'name', 'text', true, 0, 200, null),
      ('permit', 'permit', 'sector', 'text', true, 0, 80, null),
      ('permit', 'permit', 'service_days', 'number', true, 1, 365, null),
      ('permit', 'permit', 'valid_years', 'number', true, 1, 100, null),
      ('permit', 'permit', 'valid_not_past', 'code_requirement', false, 0, 0, null),
      ('permit', 'permit', 'number_pattern', 'pattern', true, 0, 0, null),
      ('permit', 'permit', 'legal_basis', 'text', false, 0, 1000, null),
      ('permit', 'permit', 'source', 'word', false, 0, 0, '{counter,oss}'),
      ('permit', 'permit', 'workflow', 'code_stage', true, 0, 0, null),
      ('permit', 'permit', 'levy_formula', 'text', false, 0, 1000, null),
      ('permit', 'permit', 'due_days', 'number', false, 1, 365, null),
      ('permit', 'permit', 'lapse_days', 'number', false, 1, 365, null),
      ('permit', 'permit', 'deemed_approval', 'flag', false, 0, 0, null),
      ('permit', 'permit', 'deemed_basis', 'text', false, 0, 300, null),
      ('permit', 'permit', 'short_workflow', 'code_stage', false, 0, 0, null),
      ('permit', 'permit', 'short_days', 'number', false, 1, 365, null),
      ('permit', 'permit', 'active_years', 'number', false, 1, 100, null),
      ('permit', 'permit', 'inactive_years', 'number', false, 0, 100, null),
      ('permit', 'permit', 'disposal', 'word', false, 0, 0, '{keep,destroy}'),
      ('permit', 'permit', 'departments', 'names', false, 0, 0, null),
      ('permit', 'permit', 'visit', 'visit', false, 0, 0, null),
      ('permit', 'permit', 'kinds', 'words', false, 0, 0, '{new,renewal,change,copy}'),
      ('permit', 'field', 'label', 'text', true, 0, 80, null),
      ('permit', 'field', 'type', 'word', true, 0, 0, '{text,multiline,number,money,date,choice,nik,npwp,nib,phone,postcode,email,coordinates,table,file}'),
      ('permit', 'field', 'required', 'flag', false, 0, 0, null),
      ('permit', 'field', 'max_length', 'number', false, 1, 4000, null),
      ('permit', 'field', 'choices', 'choices', false, 0, 0, null),
      ('permit', 'field', 'when', 'when', false, 0, 0, null),
      ('permit', 'field', 'hint', 'text', false, 0, 300, null),
      ('permit', 'field', 'inside', 'flag', false, 0, 0, null),
      ('permit', 'field', 'min_rows', 'number', false, 0, 500, null),
      ('permit', 'field', 'max_rows', 'number', false, 1, 500, null),
      ('permit', 'field', 'requirement', 'code_requirement', false, 0, 0, null),
      ('permit', 'column', 'label', 'text', true, 0, 80, null),
      ('permit', 'column', 'type', 'word', true, 0, 0, '{text,number,money,date,choice,nik,npwp,nib,phone,postcode,email}'),
      ('permit', 'column', 'required', 'flag', false, 0, 0, null),
      ('permit', 'column', 'max_length', 'number', false, 1, 1000, null),
      ('permit', 'column', 'choices', 'choices', false, 0, 0, null),
      ('permit', 'requirement', 'name', 'text', true, 0, 200, null),
      ('permit', 'requirement', 'required', 'flag', false, 0, 0, null),
      ('permit', 'requirement', 'number', 'flag', false, 0, 0, null),
      ('permit', 'requirement', 'expiry', 'flag', false, 0, 0, null),
      ('permit', 'requirement', 'largest', 'number', false, 1, 1024, null),
      ('permit', 'requirement', 'formats', 'words', false, 0, 0, '{pdf,jpeg,png,tiff}'),
      ('permit', 'requirement', 'when', 'when', false, 0, 0, null),
      ('permit', 'requirement', 'hint', 'text', false, 0, 300, null),
      ('permit', 'levy', 'name', 'text', true, 0, 200, null),
      ('permit', 'levy', 'legal_basis', 'text', true, 0, 300, null),
      ('permit', 'levy', 'price', 'number', true, 0, 1000000000000, null),
      ('permit', 'levy', 'valid_from', 'date', true, 0, 0, null),
      ('permit', 'levy', 'quantity', 'names', false, 0, 0, null),
      ('permit', 'levy', 'when', 'when', false, 0, 0, null))
      k(file, section, key, type, needed, low, high, words);
$$;

-- The sections of a file: the kind of their code (null: the only one of its kind, without a code), and whether they
-- hold rows, whose keys are data.
create function rule.draft_sections()
returns table (file text, section text, code_type text, rows boolean)
language sql immutable
as $$
  select * from (values ('workflow', 'workflow', null, false), ('workflow', 'stage', 'code_stage', false), ('workflow', 'step', 'code_step', false),
                        ('permit', 'permit', null, false), ('permit', 'field', 'code_name', false), ('permit', 'column', 'code_column', false),
                        ('permit', 'requirement', 'code_requirement', false),
                        ('permit', 'checklist', 'code_unit', true), ('permit', 'levy', 'code_name', false)) s;
$$;

-- A list of texts between separators, trimmed, without empty ones.
create function rule.split_list(value text, separator text)
returns text[]
language sql immutable
as $$
  select coalesce(array_agg(btrim(x.item) order by x.n) filter (where btrim(x.item) <> ''), '{}')
    from unnest(string_to_array(value, separator)) with ordinality x(item, n);
$$;

-- A value as a person writes it in a file.
create function rule.value_text(type text, value jsonb)
returns text
language sql immutable
as $$
  select case jsonb_typeof(value)
           when 'array' then (select string_agg(x.item, case type when 'choices' then ' | ' when 'when' then '=' else ', ' end order by x.n)
                                from jsonb_array_elements_text(value) with ordinality x(item, n))
           when 'boolean' then case when value::boolean then 'yes' else 'no' end
           when 'null' then null
           else value #>> '{}' end;
$$;

-- And back: what is not of the kind stays a text, which the check then tells.
create function rule.value_json(type text, value text)
returns jsonb
language sql immutable
as $$
  select case
           when type in ('words', 'names') then to_jsonb(rule.split_list(value, ','))
           when type = 'choices' then to_jsonb(rule.split_list(value, '|'))
           when type = 'when' then to_jsonb(array(select btrim(x) from unnest(string_to_array(value, '=')) x))
           when type = 'flag' and value in ('yes', 'no') then to_jsonb(value = 'yes')
           when type = 'number' and value ~ '^[0-9]{1,15}$' then to_jsonb(value::bigint)
           else to_jsonb(value) end;
$$;

create function rule.key_type(kind text, key text)
returns text
language sql immutable
as $$ select k.type from rule.draft_keys() k where k.section = key_type.kind and k.key = key_type.key $$;

-- The entries of a section as (key, value as written), in the order of a file.
create function rule.section_entries(section jsonb)
returns table (place int, key text, value text)
language sql immutable
as $$
  select row_number() over (order by x.place, x.key)::int, x.key, x.value
    from (select coalesce(k.place, 1000) as place, v.key, rule.value_text(k.type, v.value) as value
            from jsonb_each(case when jsonb_typeof(section_entries.section->'values') = 'object' then section_entries.section->'values' else '{}' end) v
            left join rule.draft_keys() k on k.section = section_entries.section->>'kind' and k.key = v.key
           union all
          select r.n, r.item->>0, r.item->>1
            from jsonb_array_elements(case when jsonb_typeof(section_entries.section->'rows') = 'array' then section_entries.section->'rows' else '[]' end)
                 with ordinality r(item, n)) x;
$$;

-- What a section is called: "stage:review", "step:review.initial > approval", "levy:board 2026-01-01".
create function rule.section_place(section jsonb)
returns text
language sql immutable
as $$
  select concat(section->>'kind', ':' || nullif(section->>'code', ''),
                case section->>'kind' when 'step' then ' > ' || (section #>> '{values,to}')
                                      when 'levy' then ' ' || (section #>> '{values,valid_from}') end);
$$;

-- ------------------------------------------------------------------------------------------- versions

-- The version of a workflow that new applications of that day take: the latest start that has come.
create function rule.workflow_version_at(office bigint, workflow bigint, day date)
returns int
language sql stable
as $$
  select v.version from workflow.version v
   where v.office_id = office and v.workflow_id = workflow and v.starts_on <= day
   order by v.starts_on desc, v.version desc limit 1;
$$;

create function rule.permit_version_at(office bigint, permit_type bigint, day date)
returns int
language sql stable
as $$
  select v.version from catalogue.permit_type_version v
   where v.office_id = office and v.permit_type_id = permit_type and v.starts_on <= day
   order by v.starts_on desc, v.version desc limit 1;
$$;

-- Brings `current_version` up to the day, where a version's start has come.
create function rule.begin_versions(office bigint)
returns void
language sql
as $$
  update workflow.workflow w set current_version = n.version
    from (select x.workflow_id, rule.workflow_version_at(office, x.workflow_id, rule.office_date(office)) as version
            from workflow.workflow x where x.office_id = office) n
   where w.office_id = office and w.workflow_id = n.workflow_id and w.current_version is distinct from n.version and n.version is not null;
  update catalogue.permit_type p set current_version = n.version
    from (select x.permit_type_id, rule.permit_version_at(office, x.permit_type_id, rule.office_date(office)) as version
            from catalogue.permit_type x where x.office_id = office) n
   where p.office_id = office and p.permit_type_id = n.permit_type_id and p.current_version is distinct from n.version and n.version is not null;
$$;

-- What a version was made of; put together from its rows where nothing was kept. null: there is no such version.
create function rule.workflow_document(office bigint, workflow bigint, version int)
returns jsonb
language sql stable
as $$
  select coalesce(v.document,
    jsonb_build_array(jsonb_build_object('kind', 'workflow', 'code', '', 'values', jsonb_build_object('code', w.code)))
    || coalesce((select jsonb_agg(jsonb_build_object('kind', 'stage', 'code', s.code, 'values', jsonb_strip_nulls(jsonb_build_object(
                          'name', s.name, 'role', nullif(s.role, ''), 'clock', case when not s.clock_runs then 'stands' end,
                          'kind', nullif(s.kind, 'task'), 'days', s.days, 'reassign', case when s.reassign then true end,
                          'demands', case when s.demands <> '{}' then to_jsonb(s.demands) end,
                          'produces', case when s.produces <> '{}' then to_jsonb(s.produces) end))) order by s.position, s.code)
                   from workflow.stage s
                  where s.office_id = v.office_id and s.workflow_id = v.workflow_id and s.version = v.version), '[]')
    || coalesce((select jsonb_agg(jsonb_build_object('kind', 'step', 'code', t.from_stage || '.' || t.action, 'values',
                          jsonb_strip_nulls(jsonb_build_object('to', t.to_stage, 'role', t.role, 'label', t.label,
                          'guards', case when t.guards <> '{}' then to_jsonb(t.guards) end,
                          'reason', case when t.needs_reason then true end, 'outcome', t.outcome)))
                          order by t.position, t.from_stage, t.action, t.to_stage)
                   from workflow.transition t
                  where t.office_id = v.office_id and t.workflow_id = v.workflow_id and t.version = v.version), '[]'))
    from workflow.version v
    join workflow.workflow w on w.office_id = v.office_id and w.workflow_id = v.workflow_id
   where v.office_id = office and v.workflow_id = workflow and v.version = workflow_document.version;
$$;

create function rule.when_json(when_field text, when_value text)
returns jsonb
language sql immutable
as $$ select case when when_field is not null then jsonb_build_array(when_field, when_value) end $$;

create function rule.permit_document(office bigint, permit_type bigint, version int)
returns jsonb
language sql stable
as $$
  select coalesce(v.document,
    jsonb_build_array(jsonb_build_object('kind', 'permit', 'code', '', 'values', jsonb_strip_nulls(jsonb_build_object(
      'code', p.code, 'name', v.name, 'sector', v.sector, 'service_days', v.service_days, 'valid_years', v.valid_years,
      'valid_not_past', v.valid_not_past, 'number_pattern', v.number_pattern, 'legal_basis', nullif(v.legal_basis, ''),
      'source', nullif(v.source, 'counter'), 'workflow', v.workflow, 'levy_formula', v.levy_formula, 'due_days', nullif(v.due_days, 10),
      'lapse_days', nullif(v.lapse_days, 30), 'deemed_approval', case when v.deemed_approval then true end, 'deemed_basis', v.deemed_basis,
      'short_workflow', v.short_workflow, 'short_days', v.short_days, 'active_years', v.active_years, 'inactive_years', v.inactive_years, 'disposal', nullif(v.disposal, 'keep'),
      'departments', (select jsonb_agg(u.code order by u.code)
                        from catalogue.permit_type_unit x join catalogue.unit u on u.office_id = x.office_id and u.unit_id = x.unit_id
                       where x.office_id = v.office_id and x.permit_type_id = v.permit_type_id and x.version = v.version),
      'visit', case v.visit when 'when' then 'when ' || v.visit_field || '=' || v.visit_value when 'always' then 'always' end,
      'kinds', case when v.kinds <> '{new,renewal,change,copy}' then to_jsonb(v.kinds) end))))
    || coalesce((select jsonb_agg(jsonb_build_object('kind', 'field', 'code', f.code, 'values', jsonb_strip_nulls(jsonb_build_object(
                          'label', f.label, 'type', f.type, 'required', case when f.required then true end,
                          'max_length', nullif(f.max_length, 200), 'choices', case when f.choices <> '{}' then to_jsonb(f.choices) end,
                          'when', rule.when_json(f.when_field, f.when_value), 'hint', f.hint, 'inside', case when f.inside then true end,
                          'min_rows', nullif(f.min_rows, 0), 'max_rows', nullif(f.max_rows, 100), 'requirement', f.requirement)))
                          order by f.position, f.code)
                   from catalogue.form_field f
                  where f.office_id = v.office_id and f.permit_type_id = v.permit_type_id and f.version = v.version), '[]')
    || coalesce((select jsonb_agg(jsonb_build_object('kind', 'column', 'code', c.field || '.' || c.code, 'values', jsonb_strip_nulls(jsonb_build_object(
                          'label', c.label, 'type', c.type, 'required', case when c.required then true end,
                          'max_length', nullif(c.max_length, 200), 'choices', case when c.choices <> '{}' then to_jsonb(c.choices) end)))
                          order by c.position, c.field, c.code)
                   from catalogue.form_column c
                  where c.office_id = v.office_id and c.permit_type_id = v.permit_type_id and c.version = v.version), '[]')
    || coalesce((select jsonb_agg(jsonb_build_object('kind', 'requirement', 'code', r.code, 'values', jsonb_strip_nulls(jsonb_build_object(
                          'name', r.name, 'required', case when not r.required then false end, 'number', case when r.needs_number then true end,
                          'expiry', case when r.needs_expiry then true end, 'largest', nullif(r.max_bytes / 1048576, 10),
                          'formats', case when r.formats <> '{pdf,jpeg,png,tiff}' then to_jsonb(r.formats) end,
                          'when', rule.when_json(r.when_field, r.when_value), 'hint', r.hint))) order by r.position, r.code)
                   from catalogue.requirement r
                  where r.office_id = v.office_id and r.permit_type_id = v.permit_type_id and r.version = v.version), '[]')
    || coalesce((select jsonb_agg(jsonb_build_object('kind', 'checklist', 'code', c.unit_code, 'rows', c.rows) order by c.unit_code)
                   from (select i.unit_code, jsonb_agg(jsonb_build_array(i.code, i.question) order by i.position, i.code) as rows
                           from catalogue.checklist_item i
                          where i.office_id = v.office_id and i.permit_type_id = v.permit_type_id and i.version = v.version
                          group by i.unit_code) c), '[]')
    || coalesce((select jsonb_agg(jsonb_build_object('kind', 'levy', 'code', l.code, 'values', jsonb_strip_nulls(jsonb_build_object(
                          'name', l.name, 'legal_basis', l.legal_basis, 'price', l.price, 'valid_from', l.valid_from,
                          'quantity', case when l.quantity_fields <> '{}' then to_jsonb(l.quantity_fields) end,
                          'when', rule.when_json(l.when_field, l.when_value)))) order by l.position, l.code, l.valid_from)
                   from catalogue.levy_item l
                  where l.office_id = v.office_id and l.permit_type_id = v.permit_type_id and l.version = v.version), '[]'))
    from catalogue.permit_type_version v
    join catalogue.permit_type p on p.office_id = v.office_id and p.permit_type_id = v.permit_type_id
   where v.office_id = office and v.permit_type_id = permit_type and v.version = permit_document.version;
$$;

-- A workflow's or permit type's document by its code: of that version, or (0) of the one in force, or null.
create function rule.rule_document(office bigint, kind text, code text, version int)
returns jsonb
language sql stable
as $$
  select case rule_document.kind
    when 'workflow' then
      (select rule.workflow_document(office, w.workflow_id,
                coalesce(nullif(rule_document.version, 0), rule.workflow_version_at(office, w.workflow_id, rule.office_date(office))))
         from workflow.workflow w where w.office_id = office and w.code = rule_document.code)
    else
      (select rule.permit_document(office, p.permit_type_id,
                coalesce(nullif(rule_document.version, 0), rule.permit_version_at(office, p.permit_type_id, rule.office_date(office))))
         from catalogue.permit_type p where p.office_id = office and p.code = rule_document.code) end;
$$;

-- The same of a version that is known; null before the first.
create function rule.version_document(office bigint, kind text, code text, version int)
returns jsonb
language sql stable
as $$ select case when version > 0 then rule.rule_document(office, kind, code, version) end $$;

-- ---------------------------------------------------------------------------------------------- files

-- "key = value" in lines of at most 198 bytes: the next begins with a blank. Broken where one blank stands alone and
-- what follows does not begin a comment.
create function rule.ini_line(key text, value text)
returns text
language plpgsql immutable
as $$
declare
  most constant int := 180;
  line text := key || ' =';
  result text := '';
  word text;
begin
  foreach word in array string_to_array(value, ' ') loop
    if octet_length(line) + octet_length(word) + 1 > most and word <> '' and word !~ '^[;#]' and right(line, 1) <> ' ' and line <> key || ' =' then
      result := result || line || E'\n';
      line := '    ' || word;
    else
      line := line || ' ' || word;
    end if;
  end loop;
  return result || line || E'\n';
end
$$;

-- The file that a document makes: `loketd catalogue load` makes the same document of it.
create function rule.document_ini(document jsonb)
returns text
language sql immutable
as $$
  select string_agg(s.text, E'\n' order by s.n)
    from (select d.n, concat('[', d.item->>'kind', ':' || nullif(d.item->>'code', ''), E']\n',
                             (select string_agg(rule.ini_line(e.key, e.value), '' order by e.place) from rule.section_entries(d.item) e)) as text
            from jsonb_array_elements(document) with ordinality d(item, n)) s;
$$;

-- ---------------------------------------------------------------------------------------- differences

-- A document's sections by their place; the same place a second time gets a number.
create function rule.placed_sections(document jsonb)
returns table (n int, place text, item jsonb)
language sql immutable
as $$
  select x.n::int, x.place || case when x.nth > 1 then ' #' || x.nth else '' end, x.item
    from (select d.n, rule.section_place(d.item) as place, d.item,
                 row_number() over (partition by rule.section_place(d.item) order by d.n) as nth
            from jsonb_array_elements(coalesce(document, '[]')) with ordinality d(item, n)) x;
$$;

-- What `after` changes: whole sections added, removed or moved among their kind, and values changed.
create function rule.document_differences(before jsonb, after jsonb)
returns table (place text, change text, field text, was text, becomes text)
language sql immutable
as $$
  with b as (select * from rule.placed_sections(document_differences.before)),
       a as (select * from rule.placed_sections(document_differences.after)),
       both_sides as (
         select b.place, b.item as b, a.item as a, a.n,
                rank() over (partition by b.item->>'kind' order by b.n) as b_rank, rank() over (partition by b.item->>'kind' order by a.n) as a_rank
           from b join a using (place)),
       changes as (
         select a.place, 'added' as change, null::text as field, null::text as was,
                (select string_agg(e.key || ' = ' || e.value, ', ' order by e.place) from rule.section_entries(a.item) e) as becomes, a.n as n, 0 as m
           from a where a.place not in (select x.place from b x)
         union all
         select b.place, 'removed', null, (select string_agg(e.key || ' = ' || e.value, ', ' order by e.place) from rule.section_entries(b.item) e), null, b.n, 0
           from b where b.place not in (select x.place from a x)
         union all
         select x.place, 'changed', e.key, e.was, e.becomes, x.n, e.place
           from both_sides x
          cross join lateral (select coalesce(o.key, w.key) as key, o.value as was, w.value as becomes, coalesce(w.place, o.place) as place
                                from rule.section_entries(x.b) o full join rule.section_entries(x.a) w on w.key = o.key) e
          where e.was is distinct from e.becomes
         union all
         select x.place, 'moved', null, x.b_rank::text, x.a_rank::text, x.n, 0 from both_sides x where x.b_rank <> x.a_rank)
  select c.place, c.change, c.field, c.was, c.becomes from changes c order by c.n, c.m, c.place;
$$;
