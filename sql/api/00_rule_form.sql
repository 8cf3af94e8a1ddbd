-- The fields of a form that are more than a line of text: places, tables and files. A table is kept as JSON, a list of objects
-- whose values are texts: [{"name": "Sari", "licence": "503/1"}]; a place as "-5.113100, 105.306700"; a file as the number of
-- the application's document.

create type api.table_column as (code text, label text, type text, required boolean, max_length int, choices text[]);

-- Decimal degrees of degrees, minutes, seconds (as many as there are), with a sign or the letter N, S, E or W. null: it is none.
create function rule.degrees(numbers text[], letter text)
returns numeric
language plpgsql immutable
as $$
declare
  n int := cardinality(numbers);
  total numeric;
begin
  if numbers[1] !~ '^[-+]?[0-9]{1,3}([.][0-9]{1,12})?$' or letter is not null and numbers[1] ~ '^[-+]' then
    return null;
  end if;
  total := abs(numbers[1]::numeric);
  for i in 2..n loop
    if numbers[i] !~ '^[0-9]{1,2}([.][0-9]{1,12})?$' or numbers[i]::numeric >= 60 or numbers[i - 1] ~ '[.]' then
      return null;
    end if;
    total := total + numbers[i]::numeric / 60 ^ (i - 1);
  end loop;
  return round(case when numbers[1] like '-%' or letter in ('S', 'W') then -total else total end, 6);
end
$$;

-- Latitude and longitude as people paste them: -5.1131, 105.3067; 5°06'47.2"S 105°18'24.1"E; 5 6 47 LS, 105 18 24 BT;
-- -5,1131 105,3067. Kept as decimal degrees with 6 places, a tenth of a metre. The client reads them by the same rules
-- (tui/entry/coordinates.c).
create function rule.check_coordinates(value text, bounds numeric[], field text)
returns text
language plpgsql immutable
as $$
declare
  number constant text := '[-+]?[0-9]+(?:[.][0-9]+)?';
  given text := upper(rule.text(value, field, 100));
  numbers text[];
  letters text[];
  shape text;
  half text;
  n int;
  first numeric;
  second numeric;
begin
  if given is null then
    return null;
  end if;
  -- LS, LU, BT, BB: S, N, E, W in Indonesian
  given := replace(replace(replace(replace(given, 'LS', 'S'), 'LU', 'N'), 'BT', 'E'), 'BB', 'W');
  given := translate(given, '−°º˚′’´''″”"', '-          ');
  if position('.' in given) = 0 then
    given := regexp_replace(given, '([0-9]),([0-9])', '\1.\2', 'g');
  end if;
  given := translate(given, ',;/', '   ');
  numbers := array(select m[1] from regexp_matches(given, '(' || number || ')', 'g') m);
  letters := array(select m[1] from regexp_matches(given, '([NSEW])', 'g') m);
  n := cardinality(numbers) / 2;
  shape := replace(regexp_replace(given, number, '#', 'g'), ' ', '');
  half := repeat('#', n);
  if cardinality(numbers) not in (2, 4, 6) or given ~ '[0-9.][-+]|[.][0-9]*[.]'
     or shape !~ format('^(%1$s%1$s|%1$s[NS]%1$s[EW]|%1$s[EW]%1$s[NS]|[NS]%1$s[EW]%1$s|[EW]%1$s[NS]%1$s)$', half) then
    perform rule.fail(7, field, 'This is not a place: latitude and longitude, such as -5.1131, 105.3067');
  end if;
  first := rule.degrees(numbers[:n], letters[1]);
  second := rule.degrees(numbers[n + 1:], letters[2]);
  if first is null or second is null then
    perform rule.fail(7, field, 'This is not a place: latitude and longitude, such as -5.1131, 105.3067');
  end if;
  if letters[1] in ('E', 'W') then
    select second, first into first, second;
  end if;
  if abs(first) > 90 or abs(second) > 180 then
    perform rule.fail(7, field, 'There is no such place: latitude ends at 90 degrees, longitude at 180');
  end if;
  if bounds is not null and (first not between bounds[1] and bounds[3] or second not between bounds[2] and bounds[4]) then
    perform rule.fail(7, field, 'This place is outside the area of the office');
  end if;
  return to_char(first, 'FM990.000000') || ', ' || to_char(second, 'FM990.000000');
end
$$;

create function rule.columns_of(f catalogue.form_field)
returns setof catalogue.form_column
language sql stable
as $$
  select c.* from catalogue.form_column c
   where c.office_id = f.office_id and c.permit_type_id = f.permit_type_id and c.version = f.version and c.field = f.code
   order by c.position;
