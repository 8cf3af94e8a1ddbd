-- What is wrong with a draft, one row for each mistake: where (a section, or '' for the whole), which key, and a
-- message with at most one %s, which `argument` replaces. Nothing with a row here is published. The rules of files are
-- those of server/catalogue_*.c; those on people and screens can only be asked here. Many small parts over a few rows:
-- compiling them first (jit) would take a second, and running them takes a few milliseconds.

-- What is wrong with a value as a person writes it, by the kind of its key; no row when nothing is.
create function rule.value_mistake(type text, low bigint, high bigint, words text[], value text)
returns table (message text, argument text)
language plpgsql immutable
as $$
declare
  item text;
  rest text;
begin
  if value is null or value = '' then
    return query select 'is empty', null::text;
  elsif octet_length(value) > 4000 or value ~ '[\x01-\x1f\x7f]' then
    return query select 'has characters that cannot be shown', null::text;
  elsif value ~ '(^|[[:space:]])[;#]' or value ~ '^[[:space:]]|[[:space:]]$' or length(value) >= 150 and value ~ '[^[:space:]]{150}' then
    return query select 'can''t be written to a file: a blank before ; or #, at its begin or end, or a word of 150 characters', null::text;
  elsif type = 'text' and length(value) > high then
    return query select 'is longer than %s characters', high::text;
  elsif type = 'number' and value !~ '^[0-9]{1,15}$' then
    return query select 'is not a number (digits only)', null::text;
  elsif type = 'number' and value::bigint not between low and high then
    return query select 'is not between %s', low || ' and ' || high;
  elsif type = 'flag' and value not in ('yes', 'no') then
    return query select 'is neither yes nor no', null::text;
  elsif type = 'word' and value <> all (words) then
    return query select 'is not one of %s', array_to_string(words, ', ');
  elsif type = 'words' then
    return query select '"%s" is not one of the choices', w from unnest(rule.split_list(value, ',')) w where w <> all (words) limit 1;
  elsif type = 'date' then
    if value !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' then
      return query select 'is not a date (YYYY-MM-DD)', null::text;
    else
      begin
        perform make_date(left(value, 4)::int, substr(value, 6, 2)::int, right(value, 2)::int);
      exception when datetime_field_overflow then
        return query select 'the day %s does not exist', value;
      end;
    end if;
  elsif type = 'when' and value !~ '^[^=]+=[^=]+$' then
    return query select 'is not of the form field=value', null::text;
  elsif type = 'visit' and value not in ('never', 'always') and value !~ '^when [^=]+=[^=]+$' then
    return query select 'is not never, always or when field=value', null::text;
  elsif type = 'choices' then
    foreach item in array rule.split_list(value, '|') loop
      if item !~ '^[A-Za-z0-9_.-]+=.' then
        return query select '"%s" is not of the form code=label', item;
        return;
      end if;
    end loop;
    return query select 'two choices have the code "%s"', split_part(i, '=', 1) from unnest(rule.split_list(value, '|')) i
                  group by split_part(i, '=', 1) having count(*) > 1 limit 1;
  elsif type = 'pattern' then
    rest := replace(replace(replace(replace(replace(replace(value, '{NNNN}', ''), '{J}', ''), '{DD}', ''), '{MM}', ''), '{mm}', ''), '{YYYY}', '');
    if rest ~ '[{}]' then
      return query select 'has something in { } that is not one of %s', '{NNNN}, {J}, {DD}, {MM}, {mm}, {YYYY}';
    elsif length(value) > 80 then
      return query select 'is longer than %s characters', '80';
    elsif length(value) - length(replace(value, '{NNNN}', '')) <> 6 then
      return query select 'must have the running number {NNNN} once', null::text;
    elsif position('{YYYY}' in value) = 0 then
      return query select 'must have the year {YYYY}: the running number begins anew each year', null::text;
    end if;
  elsif type = 'code_stage' and value !~ '^[a-z][a-z_]{1,30}$' then
    return query select 'is not a code: %s, 2 to 31 of them, a letter first', 'small letters and _';
  elsif type = 'code_name' and value !~ '^[a-z][a-z0-9_]{1,30}$' then
    return query select 'is not a code: %s, 2 to 31 of them, a letter first', 'small letters, digits and _';
  elsif type = 'code_requirement' and value !~ '^[A-Z][A-Z0-9_]{1,30}$' then
    return query select 'is not a code: %s, 2 to 31 of them, a letter first', 'capital letters, digits and _';
  elsif type = 'code_upper' and value !~ '^[A-Z][A-Z0-9-]{1,30}$' then
    return query select 'is not a code: %s, 2 to 31 of them, a letter first', 'capital letters, digits and -';
  elsif type = 'code_unit' and value <> '*' and value !~ '^[A-Z][A-Z0-9-]{1,30}$' then
    return query select 'is not a code: %s, 2 to 31 of them, a letter first', 'capital letters, digits and -';
  elsif type = 'code_step' and value !~ '^[a-z][a-z_]{1,30}[.][a-z][a-z_]{1,30}$' then
    return query select 'is not of the form stage.action', null::text;
  elsif type = 'code_column' and value !~ '^[a-z][a-z0-9_]{1,30}[.][a-z][a-z0-9_]{1,30}$' then
    return query select 'is not of the form field.column', null::text;
  end if;
