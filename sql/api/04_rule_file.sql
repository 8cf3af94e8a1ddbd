-- A rule's file read here, for who brings it to a screen: lines into sections and keys as server/catalogue.c reads them, then
-- the checks of a draft's parts. The first mistake is told with its line and field; how the parts fit together the draft's check says.

-- The rows of a file: one for each section (key null), one for each key, one for each line that goes on. INVALID, with the line, when it is no such file.
create function rule.ini_rows(content text)
returns table (line int, section int, kind text, code text, key text, value text, goes_on boolean)
language plpgsql immutable
as $$
declare
  raw text;
  stripped text;
  cut int;
begin
  line := 0;
  section := 0;
  foreach raw in array string_to_array(regexp_replace(content, '^\ufeff', ''), E'\n') loop
    line := line + 1;
    raw := rtrim(raw, E' \t\r');
    stripped := ltrim(raw, E' \t');
    continue when stripped = '' or left(stripped, 1) in (';', '#');
    if octet_length(raw) > 198 then
      perform rule.fail(7, 'text', 'The file is refused: line %s', line || ': is longer than 198 bytes');
    end if;
    stripped := rtrim(regexp_replace(stripped, '[ \t];.*$', ''), E' \t');
    goes_on := raw ~ '^[ \t]' and key is not null;
    if goes_on then
      value := stripped;
      return next;
      continue;
    end if;
    if stripped ~ '^\[[^]]+\]' then
      section := section + 1;
      kind := substring(stripped from '^\[([^]:]+)');
      code := coalesce(substring(stripped from '^\[[^]:]+:([^]]*)\]'), '');
      key := null;
      value := null;
      return next;
      continue;
    end if;
    cut := coalesce(length(substring(stripped from '^[^=:]*[=:]')), 0);
    if cut < 2 or section = 0 then
      perform rule.fail(7, 'text', 'The file is refused: line %s',
                        line || case when cut < 2 then ': is neither a [section], nor key = value, nor a comment' else ': stands before the first section' end);
    end if;
    key := rtrim(left(stripped, cut - 1), E' \t');
    value := ltrim(substr(stripped, cut + 1), E' \t');
    return next;
  end loop;
end
$$;

-- The same with the lines that go on joined to the first: each key once for each time that it is given.
create function rule.ini_entries(content text)
returns table (line int, section int, kind text, code text, key text, value text, nth bigint)
language sql stable
as $$
  with r as (select x.*, row_number() over () as n from rule.ini_rows(content) x),
       g as (select r.*, count(*) filter (where not r.goes_on) over (order by r.n) as entry from r)
  select e.*, row_number() over (partition by e.section, e.key order by e.line)
    from (select min(g.line) as line, g.section, g.kind, g.code, g.key, string_agg(g.value, ' ' order by g.n) as value
            from g group by g.entry, g.section, g.kind, g.code, g.key) e;
$$;

-- The document of a file, as server/catalogue_json.c makes it.
create function rule.ini_document(content text)
returns jsonb
language sql stable
as $$
  with e as materialized (select * from rule.ini_entries(content))
  select jsonb_agg(s.item order by s.section)
    from (select e.section,
                 jsonb_build_object('kind', e.kind, 'code', e.code)
                 || case when e.kind in (select d.section from rule.draft_sections() d where d.rows)
                         then jsonb_build_object('rows', coalesce((select jsonb_agg(jsonb_build_array(k.key, k.value) order by k.line) from e k where k.section = e.section and k.key is not null), '[]'))
                         else jsonb_build_object('values', coalesce((select jsonb_object_agg(k.key, rule.value_json(rule.key_type(e.kind, k.key), k.value))
                                                                       from e k where k.section = e.section and k.key is not null), '{}')) end as item
            from e where e.key is null) s;
$$;

-- A file of `loketd workflow export` or `loketd permit export` becomes a draft. INVALID with line and field, DUPLICATE.
create function rule.import_file(who rule.who, content text)
returns workflow.draft
language plpgsql
as $$
declare
  document jsonb := rule.ini_document(content);
  file_kind text := case when document @> '[{"kind": "workflow"}]' then 'workflow' else 'permit' end;
  file_code text;
  twice record;
  wrong record;
begin
  select e.* into twice from rule.ini_entries(content) e where e.key is not null and e.nth > 1 order by e.line limit 1;
  if found then
    perform rule.fail(7, 'text', 'The file is refused: line %s',
                      format('%s: [%s] %s: is given twice', twice.line, concat(twice.kind, ':' || nullif(twice.code, '')), twice.key));
  end if;
  -- at the line of its key, else of its section, else of the first
  with e as materialized (select * from rule.ini_entries(content))
  select coalesce(l.line, 1) as line, m.* into wrong
    from rule.section_mistakes(file_kind, coalesce(document, '[]')) m
    left join rule.placed_sections(document) p on p.place = m.place
    left join lateral (select e.line from e where e.section = p.n and (e.key is null or e.key = m.field) order by e.key is null, e.line limit 1) l on true
   order by 1, m.field limit 1;
  if found then
    perform rule.fail(7, 'text', 'The file is refused: line %s',
                      format('%s: %s%s: %s', wrong.line, case when wrong.place <> '' then '[' || wrong.place || '] ' else '' end,
                             coalesce(wrong.field, 'section'), replace(wrong.message, '%s', coalesce(wrong.argument, ''))));
  end if;
  file_code := rule.section_values(document, file_kind)->>'code';
  if jsonb_array_length(document) > 400 then
    perform rule.fail(7, 'text', 'This draft has too many parts');
  end if;
  return rule.begin_draft(who, file_kind, file_code, document);
end
$$;
