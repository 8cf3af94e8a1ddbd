-- An office changes its rules: drafts, every kind of mistake told, two administrators, a day to start on; what runs stays
-- on what it began with.
begin;
\ir lib/setup.sql
select no_plan();

create function t.doc(kind text default 'workflow', code text default 'standard') returns jsonb language sql stable
as $$ select rule.rule_document(t.office(), kind, code, 0) $$;
create function t.today() returns date language sql stable as $$ select rule.office_date(t.office()) $$;
select t.meta_set(t.office()) \g /dev/null

-- ------------------------------------------------------------------------------------------------ mistakes
create function t.told(kind text, document jsonb) returns text language sql stable as $$
  select string_agg(concat_ws(' ', m.place, m.field) || ': ' || replace(m.message, '%s', coalesce(m.argument, '')), '; ')
    from (select * from rule.workflow_mistakes(t.office(), document) where told.kind = 'workflow' union all
          select * from rule.permit_mistakes(t.office(), document) where told.kind = 'permit') m $$;
select is(t.told('workflow', t.doc()), null, 'a sound workflow is said to have a mistake');
select is(t.told('workflow', (select jsonb_agg(x) from jsonb_array_elements(t.doc()) x where x->>'code' is distinct from 'correction.lapse')
                             || '[{"kind":"step","code":"correction.lapse","values":{"to":"archive","role":"system","label":"x","outcome":"lapsed"}}]'::jsonb), null,
          'a step that the system takes when nobody answers is said to be a mistake');
select is(t.told('permit', t.doc('permit', 'TESV')), null, 'a sound permit type is said to have a mistake');

-- changes a document: the section at a place gets another value (null: none), is removed, or one is added
create function t.place(document jsonb, wanted text) returns int language sql immutable
as $$ select (p.n - 1)::int from rule.placed_sections(document) p where p.place = wanted $$;
create function t.with(document jsonb, wanted text, key text, value jsonb) returns jsonb language sql immutable as $$
  select case when t.place(document, wanted) is null then null
              when key = 'code' and wanted <> 'workflow' and wanted <> 'permit' then jsonb_set(document, array[t.place(document, wanted)::text, 'code'], value)
              when value is null then document #- array[t.place(document, wanted)::text, 'values', key]
              else jsonb_set(document, array[t.place(document, wanted)::text, 'values', key], value) end $$;
create function t.without(document jsonb, variadic wanted text[]) returns jsonb language sql immutable
as $$ select jsonb_agg(p.item order by p.n) from rule.placed_sections(document) p where p.place <> all (wanted) $$;
create function t.plus(document jsonb, section jsonb) returns jsonb language sql immutable as $$ select document || jsonb_build_array(section) $$;
create function t.stage(code text, role text default 'section_head') returns jsonb language sql immutable
as $$ select jsonb_build_object('kind', 'stage', 'code', code, 'values', jsonb_build_object('name', code, 'role', role)) $$;
create function t.step(code text, goes_to text, role text default 'section_head') returns jsonb language sql immutable
as $$ select jsonb_build_object('kind', 'step', 'code', code, 'values', jsonb_build_object('to', goes_to, 'role', role, 'label', 'x')) $$;

