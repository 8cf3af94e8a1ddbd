-- Bills, payments, refunds, waivers and the bank's file: what comes in is counted once, and nobody decides alone.
begin;
\ir lib/setup.sql
select plan(134);

create function t.bill(app bigint) returns application.bill language sql stable as $$ select b from application.bill b where b.application_id = app $$;
create function t.today() returns date language sql stable as $$ select rule.office_date(t.office()) $$;
create function t.pay(app bigint, amount bigint, reference text default 'B-1', username text default 'tr1', paid_on date default t.today()) returns text language sql stable
as $$ select format('select api.payment_confirm(%L, %L, %s, %s, %L, %L, %s)', t.token(username), t.key(), app, t.version(app), reference, paid_on, amount) $$;
create function t.paid(app bigint, amount bigint, reference text default 'B-1') returns text language plpgsql as $$
begin execute t.pay(app, amount, reference); return t.stage(app); end $$;
create function t.opened(app bigint, username text default 'tr1') returns api.bill_open_reply language sql volatile
as $$ select api.bill_open(t.token(username), app) $$;

-- the bill
create table t.a as select t.at('payment', 'TESL') as a;
select is((b).number, 'SKRD-' || extract(year from t.today()) || '-000001', 'a bill has a number') from t.a, t.bill(a) b;
select ok((b).reference ~ '^[0-9]{13,}$' and (b).reference::numeric % 97 = 1, 'its reference checks itself (mod 97)') from t.a, t.bill(a) b;
select is(rule.bill_reference(1, 2026, 13), '0012600001338', 'office, year, running number, check digits');
select ok((select bool_and(x::text::numeric % 97 <> 1) from (select overlay('0012600001338' placing d::text from p for 1)::numeric as x
             from generate_series(1, 13) p, generate_series(0, 9) d where substr('0012600001338', p, 1) <> d::text) y), 'any one wrong digit is noticed');
select is((b).due_on, rule.add_working_days(t.office(), t.today(), 10), 'it is due in 10 working days') from t.a, t.bill(a) b;
select is((x.o).items[1].valid_from_on || ' ' || (x.o).items[1].legal_basis, (now() - interval '3 days')::date || ' Perda 9/2025', 'each line names its tariff')
  from t.a, lateral (select t.opened(a) as o) x;
select is((select sum(l.amount) from application.bill_line l where l.application_id = a), (b).amount::numeric, 'the lines add up to it') from t.a, t.bill(a) b;

-- payments
select is(t.try(t.pay(a, amount, reference, 'tr1', day)), expected, what) from t.a, (values
  (0::bigint, 'B', t.today(), 'LK008 amount', 'a payment has an amount'), (-5, 'B', t.today(), 'LK007 amount', 'which is no debt'),
  (1000000000001, 'B', t.today(), 'LK007 amount', 'nor above what anybody could mean'), (1, '', t.today(), 'LK008 payment_reference', 'it has the bank''s reference'),
  (1, 'B', t.today() + 1, 'LK007 paid_on', 'it is not in the future'), (1, 'B', t.today() - 1, 'LK007 paid_on', 'nor before the bill'),
  (375000, 'B', t.today(), 'ok', 'all at once'), (1, 'B', t.today(), 'ok', 'a part'), (375001, 'B', t.today(), 'ok', 'too much')) v(amount, reference, day, expected, what);
select is(t.paid(a, 100000), 'payment', 'paid in part, it stays where it is') from t.a;
select is((b).paid_on, null, 'and is not paid') from t.a, t.bill(a) b;
select is(((x.o).paid, (x.o)."left", (x.o).credit)::text, '(100000,275000,0)', 'what is left is told') from t.a, lateral (select t.opened(a) as o) x;
select is(t.try(t.pay(a, 100000)), 'LK013 payment_reference', 'the same payment is not recorded twice') from t.a;
select is(t.try(t.pay(a, 275000, 'B-2', 'an1')), 'LK005', 'an analyst records no payment') from t.a;
select is(t.paid(a, 300000, 'B-2'), 'review', 'when all is paid it goes on') from t.a;
select is(((x.o).paid, (x.o)."left", (x.o).credit)::text, '(400000,0,25000)', 'what is too much is a credit') from t.a, lateral (select t.opened(a) as o) x;
select is((b).paid_on, t.today(), 'and it is paid') from t.a, t.bill(a) b;
select is(t.try('update application.payment set amount = 1'), 'LK005', 'no payment is changed');
select is(t.try('delete from application.payment'), 'LK005', 'and none removed');
select is(t.try(format('update application.bill set amount = %s', -1)), '23514: new row for relation "bill" violates check constraint "bill_amount_check"', 'no bill is below zero');

