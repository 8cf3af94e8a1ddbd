-- Fairness: taking what is next, the auditor's report of who left the order and of patterns, its thresholds, and whom to send.

create type api.task_next_reply as (application_id bigint, task_id bigint, number text, stage text, role text, announce text[]);

-- Takes the first free work of the caller's queue; where none is free, the first that they hold already. NOT_FOUND.
create function api.task_next(session_token bytea, idempotency_key bytea)
returns api.task_next_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'task.next');
  request jsonb := '[]';
  before jsonb := rule.replay(who, idempotency_key, request);
  candidate application.task;
  t application.task;
  step api.step_reply;
begin
  if before is not null then
    return jsonb_populate_record(null::api.task_next_reply, before);
  end if;
  for candidate in select x.* from rule.next_tasks(who, null, null, 20) x loop
    perform from application.application a
     where a.office_id = candidate.office_id and a.application_id = candidate.application_id
       for no key update;
    -- a colleague was faster: the one after it
    continue when not exists (select from application.task x
                               where x.office_id = candidate.office_id and x.task_id = candidate.task_id
                                 and x.closed_at is null and x.holder_id is null);
    t := rule.lock_task(who, candidate.task_id);
    step := rule.hold_task(who, t, who.user_id, 'claim', null, rule.keep_order(who, t, 'next'));
    exit;
  end loop;
  if t.task_id is null then
    select x.* into t
      from application.task x
     where x.office_id = who.office_id and x.holder_id = who.user_id and x.closed_at is null and x.role = any (who.roles)
     order by not x.urgent, x.due_on, x.task_id
     limit 1;
  end if;
  if t.task_id is null then
    perform rule.fail(9, null, 'No work waits for you in order');
  end if;
  return rule.remember(who, idempotency_key, request,
    (select (a.application_id, t.task_id, a.number, t.stage, t.role, step.announce)::api.task_next_reply
       from application.application a
      where a.office_id = t.office_id and a.application_id = t.application_id));
end
$$;

-- ------------------------------------------------------------------------------------------------ the report

create type api.deviation_row as (
  deviation_id bigint, at bigint, officer text, role text, application_id bigint, number text, applicant text, next_number text,
  places int, reason text);
create type api.finding_row as (
  kind text, officer text, subject text, value int, threshold int, application_ids bigint[], numbers text[]);
create type api.fairness_report_reply as (
  from_on text, until_on text, deviations api.deviation_row[], total int, findings api.finding_row[]);

-- What people did to applications in a period: what the patterns are found in.
create function rule.acts_between(office_id bigint, begin_at timestamptz, end_at timestamptz)
returns setof audit.event
language sql stable
as $$
  select e.*
    from audit.event e
   where e.office_id = acts_between.office_id and e.at >= begin_at and e.at < end_at
     and e.hash is not null and e.actor_id is not null and e.application_id is not null
     and e.action not in ('claim', 'release', 'assign', 'take_over', 'make_document', 'give_signature', 'sign_document');
$$;

create function rule.finding(office_id bigint, kind text, officer text, subject text, value bigint, applications bigint[])
returns api.finding_row
language sql stable
as $$
  select (kind, officer, subject, value::int, rule.threshold(office_id, kind),
          array_agg(a.application_id order by a.application_id desc), array_agg(a.number order by a.application_id desc))::api.finding_row
    from (select x.application_id, x.number
            from application.application x
           where x.office_id = finding.office_id and x.application_id = any (applications)
           order by x.application_id desc
           limit 50) a;
$$;

-- One officer and one applicant, again and again.
create function rule.find_same_pair(office bigint, begin_at timestamptz, end_at timestamptz)
returns setof api.finding_row
language sql stable
as $$
  select rule.finding(office, 'same_pair', rule.user_name(office, e.actor_id),
                      (select p.name from application.applicant p where p.office_id = office and p.applicant_id = a.applicant_id),
                      count(distinct e.application_id), array_agg(distinct e.application_id))
    from rule.acts_between(office, begin_at, end_at) e
    join application.application a on a.office_id = office and a.application_id = e.application_id
   where e.role in ('analyst', 'technical_coordinator', 'surveyor', 'section_head', 'head')
   group by e.actor_id, a.applicant_id
  having count(distinct e.application_id) >= rule.threshold(office, 'same_pair');
$$;