create table t.wrong (n int generated always as identity, changed jsonb, expected text);
insert into t.wrong (changed, expected) values
  (t.with(t.doc(), 'stage:review', 'name', null), 'stage:review name: is missing'),
  (t.with(t.doc(), 'stage:review', 'name', to_jsonb(repeat('x ', 40) || 'x')), 'stage:review name: is longer than 60 characters'),
  (t.with(t.doc(), 'stage:review', 'name', '"a ; b"'), 'stage:review name: can''t be written to a file: a blank before ; or #, at its begin or end, or a word of 150 characters'),
  (t.with(t.doc(), 'stage:review', 'name', '"a\u0007"'), 'stage:review name: has characters that cannot be shown'),
  (t.with(t.doc(), 'stage:review', 'role', '"king"'), 'stage:review role: is not one of front_office, analyst, section_head, head, technical_coordinator, surveyor, treasurer, archivist, complaints_officer, system'),
  (t.with(t.doc(), 'stage:review', 'role', '"analyst"'), 'stage:review role: this stage is worked on by: section_head'),
  (t.with(t.doc(), 'stage:review', 'role', null), 'stage:review role: a task needs somebody who does it'),
  (t.with(t.doc(), 'stage:review', 'clock', '"slow"'), 'stage:review clock: is not one of runs, stands'),
  (t.with(t.doc(), 'stage:review', 'kind', '"party"'), 'stage:review kind: is not one of task, inspection, issue, refuse, sign, end'),
  (t.with(t.doc(), 'stage:review', 'colour', '"red"'), 'stage:review colour: is not a key of this section'),
  (t.with(t.doc(), 'stage:signing', 'role', '"analyst"'), 'stage:signing role: a stage of this kind has the role head'),
  (t.with(t.doc(), 'stage:closed', 'role', '"head"'), 'stage:closed role: a stage of the kind end has no role'),
  (t.plus(t.doc(), t.stage('review')), 'stage:review #2: is there twice'),
  (t.plus(t.doc(), t.stage('X1')), 'stage:X1 code: is not a code: small letters and _, 2 to 31 of them, a letter first'),
  (t.plus(t.doc(), t.stage('attic')), 'stage:attic: no step leads here from the first stage'),
  (t.plus(t.plus(t.doc(), t.stage('attic')), t.step('review.initial', 'attic')), 'stage:attic: no step leads from here to a stage of the kind end'),
  (t.plus(t.plus(t.plus(t.doc(), t.stage('attic', 'surveyor')), t.step('review.initial', 'attic')), t.step('attic.go', 'approval', 'surveyor')),
   'stage:attic role: people with the role surveyor work on inspections or complaints, not in a stage of this kind'),
  (t.plus(t.doc(), '{"kind":"room","code":"x","values":{}}'), 'room:x: is not a section of this file'),
  (t.without(t.doc(), 'step:intake.submit > verification'), 'stage:intake: is the first stage, but there is no [step:intake.submit]'),
  (t.without(t.doc(), 'step:issuance.issue > signing', 'step:issuance.issue > handover'), 'stage:issuance: there is no [step:issuance.issue]'),
  (t.without(t.doc(), 'step:inspection.complete > drafting'), 'stage:inspection: there is no [step:inspection.complete]'),
  (t.plus(t.doc(), t.step('cellar.go', 'review')), 'step:cellar.go > review code: there is no [stage:cellar]'),
  (t.plus(t.doc(), t.step('review.initial', 'cellar')), 'step:review.initial > cellar to: there is no [stage:cellar]'),
  (t.plus(t.doc(), t.step('closed.reopen', 'review')), 'step:closed.reopen > review code: leaves a stage of the kind end'),
  (t.plus(t.doc(), t.step('review.initial', 'approval')), 'step:review.initial > approval #2 to: the same step is there twice'),
  (t.plus(t.doc(), t.step('review', 'approval')), 'step:review > approval code: is not of the form stage.action'),
  (t.plus(t.doc(), t.step('review.forward', 'approval')), 'step:review.forward > approval code: nobody can take this step: the work in this stage knows only initial, send_back, withdraw'),
  (t.plus(t.doc(), t.step('issuance.wait', 'handover', 'system')), 'step:issuance.wait > handover code: nobody can take this step: the system takes only issue'),
  (t.with(t.doc(), 'step:review.initial > approval', 'role', '"head"'), 'step:review.initial > approval role: this step is taken by: section_head'),
  (t.with(t.doc(), 'step:review.initial > approval', 'label', null), 'step:review.initial > approval label: is missing'),
  (t.with(t.doc(), 'step:review.initial > approval', 'guards', '["often"]'), 'step:review.initial > approval guards: "often" is not one of the choices'),
  (t.with(t.doc(), 'step:review.initial > approval', 'reason', '"perhaps"'), 'step:review.initial > approval reason: is neither yes nor no'),
  (t.with(t.doc(), 'step:review.initial > approval', 'outcome', '"maybe"'), 'step:review.initial > approval outcome: is not one of approved, refused, withdrawn'),
  (t.with(t.doc(), 'step:approval.approve > issuance', 'outcome', null), 'step:approval.approve > issuance outcome: a step to a stage of the kind issue has the outcome approved'),
  (t.with(t.doc(), 'step:approval.refuse > refusal', 'outcome', null), 'step:approval.refuse > refusal outcome: a step to a stage of the kind refuse has the outcome refused'),
  (t.without(t.doc(), 'step:approval.refuse > refusal'), ': there is no way to refuse: no step has the outcome refused'),
  (t.without(t.doc(), variadic array(select 'step:' || s || '.withdraw > archive' from unnest('{verification,correction,inspection,drafting,payment,review}'::text[]) s)),
   ': there is no way to withdraw: no step has the outcome withdrawn'),
  (t.without(t.doc(), 'stage:issuance'), ': no permit is ever issued: there is no stage of the kind issue'),
  (t.without(t.doc(), 'stage:closed'), ': there is no stage of the kind end'),
  (t.with(t.doc(), 'stage:review', 'kind', '"sign"'), 'stage:review kind: a stage with this code is of the kind task'),
  (t.with(t.doc(), 'workflow', 'code', '"Standard 2"'), 'workflow code: is not a code: small letters and _, 2 to 31 of them, a letter first'),
  (t.with(t.doc(), 'stage:review', 'demands', '["horoscope"]'), 'stage:review demands: "horoscope" is not one of the choices'),
  (t.with(t.doc(), 'stage:review', 'demands', '["draft_decree"]'), 'stage:review demands: no stage before this one produces the document draft_decree'),
  (t.with(t.with(t.doc(), 'stage:review', 'demands', '["permit"]'), 'stage:issuance', 'produces', '["permit"]'),
   'stage:review demands: no stage before this one produces the document permit'),
  (t.with(t.doc(), 'stage:review', 'produces', '["bill"]'), 'stage:review produces: the work in this stage does not write the document bill'),
  (t.with(t.doc(), 'stage:issuance', 'produces', '["decree"]'), 'stage:issuance produces: a stage of this kind writes at least the document permit'),
  (t.without(t.doc(), 'workflow'), ': the section [workflow] is missing');
