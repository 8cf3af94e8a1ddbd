-- The formula of a levy as a person types it, read into the tree that rule.formula_value walks. The language, its limits and the words of
-- each mistake are those of files (server/formula.c), which tests/sql/formula.sql tries with the same cases; a draft never leaves
-- the database, so it is read here. Columns count characters, from 1.

-- at: the next character. node: what was read last, as a tree; height: nodes above one another below it. broken: the form is wrong,
-- nothing more can be read. mistakes: [[column, text], ...].
create type rule.formula_reading as (text text, at int, depth int, node jsonb, height int, broken boolean, names jsonb, mistakes jsonb);

-- What each name means to a formula: "item", "number", the list of a choice's codes, "other" (a field of another type), "both".
create function rule.formula_names(document jsonb)
returns jsonb
language sql immutable
as $$
  with d as (select distinct on (x.item->>'kind', x.item->>'code') x.item->>'kind' as kind, x.item->>'code' as code, x.item->'values' as v
               from jsonb_array_elements(document) with ordinality x(item, n)
              where x.item->>'kind' in ('levy', 'field') and x.item->>'code' is not null order by x.item->>'kind', x.item->>'code', x.n)
  select coalesce(jsonb_object_agg(coalesce(l.code, f.code),
           case when l.code is not null and f.code is not null then '"both"'::jsonb
                when l.code is not null then '"item"'
                when f.v->>'type' in ('number', 'money') then '"number"'
                when f.v->>'type' = 'choice'
                then (select coalesce(jsonb_agg(split_part(c, '=', 1)), '[]')
                        from jsonb_array_elements_text(case when jsonb_typeof(f.v->'choices') = 'array' then f.v->'choices' else '[]' end) c)
                else '"other"' end), '{}')
    from (select * from d where kind = 'levy') l full join (select * from d where kind = 'field') f on f.code = l.code;
$$;

create function rule.formula_tell(r rule.formula_reading, at int, said text)
returns rule.formula_reading
language plpgsql immutable
as $$
begin
  if not r.broken and jsonb_array_length(r.mistakes) < 20 then
    r.mistakes := r.mistakes || jsonb_build_array(jsonb_build_array(at, said));
  end if;
  return r;
end
$$;

-- Where the next sign begins.
create function rule.formula_skip(content text, at int)
returns int
language sql immutable
as $$ select at + length(substring(substr(content, at) from '^[ \t]*')) $$;

-- Behind `sign`, if that comes next; else null.
create function rule.formula_take(r rule.formula_reading, sign text)
returns int
language sql immutable
as $$
  select case when substr(r.text, x.at, length(sign)) = sign then x.at + length(sign) end from (select rule.formula_skip(r.text, r.at) as at) x;
$$;

-- The form is wrong here.
create function rule.formula_break(r rule.formula_reading, expected text)
returns rule.formula_reading
language plpgsql immutable
as $$
declare
  seen text;
begin
  r.at := rule.formula_skip(r.text, r.at);
  seen := left(substring(substr(r.text, r.at) from '^[^ \t]*'), 12);
  r := rule.formula_tell(r, r.at, case when seen = '' then format('ends where %s is expected', expected)
                                       else format('"%s" stands where %s is expected', seen, expected) end);
  r.broken := true;
  return r;
end
$$;

-- A node over parts that were read: their heights are `below` and that of the last one.
create function rule.formula_join(r rule.formula_reading, node jsonb, below int)
returns rule.formula_reading
language plpgsql immutable
as $$
begin
  r.node := node;
  r.height := greatest(below, r.height) + 1;
  if r.height >= 100 then
    r := rule.formula_tell(r, r.at, 'is a chain of more than 100 parts: use parentheses');
    r.broken := true;
  end if;
  return r;
end
$$;

create function rule.formula_leaf(r rule.formula_reading, behind int, node jsonb)
returns rule.formula_reading
language plpgsql immutable
as $$
begin
  r.at := behind;
  r.node := node;
  r.height := 0;
  return r;
end
$$;

create function rule.formula_read_number(r rule.formula_reading)
returns rule.formula_reading
language plpgsql immutable
as $$
declare
  given text := substring(substr(r.text, r.at) from '^[0-9]+(?:[.][0-9]*)?');
begin
  if given like '%.' then
    r.at := r.at + length(given);
    return rule.formula_break(r, 'a digit behind the point');
  end if;
  if length(split_part(given, '.', 1)) > 15 or length(split_part(given, '.', 2)) > 6 then
    r := rule.formula_tell(r, r.at, 'a number has at most 15 digits, and 6 behind the point');
  end if;
  return rule.formula_leaf(r, r.at + length(given), jsonb_build_array('number', given));
end
$$;

