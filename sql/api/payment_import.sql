-- A bank's file of payments. The client reads it and sends its lines in pieces; here each is judged again, shown, and only then
-- taken. A transaction is known by its day, reference, amount and its place among those that are alike within a file, so that
-- the same file, or another that overlaps it, brings nothing twice.

create type api.payments_import_reply as (import_id bigint, received int, complete boolean, announce text[]);
create type api.bank_result_row as (
  line int, paid_on text, reference text, amount bigint, result text, application_number text, applicant text, "left" bigint);
create type api.payments_preview_reply as (
  import_id bigint, name text, rows api.bank_result_row[], next int, taken int, taken_amount bigint, other int, applied boolean);
create type api.payments_apply_reply as (import_id bigint, taken int, taken_amount bigint, paid int, rest int, announce text[]);

-- What would become of a line. `already`: what lines before it bring to the same bill. Matched and differs are taken (in part,
-- or with a credit); all others are not.
create function rule.judge_line(who rule.who, l application.bank_line, already bigint)
returns text
language plpgsql stable
as $$
declare
  app application.application;
  b application.bill;
  unpaid bigint;
begin
  select x.* into b from application.bill x where x.office_id = l.office_id and x.reference = l.reference;
  if not found then
    return 'unknown';
  end if;
  select a.* into app from application.application a where a.office_id = b.office_id and a.application_id = b.application_id;
  if exists (select from application.payment p where p.office_id = l.office_id and p.transaction_key = l.transaction_key)
     or exists (select from application.payment p
                 where p.office_id = b.office_id and p.application_id = b.application_id and p.method = 'bank'
                   and p.paid_on = l.paid_on and p.amount = l.amount) then
    return 'duplicate';
  end if;
  unpaid := b.amount - rule.bill_balance(b.office_id, b.application_id) - already;
  return case
    when not rule.holds_role(who, 'treasurer', app.permit_type_id) or rule.is_household(app, who.user_id) then 'not_yours'
    when app.outcome in ('refused', 'withdrawn') or app.closed_at is not null then 'closed'
    when unpaid <= 0 then 'paid'
    when unpaid = l.amount then 'matched'
    else 'differs' end;
end
$$;

-- Judges the lines that came since the last time, in their order: a piece at a time, so that no call takes long.
create function rule.judge_import(who rule.who, import_id bigint)
returns void
language plpgsql
as $$
declare
  l application.bank_line;
begin
  for l in
    select x.* from application.bank_line x
     where x.office_id = who.office_id and x.import_id = judge_import.import_id and x.result is null
     order by x.line
  loop
    update application.bank_line x
       set result = rule.judge_line(who, l, coalesce((select sum(y.amount) from application.bank_line y
                                                       where y.office_id = l.office_id and y.import_id = l.import_id and y.reference = l.reference
                                                         and y.line < l.line and y.result in ('matched', 'differs')), 0)::bigint)
     where x.office_id = l.office_id and x.import_id = l.import_id and x.line = l.line;
  end loop;
end
$$;

-- One line as it came. INVALID, REQUIRED with the line's number.
create function rule.add_bank_line(i application.bank_import, given jsonb)
returns void
language plpgsql
as $$
declare
  field text := 'rows.' || coalesce(given->>'line', '');
  l application.bank_line;
begin
  l.office_id := i.office_id;
  l.import_id := i.import_id;
  l.line := (given->>'line')::int;
  l.paid_on := rule.to_date(rule.require(given->>'paid_on', field), field);
  l.reference := rule.require(given->>'reference', field);
  l.amount := rule.check_amount((given->>'amount')::bigint, field);
  l.description := rule.text(given->>'description', field, 300);
  if l.line is null or l.line < 1 then
    perform rule.fail(7, field, 'A line of the file has no number');
  elsif l.paid_on > rule.office_date(i.office_id) then
    perform rule.fail(7, field, 'This day is still to come');
  elsif l.reference !~ '^[0-9A-Za-z]{1,40}$' then
    perform rule.fail(7, field, 'A reference has letters and digits only');
  end if;
  l.transaction_key := sha256(convert_to(concat_ws('|', l.paid_on, l.reference, l.amount,
    (select count(*) from application.bank_line x
      where x.office_id = l.office_id and x.import_id = l.import_id and x.reference = l.reference and x.paid_on = l.paid_on
        and x.amount = l.amount and x.line < l.line)), 'UTF8'));
  insert into application.bank_line select l.*
  on conflict on constraint bank_line_pkey do nothing;
  if not found then
    perform rule.fail(13, field, 'This line was sent already');
  end if;