select is(t.told('workflow', t.with(t.with(t.doc(), 'stage:review', 'demands', '["draft_decree"]'), 'stage:drafting', 'produces', '["draft_decree", "bill"]')), null,
          'a document that the stage before writes can not be demanded');
select ok(position(w.expected in coalesce(t.told('workflow', w.changed), '')) > 0, 'not told: ' || w.expected) from t.wrong w order by w.n;
select cmp_ok((select count(*)::int from t.wrong), '>=', 30, 'thirty kinds of mistakes');
update identity.user_account set active = false where username in ('sh1', 'sh2');
select matches(t.told('workflow', t.doc()), 'stage:review role: nobody in this office has the role section_head today', 'a stage waits for people who are not there');
update identity.user_account set active = true where username in ('sh1', 'sh2');

create table t.wrong_permit (n int generated always as identity, changed jsonb, expected text);
insert into t.wrong_permit (changed, expected)
select t.with(t.doc('permit', 'TESL'), x.place, x.key, x.value::jsonb), x.expected from (values
  ('permit', 'service_days', '"soon"', 'permit service_days: is not a number (digits only)'), ('permit', 'service_days', '0', 'permit service_days: is not between 1 and 365'),
  ('permit', 'workflow', '"other"', 'permit workflow: there is no workflow "other"'), ('permit', 'departments', '["DINAS"]', 'permit departments: this office has no unit DINAS'),
  ('permit', 'valid_not_past', '"NONE"', 'permit valid_not_past: there is no [requirement:NONE]'), ('permit', 'visit', '"sometimes"', 'permit visit: is not never, always or when field=value'),
  ('permit', 'visit', '"when ownn=yes"', 'permit visit: there is no [field:ownn]'), ('permit', 'visit', '"when own=maybe"', 'permit visit: is not a choice of [field:own]'),
  ('permit', 'number_pattern', '"{NNNN}"', 'permit number_pattern: must have the year {YYYY}: the running number begins anew each year'),
  ('permit', 'number_pattern', '"{YYYY}"', 'permit number_pattern: must have the running number {NNNN} once'),
  ('permit', 'number_pattern', '"{NNNN}{YYYY}{X}"', 'permit number_pattern: has something in { } that is not one of {NNNN}, {J}, {DD}, {MM}, {mm}, {YYYY}'),
  ('field:place', 'type', '"colour"', 'field:place type: is not one of text, multiline'), ('field:own', 'choices', null, 'field:own choices: is missing'),
  ('field:place', 'choices', '["a=A"]', 'field:place choices: is only for type = choice'), ('field:own', 'choices', '["yes=Ya","yes=No"]', 'field:own choices: two choices have the code "yes"'),
  ('field:own', 'when', '["own","yes"]', 'field:own when: depends on itself'), ('requirement:PLAN', 'when', '["own","x"]', 'requirement:PLAN when: is not a choice of [field:own]'),
  ('requirement:KTP', 'largest', '2000', 'requirement:KTP largest: is not between 1 and 1024'), ('requirement:KTP', 'formats', '["doc"]', 'requirement:KTP formats: "doc" is not one of the choices'),
  ('levy:board 2099-01-01', 'quantity', '["own"]', 'levy:board 2099-01-01 quantity: [field:own] is not a number'), ('levy:board 2099-01-01', 'price', '"-1"', 'price: is not a number (digits only)'),
  ('levy:board 2099-01-01', 'valid_from', '"2026-02-29"', 'valid_from: the day 2026-02-29 does not exist')) x(place, key, value, expected);
