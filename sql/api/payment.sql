-- The levy: billed by formula, paid into a ledger. Nobody types the amount of a bill. What is given back or waived:
-- payment_decide.sql; the bank's file: payment_import.sql.

create type api.bill_item_row as (
  kind text, item text, legal_basis text, price bigint, valid_from_on text, arithmetic text, amount bigint);
create type api.bill_payment_row as (
  payment_id bigint, amount bigint, paid_on text, reference text, method text, entered_by text, at bigint, late boolean,
  refunded bigint, refund_asked bigint);
create type api.bill_open_reply as (
  application_id bigint, application_number text, applicant text, permit_name text, stage text, number text, reference text,
  issued_on text, due_on text, gross bigint, waived bigint, amount bigint, paid bigint, "left" bigint, credit bigint,
  paid_on text, late boolean, items api.bill_item_row[], payments api.bill_payment_row[], waiver_asked int, billed boolean);
create type api.bill_row as (
  application_id bigint, number text, application_number text, applicant text, amount bigint, "left" bigint, credit bigint,
  due_on text, late boolean, reference text);
create type api.bill_list_reply as (
  rows api.bill_row[], next text, total int, total_left bigint, received_today bigint, refunded_today bigint);

-- What the applicant gives the bank: office, year, running number, and two digits that check the others (ISO 7064, mod 97-10).
create function rule.bill_reference(office_id bigint, year int, running int)
returns text
language sql immutable
as $$
  select x.base || lpad((98 - (x.base || '00')::numeric % 97)::text, 2, '0')
    from (select lpad(office_id::text, greatest(3, length(office_id::text)), '0') || right(year::text, 2)
                 || lpad(running::text, greatest(6, length(running::text)), '0') as base) x;
$$;

-- What the ledger holds for a bill: received, less given back.
create function rule.bill_balance(office_id bigint, application_id bigint)
returns bigint
language plpgsql stable
as $$
begin
  return (
  select coalesce((select sum(p.amount) from application.payment p
                    where p.office_id = bill_balance.office_id and p.application_id = bill_balance.application_id), 0)::bigint
       - coalesce((select sum(r.amount) from application.refund r
                    where r.office_id = bill_balance.office_id and r.application_id = bill_balance.application_id and r.approved), 0)::bigint);
end
$$;

-- Is it paid? As the ledger says; a bill of Rp 0 is never paid, it only needs nothing.
create function rule.settle_bill(app application.application)
returns application.bill
language sql
as $$
  update application.bill b
     set paid_on = x.paid_on, payment_reference = case when x.paid_on is not null then x.bank_reference end,
         confirmed_by = case when x.paid_on is not null then x.entered_by end,
         refunded_at = case when x.paid_on is not null or b.amount = 0 then null when b.paid_on is not null then now() else b.refunded_at end
    from (select case when y.amount > 0 and rule.bill_balance(app.office_id, app.application_id) >= y.amount then p.paid_on end as paid_on,
                 p.bank_reference, p.entered_by
            from application.bill y
            left join lateral (select z.paid_on, z.bank_reference, z.entered_by from application.payment z
                                where z.office_id = y.office_id and z.application_id = y.application_id
                                order by z.paid_on desc, z.payment_id desc limit 1) p on true
           where y.office_id = app.office_id and y.application_id = app.application_id) x
   where b.office_id = app.office_id and b.application_id = app.application_id
  returning b.*;
$$;

-- The approved waiver as a negative line with its legal basis; what is left of the bill is its amount.
create function rule.apply_waiver(app application.application)
returns void
language plpgsql
as $$
declare
  w application.waiver;
  b application.bill;
begin
  select x.* into w from application.waiver x
   where x.office_id = app.office_id and x.application_id = app.application_id and x.approved;
  delete from application.bill_line l
   where l.office_id = app.office_id and l.application_id = app.application_id and l.kind = 'waiver';
  update application.bill x
     set waived = rule.waived_amount(x.gross, w.percent), amount = x.gross - rule.waived_amount(x.gross, w.percent)
   where x.office_id = app.office_id and x.application_id = app.application_id
  returning x.* into b;
  if b.waived > 0 then
    insert into application.bill_line (office_id, application_id, position, kind, item, legal_basis, price, arithmetic, amount)
    select app.office_id, app.application_id, max(l.position) + 1, 'waiver', case w.percent when 100 then 'Pembebasan' else 'Keringanan' end,
           w.rule, 0, format('%s%% × %s', w.percent, rule.rupiah(b.gross)), -b.waived
      from application.bill_line l where l.office_id = app.office_id and l.application_id = app.application_id;
  end if;