-- late
create table t.late as select t.at('payment', 'TESL', t.person(t.nik(2))) as a;
update application.bill b set due_on = t.today() - 1 from t.late where b.application_id = a;
select ok((x.o).late, 'a bill that is not paid in time is late') from t.late, lateral (select t.opened(a) as o) x;
select is((x.l).total || ' ' || (x.l).rows[1].number, '1 ' || (b).number, 'and stands among the late ones')
  from t.late, t.bill(a) b, lateral (select api.bill_list(t.token('tr1'), 'late', null) as l) x;
select t.paid(a, 375000) from t.late \g /dev/null
select ok((select p.late from application.payment p where p.application_id = a), 'a payment after the due date is marked') from t.late;
select ok(not (select bool_or(p.late) from application.payment p where p.application_id = a), 'one in time is not') from t.a;
select is((x.l).received_today, 775000::bigint, 'the day''s receipts are added up') from lateral (select api.bill_list(t.token('mg1'), null, null) as l) x;
select is((x.l).rows[1].credit, 25000::bigint, 'a credit is listed') from lateral (select api.bill_list(t.token('au1'), 'credit', null) as l) x;

-- refunds
create function t.refund(payment bigint, amount bigint, username text default 'tr1', reason text default 'Lebih bayar') returns text language sql stable
as $$ select format('select api.refund_propose(%L, %L, %s, %s, %L)', t.token(username), t.key(), payment, amount, reason) $$;
create function t.decide(kind text, id bigint, username text, approve boolean default true, reason text default 'Setuju') returns text language sql stable
as $$ select format('select api.money_decide(%L, %L, %L, %s, %L, %L)', t.token(username), t.key(), kind, coalesce(id, 0), approve, reason) $$;
create function t.payment(app bigint, n int) returns application.payment language sql stable
as $$ select p from application.payment p where p.application_id = app order by p.payment_id offset n - 1 limit 1 $$;
create function t.open_refund() returns bigint language sql stable as $$ select max(r.refund_id) from application.refund r where r.decided_at is null $$;
create function t.open_waiver() returns bigint language sql stable as $$ select max(w.waiver_id) from application.waiver w where w.decided_at is null $$;
create function t.run(call text) returns text language plpgsql as $$ begin execute call; return 'ok'; end $$;
select is(t.try(t.refund((p).payment_id, v.amount, 'tr1', v.reason)), expected, what) from t.a, t.payment(a, 2) p, lateral (values
  (300001::bigint, 'x', 'LK007 amount', 'not more than was paid is given back'), (0, 'x', 'LK008 amount', 'nor nothing'), (25000, '', 'LK008 reason', 'a refund has a reason'),
  (25000, 'x', 'ok', 'with one it is proposed')) v(amount, reason, expected, what);
select is(t.try(t.refund(0, 1)), 'LK009 payment_id', 'what was never paid is not given back');
select is(t.run(t.refund((p).payment_id, 25000)), 'ok', 'a refund is proposed') from t.a, t.payment(a, 2) p;
select is(t.try(t.refund((p).payment_id, 1)), 'LK013 payment_id', 'one at a time') from t.a, t.payment(a, 2) p;
insert into identity.user_role (office_id, user_id, role) values (t.office(), t.user_id('tr1'), 'section_head');
select is(t.try(t.decide('refund', t.open_refund(), 'tr1')), 'LK005 id', 'who proposed it does not approve it, whatever their roles');
select is(t.try('update application.refund set decided_by = proposed_by, decided_at = now(), approved = true'),
          '23514: new row for relation "refund" violates check constraint "refund_check"', 'nor does the table let them');
