-- Refunds and waivers: one proposes, another decides.

create type api.money_proposal_row as (
  kind text, id bigint, application_id bigint, application_number text, applicant text, bill_number text, amount bigint,
  percent int, reason text, rule text, proposed_by text, proposed_at bigint, may_decide boolean);
create type api.money_proposals_reply as (rows api.money_proposal_row[]);

create function api.refund_propose(session_token bytea, idempotency_key bytea, payment_id bigint, amount bigint, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'refund.propose');
  request jsonb := jsonb_build_array(payment_id, amount, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  p application.payment;
  app application.application;
  possible bigint;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 1000);
  select x.* into p from application.payment x where x.office_id = who.office_id and x.payment_id = refund_propose.payment_id;
  if not found then
    perform rule.fail(9, 'payment_id', 'There is no such payment');
  end if;
  app := rule.lock_application(who, p.application_id, null);
  perform rule.check_amount(refund_propose.amount, 'amount');
  if exists (select from application.refund r where r.office_id = p.office_id and r.payment_id = p.payment_id and r.decided_at is null) then
    perform rule.fail(13, 'payment_id', 'A refund of this payment waits for a decision already');
  end if;
  possible := p.amount - coalesce((select sum(r.amount) from application.refund r
                                    where r.office_id = p.office_id and r.payment_id = p.payment_id and r.approved), 0);
  if refund_propose.amount > possible then
    perform rule.fail(7, 'amount', 'Of this payment at most %s can be given back', rule.rupiah(possible));
  end if;
  insert into application.refund (office_id, application_id, payment_id, amount, reason, proposed_by)
  values (p.office_id, p.application_id, p.payment_id, refund_propose.amount, reason, who.user_id);
  perform rule.record(who, 'propose_refund', app.application_id, app.stage, null, reason,
                      jsonb_build_object('amount', refund_propose.amount, 'payment_reference', p.bank_reference));
  return rule.remember(who, idempotency_key, request,
    row(array[rule.announcement(app.office_id, 'head', null, app.application_id, rule.last_event(app.office_id)),
              rule.announcement(app.office_id, 'section_head', null, app.application_id, rule.last_event(app.office_id))])::api.empty);
end
$$;

-- A waiver makes sense until the bill is settled. NOT_NOW, DUPLICATE.
create function rule.refuse_waiver(app application.application)
returns void
language plpgsql stable
as $$
begin
  if not (rule.version_of(app)).levy then
    perform rule.fail(11, 'application_id', 'This permit costs nothing');
  elsif app.stage not in ('verification', 'correction', 'inspection', 'drafting', 'payment') or rule.bill_paid(app) then
    perform rule.fail(11, 'application_id', 'The bill is settled already: what was paid can only be refunded');
  elsif exists (select from application.waiver w
                 where w.office_id = app.office_id and w.application_id = app.application_id and w.approved) then
    perform rule.fail(13, 'application_id', 'This levy is waived already');
  end if;
end
$$;

create function api.waiver_propose(session_token bytea, idempotency_key bytea, application_id bigint, kind text, percent int,
                                   reason text, rule text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'waiver.propose');
  request jsonb := jsonb_build_array(application_id, kind, percent, reason, rule);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  perform rule.is_one_of(kind, 'kind', 'percent', 'whole');
  if kind = 'whole' then
    percent := 100;
  elsif coalesce(percent, 0) not between 1 and 99 then
    perform rule.fail(7, 'percent', 'A part is 1 to 99 percent');
  end if;
  reason := rule.text(rule.require(reason, 'reason'), 'reason', 1000);
  waiver_propose.rule := rule.text(rule.require(waiver_propose.rule, 'rule'), 'rule', 300);
  app := rule.lock_application(who, application_id, null);
  perform rule.refuse_waiver(app);
  if exists (select from application.waiver w
              where w.office_id = app.office_id and w.application_id = app.application_id and w.decided_at is null) then
    perform rule.fail(13, 'application_id', 'A waiver of this levy waits for the head already');
  end if;
  insert into application.waiver (office_id, application_id, percent, reason, rule, proposed_by)
  values (app.office_id, app.application_id, waiver_propose.percent, reason, waiver_propose.rule, who.user_id);
  perform rule.record(who, 'propose_waiver', app.application_id, app.stage, null, reason,
                      jsonb_build_object('percent', percent, 'rule', waiver_propose.rule));
  return rule.remember(who, idempotency_key, request,
    row(array[rule.announcement(app.office_id, 'head', null, app.application_id, rule.last_event(app.office_id))])::api.empty);
end
$$;

-- What waits for a second person, and what the head must know: bills that were paid, gave money back, and are not paid now
-- although the application went past the payment.
create function api.money_proposals(session_token bytea)
returns api.money_proposals_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'money.proposals');
  reply api.money_proposals_reply;
