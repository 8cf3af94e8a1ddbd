-- What a levy costs: tariffs that change, quantities, and the language of formulas.
begin;
\ir lib/setup.sql
select plan(94);

create table t.app as select t.at('drafting', 'TESL') as a;
create function t.row() returns application.application language sql stable
as $$ select x from application.application x, t.app where x.application_id = a $$;
create function t.field(code text, value text) returns void language sql as $$
  delete from application.field_value f using t.app where f.application_id = a and f.code = field.code;
  insert into application.field_value (office_id, application_id, code, value) select t.office(), a, field.code, field.value from t.app
   where field.value is not null;
$$;
create function t.type_id() returns bigint language sql stable
as $$ select permit_type_id from catalogue.permit_type where office_id = t.office() and code = 'TESL' $$;
create function t.tariff(code text, price bigint, valid_from date, quantity text[] default '{}') returns void language sql as $$
  insert into catalogue.levy_item (office_id, permit_type_id, version, code, position, name, legal_basis, price, valid_from, quantity_fields)
  select t.office(), t.type_id(), 1, tariff.code, 2, 'Tarif ' || tariff.code, 'Perda ' || tariff.valid_from, tariff.price, tariff.valid_from, quantity;
$$;
create function t.formula(tree jsonb) returns void language sql as $$
  update catalogue.permit_type_version v set levy_formula = case when tree is not null then 'x' end, levy_tree = tree
   where v.office_id = t.office() and v.permit_type_id = t.type_id();
$$;
delete from catalogue.levy_item where office_id = t.office() and permit_type_id = t.type_id();

-- tariffs: which price on which day
select t.tariff('base', 1000, '2024-01-01'), t.tariff('base', 1500, '2024-02-29'), t.tariff('base', 0, '2025-01-01'),
       t.tariff('base', 2000, '2026-01-01') \g /dev/null
select is(rule.levy_amount(t.row(), day), expected, 'price on ' || day) from (values
  (date '2023-12-31', 0::bigint), ('2024-01-01', 1000), ('2024-02-28', 1000), ('2024-02-29', 1500), ('2024-03-01', 1500), ('2024-12-31', 1500),
  ('2025-01-01', 0), ('2025-12-31', 0), ('2026-01-01', 2000), ('2199-12-31', 2000)) v(day, expected);
select is((select count(*) from rule.levy_lines(t.row(), '2026-06-01')), 1::bigint, 'a price that followed another is not asked for beside it');
select is((select l.valid_from from rule.levy_lines(t.row(), '2024-03-01') l), date '2024-02-29', 'the line names its version of the tariff');
select is((select l.legal_basis from rule.levy_lines(t.row(), '2024-03-01') l), 'Perda 2024-02-29', 'and its legal basis');
select is((select count(*) from rule.levy_lines(t.row(), '2025-06-01')), 0::bigint, 'what costs Rp 0 is no line');
-- the day is the office's, not the server's
update catalogue.office set time_zone = 'Asia/Jayapura' where office_id = t.office();
select is(rule.office_date(t.office(), '2025-12-31 14:59:59+00'), date '2025-12-31', 'a second before midnight the old price counts');
select is(rule.office_date(t.office(), '2025-12-31 15:00:00+00'), date '2026-01-01', 'at midnight the new one');
update catalogue.office set time_zone = 'Asia/Jakarta' where office_id = t.office();

-- quantities
delete from catalogue.levy_item where office_id = t.office() and permit_type_id = t.type_id();
select t.tariff('board', 15000, '2020-01-01', '{sides,area}') \g /dev/null
create function t.with_area(sides text, area text) returns text language plpgsql as $$
begin
  perform t.field('sides', sides), t.field('area', area);
  return coalesce(nullif(t.complaint('select rule.levy_amount(t.row())'), ''), rule.levy_amount(t.row())::text);
end $$;
select is(t.with_area(sides, area), expected, format('%s sides of %s', sides, area)) from (values
  ('2', '12.5', '375000'), ('1', '0.0001', '2'), ('1', '0.00001', '0'), (null, '12', '0'), ('0', '12', '0'),
  ('1', '66666666.6667', 'The levy cannot be computed: it would be above Rp 1.000.000.000.000'),
  ('999999999999999', '999999999999999', 'The levy cannot be computed: it would be above Rp 1.000.000.000.000')) v(sides, area, expected);