insert into t.wrong_permit (changed, expected) values
  (t.plus(t.doc('permit', 'TESL'), '{"kind":"checklist","code":"DINAS","rows":[["aa","b"]]}'), 'checklist:DINAS code: this office has no unit DINAS'),
  (t.plus(t.doc('permit', 'TESL'), '{"kind":"checklist","code":"UMUM","rows":[["address_fits","b"]]}'), 'checklist:UMUM address_fits: stands in [checklist:*] too');
select ok(position(w.expected in coalesce(t.told('permit', w.changed), '')) > 0, 'not told: ' || w.expected) from t.wrong_permit w order by w.n;

-- ---------------------------------------------------------------------------------------------- a draft's way
create table t.old as select t.at('review') as id;
create function t.ask(username text, call text, variadic args text[]) returns text language sql volatile
as $$ select format('select api.rules_' || call, variadic array[quote_literal(t.token(username)), quote_literal(t.key())] || args) $$;
create function t.begin_draft(username text default 'ad1', kind text default 'workflow', code text default 'standard', copy_of text default null) returns text language sql volatile
as $$ select format('select api.rules_draft(%L, %L, %L, %L, %L)', t.token(username), t.key(), kind, code, copy_of) $$;
create function t.draft() returns workflow.draft language sql stable as $$ select d from workflow.draft d order by draft_id desc limit 1 $$;
create function t.section(username text, place int, change text, kind text, code text, entries jsonb default '{}', to_place int default 0, version int default null) returns text language sql volatile as $$
  select format('select api.rules_section(%L, %L, %s, %s, %s, %L, %L, %L, %L, %s)', t.token(username), t.key(), (t.draft()).draft_id, coalesce(section.version, (t.draft()).version), place, change, kind, code,
    (select jsonb_agg(jsonb_build_object('key', e.key, 'value', e.value)) from jsonb_each_text(entries) e), to_place) $$;
create function t.propose(username text, starts text default t.today()::text, reason text default 'The mayor asks for it') returns text language sql volatile
as $$ select format('select api.rules_propose(%L, %L, %s, %s, %L, %L)', t.token(username), t.key(), (t.draft()).draft_id, (t.draft()).version, starts, reason) $$;
create function t.decide(username text, approve boolean default true, reason text default null) returns text language sql volatile
as $$ select format('select api.rules_decide(%L, %L, %s, %s, %L, %L)', t.token(username), t.key(), (t.draft()).draft_id, (t.draft()).version, approve, reason) $$;
create function t.discard(username text) returns text language sql volatile
as $$ select format('select api.rules_discard(%L, %L, %s, %s)', t.token(username), t.key(), (t.draft()).draft_id, (t.draft()).version) $$;