delete from identity.user_role where user_id = t.user_id('tr1') and role = 'section_head';
select is(t.try(t.decide('refund', t.open_refund(), 'sh1', false, '')), 'LK008 reason', 'rejecting needs a reason');
select is((select array_agg(x.kind || ' ' || x.amount || ' ' || x.may_decide) from unnest((api.money_proposals(t.token('sh1'))).rows) x),
          '{"refund 25000 true"}'::text[], 'the section head sees it');
select ok(not (api.money_proposals(t.token('tr1'))).rows[1].may_decide, 'its proposer may only look');
select is(t.run(t.decide('refund', t.open_refund(), 'sh1')), 'ok', 'another approves it');
select is(t.try(t.decide('refund', (select max(refund_id) from application.refund), 'hd1')), 'LK011 id', 'once');
select is((b).paid_on, t.today(), 'giving back what was too much leaves the bill paid') from t.a, t.bill(a) b;
select is((x.o).credit, 0::bigint, 'without a credit') from t.a, lateral (select t.opened(a) as o) x;
select is(t.try(t.refund((p).payment_id, 275001)), 'LK007 amount', 'what was given back is not given back again') from t.a, t.payment(a, 2) p;
select t.run(t.refund((p).payment_id, 275000)) from t.a, t.payment(a, 2) p \g /dev/null
select t.run(t.decide('refund', t.open_refund(), 'hd1', false, 'Tidak')) \g /dev/null
select is((x.o).paid, 375000::bigint, 'a rejected refund gives nothing back') from t.a, lateral (select t.opened(a) as o) x;
select is(t.run(t.refund((p).payment_id, 275000)), 'ok', 'it may be proposed again') from t.a, t.payment(a, 2) p;
select is(t.run(t.decide('refund', t.open_refund(), 'hd1')), 'ok', 'and be approved');
select is((b).paid_on, null, 'a bill that gave its money back does not stay paid') from t.a, t.bill(a) b;
select is((select array_agg(x.kind || ' ' || x.amount || ' ' || x.may_decide) from unnest((api.money_proposals(t.token('hd1'))).rows) x),
          '{"unpaid 275000 false"}'::text[], 'past the payment, it is flagged to the head');
select is(t.act('sh1', a, 'review_back'), 'drafting', 'sent back') from t.a;
select is((select count(*) from unnest((api.money_proposals(t.token('hd1'))).rows)), 0::bigint, 'it is no longer past the payment');
select is(t.act('an1', a, 'submit_draft'), 'payment', 'and must be paid again') from t.a;
select is(((x.o).paid, (x.o)."left")::text, '(100000,275000)', 'the rest of it') from t.a, lateral (select t.opened(a) as o) x;
select is(t.paid(a, 275000, 'B-3'), 'review', 'paid again, it goes on') from t.a;
select is(t.try(t.call('sh1', a, 'initial')), 'ok', 'a section head who approved a refund may still initial') from t.a;

-- waivers
create function t.waive(app bigint, kind text, percent int, username text default 'an1', reason text default 'Warga miskin', basis text default 'Perda 1/2024 ps. 9') returns text
language sql stable as $$ select format('select api.waiver_propose(%L, %L, %s, %L, %s, %L, %L)', t.token(username), t.key(), app, kind, percent, reason, basis) $$;
create table t.w as select t.at('payment', 'TESL', t.person(t.nik(3))) as a, t.at('drafting', 'TESL', t.person(t.nik(4))) as b, t.at('drafting', 'TES') as free;
select is(t.try(t.waive(a, kind, percent, 'an1', reason, basis)), expected, what) from t.w, (values
  ('percent', 0, 'x', 'y', 'LK007 percent', 'a part is not nothing'), ('percent', 100, 'x', 'y', 'LK007 percent', 'nor all'), ('half', 50, 'x', 'y', 'LK007 kind', 'nor anything else'),
  ('whole', 0, '', 'y', 'LK008 reason', 'a waiver has a reason'), ('whole', 0, 'x', '', 'LK008 rule', 'and a rule'), ('whole', 0, 'x', 'y', 'ok', 'then it is proposed'),
  ('percent', 99, 'x', 'y', 'ok', 'a part as well')) v(kind, percent, reason, basis, expected, what);