end
$$;

-- Is a bill to be made for this draft? Also one that a waiver brings to Rp 0: it says so. NOT_NOW when it cannot be computed.
create function rule.bill_due(app application.application)
returns boolean
language sql stable
as $$
  select app.kind <> 'revoke' and app.proposal = 'approve' and not rule.bill_paid(app) and rule.levy_amount(app) > 0;
$$;

-- The bill, made when the draft goes to payment. One that is not paid yet is computed anew and keeps its number.
create function rule.issue_bill(app application.application)
returns void
language plpgsql
as $$
declare
  today date := rule.office_date(app.office_id);
  year int := extract(year from today);
  total bigint := rule.levy_amount(app);
  due date := rule.add_working_days(app.office_id, today, (rule.version_of(app)).due_days);
  running int;
begin
  update application.bill b set gross = total, amount = total, waived = 0, issued_at = now(), due_on = due
   where b.office_id = app.office_id and b.application_id = app.application_id;
  if not found then
    running := rule.next_number(app.office_id, 'bill', year);
    insert into application.bill (office_id, application_id, number, gross, amount, due_on, reference)
    values (app.office_id, app.application_id, format('SKRD-%s-%s', year, lpad(running::text, greatest(6, length(running::text)), '0')),
            total, total, due, rule.bill_reference(app.office_id, year, running));
  end if;
  delete from application.bill_line l where l.office_id = app.office_id and l.application_id = app.application_id;
  insert into application.bill_line (office_id, application_id, position, item, legal_basis, price, arithmetic, amount, kind, code, valid_from)
  select l.office_id, l.application_id, l.position, l.item, l.legal_basis, l.price, l.arithmetic, l.amount, l.kind, l.code, l.valid_from
    from rule.levy_lines(app) l;
  perform rule.apply_waiver(app);
  perform rule.settle_bill(app);
end
$$;

-- The bill as a document; a later one (recomputed, or paid) takes the place of the one before.
create function rule.produce_bill(who rule.who, app application.application)
returns void
language sql
as $$
  select rule.produce(who, app, 'bill', jsonb_build_object(
      'bill', jsonb_build_object('number', b.number, 'amount', b.amount, 'issued_on', rule.office_date(b.office_id, b.issued_at),
                                 'paid_on', b.paid_on, 'payment_reference', b.payment_reference, 'due_on', b.due_on,
                                 'reference', b.reference, 'gross', b.gross, 'waived', nullif(b.waived, 0), 'paid', nullif(m.balance, 0),
                                 'left', greatest(b.amount - m.balance, 0), 'credit', nullif(greatest(m.balance - b.amount, 0), 0)),
      'lines', (select jsonb_agg(jsonb_build_object('item', l.item, 'legal_basis', l.legal_basis, 'price', l.price,
                                                    'arithmetic', l.arithmetic, 'amount', l.amount, 'kind', l.kind,
                                                    'valid_from', l.valid_from) order by l.position)
                  from application.bill_line l where l.office_id = b.office_id and l.application_id = b.application_id),
      'payments', (select coalesce(jsonb_agg(jsonb_build_object('paid_on', p.paid_on, 'amount', p.amount, 'reference', p.bank_reference,
                                                                'late', case when p.late then 'yes' end) order by p.payment_id), '[]')
                     from application.payment p where p.office_id = b.office_id and p.application_id = b.application_id)),
    replaces => old.document_id, version => coalesce(old.version, 0) + 1)
    from application.bill b
   cross join lateral (select rule.bill_balance(b.office_id, b.application_id) as balance) m
    left join lateral (select d.document_id, d.version from document.document d
                        where d.office_id = b.office_id and d.application_id = b.application_id and d.kind = 'bill'
                        order by d.document_id desc limit 1) old on true
   where b.office_id = app.office_id and b.application_id = app.application_id;
$$;

-- Puts what the bank received into the ledger. Returns the bill as it stands then.
create function rule.take_payment(who rule.who, app application.application, amount bigint, paid_on date, bank_reference text,
                                  import_id bigint default null, transaction_key bytea default null)