-- The name of an item or a number field.
create function rule.formula_read_name(r rule.formula_reading, name text)
returns rule.formula_reading
language plpgsql immutable
as $$
declare
  kind jsonb := case when length(name) <= 31 then r.names->name end;
  short text := left(name, 31);
begin
  r := case
    when kind is null then rule.formula_tell(r, r.at, format('there is no [levy:%s], no [field:%s] and no function of this name', short, short))
    when jsonb_typeof(kind) = 'array' then rule.formula_tell(r, r.at, format('[field:%s] is a choice: it can only be compared, inside if()', short))
    when kind = '"other"' then rule.formula_tell(r, r.at, format('[field:%s] is not a number', short))
    when kind = '"both"' then rule.formula_tell(r, r.at, format('%s is a [levy] and a [field]: one of them needs another code', short))
    else r end;
  return rule.formula_leaf(r, r.at + length(name), jsonb_build_array(case when kind = '"item"' then 'item' else 'field' end, name));
end
$$;

-- CHOICE = 'code'; the node is null (and nothing is taken) when it is not one.
create function rule.formula_read_choice(r rule.formula_reading)
returns rule.formula_reading
language plpgsql immutable
as $$
declare
  from_at int := rule.formula_skip(r.text, r.at);
  name text := substring(substr(r.text, from_at) from '^[a-z][a-z0-9_]*');
  word text := 'is';
  behind int;
  code text;
begin
  r.node := null;
  if name is null or length(name) > 31 or jsonb_typeof(r.names->name) is distinct from 'array' then
    return r;
  end if;
  r.at := from_at + length(name);
  behind := rule.formula_take(r, '=');
  if behind is null then
    word := 'is_not';
    behind := rule.formula_take(r, '!=');
  end if;
  if behind is null then
    return rule.formula_break(r, '= or != behind a choice');
  end if;
  r.at := behind;
  behind := rule.formula_take(r, '''');
  if behind is null then
    return rule.formula_break(r, 'a choice''s code in ''...''');
  end if;
  r.at := behind;
  code := substring(substr(r.text, behind) from '^([^'']*)''');
  if code is null then
    return rule.formula_break(r, 'a closing ''');
  end if;
  if not (r.names->name) ? code then
    r := rule.formula_tell(r, behind, format('"%s" is not a choice of [field:%s]', left(code, 63), name));
  end if;
  return rule.formula_leaf(r, behind + length(code) + 1, jsonb_build_array(word, name, code));
end
$$;

create function rule.formula_read_condition(r rule.formula_reading)
returns rule.formula_reading
language plpgsql immutable
as $$
declare
  a rule.formula_reading;
  sign text;
  behind int;
begin
  r := rule.formula_read_choice(r);
  if r.node is not null or r.broken then
    return r;
  end if;
  a := rule.formula_read_sum(r);
  if a.broken then
    return a;
  end if;
  foreach sign in array '{<=,>=,!=,=,<,>}'::text[] loop
    behind := rule.formula_take(a, sign);
    exit when behind is not null;
  end loop;
  if behind is null then
    return rule.formula_break(a, 'a comparison (= != < <= > >=)');
  end if;
  r := a;
  r.at := behind;
  r := rule.formula_read_sum(r);
  return case when r.broken then r else rule.formula_join(r, jsonb_build_array(sign, a.node, r.node), a.height) end;
end
$$;

-- The parts of a function, behind its parenthesis.
create function rule.formula_read_function(r rule.formula_reading, name text, count int)
returns rule.formula_reading
language plpgsql immutable
as $$
declare
  node jsonb := jsonb_build_array(name);
  below int := 0;
  behind int;
begin
  for i in 1 .. count loop
    r := case when count = 3 and i = 1 then rule.formula_read_condition(r) else rule.formula_read_sum(r) end;
    if r.broken then
      return r;
    end if;
    node := node || jsonb_build_array(r.node);
    below := greatest(below, r.height);
    behind := rule.formula_take(r, case when i = count then ')' else ',' end);
    if behind is null then
      return rule.formula_break(r, case when i = count then ')' else ', and the next part' end);
    end if;
    r.at := behind;
  end loop;
  return rule.formula_join(r, node, below);
end
$$;

create function rule.formula_read_named(r rule.formula_reading, name text)
returns rule.formula_reading
language plpgsql immutable
as $$
declare
  inside rule.formula_reading := r;
  behind int;
  count int := case name when 'min' then 2 when 'max' then 2 when 'round' then 1 when 'ceil' then 1 when 'if' then 3 end;
begin
  inside.at := r.at + length(name);
  behind := rule.formula_take(inside, '(');
  if behind is null then
    return rule.formula_read_name(r, name);
  end if;
  if count is null then
    r := rule.formula_tell(r, r.at, format('there is no function %s(): min, max, round, ceil, if', left(name, 20)));
    r.broken := true;
    return r;
  end if;
  r.at := behind;
  return rule.formula_read_function(r, name, count);