select is(t.try(t.waive(free, 'whole', 0)), 'LK011 application_id', 'what costs nothing is not waived') from t.w;
select is(t.try(t.waive(l.a, 'whole', 0)), 'LK011 application_id', 'nor what is paid') from t.late l;
select is(t.run(t.waive(a, 'percent', 33)), 'ok', 'a part is proposed') from t.w;
select is(t.try(t.waive(a, 'whole', 0, 'tr1')), 'LK013 application_id', 'one at a time') from t.w;
select is((x.o).waiver_asked, 33, 'the treasurer sees that it waits') from t.w, lateral (select t.opened(a) as o) x;
select is(t.try(t.decide('waiver', t.open_waiver(), 'sh1')), 'LK005 id', 'a section head does not waive');
insert into identity.user_role (office_id, user_id, role) values (t.office(), t.user_id('an1'), 'head');
select is(t.try(t.decide('waiver', t.open_waiver(), 'an1')), 'LK005 id', 'nor who proposed it');
delete from identity.user_role where user_id = t.user_id('an1') and role = 'head';
select is(t.run(t.decide('waiver', t.open_waiver(), 'hd1')), 'ok', 'the head does');
select is((x.gross, x.waived, x.amount)::text, '(375000,123750,251250)', 'the bill is less by it') from t.w, t.bill(w.a) x;
select is((select l.item || ' ' || l.legal_basis || ' ' || l.amount from application.bill_line l where l.application_id = a and l.kind = 'waiver'),
          'Keringanan Perda 1/2024 ps. 9 -123750', 'with a negative line and its legal basis') from t.w;
select is(t.try(t.waive(a, 'whole', 0)), 'LK013 application_id', 'it is not waived twice') from t.w;
select is(t.paid(a, 251250), 'review', 'what is left is paid') from t.w;
select is(t.run(t.waive(b, 'whole', 0, 'tr1')), 'ok', 'before there is a bill, the whole is proposed') from t.w;
select is(t.run(t.decide('waiver', t.open_waiver(), 'hd2')), 'ok', 'and waived');
select is(t.act('an1', b, 'submit_draft'), 'review', 'Rp 0 goes on without payment') from t.w;
select is((x.amount, x.waived, x.paid_on is null)::text, '(0,375000,t)', 'with a bill of Rp 0 that is never called paid') from t.w, t.bill(w.b) x;
select is(rule.guard_objection(x, 'fee_paid', null), null, 'and needs no payment') from application.application x, t.w where x.application_id = w.b;
create function t.hd_approves(app bigint) returns text language plpgsql as $$ begin perform t.act('sh1', app, 'initial'); return t.act('hd2', app, 'approve'); end $$;
select is(t.hd_approves(b), 'issuance', 'a head who waived may still approve') from t.w;
create table t.zero as select t.at('payment', 'TESL', t.person(t.nik(5))) as a;
select t.run(t.waive(a, 'whole', 0)) from t.zero \g /dev/null
select t.run(t.decide('waiver', t.open_waiver(), 'hd1')) \g /dev/null
select is(t.try(t.pay(a, 5)), 'ok', 'money that came all the same is recorded') from t.zero;
select is(t.paid(a, 0, ''), 'review', 'waived while unpaid, the treasurer lets it go on') from t.zero;
select is((select count(*) from application.payment p where p.application_id = a), 0::bigint, 'without a payment') from t.zero;

