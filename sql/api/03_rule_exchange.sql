-- Rules as files, for `loketd workflow` and `loketd permit`: out as the file that `loketd catalogue load` reads, and in
-- from the workflow definitions of DIGIT (BusinessServices), which become drafts and never more than that.

-- The file of a workflow or permit type: of a version, or (0) of the one in force, or of a draft.
create function rule.export_rule(office text, kind text, code text, version int)
returns text
language plpgsql
as $$
declare
  o catalogue.office := rule.office_of_code(office);
  document jsonb := rule.rule_document(o.office_id, kind, case kind when 'permit' then upper(code) else code end, version);
begin
  if document is null then
    perform rule.fail(9, 'CODE', 'There is no such rule: "%s"', code);
  end if;
  return rule.document_ini(document);
end
$$;

-- A name of theirs as a code of ours: small letters and _.
create function rule.digit_code(name text)
returns text
language sql immutable
as $$
  select case when x.code ~ '^[a-z]{2}' or x.code ~ '^[a-z]_*[a-z]' then left(x.code, 31) else left('s_' || x.code, 31) end
    from (select btrim(regexp_replace(lower(name), '[^a-z]+', '_', 'g'), '_') as code) x;
$$;

create function rule.digit_name(name text)
returns text
language sql immutable
as $$ select left(upper(left(x.n, 1)) || lower(substr(x.n, 2)), 60) from (select btrim(regexp_replace(name, '[[:cntrl:][:space:]_;#]+', ' ', 'g')) as n) x $$;

-- The states of one BusinessService with the code that each gets here; the start state first.
create function rule.digit_states(service jsonb)
returns table (n int, state jsonb, name text, code text, starts boolean, ends boolean)
language sql immutable
as $$
  with s as (select x.n, x.item, coalesce(nullif(x.item->>'state', ''), nullif(x.item->>'applicationStatus', ''), 'start') as name,
                    coalesce((x.item->>'isStartState')::boolean, false) or nullif(x.item->>'state', '') is null as starts,
                    coalesce((x.item->>'isTerminateState')::boolean, false) as ends
               from jsonb_array_elements(case when jsonb_typeof(service->'states') = 'array' then service->'states' else '[]' end) with ordinality x(item, n)),
       c as (select s.*, rule.digit_code(s.name) as code, row_number() over (partition by rule.digit_code(s.name) order by s.n) as nth from s)
  select row_number() over (order by c.starts desc, c.n)::int, c.item, c.name,
         case when c.nth = 1 then c.code else left(c.code, 29) || '_' || chr(96 + c.nth::int) end, c.starts, c.ends
    from c;
$$;

-- Every action of a service: where from, where to (null: no such state), and its roles without the system's.
create function rule.digit_actions(service jsonb)
returns table (n int, from_code text, from_name text, starts boolean, action text, to_code text, given_to text, roles text[], systems text[])
language sql immutable
as $$
  with s as (select * from rule.digit_states(service))
  select row_number() over (order by s.n, a.n)::int, s.code, s.name, s.starts, a.item->>'action',
         (select t.code from s t where a.item->>'nextState' in (t.state->>'uuid', t.state->>'state', t.state->>'applicationStatus')
           order by (a.item->>'nextState' = t.state->>'uuid') desc nulls last, (a.item->>'nextState' = t.state->>'state') desc nulls last, t.n limit 1),
         a.item->>'nextState',
         array(select r from jsonb_array_elements_text(case when jsonb_typeof(a.item->'roles') = 'array' then a.item->'roles' else '[]' end) with ordinality x(r, k)
                where r not in ('AUTO_ESCALATE', 'SYSTEM') order by x.k),
         array(select r from jsonb_array_elements_text(case when jsonb_typeof(a.item->'roles') = 'array' then a.item->'roles' else '[]' end) with ordinality x(r, k)
                where r in ('AUTO_ESCALATE', 'SYSTEM') order by x.k)
    from s cross join lateral jsonb_array_elements(case when jsonb_typeof(s.state->'actions') = 'array' then s.state->'actions' else '[]' end) with ordinality a(item, n);
$$;

-- A role of theirs where the name is one of ours, else as it is: the check then asks for one of ours.
create function rule.digit_role(role text)
returns text
language sql immutable
as $$ select case when lower(role) in (select unnest(k.words) from rule.draft_keys() k where k.section = 'stage' and k.key = 'role') then lower(role) else role end $$;

