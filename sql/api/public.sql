-- For the applicant, without an account: where is my application? Number and PIN, or nothing.

create type api.public_step_row as (at bigint, step text);
create type api.public_track_reply as (
  number text, permit_name text, stage_name text, outcome text, promised_on text, days_left int, clock_stopped boolean,
  fee bigint, steps api.public_step_row[], return_note text, returned api.missing_row[], permit_number text, office_name text, fee_unknown boolean, fee_paid bigint, fee_left bigint, due_on text, payment_reference text,
  visit text, applications api.visit_row[], erased_on text);

-- TOO_MANY after 5 wrong tries of a number from one address, 50 from an address, in 15 minutes, or 100 of a number
-- from anywhere in a day: a million PINs stay out of reach, and the applicant is not locked out by one stranger.
create function rule.throttle_tracking(office_id bigint, number text, address text)
returns void
language plpgsql stable
as $$
declare
  rule_hit record;
begin
  select x.at, x.span into rule_hit
    from ((select t.at, interval '15 minutes' as span from application.track_attempt t
            where t.office_id = throttle_tracking.office_id and t.number = throttle_tracking.number
              and t.address = throttle_tracking.address and t.at > now() - interval '15 minutes'
            order by t.at desc offset 4 limit 1)
          union all
          (select t.at, interval '15 minutes' from application.track_attempt t
            where t.address = throttle_tracking.address and t.at > now() - interval '15 minutes'
            order by t.at desc offset 49 limit 1)
          union all
          (select t.at, interval '1 day' from application.track_attempt t
            where t.office_id = throttle_tracking.office_id and t.number = throttle_tracking.number
              and t.at > now() - interval '1 day'
            order by t.at desc offset 99 limit 1)) x
   order by x.at + x.span desc limit 1;
  if found then
    perform rule.fail(14, null, 'Too many failed attempts: try again in %s minutes',
                      ceil(extract(epoch from rule_hit.at + rule_hit.span - now()) / 60)::int::text,
                      (extract(epoch from rule_hit.at + rule_hit.span - now()) * 1000)::int);
  end if;
end
$$;

-- What is to be paid, by when and with which reference; before there is a bill, what it would be today.
create function rule.track_bill(app application.application, r api.public_track_reply)
returns api.public_track_reply
language plpgsql stable
as $$
declare
  b application.bill;
  estimate bigint := rule.levy_estimate(app);
begin
  select x.* into b from application.bill x where x.office_id = app.office_id and x.application_id = app.application_id;
  if not found then
    r.fee := coalesce(estimate, 0);
    r.fee_unknown := estimate is null;
    return r;
  end if;
  r.fee := b.amount;
  r.fee_paid := rule.bill_balance(app.office_id, app.application_id);
  r.fee_left := case when coalesce(app.outcome, 'approved') = 'approved' then greatest(b.amount - r.fee_paid, 0) else 0 end;
  if r.fee_left > 0 then
    r.due_on := b.due_on::text;
    r.payment_reference := b.reference;
  end if;
  return r;
end
$$;

-- The day on which the applicant's data was erased; null: it is there.
create function rule.erased_on(app application.application)
returns text
language plpgsql stable
as $$
begin
  return (select rule.office_date(a.office_id, a.erased_at)::text from application.applicant a
           where a.office_id = app.office_id and a.applicant_id = app.applicant_id);
end
$$;

create function rule.track_reply(app application.application)
returns api.public_track_reply
language plpgsql stable
as $$
declare
  v catalogue.permit_type_version := rule.version_of(app);
  r api.public_track_reply;
begin
  r.number := app.number;
  r.permit_name := v.name;
  r.stage_name := rule.stage_name(app, app.stage);
  r.outcome := app.outcome;
  r.promised_on := app.promised_on::text;
  r.days_left := rule.working_days_between(app.office_id, rule.office_date(app.office_id), app.promised_on);
  r.clock_stopped := app.stopped_at is not null;
  r.erased_on := rule.erased_on(app);
  if r.erased_on is null then
    r := rule.track_bill(app, r);
  end if;
  r.steps := (select array_agg((rule.to_seconds(e.at), rule.stage_name(app, e.to_stage))::api.public_step_row order by e.event_id)
                from rule.events_of(app) e where e.to_stage is not null);
  if (rule.stage_of(app)).clock_runs is false and exists (
       select from application.task t
        where t.office_id = app.office_id and t.application_id = app.application_id and t.closed_at is null
          and t.stage = 'correction') then
    r.return_note := app.return_note;
    r.returned := rule.returned_rows(app);
  end if;
  r.permit_number := (select p.number from application.permit p
                       where p.office_id = app.office_id and p.application_id = app.application_id);
  r.office_name := (select o.name from catalogue.office o where o.office_id = app.office_id);
  r.visit := (rule.visit_of(app)).code;
  return r;
