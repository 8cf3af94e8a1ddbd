-- Refusal, withdrawal, levy, issuing: how an application ends.
begin;
\ir lib/setup.sql
select plan(47);

-- refused
create table t.refused as select t.at('refusal') as a;
select is((select outcome || ' ' || decision_rule from application.application, t.refused where application_id = a), 'refused Perda 1/2024 art. 2',
          'a refusal names its rule');
create table t.choice as select t.at('approval') as a, t.act('an1', t.submit(), 'propose_refusal') as stage;
select is(t.try(t.call('hd1', a, 'refuse', null)), 'LK008 reason', 'refusing needs a reason') from t.choice;
select is(t.try(replace(t.call('hd1', a, 'refuse'), '''Perda 1/2024 art. 2''', 'null')), 'LK008 rule', 'and the rule it rests on') from t.choice;
select is(t.try(t.call('hd1', a, 'approval_back', null)), 'LK008 reason', 'sending back needs a reason') from t.choice;
select is(t.issue_all(), 1, 'the refusal letter is issued');
select is((select kind || ' ' || number from application.permit, t.refused where application_id = a),
          to_char(rule.office_date(t.office()), '"refusal 503/0001/TES/"') || btrim(to_char(rule.office_date(t.office()), 'RM'))
            || to_char(rule.office_date(t.office()), '/YYYY') || '/TOLAK', 'with a number of its own') from t.refused;
select is(t.stage(a), 'handover', 'it is handed over') from t.refused;
create function t.proposed() returns bigint language plpgsql as $$
declare a bigint := t.submit(); begin
  perform t.act('an1', a, 'propose_refusal'), t.act('an1', a, 'submit_refusal'), t.act('sh1', a, 'initial'); return a; end $$;
create table t.proposal as select t.proposed() as a;
select is(t.try(t.call('hd1', a, 'approve')), 'LK011 action', 'a draft that proposes a refusal is not approved by mistake') from t.proposal;
create table t.unfounded as select t.submit() as a;
select t.act('an1', a, 'propose_refusal') from t.unfounded \g /dev/null
select is(t.try(t.call('an1', a, 'submit_draft')), 'LK011 proposal', 'what was not accepted cannot be drafted for approval') from t.unfounded;

-- withdrawn
create table t.withdrawn as select t.at('review') as a;
select is(t.try(t.call('fo1', a, 'withdraw', '')), 'LK008 reason', 'a withdrawal needs a reason') from t.withdrawn;
select is(t.act('fo1', a, 'withdraw'), 'archive', 'what is withdrawn goes to the archive') from t.withdrawn;
select is((select outcome from application.application where application_id = a), 'withdrawn', 'as withdrawn') from t.withdrawn;
create table t.visited as select t.at('assigned', 'TESV') as a;
select t.act('fo1', a, 'withdraw') from t.visited \g /dev/null
select is((select count(*) from application.inspection where application_id = a and status <> 'cancelled'), 0::bigint, 'its inspections are cancelled') from t.visited;
select is((select count(*) from application.task where application_id = a and closed_at is null and role <> 'archivist'), 0::bigint,
          'and nobody else has work with it') from t.visited;

-- levy
create table t.levy as select t.at('payment', 'TESL') as a;
select is((select amount from application.bill where application_id = a), 375000::bigint, '2 sides × 12.5 m² × Rp 15.000, the price of today') from t.levy;
select is((select arithmetic || ' ' || legal_basis from application.bill_line where application_id = a), '2 sisi × 12.5 m² Perda 9/2025',
          'with its arithmetic and its legal basis') from t.levy;
select is((api.application_open(t.token('tr1'), a)).fee, 375000::bigint, 'the treasurer reads it') from t.levy;
select ok((select stopped_at is not null from application.application where application_id = a), 'the clock stands still') from t.levy;
select is(t.try(replace(t.call('tr1', a, 'confirm'), '''BANK-1''', 'null')), 'LK008 payment_reference', 'a payment has the bank''s reference') from t.levy;
select is(t.try(format('select api.payment_confirm(%L, %L, %s, %s, %L, %L, 375000)', t.token('tr1'), t.key(), a, t.version(a), 'B', d)), 'LK007 paid_on',
          'not on ' || d) from t.levy, unnest('{2999-01-01,2020-01-01}'::text[]) d;