-- The steps that a service's actions become. The first step out of the start state is called submit here.
create function rule.digit_steps(service jsonb)
returns table (n int, from_code text, action text, was text, to_code text, role text)
language sql immutable
as $$
  select a.n, a.from_code, case when a.starts and row_number() over (partition by a.starts order by a.n) = 1 then 'submit' else rule.digit_code(a.action) end,
         a.action, a.to_code, rule.digit_role(a.roles[1])
    from rule.digit_actions(service) a
   where a.to_code is not null and a.to_code <> a.from_code and cardinality(a.roles) > 0;
$$;

-- The days that a state's `sla` becomes: milliseconds of wall-clock time, a day of them a working day, rounded up. null: none is given.
create function rule.digit_days(state jsonb)
returns int
language sql immutable
as $$ select case when state->>'sla' ~ '^[0-9]{1,15}$' and (state->>'sla')::bigint > 0 then least(ceil((state->>'sla')::numeric / 86400000), 365)::int end $$;

create function rule.digit_document(service jsonb)
returns jsonb
language sql immutable
as $$
  select jsonb_build_array(jsonb_build_object('kind', 'workflow', 'code', '', 'values', jsonb_build_object(
           'code', rule.digit_code(service->>'businessService'), 'name', rule.digit_name(service->>'businessService'))))
      || coalesce((select jsonb_agg(jsonb_build_object('kind', 'stage', 'code', s.code, 'values', jsonb_strip_nulls(jsonb_build_object(
                            'name', rule.digit_name(s.name), 'role', case when not s.ends then (select t.role from rule.digit_steps(service) t where t.from_code = s.code order by t.n limit 1) end,
                            'kind', case when s.ends then 'end' end, 'clock', case when s.ends then 'stands' end,
                            'days', case when not s.ends then rule.digit_days(s.state) end))) order by s.n)
                     from rule.digit_states(service) s), '[]')
      || coalesce((select jsonb_agg(jsonb_build_object('kind', 'step', 'code', t.from_code || '.' || t.action, 'values',
                            jsonb_build_object('to', t.to_code, 'role', t.role, 'label', rule.digit_name(t.was))) order by t.n)
                     from rule.digit_steps(service) t), '[]');
$$;

