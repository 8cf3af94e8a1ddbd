-- Rules as files on a screen: what is exported comes back as the same draft, what is wrong is refused with line and field, and
-- only an administrator brings a file.
begin;
\ir lib/setup.sql
select no_plan();
select t.meta_set(t.office()) \g /dev/null

create function t.file(kind text default 'workflow', code text default 'standard') returns text language sql stable
as $$ select rule.document_ini(rule.rule_document(t.office(), kind, code, 0)) $$;
create function t.import(username text, content text) returns text language sql volatile
as $$ select format('select api.rules_import(%L, %L, %L)', t.token(username), t.key(), content) $$;
create function t.export(username text, kind text default 'workflow', code text default 'standard', draft bigint default 0) returns text language sql stable
as $$ select format('select api.rules_export(%L, %L, %L, 0, %s)', t.token(username), kind, code, draft) $$;

select is((select x.text from api.rules_export(t.token('ad1'), 'workflow', 'standard', 0, 0) x), rule.export_rule('uji', 'workflow', 'standard', 0),
          'the screen shows another file than the command prints');
select is(t.try(t.export('au1')), 'ok', 'an auditor does not read the rules as a file');
select is(t.try(t.export(u)), 'LK005', u || ' reads the rules as a file') from unnest('{fo1,an1,sh1,hd1,co1,mg1}'::text[]) u;
select is(t.try(t.import(u, t.file())), 'LK005', u || ' brings a rule') from unnest('{fo1,an1,sh1,hd1,co1,mg1,au1}'::text[]) u;
select is(t.try(t.export('ad9', 'permit', 'TESX')), 'LK009 code', 'a rule that is not there is exported');
select is(t.try(t.export('ad1', 'house')), 'LK007 kind', 'a kind that is not there is exported');
select is(t.try(t.export('ad1', draft => 999999)), 'LK009 draft_id', 'a draft that is not there is exported');

-- back again
create table t.came as select null::bigint as id where false;
insert into t.came select r.draft_id from api.rules_import(t.token('ad1'), t.key(), t.file()) r;
select is((select d.document from workflow.draft d join t.came c on c.id = d.draft_id), rule.rule_document(t.office(), 'workflow', 'standard', 0),
          'a workflow comes back as another one');
select is((select d.authors || array[d.base_version::bigint] from workflow.draft d join t.came c on c.id = d.draft_id), array[t.user_id('ad1'), 1],
          'who brought a file may approve it');
select is(t.try(t.import('ad2', t.file())), 'LK013 code', 'a second draft of one workflow is brought');
select is(t.try(t.export('ad9', draft => (select id from t.came))), 'LK009 draft_id', 'another office reads a draft');
select is(t.try(t.export('ad1', draft => (select id from t.came))), 'ok', 'a draft can not be exported');
create table t.permit as select r.draft_id from api.rules_import(t.token('ad1'), t.key(), t.file('permit', 'TESV')) r;
select is((select d.document from workflow.draft d join t.permit c using (draft_id)), rule.rule_document(t.office(), 'permit', 'TESV', 0), 'a permit type comes back as another one');
select is((select count(*) from audit.event e where e.action = 'rules_draft' and e.actor_id = t.user_id('ad1')), 2::bigint, 'nobody knows who brought a file');

-- the lines of a file
select is(rule.ini_document(E'\ufeff; a comment\r\n[stage:desk]\r\nname = A long\r\n   name ; and why\r\ndemands = bill,permit\r\n# more\r\n[checklist:*]\nsafe: Safe = yes?\n'),
          '[{"kind":"stage","code":"desk","values":{"name":"A long name","demands":["bill","permit"]}},{"kind":"checklist","code":"*","rows":[["safe","Safe = yes?"]]}]'::jsonb,
          'a line is read as something else than in a catalogue');