end
$$;

create function rule.formula_read_inner(r rule.formula_reading)
returns rule.formula_reading
language plpgsql immutable
as $$
declare
  name text := substring(substr(r.text, r.at) from '^[a-z][a-z0-9_]*');
  behind int;
begin
  if substr(r.text, r.at, 1) ~ '^[0-9]$' then
    return rule.formula_read_number(r);
  elsif name is not null then
    return rule.formula_read_named(r, name);
  end if;
  behind := rule.formula_take(r, '-');
  if behind is not null then
    r.at := behind;
    r := rule.formula_read_factor(r);
    return case when r.broken then r else rule.formula_join(r, jsonb_build_array('negative', r.node), 0) end;
  end if;
  behind := rule.formula_take(r, '(');
  if behind is null then
    return rule.formula_break(r, 'a number, a name or (');
  end if;
  r.at := behind;
  r := rule.formula_read_sum(r);
  behind := rule.formula_take(r, ')');
  if r.broken or behind is null then
    return case when r.broken then r else rule.formula_break(r, ')') end;
  end if;
  r.at := behind;
  return r;
end
$$;

-- Everything that goes deeper goes through here: signs, parentheses, functions.
create function rule.formula_read_factor(r rule.formula_reading)
returns rule.formula_reading
language plpgsql immutable
as $$
begin
  r.at := rule.formula_skip(r.text, r.at);
  if r.depth >= 20 then
    r := rule.formula_tell(r, r.at, 'goes deeper than 20 levels');
    r.broken := true;
    return r;
  end if;
  r.depth := r.depth + 1;
  r := rule.formula_read_inner(r);
  r.depth := r.depth - 1;
  return r;
end
$$;

create function rule.formula_read_product(r rule.formula_reading)
returns rule.formula_reading
language plpgsql immutable
as $$
declare
  a rule.formula_reading;
  behind int;
  word text;
begin
  r := rule.formula_read_factor(r);
  while not r.broken loop
    word := '*';
    behind := rule.formula_take(r, word);
    if behind is null then
      word := '/';
      behind := rule.formula_take(r, word);
    end if;
    exit when behind is null;
    a := r;
    r.at := rule.formula_skip(r.text, behind);
    behind := r.at;
    r := rule.formula_read_factor(r);
    exit when r.broken;
    if word = '/' and r.node->>0 = 'number' and r.node->>1 ~ '^[0.]+$' then
      r := rule.formula_tell(r, behind, 'divides by zero');
    end if;
    r := rule.formula_join(r, jsonb_build_array(word, a.node, r.node), a.height);
  end loop;
  return r;
end
$$;

create function rule.formula_read_sum(r rule.formula_reading)
returns rule.formula_reading
language plpgsql immutable
as $$
declare
  a rule.formula_reading;
  behind int;
  word text;
begin
  r := rule.formula_read_product(r);
  while not r.broken loop
    word := '+';
    behind := rule.formula_take(r, word);
    if behind is null then
      word := '-';
      behind := rule.formula_take(r, word);
    end if;
    exit when behind is null;
    a := r;
    r.at := behind;
    r := rule.formula_read_product(r);
    exit when r.broken;
    r := rule.formula_join(r, jsonb_build_array(word, a.node, r.node), a.height);
  end loop;
  return r;
end
$$;

-- Reads a formula: its tree (null when there is a mistake), and its mistakes as [[column, text], ...].
create function rule.read_formula(content text, names jsonb)
returns table (tree jsonb, mistakes jsonb)
language plpgsql immutable
as $$
declare
  r rule.formula_reading := (content, 1, 0, null, 0, false, names, '[]')::rule.formula_reading;
begin
  if octet_length(content) > 1000 then
    r := rule.formula_tell(r, 1, 'is longer than 1000 bytes');
  else
    r := rule.formula_read_sum(r);
    if not r.broken and rule.formula_skip(r.text, r.at) <= length(r.text) then
      r := rule.formula_break(r, 'the end, or + - * /');
    end if;
  end if;
  return query select case when r.mistakes = '[]' then r.node end, r.mistakes;
end
$$;

-- The tree of the formula that a permit type's document has; null: it has none, or one with a mistake.
create function rule.document_formula(document jsonb)
returns jsonb
language sql immutable
as $$
  select f.tree
    from (select x.item #>> '{values,levy_formula}' as text from jsonb_array_elements(document) x(item) where x.item->>'kind' = 'permit' limit 1) g
   cross join lateral rule.read_formula(g.text, rule.formula_names(document)) f
   where g.text <> '';
$$;