-- Approved within a few minutes of being opened, or without being opened at all since it came to the head.
create function rule.find_fast(office bigint, begin_at timestamptz, end_at timestamptz)
returns setof api.finding_row
language sql stable
as $$
  select rule.finding(office, 'fast_minutes', rule.user_name(office, e.actor_id), null, count(*), array_agg(distinct e.application_id))
    from rule.acts_between(office, begin_at, end_at) e
    left join lateral (select max(c.event_id) as event_id from audit.event c
                        where c.office_id = office and c.application_id = e.application_id and c.to_stage = e.stage
                          and c.event_id < e.event_id) came on true
    left join lateral (select min(v.at) as at from audit.event v
                        where v.office_id = office and v.application_id = e.application_id and v.actor_id = e.actor_id
                          and v.action in ('view', 'claim', 'take_over')
                          and v.event_id > coalesce(came.event_id, 0) and v.event_id < e.event_id) opened on true
   where e.action = 'approve'
     and coalesce(e.at - opened.at, interval '0') < make_interval(mins => rule.threshold(office, 'fast_minutes'))
   group by e.actor_id;
$$;

-- Decided outside office hours or on days off.
create function rule.find_outside(office bigint, begin_at timestamptz, end_at timestamptz)
returns setof api.finding_row
language sql stable
as $$
  select rule.finding(office, 'outside_hours', rule.user_name(office, e.actor_id), null, count(*), array_agg(distinct e.application_id))
    from rule.acts_between(office, begin_at, end_at) e
    join catalogue.office o on o.office_id = office
   where e.action in ('initial', 'approve', 'refuse')
     and not exists (select from catalogue.calendar_day d
                       join catalogue.office_hours h on h.office_id = d.office_id and h.weekday = extract(isodow from d.day)
                      where d.office_id = office and d.day = (e.at at time zone o.time_zone)::date and d.working
                        and (e.at at time zone o.time_zone)::time between h.opens and h.closes)
   group by e.actor_id
  having count(*) >= rule.threshold(office, 'outside_hours');
$$;

-- Sent back to the applicant many times.
create function rule.find_returned(office bigint, begin_at timestamptz, end_at timestamptz)
returns setof api.finding_row
language sql stable
as $$
  select rule.finding(office, 'returns', string_agg(distinct e.actor, ', '),
                      (select p.name from application.application a
                         join application.applicant p on p.office_id = a.office_id and p.applicant_id = a.applicant_id
                        where a.office_id = office and a.application_id = e.application_id),
                      count(*), array[e.application_id])
    from rule.acts_between(office, begin_at, end_at) e
   where e.action = 'return'
   group by e.application_id
  having count(*) >= rule.threshold(office, 'returns');
$$;

-- Who refuses (a head) or proposes to refuse (an analyst) far more of a permit type than the colleagues do. The value is the
-- share in percentage points above theirs.
create function rule.find_refusals(office bigint, begin_at timestamptz, end_at timestamptz)
returns setof api.finding_row
language sql stable
as $$
  with decided as (
    select distinct e.role, e.actor_id, a.permit_type_id, e.application_id,
           case when e.action = 'submit' then a.proposal = 'refuse' else e.action = 'refuse' end as refused
      from rule.acts_between(office, begin_at, end_at) e
      join application.application a on a.office_id = office and a.application_id = e.application_id
     where e.action in ('approve', 'refuse') or e.action = 'submit' and e.stage = 'drafting'),
  counted as (
    select d.role, d.permit_type_id, d.actor_id, count(*) as own, count(*) filter (where d.refused) as own_refused,
           sum(count(*)) over of_type as every, sum(count(*) filter (where d.refused)) over of_type as every_refused,
           array_agg(d.application_id) filter (where d.refused) as applications
      from decided d
     group by d.role, d.permit_type_id, d.actor_id
    window of_type as (partition by d.role, d.permit_type_id)),
  shares as (
    select c.*, (100.0 * c.own_refused / c.own - 100.0 * (c.every_refused - c.own_refused) / (c.every - c.own)) as points
      from counted c
     where c.own >= rule.threshold(office, 'refusal_decisions') and c.every > c.own)
  select rule.finding(office, 'refusal_points', rule.user_name(office, s.actor_id), p.code, round(s.points)::bigint, s.applications)
    from shares s
    join catalogue.permit_type p on p.office_id = office and p.permit_type_id = s.permit_type_id
   where s.points >= rule.threshold(office, 'refusal_points');