-- What of a service means something else here, a line for each.
create function rule.digit_report(service jsonb)
returns setof text
language sql immutable
as $$
  with recursive
  s as (select * from rule.digit_states(service)), a as (select * from rule.digit_actions(service)),
  reached as (select code from s where n = 1 union select a.to_code from reached r join a on a.from_code = r.code where a.to_code is not null),
  lines as (
    select 0 as n, 0 as m, format('businessServiceSla: %s ms of wall-clock time are %s working days, rounded up; the promise stands in each permit type (service_days)',
                  service->>'businessServiceSla', ceil((service->>'businessServiceSla')::numeric / 86400000)) as line
     where service->>'businessServiceSla' ~ '^[0-9]{1,15}$'
    union all
    select s.n, 1, format('%s: called %s here', s.name, s.code) from s where s.code <> lower(s.name)
    union all
    select s.n, 2, format('%s: sla of %s ms of wall-clock time is kept as days = %s of working time, rounded up%s', s.name, s.state->>'sla', rule.digit_days(s.state),
                          case when (s.state->>'sla')::numeric > 365 * 86400000::numeric then ', 365 at most' end)
      from s where rule.digit_days(s.state) is not null and not s.ends
    union all
    select s.n, 2, format('%s: sla of %s is not a number of milliseconds: left out', s.name, s.state->>'sla')
      from s where nullif(s.state->>'sla', '') is not null and rule.digit_days(s.state) is null
    union all
    select s.n, 2, format('%s ends: its sla of %s ms is left out', s.name, s.state->>'sla') from s where s.ends and rule.digit_days(s.state) is not null
    union all
    select s.n, 3, format('%s: docUploadRequired is not kept: documents are asked by the permit type', s.name) from s where s.state->>'docUploadRequired' = 'true'
    union all
    select s.n, 4, format('%s: no action leads here: it is unreachable', s.name) from s where s.code not in (select r.code from reached r)
    union all
    select s.n, 5, format('%s: nobody acts here and it does not end: a dead end', s.name) from s where not s.ends and not exists (select from a where a.from_code = s.code and a.to_code <> s.code)
    union all
    select s.n, 6, format('%s ends, and has actions all the same: they are steps out of an end', s.name) from s where s.ends and exists (select from a where a.from_code = s.code)
    union all
    select 1000 + a.n, 0, format('%s.%s leads to itself: it saves, and is no step', a.from_name, a.action) from a where a.to_code = a.from_code
    union all
    select 1000 + a.n, 1, format('%s.%s leads to %s, which is no state: left out', a.from_name, a.action, coalesce(a.given_to, 'nothing')) from a where a.to_code is null
    union all
    select 1000 + a.n, 2, format('%s.%s is taken by the system (%s): left out of this step', a.from_name, a.action, array_to_string(a.systems, ', ')) from a where cardinality(a.systems) > 0
    union all
    select 1000 + a.n, 3, format('%s.%s has no role of people: left out', a.from_name, a.action) from a where cardinality(a.roles) = 0 and a.to_code is distinct from a.from_code
    union all
    select 1000 + a.n, 4, format('%s.%s may be taken by several roles (%s): the first is taken', a.from_name, a.action, array_to_string(a.roles, ', ')) from a where cardinality(a.roles) > 1 and a.to_code <> a.from_code
    union all
    select 1000 + t.n, 5, format('%s.%s is called submit here: an application begins with it', t.from_code, t.was) from rule.digit_steps(service) t where t.action = 'submit' and lower(t.was) <> 'submit'
    union all
    select 2000 + min(t.n), 0, format('the role %s is not known here: choose one of ours for its stages and steps', t.role)
      from rule.digit_steps(service) t where t.role not in (select unnest(k.words) from rule.draft_keys() k where k.section = 'stage' and k.key = 'role') group by t.role)
  select l.line from lines l order by l.n, l.m;
$$;

-- Reads the file: an array, or {"BusinessServices": [...]}, or one service. Each becomes a draft; the lines say what was
-- made, and what means something else here.
create function rule.import_services(who rule.who, content text)
returns setof text
language plpgsql
as $$
declare
  given jsonb;
  service jsonb;
  d workflow.draft;
  line text;
begin
  begin
    given := content::jsonb;
  exception when others then
    perform rule.fail(7, 'FILE', 'This is not JSON: %s', sqlerrm);
  end;
  given := coalesce(case when jsonb_typeof(given) = 'object' then coalesce(given->'BusinessServices', jsonb_build_array(given)) end, given);
  if jsonb_typeof(given) <> 'array' or jsonb_array_length(given) = 0 or jsonb_array_length(given) > 50 then
    perform rule.fail(7, 'FILE', 'There is no list of BusinessServices in this file');
  end if;
  for service in select x from jsonb_array_elements(given) x loop
    if coalesce(service->>'businessService', '') = '' or jsonb_typeof(service->'states') is distinct from 'array'
       or jsonb_array_length(service->'states') not between 1 and 100 then
      perform rule.fail(7, 'FILE', 'A service needs businessService and between 1 and 100 states');
    end if;
    d := rule.begin_draft(who, 'workflow',
                          rule.digit_code(service->>'businessService'), rule.digit_document(service), array(select rule.digit_report(service)));
    return next format('%s: draft of the workflow %s with %s stages and %s steps; %s mistakes to be put right in loket', service->>'businessService', d.code,
                       (select count(*) from rule.sections(d.document, 'stage')), (select count(*) from rule.sections(d.document, 'step')),
                       (select count(*) from rule.draft_mistakes(who.office_id, 'workflow', d.code, d.document)));
    foreach line in array d.report loop
      return next '  ' || line;
    end loop;
  end loop;
end
$$;

-- The same for `loketd workflow import-digit`: nobody is its author, so any two administrators may publish what it makes.
create function rule.import_digit(office text, content text)
returns setof text
language plpgsql
as $$
declare
  o catalogue.office := rule.office_of_code(office);
begin
  return query select * from rule.import_services((o.office_id, null, 'loketd workflow', null, 'workflow.import', '{}', null, null)::rule.who, content);
end
$$;