select is(t.try(t.begin_draft(u)), 'LK005', u || ' begins a draft') from unnest('{fo1,an1,sh1,hd1,kd1,sd1,tr1,ar1,co1,au1,mg1}'::text[]) u;
select is(t.try(t.begin_draft('ad1', 'workflow', 'none')), 'LK009 code', 'a draft of nothing');
select lives_ok(t.begin_draft(), 'an administrator can''t begin a draft');
select is(t.try(t.begin_draft('ad2')), 'LK013 code', 'two drafts of one workflow overwrite each other');
select is(t.try(t.propose('ad1')), 'LK011 draft_id', 'a draft that changes nothing is proposed');
select is(t.try(t.section(u, 0, 'save', 'stage', 'legal', '{"name":"Legal check","role":"section_head"}')), 'LK005', u || ' changes a draft') from unnest('{fo1,an1,sh1,hd1,kd1,sd1,tr1,ar1,co1,au1,mg1}'::text[]) u;
select is(t.try(t.section('ad1', 0, 'save', 'stage', 'Legal', '{"name":"Legal"}')), 'LK007 code', 'a wrong code is not told beside the code');
select is(t.try(t.section('ad1', 0, 'save', 'stage', 'legal', '{"name":"Legal","role":"king"}')), 'LK007 entries.role', 'a wrong role is not told beside the role');
select is(t.try(t.section('ad1', 0, 'save', 'stage', 'legal', '{"role":"section_head"}')), 'LK008 entries.name', 'a stage without a name is taken');
select is(t.try(t.section('ad1', 0, 'save', 'room', 'legal')), 'LK007 kind', 'a part that no workflow has');
select is(t.try(t.section('ad1', 99, 'remove', null, null)), 'LK009 place', 'what is not there is removed');
select is(t.try(t.section('ad1', 0, 'save', 'stage', 'legal', '{"name":"Legal","role":"section_head"}', 0, 7)), 'LK010 version', 'a change made on an old reading');
do $$ begin execute t.section('ad1', 0, 'save', 'stage', 'legal', '{"name":"Legal check","role":"section_head"}'); end $$;
select is(t.try(t.propose('ad1')), 'LK011 draft_id', 'a draft with mistakes is proposed');
select matches(t.complaint(t.propose('ad1')), 'stage:legal', 'and its mistake is not named');
do $$ begin
  execute t.section('ad1', t.place((t.draft()).document, 'step:review.initial > approval') + 1, 'save', 'step', 'review.initial', '{"to":"legal","role":"section_head","label":"Initial","guards":"not_involved"}');
  execute t.section('ad1', 0, 'save', 'step', 'legal.pass', '{"to":"approval","role":"section_head","label":"Law is kept","reason":"no"}');
  execute t.section('ad1', t.place((t.draft()).document, 'stage:legal') + 1, 'move', null, null, '{}', t.place((t.draft()).document, 'stage:review') + 2);
end $$;
select is(t.told('workflow', (t.draft()).document), null, 'a sound draft is said to have a mistake');
select set_eq($$ select place, change from rule.document_differences(t.doc(), (t.draft()).document) $$,
  $$ values ('stage:legal', 'added'), ('step:review.initial > legal', 'added'), ('step:legal.pass > approval', 'added'), ('step:review.initial > approval', 'removed') $$, 'the differences are not the changes');
select is((select array_agg(code order by place) from rule.sections((t.draft()).document, 'stage') where code in ('review', 'legal', 'approval')), '{review,legal,approval}', 'a moved stage stands elsewhere');
select is((select count(*) from unnest((api.rules_open(t.token('au1'), null, null, null, (t.draft()).draft_id)).differences)), 4::bigint, 'the auditor can''t read a draft');
select is(t.try(format('select api.rules_open(%L, %L, %L, 0, 0)', t.token(u), 'workflow', 'standard')), 'LK005', u || ' reads the rules') from unnest('{fo1,an1,sh1,hd1,co1,mg1}'::text[]) u;
select is(t.try(t.propose('ad1', '2020-01-01')), 'LK007 starts_on', 'a rule starts in the past');
select is(t.try(t.propose('ad1', t.today()::text, '')), 'LK008 reason', 'a rule is changed without a reason');
select is(t.try(t.propose('ad1', 'soon')), 'LK007 starts_on', 'a day that is none');
select is(t.try(t.decide('ad2')), 'LK011 draft_id', 'what nobody proposed is approved');
do $$ begin execute t.propose('ad2', (t.today() + 1)::text); end $$;
select is(t.try(t.section('ad1', 1, 'remove', null, null)), 'LK011 draft_id', 'a draft changes while it waits for approval');
select is(t.try(t.discard('ad1')), 'LK011 draft_id', 'or is thrown away');
select is(t.try(t.decide(u)), 'LK005', u || ' approves a rule') from unnest('{fo1,an1,sh1,hd1,kd1,sd1,tr1,ar1,co1,au1,mg1,ad9}'::text[]) u where u <> 'ad9';
select is(t.try(t.decide('ad9')), 'LK009 draft_id', 'another office''s administrator approves it');
select is(t.try(t.decide('ad2')), 'LK005 draft_id', 'who proposed it approves it');
select is(t.try(t.decide('ad1')), 'LK005 draft_id', 'who wrote it approves it');
select is(t.try(t.decide('ad1', false)), 'LK008 reason', 'it is sent back without a word');
select t.add_user('uji', 'ad3', 'admin') \g /dev/null
do $$ begin execute t.decide('ad3', false, 'From Monday, please'); end $$;
select is((t.draft()).state || ' ' || (t.draft()).decision_reason, 'open From Monday, please', 'what is sent back can''t be changed');
do $$ begin execute t.propose('ad1', (t.today() + 7)::text); end $$;
do $$ begin execute t.decide('ad3'); end $$;
select is((t.draft()).state || (t.draft()).published_version, 'published2', 'an approved draft is no version');
select is(rule.workflow_version_at(t.office(), w.workflow_id, t.today()) || ' ' || rule.workflow_version_at(t.office(), w.workflow_id, t.today() + 7) || ' ' || w.current_version, '1 2 1', 'a version begins on another day')
  from workflow.workflow w where w.office_id = t.office();