end
$$;

-- The sections by themselves: kinds, codes, keys and values.
create function rule.section_mistakes(kind text, document jsonb)
returns table (place text, field text, message text, argument text)
language sql stable set jit = off
as $$
  with d as (select p.*, s.section, s.code_type, s.rows, p.item->>'kind' as section_kind, coalesce(p.item->>'code', '') as code
               from rule.placed_sections(document) p
               left join rule.draft_sections() s on s.file = section_mistakes.kind and s.section = p.item->>'kind')
  select x.place, x.field, x.message, x.argument
    from (
      select d.n, 0 as m, d.place, null::text as field, 'is not a section of this file' as message, null::text as argument from d where d.section is null
      union all
      select d.n, 1, d.place, 'code', v.message, v.argument
        from d cross join lateral rule.value_mistake(d.code_type, 0, 0, null, d.code) v where d.section is not null and d.code_type is not null
      union all
      select d.n, 2, d.place, null, 'is there twice', null
        from d where d.section_kind not in ('step', 'levy') and exists (select from d o where o.n < d.n and o.section_kind = d.section_kind and o.code = d.code)
      union all
      select d.n, 3, d.place, e.key, 'is not a key of this section', null
        from d cross join lateral rule.section_entries(d.item) e
       where d.section is not null and not d.rows and not exists (select from rule.draft_keys() k where k.section = d.section and k.key = e.key)
      union all
      select d.n, 4, d.place, k.key, 'is missing', null
        from d join rule.draft_keys() k on k.section = d.section and k.needed
       where not exists (select from rule.section_entries(d.item) e where e.key = k.key and e.value <> '')
      union all
      select d.n, 5, d.place, k.key, v.message, v.argument
        from d join rule.draft_keys() k on k.section = d.section
        join lateral rule.section_entries(d.item) e on e.key = k.key
        cross join lateral rule.value_mistake(k.type, k.low, k.high, k.words, e.value) v
       where not (k.needed and coalesce(e.value, '') = '')
      union all
      select d.n, 6, d.place, e.key, v.message, v.argument
        from d cross join lateral rule.section_entries(d.item) e
        cross join lateral (select * from rule.value_mistake('code_name', 0, 0, null, e.key) union all
                            select * from rule.value_mistake('text', 0, 300, null, e.value)) v
       where d.rows
      union all
      select d.n, 7, d.place, e.key, 'is given twice', null
        from d cross join lateral rule.section_entries(d.item) e
       where d.rows and exists (select from rule.section_entries(d.item) o where o.key = e.key and o.place < e.place)
      union all
      select 0, 8, '', null, 'the section [%s] is missing', s.section
        from rule.draft_sections() s
       where s.file = section_mistakes.kind and s.section in ('workflow', 'stage', 'step', 'permit')
         and not exists (select from d where d.section = s.section)) x
   order by x.n, x.m, x.field;
$$;

-- Stages whose work has a screen and functions of its own: who works there, and the steps that these can take. In any
-- other stage of the kind task its role decides which step is taken (stage.decide).
create function rule.known_stages()
returns table (code text, role text, actions text[])
language sql immutable
as $$
  select * from (values ('intake', 'front_office', '{submit}'::text[]), ('verification', 'analyst', '{draft,inspect,return,propose_refusal}'),
    ('correction', 'front_office', '{resubmit}'), ('drafting', 'analyst', '{submit,send_back}'), ('payment', 'treasurer', '{confirm}'),
    ('review', 'section_head', '{initial,send_back}'), ('approval', 'head', '{approve,refuse,send_back}'),
    ('handover', 'front_office', '{hand_over}'), ('archive', 'archivist', '{file}')) s;