end
$$;

-- A piece of a file: the first (import_id 0) begins, the last is known by the number of lines. At most 500 lines at a time.
create function api.payments_import(session_token bytea, idempotency_key bytea, import_id bigint, name text, sha256 bytea,
                                    line_count int, rows jsonb)
returns api.payments_import_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'payments.import');
  request jsonb := jsonb_build_array(import_id, name, encode(sha256, 'hex'), line_count, rows);
  before jsonb := rule.replay(who, idempotency_key, request);
  i application.bank_import;
  item jsonb;
  reply api.payments_import_reply;
begin
  if before is not null then
    return jsonb_populate_record(null::api.payments_import_reply, before);
  end if;
  if coalesce(payments_import.import_id, 0) = 0 then
    if coalesce(payments_import.line_count, 0) not between 1 and 5000 then
      perform rule.fail(7, 'line_count', 'A file has 1 to %s lines', '5000');
    elsif octet_length(payments_import.sha256) is distinct from 32 then
      perform rule.fail(7, 'sha256', 'This is not the hash of a file');
    end if;
    -- one that was begun and left; what it brought already stays
    update application.bank_import x set state = 'applied', applied_at = now()
     where x.office_id = who.office_id and x.imported_by = who.user_id and x.state = 'ready'
       and exists (select from application.bank_line l where l.office_id = x.office_id and l.import_id = x.import_id and l.applied_at is not null);
    delete from application.bank_import x
     where x.office_id = who.office_id and x.imported_by = who.user_id and x.state <> 'applied';
    insert into application.bank_import (office_id, name, sha256, line_count, imported_by)
    values (who.office_id, rule.file_name(payments_import.name), payments_import.sha256, payments_import.line_count, who.user_id)
    returning * into i;
  else
    select x.* into i from application.bank_import x
     where x.office_id = who.office_id and x.import_id = payments_import.import_id and x.imported_by = who.user_id and x.state = 'receiving'
       for update;
    if not found then
      perform rule.fail(9, 'import_id', 'This file is not expected any more');
    end if;
  end if;
  for item in select r.value from jsonb_array_elements(coalesce(rows, '[]')) with ordinality r(value, n) order by r.n loop
    perform rule.add_bank_line(i, item);
  end loop;
  perform rule.judge_import(who, i.import_id);
  reply.import_id := i.import_id;
  reply.received := (select count(*) from application.bank_line x where x.office_id = i.office_id and x.import_id = i.import_id);
  reply.complete := reply.received = i.line_count;
  if reply.received > i.line_count then
    perform rule.fail(7, 'rows', 'The file has more lines than it said');
  elsif reply.complete then
    update application.bank_import x set state = 'ready' where x.office_id = i.office_id and x.import_id = i.import_id;
  end if;
  return rule.remember(who, idempotency_key, request, reply);
end
$$;

create function api.payments_preview(session_token bytea, import_id bigint, after int)
returns api.payments_preview_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'payments.preview');
  i application.bank_import;
  page constant int := 500;
  reply api.payments_preview_reply;
begin
  select x.* into i from application.bank_import x
   where x.office_id = who.office_id and x.import_id = payments_preview.import_id and x.imported_by = who.user_id and x.state <> 'receiving';
  if not found then
    perform rule.fail(9, 'import_id', 'This file is not expected any more');
  end if;
  reply.import_id := i.import_id;
  reply.name := i.name;
  reply.applied := i.state = 'applied';
  select array_agg((x.line, x.paid_on::text, x.reference, x.amount, x.result, a.number, p.name,
                    greatest(b.amount - rule.bill_balance(b.office_id, b.application_id), 0))::api.bank_result_row order by x.line)
    into reply.rows
    from (select y.* from application.bank_line y
           where y.office_id = i.office_id and y.import_id = i.import_id and y.line > coalesce(after, 0)
           order by y.line limit page) x
    left join application.bill b on b.office_id = x.office_id and b.reference = x.reference
    left join application.application a on a.office_id = b.office_id and a.application_id = b.application_id
    left join application.applicant p on p.office_id = a.office_id and p.applicant_id = a.applicant_id;
  reply.next := case when cardinality(reply.rows) = page then reply.rows[page].line end;
  select count(*) filter (where x.result in ('matched', 'differs')), coalesce(sum(x.amount) filter (where x.result in ('matched', 'differs')), 0),
         count(*) filter (where x.result not in ('matched', 'differs'))
    into reply.taken, reply.taken_amount, reply.other
    from application.bank_line x where x.office_id = i.office_id and x.import_id = i.import_id;
  return reply;