returns application.bill
language plpgsql
as $$
begin
  insert into application.payment (office_id, application_id, amount, paid_on, bank_reference, method, late, entered_by, import_id,
                                   transaction_key)
  select b.office_id, b.application_id, take_payment.amount, take_payment.paid_on, take_payment.bank_reference,
         case when take_payment.import_id is null then 'bank' else 'import' end, take_payment.paid_on > b.due_on, who.user_id,
         take_payment.import_id, take_payment.transaction_key
    from application.bill b where b.office_id = app.office_id and b.application_id = app.application_id;
  return rule.settle_bill(app);
end
$$;

-- After a payment: paid in whole, the application goes on where it waited for it; else it only has a payment more.
create function rule.go_on_when_paid(who rule.who, app application.application, b application.bill, detail jsonb)
returns api.step_reply
language plpgsql
as $$
begin
  perform rule.produce_bill(who, app);
  if b.paid_on is not null and app.stage = 'payment' then
    return rule.advance(who, app, 'confirm', null, detail);
  end if;
  return rule.touch(who, app, 'receive_payment', null, detail);
end
$$;

-- An amount of money from outside: whole rupiah, at most 10^12.
create function rule.check_amount(amount bigint, field text)
returns bigint
language plpgsql immutable
as $$
begin
  if coalesce(amount, 0) = 0 then
    perform rule.fail(8, field, 'This must be filled in');
  elsif amount not between 1 and 1000000000000 then
    perform rule.fail(7, field, 'This is not an amount in rupiah');
  end if;
  return amount;
end
$$;

create function api.payment_confirm(session_token bytea, idempotency_key bytea, application_id bigint, version int,
                                    payment_reference text, paid_on text, amount bigint)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'payment.confirm');
  request jsonb := jsonb_build_array(application_id, version, payment_reference, paid_on, amount);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  b application.bill;
  paid date;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  app := rule.lock_application(who, application_id, version);
  perform rule.take_task(who, app, 'payment');
  select x.* into b from application.bill x where x.office_id = app.office_id and x.application_id = app.application_id;
  if b.amount = 0 and b.waived > 0 and coalesce(payment_confirm.amount, 0) = 0 then
    return rule.remember(who, idempotency_key, request, rule.advance(who, app, 'confirm', null, '{"amount": 0}'));
  end if;
  payment_reference := rule.text(rule.require(payment_reference, 'payment_reference'), 'payment_reference', 100);
  paid := rule.to_date(rule.require(paid_on, 'paid_on'), 'paid_on');
  if paid > rule.office_date(who.office_id) then
    perform rule.fail(7, 'paid_on', 'This day is still to come');
  end if;
  if b.number is null or paid < rule.office_date(app.office_id, b.numbered_at) then
    perform rule.fail(7, 'paid_on', 'This is before the day of the bill');
  end if;
  perform rule.check_amount(payment_confirm.amount, 'amount');
  if exists (select from application.payment p
              where p.office_id = app.office_id and p.application_id = app.application_id and p.paid_on = paid
                and p.amount = payment_confirm.amount and p.bank_reference = payment_confirm.payment_reference) then
    perform rule.fail(13, 'payment_reference', 'This payment is recorded already');
  end if;
  b := rule.take_payment(who, app, payment_confirm.amount, paid, payment_reference);
  return rule.remember(who, idempotency_key, request,
    rule.go_on_when_paid(who, app, b, jsonb_build_object('payment_reference', payment_reference, 'paid_on', paid, 'amount', payment_confirm.amount)));
end
$$;

-- ------------------------------------------------------------------------------------------------ reading

create function rule.bill_items(office_id bigint, application_id bigint)
returns api.bill_item_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((l.kind, l.item, l.legal_basis, l.price, l.valid_from::text, l.arithmetic, l.amount)::api.bill_item_row order by l.position)
    from application.bill_line l where l.office_id = bill_items.office_id and l.application_id = bill_items.application_id);
end
$$;

create function rule.bill_payments(office_id bigint, application_id bigint)
returns api.bill_payment_row[]
language plpgsql stable
as $$
begin
  return (
  select array_agg((p.payment_id, p.amount, p.paid_on::text, p.bank_reference, p.method, rule.user_name(p.office_id, p.entered_by),
                    rule.to_seconds(p.at), p.late, coalesce(r.refunded, 0), coalesce(r.asked, 0))::api.bill_payment_row order by p.payment_id)
    from application.payment p
    left join lateral (select sum(x.amount) filter (where x.approved)::bigint as refunded, sum(x.amount) filter (where x.decided_at is null)::bigint as asked
                         from application.refund x where x.office_id = p.office_id and x.payment_id = p.payment_id) r on true
   where p.office_id = bill_payments.office_id and p.application_id = bill_payments.application_id);