begin
  select array_agg((x.kind, x.id, a.application_id, a.number, p.name, b.number, x.amount, x.percent, x.reason, x.rule,
                    rule.user_name(a.office_id, x.by), rule.to_seconds(x.at),
                    x.by is distinct from who.user_id
                      and who.roles && case x.kind when 'refund' then '{head,section_head}' when 'waiver' then '{head}' else '{}' end::text[])::api.money_proposal_row
                   order by x.at, x.id)
    into reply.rows
    from ((select 'refund' as kind, r.refund_id as id, r.application_id, r.amount, 0 as percent, r.reason, null as rule, r.proposed_by as by, r.proposed_at as at
             from application.refund r where r.office_id = who.office_id and r.decided_at is null order by r.refund_id limit 100)
          union all
          (select 'waiver', w.waiver_id, w.application_id, rule.waived_amount(coalesce(y.gross, 0), w.percent), w.percent, w.reason, w.rule, w.proposed_by, w.proposed_at
             from application.waiver w
             left join application.bill y on y.office_id = w.office_id and y.application_id = w.application_id
            where w.office_id = who.office_id and w.decided_at is null order by w.waiver_id limit 100)
          union all
          (select 'unpaid', y.application_id, y.application_id, y.amount - rule.bill_balance(y.office_id, y.application_id), 0, null, null, null, y.refunded_at
             from application.bill y
             join application.application z on z.office_id = y.office_id and z.application_id = y.application_id
            where y.office_id = who.office_id and y.refunded_at is not null and y.paid_on is null and y.amount > 0
              and z.stage not in ('verification', 'correction', 'inspection', 'drafting', 'payment')
              and coalesce(z.outcome, 'approved') = 'approved'
            order by y.refunded_at limit 100)) x
    join application.application a on a.office_id = who.office_id and a.application_id = x.application_id
    join application.applicant p on p.office_id = a.office_id and p.applicant_id = a.applicant_id
    left join application.bill b on b.office_id = a.office_id and b.application_id = a.application_id;
  return reply;
end
$$;

-- Decides a refund: the ledger gives back, and the bill is judged anew.
create function rule.decide_refund(who rule.who, id bigint, approve boolean, reason text)
returns application.application
language plpgsql
as $$
declare
  r application.refund;
  app application.application;
begin
  select x.* into r from application.refund x where x.office_id = who.office_id and x.refund_id = id;
  if not found then
    perform rule.fail(9, 'id', 'This proposal is not there any more');
  end if;
  app := rule.lock_application(who, r.application_id, null);
  select x.* into r from application.refund x where x.office_id = who.office_id and x.refund_id = id for update;
  if r.decided_at is not null then
    perform rule.fail(11, 'id', 'This is decided already');
  elsif r.proposed_by = who.user_id then
    perform rule.fail(5, 'id', 'You proposed this: somebody else must decide');
  end if;
  update application.refund x set decided_by = who.user_id, decided_at = now(), approved = approve, decision_reason = decide_refund.reason
   where x.office_id = r.office_id and x.refund_id = r.refund_id;
  perform rule.record(who, case when approve then 'approve_refund' else 'reject_refund' end, app.application_id, app.stage, null,
                      coalesce(reason, r.reason), jsonb_build_object('amount', r.amount, 'proposed_by', r.proposed_by));
  if approve then
    perform rule.settle_bill(app);
    perform rule.produce_bill(who, app);
  end if;
  return app;
end
$$;

create function rule.decide_waiver(who rule.who, id bigint, approve boolean, reason text)
returns application.application
language plpgsql
as $$
declare
  w application.waiver;
  app application.application;
begin
  if not 'head' = any (who.roles) then
    perform rule.fail(5, 'id', 'Only a head decides on a waiver');
  end if;
  select x.* into w from application.waiver x where x.office_id = who.office_id and x.waiver_id = id;
  if not found then
    perform rule.fail(9, 'id', 'This proposal is not there any more');
  end if;
  app := rule.lock_application(who, w.application_id, null);
  select x.* into w from application.waiver x where x.office_id = who.office_id and x.waiver_id = id for update;
  if w.decided_at is not null then
    perform rule.fail(11, 'id', 'This is decided already');
  elsif w.proposed_by = who.user_id then
    perform rule.fail(5, 'id', 'You proposed this: somebody else must decide');
  end if;
  if approve then
    perform rule.refuse_waiver(app);
  end if;
  update application.waiver x set decided_by = who.user_id, decided_at = now(), approved = approve, decision_reason = decide_waiver.reason
   where x.office_id = w.office_id and x.waiver_id = w.waiver_id;
  perform rule.record(who, case when approve then 'approve_waiver' else 'reject_waiver' end, app.application_id, app.stage, null,
                      coalesce(reason, w.reason), jsonb_build_object('percent', w.percent, 'rule', w.rule, 'proposed_by', w.proposed_by));
  if approve and exists (select from application.bill b where b.office_id = app.office_id and b.application_id = app.application_id) then
    perform rule.apply_waiver(app);
    perform rule.settle_bill(app);
    perform rule.produce_bill(who, app);
  end if;
  return app;
end
$$;

create function api.money_decide(session_token bytea, idempotency_key bytea, kind text, id bigint, approve boolean, reason text)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'money.decide');
  request jsonb := jsonb_build_array(kind, id, approve, reason);
  before jsonb := rule.replay(who, idempotency_key, request);
  app application.application;
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  perform rule.is_one_of(kind, 'kind', 'refund', 'waiver');
  reason := rule.text(reason, 'reason', 1000);
  if not approve then
    perform rule.require(reason, 'reason');
  end if;
  if kind = 'refund' then
    app := rule.decide_refund(who, id, approve, reason);
  else
    app := rule.decide_waiver(who, id, approve, reason);
  end if;
  return rule.remember(who, idempotency_key, request,
    row(array[rule.announcement(app.office_id, 'treasurer', null, app.application_id, rule.last_event(app.office_id)),
              rule.announcement(app.office_id, 'head', null, app.application_id, rule.last_event(app.office_id)),
              rule.announcement(app.office_id, 'system', null, app.application_id, rule.last_event(app.office_id))])::api.empty);
end
$$;
