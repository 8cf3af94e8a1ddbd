-- A stage demands documents: nothing goes on from it while one is missing, and nothing else is held up by that.
begin;
\ir lib/setup.sql
select no_plan();
select t.meta_set(t.office()) \g /dev/null

create function t.demand(stage text, variadic documents text[]) returns void language sql
as $$ update workflow.stage s set demands = documents where s.office_id = t.office() and s.code = demand.stage $$;
create function t.written(app bigint) returns text language sql stable
as $$ select string_agg(d.kind, ' ' order by d.kind) from document.document d where d.application_id = app and d.kind in ('decree', 'permit') $$;
create function t.wipe(app bigint, kind text) returns void language sql
as $$ delete from document.document d where d.application_id = app and d.kind = wipe.kind $$;

-- every document of the list, in the stage that the shipped workflow demands it in
do $$ begin
  perform t.demand('verification', 'receipt');
  perform t.demand('drafting', 'inspection_report');
  perform t.demand('payment', 'bill');
  perform t.demand('review', 'draft_decree');
  perform t.demand('approval', 'draft_decree');
  perform t.demand('handover', 'decree', 'permit', 'refusal', 'signed_decision');
  perform t.demand('archive', 'handover');
end $$;
create table t.whole as select t.at('closed', 'TES') as plain, t.at('closed', 'TESL', t.person(t.nik(2))) as levy;
select is(t.stage(plain), 'closed', 'a permit without a visit or a levy waits for a document that it never has') from t.whole;
select is(t.stage(levy), 'closed', 'a permit with a levy waits for a document that it never has') from t.whole;

create table t.held as select t.at('verification', 'TES', t.person(t.nik(3))) as verification, t.at('review', 'TES', t.person(t.nik(4))) as review,
  t.at('handover', 'TES', t.person(t.nik(5))) as handover, t.at('payment', 'TESL', t.person(t.nik(6))) as payment,
  t.at('archive', 'TES', t.person(t.nik(7))) as archive, t.at('verification', 'TESV', t.person(t.nik(8))) as visited,
  t.at('refusal', 'TES', t.person(t.nik(9))) as refused;
select t.wipe(verification, 'receipt'), t.wipe(handover, 'permit'), t.wipe(archive, 'handover') from t.held \g /dev/null
delete from application.bill_line l using t.held h where l.application_id = h.payment;
delete from application.bill b using t.held h where b.application_id = h.payment;
update application.application a set proposal = null from t.held h where a.application_id = h.review;

select is(t.complaint(t.call('an1', verification, 'draft')), 'The receipt is missing: it must be there before this step', 'it goes on without its receipt') from t.held;
select is(t.try(t.call('an1', verification, 'draft')), 'LK011 action', 'the refusal is of another kind') from t.held;
select is(t.stage(verification), 'verification', 'what was refused is done all the same') from t.held;
select is(t.try(t.call('an1', verification, 'return')), 'ok', 'nothing can be returned to the applicant while a document is missing') from t.held;
select is(t.try(t.call('fo1', verification, 'withdraw')), 'ok', 'nobody can withdraw while a document is missing') from t.held;
select is(t.complaint(t.call('sh1', review, 'initial')), 'The draft of the decision is missing: it must be there before this step', 'a draft that is not there is initialled') from t.held;
select is(t.try(t.call('sh1', review, 'review_back')), 'ok', 'nothing can be sent back while a document is missing') from t.held;
select is(t.complaint(t.call('fo1', handover, 'hand_over')), 'The permit is missing: it must be there before this step', 'a permit that is not there is handed over') from t.held;
select is(t.complaint(t.call('ar1', archive, 'file')), 'The receipt of the handover is missing: it must be there before this step', 'a file without its handover goes to the archive') from t.held;

update document.document d set state = 'failed' from t.held h where d.application_id = h.refused and d.kind = 'refusal';
do $$ declare h record; begin
  select * into h from t.held;
  perform t.act('an1', h.visited, 'save');
  perform t.act('an1', h.visited, 'propose_refusal');
  perform t.issue_all();