create table t.bad (n int generated always as identity, content text, told text);
insert into t.bad (content, told) values
  ('', 'This must be filled in'),
  ('nonsense', 'The file is refused: line 1: is neither a [section], nor key = value, nor a comment'),
  (E'code = x\n[workflow]', 'The file is refused: line 1: stands before the first section'),
  (replace(t.file(), 'code = standard', ''), 'The file is refused: line 1: [workflow] code: is missing'),
  (replace(t.file(), 'code = standard', 'code = standard' || E'\ncode = other'), 'The file is refused: line 3: [workflow] code: is given twice'),
  (replace(t.file(), 'code = standard', 'code = standard' || E'\ncolour = red'), 'The file is refused: line 3: [workflow] colour: is not a key of this section'),
  (replace(t.file(), E'[stage:intake]\n', E'[stage:intake]\nkind = party\n'), 'The file is refused: line 5: [stage:intake] kind: is not one of task, inspection, issue, refuse, sign, end'),
  (replace(t.file(), E'[stage:intake]\n', E'[stage:intake]\ndemands = horoscope\n'), 'The file is refused: line 5: [stage:intake] demands: "horoscope" is not one of the choices'),
  (replace(t.file(), '[stage:intake]', '[stage:Intake]'), 'The file is refused: line 4: [stage:Intake] code: is not a code: small letters and _, 2 to 31 of them, a letter first'),
  (replace(t.file(), '[stage:intake]', '[room:intake]'), 'The file is refused: line 4: [room:intake] section: is not a section of this file'),
  (E'[stage:desk]\nname = x', 'The file is refused: line 1: section: the section [permit] is missing'),
  (E'[workflow]\nname = ' || repeat('x ', 120), 'The file is refused: line 2: is longer than 198 bytes'),
  ('[{"businessService": 7', 'This is not JSON: invalid input syntax for type json'),
  ('[{"businessService": "X", "states": "none"}]', 'A service needs businessService and between 1 and 100 states');
select is(t.complaint(t.import('ad2', b.content)), b.told, 'a file with a mistake is taken, or its mistake is told elsewhere: ' || b.told) from t.bad b order by b.n;

-- DIGIT
create table t.digit as select r.* from api.rules_import(t.token('ad2'), t.key(), '[{"businessService": "SHOP", "states": [
  {"state": null, "isStartState": true, "actions": [{"action": "APPLY", "nextState": "REVIEW", "roles": ["front_office"]}]},
  {"state": "REVIEW", "sla": 172800001, "actions": [{"action": "APPROVE", "nextState": "DONE", "roles": ["head"]}]},
  {"state": "DONE", "isTerminateState": true, "sla": 5}]}]') r;
select matches((select array_to_string(lines, E'\n') from t.digit), 'draft of the workflow shop with 3 stages', 'nobody is told what became of a file');
select is((select d.code || d.authors::text from workflow.draft d join t.digit using (draft_id)), 'shop{' || t.user_id('ad2') || '}', 'the draft of a file is not opened');
select is((select string_agg(s.code || ' ' || (s.given->>'days'), ', ') from workflow.draft d join t.digit using (draft_id), rule.sections(d.document, 'stage') s where s.given ? 'days'),
          'review 3', 'the time of a state is lost, or an end gets time');
select matches((select array_to_string(lines, E'\n') from t.digit), 'REVIEW: sla of 172800001 ms of wall-clock time is kept as days = 3 of working time, rounded up', 'another time is kept, and nobody is told');
select is(rule.digit_days(x.state), x.days, x.state::text || ' becomes another time')
  from (values ('{"sla": 1}'::jsonb, 1), ('{"sla": 86400000}', 1), ('{"sla": 86400001}', 2), ('{"sla": 0}', null), ('{"sla": null}', null), ('{"sla": "soon"}', null),
               ('{"sla": 999999999999999}', 365), ('{}', null)) x(state, days);

-- the same file twice under one key is one draft
create table t.once as select t.key() as key;
select is(t.try(format('select api.rules_import(%L, %L, %L)', t.token('ad1'), key, t.file('permit', 'TES'))), 'ok', 'a file is not taken') from t.once;
select r.draft_id from t.once, api.rules_import(t.token('ad1'), key, t.file('permit', 'TES')) r \g /dev/null
select lives_ok(format('select api.rules_import(%L, %L, %L)', t.token('ad1'), key, t.file('permit', 'TES')), 'a file that is sent again is another draft') from t.once;
select * from finish();
rollback;
