-- Takes the document that `loketd catalogue load` makes of an office's data files (server/catalogue_json.c). What an
-- application started with stays: changed content becomes a new version, unchanged content stays as it is.

-- The values of a file's first section of a kind.
create function rule.section_values(file jsonb, kind text)
returns jsonb
language sql immutable
as $$
  select coalesce(s->'values', '{}') from jsonb_array_elements(file) s where s->>'kind' = section_values.kind limit 1;
$$;

-- The sections of a kind in their order.
create function rule.sections(file jsonb, kind text)
returns table (place int, code text, given jsonb, rows jsonb)
language sql immutable
as $$
  select row_number() over (order by s.n)::int, s.item->>'code', coalesce(s.item->'values', '{}'), coalesce(s.item->'rows', '[]')
    from jsonb_array_elements(file) with ordinality s(item, n)
   where s.item->>'kind' = sections.kind;
$$;

create function rule.text_array(list jsonb)
returns text[]
language sql immutable
as $$
  select coalesce(array_agg(x.item order by x.n), '{}')
    from jsonb_array_elements_text(coalesce(list, '[]')) with ordinality x(item, n);
$$;

create function rule.content_hash(content jsonb)
returns bytea
language sql immutable
as $$ select sha256(convert_to(content::text, 'UTF8')) $$;

-- Demonstration accounts have known passwords: where real people work there will never be one.
create function rule.refuse_demonstration(code text)
returns void
language plpgsql
as $$
declare
  o catalogue.office;
begin
  select x.* into o from catalogue.office x where x.code = refuse_demonstration.code;
  if not found or o.demonstration then
    return;
  end if;
  perform rule.work_for(o.office_id, null);
  if exists (select from identity.user_account u where u.office_id = o.office_id) then
    perform rule.fail(5, '--demonstration', 'A real office with users never becomes one for demonstration');
  end if;
end
$$;

-- The office's hours and holidays as its files say them, until it keeps its calendar itself. Promises follow.
create function rule.load_calendar(id bigint, document jsonb)
returns void
language plpgsql
as $$
declare
  days text[] := '{monday,tuesday,wednesday,thursday,friday,saturday,sunday}';