-- an empty bill is never paid
create table t.part as select t.at('payment', 'TESL', t.person(t.nik(6))) as a;
select is(t.try(t.pay(a, 0, '')), 'LK008 payment_reference', 'Rp 0 pays no bill') from t.part;
update application.bill b set amount = 0, gross = 0 from t.part where b.application_id = a;
select is((rule.settle_bill(x)).paid_on, null, 'an empty bill is not paid') from application.application x, t.part where x.application_id = a;
select is(rule.guard_objection(x, 'fee_paid', null), 'The levy must be paid first', 'and lets nothing go on') from application.application x, t.part where x.application_id = a;
update application.bill b set amount = 375000, gross = 375000 from t.part where b.application_id = a;

-- the bank's file
create function t.file(import bigint, count int, rows jsonb, username text default 'tr1') returns text language sql stable
as $$ select format('select api.payments_import(%L, %L, %s, %L, %L, %s, %L)', t.token(username), t.key(), import, 'bank.csv', sha256('x'), count, rows) $$;
create function t.line(n int, reference text, amount bigint, day date default t.today()) returns jsonb language sql stable
as $$ select jsonb_build_object('line', n, 'paid_on', day, 'reference', reference, 'amount', amount, 'description', 'TRF ' || n) $$;
create function t.import_id() returns bigint language sql stable as $$ select max(i.import_id) from application.bank_import i $$;
create function t.results() returns text[] language sql stable
as $$ select array_agg(l.result order by l.line) from application.bank_line l where l.import_id = t.import_id() $$;
create function t.apply(username text default 'tr1') returns text language sql stable
as $$ select format('select api.payments_apply(%L, %L, %s)', t.token(username), t.key(), t.import_id()) $$;
create table t.f as select t.at('payment', 'TESL', t.person(t.nik(11))) as one, t.at('payment', 'TESL', t.person(t.nik(12))) as two,
                           t.at('payment', 'TESL', t.person(t.nik(13))) as three, t.at('payment', 'TESL', t.person(t.nik(14))) as gone, t.late.a as settled from t.late;
select t.act('fo1', gone, 'withdraw') from t.f \g /dev/null
create function t.ref(app bigint) returns text language sql stable as $$ select reference from application.bill where application_id = app $$;
create function t.rows() returns jsonb language sql stable as $$
  select jsonb_build_array(t.line(2, t.ref(one), 375000), t.line(3, t.ref(two), 100000), t.line(4, t.ref(two), 100000), t.line(5, t.ref(two), 175000),
                           t.line(6, '123', 5), t.line(7, t.ref(gone), 375000), t.line(8, t.ref(settled), 99), t.line(9, t.ref(three), 400000)) from t.f $$;
select is(t.try(t.file(0, count, rows)), expected, what) from (values
  (0, '[]'::jsonb, 'LK007 line_count', 'a file has lines'), (5001, '[]', 'LK007 line_count', 'but not more than 5,000'),
  (1, jsonb_build_array(t.line(2, 'x', 0)), 'LK008 rows.2', 'a line of nothing is refused'), (1, jsonb_build_array(t.line(2, 'x', -5)), 'LK007 rows.2', 'and a negative one'),
  (1, jsonb_build_array(t.line(2, 'x', 1, t.today() + 1)), 'LK007 rows.2', 'and one of tomorrow'), (1, jsonb_build_array(t.line(2, 'x;y', 1)), 'LK007 rows.2', 'and a reference that is none'),
  (1, jsonb_build_array(t.line(2, 'x', 1), t.line(3, 'x', 1)), 'LK007 rows', 'and more than was said'),
  (2, jsonb_build_array(t.line(2, 'x', 1), t.line(2, 'x', 1)), 'LK013 rows.2', 'and the same line twice'), (2, jsonb_build_array(t.line(2, 'x', 1)), 'ok', 'a piece is taken')) v(count, rows, expected, what);
