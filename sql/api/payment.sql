-- The levy: billed by formula, confirmed by the treasurer. Nobody types an amount.

-- The bill, made when the draft goes to payment. One that is not paid yet is computed anew and keeps its number.
create function rule.issue_bill(app application.application)
returns void
language plpgsql
as $$
declare
  year int := extract(year from rule.office_date(app.office_id));
  total bigint := rule.levy_amount(app);
begin
  update application.bill b set amount = total, issued_at = now()
   where b.office_id = app.office_id and b.application_id = app.application_id;
  if not found then
    insert into application.bill (office_id, application_id, number, amount)
    values (app.office_id, app.application_id,
            format('SKRD-%s-%s', year, lpad(rule.next_number(app.office_id, 'bill', year)::text, 6, '0')), total);
  end if;
  delete from application.bill_line l where l.office_id = app.office_id and l.application_id = app.application_id;
  insert into application.bill_line select l.* from rule.levy_lines(app) l;
end
$$;

-- The bill as a document; a later one (recomputed, or paid) takes the place of the one before.
create function rule.produce_bill(who rule.who, app application.application)
returns void
language sql
as $$
  select rule.produce(who, app, 'bill', jsonb_build_object(
      'bill', jsonb_build_object('number', b.number, 'amount', b.amount, 'issued_on', rule.office_date(b.office_id, b.issued_at),
                                 'paid_on', b.paid_on, 'payment_reference', b.payment_reference),
      'lines', (select jsonb_agg(jsonb_build_object('item', l.item, 'legal_basis', l.legal_basis, 'price', l.price,
                                                    'arithmetic', l.arithmetic, 'amount', l.amount) order by l.position)
                  from application.bill_line l where l.office_id = b.office_id and l.application_id = b.application_id)),
    replaces => old.document_id, version => coalesce(old.version, 0) + 1)
    from application.bill b
    left join lateral (select d.document_id, d.version from document.document d
                        where d.office_id = b.office_id and d.application_id = b.application_id and d.kind = 'bill'
                        order by d.document_id desc limit 1) old on true
   where b.office_id = app.office_id and b.application_id = app.application_id;
$$;

create function api.payment_confirm(session_token bytea, idempotency_key bytea, application_id bigint, version int,
                                    payment_reference text, paid_on text)
returns api.step_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'payment.confirm');
  request jsonb := jsonb_build_array(application_id, version, payment_reference, paid_on);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
  paid date;
begin
  if before is not null then
    return jsonb_populate_record(null::api.step_reply, before);
  end if;
  app := rule.lock_application(who, application_id, version);
  perform rule.take_task(who, app, 'payment');
  payment_reference := rule.text(rule.require(payment_reference, 'payment_reference'), 'payment_reference', 100);
  paid := rule.to_date(rule.require(paid_on, 'paid_on'), 'paid_on');
  if paid > rule.office_date(who.office_id) then
    perform rule.fail(7, 'paid_on', 'This day is still to come');
  end if;
  update application.bill b
     set paid_on = paid, payment_reference = payment_confirm.payment_reference, confirmed_by = who.user_id
   where b.office_id = app.office_id and b.application_id = app.application_id
     and paid >= rule.office_date(app.office_id, b.issued_at);
  if not found then
    perform rule.fail(7, 'paid_on', 'This is before the day of the bill');
  end if;
  perform rule.produce_bill(who, app);
  return rule.remember(who, idempotency_key, request,
    rule.advance(who, app, 'confirm', null, jsonb_build_object('payment_reference', payment_reference, 'paid_on', paid)));
end
$$;