create table t.before as select t.submit('TES', 'fo1', t.person(t.nik(31))) as id;
select is((select workflow_version from application.application a, t.before b where a.application_id = b.id), 1, 'an application takes rules whose day has not come');
select is((select r.next_version || ' ' || r.starts_on from unnest((api.rules_list(t.token('ad1'))).rules) r where r.code = 'standard'), '2 ' || (t.today() + 7), 'the list does not tell what is to come');
-- the day comes
update workflow.version set starts_on = t.today() where version = 2;
create table t.new as select t.at('review', 'TES', t.person(t.nik(32))) as id;
select is((select workflow_version from application.application a, t.new b where a.application_id = b.id), 2, 'a new application does not take the new rules on their day');
select is((select current_version from workflow.workflow where office_id = t.office()), 2, 'the current version stays behind');
select is(t.act('sh1', (select id from t.old), 'initial'), 'approval', 'a running application is moved to the new rules by itself');
select is(t.act('sh1', (select id from t.new), 'initial'), 'legal', 'a new application does not go through the new stage');
create function t.legal(username text, action text default 'pass') returns text language sql volatile
as $$ select format('select api.stage_decide(%L, %L, %s, %s, %L, null, null)', t.token(username), t.key(), (select id from t.new), t.version((select id from t.new)), action) $$;
select is(t.try(t.legal(u)), 'LK005', u || ' decides in the new stage') from unnest('{kd1,sd1,co1,au1,mg1,ad1}'::text[]) u;
select is(t.try(t.legal(u)), 'LK011 action', u || ' decides in the new stage') from unnest('{fo1,an1,hd1,tr1,ar1}'::text[]) u;
select is(t.try(t.legal('sh2', 'approve')), 'LK011 action', 'a step that the stage does not have');
select is(t.try(format('select api.stage_decide(%L, %L, %s, %s, %L, null, null)', t.token('hd1'), t.key(), (select id from t.old), t.version((select id from t.old)), 'approve')), 'LK011 action', 'the head''s approval is gone round');
do $$ begin execute t.legal('sh2'); end $$;
select is(t.stage((select id from t.new)), 'approval', 'the new stage leads nowhere');
select is(t.act('hd1', (select id from t.new), 'approve'), 'issuance', 'and is not the end of it');
select is((select array_agg(distinct action) from audit.event where action like 'rules%'), '{rules_draft,rules_move,rules_propose,rules_publish,rules_save,rules_send_back}', 'a change of the rules leaves no trace');
select matches((select detail from unnest((api.rules_history(t.token('au1'), null)).rows) r where r.action = 'rules_publish'), 'version 2 .* proposed by Ad1', 'the history does not say who proposed');
select is((select count(*) from rule.document_differences(rule.version_document(t.office(), 'workflow', 'standard', 2), t.doc())), 0::bigint, 'the version is not what was approved');
select is(t.try(format('select api.rules_history(%L, null)', t.token('hd1'))), 'LK005', 'anybody reads the history');

-- a catalogue's file that did not change takes nothing back
select is(rule.load_workflow(t.office(), rule.version_document(t.office(), 'workflow', 'standard', 2)), false, 'what was exported is loaded as something new');