select is(t.with_area('1', '66666666.6'), '999999999000', 'a large one is exact');

-- the language
select t.field('sides', '2'), t.field('area', '12.5'), t.field('rooms', null) \g /dev/null
delete from catalogue.levy_item where office_id = t.office() and permit_type_id = t.type_id();
select t.tariff('base', 100000, '2020-01-01'), t.tariff('rate', 750, '2020-01-01'), t.tariff('later', 5, '2099-01-01') \g /dev/null
create function t.value(tree jsonb) returns text language plpgsql as $$
declare result text;
begin
  select trim_scale(rule.formula_value(tree, rule.levy_names(t.row(), '2026-01-01')))::text into result;
  return result;
end $$;
select is(t.value(tree::jsonb), expected, tree) from (values
  ('["number","7"]', '7'), ('["number","0.5"]', '0.5'), ('["item","base"]', '100000'), ('["field","area"]', '12.5'),
  ('["+",["number","1"],["number","2"]]', '3'), ('["-",["number","1"],["number","2"]]', '-1'), ('["*",["item","rate"],["field","area"]]', '9375'),
  ('["/",["number","1"],["number","8"]]', '0.125'), ('["negative",["number","3"]]', '-3'),
  ('["min",["number","1"],["number","2"]]', '1'), ('["max",["number","1"],["number","2"]]', '2'),
  ('["round",["number","2.5"]]', '3'), ('["round",["number","2.4999"]]', '2'), ('["ceil",["number","2.0001"]]', '3'), ('["ceil",["number","2"]]', '2'),
  ('["if",["<",["field","area"],["number","10"]],["number","1"],["number","2"]]', '2'),
  ('["if",["<=",["number","10"],["number","10"]],["number","1"],["number","2"]]', '1'),
  ('["if",[">",["field","area"],["number","10"]],["number","1"],["number","2"]]', '1'),
  ('["if",[">=",["field","area"],["number","13"]],["number","1"],["number","2"]]', '2'),
  ('["if",["=",["field","sides"],["number","2.0"]],["number","1"],["number","2"]]', '1'),
  ('["if",["!=",["field","sides"],["number","2"]],["number","1"],["number","2"]]', '2'),
  ('["if",["is","own","no"],["number","1"],["number","2"]]', '1'), ('["if",["is_not","own","no"],["number","1"],["number","2"]]', '2'),
  ('["if",["is","own","yes"],["field","rooms"],["number","0"]]', '0'),
  ('["-",["*",["number","0.1"],["number","3"]],["number","0.3"]]', '0')) v(tree, expected);
select is(t.complaint(format('select t.value(%L)', tree)), complaint, tree) from (values
  ('["field","rooms"]', 'The levy cannot be computed: "ruang" is not filled in'),
  ('["field","place"]', 'The levy cannot be computed: "Tempat" is not a number'),
  ('["item","later"]', 'The levy cannot be computed: the tariff has no price of "later" for this day'),
  ('["/",["number","1"],["-",["field","sides"],["number","2"]]]', 'The levy cannot be computed: its formula divides by zero'),
  ('["if",["is","own","yes"],["number","1"],["/",["number","1"],["number","0"]]]', 'The levy cannot be computed: its formula divides by zero')) v(tree, complaint);

-- hostile trees: nothing that is not the language is executed, nothing is computed for ever
select is(t.complaint(format('select t.value(%L)', tree)), 'The levy cannot be computed: its formula is damaged', 'hostile: ' || left(tree, 60)) from (values
  ('["sql","drop table application.bill"]'), ('["pg_sleep",["number","100"],["number","1"]]'), ('["exec",["number","1"],["number","1"]]'),
  ('{"op":"+"}'), ('"1"'), ('1'), ('null'), ('[]'), ('[null]'), ('[["number","1"]]'), ('["^",["number","9"],["number","9"]]'),
  ('["+",["number","1"]]'), ('["round"]'), ('["if",["like",["number","1"],["number","1"]],["number","1"],["number","1"]]'),
  ('["if","true",["number","1"],["number","1"]]'), ('["||",["number","1"],["number","1"]]')) v(tree);
