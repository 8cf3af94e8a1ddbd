-- What a levy costs: its items at the prices of a day, or the permit type's formula over them. Numeric until the end, then
-- whole rupiah. A levy that cannot be computed stops the step (NOT_NOW). A formula is the tree that the catalogue's reader made
-- of it (server/formula.c): it is walked here, never executed.

-- "Rp 1.250.000", as a person reads it on a bill.
create function rule.rupiah(amount numeric)
returns text
language sql immutable
as $$
  select case when amount < 0 then '-' else '' end || 'Rp ' || reverse(regexp_replace(reverse(abs(round(amount))::text), '([0-9]{3})(?=[0-9])', '\1.', 'g'));
$$;

-- The items at the price of that day, each once.
create function rule.levy_items(app application.application, day date)
returns setof catalogue.levy_item
language sql stable
as $$
  select y.*
    from (select distinct on (x.code) x.*
            from catalogue.levy_item x
           where x.office_id = app.office_id and x.permit_type_id = app.permit_type_id and x.version = app.permit_version
             and x.valid_from <= day
           order by x.code, x.valid_from desc) y
   order by y.position, y.code;
$$;

-- Does the item count for what the applicant filled in?
create function rule.levy_applies(app application.application, item catalogue.levy_item)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select item.when_field is null
         or exists (select from application.field_value f
                     where f.office_id = app.office_id and f.application_id = app.application_id
                       and f.code = item.when_field and f.value = item.when_value));
end
$$;

-- What the names in a formula mean: {"item": {code: price}, "field": {code: value}, "label": {code: label}}. An item that does
-- not count costs nothing.
create function rule.levy_names(app application.application, day date)
returns jsonb
language plpgsql stable
as $$
begin
  return (
  select jsonb_build_object(
    'item', (select coalesce(jsonb_object_agg(i.code, case when rule.levy_applies(app, i) then i.price else 0 end), '{}')
               from rule.levy_items(app, day) i),
    'field', (select coalesce(jsonb_object_agg(v.code, v.value) filter (where v.value is not null), '{}')
                from application.field_value v
               where v.office_id = app.office_id and v.application_id = app.application_id),
    'label', (select coalesce(jsonb_object_agg(f.code, f.label), '{}')
                from catalogue.form_field f
               where f.office_id = app.office_id and f.permit_type_id = app.permit_type_id and f.version = app.permit_version)));
end
$$;