$$;

create function rule.table_columns(f catalogue.form_field)
returns api.table_column[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((c.code, c.label, c.type, c.required, c.max_length, c.choices)::api.table_column order by c.position)
    from rule.columns_of(f) c);
end
$$;

-- A table's text as JSON. It is measured before it is read: what is larger, or nested, costs nothing.
create function rule.table_rows(value text, most int, field text)
returns jsonb
language plpgsql immutable
as $$
declare
  given jsonb;
begin
  -- a number that came in sealed counts as long as it is
  if octet_length(value) > 262144 or octet_length(rule.cells_of(value, true)) > 65536 then
    perform rule.fail(7, field, 'This table is larger than %s', '64 KiB');
  end if;
  begin
    given := value::jsonb;
  exception
    when data_exception or program_limit_exceeded then null;
  end;
  if jsonb_typeof(given) is distinct from 'array' then
    perform rule.fail(7, field, 'This is not a table');
  end if;
  if jsonb_array_length(given) > most then
    perform rule.fail(7, field, 'A table has at most %s rows here', most::text);
  end if;
  return given;
end
$$;

-- One row of a table. Its mistakes name row and column: fields.staff.2.licence.
create function rule.checked_row(f catalogue.form_field, given jsonb, field text)
returns jsonb
language plpgsql stable
as $$
declare
  c catalogue.form_column;
  cell text;
  result jsonb := '{}';
  strange text;
begin
  if jsonb_typeof(given) is distinct from 'object' then
    perform rule.fail(7, field, 'This is not a table');
  end if;
  select k into strange
    from jsonb_object_keys(given) k
   where k not in (select x.code from rule.columns_of(f) x) or jsonb_typeof(given->k) not in ('string', 'null')
   limit 1;
  if found then
    perform rule.fail(7, field || '.' || left(strange, 31), 'This is not asked for');
  end if;
  for c in select * from rule.columns_of(f) loop
    cell := rule.check_value(given->>c.code, c.type, c.choices, c.max_length, field || '.' || c.code);
    if c.required and cell is null then
      perform rule.fail(8, field || '.' || c.code, 'This must be filled in');
    end if;
    if cell is not null then
      result := result || jsonb_build_object(c.code, cell);
    end if;
  end loop;
  return result;
end
$$;

create function rule.check_table(f catalogue.form_field, value text, field text)
returns text
language plpgsql stable
as $$
declare
  given jsonb;
  result jsonb := '[]';
begin
  if coalesce(btrim(value), '') = '' then
    return null;
  end if;
  given := rule.table_rows(value, f.max_rows, field);
  for i in 0..jsonb_array_length(given) - 1 loop
    result := result || jsonb_build_array(rule.checked_row(f, given->i, format('%s.%s', field, i + 1)));
  end loop;
  if jsonb_array_length(result) < f.min_rows and (f.required or jsonb_array_length(result) > 0) then
    perform rule.fail(8, field, 'This table needs at least %s rows', f.min_rows::text);
  end if;
  return nullif(result::text, '[]');
end
$$;

-- A file's field refers to a document that was attached to it in this application: of no other, and not before there is one.
create function rule.check_file(f catalogue.form_field, value text, app application.application, field text)
returns text
language plpgsql stable
as $$
begin
  value := rule.text(value, field, 20);
  if value is null then
    return null;
  end if;
  if app.application_id is null then
    perform rule.fail(7, field, 'A file is attached after the application is registered');
  end if;
  if value !~ '^[0-9]{1,18}$' or not exists (
       select from document.document d
        where d.office_id = app.office_id and d.application_id = app.application_id and d.document_id = value::bigint
          and d.kind = 'requirement' and d.code = f.code and d.state = 'current') then
    perform rule.fail(7, field, 'This file is not attached to this field');
  end if;
  return value;
end
$$;

-- A form's field by its type. Returns what is kept.
create function rule.check_field(f catalogue.form_field, value text, app application.application, field text)
returns text
language plpgsql stable
as $$
begin
  return case f.type
    when 'coordinates' then rule.check_coordinates(value, (select o.bounds from catalogue.office o where o.office_id = f.office_id and f.inside), field)
    when 'table' then rule.check_table(f, value, field)
    when 'file' then rule.check_file(f, value, app, field)
    else rule.check_value(value, f.type, f.choices, f.max_length, field) end;
end
$$;

-- The code of a choice as people read it.
create function rule.choice_label(choices text[], value text)
returns text
language sql immutable
as $$
  select coalesce((select substr(c, length(value) + 2) from unnest(choices) c where split_part(c, '=', 1) = value limit 1), value);