begin
  perform rule.lock_calendar(id);
  if not (select o.own_calendar from catalogue.office o where o.office_id = id) then
    delete from catalogue.office_hours h where h.office_id = id;
    insert into catalogue.office_hours (office_id, weekday, opens, closes)
    select id, array_position(days, d.day), split_part(s.span, '-', 1)::time, split_part(s.span, '-', 2)::time
      from jsonb_each(rule.section_values(document #> '{office,0}', 'hours')) d(day, spans),
           unnest(rule.text_array(d.spans)) s(span);
    delete from catalogue.holiday h where h.office_id = id;
    insert into catalogue.holiday (office_id, day, name)
    select id, (r->>0)::date, r->>1
      from rule.sections(document #> '{holidays,0}', 'holidays') s, jsonb_array_elements(s.rows) r;
  end if;
  perform rule.calendar_apply((id, null, 'loketd catalogue', null, 'catalogue.load', '{}', null, null)::rule.who);
end
$$;

-- The office itself: its calendar, hours and units. Returns its id, and works for it from here on.
create function rule.load_office(document jsonb)
returns bigint
language plpgsql
as $$
declare
  given jsonb := rule.section_values(document #> '{office,0}', 'office');
  days text[] := '{monday,tuesday,wednesday,thursday,friday,saturday,sunday}';
  off int;
  id bigint;
begin
  if (document->>'demonstration')::boolean then
    perform rule.refuse_demonstration(given->>'code');
  end if;
  select coalesce(bit_or(1 << (array_position(days, d) - 1)), 0) into off from unnest(rule.text_array(given->'weekly_off')) d;
  insert into catalogue.office as o (code, name, city, address, phone, time_zone, weekly_off, demonstration, header, signatory_title,
                                     verification_address, electronic_signature, arms, work_order, assignment, surveyor_rest_days,
                                     one_time_codes, step_up, four_eyes_roles, bounds)
  values (given->>'code', given->>'name', given->>'city', coalesce(given->>'address', ''), coalesce(given->>'phone', ''),
          given->>'time_zone', off, (document->>'demonstration')::boolean, coalesce(given->>'header', ''),
          coalesce(given->>'signatory_title', ''), coalesce(given->>'verification_address', ''),
          coalesce((given->>'electronic_signature')::boolean, false), decode(document->>'arms', 'base64'),
          coalesce(given->>'order', 'advisory'), coalesce(given->>'assignment', 'manual'), coalesce((given->>'surveyor_rest_days')::int, 180),
          coalesce(given->>'one_time_codes', 'optional'), coalesce((given->>'step_up')::boolean, false),
          coalesce((given->>'four_eyes_roles')::boolean, false),
          case when given ? 'bounds' then rule.text_array(given->'bounds')::numeric[] end)
  on conflict (code) do update
     set name = excluded.name, city = excluded.city, address = excluded.address, phone = excluded.phone,
         time_zone = excluded.time_zone,
         weekly_off = case when o.own_calendar then o.weekly_off else excluded.weekly_off end, demonstration = excluded.demonstration,
         header = excluded.header, signatory_title = excluded.signatory_title, verification_address = excluded.verification_address,
         electronic_signature = excluded.electronic_signature, arms = excluded.arms, work_order = excluded.work_order,
         assignment = excluded.assignment, surveyor_rest_days = excluded.surveyor_rest_days,
         one_time_codes = excluded.one_time_codes, step_up = excluded.step_up, four_eyes_roles = excluded.four_eyes_roles, bounds = excluded.bounds
  returning o.office_id into id;
  perform rule.work_for(id, null);
  perform rule.load_calendar(id, document);
  insert into catalogue.province (code, name)
  select r->>0, r->>1
    from rule.sections(document #> '{provinces,0}', 'provinces') s, jsonb_array_elements(s.rows) r
  on conflict (code) do update set name = excluded.name;
  insert into catalogue.unit (office_id, code, name, department)
  select id, s.code, s.given->>'name', coalesce((s.given->>'department')::boolean, false)
    from rule.sections(document #> '{units,0}', 'unit') s
  on conflict (office_id, code) do update set name = excluded.name, department = excluded.department;
  return id;
end
$$;

-- A workflow's file. True when it became a new version.
create function rule.load_workflow(office bigint, file jsonb)
returns boolean
language plpgsql
as $$
declare
  w workflow.workflow;
  today date := rule.office_date(office);
  in_force int;
begin
  insert into workflow.workflow (office_id, code) values (office, rule.section_values(file, 'workflow')->>'code')
  on conflict (office_id, code) do update set code = excluded.code
  returning * into w;
  in_force := rule.workflow_version_at(office, w.workflow_id, today);
  -- what is kept of versions from before is as good as the file that they were made of
  update workflow.version v set document = file
   where v.office_id = office and v.workflow_id = w.workflow_id and v.version = in_force and v.content_hash = rule.content_hash(file);
  -- a file that is as it was when it was last loaded takes nothing back that the office changed since in loket
  if found or rule.content_hash(file) = (select v.content_hash from workflow.version v
                                          where v.office_id = office and v.workflow_id = w.workflow_id and v.draft_id is null
                                          order by v.version desc limit 1) then
    return false;
  end if;
  perform rule.add_workflow_version(office, w.workflow_id, file, today, null);
  return true;
end
$$;

-- The next version of a workflow, from its document. New applications take it from that day on.
create function rule.add_workflow_version(office bigint, workflow bigint, file jsonb, starts_on date, draft_id bigint)
returns int
language plpgsql
as $$
declare
  w workflow.workflow;
  hash bytea := rule.content_hash(file);
begin
  select x.* into w from workflow.workflow x where x.office_id = office and x.workflow_id = workflow for update;
  select coalesce(max(v.version), 0) + 1 into w.current_version
    from workflow.version v where v.office_id = office and v.workflow_id = w.workflow_id;
  insert into workflow.version (office_id, workflow_id, version, content_hash, starts_on, document, draft_id)
  values (office, w.workflow_id, w.current_version, hash, starts_on, file, draft_id);
  insert into workflow.stage (office_id, workflow_id, version, code, position, name, role, clock_runs, kind, days, reassign, demands, produces)
  select office, w.workflow_id, w.current_version, s.code, s.place, s.given->>'name', coalesce(s.given->>'role', ''),
         coalesce(s.given->>'clock', 'runs') = 'runs', coalesce(s.given->>'kind', 'task'), (s.given->>'days')::int,
         coalesce((s.given->>'reassign')::boolean, false), rule.text_array(s.given->'demands'), rule.text_array(s.given->'produces')
    from rule.sections(file, 'stage') s;
  insert into workflow.transition (office_id, workflow_id, version, from_stage, action, to_stage, position, label, role,
                                   guards, needs_reason, outcome)
  select office, w.workflow_id, w.current_version, split_part(s.code, '.', 1), split_part(s.code, '.', 2), s.given->>'to',
         s.place, s.given->>'label', s.given->>'role', rule.text_array(s.given->'guards'),
         coalesce((s.given->>'reason')::boolean, false), s.given->>'outcome'
    from rule.sections(file, 'step') s;
  perform rule.begin_versions(office);
  return w.current_version;
end
$$;

-- The parts of a permit type's version.
create function rule.load_permit_parts(v catalogue.permit_type_version, file jsonb)
returns void
language plpgsql
as $$
begin
  insert into catalogue.permit_type_unit (office_id, permit_type_id, version, unit_id)
  select v.office_id, v.permit_type_id, v.version, u.unit_id
    from catalogue.unit u
   where u.office_id = v.office_id and u.code = any (rule.text_array(rule.section_values(file, 'permit')->'departments'));
  insert into catalogue.form_field (office_id, permit_type_id, version, code, position, label, type, required, max_length,
                                    choices, when_field, when_value, hint, inside, min_rows, max_rows, requirement)
  select v.office_id, v.permit_type_id, v.version, s.code, s.place, s.given->>'label', s.given->>'type',
         coalesce((s.given->>'required')::boolean, false), coalesce((s.given->>'max_length')::int, 200),
         rule.text_array(s.given->'choices'), s.given #>> '{when,0}', s.given #>> '{when,1}', s.given->>'hint',
         coalesce((s.given->>'inside')::boolean, false), coalesce((s.given->>'min_rows')::int, 0),
         coalesce((s.given->>'max_rows')::int, 100), s.given->>'requirement'
    from rule.sections(file, 'field') s;
  insert into catalogue.form_column (office_id, permit_type_id, version, field, code, position, label, type, required, max_length, choices)
  select v.office_id, v.permit_type_id, v.version, split_part(s.code, '.', 1), split_part(s.code, '.', 2), s.place, s.given->>'label',
         s.given->>'type', coalesce((s.given->>'required')::boolean, false), coalesce((s.given->>'max_length')::int, 200),
         rule.text_array(s.given->'choices')
    from rule.sections(file, 'column') s;
  insert into catalogue.requirement (office_id, permit_type_id, version, code, position, name, required, needs_number,
                                     needs_expiry, when_field, when_value, hint, max_bytes, formats)
  select v.office_id, v.permit_type_id, v.version, s.code, s.place, s.given->>'name',
         coalesce((s.given->>'required')::boolean, true), coalesce((s.given->>'number')::boolean, false),
         coalesce((s.given->>'expiry')::boolean, false), s.given #>> '{when,0}', s.given #>> '{when,1}', s.given->>'hint',
         coalesce((s.given->>'largest')::bigint, 10) * 1048576,
         case when s.given ? 'formats' then rule.text_array(s.given->'formats') else '{pdf,jpeg,png,tiff}' end
    from rule.sections(file, 'requirement') s;
  insert into catalogue.checklist_item (office_id, permit_type_id, version, unit_code, code, position, question)
  select v.office_id, v.permit_type_id, v.version, s.code, r.item->>0, r.n, r.item->>1
    from rule.sections(file, 'checklist') s, jsonb_array_elements(s.rows) with ordinality r(item, n);
  insert into catalogue.levy_item (office_id, permit_type_id, version, code, position, name, legal_basis, price, valid_from,
                                   quantity_fields, when_field, when_value)
  select v.office_id, v.permit_type_id, v.version, s.code, s.place, s.given->>'name', s.given->>'legal_basis',
         (s.given->>'price')::bigint, (s.given->>'valid_from')::date, rule.text_array(s.given->'quantity'),
         s.given #>> '{when,0}', s.given #>> '{when,1}'
    from rule.sections(file, 'levy') s;
end
$$;

-- A permit type's file. True when it became a new version.
create function rule.load_permit(office bigint, file jsonb)
returns boolean
language plpgsql
as $$
declare
  p catalogue.permit_type;
  today date := rule.office_date(office);
  in_force int;
  levy_tree jsonb := rule.section_values(file, 'formula')->'tree';
begin
  -- what is kept is what the file says; the tree of its formula stands in a column of the version
  file := (select jsonb_agg(x.item order by x.n) from jsonb_array_elements(file) with ordinality x(item, n) where x.item->>'kind' <> 'formula');
  insert into catalogue.permit_type (office_id, code) values (office, rule.section_values(file, 'permit')->>'code')
  on conflict (office_id, code) do update set code = excluded.code
  returning * into p;
  in_force := rule.permit_version_at(office, p.permit_type_id, today);
  update catalogue.permit_type_version x set document = file
   where x.office_id = office and x.permit_type_id = p.permit_type_id and x.version = in_force and x.content_hash = rule.content_hash(file);
  if found or rule.content_hash(file) = (select x.content_hash from catalogue.permit_type_version x
                                          where x.office_id = office and x.permit_type_id = p.permit_type_id and x.draft_id is null
                                          order by x.version desc limit 1) then
    return false;
  end if;
  perform rule.add_permit_version(office, p.permit_type_id, file, today, null, levy_tree);
  return true;
end
$$;

-- The next version of a permit type, from its document. `levy_tree`: of its formula, when it comes with one.
create function rule.add_permit_version(office bigint, permit_type bigint, file jsonb, starts_on date, draft_id bigint,
                                        levy_tree jsonb default null)
returns int
language plpgsql
as $$
declare
  given jsonb := rule.section_values(file, 'permit');
  visit text := coalesce(given->>'visit', 'never');
  hash bytea := rule.content_hash(file);
  p catalogue.permit_type;
  v catalogue.permit_type_version;
begin
  select x.* into p from catalogue.permit_type x where x.office_id = office and x.permit_type_id = permit_type for update;
  select coalesce(max(x.version), 0) + 1 into p.current_version
    from catalogue.permit_type_version x where x.office_id = office and x.permit_type_id = p.permit_type_id;
  insert into catalogue.permit_type_version (office_id, permit_type_id, version, name, sector, service_days, valid_years,
    valid_not_past, number_pattern, legal_basis, source, visit, visit_field, visit_value, levy, workflow, kinds, lapse_days,
    deemed_approval, deemed_basis, content_hash, levy_formula, levy_tree, due_days, starts_on, document, draft_id,
    active_years, inactive_years, disposal, short_workflow, short_days)
  values (office, p.permit_type_id, p.current_version, given->>'name', given->>'sector', (given->>'service_days')::int,
    (given->>'valid_years')::int, given->>'valid_not_past', given->>'number_pattern', coalesce(given->>'legal_basis', ''),
    coalesce(given->>'source', 'counter'), case when visit like 'when %' then 'when' else visit end,
    case when visit like 'when %' then btrim(split_part(substr(visit, 6), '=', 1)) end,
    case when visit like 'when %' then btrim(split_part(substr(visit, 6), '=', 2)) end,
    exists (select from rule.sections(file, 'levy')) or given ? 'levy_formula', given->>'workflow',
    case when given ? 'kinds' then rule.text_array(given->'kinds') else '{new,renewal,change,copy}' end,
    coalesce((given->>'lapse_days')::int, 30), coalesce((given->>'deemed_approval')::boolean, false), given->>'deemed_basis', hash,
    given->>'levy_formula', coalesce(add_permit_version.levy_tree, rule.document_formula(file)), coalesce((given->>'due_days')::int, 10),
    starts_on, file, draft_id,
    (given->>'active_years')::int, (given->>'inactive_years')::int, coalesce(given->>'disposal', 'keep'),
    given->>'short_workflow', (given->>'short_days')::int)
  returning * into v;
  perform rule.load_permit_parts(v, file);
  perform rule.begin_versions(office);
  return v.version;
end
$$;

-- The templates of documents. A changed one is a new row; one that is gone is no longer used.
create function rule.load_templates(office bigint, templates jsonb)
returns int
language plpgsql
as $$
declare
  changed int;
begin
  update document.template t set current = false
   where t.office_id = office and t.current and not exists (
         select from jsonb_array_elements(templates) g
          where g->>'kind' = t.kind and nullif(g->>'permit_type', '') is not distinct from t.permit_type
            and sha256(convert_to(g->>'text', 'UTF8')) = t.sha256);
  insert into document.template (office_id, kind, permit_type, path, text, sha256)
  select office, g->>'kind', nullif(g->>'permit_type', ''), g->>'path', g->>'text', sha256(convert_to(g->>'text', 'UTF8'))
    from jsonb_array_elements(templates) g
   where not exists (select from document.template t
                      where t.office_id = office and t.current and t.kind = g->>'kind'
                        and t.permit_type is not distinct from nullif(g->>'permit_type', ''));
  get diagnostics changed = row_count;
  return changed;
end
$$;

-- Loads the whole document, and says in a line what it did. All of it or, when it raises, nothing.
create function rule.catalogue_load(document jsonb)
returns text
language plpgsql
as $$
declare
  office bigint := rule.load_office(document);
  changed text[] := '{}';
  total int := 0;
  templates int;
  file jsonb;
begin
  for file in select jsonb_array_elements(document->'workflow') loop
    if rule.load_workflow(office, file) then
      changed := changed || (rule.section_values(file, 'workflow')->>'code');
    end if;
    total := total + 1;
  end loop;
  for file in select jsonb_array_elements(document->'permit') loop
    if rule.load_permit(office, file) then
      changed := changed || (rule.section_values(file, 'permit')->>'code');
    end if;
    total := total + 1;
  end loop;
  templates := rule.load_templates(office, coalesce(document->'templates', '[]'));
  perform rule.record((office, null, 'loketd catalogue', null, 'catalogue.load', '{}', null, null)::rule.who, 'catalogue_loaded',
                      detail => jsonb_build_object('changed', changed, 'templates', templates));
  return format('%s permit types and workflows, %s of them new or changed; %s new templates', total, cardinality(changed), templates);
end
$$;