-- ------------------------------------------------------------------------------------------------ permit types
do $$ begin execute t.begin_draft('ad1', 'permit', 'TES'); end $$;
do $$ begin execute t.section('ad1', 0, 'save', 'requirement', 'NPWP', '{"name":"NPWP","largest":"5","formats":"pdf, jpeg"}'); end $$;
do $$ begin execute t.section('ad1', 0, 'save', 'checklist', 'DINKES', '{"hot_water":"Is there hot water?"}'); end $$;
select is(t.told('permit', (t.draft()).document), 'checklist:DINKES #2: is there twice', 'a second checklist of a department is taken');
do $$ begin execute t.section('ad1', t.place((t.draft()).document, 'checklist:DINKES #2') + 1, 'remove', null, null); end $$;
do $$ begin execute t.propose('ad1'); execute t.decide('ad2'); end $$;
select is((select max_bytes || ' ' || formats::text from catalogue.requirement where code = 'NPWP' and office_id = t.office()), '5242880 {pdf,jpeg}', 'the new requirement is not what was written');
select ok((select r.code = 'NPWP' from unnest((api.catalogue_open('192.0.2.1', 'uji', 'TES')).requirements) r where r.code = 'NPWP'), 'the public is told the old requirements');
select is((select permit_version from application.application a, t.before b where a.application_id = b.id), 1, 'a running application gets new requirements');
select is(t.submit('TES', 'fo1', t.person(t.nik(33))), null, 'a new application is not asked for the new requirement');
select is(t.try(t.begin_draft('ad1', 'permit', 'TES', 'TESV')), 'LK013 code', 'a copy overwrites a permit type');
select is(t.try(t.begin_draft('ad1', 'permit', 'tes 2', 'TESV')), 'LK007 code', 'a copy gets a code that is none');
do $$ begin execute t.begin_draft('ad1', 'permit', 'TESX', 'TESV'); end $$;
select is(t.try(t.propose('ad1')), 'ok', 'a copied permit type has a mistake');
do $$ begin execute t.propose('ad1', (t.today() + 3)::text); execute t.decide('ad2'); end $$;
select is((select count(*) from unnest((api.catalogue_list('192.0.2.1', 'uji')).permit_types) p where p.code = 'TESX'), 0::bigint, 'a permit is offered before its day');
update catalogue.permit_type_version set starts_on = t.today() where starts_on = t.today() + 3;
select is((select count(*) from unnest((api.catalogue_list('192.0.2.1', 'uji')).permit_types) p where p.code = 'TESX'), 1::bigint, 'or not on its day');
do $$ begin execute t.begin_draft('ad1', 'permit', 'TESL'); execute t.section('ad1', 1, 'save', 'permit', '', '{"code":"TESZ","name":"x","sector":"y","service_days":"1","valid_years":"1","number_pattern":"{NNNN}/{YYYY}","workflow":"standard"}'); end $$;
select is(t.try(t.propose('ad1')), 'LK011 draft_id', 'a draft becomes another permit type');
do $$ begin execute t.discard('ad1'); end $$;
select is((t.draft()).state, 'discarded', 'a draft can''t be thrown away');

-- ------------------------------------------------------------------------------------------ moving what runs
create function t.move(username text, mapping jsonb default '{}', from_version int default 1, to_version int default 2) returns text language sql volatile as $$
  select format('select api.rules_move_propose(%L, %L, %L, %s, %s, %L, %L)', t.token(username), t.key(), 'standard', from_version, to_version,
    (select jsonb_agg(jsonb_build_object('key', e.key, 'value', e.value)) from jsonb_each_text(mapping) e), 'One way for all') $$;