select is(t.run(t.file(0, 8, (select jsonb_agg(r) from jsonb_array_elements(t.rows()) with ordinality x(r, n) where n <= 3))), 'ok', 'the first piece');
select is(t.try(t.apply()), 'LK011 import_id', 'a file that is not whole is not taken');
select is(t.try(format('select api.payments_preview(%L, %s, 0)', t.token('tr1'), t.import_id())), 'LK009 import_id', 'nor shown');
insert into identity.user_account (office_id, username, name) values (t.office(), 'tr2', 'Tr2');
insert into identity.user_role (office_id, user_id, role) values (t.office(), t.user_id('tr2'), 'treasurer');
insert into session.session (token_hash, office_id, user_id, address, expires_at) values (sha256(t.token('tr2')), t.office(), t.user_id('tr2'), '192.0.2.1', now() + interval '1 hour');
select is(t.try(t.file(t.import_id(), 8, '[]', 'tr2')), 'LK009 import_id', 'another treasurer does not continue it');
select is(t.run(t.file(t.import_id(), 8, (select jsonb_agg(r) from jsonb_array_elements(t.rows()) with ordinality x(r, n) where n > 3))), 'ok', 'the last piece');
select is(t.results(), '{matched,differs,differs,matched,unknown,closed,paid,differs}'::text[], 'each line is judged, after those before it');
select is(((x.r).taken, (x.r).taken_amount, (x.r).other, (x.r).applied)::text, '(5,1150000,3,f)', 'the preview adds up')
  from lateral (select api.payments_preview(t.token('tr1'), t.import_id(), 0) as r) x;
select is((select count(*) from application.payment p where p.office_id = t.office() and p.import_id is not null), 0::bigint, 'nothing is taken before it is said so');
select is(t.try(t.apply('tr2')), 'LK009 import_id', 'another treasurer does not take it');
select api.task_claim(t.token('tr2'), t.key(), t.task(one), null) from t.f \g /dev/null
select is(t.run(t.apply()), 'ok', 'the file is taken');
select is(t.try(t.apply()), 'LK011 import_id', 'once');
select is(array[t.stage(one), t.stage(two), t.stage(three), t.stage(gone)], '{review,review,review,archive}'::text[], 'what is paid goes on, whoever held it') from t.f;
select is((x.o).credit, 25000::bigint, 'what was too much is a credit') from t.f, lateral (select t.opened(three) as o) x;
select is((select count(*) from application.payment p where p.application_id = two), 3::bigint, 'equal lines of one file are different payments') from t.f;
select is((select count(distinct d.version) from document.document d where d.application_id = two and d.kind = 'bill'), 4::bigint, 'each payment makes the bill anew') from t.f;

-- again, and another file that overlaps
select t.run(t.file(0, 8, t.rows())) \g /dev/null
select is(t.results(), '{duplicate,duplicate,duplicate,duplicate,unknown,closed,paid,duplicate}'::text[], 'the same file brings nothing twice');
select is((x.r).taken, 0, 'and takes nothing') from lateral (select api.payments_preview(t.token('tr1'), t.import_id(), 0) as r) x;
create table t.g as select t.at('payment', 'TESL', t.person(t.nik(21))) as a, t.at('payment', 'TESL', t.person(t.nik(22))) as b;
select t.paid(b, 50000, 'SLIP') from t.g \g /dev/null
select t.run(t.file(0, 4, (select jsonb_build_array(t.line(2, t.ref(two), 100000), t.line(3, t.ref(g.a), 375000), t.line(4, t.ref(g.b), 50000), t.line(5, t.ref(g.b), 60000)) from t.f, t.g g))) \g /dev/null
select is(t.results(), '{duplicate,matched,duplicate,differs}'::text[], 'nor does another that overlaps it, or a slip that was typed in');
-- many lines: a hundred at a time
create function t.applied() returns api.payments_apply_reply language plpgsql as $$
declare r api.payments_apply_reply; begin r := api.payments_apply(t.token('tr1'), t.key(), t.import_id()); return r; end $$;
select t.run(t.file(0, 101, (select jsonb_agg(t.line(n, case n when 50 then t.ref(g.a) else 'X' || n end, 5)) from t.g g, generate_series(2, 102) n))) \g /dev/null
select is((x.taken, x.rest)::text, '(1,1)', 'a large file is taken a hundred lines at a time') from t.applied() x;
select is(t.run(t.file(0, 1, (select jsonb_build_array(t.line(2, t.ref(a), 5)) from t.g))), 'ok', 'one that was left in the middle hinders no other');
select is(t.results(), '{duplicate}'::text[], 'and what it brought is not taken again');
select is((x.taken, x.rest)::text, '(0,0)', 'nor counted') from t.applied() x;
update identity.user_account set nik = t.nik(21) where user_id = t.user_id('tr1');
select t.run(t.file(0, 1, (select jsonb_build_array(t.line(2, t.ref(a), 375000)) from t.g))) \g /dev/null
select is(t.results(), '{not_yours}'::text[], 'a treasurer takes nothing for their own application');
update identity.user_account set nik = null where user_id = t.user_id('tr1');