$$;

-- What each kind of stage asks: who works in it, and the step that is taken there by itself.
create function rule.kind_rules()
returns table (kind text, role text, action text)
language sql immutable
as $$
  select * from (values ('inspection', 'technical_coordinator', 'complete'), ('issue', 'system', 'issue'), ('refuse', 'system', 'issue'),
                        ('sign', 'head', 'sign'), ('end', '', null)) k;
$$;

-- Does the workflow hold together: its stages, the steps between them, a way to the end from each, and people for it?
create function rule.workflow_mistakes(office bigint, document jsonb)
returns table (place text, field text, message text, argument text)
language sql stable set jit = off
as $$
  with recursive
  s as (select p.n, p.place, coalesce(p.item->>'code', '') as code, p.item->'values' as v, coalesce(p.item #>> '{values,kind}', 'task') as kind,
               coalesce(p.item #>> '{values,role}', '') as role, row_number() over (order by p.n) as nth
          from rule.placed_sections(document) p where p.item->>'kind' = 'stage'),
  t as (select p.n, p.place, split_part(p.item->>'code', '.', 1) as from_stage, split_part(p.item->>'code', '.', 2) as action,
               p.item #>> '{values,to}' as to_stage, coalesce(p.item #>> '{values,role}', '') as role, p.item #>> '{values,outcome}' as outcome
          from rule.placed_sections(document) p where p.item->>'kind' = 'step'),
  first as (select * from s where s.nth = 1),
  reached as (select code from first union select t.to_stage from reached r join t on t.from_stage = r.code),
  ending as (select code from s where kind = 'end' union select t.from_stage from ending e join t on t.to_stage = e.code),
  ways as (select t.from_stage, t.to_stage from t union select w.from_stage, t.to_stage from ways w join t on t.from_stage = w.to_stage),
  demanded as (select s.n, s.place, s.code, d.word from s cross join lateral unnest(rule.split_list(rule.value_text('words', s.v->'demands'), ',')) d(word)),
  produced as (select s.n, s.place, s.code, s.kind, d.word from s cross join lateral unnest(rule.split_list(rule.value_text('words', s.v->'produces'), ',')) d(word)),
  held as (select distinct r.role from identity.user_role r join identity.user_account u on u.office_id = r.office_id and u.user_id = r.user_id
            where r.office_id = office and u.active),
  found as (
    select s.n, s.place, 'role' as field, 'a task needs somebody who does it' as message, null::text as argument
      from s where s.kind = 'task' and s.role in ('', 'system')
    union all
    select s.n, s.place, 'role', 'people with the role %s work on inspections or complaints, not in a stage of this kind', s.role
      from s where s.kind = 'task' and s.role in ('technical_coordinator', 'surveyor', 'complaints_officer')
    union all
    select s.n, s.place, 'role', case when k.role = '' then 'a stage of the kind %s has no role' else 'a stage of this kind has the role %s' end,
           case when k.role = '' then s.kind else k.role end
      from s join rule.kind_rules() k on k.kind = s.kind where k.role <> s.role
    union all
    select s.n, s.place, null, 'there is no [step:%s]', s.code || '.' || k.action
      from s join rule.kind_rules() k on k.kind = s.kind and k.action is not null
     where not exists (select from t where t.from_stage = s.code and t.action = k.action)
    union all
    select s.n, s.place, null, 'is the first stage, but there is no [step:%s]', s.code || '.submit'
      from first s where not exists (select from t where t.from_stage = s.code and t.action = 'submit')
    union all
    select s.n, s.place, 'role', 'this stage is worked on by: %s', k.role
      from s join rule.known_stages() k on k.code = s.code where s.kind = 'task' and s.role not in ('', 'system') and s.role <> k.role
    union all
    select s.n, s.place, 'kind', 'a stage with this code is of the kind %s', 'task'
      from s join rule.known_stages() k on k.code = s.code where s.kind <> 'task'
    union all
    select p.n, p.place, 'produces', 'the work in this stage does not write the document %s', p.word
      from produced p where p.word <> all (rule.stage_products(p.code, p.kind))
       and p.word = any (select unnest(k.words) from rule.draft_keys() k where k.section = 'stage' and k.key = 'produces')
    union all
    select s.n, s.place, 'produces', 'a stage of this kind writes at least the document %s', 'permit'
      from s where s.kind = 'issue' and s.v ? 'produces' and not exists (select from produced p where p.code = s.code and p.word = 'permit')
    union all
    select d.n, d.place, 'demands', 'no stage before this one produces the document %s', d.word
      from demanded d
     where d.word = any (select unnest(k.words) from rule.draft_keys() k where k.section = 'stage' and k.key = 'demands')
       and not exists (select from produced p join ways w on w.from_stage = p.code and w.to_stage = d.code where p.word = d.word)
    union all
    select s.n, s.place, 'role', 'nobody in this office has the role %s today', s.role
      from s where s.role not in ('', 'system') and s.role not in (select h.role from held h)
    union all
    select s.n, s.place, null, 'no step leads here from the first stage', null from s where s.code not in (select r.code from reached r where r.code is not null)
    union all
    select s.n, s.place, null, 'no step leads from here to a stage of the kind end', null from s where s.code not in (select e.code from ending e where e.code is not null)
    union all
    select t.n, t.place, 'code', 'there is no [stage:%s]', t.from_stage from t where t.from_stage not in (select s.code from s)
    union all
    select t.n, t.place, 'code', 'leaves a stage of the kind end', null from t join s on s.code = t.from_stage and s.kind = 'end'
    union all
    select t.n, t.place, 'to', 'there is no [stage:%s]', t.to_stage from t where t.to_stage not in (select s.code from s)
    union all
    select t.n, t.place, 'to', 'the same step is there twice', null
      from t where exists (select from t o where o.n < t.n and o.from_stage = t.from_stage and o.action = t.action and o.to_stage = t.to_stage)
    union all
    select t.n, t.place, 'code', 'nobody can take this step: the work in this stage knows only %s', array_to_string(k.actions || 'withdraw'::text, ', ')
      from t join s on s.code = t.from_stage and s.kind = 'task' join rule.known_stages() k on k.code = t.from_stage
     where t.action <> all (k.actions || 'withdraw'::text) and t.action <> 'lapse'
    union all
    select t.n, t.place, 'code', 'nobody can take this step: the system takes only %s', k.action
      from t join s on s.code = t.from_stage join rule.kind_rules() k on k.kind = s.kind and k.action is not null
     where t.action not in (k.action, 'withdraw')
    union all
    select t.n, t.place, 'outcome', 'a step that lapses has the outcome lapsed', null from t where t.action = 'lapse' and t.outcome is distinct from 'lapsed'
    union all
    select t.n, t.place, 'role', 'this step is taken by: %s',
           case when t.action = 'withdraw' then 'front_office' when t.action = 'lapse' then 'system' when s.kind = 'task' then s.role else 'system' end
      from t join s on s.code = t.from_stage
     where s.kind <> 'end' and (s.kind <> 'task' or s.role not in ('', 'system')) and t.role <> ''
       and not (t.action = 'submit' and t.role = 'system' and s.code = 'intake')  -- what the office begins too: a revocation
       and t.role <> case when t.action = 'withdraw' then 'front_office' when t.action = 'lapse' then 'system' when s.kind = 'task' then s.role else 'system' end
    union all
    select t.n, t.place, 'outcome', 'a step to a stage of the kind refuse has the outcome refused', null
      from t join s on s.code = t.to_stage and s.kind = 'refuse' where t.outcome is distinct from 'refused'
    union all
    select t.n, t.place, 'outcome', 'a step to a stage of the kind issue has the outcome approved', null
      from t join s on s.code = t.to_stage and s.kind = 'issue' where t.outcome is distinct from 'approved'
    union all
    select 0, '', null, 'there is no way to refuse: no step has the outcome refused', null
     where exists (select from t) and not exists (select from t where t.outcome = 'refused' and t.from_stage in (select r.code from reached r))
    union all
    select 0, '', null, 'there is no way to withdraw: no step has the outcome withdrawn', null
     where exists (select from t) and not exists (select from t where t.outcome = 'withdrawn' and t.from_stage in (select r.code from reached r))
    union all
    select 0, '', null, 'no permit is ever issued: there is no stage of the kind issue', null
     where exists (select from s) and not exists (select from s where s.kind = 'issue')
    union all
    select 0, '', null, 'there is no stage of the kind end', null where exists (select from s) and not exists (select from s where s.kind = 'end'))
  select m.place, m.field, m.message, m.argument from rule.section_mistakes('workflow', document) m
   union all
  (select f.place, f.field, f.message, f.argument from found f order by f.n, f.field nulls first, f.message);
$$;

-- A condition "field=value" of a permit type: is the field there, is the value one of its choices?
create function rule.condition_mistakes(document jsonb, place text, own_code text, field text, condition text)
returns table (place text, field text, message text, argument text)
language sql stable
as $$
  with f as (select x.item from rule.placed_sections(document) x
              where x.item->>'kind' = 'field' and x.item->>'code' = split_part(condition, '=', 1) limit 1)
  select condition_mistakes.place, condition_mistakes.field, m.message, m.argument
    from (select 'there is no [field:%s]' as message, split_part(condition, '=', 1) as argument where not exists (select from f)
          union all
          select 'depends on itself', null where own_code = split_part(condition, '=', 1)
          union all
          select 'is not a choice of [field:%s]', split_part(condition, '=', 1)
            from f where jsonb_typeof(f.item #> '{values,choices}') = 'array'
             and split_part(condition, '=', 2) not in (select split_part(c, '=', 1) from jsonb_array_elements_text(f.item #> '{values,choices}') c)) m
   where condition ~ '^[^=]+=[^=]+$';
$$;

-- Places, tables and files of a form: what their keys refer to is there, and no key stands where it means nothing.
create function rule.form_mistakes(document jsonb, place text, item jsonb)
returns table (place text, field text, message text, argument text)
language sql stable
as $$
  with d as (select x.item->>'kind' as kind, x.item->>'code' as code, x.item #>> '{values,type}' as type from rule.placed_sections(document) x),
  f as (select item->>'kind' as kind, item->>'code' as code, item->'values' as v, item #>> '{values,type}' as type)
  select form_mistakes.place, m.*
    from f cross join lateral (
      select 'code' as field, 'there is no [field:%s] of the type table' as message, split_part(f.code, '.', 1) as argument
       where f.kind = 'column' and not exists (select from d where d.kind = 'field' and d.code = split_part(f.code, '.', 1) and d.type = 'table')
      union all
      select 'type', 'a table needs a [column:%s]', f.code || '.…'
       where f.kind = 'field' and f.type = 'table' and not exists (select from d where d.kind = 'column' and split_part(d.code, '.', 1) = f.code)
      union all
      select k, 'is only for type = %s', t
        from (values ('inside', 'coordinates'), ('min_rows', 'table'), ('max_rows', 'table'), ('requirement', 'file')) o(k, t)
       where f.kind = 'field' and f.v ? k and f.type <> t
      union all
      select 'min_rows', 'is more than max_rows', null
       where f.kind = 'field' and f.type = 'table'
         and case when f.v->>'min_rows' ~ '^[0-9]{1,9}$' and coalesce(f.v->>'max_rows', '100') ~ '^[0-9]{1,9}$'
                  then (f.v->>'min_rows')::int > coalesce((f.v->>'max_rows')::int, 100) end
      union all
      select 'requirement', 'is missing', null where f.kind = 'field' and f.type = 'file' and coalesce(f.v->>'requirement', '') = ''
      union all
      select 'requirement', 'there is no [requirement:%s]', f.v->>'requirement'
       where f.kind = 'field' and f.type = 'file' and f.v->>'requirement' <> ''
         and not exists (select from d where d.kind = 'requirement' and d.code = f.v->>'requirement')) m;
$$;

create function rule.permit_mistakes(office bigint, document jsonb)
returns table (place text, field text, message text, argument text)
language sql stable set jit = off
as $$
  with d as (select p.n, p.place, p.item->>'kind' as kind, p.item->>'code' as code, p.item, p.item->'values' as v from rule.placed_sections(document) p),
  units as (select u.code, u.department from catalogue.unit u where u.office_id = office),
  found as (
    select d.n, d.place, k.key as field, 'there is no workflow "%s"' as message, d.v->>k.key as argument
      from d cross join (values ('workflow'), ('short_workflow')) k(key)
     where d.kind = 'permit' and d.v->>k.key <> '' and d.v->>k.key not in (select w.code from workflow.workflow w where w.office_id = office)
    union all
    select d.n, d.place, 'valid_not_past', 'there is no [requirement:%s]', d.v->>'valid_not_past'
      from d where d.kind = 'permit' and not exists (select from d r where r.kind = 'requirement' and r.code = d.v->>'valid_not_past') and d.v ? 'valid_not_past'
    union all
    select d.n, d.place, 'levy_formula', 'column %s', (x.mistake->>0) || ': ' || (x.mistake->>1)
      from d cross join lateral rule.read_formula(d.v->>'levy_formula', rule.formula_names(document)) f
     cross join lateral jsonb_array_elements(f.mistakes) x(mistake)
     where d.kind = 'permit' and d.v->>'levy_formula' <> ''
    union all
    select d.n, d.place, 'deemed_basis', 'is missing: approval by silence needs its legal basis', null
      from d where d.kind = 'permit' and d.v->>'deemed_approval' = 'true' and coalesce(d.v->>'deemed_basis', '') = ''
    union all
    select d.n, d.place, y.key, 'is missing: what is destroyed one day has a schedule', null
      from d cross join (values ('active_years'), ('inactive_years')) y(key)
     where d.kind = 'permit' and d.v->>'disposal' = 'destroy' and coalesce(d.v->>y.key, '') = ''
    union all
    select d.n, d.place, 'departments', 'this office has no unit %s', u.code
      from d cross join lateral unnest(rule.split_list(rule.value_text('names', d.v->'departments'), ',')) u(code)
     where d.kind = 'permit' and u.code not in (select x.code from units x)
    union all
    select d.n, d.place, 'departments', 'a visit needs a department that makes it', null
      from d where d.kind = 'permit' and coalesce(d.v->>'visit', 'never') <> 'never'
       and coalesce(rule.value_text('names', d.v->'departments'), '') = ''
    union all
    select d.n, c.* from d cross join lateral rule.condition_mistakes(document, d.place, null, 'visit', substr(d.v->>'visit', 6)) c
     where d.kind = 'permit' and d.v->>'visit' like 'when %'
    union all
    select d.n, c.*
      from d cross join lateral rule.condition_mistakes(document, d.place, case when d.kind = 'field' then d.code end, 'when', rule.value_text('when', d.v->'when')) c
     where d.v ? 'when'
    union all
    select d.n, m.* from d cross join lateral rule.form_mistakes(document, d.place, d.item) m where d.kind in ('field', 'column')
    union all
    select d.n, d.place, 'choices', 'is missing', null from d where d.kind in ('field', 'column') and d.v->>'type' = 'choice' and not d.v ? 'choices'
    union all
    select d.n, d.place, 'choices', 'is only for type = choice', null from d where d.kind in ('field', 'column') and d.v->>'type' <> 'choice' and d.v ? 'choices'
    union all
    select d.n, d.place, 'code', 'this office has no unit %s', d.code
      from d where d.kind = 'checklist' and d.code <> '*' and d.code not in (select x.code from units x)
    union all
    select d.n, d.place, e.key, 'stands in [checklist:*] too', null
      from d cross join lateral rule.section_entries(d.item) e
     where d.kind = 'checklist' and d.code <> '*'
       and exists (select from d a cross join lateral rule.section_entries(a.item) o where a.kind = 'checklist' and a.code = '*' and o.key = e.key)
    union all
    select d.n, d.place, 'quantity', case when f.code is null then 'there is no [field:%s]' else '[field:%s] is not a number' end, q.code
      from d cross join lateral unnest(rule.split_list(rule.value_text('names', d.v->'quantity'), ',')) q(code)
      left join d f on f.kind = 'field' and f.code = q.code
     where d.kind = 'levy' and (f.code is null or f.v->>'type' not in ('number', 'money'))
    union all
    select d.n, d.place, 'valid_from', 'is the same day as in another price of this item', null
      from d where d.kind = 'levy' and exists (select from d o where o.kind = 'levy' and o.n < d.n and o.code = d.code and o.v->>'valid_from' = d.v->>'valid_from'))
  select m.place, m.field, m.message, m.argument from rule.section_mistakes('permit', document) m
   union all
  (select f.place, f.field, f.message, f.argument from found f order by f.n, f.field nulls first, f.message);
$$;

-- Everything that is wrong with a draft; its code is what people know it by, and stays.
create function rule.draft_mistakes(office bigint, kind text, code text, document jsonb)
returns table (place text, field text, message text, argument text)
language sql stable
as $$
  select draft_mistakes.kind, 'code', 'the code of this draft is %s', draft_mistakes.code
   where rule.section_values(document, draft_mistakes.kind)->>'code' is distinct from draft_mistakes.code
   union all
  select * from rule.workflow_mistakes(office, document) where draft_mistakes.kind = 'workflow'
   union all
  select * from rule.permit_mistakes(office, document) where draft_mistakes.kind = 'permit';
$$;