$$;

-- A period of a report: 90 days until today where nothing is said, at most 366. INVALID.
create function rule.checked_period(office_id bigint, from_on text, until_on text)
returns daterange
language plpgsql stable
as $$
declare
  last date := coalesce(rule.to_date(until_on, 'until_on'), rule.office_date(office_id));
  first date := coalesce(rule.to_date(from_on, 'from_on'), last - 90);
begin
  if first > last then
    perform rule.fail(7, 'until_on', 'This day is before the first');
  end if;
  if last - first > 366 then
    perform rule.fail(7, 'from_on', 'A period has at most 366 days');
  end if;
  return daterange(first, last, '[]');
end
$$;

-- Who read it, for which days. A standby writes nothing: there the primary recorded it before (fairness.report_viewed), and nobody gets
-- the report until that row has arrived. UNAVAILABLE when it does not in half a second: then the primary is asked.
create function rule.record_fairness_view(who rule.who, from_on date, until_on date)
returns void
language plpgsql
as $$
declare
  read jsonb := jsonb_build_object('from', from_on, 'until', until_on);
begin
  if not pg_is_in_recovery() then
    perform rule.record(who, 'view_fairness', detail => read);
    return;
  end if;
  for tries in 1..25 loop
    if exists (select from audit.event e
                where e.office_id = who.office_id and e.actor_id = who.user_id and e.action = 'view_fairness' and e.detail = read
                  and e.at > now() - interval '5 minutes') then
      return;
    end if;
    perform pg_sleep(0.02);
  end loop;
  perform rule.fail(15, null, 'The database is busy: try again');
end
$$;

create type api.report_viewed_reply as (viewed_at bigint);

create function api.fairness_report_viewed(session_token bytea, from_on text, until_on text)
returns api.report_viewed_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'fairness.report');
  period daterange := rule.checked_period(who.office_id, from_on, until_on);
begin
  perform rule.record_fairness_view(who, lower(period), upper(period) - 1);
  return row(rule.to_seconds(now()))::api.report_viewed_reply;
end
$$;

create function api.fairness_report(session_token bytea, from_on text, until_on text)
returns api.fairness_report_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'fairness.report');
  period daterange := rule.checked_period(who.office_id, from_on, until_on);
  zone text := (select o.time_zone from catalogue.office o where o.office_id = who.office_id);
  begin_at timestamptz := lower(period)::timestamp at time zone zone;
  end_at timestamptz := upper(period)::timestamp at time zone zone;
  reply api.fairness_report_reply;
begin
  reply.from_on := lower(period);
  reply.until_on := upper(period) - 1;
  select array_agg((d.deviation_id, rule.to_seconds(d.at), rule.user_name(d.office_id, d.user_id), d.role, a.application_id, a.number,
                    p.name, n.number, d.places, d.reason)::api.deviation_row order by d.at desc, d.deviation_id desc)
    into reply.deviations
    from (select x.* from application.deviation x
           where x.office_id = who.office_id and x.at >= begin_at and x.at < end_at
           order by x.at desc, x.deviation_id desc
           limit 200) d
    join application.application a on a.office_id = d.office_id and a.application_id = d.application_id
    join application.applicant p on p.office_id = a.office_id and p.applicant_id = a.applicant_id
    join application.application n on n.office_id = d.office_id and n.application_id = d.next_application_id;
  select count(*) into reply.total
    from application.deviation x where x.office_id = who.office_id and x.at >= begin_at and x.at < end_at;
  select array_agg(f) into reply.findings
    from (select x as f from rule.find_same_pair(who.office_id, begin_at, end_at) x
          union all select x from rule.find_fast(who.office_id, begin_at, end_at) x
          union all select x from rule.find_outside(who.office_id, begin_at, end_at) x
          union all select x from rule.find_returned(who.office_id, begin_at, end_at) x
          union all select x from rule.find_refusals(who.office_id, begin_at, end_at) x
          limit 200) y;
  perform rule.record_fairness_view(who, reply.from_on::date, reply.until_on::date);
  return reply;
end
$$;

-- ------------------------------------------------------------------------------------------------ thresholds

create type api.threshold_row as (code text, value int, standard int, lowest int, highest int, changed_by text, changed_at bigint);
create type api.thresholds_reply as (thresholds api.threshold_row[]);