end $$;
select is(t.stage(refused), 'handover', 'a refusal waits for a document before it is written') from t.held;
update document.document d set state = 'failed' from t.held h where d.application_id = h.refused and d.kind = 'refusal';
select is(t.complaint(t.call('fo1', refused, 'hand_over')), 'The letter of refusal is missing: it must be there before this step', 'a letter that could not be drawn is handed over') from t.held;

-- a visit: its report is demanded of an approval, not of a refusal that nobody was sent out for
create table t.inspected as select t.at('reported', 'TESV', t.person(t.nik(11))) as app;
do $$ declare a bigint := app from t.inspected; begin
  perform t.act('kp1', a, 'assign');
  perform t.act('sd2', a, 'sign');
  perform t.act('sp1', a, 'report');
end $$;
select is(t.stage(app), 'drafting', 'the inspection does not end') from t.inspected;
select is(t.try(t.call('an1', app, 'submit_draft')), 'ok', 'an inspected application waits for its report, though it is there') from t.inspected;
select t.wipe(app, 'inspection_report') from t.inspected \g /dev/null
select is(t.complaint(t.call('an1', app, 'submit_draft')), 'The inspection report is missing: it must be there before this step', 'a permit with a visit goes on without its report') from t.inspected;
select is(t.try(t.call('an1', visited, 'submit_refusal')), 'ok', 'a refusal waits for a visit that nobody makes') from t.held;
select is(t.try(t.call('an1', visited, 'draft_back')), 'ok', 'a draft can not go back while a report is missing') from t.held;

-- a head decides only on what is there; a refusal too is decided
do $$ declare h record; begin
  select * into h from t.held;
  perform t.demand('approval', 'receipt');
  update application.application a set proposal = 'approve' where a.application_id = h.review;
  perform t.act('sh1', h.review, 'initial');
  perform t.wipe(h.review, 'receipt');
end $$;
select is(t.complaint(t.call('hd1', review, 'approve')), 'The receipt is missing: it must be there before this step', 'it is approved without a document') from t.held;
select is(t.try(t.call('hd1', review, 'refuse')), 'ok', 'it can not be refused while a document is missing') from t.held;

-- the bill: where the money is awaited
select is(t.complaint(format('select rule.advance((%s, %s, %L, %L, %L, %L, null, null)::rule.who, a, %L) from application.application a where a.application_id = %s',
          t.office(), t.user_id('tr1'), 'Tr1', null, 'payment.confirm', '{treasurer}', 'confirm', payment)),
          'The bill is missing: it must be there before this step', 'it goes on without its bill') from t.held;

-- every document has a refusal of its own, and is known to the table
select is((select count(distinct rule.missing_document(w)) from unnest(k.words) w where rule.missing_document(w) not like 'A document%'),
          cardinality(k.words)::bigint, k.key || ': a document has no words of its own')
  from rule.draft_keys() k where k.section = 'stage' and k.key in ('demands', 'produces');
select throws_ok($$ update workflow.stage set demands = '{horoscope}' where code = 'review' $$, '23514', null, 'a document that there is not is demanded');

-- what a stage of the issue says that it writes is what is written
select is(t.written(handover), 'decree', 'nothing but the permit was taken away') from t.held;
update workflow.stage set produces = '{permit}' where office_id = t.office() and code = 'issuance';
update workflow.stage set demands = '{permit}' where office_id = t.office() and code = 'handover';
create table t.lean as select t.at('handover', 'TES', t.person(t.nik(10))) as app;
select is(t.written(app), 'permit',
          'a decree is written though the workflow says that there is none') from t.lean;

-- a version keeps them, and a file gets them back
select is((select s.values->'demands' from (select x->'values' as values, x->>'code' as code from jsonb_array_elements(
             rule.workflow_document(t.office(), w.workflow_id, 1)) x where x->>'kind' = 'stage') s where s.code = 'archive'), '["handover"]', 'an export forgets what is demanded')
  from workflow.workflow w where w.office_id = t.office();
select * from finish();
rollback;