select is(t.try(format('select t.value(%L)', tree)), outcome, 'hostile value: ' || tree) from (values
  ('["number","1; drop table application.bill"]', '22P02: invalid input syntax for type numeric: "1; drop table application.bill"'),
  ('["field","1'' or true --"]', 'LK011 fields.1'' or true --'), ('["item","x\" || y"]', 'LK011 levy_formula'),
  ('["field","nothing"]', 'LK011 fields.nothing')) v(tree, outcome);
select is(t.complaint(format('select t.value(%L)', repeat('["negative",', 400) || '["number","1"]' || repeat(']', 400))),
          'The levy cannot be computed: its formula is damaged', 'hostile: 400 levels deep');
select has_table('application', 'bill', 'the bills are still there');

-- the bill of a formula
select t.formula('["max",["item","base"],["*",["*",["item","rate"],["field","area"]],["field","sides"]]]') \g /dev/null
select is(rule.levy_amount(t.row()), 100000::bigint, 'a formula decides what is to be paid');
select is((select sum(l.amount) from rule.levy_lines(t.row()) l), 100000::numeric, 'its lines add up to it');
select is((select array_agg(l.code || '=' || l.amount order by l.position) from rule.levy_lines(t.row()) l where l.kind = 'item'),
          '{base=100000,rate=0}'::text[], 'each item with what it adds');
select is((select l.arithmetic from rule.levy_lines(t.row()) l where l.kind = 'formula'),
          'max(Rp 100.000; Rp 750 × 12.5 m² × 2 sisi) = Rp 100.000', 'and the formula with its numbers');
select t.field('area', '100.5') \g /dev/null
select is((select array_agg(l.code || '=' || l.amount order by l.position) from rule.levy_lines(t.row()) l where l.kind = 'item'),
          '{base=100000,rate=50750}'::text[], 'also above the least amount');
select t.formula('["+",["number","2500.5"],["*",["item","rate"],["field","sides"]]]') \g /dev/null
select is((select array_agg(l.kind || ' ' || l.amount order by l.position) from rule.levy_lines(t.row()) l), '{"item 2501","item 1500","formula 0"}'::text[],
          'a fixed part is a line of its own, and rounding loses no rupiah');
select is(rule.levy_amount(t.row()), 4001::bigint, 'the whole is rounded once, to whole rupiah');
select is(rule.formula_text(tree::jsonb, '{"item":{},"field":{},"label":{}}'), expected, 'shown: ' || expected) from (values
  ('["*",["+",["number","1"],["number","2"]],["number","3"]]', '(1 + 2) × 3'), ('["-",["number","3"],["-",["number","2"],["number","1"]]]', '3 − (2 − 1)'),
  ('["/",["number","1"],["*",["number","2"],["number","4"]]]', '1 ÷ (2 × 4)'), ('["+",["number","1"],["*",["number","2"],["number","3"]]]', '1 + 2 × 3')) v(tree, expected);
select t.formula(tree::jsonb) from (values ('["-",["number","1"],["number","2"]]')) v(tree) \g /dev/null
select is(t.complaint('select rule.levy_amount(t.row())'), 'The levy cannot be computed: it would be negative (-Rp 1)', 'nobody is billed less than nothing');
select t.formula('["*",["number","999999999999999"],["number","2"]]') \g /dev/null
select is(t.try('select rule.levy_amount(t.row())'), 'LK011 levy_formula', 'nor more than anybody could mean');
select t.formula('["*",["item","rate"],["field","rooms"]]') \g /dev/null
select is(t.try(t.call('an1', a, 'submit_draft')), 'LK011 fields.rooms', 'a missing value stops the step and is named') from t.app;
select is((select array_agg(x.action) from unnest((api.application_open(t.token('an1'), a)).actions) x where x.action = 'submit'), '{submit}'::text[],
          'the draft can be read all the same') from t.app;
select is(t.try('select t.submit(''TESL'')'), 'LK011 fields.rooms', 'at the counter it is told at once');
select t.field('rooms', '3') \g /dev/null
select is(t.act('an1', a, 'submit_draft'), 'payment', 'filled in, it goes on') from t.app;
select is((select amount from application.bill where application_id = a), 2250::bigint, 'with the bill') from t.app;
select * from finish();
rollback;