end
$$;

-- All applications of a visit, by its code.
create function rule.track_visit(office_id bigint, code text, pin text)
returns api.public_track_reply
language plpgsql stable
as $$
declare
  v application.visit;
  r api.public_track_reply;
begin
  select x.* into v from application.visit x
   where x.office_id = track_visit.office_id and x.code = upper(btrim(track_visit.code))
     and x.pin_hash = rule.pin_hash(x.office_id, x.code, btrim(pin));
  if not found then
    return null;
  end if;
  r.number := v.code;
  r.visit := v.code;
  r.applications := rule.visit_rows(v.office_id, v.visit_id);
  r.office_name := (select o.name from catalogue.office o where o.office_id = v.office_id);
  return r;
end
$$;

-- An unknown number and a wrong PIN get the same answer: a reply without a number. It is a reply and not an error,
-- because an error would take back the count of the failed try.
create function api.public_track(client_address text, office text, number text, pin text)
returns api.public_track_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  asked bigint := rule.public_office(nullif(office, ''));
  wanted text := left(rule.require(number, 'number'), 40);
  app application.application;
  visit api.public_track_reply;
begin
  perform rule.require(pin, 'pin');
  perform pg_advisory_xact_lock(hashtextextended('track:' || wanted, asked));
  perform rule.throttle_tracking(asked, wanted, client_address);
  select a.* into app
    from application.application a
   where a.office_id = asked and a.number = wanted and a.pin_hash = rule.pin_hash(asked, wanted, btrim(public_track.pin));
  if not found then
    visit := rule.track_visit(asked, wanted, pin);
    if visit.number is not null then
      return visit;
    end if;
    insert into application.track_attempt (office_id, number, address) values (asked, wanted, client_address);
    return null::api.public_track_reply;
  end if;
  return rule.track_reply(app);
end
$$;

create type api.public_verify_reply as (
  code text, number text, permit_name text, holder text, issued_on text, valid_until_on text, status text, office_name text,
  sha256 text, signer text, version int, reason text, erased_on text);

-- Is this permit ours, and is it in force? Whoever holds the paper has the code; nobody guesses one of 2^80.
create function api.public_verify(client_address text, office text, code text)
returns api.public_verify_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  asked bigint := rule.public_office(nullif(office, ''));
  given text := translate(upper(regexp_replace(rule.require(code, 'code'), '[ \-]', '', 'g')), 'OIL', '011');
  p application.permit;
  r api.public_verify_reply;
begin
  if given !~ '^[0-9A-Z]{16}$' then
    perform rule.fail(7, 'code', 'A code has 16 letters and digits');
  end if;
  given := regexp_replace(given, '^(.{4})(.{4})(.{4})(.{4})$', '\1-\2-\3-\4');
  select x.* into p from application.permit x where x.office_id = asked and x.code = given;
  if not found then
    return r;
  end if;
  select p.code, p.number, v.name, case when x.erased_at is null then x.name end, p.issued_on::text, p.valid_until_on::text,
         case when p.kind in ('refusal', 'revocation') then p.kind else rule.permit_status(p) end, o.name, encode(c.sha256, 'hex'), s.signer, p.version,
         coalesce((select h.reason from application.revocation h
                    where h.office_id = p.office_id and h.permit_id = p.permit_id and h.revoked_at is not null and p.status = 'revoked'), (select h.reason from application.permit_change h
           where h.office_id = p.office_id and h.permit_id = p.permit_id and h.approved and h.kind in ('suspension', 'revocation')
             and p.status in ('suspended', 'revoked')
           order by h.change_id desc limit 1)), rule.erased_on(a)
    into r
    from application.application a
    join catalogue.office o on o.office_id = a.office_id
    join application.applicant x on x.office_id = a.office_id and x.applicant_id = a.applicant_id
    join catalogue.permit_type_version v on v.office_id = a.office_id and v.permit_type_id = a.permit_type_id and v.version = a.permit_version
    left join document.document d on d.office_id = a.office_id and d.application_id = a.application_id and d.kind in ('permit', 'refusal', 'revocation')
                                 and d.state = 'current' and not d.preview
    left join document.content c on c.office_id = d.office_id and c.content_id = d.content_id
    left join document.signature s on s.office_id = d.office_id and s.document_id = d.document_id
   where a.office_id = p.office_id and a.application_id = p.application_id;
  return r;
end
$$;