select is(t.act('tr1', a, 'confirm'), 'review', 'then it is reviewed') from t.levy;
select ok((select stopped_at is null from application.application where application_id = a), 'and the clock runs') from t.levy;
create function t.levy_refused() returns text language plpgsql as $$
declare a bigint := t.submit('TESL'); begin
  perform t.act('an1', a, 'propose_refusal'); return t.act('an1', a, 'submit_refusal'); end $$;
select is(t.levy_refused(), 'review', 'a proposal to refuse costs nothing');
select t.act('sh1', a, 'review_back'), t.act('an1', a, 'submit_draft') from t.levy \g /dev/null
select is(t.stage(a), 'review', 'what is paid is not asked for twice') from t.levy;

-- issued
create table t.issued as select t.at('issuance', applicant => t.person(t.nik(20 + n))) as a, n from generate_series(1, 12) n;
select is(t.issue_all(), 12, 'all that is decided is issued');
select is(api_job.issue_next(), null, 'then nothing is due');
select is((select array_agg(substr(p.number, 5, 4) order by p.permit_id) from application.permit p where p.kind = 'permit'
             and p.office_id = t.office()),
          (select array_agg(lpad(n::text, 4, '0') order by n) from generate_series(1, 12) n), 'numbers run without gaps and without doubles');
select is((select count(*) from t.issued where t.stage(a) <> 'handover'), 0::bigint, 'and go to the counter');
select is((select distinct valid_until_on from application.permit p where p.kind = 'permit' and p.office_id = t.office()), current_date + 400,
          'a permit is not valid longer than its STR');
select is(rule.format_number('503/{NNNN}/{J}/{DD}/{MM}/{mm}/{YYYY}', n, 'SIP-DR', d), expected, expected) from (values
  (42, date '2026-11-05', '503/0042/SIP-DR/05/XI/11/2026'), (12345, '2027-01-31', '503/12345/SIP-DR/31/I/01/2027'),
  (1, '2026-08-01', '503/0001/SIP-DR/01/VIII/08/2026')) v(n, d, expected);
update application.requirement set valid_until_on = current_date - 1 where code = 'STR' and application_id = (select a from t.choice);
select is(t.try(t.call('hd1', a, 'approve')), 'LK011 action', 'nothing is approved on an STR that has ended') from t.choice;

-- handed over and filed
create table t.end as select a from t.issued where n = 1;
create function t.hand(change jsonb) returns text language sql volatile as $$
  select format('select api.handover_record(%L, %L, %s, %s, %L, %L, %L, %L)', t.token('fo1'), t.key(), a, t.version(a), x->>'recipient',
                x->>'recipient_nik', x->>'relation', x->>'method')
    from t.end, (select '{"recipient":"Sari","relation":"self","method":"counter"}'::jsonb || change as x) y $$;
select is(t.try(t.hand(c::jsonb)), expected, 'handover ' || c) from (values
  ('{"recipient":""}', 'LK008 recipient'), ('{"relation":"stranger"}', 'LK007 relation'), ('{"method":"pigeon"}', 'LK007 method'),
  ('{"relation":"proxy"}', 'LK008 recipient_nik'), ('{"recipient_nik":"1"}', 'LK007 recipient_nik'), ('{}', 'ok')) v(c, expected);
select t.act('fo1', a, 'hand_over') from t.end \g /dev/null
create function t.file(change jsonb) returns text language sql volatile as $$
  select format('select api.archive_file(%L, %L, %s, %s, %L, %L, %L, %L, %L, %L, %L)', t.token('ar1'), t.key(), a, t.version(a),
                x->>'classification', x->>'room', null, x->>'box', null, x->>'active_years', x->>'inactive_years')
    from t.end, (select '{"classification":"503.1","room":"R","box":"B","active_years":2,"inactive_years":8}'::jsonb || change as x) y $$;
select is(t.try(t.file(c::jsonb)), expected, 'archive ' || c) from (values
  ('{"classification":""}', 'LK008 classification'), ('{"room":null}', 'LK008 room'), ('{"box":""}', 'LK008 box'),
  ('{"active_years":0}', 'LK007 active_years'), ('{"inactive_years":101}', 'LK007 inactive_years')) v(c, expected);
select is(t.act('ar1', a, 'file'), 'closed', 'the file is closed') from t.end;
select is((select retain_until_on from application.archive_file f where f.application_id = a),
          (rule.office_date(t.office()) + interval '2 years' + interval '8 years')::date, 'and kept for ten years') from t.end;
select * from finish();
rollback;