create function api.admin_thresholds(session_token bytea)
returns api.thresholds_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'admin.thresholds');
begin
  return row((
    select array_agg((s.code, coalesce(t.value, s.value), s.value, s.lowest, s.highest, rule.user_name(t.office_id, t.changed_by),
                      rule.to_seconds(t.changed_at))::api.threshold_row order by s.place)
      from rule.threshold_standards() s
      left join catalogue.threshold t on t.office_id = who.office_id and t.code = s.code))::api.thresholds_reply;
end
$$;

create function api.admin_threshold_save(session_token bytea, idempotency_key bytea, thresholds jsonb)
returns api.empty
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'admin.threshold_save');
  request jsonb := jsonb_build_array(thresholds);
  before jsonb := rule.replay(who, idempotency_key, request);
  given record;
  s record;
  changed jsonb := '{}';
begin
  if before is not null then
    return jsonb_populate_record(null::api.empty, before);
  end if;
  for given in
    select x.key as code, coalesce((x.value->>'value')::int, 0) as value
      from jsonb_each(rule.by_code(thresholds, array(select t.code from rule.threshold_standards() t), 'thresholds')) x
  loop
    select t.* into s from rule.threshold_standards() t where t.code = given.code;
    if given.value not between s.lowest and s.highest then
      perform rule.fail(7, 'thresholds.' || given.code, 'This must lie between %s', s.lowest || ' - ' || s.highest);
    end if;
    continue when given.value = rule.threshold(who.office_id, given.code);
    changed := changed || jsonb_build_object(given.code, rule.threshold(who.office_id, given.code) || ' > ' || given.value);
    insert into catalogue.threshold as t (office_id, code, value, changed_by)
    values (who.office_id, given.code, given.value, who.user_id)
    on conflict (office_id, code) do update set value = excluded.value, changed_by = excluded.changed_by, changed_at = now();
  end loop;
  if changed <> '{}' then
    perform rule.record(who, 'thresholds', detail => changed);
  end if;
  return rule.remember(who, idempotency_key, request, row(null::text[])::api.empty);
end
$$;

-- ------------------------------------------------------------------------------------------------ surveyors

create type api.proposal_row as (user_id bigint, name text, open_tasks int, last_at bigint, met boolean);
create type api.inspection_proposal_reply as (people api.proposal_row[]);

-- Whom to send: who did not meet the applicant not long ago, then who was sent longest ago.
create function api.inspection_proposal(session_token bytea, task_id bigint)
returns api.inspection_proposal_reply
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  who rule.who := rule.enter(session_token, 'inspection.proposal');
  app application.application;
begin
  select a.* into app
    from application.task t
    join application.application a on a.office_id = t.office_id and a.application_id = t.application_id
   where t.office_id = who.office_id and t.task_id = inspection_proposal.task_id and t.inspection_id is not null
     and t.unit_id = who.unit_id;
  if not found then
    perform rule.fail(9, 'task_id', 'This work is not there any more');
  end if;
  return row((
    select array_agg((u.user_id, u.name, n.open_tasks, rule.to_seconds(last.at), met.names is not null)::api.proposal_row
                     order by met.names is not null, last.inspection_id nulls first, n.open_tasks, u.user_id)
      from (select distinct r.user_id from identity.user_role r
             where r.office_id = who.office_id and r.role = 'surveyor' and r.unit_id = who.unit_id
               and (r.permit_type_id is null or r.permit_type_id = app.permit_type_id)) x
      join identity.user_account u on u.office_id = who.office_id and u.user_id = x.user_id and u.active
     cross join lateral (select count(*)::int as open_tasks from application.task t
                          where t.office_id = u.office_id and t.holder_id = u.user_id and t.closed_at is null) n
     cross join lateral (select rule.surveyors_who_met(app, array[u.user_id]) as names) met
      left join lateral (select m.inspection_id, coalesce(m.signed_at, i.appointment_at) as at
                           from application.inspection_member m
                           join application.inspection i on i.office_id = m.office_id and i.inspection_id = m.inspection_id
                          where m.office_id = u.office_id and m.user_id = u.user_id
                          order by m.inspection_id desc
                          limit 1) last on true
     where rule.away_until(who.office_id, u.user_id) is null and not rule.is_household(app, u.user_id)))::api.inspection_proposal_reply;
end
$$;
