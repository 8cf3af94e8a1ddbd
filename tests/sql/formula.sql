-- The formula of a levy read in the database: the cases are those of tests/unit/test_formula.c, so that a draft and a file mean the same.
begin;
\ir lib/setup.sql
select no_plan();
select t.meta_set(t.office()) \g /dev/null

-- base, rate: items; area, sides: numbers; kind: a choice; place: a text; twice: an item and a field
create table t.document as select '[{"kind":"permit","code":"","values":{"code":"TES"}},
  {"kind":"levy","code":"base","values":{}}, {"kind":"levy","code":"rate","values":{}}, {"kind":"levy","code":"rate","values":{}}, {"kind":"levy","code":"twice","values":{}},
  {"kind":"field","code":"area","values":{"type":"number"}}, {"kind":"field","code":"sides","values":{"type":"money"}},
  {"kind":"field","code":"kind","values":{"type":"choice","choices":["billboard=Papan","banner=Kain"]}},
  {"kind":"field","code":"place","values":{"type":"text"}}, {"kind":"field","code":"twice","values":{"type":"number"}}]'::jsonb as d;
create function t.read(content text, out tree jsonb, out mistakes jsonb) language sql stable
as $$ select f.tree, f.mistakes from t.document, rule.read_formula(content, rule.formula_names(d)) f $$;

select is((t.read(x.text)).tree, x.tree::jsonb, 'another tree than of a file: ' || x.text) from (values
  ('1', '["number","1"]'),
  (' base * area ', '["*",["item","base"],["field","area"]]'),
  ('1 + 2 * 3', '["+",["number","1"],["*",["number","2"],["number","3"]]]'),
  ('(1 + 2) * 3', '["*",["+",["number","1"],["number","2"]],["number","3"]]'),
  ('3 - 2 - 1', '["-",["-",["number","3"],["number","2"]],["number","1"]]'),
  ('12 / 4 / 3', '["/",["/",["number","12"],["number","4"]],["number","3"]]'),
  ('-area', '["negative",["field","area"]]'),
  ('min(1.5, base)', '["min",["number","1.5"],["item","base"]]'),
  ('round(ceil(area))', '["round",["ceil",["field","area"]]]'),
  ('if(area >= 8, base, rate)', '["if",[">=",["field","area"],["number","8"]],["item","base"],["item","rate"]]'),
  ('if(kind = ''banner'', 1, 2)', '["if",["is","kind","banner"],["number","1"],["number","2"]]'),
  ('if(kind != ''banner'', 1, 2)', '["if",["is_not","kind","banner"],["number","1"],["number","2"]]'),
  (E'max(\t0 , area-1)', '["max",["number","0"],["-",["field","area"],["number","1"]]]')) x(text, tree);
select is(f.mistakes->0->>0 || (f.mistakes->>1 is null)::text || starts_with(f.mistakes->0->>1, x.told), x.at || 'truetrue', format('not told at its column: %s (%s)', x.text, f.mistakes)) from (values
  ('', 1, 'ends where a number, a name or ( is expected'),
  ('   ', 4, 'ends where'),
  ('1 +', 4, 'ends where'),
  ('1 + * 2', 5, '"*" stands where a number'),
  ('* 2', 1, '"*" stands where'),
  ('(1 + 2', 7, 'ends where ) is expected'),
  ('1 + 2)', 6, '")" stands where the end'),
  ('1 2', 3, '"2" stands where the end'),
  ('base area', 6, '"area" stands where the end'),
  ('prise * 2', 1, 'there is no [levy:prise], no [field:prise]'),
  ('base * lenght', 8, 'there is no [levy:lenght]'),
  ('kind * 2', 1, '[field:kind] is a choice'),
  ('2 + place', 5, '[field:place] is not a number'),
  ('twice + 1', 1, 'twice is a [levy] and a [field]'),
  ('base / 0', 8, 'divides by zero'),
  ('base / 0.000', 8, 'divides by zero'),
  ('sqrt(2)', 1, 'there is no function sqrt()'),
  ('pg_sleep(10)', 1, 'there is no function pg_sleep()'),
  ('min(1)', 6, '")" stands where , and the next part'),
  ('min(1, 2, 3)', 9, '"," stands where )'),
  ('round(1, 2)', 8, '"," stands where )'),
  ('if(area, 1, 2)', 8, '"," stands where a comparison'),
  ('if(kind, 1, 2)', 8, '"," stands where = or != behind a choice'),
  ('if(kind < ''banner'', 1, 2)', 9, '"<" stands where = or !='),
  ('if(kind = banner, 1, 2)', 11, '"banner," stands where a choice''s code'),
  ('if(kind = ''poster'', 1, 2)', 12, '"poster" is not a choice of [field:kind]'),
  ('if(kind = ''banner, 1, 2)', 12, '"banner," stands where a closing '''),
  ('if(area > 1, 2)', 15, '")" stands where , and the next part'),
  ('area = 1', 6, '"=" stands where the end'),
  ('1; drop table bill', 2, '";" stands where the end'),
  ('base || ''x''', 6, '"||" stands where the end'),
  ('1.', 3, 'ends where a digit behind the point'),
  ('1e9', 2, '"e9" stands where the end'),
  ('1234567890123456', 1, 'a number has at most 15 digits'),
  ('0.1234567', 1, 'a number has at most 15 digits'),
  ('Base', 1, '"Base" stands where'),
  ('base * 2', 5, '" *" stands where the end'),
  ('a123456789012345678901234567890123456789', 1, 'there is no [levy:')) x(text, at, told), t.read(x.text) f;