end
$$;

create function api.bill_open(session_token bytea, application_id bigint)
returns api.bill_open_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'bill.open');
  app application.application := rule.readable_application(who, application_id);
  b application.bill;
  balance bigint := rule.bill_balance(app.office_id, app.application_id);
  r api.bill_open_reply;
begin
  select x.* into b from application.bill x where x.office_id = app.office_id and x.application_id = app.application_id;
  r.application_id := app.application_id;
  r.application_number := app.number;
  r.applicant := (select a.name from application.applicant a where a.office_id = app.office_id and a.applicant_id = app.applicant_id);
  r.permit_name := (rule.version_of(app)).name;
  r.stage := app.stage;
  r.waiver_asked := (select w.percent from application.waiver w
                      where w.office_id = app.office_id and w.application_id = app.application_id and w.decided_at is null);
  r.billed := b.number is not null;
  if not r.billed then
    return r;
  end if;
  r.number := b.number;
  r.reference := b.reference;
  r.issued_on := rule.office_date(b.office_id, b.issued_at)::text;
  r.due_on := b.due_on::text;
  r.gross := b.gross;
  r.waived := b.waived;
  r.amount := b.amount;
  r.paid := balance;
  r."left" := greatest(b.amount - balance, 0);
  r.credit := greatest(balance - b.amount, 0);
  r.paid_on := b.paid_on::text;
  r.late := r."left" > 0 and b.due_on < rule.office_date(app.office_id);
  r.items := rule.bill_items(app.office_id, app.application_id);
  r.payments := rule.bill_payments(app.office_id, app.application_id);
  return r;
end
$$;

-- The bills that are not settled: to be paid (open, or only the late), or with more paid than was asked (credit).
create function rule.open_bills(office_id bigint, filter text)
returns table (b application.bill, app application.application, balance bigint)
language sql stable
as $$
  select b, a, m.balance
    from application.bill b
    join application.application a on a.office_id = b.office_id and a.application_id = b.application_id
   cross join lateral (select rule.bill_balance(b.office_id, b.application_id) as balance) m
   where b.office_id = open_bills.office_id
     and case when filter = 'credit' then m.balance > b.amount
              else b.paid_on is null and b.amount > 0 and coalesce(a.outcome, 'approved') = 'approved'
                   and (filter = 'open' or b.due_on < rule.office_date(b.office_id)) end;
$$;

create function api.bill_list(session_token bytea, filter text, after text)
returns api.bill_list_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'bill.list');
  today date := rule.office_date(who.office_id);
  midnight timestamptz := today::timestamp at time zone (select o.time_zone from catalogue.office o where o.office_id = who.office_id);
  place text[] := rule.read_cursor(after, '^[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9]{1,18}$');
  page constant int := 100;
  reply api.bill_list_reply;
begin
  filter := rule.is_one_of(coalesce(filter, 'open'), 'filter', 'open', 'late', 'credit');
  select array_agg(((x.b).application_id, (x.b).number, (x.app).number, p.name, (x.b).amount, greatest((x.b).amount - x.balance, 0),
                    greatest(x.balance - (x.b).amount, 0), (x.b).due_on::text,
                    (x.b).due_on < today and x.balance < (x.b).amount, (x.b).reference)::api.bill_row
                   order by (x.b).due_on, (x.b).application_id)
    into reply.rows
    from (select y.* from rule.open_bills(who.office_id, filter) y
           where place is null or ((y.b).due_on, (y.b).application_id) > (place[1]::date, place[2]::bigint)
           order by (y.b).due_on, (y.b).application_id limit page) x
    join application.applicant p on p.office_id = (x.app).office_id and p.applicant_id = (x.app).applicant_id;
  if cardinality(reply.rows) = page then
    reply.next := reply.rows[page].due_on || '/' || reply.rows[page].application_id;
  end if;
  select count(*), coalesce(sum(greatest((x.b).amount - x.balance, 0)), 0) into reply.total, reply.total_left
    from rule.open_bills(who.office_id, filter) x;
  reply.received_today := (select coalesce(sum(p.amount), 0) from application.payment p where p.office_id = who.office_id and p.at >= midnight);
  reply.refunded_today := (select coalesce(sum(r.amount), 0) from application.refund r
                            where r.office_id = who.office_id and r.approved and r.decided_at >= midnight);
  return reply;
end
$$;