-- A form field's value in a formula. NOT_NOW, naming the field.
create function rule.formula_field(code text, names jsonb)
returns text
language plpgsql immutable
as $$
begin
  if names #>> array['field', code] is null then
    perform rule.fail(11, 'fields.' || code, 'The levy cannot be computed: "%s" is not filled in', coalesce(names #>> array['label', code], code));
  end if;
  return names #>> array['field', code];
end
$$;

create function rule.formula_number(code text, names jsonb)
returns numeric
language plpgsql immutable
as $$
declare
  value text := rule.formula_field(code, names);
begin
  if value !~ '^[0-9]{1,15}([.][0-9]{1,6})?$' then
    perform rule.fail(11, 'fields.' || code, 'The levy cannot be computed: "%s" is not a number', coalesce(names #>> array['label', code], code));
  end if;
  return value::numeric;
end
$$;

-- The value of a tree: ["number", "1.5"], ["item", code], ["field", code], ["+", a, b], ["round", a], ["if", condition, a, b] ...
-- Only the branch that counts is computed. Nothing is executed: a word that is not known here is refused. The depth is for
-- a tree that did not come from the parser, which has its own limit.
create function rule.formula_value(tree jsonb, names jsonb, depth int default 0)
returns numeric
language plpgsql immutable
as $$
declare
  word text := case when jsonb_typeof(tree) = 'array' then tree->>0 end;
  a numeric;
  b numeric;
begin
  if depth > 300 or word is null then
    perform rule.fail(11, 'levy_formula', 'The levy cannot be computed: its formula is damaged');
  end if;
  case word
    when 'number' then return (tree->>1)::numeric;
    when 'field' then return rule.formula_number(tree->>1, names);
    when 'if' then
      return rule.formula_value(tree->case when rule.formula_holds(tree->1, names, depth + 1) then 2 else 3 end, names, depth + 1);
    when 'item' then
      if names #>> array['item', tree->>1] is null then
        perform rule.fail(11, 'levy_formula', 'The levy cannot be computed: the tariff has no price of "%s" for this day', tree->>1);
      end if;
      return (names #>> array['item', tree->>1])::numeric;
    else null;
  end case;
  a := rule.formula_value(tree->1, names, depth + 1);
  case word
    when 'round' then return round(a);
    when 'ceil' then return ceil(a);
    when 'negative' then return -a;
    else null;
  end case;
  b := rule.formula_value(tree->2, names, depth + 1);
  case word
    when '+' then return a + b;
    when '-' then return a - b;
    when '*' then return a * b;
    when 'min' then return least(a, b);
    when 'max' then return greatest(a, b);
    when '/' then
      if b = 0 then
        perform rule.fail(11, 'levy_formula', 'The levy cannot be computed: its formula divides by zero');
      end if;
      return a / b;
    else perform rule.fail(11, 'levy_formula', 'The levy cannot be computed: its formula is damaged');
  end case;
  return null;
end
$$;

-- A condition: ["<", a, b] and the like, or ["is", field, code], ["is_not", field, code] of a choice.
create function rule.formula_holds(tree jsonb, names jsonb, depth int)
returns boolean
language plpgsql immutable
as $$
declare
  word text := case when jsonb_typeof(tree) = 'array' then tree->>0 end;
  a numeric;
  b numeric;
begin
  case word
    when 'is' then return rule.formula_field(tree->>1, names) = tree->>2;
    when 'is_not' then return rule.formula_field(tree->>1, names) <> tree->>2;
    else null;
  end case;
  a := rule.formula_value(tree->1, names, depth + 1);
  b := rule.formula_value(tree->2, names, depth + 1);
  case word
    when '=' then return a = b;
    when '!=' then return a <> b;
    when '<' then return a < b;
    when '<=' then return a <= b;
    when '>' then return a > b;
    when '>=' then return a >= b;
    else perform rule.fail(11, 'levy_formula', 'The levy cannot be computed: its formula is damaged');
  end case;
  return null;
end
$$;

-- How strongly the tree's outermost word binds: what binds less than its surroundings stands in parentheses.
create function rule.formula_strength(tree jsonb)
returns int
language sql immutable
as $$
  select case when tree->>0 in ('+', '-') then 1 when tree->>0 in ('*', '/') then 2 when tree->>0 = 'negative' then 3 else 4 end;
$$;

-- The formula with the numbers filled in, for people to check. A value that is not there stands as its label.
create function rule.formula_text(tree jsonb, names jsonb, surroundings int default 0)
returns text
language plpgsql immutable
as $$
declare
  word text := tree->>0;
  strength int := rule.formula_strength(tree);
  shown text;
begin
  shown := case
    when word = 'number' then trim_scale((tree->>1)::numeric)::text
    when word = 'item' then coalesce(rule.rupiah((names #>> array['item', tree->>1])::numeric), tree->>1)
    when word = 'field' then coalesce(names #>> array['field', tree->>1], '') || ' ' || coalesce(names #>> array['label', tree->>1], tree->>1)
    when word in ('is', 'is_not') then
      format('%s %s ''%s''', coalesce(names #>> array['label', tree->>1], tree->>1), case word when 'is' then '=' else '≠' end, tree->>2)
    when word = 'negative' then '−' || rule.formula_text(tree->1, names, strength)
    when word in ('round', 'ceil') then format('%s(%s)', word, rule.formula_text(tree->1, names))
    when word in ('min', 'max') then format('%s(%s; %s)', word, rule.formula_text(tree->1, names), rule.formula_text(tree->2, names))
    when word = 'if' then format('if(%s; %s; %s)', rule.formula_text(tree->1, names), rule.formula_text(tree->2, names), rule.formula_text(tree->3, names))
    else format('%s %s %s', rule.formula_text(tree->1, names, strength),
                case word when '*' then '×' when '/' then '÷' when '-' then '−' when '!=' then '≠' when '<=' then '≤' when '>=' then '≥' else word end,
                rule.formula_text(tree->2, names, strength + case when word in ('-', '/') then 1 else 0 end))
  end;
  return case when strength < surroundings then '(' || btrim(shown) || ')' else btrim(shown) end;
end
$$;

-- Which items a formula names.
create function rule.formula_items(tree jsonb)
returns text[]
language sql immutable
as $$
  select coalesce(array_agg(distinct x #>> '{1}'), '{}')
    from jsonb_path_query(jsonb_build_array(tree), 'strict $.** ? (@.type() == "array" && @[0] == "item")') x;
$$;

-- Whole rupiah, or why not: nobody is billed less than nothing, or more than anybody could mean.
create function rule.whole_rupiah(amount numeric)
returns bigint
language plpgsql immutable
as $$
begin
  if round(amount) < 0 then
    perform rule.fail(11, 'levy_formula', 'The levy cannot be computed: it would be negative (%s)', rule.rupiah(amount));
  elsif round(amount) > 1000000000000 then
    perform rule.fail(11, 'levy_formula', 'The levy cannot be computed: it would be above %s', rule.rupiah(1000000000000));
  end if;
  return round(amount)::bigint;
end
$$;

-- Without a formula: each item times the product of its form fields.
create function rule.levy_item_lines(app application.application, day date)
returns setof application.bill_line
language plpgsql stable
as $$
declare
  item catalogue.levy_item;
  part record;
  quantity numeric;
  line application.bill_line;
begin
  line.office_id := app.office_id;
  line.application_id := app.application_id;
  line.position := 0;
  line.kind := 'item';
  for item in select i.* from rule.levy_items(app, day) i where rule.levy_applies(app, i) loop
    quantity := 1;
    line.arithmetic := null;
    for part in
      select f.label, case when v.value ~ '^[0-9]+([.][0-9]+)?$' then v.value::numeric else 0 end as amount
        from unnest(item.quantity_fields) with ordinality q(code, place)
        left join catalogue.form_field f
          on f.office_id = app.office_id and f.permit_type_id = app.permit_type_id and f.version = app.permit_version
         and f.code = q.code
        left join application.field_value v
          on v.office_id = app.office_id and v.application_id = app.application_id and v.code = q.code
       order by q.place
    loop
      quantity := quantity * part.amount;
      line.arithmetic := concat_ws(' × ', line.arithmetic, concat_ws(' ', trim_scale(part.amount), part.label));
    end loop;
    line.amount := rule.whole_rupiah(item.price * quantity);
    continue when line.amount = 0;
    line.position := line.position + 1;
    line.item := item.name;
    line.legal_basis := item.legal_basis;
    line.price := item.price;
    line.code := item.code;
    line.valid_from := item.valid_from;
    line.arithmetic := coalesce(line.arithmetic, '1');
    return next line;
  end loop;
end
$$;

-- The formula's value when only these items cost something; `otherwise` where that cannot be computed.
create function rule.formula_with(tree jsonb, names jsonb, items text[], otherwise numeric)
returns numeric
language plpgsql immutable
as $$
begin
  return rule.formula_value(tree, names || jsonb_build_object('item',
    (select coalesce(jsonb_object_agg(i.key, case when i.key = any (items) then i.value else '0' end), '{}') from jsonb_each(names->'item') i)));
exception
  when sqlstate 'LK011' then
    return otherwise;
end
$$;

-- With a formula: what each item adds when the prices are put in one after the other (so the lines add up to the bill, whatever
-- the formula), then the formula with its numbers.
create function rule.levy_formula_lines(app application.application, v catalogue.permit_type_version, day date)
returns setof application.bill_line
language plpgsql stable
as $$
declare
  names jsonb := rule.levy_names(app, day);
  total numeric := rule.whole_rupiah(rule.formula_value(v.levy_tree, names));
  used text[] := rule.formula_items(v.levy_tree);
  last text := (select i.code from rule.levy_items(app, day) i where i.code = any (used) order by i.position desc, i.code desc limit 1);
  before numeric := round(rule.formula_with(v.levy_tree, names, '{}', 0));
  after numeric;
  counted text[] := '{}';
  item catalogue.levy_item;
  line application.bill_line;
begin
  line.office_id := app.office_id;
  line.application_id := app.application_id;
  line.position := 0;
  if last is null then
    before := total;
  end if;
  if before <> 0 then
    line := (app.office_id, app.application_id, 1, 'Bagian tetap', v.legal_basis, 0, rule.rupiah(before), before, 'item', null, null)::application.bill_line;
    return next line;
  end if;
  for item in select i.* from rule.levy_items(app, day) i where i.code = any (used) loop
    counted := counted || item.code;
    after := case when item.code = last then total else round(rule.formula_with(v.levy_tree, names, counted, before)) end;
    line := (app.office_id, app.application_id, line.position + 1, item.name, item.legal_basis, item.price,
             'tarif ' || rule.rupiah((names #>> array['item', item.code])::numeric), (after - before)::bigint, 'item', item.code, item.valid_from)::application.bill_line;
    before := after;
    return next line;
  end loop;
  line := (app.office_id, app.application_id, line.position + 1, 'Rumus', v.legal_basis, 0,
           rule.formula_text(v.levy_tree, names) || ' = ' || rule.rupiah(total), 0, 'formula', null, null)::application.bill_line;
  return next line;
end
$$;

-- The lines of the levy on a day (null: today). They add up to its amount.
create function rule.levy_lines(app application.application, day date default null)
returns setof application.bill_line
language plpgsql stable
as $$
declare
  v catalogue.permit_type_version;
begin
  select x.* into v
    from catalogue.permit_type_version x
   where x.office_id = app.office_id and x.permit_type_id = app.permit_type_id and x.version = app.permit_version;
  day := coalesce(day, rule.office_date(app.office_id));
  if v.levy_tree is null then
    return query select l.* from rule.levy_item_lines(app, day) l;
  else
    return query select l.* from rule.levy_formula_lines(app, v, day) l;
  end if;
end
$$;

-- What the permit costs on a day, before any waiver. NOT_NOW when it cannot be computed.
create function rule.levy_amount(app application.application, day date default null)
returns bigint
language plpgsql stable
as $$
begin
  if not (select x.levy from catalogue.permit_type_version x
           where x.office_id = app.office_id and x.permit_type_id = app.permit_type_id and x.version = app.permit_version) then
    return 0;
  end if;
  return rule.whole_rupiah((select coalesce(sum(l.amount), 0) from rule.levy_lines(app, day) l));
end
$$;

-- What a waiver takes off.
create function rule.waived_amount(gross bigint, percent int)
returns bigint
language sql immutable
as $$ select case when percent = 100 then gross else round(gross::numeric * coalesce(percent, 0) / 100)::bigint end $$;

-- What is to be paid for it, with the waiver that was approved.
create function rule.levy_net(app application.application)
returns bigint
language plpgsql stable
as $$
declare
  gross bigint := rule.levy_amount(app);
begin
  return gross - rule.waived_amount(gross, (select w.percent from application.waiver w
                                             where w.office_id = app.office_id and w.application_id = app.application_id and w.approved));
end
$$;

-- The same for those who only ask; null: cannot be computed (yet).
create function rule.levy_estimate(app application.application)
returns bigint
language plpgsql stable
as $$
begin
  return case when app.kind = 'revoke' then 0 else rule.levy_net(app) end;
exception
  when sqlstate 'LK011' then
    return null;
end
$$;

create function rule.bill_paid(app application.application)
returns boolean
language plpgsql stable
as $$
begin
  return (
  select exists (select from application.bill b
                  where b.office_id = app.office_id and b.application_id = app.application_id and b.paid_on is not null));
end
$$;