$$;

-- A cell as it stands in a line of text. A number is put between STX and ETX, which no text from outside can have: what draws the
-- document opens it (server/doc/work.c).
create function rule.cell_text(choices text[], value text)
returns text
language sql immutable
as $$ select case when value ~ '^#[0-9a-f]{40}$' then e'\x02' || value || e'\x03' else rule.choice_label(choices, value) end $$;

-- A table in a document's list of fields: a line for each row.
create function rule.table_lines(f catalogue.form_field, value text)
returns text
language plpgsql stable
as $$
begin
  return (
  select string_agg(format('%s. %s', r.n, (select string_agg(rule.cell_text(c.choices, r.item->>c.code), ', ' order by c.position)
                                             from rule.columns_of(f) c where r.item ? c.code)), e'\n' order by r.n)
    from jsonb_array_elements(value::jsonb) with ordinality r(item, n));
end
$$;

-- What a client shows instead of a value: the labels of choices, the name of a file.
create function rule.field_choices(f catalogue.form_field, "values" text[])
returns text[]
language plpgsql stable
as $$
begin
  if f.type <> 'file' then
    return f.choices;
  end if;
  return array(select d.document_id || '=' || d.name from document.document d
                where d.office_id = f.office_id and d.document_id = any (select x::bigint from unnest("values") x where x ~ '^[0-9]{1,18}$')
                order by d.document_id);
end
$$;

-- A form field's value as people read it: a choice's label instead of its code, a table's rows, the name of a file.
create function rule.shown_value(f catalogue.form_field, value text)
returns text
language sql stable
as $$
  select case f.type when 'table' then rule.table_lines(f, value) else rule.choice_label(rule.field_choices(f, array[value]), value) end;
$$;

-- What a document's template gets of a field: a table is a list of rows ({.name} in @each field.staff), all else a text.
create function rule.field_data(f catalogue.form_field, value text)
returns jsonb
language plpgsql stable
as $$
begin
  return (
  select case when f.type <> 'table' then to_jsonb(rule.shown_value(f, value))
              else (select jsonb_agg((select jsonb_object_agg(c.code, rule.choice_label(c.choices, r.item->>c.code)) from rule.columns_of(f) c)
                                     order by r.n)
                      from jsonb_array_elements(value::jsonb) with ordinality r(item, n)) end);
end
$$;

-- The files that the form asks for as what can be attached now: as a requirement whose code is the field's. Codes of requirements
-- have capital letters, those of fields small ones.
create function rule.attachable_fields(app application.application)
returns setof catalogue.requirement
language sql stable
as $$
  select c.office_id, c.permit_type_id, c.version, f.code, 1000 + f.position, f.label, f.required, false, false, null::text, null::text,
         f.hint, c.max_bytes, c.formats
    from catalogue.form_field f
    join application.field_value v on v.office_id = f.office_id and v.application_id = app.application_id and v.code = f.code
    join catalogue.requirement c on c.office_id = f.office_id and c.permit_type_id = f.permit_type_id and c.version = f.version
                                and c.code = f.requirement
   where f.office_id = app.office_id and f.permit_type_id = app.permit_type_id and f.version = app.permit_version and f.type = 'file'
     and (app.stage = 'verification' or app.stage = 'correction' and (v.returned or v.value is null));
$$;

-- A file that arrived for a field is the field's value from now on; the one before stays in the archive, as replaced.
create function rule.take_file(app application.application, d document.document)
returns void
language plpgsql
as $$
declare
  v application.field_value;
begin
  select x.* into v
    from application.field_value x
    join catalogue.form_field f on f.office_id = x.office_id and f.permit_type_id = app.permit_type_id and f.version = app.permit_version
                               and f.code = x.code and f.type = 'file'
   where x.office_id = app.office_id and x.application_id = app.application_id and x.code = d.code;
  if not found then
    return;
  end if;
  update document.document x set state = 'replaced'
   where x.office_id = app.office_id and x.document_id = v.value::bigint;
  update application.field_value x
     set value = d.document_id::text, old_value = v.value, changed = v.value is not null
   where x.office_id = app.office_id and x.application_id = app.application_id and x.code = d.code;
end
$$;

-- Does the form ask for a file that is not there?
create function rule.file_missing(app application.application)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select exists (select from catalogue.form_field f
                   join application.field_value v on v.office_id = f.office_id and v.application_id = app.application_id and v.code = f.code
                  where f.office_id = app.office_id and f.permit_type_id = app.permit_type_id and f.version = app.permit_version
                    and f.type = 'file' and f.required and v.value is null));
end
$$;