-- everybody else
select is_empty(format($$ select u, call from unnest('{fo1,an1,sh1,hd1,kd1,sd1,ar1,co1,au1,mg1,ad1}'::text[]) u,
  unnest(array[%L, %L, %L, %L]) call where t.try(replace(call, %L, t.token(u)::text)) <> 'LK005' $$,
  t.refund(1, 1), t.file(0, 1, '[]'), t.apply(), t.pay((select a from t.g), 1), t.token('tr1')), 'nobody but a treasurer pays, imports, or proposes a refund');
select is_empty(format($$ select u from unnest('{fo1,sh1,hd1,kd1,sd1,ar1,co1,au1,mg1,ad1}'::text[]) u
                           where t.try(replace(%L, %L, t.token(u)::text)) <> 'LK005' $$, t.waive((select a from t.g), 'whole', 0), t.token('an1')),
                'nobody but an analyst or treasurer proposes a waiver');
select is_empty(format($$ select u from unnest('{fo1,an1,kd1,sd1,tr1,ar1,co1,au1,mg1,ad1}'::text[]) u
                           where t.try(replace(%L, %L, t.token(u)::text)) <> 'LK005' $$, t.decide('refund', 1, 'hd1'), t.token('hd1')),
                'nobody but a head or section head decides');
select is_empty($$ select u from unnest('{fo1,an1,sh1,hd1,kd1,sd1,ar1,co1,ad1}'::text[]) u
                    where t.try(format('select api.bill_list(%L, null, null)', t.token(u))) <> 'LK005' $$, 'the payments are for treasurer, auditor and manager');
select is_empty($$ select u from unnest('{tr1,an1,sh1,hd1,au1,mg1}'::text[]) u where t.try(format('select api.bill_open(%L, %s)', t.token(u), (select a from t.g))) <> 'ok' $$,
                'those who work with money read a bill');
select is_empty($$ select u from unnest('{fo1,kd1,sd1,ar1,co1,ad1}'::text[]) u where t.try(format('select api.bill_open(%L, %s)', t.token(u), (select a from t.g))) <> 'LK005' $$,
                'others do not');
select is(t.try(format('select api.bill_open(%L, %s)', t.token('hd9'), a)), 'LK009 application_id', 'nor does another office') from t.g;
select is(t.try(t.decide('refund', (select max(refund_id) from application.refund), 'hd9')), 'LK009 id', 'or decide there');

-- the applicant
create function t.track(app bigint) returns api.public_track_reply language sql stable
as $$ select rule.track_reply(a) from application.application a where a.application_id = app $$;
select is(((x.r).fee, (x.r).fee_paid, (x.r).fee_left, (x.r).due_on, (x.r).payment_reference)::text,
          format('(375000,50000,325000,%s,%s)', rule.add_working_days(t.office(), t.today(), 10), t.ref(b)), 'the applicant sees what is left, until when, and the reference')
  from t.g, lateral (select t.track(b) as r) x;
select is(((x.r).fee, (x.r).fee_left, (x.r).payment_reference)::text, '(0,0,)', 'and Rp 0 without a reference where nothing is due') from t.w, lateral (select t.track(b) as r) x;
select * from finish();
rollback;