select is((t.read('one + base / 0 + place')).mistakes, '[[1, "there is no [levy:one], no [field:one] and no function of this name"], [14, "divides by zero"], [18, "[field:place] is not a number"]]'::jsonb,
          'only the first wrong name is told');

-- limits: no formula takes long, or more than the database walks
select is((t.read(x.text)).mistakes->0->>1, x.told, x.why) from (values
  (repeat('(', 19) || '1' || repeat(')', 19), null, 'nineteen parentheses are refused'),
  (repeat('(', 20) || '1' || repeat(')', 20), 'goes deeper than 20 levels', 'parentheses go as deep as one likes'),
  (repeat('-', 400) || '1', 'goes deeper than 20 levels', 'signs go as deep as one likes'),
  (repeat('1 + ', 99) || '1', null, 'a hundred parts are refused'),
  (repeat('1 + ', 100) || '1', 'is a chain of more than 100 parts: use parentheses', 'a chain is as long as one likes'),
  (repeat('1', 1001), 'is longer than 1000 bytes', 'a formula is as long as one likes')) x(text, told, why);
select is((t.read(repeat('x + ', 90) || 'x')).mistakes->19->>0, '77', 'twenty mistakes are not the most');

-- a draft: saved with its formula, refused with the column, published with its tree
create function t.section(username text, document bigint, version int, place int, kind text, code text, entries jsonb) returns text language sql volatile as $$
  select format('select api.rules_section(%L, %L, %s, %s, %s, %L, %L, %L, %L, 0)', t.token(username), t.key(), document, version, place, 'save', kind, code,
                (select jsonb_agg(jsonb_build_object('key', e.key, 'value', e.value)) from jsonb_each_text(entries) e)) $$;
create table t.draft as select r.draft_id as id from api.rules_draft(t.token('ad1'), t.key(), 'permit', 'TESL', null) r;
create function t.permit(formula text) returns jsonb language sql stable as $$
  select jsonb_build_object('code', 'TESL', 'name', 'Izin TESL', 'sector', 'uji', 'service_days', '3', 'valid_years', '5', 'number_pattern', '503/{NNNN}/{J}/{MM}/{YYYY}',
                            'workflow', 'standard', 'valid_not_past', 'STR', 'departments', 'DINKES', 'levy_formula', formula) $$;
select is(t.try(t.section('ad1', id, 1, 1, 'permit', '', t.permit('board * sides +'))), 'LK007 entries.levy_formula', 'a formula that ends too early is saved') from t.draft;
select is(t.complaint(t.section('ad1', id, 1, 1, 'permit', '', t.permit('board * heigth'))), 'column 9: there is no [levy:heigth], no [field:heigth] and no function of this name', 'nobody is told where') from t.draft;
select is(t.try(t.section('an1', id, 1, 1, 'permit', '', t.permit('board'))), 'LK005', 'an analyst changes a formula') from t.draft;
do $$ declare i bigint := id from t.draft; begin
  execute t.section('ad1', i, 1, 1, 'permit', '', t.permit('board * sides + if(own = ''yes'', 500, 0)'));
  perform api.rules_propose(t.token('ad1'), t.key(), i, 2, rule.office_date(t.office())::text, 'The council asks');
  perform api.rules_decide(t.token('ad2'), t.key(), i, 3, true, null);
end $$;
select is((select v.levy_tree from catalogue.permit_type_version v join catalogue.permit_type p on p.office_id = v.office_id and p.permit_type_id = v.permit_type_id
            where v.office_id = t.office() and p.code = 'TESL' and v.version = 2),
          '["+", ["*", ["item", "board"], ["field", "sides"]], ["if", ["is", "own", "yes"], ["number", "500"], ["number", "0"]]]'::jsonb, 'what is published has no formula');
create table t.due as select t.submit('TESL') as app;
select is(rule.levy_amount(a), 30000::bigint, 'a bill does not follow the formula that was approved') from application.application a join t.due d on d.app = a.application_id;
select * from finish();
rollback;