end
$$;

-- The application's payment task passes to whoever brings the bank's file: the money is there, whoever looked at it before.
create function rule.take_payment_task(who rule.who, app application.application)
returns void
language plpgsql
as $$
declare
  t application.task;
begin
  select x.* into t
    from application.task x
   where x.office_id = app.office_id and x.application_id = app.application_id and x.closed_at is null and x.stage = 'payment';
  if found and t.holder_id is distinct from who.user_id then
    perform rule.hold_task(who, t, who.user_id, case when t.holder_id is null then 'claim' else 'take_over' end, null, '{"import": true}');
  end if;
end
$$;

-- Takes what the preview showed as matched or different, each line judged once more under the lock of its application. A hundred
-- lines at a time, so that no call locks for long: again until nothing is left.
create function api.payments_apply(session_token bytea, idempotency_key bytea, import_id bigint)
returns api.payments_apply_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'payments.apply');
  request jsonb := jsonb_build_array(import_id);
  before jsonb := rule.replay(who, idempotency_key, request);
  i application.bank_import;
  l application.bank_line;
  app application.application;
  b application.bill;
  step api.step_reply;
  reply api.payments_apply_reply;
begin
  if before is not null then
    return jsonb_populate_record(null::api.payments_apply_reply, before);
  end if;
  -- one import at a time: it locks many applications, and two must not wait for each other
  perform pg_advisory_xact_lock(hashtextextended('payments.apply', who.office_id));
  select x.* into i from application.bank_import x
   where x.office_id = who.office_id and x.import_id = payments_apply.import_id and x.imported_by = who.user_id
     for update;
  if not found then
    perform rule.fail(9, 'import_id', 'This file is not expected any more');
  elsif i.state = 'applied' then
    perform rule.fail(11, 'import_id', 'This file was taken already');
  elsif i.state = 'receiving' then
    perform rule.fail(11, 'import_id', 'Parts of this file are missing: send it again');
  end if;
  reply.import_id := i.import_id;
  reply.taken := 0;
  reply.taken_amount := 0;
  reply.paid := 0;
  for l in
    select x.* from application.bank_line x
     where x.office_id = i.office_id and x.import_id = i.import_id and x.applied_at is null
     order by x.line limit 100
  loop
    select x.* into b from application.bill x where x.office_id = l.office_id and x.reference = l.reference;
    if b.reference = l.reference then
      perform from application.application a where a.office_id = b.office_id and a.application_id = b.application_id for no key update;
    end if;
    l.result := rule.judge_line(who, l, 0);
    if l.result in ('matched', 'differs') then
      app := rule.lock_application(who, b.application_id, null);
      b := rule.take_payment(who, app, l.amount, l.paid_on, coalesce(left(l.description, 100), l.reference), i.import_id, l.transaction_key);
      l.payment_id := (select p.payment_id from application.payment p where p.office_id = l.office_id and p.transaction_key = l.transaction_key);
      perform rule.take_payment_task(who, app);
      app := rule.lock_application(who, b.application_id, null);
      step := rule.go_on_when_paid(who, app, b, jsonb_build_object('payment_reference', l.reference, 'paid_on', l.paid_on, 'amount', l.amount,
                                                                   'file', i.name, 'line', l.line));
      reply.announce := reply.announce || step.announce;
      reply.taken := reply.taken + 1;
      reply.taken_amount := reply.taken_amount + l.amount;
      reply.paid := reply.paid + (b.paid_on is not null)::int;
    end if;
    update application.bank_line x set result = l.result, payment_id = l.payment_id, applied_at = now()
     where x.office_id = l.office_id and x.import_id = l.import_id and x.line = l.line;
  end loop;
  reply.rest := (select count(*) from application.bank_line x
                  where x.office_id = i.office_id and x.import_id = i.import_id and x.applied_at is null);
  if reply.rest = 0 then
    update application.bank_import x set state = 'applied', applied_at = now() where x.office_id = i.office_id and x.import_id = i.import_id;
  end if;
  perform rule.record(who, 'import_payments', chained => false,
                      detail => jsonb_build_object('file', i.name, 'sha256', encode(i.sha256, 'hex'), 'lines', i.line_count,
                                                   'taken', reply.taken, 'amount', reply.taken_amount));
  return rule.remember(who, idempotency_key, request, reply);
end
$$;