create function t.move_decide(username text, approve boolean default true) returns text language sql volatile
as $$ select format('select api.rules_move_decide(%L, %L, %s, %L, %L)', t.token(username), t.key(), coalesce((select max(move_id) from workflow.move), 0), approve, 'Not now') $$;
do $$ begin perform t.act('hd1', (select id from t.old), 'approve'); end $$;
select is(t.try(t.move('ad1')), 'LK011 mapping.issuance', 'an application is moved while it is being issued');
do $$ begin perform t.issue_all(); end $$;
create table t.held as select t.submit('TESV', 'fo1', t.person(t.nik(34))) as id;
update application.application set workflow_version = 1 where application_id in (select id from t.held);
create table t.promise as select application_id, promised_on from application.application;
select is(t.try(t.move(u)), 'LK005', u || ' moves applications') from unnest('{fo1,an1,sh1,hd1,au1,mg1}'::text[]) u;
select is(t.try(t.move('ad1', '{}', 1, 1)), 'LK007 to_version', 'applications are moved to where they are');
select is(t.try(t.move('ad1', '{}', 1, 9)), 'LK009 to_version', 'or to nowhere');
select is(t.try(t.move('ad1', '{"verification":"cellar"}')), 'LK007 mapping.verification', 'or into a stage that is not there');
select is((select running || ' ' || to_stage from unnest((api.rules_move_preview(t.token('au1'), 'standard', 1, 2, '[{"key":"verification","value":"legal"}]')).stages) s where s.stage = 'verification'), '2 legal', 'the preview does not count');
select is((select problem from unnest((api.rules_move_preview(t.token('au1'), 'standard', 1, 2, '[{"key":"verification","value":"closed"}]')).stages) s where s.stage = 'verification'), 'goes on in a stage of another kind', 'an open application is closed by a move');
do $$ begin execute t.move('ad1', '{"verification":"legal"}'); end $$;
select is(t.try(t.move('ad2')), 'LK013 code', 'two moves at once');
select is(t.try(t.move_decide(u)), 'LK005' || case u when 'ad1' then ' move_id' else '' end, u || ' approves a move') from unnest('{fo1,an1,sh1,hd1,au1,mg1,ad1}'::text[]) u;
do $$ begin execute t.move_decide('ad2'); end $$;
select is((select array_agg(distinct workflow_version) from application.application where office_id = t.office() and closed_at is null), '{2}', 'an application stays behind');
select is(t.stage((select id from t.held)), 'legal', 'an application is not where the mapping says');
select is((select array_agg(x.role || x.stage) from application.task x, t.held h where x.application_id = h.id and x.closed_at is null), '{section_headlegal}', 'its work waits for somebody else');
select is((select count(*) from t.promise p join application.application a using (application_id) where a.promised_on <> p.promised_on), 0::bigint, 'a promise is broken by a move');
select is((select count(*) from audit.event e where e.action = 'move_version' and e.hash is not null), (select moved::bigint from workflow.move), 'a moved application does not know it');
select is((select count(*) from application.application a where rule.chain_break(a) is not null), 0::bigint, 'a chain is broken');
select is(t.try(t.move_decide('ad2')), 'LK009 move_id', 'a move is done twice');
-- ----------------------------------------------------------------------------------------------- formulas
-- A formula is read by `loketd catalogue load` alone: a draft keeps it, and may go back to one that a file had.
do $$ begin
  perform rule.load_permit(t.office(), t.with(t.with(t.with(t.doc('permit', 'TESV'), 'permit', 'code', '"TESF"'), 'permit', 'levy_formula', '"rate * plot"'),
    'permit', 'lapse_days', '12') || '[{"kind":"field","code":"plot","values":{"label":"Area","type":"number"}},
    {"kind":"levy","code":"rate","values":{"name":"Rate","legal_basis":"x","price":5,"valid_from":"2026-01-01"}},
    {"kind":"formula","code":"","values":{"tree":["*",["item","rate"],["field","plot"]]}}]'::jsonb);
end $$;
select is(t.told('permit', t.doc('permit', 'TESF')), null, 'a permit type with a formula is said to have a mistake');
select is(t.told('permit', t.with(t.doc('permit', 'TESF'), 'permit', 'levy_formula', '"rate * 2"')), null, 'a formula can not be changed');
select is(t.told('permit', t.with(t.doc('permit', 'TESF'), 'permit', 'levy_formula', '"rote * 2 / 0"')),
          'permit levy_formula: column 1: there is no [levy:rote], no [field:rote] and no function of this name; permit levy_formula: column 12: divides by zero', 'a formula with mistakes is published');
select is(t.told('permit', t.without(t.doc('permit', 'TESF'), 'field:plot')), 'permit levy_formula: column 8: there is no [levy:plot], no [field:plot] and no function of this name', 'a formula loses a field');
select is(t.told('permit', t.without(t.doc('permit', 'TESF'), 'levy:rate 2026-01-01')), 'permit levy_formula: column 1: there is no [levy:rate], no [field:rate] and no function of this name', 'a formula loses a price');
select ok(not rule.load_permit(t.office(), t.doc('permit', 'TESF')), 'what is printed is not what was loaded');
do $$ begin
  perform rule.add_permit_version(t.office(), p.permit_type_id, t.with(t.doc('permit', 'TESF'), 'permit', 'service_days', '4'), t.today(), null)
     from catalogue.permit_type p where p.office_id = t.office() and p.code = 'TESF';
end $$;
select is((select array_agg(v.levy_tree->>0 || v.service_days || v.lapse_days order by v.version) from catalogue.permit_type_version v where v.office_id = t.office() and v.levy_formula is not null),
          array['*312', '*412'], 'a version made of a draft has no formula');
select ok(rule.document_ini(t.doc('permit', 'TESF')) not like '%[formula]%', 'the tree is printed');
select ok(rule.document_ini(t.doc('permit', 'TESF')) like '%levy_formula = rate * plot%', 'the formula is not printed');
select * from finish();
rollback;
